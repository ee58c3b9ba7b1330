//! What a cycle showed: how the greens were used, and when vehicles came.

use serde::{Deserialize, Serialize};

use super::super::context::PolicyContext;
use crate::ids::StageId;
use crate::plan::{CheckedSite, Plan};
use crate::units::{Millis, Mono, Speed};

/// Time between two vehicles that leave a queue, milliseconds.
const HEADWAY_MS: u32 = 2000;
/// Slower than this a vehicle stands.
const STANDING: Speed = Speed::from_mm_per_s(500);
/// Slower than this no vehicle is taken to drive on, mm/s.
const SLOWEST: u32 = 5000;
/// Longest cycle whose arrivals are kept second by second.
const BINS: usize = 256;
/// The part of a split that is change, where arrivals are compared.
const CHANGE_S: usize = 5;
/// Arrivals are looked for up to this share of the cycle before and after the green.
const LOOK_SHARE: usize = 4;
/// Fewer arrivals than this say nothing.
const ARRIVALS_MIN: u32 = 8;

/// One lane over one cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct LaneUse {
    /// As last read.
    departed: Option<u32>,
    /// Vehicles that have left or are in sight, as last read.
    known: Option<u32>,
    green_ms: u32,
    /// Vehicles that used the green.
    used: u32,
    /// Those who stood when it ended.
    left: u32,
}

/// The measurements of a site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Measure {
    looked: Mono,
    lanes: Vec<LaneUse>,
    /// Arrivals at the stop lines of the coordinated stage by second of the cycle, eighths.
    arrivals: Vec<u32>,
}

impl Measure {
    pub(super) fn of(site: &CheckedSite) -> Self {
        let lanes = site.approaches.iter().map(|approach| approach.lanes.len());
        Self {
            looked: Mono::ZERO,
            lanes: vec![LaneUse::default(); lanes.sum()],
            arrivals: vec![0; BINS],
        }
    }

    pub(super) fn begin_plan(&mut self) {
        self.arrivals.fill(0);
        self.begin_cycle();
    }

    /// Forgets the greens of the last cycle.
    pub(super) fn begin_cycle(&mut self) {
        for lane in &mut self.lanes {
            lane.green_ms = 0;
            lane.used = 0;
            lane.left = 0;
        }
    }

    /// Takes a new picture; `local` is where the plan's clock stands.
    pub(super) fn observe(&mut self, ctx: &PolicyContext<'_>, local: u32) {
        let picture = ctx.picture;
        if picture.taken() == self.looked {
            return;
        }
        let passed = picture.taken().since(self.looked).min(Millis::from_secs(2));
        self.looked = picture.taken();
        let coordinated = ctx.plan.coordinated.or_else(|| {
            let first = ctx.plan.sequence.first();
            first.map(|entry| entry.stage)
        });
        let main = coordinated
            .map(|stage| ctx.groups_of(stage))
            .unwrap_or_default();
        let mut seen = picture.sightings().iter().peekable();
        let lanes = ctx
            .site
            .approaches
            .iter()
            .flat_map(|approach| &approach.lanes);
        for (number, (info, lane)) in lanes.zip(&mut self.lanes).enumerate() {
            let (mut standing, mut in_sight, mut travel_ms) = (0_u32, 0_u32, 0_u32);
            while let Some(vehicle) = seen.next_if(|seen| usize::from(seen.lane) <= number) {
                if usize::from(vehicle.lane) < number || vehicle.share < 1000 {
                    continue;
                }
                in_sight += 1;
                standing += u32::from(vehicle.speed < STANDING);
                let speed = vehicle.speed.as_mm_per_s().max(SLOWEST);
                travel_ms = vehicle.distance.as_mm() / (speed / 1000);
            }
            let departed = picture.departed().get(number).copied().unwrap_or_default();
            let before = lane.departed.replace(departed).unwrap_or(departed);
            let went = departed.wrapping_sub(before);
            let known = departed.wrapping_add(in_sight);
            let before = lane.known.replace(known).unwrap_or(known);
            let came = known.wrapping_sub(before);
            if !info.groups().is_disjoint(ctx.go) {
                lane.green_ms += passed.as_ms();
                lane.left = standing;
                lane.used += went;
            } else if lane.green_ms > 0 {
                lane.used += went;
            }
            // A guess that is taken back shows as a count that runs backwards.
            if !info.groups().is_disjoint(main) && came < 100 {
                note(&mut self.arrivals, ctx.plan, local + travel_ms, came);
            }
        }
    }

    /// How saturated the greens of `stage` were, per mille: its fullest lane. Nothing if a detector
    /// of it cannot be believed, or if no lane of it was green.
    pub(super) fn saturation(&self, ctx: &PolicyContext<'_>, stage: StageId) -> Option<u32> {
        let groups = ctx.groups_of(stage);
        if !groups.is_disjoint(ctx.doubts.groups) {
            return None;
        }
        let lanes = ctx
            .site
            .approaches
            .iter()
            .flat_map(|approach| &approach.lanes);
        let used = lanes.zip(&self.lanes).filter_map(|(info, lane)| {
            let is_served = !info.groups().is_disjoint(groups);
            let wanted = (lane.used + lane.left).saturating_mul(HEADWAY_MS);
            (is_served && lane.green_ms > 0).then(|| {
                let share = u64::from(wanted) * 1000 / u64::from(lane.green_ms);
                u32::try_from(share).unwrap_or(u32::MAX).min(2000)
            })
        });
        used.max()
    }

    /// True if more vehicles would arrive on the coordinated green were it later, false if earlier;
    /// nothing if it lies well. Halves what is remembered.
    pub(super) fn arrivals_want_later(&mut self, plan: &Plan) -> Option<bool> {
        let cycle = usize::try_from(plan.cycle.as_ms() / 1000).ok()?;
        if cycle < LOOK_SHARE || cycle > self.arrivals.len() {
            return None;
        }
        let first = plan
            .sequence
            .iter()
            .find(|entry| Some(entry.stage) == plan.coordinated);
        let split = first.or(plan.sequence.first())?.split.as_ms() / 1000;
        let green = usize::try_from(split).ok()?.checked_sub(CHANGE_S)?;
        let on_green = |from: usize| -> u32 {
            let bins = (from..from + green).filter_map(|at| self.arrivals.get(at % cycle));
            bins.sum()
        };
        let total: u32 = self.arrivals.iter().take(cycle).sum();
        let now = on_green(0);
        // The nearest move with the most arrivals on green; later wins a tie.
        let mut best = (now, false);
        for look in 1..=cycle / LOOK_SHARE {
            for (later, from) in [(true, look), (false, cycle - look)] {
                let found = on_green(from);
                if found > best.0 {
                    best = (found, later);
                }
            }
        }
        for bin in &mut self.arrivals {
            *bin /= 2;
        }
        let gain = best.0.saturating_sub(now);
        let is_worth_it = total >= ARRIVALS_MIN * 8 && gain * 20 >= total;
        is_worth_it.then_some(best.1)
    }
}

/// Notes arrivals in the second of the cycle they come in.
fn note(arrivals: &mut [u32], plan: &Plan, at_ms: u32, vehicles: u32) {
    let second = (at_ms % plan.cycle.as_ms().max(1)) / 1000;
    if let Some(bin) = usize::try_from(second)
        .ok()
        .and_then(|at| arrivals.get_mut(at))
    {
        *bin += vehicles * 8;
    }
}
