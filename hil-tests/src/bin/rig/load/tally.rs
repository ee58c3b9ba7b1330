//! Times gathered, and what is said of them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

/// Answers of one kind of client.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) times: Vec<Duration>,
    /// Sent, and answered as they should be.
    pub(super) sent: u64,
    pub(super) done: u64,
    /// Everything else, by what it was.
    pub(super) other: BTreeMap<String, u64>,
}

impl Tally {
    /// Counts an answer that came after `took`.
    pub(super) fn answered(&mut self, took: Duration) {
        self.done += 1;
        self.times.push(took);
    }

    /// Counts something else.
    pub(super) fn other(&mut self, what: impl Into<String>) {
        *self.other.entry(what.into()).or_default() += 1;
    }

    pub(super) fn add(&mut self, more: Self) {
        self.times.extend(more.times);
        self.sent += more.sent;
        self.done += more.done;
        for (what, count) in more.other {
            *self.other.entry(what).or_default() += count;
        }
    }

    /// Milliseconds that this many in a thousand did not take longer than.
    pub(super) fn at_most_ms(&self, per_mille: usize) -> f64 {
        let mut times = self.times.clone();
        times.sort_unstable();
        let place = (times.len() * per_mille).div_ceil(1000).saturating_sub(1);
        times.get(place).map_or(0.0, |time| ms(*time))
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "sent": self.sent, "done": self.done, "other": self.other,
            "ms": {
                "p50": self.at_most_ms(500), "p99": self.at_most_ms(990),
                "max": self.at_most_ms(1000),
            },
        })
    }
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

/// How late cycles of a window began: the product's own counts at its end less those at its begin.
#[derive(Clone, Debug, Default)]
pub(super) struct Lateness(BTreeMap<u64, u64>);

impl Lateness {
    /// The counts of `GET /api/v1/status`.
    pub(super) fn read(status: &Value) -> Option<Self> {
        let spread = status["tick_lateness_us"]["spread"].as_array()?;
        let counts = spread
            .iter()
            .filter_map(|one| Some((one["at_most"].as_u64()?, one["count"].as_u64()?)));
        Some(Self(counts.collect()))
    }

    pub(super) fn since(&self, before: &Self) -> Self {
        let counts = self.0.iter().map(|(edge, count)| {
            let old = before.0.get(edge).copied().unwrap_or_default();
            (*edge, count.saturating_sub(old))
        });
        Self(counts.filter(|(_, count)| *count > 0).collect())
    }

    pub(super) fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// Microseconds that this many in a thousand were no later than: on a line through its bucket,
    /// which is about 15 % wide.
    pub(super) fn at_most_us(&self, per_mille: u64) -> f64 {
        let wanted = float(self.count() * per_mille) / 1000.0;
        let mut seen = 0.0;
        for (edge, count) in &self.0 {
            let (edge, count) = (float(*edge), float(*count));
            if seen + count >= wanted {
                let lower = edge / 1.15;
                return ((edge - lower) * (wanted - seen) / count + lower).round();
            }
            seen += count;
        }
        0.0
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "cycles": self.count(), "p50": self.at_most_us(500), "p99": self.at_most_us(990),
            "max": self.at_most_us(1000),
        })
    }
}

fn float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
