//! The dice of the street: `SplitMix64`, one word of state, the same on every machine.
//!
//! Arrivals, people and position noise each have a stream of their own, and a vehicle carries the
//! dice of its route with it. So a run with a corridor and its twin without one meet the same
//! arrivals, and only what the corridor changed differs between them.

use serde::{Deserialize, Serialize};

/// A stream of random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rng(u64);

impl Rng {
    /// The stream number `stream` of `seed`.
    pub(super) const fn new(seed: u64, stream: u64) -> Self {
        Self(mix(seed ^ mix(stream.wrapping_mul(0x9e37_79b9_7f4a_7c15))))
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// Uniform from 0 up to but not including 1.
    pub(super) fn unit(&mut self) -> f32 {
        unit_of(self.next())
    }

    /// Uniform from `low` up to `high`.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// Normal with mean 0 and deviation 1 but for the far tails: the sum of twelve uniform numbers
    /// needs no logarithm, whose last digit differs between machines.
    pub(super) fn normal(&mut self) -> f32 {
        (0..12).fold(-6.0, |sum, _| sum + self.unit())
    }
}

/// The next number of a vehicle's own dice, 0 up to 1.
pub(super) fn own_dice(state: &mut u32) -> f32 {
    *state = state.wrapping_add(0x9e37_79b9);
    unit_of(mix(u64::from(*state)))
}

const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "24 bits fit into an f32 exactly"
)]
const fn unit_of(word: u64) -> f32 {
    (word >> 40) as f32 / 16_777_216.0
}
