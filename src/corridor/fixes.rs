//! What becomes of a position, and why it is not used.

use serde::{Deserialize, Serialize};

use crate::units::{Length, Millis, Speed};

/// A position older than this moves no light: it is history. A younger one is moved forward by its
/// age, and the arrivals it gives are wider by half of it.
pub const FIX_AGE_MAX: Millis = Millis::from_secs(15);
/// A position further from the route than this is off it.
pub const OFF_ROUTE: Length = Length::from_metres(40);
/// No vehicle is believed to be faster than this.
pub const SPEED_MAX: Speed = Speed::from_mm_per_s(50_000);

/// What became of a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FixVerdict {
    /// Believed and used.
    Accepted,
    /// Not used, for this reason.
    Refused(FixRefusal),
    /// No running corridor is for this vehicle.
    NoMission,
}

/// Why a position is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FixRefusal {
    /// Older than [`FIX_AGE_MAX`].
    Stale,
    /// From a moment that has not come yet.
    Future,
    /// Not newer than the last one: a repeat or a backlog.
    OutOfOrder,
    /// Not a number, or faster than [`SPEED_MAX`].
    Impossible,
    /// On a road that leaves the route.
    OffRoute,
    /// On no road of the corridor or beside it.
    OffRoad,
    /// As far from the route as GCJ-02 lies from the city's datum, or the other way round: the
    /// receiver states a datum it does not use.
    Datum,
    /// Further along than any vehicle could have come.
    Jump,
    /// Behind where the vehicle was.
    Backwards,
}

/// How many positions were used and how many refused, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixCounts {
    /// Believed and used.
    pub accepted: u32,
    /// Older than [`FIX_AGE_MAX`].
    pub stale: u32,
    /// From a moment that has not come yet.
    pub future: u32,
    /// Repeats and backlog.
    pub out_of_order: u32,
    /// Not a number, or too fast.
    pub impossible: u32,
    /// On a road that leaves the route.
    pub off_route: u32,
    /// On no road of the corridor.
    pub off_road: u32,
    /// In another datum than they say.
    pub datum: u32,
    /// Jumps ahead.
    pub jump: u32,
    /// Jumps back.
    pub backwards: u32,
}

impl FixCounts {
    pub(super) fn count(&mut self, verdict: Result<(), FixRefusal>) {
        let counter = match verdict {
            Ok(()) => &mut self.accepted,
            Err(FixRefusal::Stale) => &mut self.stale,
            Err(FixRefusal::Future) => &mut self.future,
            Err(FixRefusal::OutOfOrder) => &mut self.out_of_order,
            Err(FixRefusal::Impossible) => &mut self.impossible,
            Err(FixRefusal::OffRoute) => &mut self.off_route,
            Err(FixRefusal::OffRoad) => &mut self.off_road,
            Err(FixRefusal::Datum) => &mut self.datum,
            Err(FixRefusal::Jump) => &mut self.jump,
            Err(FixRefusal::Backwards) => &mut self.backwards,
        };
        *counter = counter.saturating_add(1);
    }
}
