//! Trimmed: the plan as it stands, with splits and offset moved a little after what was measured.
//!
//! Over each cycle the use of every green is measured; then a second or two go from the least to
//! the most saturated stage, and the offset goes a second towards the moment at which platoons
//! arrive. The cycle and the order of stages are kept, no stage falls below what its services need,
//! and in any five minutes nothing moves further than the plan file allows. What runs is
//! coordinated control, on a plan with other numbers.

mod measure;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use self::measure::Measure;
use super::budget::StepBudget;
use super::context::{Policy, PolicyContext};
use super::coordinated::Coordinated;
use super::wish::{PolicyKind, Wish};
use crate::ids::PlanId;
use crate::plan::{CheckedSite, Plan, PlanMode, PlanStage};
use crate::units::{Millis, Mono};

/// The bounds of the plan file hold over any time of this length.
const WINDOW: Millis = Millis::from_secs(300);
/// Trims lie at least so far apart, so that a window holds at most [`PAST_MAX`] of them.
const TRIM_EVERY: Millis = Millis::from_secs(30);
/// States of the plan that are remembered.
const PAST_MAX: usize = 11;
/// After so long without control the next turn begins with the plan itself.
const STALE: Millis = Millis::from_secs(600);
/// One move of a split or of the offset.
const STEP_MS: u32 = 1000;
/// Stages that differ less than this in saturation, per mille, are left alone.
const APART: u32 = 100;
/// Nor is anything done for a stage that is less used than this, per mille.
const USED: u32 = 500;
/// The offset strays at most this share of the cycle from the plan's.
const STRAY: u32 = 4;

/// The plan as it was trimmed, and what was measured. Plain data; it allocates when it is made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Trimmed {
    inner: Coordinated,
    of: Option<PlanId>,
    plan: Option<Plan>,
    measure: Measure,
    /// How saturated each stage of the sequence is, per mille, smoothed; `None` if nobody can tell.
    used: Vec<Option<u32>>,
    /// What the offset differs from the plan's, milliseconds.
    shift_ms: i32,
    past: Past,
    cycle_began: Mono,
    changed_at: Mono,
    controlled_at: Mono,
}

/// Splits and offset of the last five minutes, a row for each trim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Past {
    at: Vec<Mono>,
    splits: Vec<u32>,
    shifts: Vec<i32>,
}

impl Past {
    fn with_room(stages: usize) -> Self {
        Self {
            at: Vec::with_capacity(PAST_MAX),
            splits: Vec::with_capacity(PAST_MAX * stages),
            shifts: Vec::with_capacity(PAST_MAX),
        }
    }

    fn clear(&mut self) {
        self.at.clear();
        self.splits.clear();
        self.shifts.clear();
    }

    /// Remembers how the plan stands before a trim, and forgets what is out of the window.
    fn push(&mut self, now: Mono, sequence: &[PlanStage], shift_ms: i32) {
        let stages = sequence.len();
        while (self.at.first())
            .is_some_and(|at| now.since(*at) > WINDOW || self.at.len() >= PAST_MAX)
        {
            self.at.remove(0);
            self.shifts.remove(0);
            self.splits.drain(..stages.min(self.splits.len()));
        }
        self.at.push(now);
        self.shifts.push(shift_ms);
        self.splits
            .extend(sequence.iter().map(|entry| entry.split.as_ms()));
    }

    /// True if `split` of the stage in this place is near enough to all that it was.
    fn allows_split(&self, stages: usize, place: usize, split: u32, most: u32) -> bool {
        let rows = self.splits.chunks(stages.max(1));
        let mut known = rows.filter_map(|row| row.get(place));
        known.all(|was| was.abs_diff(split) <= most)
    }

    fn allows_shift(&self, shift_ms: i32, most: u32) -> bool {
        self.shifts.iter().all(|was| was.abs_diff(shift_ms) <= most)
    }
}

impl Policy for Trimmed {
    fn kind(&self) -> PolicyKind {
        PolicyKind::Trimmed
    }

