//! A registered target over real sockets.

use alloc::sync::Arc;
use std::path::Path;

use axum::http::Method;

use super::courier::{Desk, Wire};
use super::queue::Message;
use super::sign::{SIGNATURE_HEADER, signature};
use crate::plan::Webhook;
use crate::shell::partners::client::{Ask, Client, ClientError, ClientFiles, secret_of};

/// A target and the secret that signs for it.
pub struct Target {
    client: Client,
    secret: String,
}

impl core::fmt::Debug for Target {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Target")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl Target {
    /// Reads what the target needs; relative paths begin in `data`.
    ///
    /// # Errors
    /// A file that cannot be read or does not hold what it should.
    pub fn open(hook: &Webhook, data: &Path) -> Result<Self, ClientError> {
        let ca = (!hook.ca_file.is_empty()).then(|| data.join(&hook.ca_file));
        let files = ClientFiles { ca, own: None };
        Ok(Self {
            client: Client::new(hook.url.clone(), &files)?,
            secret: secret_of(&data.join(&hook.secret_file))?,
        })
    }
}

impl Wire for Target {
    async fn post(&self, message: &Message) -> Result<u16, String> {
        let now_s = jiff::Timestamp::now().as_second();
        let signed = signature(&self.secret, now_s, &message.body);
        let ask = Ask {
            method: Method::POST,
            path: None,
            headers: vec![
                ("content-type", "application/json".to_owned()),
                ("x-greenwave-event", message.event.word().to_owned()),
                ("x-greenwave-event-id", message.id.clone()),
                (SIGNATURE_HEADER, signed),
            ],
            body: message.body.clone(),
            // The status says all; a partner cannot make us read.
            answer_max: 0,
        };
        let answer = self.client.ask(ask).await;
        answer
            .map(|answer| answer.status)
            .map_err(|why| why.to_string())
    }
}

/// A target with its desk, ready to start.
#[derive(Debug)]
pub struct Ready {
    /// Where messages are handed in.
    pub desk: Arc<Desk>,
    /// How they go out.
    pub target: Target,
}
