//! The city's coordination clock: what offsets are counted on.

use serde::{Deserialize, Serialize};

use crate::units::{CivilTime, Millis, Mono};

/// A wall clock that is further off than this was set; smaller drift is left alone.
const STEP_MS_MAX: u64 = 2000;
const DAY_MS: u64 = 86_400_000;

/// Milliseconds of the local day, carried on by the monotonic clock.
///
/// A wall clock that is set moves the target of offsets once; it never touches a running timer
/// (I19), because nothing but offsets is counted on this clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CityClock {
    base: Option<u64>,
}

impl CityClock {
    /// Milliseconds since local midnight at `now`, steered by `civil`; true if the wall clock was
    /// found to have stepped.
    pub fn at(&mut self, now: Mono, civil: CivilTime) -> (u64, bool) {
        let wall = u64::from(civil.second_of_day).saturating_mul(1000);
        let of_day = now.as_ms() % DAY_MS;
        if let Some(base) = self.base {
            let carried = (base + of_day) % DAY_MS;
            let apart = carried.abs_diff(wall);
            if apart.min(DAY_MS - apart) <= STEP_MS_MAX {
                return (carried, false);
            }
        }
        let stepped = self.base.is_some();
        self.base = Some((wall + DAY_MS - of_day) % DAY_MS);
        (wall, stepped)
    }
}

/// The same clock as the length of time since midnight.
#[must_use]
pub fn since_midnight(clock_ms: u64) -> Millis {
    Millis::new(u32::try_from(clock_ms % DAY_MS).unwrap_or_default())
}
