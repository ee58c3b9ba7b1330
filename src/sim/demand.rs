//! How much traffic there is at which hour.

use serde::{Deserialize, Serialize};

/// Share of the peak by second of the day, straight lines between the points.
const DAY: [(f32, f32); 12] = [
    (0.0, 0.12),
    (5.0, 0.12),
    (6.5, 0.5),
    (7.25, 1.0),
    (8.75, 1.0),
    (9.5, 0.6),
    (16.5, 0.6),
    (17.25, 1.0),
    (18.75, 1.0),
    (20.0, 0.55),
    (22.5, 0.2),
    (24.0, 0.12),
];

/// What the street is asked to be, besides its map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StreetConfig {
    /// Everything random follows from this.
    pub seed: u64,
    /// Local time of day at moment zero, seconds since midnight.
    pub second_of_day: u32,
    /// Traffic, walkers and riders times this; 0 is an empty street.
    pub demand: f32,
    /// Standard deviation of an emergency vehicle's reported position, metres, in each direction.
    pub fix_sigma_m: f32,
    /// Time between two positions, milliseconds.
    pub fix_every_ms: u32,
    /// Age of a position when it arrives, milliseconds.
    pub fix_lag_ms: u32,
}

impl Default for StreetConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            second_of_day: 7 * 3600 + 1800,
            demand: 1.0,
            fix_sigma_m: 3.0,
            fix_every_ms: 1000,
            fix_lag_ms: 300,
        }
    }
}

/// Share of the peak demand at this time of day, 0 to 1.
#[must_use]
pub fn share_of_peak(second_of_day: u32) -> f32 {
    let minute = u16::try_from(second_of_day % 86_400 / 60).unwrap_or(0);
    let hour = f32::from(minute) / 60.0;
    for pair in DAY.windows(2) {
        let ((from, low), (to, high)) = (pair[0], pair[1]);
        if hour < to {
            return low + (high - low) * (hour - from) / (to - from);
        }
    }
    DAY[0].1
}
