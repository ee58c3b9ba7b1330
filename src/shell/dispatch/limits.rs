//! How often one principal may act: a bucket of tokens each.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Acts that may come at once.
const BURST: f64 = 100.0;
/// Acts per second in the long run: an operator presses far less, a position feed of twenty
/// vehicles at 1 Hz far less too.
const PER_SECOND: f64 = 50.0;
/// Principals watched.
const KEYS_MAX: usize = 1024;

/// One bucket per principal.
#[derive(Default)]
pub(super) struct Limits {
    buckets: Mutex<BTreeMap<String, (f64, Instant)>>,
}

impl Limits {
    /// Takes a token of `who`; false if there is none left.
    pub(super) fn allow(&self, who: &str, now: Instant) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if !buckets.contains_key(who) && buckets.len() >= KEYS_MAX {
            buckets.retain(|_, (_, seen)| now.duration_since(*seen).as_secs() < 10);
        }
        let (left, seen) = buckets.entry(who.to_owned()).or_insert((BURST, now));
        let gained = now.duration_since(*seen).as_secs_f64() * PER_SECOND;
        *left = (*left + gained).min(BURST);
        *seen = now;
        if *left < 1.0 {
            return false;
        }
        *left -= 1.0;
        true
    }
}
