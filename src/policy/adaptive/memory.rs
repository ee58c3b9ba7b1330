//! What adaptive control remembers of lanes and movements from second to second.

use serde::{Deserialize, Serialize};

use super::model::Model;
use super::units::secs_since;
use crate::detect::{MovementReport, Picture, Sighting};
use crate::ids::StageId;
use crate::kernel::Kernel;
use crate::plan::Tuning;
use crate::signal::GroupSet;
use crate::units::{Millis, Mono, Speed};

/// Slower than this a vehicle stands.
const STANDING: Speed = Speed::from_mm_per_s(500);
/// A head is as near to the stop line as this.
const HEAD_WITHIN_MM: u32 = 12_000;
/// Green for so long and a head that could drive would have moved.
const HEAD_TIME: Millis = Millis::from_secs(3);
/// A queue reaches from the stop line to here at least, for those who wait.
const WAITING_WITHIN_MM: u32 = 100_000;
/// A vehicle that takes another lane as likely as not does not wait in this one yet.
const SURE: u16 = 500;
/// Counts of turns are halved when they reach this, so that they follow the day.
const COUNTED_MAX: f32 = 200.0;
/// Standing vehicles take more than this of the way out: it is full.
const EXIT_TAKEN_MAX: u16 = 850;

/// One way through the junction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Way {
    /// Vehicles that took it, of late.
    taken: f32,
    /// The rolling count as last read.
    departed: Option<u16>,
    /// How likely the head of its lane takes it.
    pub(super) head: f32,
    /// How likely any other vehicle of its lane takes it.
    pub(super) share: f32,
    /// Somebody has waited for its green since.
    pub(super) red_since: Option<Mono>,
    /// The road it leads into is full until then, as far as is known.
    pub(super) full_until: Mono,
    /// Vehicles that stand inside the junction on it.
    pub(super) inside_slow: u8,
    /// Somebody has been reported inside since before a wait for them that ran out.
    pub(super) is_doubted: bool,
}

/// One lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct LaneMemory {
    departed: Option<u32>,
    /// The last departure, or the last moment the lane had no green.
    moved: Mono,
    /// The present head has stood at the line since.
    head_since: Option<Mono>,
    /// Somebody is in the lane.
    is_occupied: bool,
}

/// The memory of a site.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Memory {
    pub(super) ways: Vec<Way>,
    lanes: Vec<LaneMemory>,
    /// Until when a lane is not counted on in a stage: row by stage, column by lane.
    stuck_until: Vec<Mono>,
}

/// What runs now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Running<'a> {
    pub(super) now: Mono,
    pub(super) stage: StageId,
    pub(super) go: GroupSet,
    /// Knows since when each group is in go.
    pub(super) kernel: &'a Kernel,
}

impl Memory {
    pub(super) fn of(model: &Model, stages: usize) -> Self {
        let mut memory = Self {
            ways: vec![Way::default(); model.movements.len()],
            lanes: vec![LaneMemory::default(); model.lanes.len()],
            stuck_until: vec![Mono::ZERO; model.lanes.len().saturating_mul(stages)],
        };
        memory.settle_shares(model);
        memory
    }

    /// Until when `lane` is not counted on in `stage`.
    pub(super) fn stuck_until(&self, stage: StageId, lane: usize) -> Mono {
        let at = stage
            .index()
            .saturating_mul(self.lanes.len())
            .saturating_add(lane);
        self.stuck_until.get(at).copied().unwrap_or_default()
    }

    /// Takes a new picture.
    pub(super) fn observe(
        &mut self,
        model: &Model,
        picture: &Picture,
        running: &Running<'_>,
        tuning: &Tuning,
    ) {
        self.take_reports(model, picture.movements(), running.now, tuning);
        self.settle_shares(model);
        let mut seen = picture.sightings().iter().peekable();
        for lane in 0..model.lanes.len() {
            let mut nearest = None;
            while let Some(vehicle) = seen.next_if(|seen| usize::from(seen.lane) <= lane) {
                if usize::from(vehicle.lane) == lane && nearest.is_none() {
                    nearest = Some(*vehicle);
                }
            }
            let departed = picture.departed().get(lane).copied();
            self.look_at_lane((model, tuning), lane, (nearest, departed), running);
        }
    }

