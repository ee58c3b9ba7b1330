//! What an area sensor of a site tells: radar or a camera that follows vehicles lane by lane.

use serde::{Deserialize, Serialize};

use crate::units::{Length, Millis, Speed};

/// Most sightings that one report may hold: 16 lanes, 200 m of standing vehicles in each.
pub const SIGHTINGS_MAX: usize = 512;

/// A report of a site's area sensors, as it stood when the cycle began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AreaReport {
    /// Time since the street looked like this; [`Millis::MAX`] without such a sensor.
    pub age: Millis,
    /// Vehicles that drive towards a stop line of the site, in any order.
    pub sightings: Vec<Sighting>,
    /// **Shape:** one per movement, in the order of `CheckedSite::movements`.
    pub movements: Vec<MovementReport>,
}

/// One vehicle on its way to a stop line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sighting {
    /// The lane, counted over all approaches in file order, lanes from the kerb.
    pub lane: u8,
    /// From its front to the stop line.
    pub distance: Length,
    /// How fast it drives.
    pub speed: Speed,
    /// How likely it takes this lane, per mille: less than 1000 for a vehicle that is still before
    /// a place where ways part.
    pub share: u16,
}

/// What is seen of one way through the junction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovementReport {
    /// Vehicles that left the stop line this way so far; wraps.
    pub departed: u16,
    /// Vehicles on this way inside the junction.
    pub inside: u8,
    /// Those of them that stand or creep.
    pub inside_slow: u8,
    /// Standing vehicles in the first 100 m of the road it leads into.
    pub exit_standing: u8,
    /// How much of that lane (its first 100 m) is taken by standing vehicles, per mille.
    pub exit_taken: u16,
    /// Somebody stands in the first metres of the road it leads into.
    pub exit_blocked: bool,
}

impl Default for AreaReport {
    fn default() -> Self {
        Self {
            age: Millis::MAX,
            sightings: Vec::new(),
            movements: Vec::new(),
        }
    }
}

impl AreaReport {
    /// True if a sensor has told something that is not older than `age_max`.
    #[must_use]
    pub fn is_fresh(&self, age_max: Millis) -> bool {
        self.age <= age_max
    }
}
