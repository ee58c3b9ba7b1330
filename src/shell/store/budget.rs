//! Bytes that may wait in a queue: a bound on their number alone is none while each may be large.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that wait, and how many may.
#[derive(Debug)]
pub struct Budget {
    held: AtomicUsize,
    most: usize,
}

impl Budget {
    /// Nothing waits yet; at most `most` bytes may.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self {
            held: AtomicUsize::new(0),
            most,
        }
    }

    /// Takes room for so many bytes; false if there is none. One thing alone always has room.
    #[must_use]
    pub fn take(&self, bytes: usize) -> bool {
        let fits = |held: usize| self.fits(held, bytes).then_some(held.saturating_add(bytes));
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        self.held.fetch_update(set, fetch, fits).is_ok()
    }

    /// True if so many bytes have room now.
    #[must_use]
    pub fn has_room(&self, bytes: usize) -> bool {
        self.fits(self.held.load(Ordering::Relaxed), bytes)
    }

    const fn fits(&self, held: usize, bytes: usize) -> bool {
        held == 0 || held.saturating_add(bytes) <= self.most
    }

    /// Gives the room of so many bytes back.
    pub fn give(&self, bytes: usize) {
        let less = |held: usize| Some(held.saturating_sub(bytes));
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        let _always = self.held.fetch_update(set, fetch, less);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_bounded_and_one_large_thing_gets_through() {
        let budget = Budget::new(100);
        assert!(budget.take(60) && budget.take(40));
        assert!(!budget.take(1) && !budget.has_room(1));
        budget.give(60);
        assert!(budget.has_room(60) && !budget.has_room(61));
        assert!(budget.take(1));
        budget.give(41);
        assert!(budget.take(1_000), "alone");
        assert!(!budget.take(1));
        budget.give(1_000);
        assert!(budget.take(100));
    }
}