    fn propose(&mut self, ctx: &PolicyContext<'_>, budget: &mut StepBudget) -> Option<Wish> {
        if ctx.plan.cycle == Millis::ZERO || ctx.plan.sequence.is_empty() {
            return None;
        }
        let is_stale = ctx.now.since(self.controlled_at) > STALE;
        if self.of != Some(ctx.plan_id) || (ctx.in_control && is_stale) {
            self.take(ctx);
        }
        if ctx.in_control {
            self.controlled_at = ctx.now;
        }
        let mut plan = self.plan.take()?;
        let before = self.inner.local();
        let own = PolicyContext {
            plan: &plan,
            ..*ctx
        };
        let wish = self.inner.propose(&own, budget);
        // A guard that steps in for a while does not spoil a cycle: what is measured is real.
        if ctx.now.since(self.controlled_at) <= ctx.plan.cycle {
            self.measure.observe(&own, self.inner.local());
            // A cycle ends where its clock jumps back; splits are only changed there.
            if self.inner.local() < before {
                self.turn_over(ctx, &mut plan);
            }
        } else {
            self.measure.begin_cycle();
            self.cycle_began = ctx.now;
        }
        self.plan = Some(plan);
        Some(Wish {
            source: PolicyKind::Trimmed,
            ..wish?
        })
    }

    fn reset(&mut self) {
        self.inner = Coordinated::default();
        self.of = None;
    }
}

impl Trimmed {
    /// The policy of `site` before its first cycle, with room for its largest plan.
    pub(super) fn new(site: &CheckedSite) -> Self {
        let climbs = |plan: &&Plan| plan.mode == PlanMode::Adaptive && plan.cycle > Millis::ZERO;
        let plans = site.plans.iter().filter(climbs);
        let Some(largest) = plans.max_by_key(|plan| plan.sequence.len()) else {
            return Self::default();
        };
        let stages = largest.sequence.len();
        Self {
            plan: Some(largest.clone()),
            measure: Measure::of(site),
            used: Vec::with_capacity(stages),
            past: Past::with_room(stages),
            ..Self::default()
        }
    }

    /// Begins with the plan that is due, as its file says.
    fn take(&mut self, ctx: &PolicyContext<'_>) {
        self.of = Some(ctx.plan_id);
        if let Some(plan) = &mut self.plan {
            let given = ctx.plan;
            plan.mode = given.mode;
            plan.cycle = given.cycle;
            plan.offset = given.offset;
            plan.coordinated = given.coordinated;
            plan.rest = given.rest;
            plan.transition_per_mille = given.transition_per_mille;
            plan.adaptive = given.adaptive;
            plan.sequence.clear();
            plan.sequence.extend_from_slice(&given.sequence);
        } else {
            self.plan = Some(ctx.plan.clone());
            self.measure = Measure::of(ctx.site);
        }
        self.used.clear();
        self.used.resize(ctx.plan.sequence.len(), None);
        self.shift_ms = 0;
        self.past.clear();
        self.measure.begin_plan();
        self.cycle_began = ctx.now;
        self.changed_at = ctx.now;
    }

    /// The end of a cycle: what was measured, and what follows from it.
    fn turn_over(&mut self, ctx: &PolicyContext<'_>, plan: &mut Plan) {
        let was_whole = ctx.now.since(self.cycle_began).as_ms() * 10 >= plan.cycle.as_ms() * 8;
        self.cycle_began = ctx.now;
        if !was_whole {
            self.measure.begin_cycle();
            return;
        }
        for (used, entry) in self.used.iter_mut().zip(&plan.sequence) {
            let now = self.measure.saturation(ctx, entry.stage);
            *used = match (*used, now) {
                (Some(before), Some(now)) => Some(u32::midpoint(before, now)),
                (_, now) => now,
            };
        }
        if ctx.now.since(self.changed_at) >= TRIM_EVERY {
            self.changed_at = ctx.now;
            self.past.push(ctx.now, &plan.sequence, self.shift_ms);
            self.trim_splits(ctx, plan);
            self.trim_offset(ctx, plan);
        }
        self.measure.begin_cycle();
    }

