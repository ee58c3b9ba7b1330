//! What came in and what became of it, counted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

/// Counters of one feed. Names are few and fixed, so the map stays small.
#[derive(Debug, Default)]
pub struct Counts {
    frames: AtomicU64,
    live: AtomicU64,
    history: AtomicU64,
    refused: Mutex<BTreeMap<&'static str, u64>>,
}

impl Counts {
    /// A frame or sentence that could be read.
    pub fn frame(&self) {
        self.frames.fetch_add(1, Ordering::Relaxed);
    }

    /// A position that went on.
    pub fn live(&self) {
        self.live.fetch_add(1, Ordering::Relaxed);
    }

    /// Positions that were kept as history.
    pub fn history(&self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.history.fetch_add(count, Ordering::Relaxed);
    }

    /// Something that was not taken, by its reason.
    pub fn refused(&self, reason: &'static str) {
        self.refused_many(reason, 1);
    }

    /// The same for several at once.
    pub fn refused_many(&self, reason: &'static str, count: u64) {
        if count > 0 {
            let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            *refused.entry(reason).or_default() += count;
        }
    }

    /// Frames and sentences so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    /// Positions that went on so far.
    #[must_use]
    pub fn lives(&self) -> u64 {
        self.live.load(Ordering::Relaxed)
    }

    /// Positions kept as history so far.
    #[must_use]
    pub fn histories(&self) -> u64 {
        self.history.load(Ordering::Relaxed)
    }

    /// How often something was not taken for this reason.
    #[must_use]
    pub fn of(&self, reason: &str) -> u64 {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.get(reason).copied().unwrap_or_default()
    }

    /// All of them.
    #[must_use]
    pub fn json(&self) -> Value {
        let refused = self
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        json!({
            "frames": self.frames(),
            "live": self.lives(),
            "history": self.histories(),
            "refused": refused,
        })
    }
}
