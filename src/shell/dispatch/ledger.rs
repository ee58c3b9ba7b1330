//! Remembers corridor requests, so that a second press with the same id changes nothing.

use alloc::sync::Arc;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::problem::Problem;
use super::world::OpenAnswer;

/// Requests remembered; the oldest is forgotten first. With a request fresh for 30 s only, a
/// forgotten one cannot be replayed unless thousands came in that time.
const ENTRIES_MAX: usize = 4096;

/// The answer of a request, once there is one.
pub(super) type Answer = Arc<OnceCell<Result<OpenAnswer, Problem>>>;

struct Entry {
    body: [u8; 32],
    answer: Answer,
}

#[derive(Default)]
struct Inner {
    entries: BTreeMap<String, Entry>,
    order: VecDeque<String>,
    nonces: BTreeMap<String, String>,
    nonce_order: VecDeque<String>,
}

/// The memory of corridor requests.
#[derive(Default)]
pub(super) struct Ledger {
    inner: Mutex<Inner>,
}

/// What the ledger knows of a request.
pub(super) enum Known {
    /// Nothing.
    New,
    /// The same request with the same body.
    Same(Answer),
    /// The same id with another body.
    Other,
}

impl Ledger {
    /// What is known of request `id` by `agency` with this body.
    pub(super) fn look(&self, key: &str, body: &Map<String, Value>) -> Known {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        match inner.entries.get(key) {
            None => Known::New,
            Some(entry) if entry.body == hash(body) => Known::Same(Arc::clone(&entry.answer)),
            Some(_) => Known::Other,
        }
    }

    /// Enters a request; the answer is filled in by whoever calls its `get_or_init` first.
    /// `None` if the nonce was used by another request.
    pub(super) fn enter(
        &self,
        key: &str,
        nonce: &str,
        body: &Map<String, Value>,
    ) -> Option<Answer> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.nonces.get(nonce).is_some_and(|user| user != key) {
            return None;
        }
        if let Some(entry) = inner.entries.get(key) {
            return Some(Arc::clone(&entry.answer));
        }
        inner.make_room();
        let answer = Answer::default();
        let entry = Entry {
            body: hash(body),
            answer: Arc::clone(&answer),
        };
        inner.entries.insert(key.to_owned(), entry);
        inner.order.push_back(key.to_owned());
        inner.nonces.insert(nonce.to_owned(), key.to_owned());
        inner.nonce_order.push_back(nonce.to_owned());
        Some(answer)
    }

    /// Forgets a request whose refusal was only for the moment, so that it may be tried again.
    pub(super) fn forget(&self, key: &str) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.entries.remove(key);
        inner.order.retain(|known| known != key);
    }
}

impl Inner {
    fn make_room(&mut self) {
        if self.entries.len() >= ENTRIES_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
        if self.nonces.len() >= ENTRIES_MAX
            && let Some(oldest) = self.nonce_order.pop_front()
        {
            self.nonces.remove(&oldest);
        }
    }
}

/// Objects are sorted by key, so the order in which a caller writes them does not matter.
fn hash(body: &Map<String, Value>) -> [u8; 32] {
    let text = serde_json::to_vec(body).unwrap_or_default();
    Sha256::digest(text).into()
}
