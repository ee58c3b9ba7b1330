//! What the journal tells of one corridor's run.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::corridor::{CorridorPlan, MissionState};
use crate::ids::{ApproachId, CorridorId, SiteId};
use crate::units::{CivilTime, Length, Millis, Mono, Speed};

/// A run as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    /// The way that was driven: the last plan that ran, behind what was driven of those before it.
    pub plan: Arc<CorridorPlan>,
    /// The plan that was opened.
    pub first: Arc<CorridorPlan>,
    /// When it was given another way.
    pub rerouted: Vec<Mono>,
    /// When it was opened.
    pub opened: Mono,
    /// What the wall clock showed then.
    pub opened_civil: CivilTime,
    /// When the vehicle was first seen to move.
    pub departed: Option<Mono>,
    /// When it was over, or the journal ended.
    pub ended: Mono,
    /// How it ended; the last state if the journal ended first.
    pub state: MissionState,
    /// When the last position of it was true that was believed.
    pub seen: Option<Mono>,
    /// Where the vehicle was, second by second.
    pub track: Vec<TrackPoint>,
    /// The signals of the plan in order.
    pub signals: Vec<SignalRun>,
    /// The signal behind the destination, if the plan names one.
    pub beyond: Option<SignalRun>,
    /// Signals that were held, but were not on the way any more when another one was given.
    pub abandoned: Vec<SignalRun>,
    /// Where and when others had to yield.
    pub yielded: Vec<super::Yielded>,
}

/// Where the vehicle was at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackPoint {
    /// The moment.
    pub at: Mono,
    /// Along the route.
    pub along: Length,
    /// Over ground.
    pub speed: Speed,
}

/// One signal of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignalRun {
    /// The site.
    pub site: SiteId,
    /// The approach the vehicle came in by.
    pub approach: ApproachId,
    /// Lamps of its groups read back green: from and to.
    pub greens: Vec<GreenSpan>,
    /// Locked for the corridor: from and to.
    pub holds: Vec<GreenSpan>,
    /// The fullest lane of the approach, every few seconds.
    pub queues: Vec<QueueSample>,
    /// How much too late the lock was from the outset; zero if it was not.
    pub late_by: Millis,
    /// Read back green when the driver had to decide.
    pub green_in_time: Option<bool>,
    /// When the vehicle was over the stop line.
    pub passed_at: Option<Mono>,
    /// It stood on this approach for so long.
    pub stood: Millis,
    /// Of this, where no queue of the signal reached.
    pub stood_far: Millis,
    /// The corridor that went first here, if one did.
    pub refused_by: Option<CorridorId>,
}

/// Something that lasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GreenSpan {
    /// From.
    pub from: Mono,
    /// To.
    pub to: Mono,
}

/// A queue at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueSample {
    /// The moment.
    pub at: Mono,
    /// Vehicles in the fullest lane.
    pub vehicles: u16,
}

impl RunRecord {
    /// Time from setting off to the last signal passed; nothing if it passed none.
    #[must_use]
    pub fn travel(&self) -> Option<Millis> {
        let last = self
            .signals
            .iter()
            .rev()
            .find_map(|signal| signal.passed_at)?;
        Some(last.since(self.departed?))
    }
}

/// Adds a moment to spans: the last one goes on, or a new one begins.
pub(super) fn extend(spans: &mut Vec<GreenSpan>, now: Mono, is_on: bool, was_on: bool) {
    if !is_on {
        return;
    }
    match spans.last_mut().filter(|_| was_on) {
        Some(last) => last.to = now,
        None => spans.push(GreenSpan { from: now, to: now }),
    }
}
