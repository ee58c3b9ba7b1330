//! The programme clock: where a plan with a cycle stands, and how it gets into step.

use serde::{Deserialize, Serialize};

use super::context::PolicyContext;
use crate::ids::{PlanId, StageId};
use crate::plan::{Plan, PlanStage};
use crate::units::{Millis, Mono};

/// Change of a cycle while getting into step if the plan does not say, per mille.
const TRANSITION_DEFAULT: u32 = 200;

/// Milliseconds into the cycle, counted from the start of green of the coordinated stage.
///
/// It runs whether or not the plan's wish wins, so after a corridor the plan is still in step.
/// After a plan change or a step of the city's clock it runs a little faster or slower, the short
/// way round, until it agrees again; it never jumps and never runs backwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ProgrammeClock {
    plan: Option<PlanId>,
    local: u32,
    last: Mono,
}

impl ProgrammeClock {
    /// Runs the clock on to this cycle. `ring` is the plan's cycle.
    pub(super) fn step(&mut self, ctx: &PolicyContext<'_>, ring: &Ring<'_>) -> u32 {
        let cycle = ring.cycle();
        let target = ring.target(ctx.clock_ms);
        let passed = ctx.now.since(self.last).as_ms();
        self.last = ctx.now;
        match self.plan {
            None => {
                self.plan = Some(ctx.plan_id);
                self.local = target;
                return target;
            }
            Some(plan) if plan != ctx.plan_id => {
                self.plan = Some(ctx.plan_id);
                let stage = ctx.nearest_stage();
                self.local = stage.map_or(target, |stage| ring.green_begins(stage));
                return self.local;
            }
            Some(_) => {}
        }
        let per_mille = match ctx.plan.transition_per_mille {
            0 => TRANSITION_DEFAULT,
            some => u32::from(some).min(900),
        };
        let most = passed.saturating_mul(per_mille) / 1000;
        let local = (self.local % cycle + passed % cycle) % cycle;
        let ahead = (target + cycle - local) % cycle;
        self.local = if ahead <= cycle / 2 {
            local + ahead.min(most)
        } else {
            local + cycle - (cycle - ahead).min(most)
        } % cycle;
        self.local
    }
}

/// The stages of a plan with a cycle, turned so that the coordinated stage comes first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ring<'a> {
    plan: &'a Plan,
    first: usize,
}

impl<'a> Ring<'a> {
    /// The ring of `plan`; nothing if it has no cycle or no stages.
    pub(super) fn of(plan: &'a Plan) -> Option<Self> {
        if plan.cycle == Millis::ZERO || plan.sequence.is_empty() {
            return None;
        }
        let is_first = |entry: &PlanStage| Some(entry.stage) == plan.coordinated;
        let first = plan.sequence.iter().position(is_first).unwrap_or(0);
        Some(Self { plan, first })
    }

    pub(super) const fn len(&self) -> usize {
        self.plan.sequence.len()
    }

    pub(super) fn cycle(&self) -> u32 {
        self.plan.cycle.as_ms().max(1)
    }

    /// The entry in this place, the coordinated one in place 0.
    pub(super) fn entry(&self, place: usize) -> Option<&'a PlanStage> {
        let at = (self.first + place) % self.len().max(1);
        self.plan.sequence.get(at)
    }

    /// Where in the cycle the split of this place begins.
    pub(super) fn start(&self, place: usize) -> u32 {
        (0..place.min(self.len()))
            .filter_map(|place| self.entry(place))
            .fold(0, |sum, entry| sum + entry.split.as_ms())
            .min(self.cycle())
    }

    /// Where in the cycle the split of this place ends; the last one ends with the cycle.
    pub(super) fn end(&self, place: usize) -> u32 {
        if place + 1 >= self.len() {
            self.cycle()
        } else {
            self.start(place + 1)
        }
    }

    /// The place whose split `local` lies in.
    pub(super) fn place_at(&self, local: u32) -> usize {
        (0..self.len())
            .find(|place| local < self.end(*place))
            .unwrap_or(0)
    }

    /// Where the city's clock says the plan should stand.
    pub(super) fn target(&self, clock_ms: u64) -> u32 {
        let cycle = u64::from(self.cycle());
        let offset = u64::from(self.plan.offset.as_ms()) % cycle;
        let local = (clock_ms % cycle + cycle - offset) % cycle;
        u32::try_from(local).unwrap_or(0)
    }

    fn green_begins(&self, stage: StageId) -> u32 {
        let place = (0..self.len())
            .find(|place| self.entry(*place).is_some_and(|entry| entry.stage == stage));
        place.map_or(0, |place| self.start(place))
    }
}
