//! Dice of the written traffic: `SplitMix64`, the same on every machine.

/// A stream of random numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// The stream number `stream` of `seed`.
    pub(super) const fn new(seed: u64, stream: u64) -> Self {
        Self(mix(seed ^ mix(stream.wrapping_add(1).wrapping_mul(STEP))))
    }

    /// Uniform from 0 up to but not including 1.
    #[expect(
        clippy::cast_precision_loss,
        reason = "24 bits fit into an f32 exactly"
    )]
    pub(super) fn unit(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(STEP);
        (mix(self.0) >> 40) as f32 / 16_777_216.0
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
