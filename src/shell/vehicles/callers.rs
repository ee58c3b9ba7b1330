//! Who has called and not signed on yet, by address.
//!
//! A carrier may hide a whole fleet behind one address, so terminals that have signed on do not
//! count, and a call that says nothing gives way to a newer one: no address takes every place of a
//! feed, and nobody locks a fleet out by calling and keeping silent. Whoever calls from the fleet's
//! own address more than 32 times in the time of a sign-on does keep its newcomers out.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Calls of one address that have not signed on yet: a fleet that comes back after a dead spot signs
/// on within a second or two.
const UNKNOWN_EACH: usize = 32;

/// A call that has not signed on, oldest first in its queue.
#[derive(Debug)]
struct Silent {
    number: u64,
    give_way: Arc<Notify>,
}

/// Calls that have not signed on, by address.
#[derive(Clone, Debug, Default)]
pub(super) struct Callers {
    silent: Arc<Mutex<BTreeMap<IpAddr, VecDeque<Silent>>>>,
    next: Arc<AtomicU64>,
}

/// One call; dropped when it signs on or ends.
#[derive(Debug)]
pub(super) struct Call {
    callers: Callers,
    from: IpAddr,
    number: u64,
    /// Told when a newer call takes the place.
    pub(super) give_way: Arc<Notify>,
}

impl Callers {
    /// Counts a call of `from`; true if its oldest one has to give way.
    #[must_use]
    pub(super) fn take(&self, from: IpAddr) -> (Call, bool) {
        let from = line_of(from);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let give_way = Arc::<Notify>::default();
        let mut silent = self.lock();
        let calls = silent.entry(from).or_default();
        calls.push_back(Silent {
            number,
            give_way: Arc::clone(&give_way),
        });
        let oldest = (calls.len() > UNKNOWN_EACH).then(|| calls.pop_front());
        drop(silent);
        let oldest = oldest.flatten();
        if let Some(oldest) = &oldest {
            oldest.give_way.notify_one();
        }
        let callers = self.clone();
        let call = Call {
            callers,
            from,
            number,
            give_way,
        };
        (call, oldest.is_some())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<IpAddr, VecDeque<Silent>>> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who has one IPv6 address has all of its /64.
fn line_of(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut silent = self.callers.lock();
        if let Some(calls) = silent.get_mut(&self.from) {
            calls.retain(|call| call.number != self.number);
            if calls.is_empty() {
                silent.remove(&self.from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gives_way(call: &Call) -> bool {
        use core::pin::pin;
        use core::task::{Context, Waker};
        let told = pin!(call.give_way.notified());
        told.poll(&mut Context::from_waker(Waker::noop()))
            .is_ready()
    }

    #[test]
    fn the_oldest_silent_call_of_an_address_gives_way() {
        let callers = Callers::default();
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let held: Vec<_> = (0..UNKNOWN_EACH).map(|_| callers.take(one)).collect();
        assert!(held.iter().all(|(_, full)| !full));
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
        let (newest, full) = callers.take(mapped);
        assert!(full, "the same address");
        assert!(gives_way(&held[0].0));
        assert!(!gives_way(&held[1].0) && !gives_way(&newest));
        assert!(!callers.take(other).1);
        drop(held);
        assert!(!callers.take(one).1);
        drop(newest);
        assert!(callers.lock().is_empty());
    }

    #[test]
    fn who_has_many_ipv6_addresses_is_one() {
        let callers = Callers::default();
        let of = |text: &str| text.parse::<IpAddr>().unwrap();
        let held: Vec<_> = (0..UNKNOWN_EACH)
            .map(|host| callers.take(of(&format!("2001:db8:0:1::{host:x}"))))
            .collect();
        assert!(!callers.take(of("2001:db8:0:2::1")).1);
        assert!(callers.take(of("2001:db8:0:1:ffff::1")).1);
        assert!(gives_way(&held[0].0));
    }
}