    fn take_reports(
        &mut self,
        model: &Model,
        reports: &[MovementReport],
        now: Mono,
        tuning: &Tuning,
    ) {
        for (way, report) in self.ways.iter_mut().zip(reports) {
            if let Some(before) = way.departed.replace(report.departed) {
                way.taken += f32::from(report.departed.wrapping_sub(before));
            }
            way.inside_slow = report.inside_slow;
            way.is_doubted &= report.inside_slow > 0;
            let is_full = report.exit_blocked
                || (report.exit_taken > EXIT_TAKEN_MAX && report.exit_standing >= 2);
            if is_full {
                way.full_until = now + super::units::millis(tuning.exit_block_s);
            }
        }
        for lane in &model.lanes {
            let ways = self
                .ways
                .get_mut(lane.movements.clone())
                .unwrap_or_default();
            if ways.iter().map(|way| way.taken).sum::<f32>() > COUNTED_MAX {
                for way in ways {
                    way.taken /= 2.0;
                }
            }
        }
    }

    /// Those inside have not left in all the time the junction was held for them: they are locked
    /// in, or the sensor is wrong.
    pub(super) fn doubt_who_stands_inside(&mut self) {
        for way in self.ways.iter_mut().filter(|way| way.inside_slow > 0) {
            way.is_doubted = true;
        }
    }

    /// How the vehicles of each lane part, from what was counted.
    fn settle_shares(&mut self, model: &Model) {
        for lane in &model.lanes {
            let ways = self
                .ways
                .get_mut(lane.movements.clone())
                .unwrap_or_default();
            let all: f32 = ways.iter().map(|way| way.taken + 1.0).sum();
            for way in ways {
                way.share = (way.taken + 1.0) / all.max(1.0);
                if way.head <= 0.0 {
                    way.head = way.share;
                }
            }
        }
    }

    fn look_at_lane(
        &mut self,
        (model, tuning): (&Model, &Tuning),
        lane: usize,
        (nearest, departed): (Option<Sighting>, Option<u32>),
        running: &Running<'_>,
    ) {
        let (Some(kept), Some(info)) = (self.lanes.get_mut(lane), model.lanes.get(lane)) else {
            return;
        };
        let now = running.now;
        let has_left = departed != kept.departed;
        kept.departed = departed;
        let green = (info.groups.intersection(running.go).iter())
            .filter_map(|group| running.kernel.green_for(group, now))
            .max();
        if has_left || green.is_none() {
            kept.moved = now;
        }
        let stands = nearest
            .is_some_and(|head| head.speed < STANDING && head.distance.as_mm() <= HEAD_WITHIN_MM);
        kept.is_occupied = nearest
            .is_some_and(|head| head.share >= SURE && head.distance.as_mm() <= WAITING_WITHIN_MM);
        if has_left || !stands {
            kept.head_since = None;
        }
        let is_new = stands && kept.head_since.is_none();
        let head_since = if stands {
            *kept.head_since.get_or_insert(now)
        } else {
            now
        };
        let (moved, is_occupied) = (kept.moved, kept.is_occupied);
        let ways = self
            .ways
            .get_mut(info.movements.clone())
            .unwrap_or_default();
        if is_new || !stands {
            for way in &mut *ways {
                way.head = way.share;
            }
        }
        for (way, known) in ways.iter_mut().zip(model.ways(lane)) {
            let is_served = running.go.contains(known.group);
            way.red_since = match way.red_since {
                _ if !is_occupied || is_served => None,
                Some(since) => Some(since),
                None => Some(now),
            };
        }
        if let Some(green) = green.filter(|_| stands && !is_new) {
            let patient = green.min(now.since(head_since));
            if patient >= HEAD_TIME {
                doubt_head(ways, model.ways(lane), running.go, tuning.head_evidence);
            }
            let idle = green.min(now.since(moved));
            if super::units::secs(idle) >= tuning.stuck_s {
                self.block(running.stage, lane, now, tuning);
            }
        }
    }

    fn block(&mut self, stage: StageId, lane: usize, now: Mono, tuning: &Tuning) {
        let at = stage
            .index()
            .saturating_mul(self.lanes.len())
            .saturating_add(lane);
        if let Some(until) = self.stuck_until.get_mut(at) {
            *until = now + super::units::millis(tuning.stuck_block_s);
        }
    }

    /// How long somebody has waited for a movement's green, seconds.
    pub(super) fn red_s(&self, way: usize, now: Mono) -> f32 {
        let since = self.ways.get(way).and_then(|way| way.red_since);
        since.map_or(0.0, |since| secs_since(now, since))
    }
}

/// A head that stands on green wants a movement that is not green, or one that yields.
fn doubt_head(
    ways: &mut [Way],
    known: &[super::model::ModelMovement],
    go: GroupSet,
    evidence: f32,
) {
    for (way, known) in ways.iter_mut().zip(known) {
        if go.contains(known.group) && known.yields.is_disjoint(go) {
            way.head *= 1.0 - evidence;
        }
    }
    let all: f32 = ways.iter().map(|way| way.head).sum();
    if all > 0.0 {
        for way in ways {
            way.head = (way.head / all).max(0.001);
        }
    }
}
