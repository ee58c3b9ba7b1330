//! The vehicle's drive without the key: the same links, the twin's signals and queues.

use super::gate::Gate;
use super::run::{GreenSpan, RunRecord};
use super::street::QueueStreet;
use crate::ids::{ApproachId, SiteId};
use crate::plan::CheckedSite;
use crate::signal::GroupSet;
use crate::units::{Millis, Mono};

/// Braking and getting up to speed cost a vehicle that had to stop this much on top.
const STOP_LOSS: Millis = Millis::from_secs(5);
/// A signal that does not let it through by then is given up: something is wrong with the twin.
pub(super) const PATIENCE: Millis = Millis::from_secs(400);

/// The vehicle in the twin.
#[derive(Clone, Debug)]
pub(super) struct TwinDrive {
    /// Moving time to each signal from the one before, and the lanes it may take there.
    links: Vec<Link>,
    at: usize,
    /// When it is at the next signal's queue.
    arrives: Mono,
    waits: Option<Wait>,
    /// When it was at each signal, and over it.
    pub(super) passes: Vec<GreenSpan>,
    /// The queue that may stand where it is going.
    gate: Option<Gate>,
    /// When it was over the last signal, with what it then stood before its destination.
    pub(super) arrived: Option<Mono>,
}

#[derive(Clone, Debug)]
struct Link {
    moving: Millis,
    /// The same at the pace of the others, for who drives among them.
    among: Millis,
    /// By lane: the groups that let it go where it goes; nothing if the lane leads elsewhere.
    lanes: Vec<Option<GroupSet>>,
    place: usize,
}

impl Link {
    /// Behind whom the vehicle waits: in the shortest lane that leads where it goes.
    fn queue_up(
        &self,
        (site, approach): (SiteId, ApproachId),
        now: Mono,
        street: &QueueStreet<'_>,
    ) -> Wait {
        let leads = |kerb: usize| self.lanes.get(kerb).is_none_or(Option::is_some);
        let kerbs = (0..self.lanes.len().max(1)).filter(|kerb| leads(*kerb));
        let known = kerbs.filter_map(|kerb| {
            let lane = street.lane(site, approach, kerb)?;
            Some((lane.queue(), kerb, lane.left()))
        });
        let (ahead, kerb, left) = known.min().unwrap_or_default();
        Wait {
            since: now,
            kerb,
            ahead,
            left,
        }
    }
}

/// A wait in a lane: since when, and for how many to leave before its own place is free.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    pub(super) since: Mono,
    pub(super) kerb: usize,
    pub(super) ahead: u32,
    /// Vehicles that had left the lane by then.
    pub(super) left: u32,
}

impl TwinDrive {
    /// A drive over the signals that the vehicle passed; nothing if it never set off.
    /// Its drive takes `share` per mille of what it took.
    pub(super) fn new(
        record: &RunRecord,
        sites: &[alloc::sync::Arc<CheckedSite>],
        share: u32,
    ) -> Option<Self> {
        let departed = record.departed?;
        let mut links = Vec::new();
        let slowest = pace(record);
        let mut before = (departed, Millis::ZERO);
        for (place, signal) in record.signals.iter().enumerate() {
            let crossing = record.plan.crossings.get(place)?;
            let Some(passed) = signal.passed_at else {
                break;
            };
            let took = passed.since(before.0);
            // Who stood far before the queue was kept by something else, and would be again.
            let queued = signal.stood.saturating_sub(signal.stood_far);
            let stop = with_stop(queued);
            let free = crossing.free_flow.saturating_sub(before.1);
            let least = Millis::new(free.as_ms() / 10 * 8).min(took);
            // Who creeps in a queue that dissolves has moved, but has waited too.
            let most = scaled(free, slowest).max(least);
            let moving = took.saturating_sub(stop + signal.stood_far);
            let moving = scaled(moving.clamp(least, most), share) + signal.stood_far;
            links.push(Link {
                moving,
                among: moving.max(scaled(free, record.plan.pace_percent.max(100) * 10)),
                lanes: lanes(record, place, sites),
                place,
            });
            before = (passed, crossing.free_flow);
        }
        let arrives = departed + links.first()?.moving;
        let passed_all = links.len() == record.plan.crossings.len();
        Some(Self {
            links,
            at: 0,
            arrives,
            waits: None,
            passes: Vec::new(),
            gate: passed_all.then(|| Gate::of(&record.plan, share)).flatten(),
            arrived: None,
        })
    }

