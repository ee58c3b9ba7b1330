//! Remembers corridor requests, so that a second press with the same id changes nothing, also
//! after a restart.

use alloc::sync::Arc;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::problem::Problem;
use super::world::{Decision, OpenAnswer};
use crate::shell::store::{Records, RecordsError, SeenRequest};

/// Requests remembered; the oldest is forgotten first. With a request fresh for 30 s only, a
/// forgotten one cannot be replayed unless thousands came in that time.
const ENTRIES_MAX: usize = 4096;
/// Requests older than this are not read back after a restart, milliseconds: no corridor lives
/// longer than an hour.
const KEPT_MS: i64 = 2 * 3_600_000;

/// The answer of a request, once there is one.
pub(super) type Answer = Arc<OnceCell<Result<OpenAnswer, Problem>>>;

struct Entry {
    body: [u8; 32],
    answer: Answer,
}

/// From one clearing of the store to the next, milliseconds.
const CLEARED_EVERY_MS: i64 = 3_600_000;

#[derive(Default)]
struct Inner {
    /// When the store was cleared of old requests last, Unix milliseconds.
    cleared_ms: i64,
    entries: BTreeMap<String, Entry>,
    order: VecDeque<String>,
    nonces: BTreeMap<String, String>,
    nonce_order: VecDeque<String>,
}

/// The memory of corridor requests.
#[derive(Default)]
pub(super) struct Ledger {
    inner: Mutex<Inner>,
    records: Option<Records>,
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

/// Why a request was not entered.
pub(super) enum NotEntered {
    /// Another request has used the nonce.
    Nonce,
    /// The store does not answer: nothing may be done that a replay could do again.
    Store,
}

impl Ledger {
    /// A ledger that knows what the store has seen.
    pub(super) fn over(records: Records, now_ms: i64) -> Result<Self, RecordsError> {
        let mut inner = Inner::default();
        for seen in records.requests_since(now_ms.saturating_sub(KEPT_MS))? {
            let answer = seen.answer.and_then(|text| answer_of(&text));
            let entry = Entry {
                body: seen.body,
                // Without an answer the first press broke off.
                answer: Arc::new(OnceCell::from(answer.unwrap_or_else(|| Err(broke_off())))),
            };
            inner.insert(&seen.key, &seen.nonce, entry);
        }
        Ok(Self {
            inner: Mutex::new(inner),
            records: Some(records),
        })
    }

    /// What is known of request `key` with this body.
    pub(super) fn look(&self, key: &str, body: &Map<String, Value>) -> Known {
        let inner = self.inner();
        match inner.entries.get(key) {
            None => Known::New,
            Some(entry) if entry.body == hash(body) => Known::Same(Arc::clone(&entry.answer)),
            Some(_) => Known::Other,
        }
    }

    /// Enters a request; the answer is filled in by whoever calls its `get_or_init` first. It is
    /// in the store before anything is done about it.
    pub(super) fn enter(
        &self,
        (key, nonce): (&str, &str),
        body: &Map<String, Value>,
        now_ms: i64,
    ) -> Result<Answer, NotEntered> {
        let answer = Answer::default();
        let body = hash(body);
        {
            let mut inner = self.inner();
            if inner.nonces.get(nonce).is_some_and(|user| user != key) {
                return Err(NotEntered::Nonce);
            }
            if let Some(entry) = inner.entries.get(key) {
                return Ok(Arc::clone(&entry.answer));
            }
            let entry = Entry {
                body,
                answer: Arc::clone(&answer),
            };
            inner.insert(key, nonce, entry);
        }
        let seen = SeenRequest {
            key: key.to_owned(),
            nonce: nonce.to_owned(),
            body,
            at_ms: now_ms,
            answer: None,
        };
        match self.records.as_ref().map(|records| {
            self.clear(records, now_ms);
            records.enter_request(seen)
        }) {
            None | Some(Ok(true)) => Ok(answer),
            Some(Ok(false)) => Err(NotEntered::Nonce),
            Some(Err(why)) => {
                tracing::error!(%why, "a corridor request could not be entered");
                self.inner().forget(key);
                Err(NotEntered::Store)
            }
        }
    }

    /// What would not be read back any more goes, once an hour. Times are the wall clock's: one that
    /// is ahead lets go of what is younger than it says, and what was entered meanwhile stays until
    /// the clock has come that far again.
    fn clear(&self, records: &Records, now_ms: i64) {
        let mut inner = self.inner();
        // A clock that jumped ahead and came back has cleared nothing of the time between.
        let since_ms = now_ms.saturating_sub(inner.cleared_ms);
        if !(0..CLEARED_EVERY_MS).contains(&since_ms) {
            inner.cleared_ms = now_ms;
            records.forget_requests_before(now_ms.saturating_sub(KEPT_MS));
        }
    }

