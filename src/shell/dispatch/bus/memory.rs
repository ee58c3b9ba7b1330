//! Remembers messages for as long as they could be taken again, and what was answered.

use std::collections::{BTreeMap, VecDeque};

use axum::body::Bytes;

/// A message is taken from 30 s before to 30 s after its time, so one that is remembered for longer
/// than both together cannot come again, milliseconds.
const KEPT_MS: i64 = 61_000;
/// Messages of one agency remembered; more within a minute are refused, never forgotten too early.
const MESSAGES_MAX: usize = 8192;
/// Bytes of answers of one agency kept to be sent again.
const ANSWERS_MAX: usize = 4 * 1024 * 1024;

/// What is known of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It is new, and entered from now on.
    New,
    /// It came before, and this was answered.
    Answered(Bytes),
    /// It came before, and has no answer (yet, or any more).
    Pending,
    /// Its nonce belongs to another message.
    Other,
    /// Too many messages to remember another one.
    Full,
}

#[derive(Debug, Default)]
struct Agency {
    entries: BTreeMap<String, ([u8; 32], Option<Bytes>)>,
    order: VecDeque<(i64, String)>,
    /// Nonces whose answers are kept, oldest first.
    answered: VecDeque<String>,
    bytes: usize,
}

/// The memory, each agency's on its own: none can fill another's.
#[derive(Debug, Default)]
pub(super) struct Memory {
    agencies: BTreeMap<String, Agency>,
}

impl Memory {
    /// Looks a message up by its agency, nonce and signature, and enters it if it is new.
    pub(super) fn enter(
        &mut self,
        agency: &str,
        (nonce, sign): (&str, [u8; 32]),
        now: i64,
    ) -> Known {
        let own = self.agencies.entry(agency.to_owned()).or_default();
        own.forget_before(now);
        match own.entries.get(nonce) {
            Some((known, _)) if *known != sign => Known::Other,
            Some((_, Some(answer))) => Known::Answered(answer.clone()),
            Some((_, None)) => Known::Pending,
            None if own.entries.len() >= MESSAGES_MAX => Known::Full,
            None => {
                own.entries.insert(nonce.to_owned(), (sign, None));
                let until = now.saturating_add(KEPT_MS);
                own.order.push_back((until, nonce.to_owned()));
                Known::New
            }
        }
    }

    /// Keeps an answer, to be given again to the same message.
    pub(super) fn answer(&mut self, agency: &str, nonce: &str, answer: Bytes) {
        let Some(own) = self.agencies.get_mut(agency) else {
            return;
        };
        let Some((_, kept)) = own.entries.get_mut(nonce) else {
            return;
        };
        own.bytes = own.bytes.saturating_add(answer.len());
        *kept = Some(answer);
        own.answered.push_back(nonce.to_owned());
        while own.bytes > ANSWERS_MAX {
            let Some(oldest) = own.answered.pop_front() else {
                return;
            };
            own.drop_answer(&oldest);
        }
    }
}

impl Agency {
    fn forget_before(&mut self, now: i64) {
        while self.order.front().is_some_and(|(until, _)| *until < now) {
            if let Some((_, nonce)) = self.order.pop_front() {
                self.drop_answer(&nonce);
                self.entries.remove(&nonce);
            }
        }
        let gone = |nonce: &String| !self.entries.contains_key(nonce);
        while self.answered.front().is_some_and(gone) {
            self.answered.pop_front();
        }
    }

    fn drop_answer(&mut self, nonce: &str) {
        let entry = self.entries.get_mut(nonce);
        let dropped = entry.and_then(|(_, answer)| answer.take());
        let bytes = dropped.map_or(0, |answer| answer.len());
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}