    /// One cycle of the twin has passed.
    pub(super) fn step(&mut self, now: Mono, record: &RunRecord, street: &QueueStreet<'_>) {
        if self.at == self.links.len()
            && let Some(gate) = &mut self.gate
        {
            self.arrived = self.arrived.or(gate.passed(now, street));
            return;
        }
        let Some(link) = self.links.get(self.at).filter(|_| now >= self.arrives) else {
            return;
        };
        let Some(crossing) = record.plan.crossings.get(link.place) else {
            return;
        };
        let place = (crossing.site, crossing.approach);
        let wait = *self
            .waits
            .get_or_insert_with(|| link.queue_up(place, now, street));
        let lane = street.lane(place.0, place.1, wait.kerb);
        let own = link.lanes.get(wait.kerb).copied().flatten();
        let goes = own.is_none_or(|groups| street.is_go(place.0, groups));
        let is_through = lane.is_none_or(|lane| {
            let gone = lane.left().wrapping_sub(wait.left);
            let first = wait.ahead == 0 && wait.since == now;
            let yields = street.is_busy(place.0, lane.yields(), now);
            goes && !yields
                && gone >= wait.ahead
                && if first {
                    lane.is_green()
                } else {
                    lane.drives(now)
                }
        });
        if !is_through && now.since(wait.since) < PATIENCE {
            return;
        }
        let stood = now.since(wait.since);
        let behind = wait.ahead > 0;
        let over = wait.since + with_stop(stood);
        self.passes.push(GreenSpan {
            from: wait.since,
            to: over,
        });
        self.waits = None;
        self.at += 1;
        match self.links.get(self.at) {
            // Who has waited behind others follows them to the next signal.
            Some(next) if behind => self.arrives = over + next.among,
            Some(next) => self.arrives = over + next.moving,
            None => match &mut self.gate {
                Some(gate) => gate.set_off(over),
                None => self.arrived = Some(over),
            },
        }
    }
}

/// How long the vehicle took for its links where nothing kept it, per mille of their free flow: the
/// middle one, and a tenth more.
fn pace(record: &RunRecord) -> u32 {
    let mut before = record.departed.map(|at| (at, Millis::ZERO));
    let places = record.plan.crossings.iter().zip(&record.signals);
    let mut shares: Vec<u32> = places
        .map_while(|(crossing, signal)| {
            let (left, clock) = before?;
            let passed = signal.passed_at?;
            let free = crossing.free_flow.saturating_sub(clock).as_ms().max(1);
            let moved = passed.since(left).saturating_sub(signal.stood);
            before = Some((passed, crossing.free_flow));
            u32::try_from(u64::from(moved.as_ms()) * 1000 / u64::from(free)).ok()
        })
        .collect();
    shares.sort_unstable();
    let middle = shares.get(shares.len() / 2).copied().unwrap_or(1000);
    middle.clamp(800, 2_000) * 11 / 10
}

/// What a vehicle loses that stood so long: braking and getting up to speed too.
pub(super) fn with_stop(stood: Millis) -> Millis {
    if stood > Millis::ZERO {
        stood + STOP_LOSS
    } else {
        Millis::ZERO
    }
}

pub(super) fn scaled(time: Millis, per_mille: u32) -> Millis {
    let ms = u64::from(time.as_ms()) * u64::from(per_mille) / 1000;
    Millis::new(u32::try_from(ms).unwrap_or(u32::MAX))
}

/// The lanes of the approach that lead where the vehicle goes, each with the groups that let it; all
/// of them if nobody knows.
fn lanes(
    record: &RunRecord,
    place: usize,
    sites: &[alloc::sync::Arc<CheckedSite>],
) -> Vec<Option<GroupSet>> {
    let crossing = record.plan.crossings.get(place);
    let turn = record.plan.turn_at(place);
    let approach = crossing.and_then(|crossing| {
        let site = sites.get(crossing.site.index())?;
        site.approaches.get(crossing.approach.index())
    });
    let Some(approach) = approach else {
        return Vec::new();
    };
    let groups = |lane: &crate::plan::Lane| {
        let own = lane.movements.iter();
        let own = own.filter(|way| turn.is_none_or(|turn| way.turns.contains(&turn)));
        let own: GroupSet = own.map(|way| way.group).collect();
        (!own.is_empty()).then_some(own)
    };
    let leads: Vec<Option<GroupSet>> = approach.lanes.iter().map(groups).collect();
    if leads.iter().any(Option::is_some) {
        leads
    } else {
        let any = approach.lanes.iter().map(|lane| Some(lane.groups()));
        any.collect()
    }
}
