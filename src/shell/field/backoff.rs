//! What a link does about a wire that fails: wait longer every time, and say each thing once.

use std::time::Duration;

/// A failure that lasts: told when it begins and when it changes, not each time it is met.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    told: Option<String>,
}

impl Trouble {
    /// True if `what` is news.
    pub(super) fn is_new(&mut self, what: &dyn std::fmt::Display) -> bool {
        let what = what.to_string();
        if self.told.as_ref() == Some(&what) {
            return false;
        }
        self.told = Some(what);
        true
    }

    /// It works again; true if there was trouble.
    pub(super) fn is_over(&mut self) -> bool {
        self.told.take().is_some()
    }
}

/// Growing pauses with jitter, so that a city does not reconnect in step.
#[derive(Debug)]
pub(super) struct Backoff {
    state: u64,
    tries: u32,
}

impl Backoff {
    pub(super) fn new(seed: &str) -> Self {
        let state = seed.bytes().fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        Self { state, tries: 0 }
    }

    pub(super) fn reset(&mut self) {
        self.tries = 0;
    }

    /// 50 to 100 ms at first, up to 1 to 2 s after five tries.
    pub(super) fn next(&mut self) -> Duration {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let full = 100_u64 << self.tries.min(5);
        let full = full.min(2000);
        self.tries = self.tries.saturating_add(1);
        Duration::from_millis(full / 2 + (self.state >> 33) % (full / 2))
    }
}
