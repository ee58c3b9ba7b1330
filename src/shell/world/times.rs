//! What the control thread measured of itself, as the API shows it.

use core::time::Duration;

use crate::shell::dispatch::world::{KeyTimesView, LatenessView};
use crate::shell::runtime::{Histogram, KeyTimes};

pub(super) fn key_times(keys: &KeyTimes) -> KeyTimesView {
    let times = keys.times();
    let ms = |took: Duration| u32::try_from(took.as_millis()).unwrap_or(u32::MAX);
    KeyTimesView {
        count: times.total(),
        p50_ms: ms(times.at_most(500)),
        p99_ms: ms(times.at_most(990)),
        max_ms: ms(times.max()),
    }
}

pub(super) fn lateness(late: &Histogram) -> LatenessView {
    let us = |late: Duration| u32::try_from(late.as_micros()).unwrap_or(u32::MAX);
    LatenessView {
        count: late.total(),
        p50_us: us(late.at_most(500)),
        p99_us: us(late.at_most(990)),
        max_us: us(late.max()),
        spread: late
            .buckets()
            .map(|(edge, many)| (us(edge), many))
            .collect(),
    }
}
