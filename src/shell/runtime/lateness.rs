//! A histogram of times in fixed buckets: no allocation while counting.

use std::time::Duration;

const BUCKETS: usize = 96;

/// Counts durations in buckets about 15 % wide, from 10 microseconds up.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: [u64; BUCKETS],
    max: Duration,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: [0; BUCKETS],
            max: Duration::ZERO,
            total: 0,
        }
    }
}

impl Histogram {
    /// Counts one duration.
    pub fn add(&mut self, length: Duration) {
        let bucket = (0..BUCKETS)
            .find(|at| length <= upper_edge(*at))
            .unwrap_or(BUCKETS - 1);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        self.total += 1;
        self.max = self.max.max(length);
    }

    /// The length that `per_mille` of the durations do not exceed, to the edge of its bucket and
    /// never above the longest one seen.
    #[must_use]
    pub fn at_most(&self, per_mille: u64) -> Duration {
        let wanted = self.total.saturating_mul(per_mille).div_ceil(1000);
        let mut seen = 0;
        for (at, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return upper_edge(at).min(self.max);
            }
        }
        self.max
    }

    /// How many durations were longer than `limit`, to the edge of its bucket.
    #[must_use]
    pub fn above(&self, limit: Duration) -> u64 {
        let buckets = self.counts.iter().enumerate();
        buckets
            .filter(|(at, _)| upper_edge(*at) > limit)
            .map(|(_, count)| count)
            .sum()
    }

    /// The buckets that hold something: upper edge and how many durations.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> {
        let buckets = self.counts.iter().enumerate();
        let held = buckets.filter(|(_, count)| **count > 0);
        held.map(|(at, count)| (upper_edge(at), *count))
    }

    /// The longest duration.
    #[must_use]
    pub const fn max(&self) -> Duration {
        self.max
    }

    /// How many durations were counted.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }
}

fn upper_edge(bucket: usize) -> Duration {
    let mut nanos = 10_000_u64;
    for _ in 0..bucket {
        nanos += nanos * 15 / 100;
    }
    Duration::from_nanos(nanos)
}