    /// Keeps the answer; a refusal that was only for the moment is forgotten instead, so that the
    /// request may be tried again. Waits for the store.
    pub(super) fn keep(&self, key: &str, answer: &Result<OpenAnswer, Problem>) {
        let passing = answer.as_ref().is_err_and(Problem::is_passing);
        if passing {
            self.inner().forget(key);
        }
        let Some(records) = &self.records else {
            return;
        };
        let kept = if passing {
            records.forget_request(key)
        } else {
            records.answer_request(key, text_of(answer))
        };
        if let Err(why) = kept {
            tracing::error!(%why, "the answer of a corridor request is not in the store");
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn insert(&mut self, key: &str, nonce: &str, entry: Entry) {
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
        self.entries.insert(key.to_owned(), entry);
        self.order.push_back(key.to_owned());
        self.nonces.insert(nonce.to_owned(), key.to_owned());
        self.nonce_order.push_back(nonce.to_owned());
    }

    fn forget(&mut self, key: &str) {
        self.entries.remove(key);
        self.order.retain(|known| known != key);
    }
}

/// The first press broke off before it was answered.
pub(super) fn broke_off() -> Problem {
    Problem::new(
        axum::http::StatusCode::SERVICE_UNAVAILABLE,
        "unanswered",
        "the first press with this request_id broke off; look at the list of corridors",
    )
}

/// An answer as the store has it.
#[derive(Serialize, Deserialize)]
struct Kept {
    corridor: u32,
    decision: String,
    reason: String,
    effective_priority: u8,
    valid_until_ms: i64,
    revision: u32,
}

const DECISIONS: [(&str, Decision); 3] = [
    ("accepted", Decision::Accepted),
    ("needs_confirmation", Decision::NeedsConfirmation),
    ("queued", Decision::Queued),
];

fn text_of(answer: &Result<OpenAnswer, Problem>) -> String {
    let kept = answer.as_ref().map(|answer| {
        let decision = DECISIONS.iter().find(|(_, one)| *one == answer.decision);
        Kept {
            corridor: answer.corridor,
            decision: decision.map_or("", |(word, _)| *word).to_owned(),
            reason: answer.reason.clone(),
            effective_priority: answer.effective_priority,
            valid_until_ms: answer.valid_until_ms,
            revision: answer.revision,
        }
    });
    serde_json::to_string(&kept).unwrap_or_default()
}

fn answer_of(text: &str) -> Option<Result<OpenAnswer, Problem>> {
    let kept: Result<Kept, Problem> = serde_json::from_str(text).ok()?;
    Some(match kept {
        Err(problem) => Err(problem),
        Ok(kept) => {
            let (_, decision) = DECISIONS.iter().find(|(word, _)| *word == kept.decision)?;
            Ok(OpenAnswer {
                corridor: kept.corridor,
                decision: *decision,
                reason: kept.reason,
                effective_priority: kept.effective_priority,
                valid_until_ms: kept.valid_until_ms,
                revision: kept.revision,
            })
        }
    })
}

/// Objects are sorted by key, so the order in which a caller writes them does not matter.
fn hash(body: &Map<String, Value>) -> [u8; 32] {
    let text = serde_json::to_vec(body).unwrap_or_default();
    Sha256::digest(text).into()
}

/// The highest corridor number that an answer of the last hours named; nothing may use it again.
pub(crate) fn last_corridor(records: &Records, now_ms: i64) -> Result<u32, RecordsError> {
    let seen = records.requests_since(now_ms.saturating_sub(KEPT_MS))?;
    let answers = seen
        .iter()
        .filter_map(|one| answer_of(one.answer.as_deref()?));
    Ok(answers
        .filter_map(Result::ok)
        .map(|answer| answer.corridor)
        .max()
        .unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_that_are_not_read_back_any_more_leave_the_store() {
        let records = Records::in_memory().unwrap();
        let ledger = Ledger::over(records.clone(), 0).unwrap();
        let (hour, body) = (3_600_000, Map::new());
        let enter = |number: i64, at_ms: i64| {
            let (key, nonce) = (format!("key-{number}"), format!("nonce-{number}"));
            assert!(ledger.enter((&key, &nonce), &body, at_ms).is_ok());
        };
        enter(1, hour);
        enter(2, 2 * hour);
        enter(3, 5 * hour);
        enter(4, 5 * hour + 1);
        let kept = records.requests_since(0).unwrap();
        let mut kept: Vec<&str> = kept.iter().map(|one| one.key.as_str()).collect();
        kept.sort_unstable();
        assert_eq!(kept, ["key-3", "key-4"]);
    }

    #[test]
    fn a_clock_that_was_ahead_does_not_keep_the_store_from_being_cleared() {
        let records = Records::in_memory().unwrap();
        let ledger = Ledger::over(records.clone(), 0).unwrap();
        let (hour, body) = (3_600_000, Map::new());
        for (number, at_ms) in [(1, hour), (2, 900 * hour), (3, 5 * hour)] {
            let (key, nonce) = (format!("key-{number}"), format!("nonce-{number}"));
            assert!(ledger.enter((&key, &nonce), &body, at_ms).is_ok());
        }
        assert_eq!(ledger.inner().cleared_ms, 5 * hour);
        let kept = records.requests_since(0).unwrap();
        let kept: Vec<&str> = kept.iter().map(|one| one.key.as_str()).collect();
        assert_eq!(
            kept,
            ["key-3", "key-2"],
            "the one of the clock that was ahead last"
        );
    }
}