    /// One step from the least to the most saturated stage that may give and take it.
    fn trim_splits(&self, ctx: &PolicyContext<'_>, plan: &mut Plan) {
        let used = || {
            self.used
                .iter()
                .enumerate()
                .filter_map(|(at, used)| Some((at, (*used)?)))
        };
        let Some((most, high)) = used().max_by_key(|(_, used)| *used) else {
            return;
        };
        let may_give = |at: usize| self.may_be(ctx, plan, at, false);
        let givers = used().filter(|(at, _)| *at != most && may_give(*at));
        let Some((least, low)) = givers.min_by_key(|(_, used)| *used) else {
            return;
        };
        let is_worth_it = high >= USED && high >= low + APART;
        if !is_worth_it || !self.may_be(ctx, plan, most, true) {
            return;
        }
        let step = Millis::new(STEP_MS);
        if let Some(entry) = plan.sequence.get_mut(least) {
            entry.split = entry.split.saturating_sub(step);
        }
        if let Some(entry) = plan.sequence.get_mut(most) {
            entry.split += step;
        }
    }

    /// True if the split in this place may be a step longer, or shorter.
    fn may_be(&self, ctx: &PolicyContext<'_>, plan: &Plan, at: usize, longer: bool) -> bool {
        let (Some(entry), Some(given)) = (plan.sequence.get(at), ctx.plan.sequence.get(at)) else {
            return false;
        };
        let split = if longer {
            entry.split.as_ms() + STEP_MS
        } else {
            entry.split.as_ms().saturating_sub(STEP_MS)
        };
        let rules = &ctx.plan.adaptive;
        let most = given.split.as_ms() * u32::from(rules.split_change_per_mille) / 1000;
        if !self.past.allows_split(plan.sequence.len(), at, split, most) {
            return false;
        }
        if longer {
            return rules.green_max.is_none_or(|cap| split <= cap.as_ms());
        }
        let red = plan.cycle.as_ms().saturating_sub(split);
        split >= least_split(ctx, at) && rules.red_max.is_none_or(|cap| red <= cap.as_ms())
    }

    fn trim_offset(&mut self, ctx: &PolicyContext<'_>, plan: &mut Plan) {
        let Some(later) = self.measure.arrivals_want_later(plan) else {
            return;
        };
        let step = i32::try_from(STEP_MS).unwrap_or_default();
        let shift_ms = if later {
            self.shift_ms + step
        } else {
            self.shift_ms - step
        };
        let most = ctx.plan.adaptive.offset_change_max.as_ms();
        let strays = shift_ms.unsigned_abs() > plan.cycle.as_ms() / STRAY;
        if strays || !self.past.allows_shift(shift_ms, most) {
            return;
        }
        self.shift_ms = shift_ms;
        let (cycle, offset) = (
            i64::from(plan.cycle.as_ms()),
            i64::from(ctx.plan.offset.as_ms()),
        );
        let moved = (offset + i64::from(shift_ms)).rem_euclid(cycle.max(1));
        plan.offset = Millis::new(u32::try_from(moved).unwrap_or_default());
    }
}

/// The shortest split that holds every service of the stage in this place and the change to the
/// next one; no more than the plan gave it.
fn least_split(ctx: &PolicyContext<'_>, at: usize) -> u32 {
    let sequence = &ctx.plan.sequence;
    let Some(entry) = sequence.get(at) else {
        return u32::MAX;
    };
    let next = sequence
        .get((at + 1) % sequence.len().max(1))
        .map_or(entry.stage, |next| next.stage);
    let own = ctx.groups_of(entry.stage);
    let starters = ctx.groups_of(next).difference(own);
    let inset = ctx.stage(entry.stage).map_or(Millis::ZERO, |info| {
        let late = info.stage.late_start.iter().map(|(_, by)| *by).max();
        let early = info.stage.early_end.iter().map(|(_, by)| *by).max();
        late.unwrap_or_default() + early.unwrap_or_default()
    });
    let need = |group| ctx.site.service_max(group) + ctx.lead(group, starters) + inset;
    let longest = own.iter().map(need).max().unwrap_or_default();
    longest.min(entry.split).as_ms()
}
