//! The native contract over a message bus: the API's other door.
//!
//! ```text
//! bus ─▶ judge (who, when, once) ─▶ lane of its agency ─▶ the API's own routes ─▶ answer ─▶ bus
//!                                    pictures of the city ─▶ status, at changes and every second ─▶ bus
//! ```
//!
//! A message becomes a request of a route, so roles, scopes, quotas, custody, audit and every other
//! rule are those of the routes. Nothing that leaves is retained: [`Outgoing`] cannot say so.

pub(in crate::shell::dispatch) mod asyncapi;
mod client;
mod desk;
mod in_process;
mod inboxes;
mod judge;
mod letter;
mod memory;
mod settings;
mod status;
#[cfg(test)]
mod tests;
mod topics;
mod trouble;

pub use client::Broker;
pub use in_process::InProcess;
pub use inboxes::Receivers;
pub use letter::Letter;
pub use settings::{Settings, SettingsError};
pub use topics::{Topics, Verb};

pub(in crate::shell::dispatch) use desk::{Signed, run};
pub(in crate::shell::dispatch) use judge::SCHEME;
pub(in crate::shell::dispatch) use letter::mac;

use alloc::sync::Arc;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use tokio::sync::mpsc;

/// Something that carries messages between us and the partners.
///
/// Nothing here waits: what cannot be taken now is refused and counted.
pub trait MessageBus: Send + Sync + core::fmt::Debug {
    /// Puts a message on its way.
    ///
    /// # Errors
    /// The broker is not reached, or too much waits already.
    fn publish(&self, message: Outgoing) -> Result<(), NotSent>;

    /// Everything that comes in from now on, on topics that match `filter` (`+` is one level, `#`
    /// the rest): an inbox for each part of it in `apart`, so that none fills another's, and one for
    /// the rest.
    fn listen_apart(&self, filter: &str, apart: &[String]) -> Receivers;

    /// The same in one inbox.
    fn listen(&self, filter: &str) -> mpsc::Receiver<Incoming> {
        self.listen_apart(filter, &[]).1
    }

    /// How it is.
    fn health(&self) -> Health;

    /// Says good-bye and ends.
    fn close(&self);
}

/// A bus, and what became of the messages that came over it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Carries them.
    pub bus: Arc<dyn MessageBus>,
    /// Counts them.
    pub counts: Arc<Counts>,
}

impl Exchange {
    /// Over this bus, with nothing counted yet.
    #[must_use]
    pub fn over(bus: Arc<dyn MessageBus>) -> Self {
        Self {
            bus,
            counts: Arc::default(),
        }
    }

    /// Inside the program: what there is without a broker.
    #[must_use]
    pub fn in_process() -> Self {
        Self::over(Arc::new(InProcess::default()))
    }
}

/// What came in so far, by what became of it: `done`, `refused-by-route`, `again`, or the reason of
/// a refusal.
#[derive(Debug, Default)]
pub struct Counts(Mutex<BTreeMap<&'static str, u64>>);

impl Counts {
    fn add(&self, what: &'static str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(what).or_default();
        *count = count.saturating_add(1);
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> BTreeMap<&'static str, u64> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.clone()
    }
}

/// A message that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Where it was published.
    pub topic: String,
    /// What it says.
    pub payload: Bytes,
    /// True if it is, or is to be, kept for whoever comes later: such a message never acts.
    pub retained: bool,
}

/// A message that goes out; it is never retained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Where to.
    pub topic: String,
    /// What it says.
    pub payload: Bytes,
    /// True to have its arrival at the broker confirmed.
    pub sure: bool,
    /// Worth nothing after so many seconds; the broker drops it then.
    pub expiry_s: u32,
}

/// Why a message did not go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// There is no connection to the broker.
    #[error("the broker is not reached")]
    Away,
    /// The outbox, or a listener's inbox, is full.
    #[error("too many messages wait")]
    Full,
}

/// How a bus is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// What it is connected to, for people.
    pub name: String,
    /// Why the broker is not reached; nothing while it is.
    pub away: Option<String>,
    /// Messages that were dropped because an inbox was full.
    pub inbox_lost: u64,
    /// Messages that did not go out because the outbox was full.
    pub outbox_lost: u64,
    /// Messages that did not go out because the broker was not reached.
    pub away_lost: u64,
}

/// True if `topic` matches `filter`.
fn fits(filter: &str, topic: &str) -> bool {
    let (mut wanted, mut levels) = (filter.split('/'), topic.split('/'));
    loop {
        match (wanted.next(), levels.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some("+"), Some(_)) => {}
            (Some(one), Some(other)) if one == other => {}
            _ => return false,
        }
    }
}
