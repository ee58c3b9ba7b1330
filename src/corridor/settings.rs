//! The numbers of the corridor engine, each with its measured default.

use serde::{Deserialize, Serialize};

use super::ServiceClass;
use crate::units::{Millis, Speed};

/// What a standing vehicle takes up in a queue, front to front, millimetres.
pub const JAM_SPACING_MM: u32 = 7_000;

/// The numbers of the engine. The defaults are those of `docs/decisions/0003`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Slack between the queue being gone and the vehicle being there.
    pub margin: Millis,
    /// The braking a driver starts at a red signal, mm/s².
    pub brake_mm_per_s2: u32,
    /// A crew is told of a red at least this long before it has to brake for it.
    pub warning: Millis,
    /// No crossing is asked for earlier than this before the expected arrival.
    pub lead_max: Millis,
    /// From this long before the lock nothing hostile is newly started.
    pub inhibit: Millis,
    /// Time from green to the first vehicle over the stop line.
    pub start_loss: Millis,
    /// Time from one queued vehicle to the next over the stop line.
    pub headway: Millis,
    /// A position is moved forward at its own speed for this long.
    pub dead_reckon: Millis,
    /// After this long without a position, what is not yet reached is let go.
    pub silence: Millis,
    /// On a road where no position is expected, as a tunnel, this much longer.
    pub shadow: Millis,
    /// Standing this long before a held green ...
    pub stand: Millis,
    /// ... that is older than this gives the crossing back ...
    pub give_back_green: Millis,
    /// ... for this long.
    pub give_back_off: Millis,
    /// After a hold ended by its cap, the crossing is not asked for again for this long.
    pub reservice: Millis,
    /// Standing this long at its own green opens the next two crossings at once.
    pub blocked: Millis,
    /// A passed site that is not in step by then is no longer shown as recovering.
    pub recovery_max: Millis,
    /// A mission whose vehicle is lost this long has failed.
    pub lost_max: Millis,
    /// The longest corridor that may be asked for.
    pub corridor_max: Millis,
    /// Rank of each class, in the order of [`ServiceClass`]; lower goes first.
    pub ranks: [u8; 5],
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            margin: Millis::from_secs(2),
            brake_mm_per_s2: 3_000,
            warning: Millis::from_secs(3),
            lead_max: Millis::from_secs(75),
            inhibit: Millis::from_secs(15),
            start_loss: Millis::from_secs(2),
            headway: Millis::from_secs(2),
            dead_reckon: Millis::from_secs(5),
            silence: Millis::from_secs(10),
            shadow: Millis::from_secs(20),
            stand: Millis::from_secs(20),
            give_back_green: Millis::from_secs(60),
            give_back_off: Millis::from_secs(30),
            reservice: Millis::from_secs(60),
            blocked: Millis::from_secs(5),
            recovery_max: Millis::from_secs(60),
            lost_max: Millis::from_secs(300),
            corridor_max: Millis::from_secs(3_600),
            ranks: [1, 2, 3, 4, 5],
        }
    }
}

impl Settings {
    /// The rank of `class`; lower goes first.
    #[must_use]
    pub fn rank(&self, class: ServiceClass) -> u8 {
        let [ambulance, fire, rescue, police, escort] = self.ranks;
        match class {
            ServiceClass::Ambulance => ambulance,
            ServiceClass::Fire => fire,
            ServiceClass::Rescue => rescue,
            ServiceClass::Police => police,
            ServiceClass::Escort => escort,
        }
    }

    /// Time over the braking distance at `speed`, not braking.
    #[must_use]
    pub fn braking_time(&self, speed: Speed) -> Millis {
        let twice = u64::from(self.brake_mm_per_s2).max(1) * 2;
        let ms = u64::from(speed.as_mm_per_s()) * 1000 / twice;
        Millis::new(u32::try_from(ms).unwrap_or(u32::MAX))
    }
}
