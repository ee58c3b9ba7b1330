//! A bus inside the program: what there is without a broker.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::inboxes::{Inboxes, Receivers};
use super::{Health, Incoming, MessageBus, NotSent, Outgoing};

/// Carries messages from one part of the program to another, as a broker would.
#[derive(Debug, Default)]
pub struct InProcess {
    listeners: Mutex<Vec<Inboxes>>,
    lost: AtomicU64,
}

impl InProcess {
    /// Delivers a message as a partner's: with whatever flags it likes.
    ///
    /// # Errors
    /// A listener's inbox is full; the others have it.
    pub fn deliver(&self, message: &Incoming) -> Result<(), NotSent> {
        let mut listeners = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|one| !one.is_closed());
        let mut delivered = Ok(());
        for one in listeners.iter() {
            if let Err(full) = one.deliver(message) {
                self.lost.fetch_add(1, Ordering::Relaxed);
                delivered = Err(full);
            }
        }
        delivered
    }
}

impl MessageBus for InProcess {
    fn publish(&self, message: Outgoing) -> Result<(), NotSent> {
        self.deliver(&Incoming {
            topic: message.topic,
            payload: message.payload,
            retained: false,
        })
    }

    fn listen_apart(&self, filter: &str, apart: &[String]) -> Receivers {
        let (inboxes, messages) = Inboxes::new(filter, apart);
        let mut listeners = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        listeners.push(inboxes);
        messages
    }

    fn health(&self) -> Health {
        Health {
            name: "in process".to_owned(),
            away: None,
            inbox_lost: self.lost.load(Ordering::Relaxed),
            ..Health::default()
        }
    }

    fn close(&self) {
        let mut listeners = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        listeners.clear();
    }
}
