//! What happened to corridors, for the journal and the consoles.

use serde::{Deserialize, Serialize};

use super::{CrossingState, FixRefusal, LeaseStep, MissionState};
use crate::ids::{CorridorId, SiteId};
use crate::signal::GroupSet;
use crate::units::{Millis, Mono};

/// Why a person ended a corridor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// The traffic-police operator ended it.
    Operator,
    /// The dispatch desk ended it.
    Dispatch,
    /// The crew says it is there.
    Arrived,
}

/// Why a lease ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaseEnd {
    /// The vehicle is through.
    Passed,
    /// The vehicle stood too long before the held green.
    GivenBack,
    /// The hold reached the site's cap.
    Capped,
    /// The operator took the signal out.
    TakenOut,
    /// The site cannot serve it any more.
    Unavailable,
    /// Another vehicle goes first.
    Outranked,
    /// The vehicle is lost or off its route.
    Lost,
    /// The vehicle has left its route and cannot come here any more.
    Unreachable,
    /// The corridor is over, or its new plan does not pass here.
    Over,
    /// The start moment has moved away.
    NotYet,
}

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorridorEvent {
    /// When.
    pub at: Mono,
    /// To which corridor.
    pub corridor: CorridorId,
    /// What.
    pub what: What,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// The corridor was taken, with this plan revision.
    Opened(u32),
    /// A new plan revision runs.
    Replaced(u32),
    /// A person ended it.
    Cancelled(CancelReason),
    /// The mission moved from one state to another.
    Mission(MissionState, MissionState),
    /// A crossing moved from one state to another.
    Crossing(SiteId, CrossingState, CrossingState),
    /// A lease was given, or its groups or step changed.
    Leased(SiteId, GroupSet, LeaseStep),
    /// A lease ended.
    LeaseEnded(SiteId, LeaseEnd),
    /// The vehicle is through; was it green when the driver had to decide, and how long was the
    /// crossing held in all.
    Passed(SiteId, bool, Millis),
    /// The lock of this crossing is late by this much: from the outset, or more than said before.
    Late(SiteId, Millis),
    /// The vehicle has left its route: what it cannot reach is let go, and a new plan is asked for.
    Strayed,
    /// The vehicle stands before its own green, or the road behind it is full: a way round is asked
    /// for.
    Blocked(SiteId),
    /// Another corridor goes first at this signal: the crew has to expect red, and this is how
    /// much later it gets through. Told before the vehicle has to decide, and again when the time
    /// has changed.
    ExpectRed(SiteId, CorridorId, Millis),
    /// A signal was taken out of the corridor.
    TakenOut(SiteId),
    /// A position was refused.
    FixRefused(FixRefusal),
}

/// Where a mission writes what happened to it.
#[derive(Debug)]
pub(super) struct Log<'a> {
    pub(super) corridor: CorridorId,
    pub(super) events: &'a mut Vec<CorridorEvent>,
}

impl Log<'_> {
    pub(super) fn add(&mut self, at: Mono, what: What) {
        let corridor = self.corridor;
        self.events.push(CorridorEvent { at, corridor, what });
    }
}
