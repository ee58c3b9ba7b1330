//! From whole milliseconds and millimetres to the seconds and metres that the search reckons in.

use crate::units::{Millis, Mono};

/// Thousandths as a number.
#[expect(
    clippy::cast_precision_loss,
    reason = "a traffic forecast needs no more than seven digits"
)]
pub(super) const fn thousandths(whole: u32) -> f32 {
    whole as f32 / 1000.0
}

/// Millimetres as metres, or millimetres a second as metres a second.
pub(super) const fn metres(mm: u32) -> f32 {
    thousandths(mm)
}

/// A length of time in seconds.
pub(super) const fn secs(time: Millis) -> f32 {
    thousandths(time.as_ms())
}

/// Seconds since a moment.
pub(super) fn secs_since(now: Mono, then: Mono) -> f32 {
    secs(now.since(then))
}

/// Seconds as a length of time, whole cycles; nothing below zero.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped to an hour first"
)]
pub(super) fn millis(secs: f32) -> Millis {
    let tenths = (secs.clamp(0.0, 3600.0) * 10.0).round() as u32;
    Millis::new(tenths * 100)
}
