//! Who has called and not signed on yet, by address.
//!
//! A carrier may hide a whole fleet behind one address, so terminals that have signed on do not
//! count; but no address takes every place of a feed with calls that say nothing.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Calls of one address that have not signed on yet: a fleet that comes back after a dead spot signs
/// on within a second or two.
const UNKNOWN_EACH: u32 = 32;

/// Calls that have not signed on, by address.
#[derive(Clone, Debug, Default)]
pub(super) struct Callers(Arc<Mutex<BTreeMap<IpAddr, u32>>>);

/// One call; dropped when it signs on or ends.
#[derive(Debug)]
pub(super) struct Call {
    callers: Callers,
    from: IpAddr,
}

impl Callers {
    /// Counts a call of `from`; nothing if it has too many already.
    #[must_use]
    pub(super) fn take(&self, from: IpAddr) -> Option<Call> {
        let from = from.to_canonical();
        let mut calls = self.lock();
        let held = calls.entry(from).or_default();
        if *held >= UNKNOWN_EACH {
            return None;
        }
        *held += 1;
        drop(calls);
        Some(Call {
            callers: self.clone(),
            from,
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<IpAddr, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut calls = self.callers.lock();
        if let Some(held) = calls.get_mut(&self.from) {
            *held -= 1;
            if *held == 0 {
                calls.remove(&self.from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_calls_and_gets_them_back() {
        let callers = Callers::default();
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let mut held: Vec<_> = (0..UNKNOWN_EACH).map(|_| callers.take(one)).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(callers.take(one).is_none());
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
        assert!(callers.take(mapped).is_none(), "the same address");
        assert!(callers.take(other).is_some());
        held.pop();
        assert!(callers.take(one).is_some());
        drop(held);
        assert!(callers.lock().is_empty());
    }
}
