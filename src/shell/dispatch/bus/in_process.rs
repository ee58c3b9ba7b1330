//! A bus inside the program: what there is without a broker.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc;

use super::{Health, INBOX_MAX, Incoming, MessageBus, NotSent, Outgoing, fits};

/// Carries messages from one part of the program to another, as a broker would.
#[derive(Debug, Default)]
pub struct InProcess {
    listeners: Mutex<Vec<(String, mpsc::Sender<Incoming>)>>,
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
        listeners.retain(|(_, inbox)| !inbox.is_closed());
        let mut delivered = Ok(());
        for (_, inbox) in listeners.iter().filter(|(f, _)| fits(f, &message.topic)) {
            if inbox.try_send(message.clone()).is_err() {
                self.lost.fetch_add(1, Ordering::Relaxed);
                delivered = Err(NotSent::Full);
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

    fn listen(&self, filter: &str) -> mpsc::Receiver<Incoming> {
        let (inbox, messages) = mpsc::channel(INBOX_MAX);
        let mut listeners = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        listeners.push((filter.to_owned(), inbox));
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
