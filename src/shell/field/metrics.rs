//! What a link counts about itself; written by its task, read by anybody.

use core::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Four buckets for each doubling of the round trip, from a microsecond to hours.
const BUCKETS: usize = 128;

/// Counters and round-trip times of one cabinet's link.
#[derive(Debug)]
pub struct LinkMetrics {
    round_trips: [AtomicU64; BUCKETS],
    counts: [AtomicU64; Count::ALL.len()],
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Questions asked.
    Requests,
    /// Commands the cabinet took.
    Accepted,
    /// Commands the cabinet refused.
    Rejects,
    /// Questions without an answer in time.
    Timeouts,
    /// Answers that belonged to an earlier question.
    Stale,
    /// Answers that were too short, too long or garbled.
    Malformed,
    /// Times the connection was made anew or the line drained.
    Reconnects,
    /// Times the cabinet was seen to have restarted.
    Restarts,
}

impl Count {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::Requests,
        Self::Accepted,
        Self::Rejects,
        Self::Timeouts,
        Self::Stale,
        Self::Malformed,
        Self::Reconnects,
        Self::Restarts,
    ];

    /// Name for metrics, as `stale_answers`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Accepted => "accepted",
            Self::Rejects => "rejects",
            Self::Timeouts => "timeouts",
            Self::Stale => "stale_answers",
            Self::Malformed => "malformed_answers",
            Self::Reconnects => "reconnects",
            Self::Restarts => "restarts",
        }
    }

    fn index(self) -> usize {
        Self::ALL
            .iter()
            .position(|count| *count == self)
            .unwrap_or(0)
    }
}

impl Default for LinkMetrics {
    fn default() -> Self {
        Self {
            round_trips: [const { AtomicU64::new(0) }; BUCKETS],
            counts: [const { AtomicU64::new(0) }; Count::ALL.len()],
        }
    }
}

impl LinkMetrics {
    /// One more of `count`.
    pub(super) fn add(&self, count: Count) {
        self.counts[count.index()].fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were.
    #[must_use]
    pub fn get(&self, count: Count) -> u64 {
        self.counts[count.index()].load(Ordering::Relaxed)
    }

    pub(super) fn add_round_trip(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.round_trips[bucket(us)].fetch_add(1, Ordering::Relaxed);
    }

    /// The round trip that `per_mille` of all answers did not exceed, to a quarter of a doubling;
    /// `None` before the first answer.
    #[must_use]
    pub fn round_trip(&self, per_mille: u16) -> Option<Duration> {
        let counts = self
            .round_trips
            .each_ref()
            .map(|c| c.load(Ordering::Relaxed));
        quantile(&counts, per_mille)
    }

    /// Adds this link's round trips to `sums`, for a figure over many links.
    pub fn merge_into(&self, sums: &mut RoundTrips) {
        for (sum, count) in sums.0.iter_mut().zip(&self.round_trips) {
            *sum += count.load(Ordering::Relaxed);
        }
    }
}

/// Round trips of several links together.
#[derive(Clone, Debug)]
pub struct RoundTrips([u64; BUCKETS]);

impl Default for RoundTrips {
    fn default() -> Self {
        Self([0; BUCKETS])
    }
}

impl RoundTrips {
    /// As [`LinkMetrics::round_trip`].
    #[must_use]
    pub fn quantile(&self, per_mille: u16) -> Option<Duration> {
        quantile(&self.0, per_mille)
    }
}

fn quantile(counts: &[u64; BUCKETS], per_mille: u16) -> Option<Duration> {
    let all: u64 = counts.iter().sum();
    let rank = (all * u64::from(per_mille.min(1000))).div_ceil(1000).max(1);
    let mut seen = 0;
    let at = counts.iter().position(|count| {
        seen += count;
        seen >= rank
    });
    at.map(|at| Duration::from_micros(bucket_end(at)))
}

fn bucket(us: u64) -> usize {
    if us < 4 {
        return usize::try_from(us).unwrap_or(0);
    }
    let exponent = us.ilog2();
    let part = (us >> (exponent - 2)) & 3;
    let index = u64::from(exponent - 1) * 4 + part;
    usize::try_from(index).unwrap_or(BUCKETS).min(BUCKETS - 1)
}

/// The first microsecond that no longer belongs to the bucket.
fn bucket_end(bucket: usize) -> u64 {
    let next = u64::try_from(bucket + 1).unwrap_or(0);
    if next <= 4 {
        return next;
    }
    (4 + next % 4) << (next / 4 - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_what_they_say() {
        for us in (0..5000).chain([1_000_000, 3_599_999_999]) {
            let at = bucket(us);
            assert!(us < bucket_end(at), "{us} in {at}");
            assert!(at == 0 || us >= bucket_end(at - 1), "{us} in {at}");
        }
    }

    #[test]
    fn a_quantile_is_not_below_the_value() {
        let metrics = LinkMetrics::default();
        assert_eq!(metrics.round_trip(500), None);
        for ms in 1..=100 {
            metrics.add_round_trip(Duration::from_millis(ms));
        }
        let p50 = metrics.round_trip(500).unwrap();
        assert!(
            p50 >= Duration::from_millis(50) && p50 < Duration::from_millis(64),
            "{p50:?}"
        );
    }
}
