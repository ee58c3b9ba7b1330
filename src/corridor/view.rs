//! Missions and crossings as consoles and partners are shown them.

use serde::{Deserialize, Serialize};

use super::passage::Hold;
use super::{
    CorridorPlan, Corridors, CrossingState, FixCounts, Mission, MissionState, ServiceClass,
};
use crate::ids::{ApproachId, CorridorId, SiteId};
use crate::signal::GroupSet;
use crate::units::{Length, Millis, Mono, Speed};

/// A corridor as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MissionView {
    /// Which corridor.
    pub corridor: CorridorId,
    /// The plan revision that runs.
    pub revision: u32,
    /// The vehicle's id as the dispatch system gives it.
    pub vehicle: String,
    /// What the vehicle is.
    pub class: ServiceClass,
    /// 1 (highest) to 5.
    pub priority: u8,
    /// Where the mission stands.
    pub state: MissionState,
    /// Since when.
    pub state_since: Mono,
    /// When the corridor was opened.
    pub opened: Mono,
    /// When it ends at the latest.
    pub expires: Mono,
    /// Where the vehicle is; `None` before its first believed position.
    pub position: Option<PositionView>,
    /// The next signal ahead.
    pub next: Option<SiteId>,
    /// When the vehicle is expected at the end of its route.
    pub arrival: Mono,
    /// Positions used and refused.
    pub fixes: FixCounts,
    /// The crossings in order.
    pub crossings: Vec<CrossingView>,
    /// The signal behind the destination, while it is held for the vehicle.
    pub beyond: Option<CrossingView>,
}

/// Where the vehicle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionView {
    /// Along the route, moved forward to now.
    pub along: Length,
    /// Age of the position it rests on.
    pub age: Millis,
    /// Speed over ground at that time.
    pub speed: Speed,
    /// The last positions were on the route.
    pub on_route: bool,
}

/// One crossing of a corridor as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrossingView {
    /// The site.
    pub site: SiteId,
    /// The approach the vehicle comes in by.
    pub approach: ApproachId,
    /// The emergency green; empty where the site states none.
    pub groups: GroupSet,
    /// Where the crossing stands.
    pub state: CrossingState,
    /// When the vehicle is expected at the stop line.
    pub eta: Mono,
    /// From there to the arrival that nine drives in ten keep.
    pub eta_err: Millis,
    /// One drive in ten is there earlier.
    pub eta_early: Mono,
    /// One drive in ten is there later.
    pub eta_late: Mono,
    /// The latest moment the lock can start and be in time.
    pub start: Mono,
    /// Since when the lamps are read back green under this hold.
    pub green_at: Option<Mono>,
    /// When the hold is expected to end.
    pub hold_until: Option<Mono>,
    /// How much too late the lock was from the outset.
    pub late_by: Millis,
    /// Vehicles expected before ours in the fullest lane.
    pub queue: u32,
    /// The corridor that goes first here: expect red.
    pub refused_by: Option<CorridorId>,
    /// What the vehicle will wait for it.
    pub wait: Millis,
    /// Lamps read back green when the driver had to decide; `None` before that.
    pub green_at_decision: Option<bool>,
    /// When the vehicle was through.
    pub passed_at: Option<Mono>,
    /// Time held so far, over all holds.
    pub held: Millis,
}

impl Mission {
    /// The mission as it stands at `now`.
    #[must_use]
    pub fn view(&self, now: Mono, corridors: &Corridors) -> MissionView {
        let plan = self.plan();
        let along = self.track.along(now, corridors.settings());
        let position = self.track.spot().map(|spot| PositionView {
            along: along.min(plan.length),
            age: now.since(spot.at),
            speed: spot.speed,
            on_route: !self.track.is_off_route(),
        });
        let next = plan.crossings.iter().zip(&self.passages);
        let next = next.filter(|(_, p)| !p.is_done()).map(|(c, _)| c.site);
        let crossings = (0..plan.crossings.len()).filter_map(|at| self.crossing_view(at, now));
        MissionView {
            corridor: plan.corridor,
            revision: plan.revision,
            vehicle: plan.vehicle.clone(),
            class: plan.class,
            priority: plan.priority,
            state: self.state,
            state_since: self.since,
            opened: self.opened,
            expires: plan.expires,
            position,
            next: next.into_iter().next(),
            arrival: self.arrival(now, corridors),
            fixes: self.track.counts(),
            crossings: crossings.collect(),
            beyond: self.beyond_view(now),
        }
    }

    /// Positions used and refused so far.
    #[must_use]
    pub const fn fixes(&self) -> FixCounts {
        self.track.counts()
    }

    fn beyond_view(&self, now: Mono) -> Option<CrossingView> {
        let at = self.plan().crossings.len();
        let is_held = self.passages.get(at)?.is_locked();
        self.crossing_view(at, now).filter(|_| is_held)
    }

    /// One crossing as it stands at `now`, by its place on the route; behind the last one the signal
    /// behind the destination.
    #[must_use]
    pub fn crossing_view(&self, at: usize, now: Mono) -> Option<CrossingView> {
        let crossing = self.plan().places().nth(at)?;
        let passage = self.passages.get(at)?;
        let forecast = &passage.forecast;
        Some(CrossingView {
            site: crossing.site,
            approach: crossing.approach,
            groups: crossing.groups,
            state: passage.state,
            eta: forecast.eta,
            eta_err: forecast.eta_err,
            eta_early: forecast.eta_early,
            eta_late: forecast.eta_late,
            start: forecast.start,
            green_at: passage.green_since(),
            hold_until: passage.hold_until(crossing, now, self.cap((crossing, passage), now)),
            late_by: passage.late_by,
            queue: forecast.queue_milli / 1000,
            refused_by: passage.refused_by,
            wait: passage.wait,
            green_at_decision: passage.green_at_decision,
            passed_at: match passage.hold {
                Hold::Done { at, .. } => Some(at),
                Hold::Idle | Hold::Leased { .. } | Hold::Paused { .. } => None,
            },
            held: passage.held + passage.held_now(now),
        })
    }

    fn arrival(&self, now: Mono, corridors: &Corridors) -> Mono {
        let plan = self.plan();
        let mut ahead = plan.crossings.iter().zip(&self.passages);
        match ahead.rfind(|(_, passage)| !passage.is_done()) {
            Some((crossing, passage)) => {
                passage.forecast.eta.max(now) + rest(plan, crossing.free_flow)
            }
            None => now + rest(plan, self.track.clock(plan, now, corridors.settings())),
        }
    }
}

fn rest(plan: &CorridorPlan, clock: Millis) -> Millis {
    plan.free_flow.saturating_sub(clock)
}
