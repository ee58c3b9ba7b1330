//! Actuated stages: demand, extension, maximum; stages nobody wants are skipped.

use serde::{Deserialize, Serialize};

use super::budget::StepBudget;
use super::context::{Policy, PolicyContext};
use super::moves::next_hop;
use super::show::{Showing, change_time};
use super::wish::{PolicyKind, Reason, Wish};
use crate::ids::{PlanId, StageId};
use crate::kernel::ModeWish;
use crate::plan::{PlanStage, Recall};
use crate::signal::GroupSet;
use crate::units::{Millis, Mono};

/// A stage that has not come up after this long is treated as if it had: something the kernel
/// knows of stands in its way, and waiting for it would hold everybody else.
const START_MAX: Millis = Millis::from_secs(90);
/// A walk that is called this soon after the start of its stage still starts with it.
const JOIN: Millis = Millis::from_secs(3);

/// The stage that is shown and how it came so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Running {
    plan: PlanId,
    stage: StageId,
    since: Mono,
    /// All its vehicle groups have been in go together since.
    up: Option<Mono>,
    /// Somebody has been waiting elsewhere since.
    rival: Option<Mono>,
    /// Where it goes next and when that stage's green is due, once that is decided.
    leaving: Option<(StageId, Mono, Reason)>,
    /// The demanded stage behind a stage that is only passed on the way.
    bound_for: Option<StageId>,
}

/// Actuated control by the plan's sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Actuated {
    running: Option<Running>,
}

impl Policy for Actuated {
    fn kind(&self) -> PolicyKind {
        PolicyKind::Actuated
    }

    fn propose(&mut self, ctx: &PolicyContext<'_>, budget: &mut StepBudget) -> Option<Wish> {
        let mut running = match self.running {
            Some(running) if ctx.in_control && running.plan == ctx.plan_id => running,
            Some(_) | None => Running::begin(ctx, first_stage(ctx)?),
        };
        running.look(ctx);
        let next = running.next(ctx, budget);
        running.count_rival(ctx, next);
        running.decide_leaving(ctx, next, budget);
        if let Some((stage, due, _)) = running.leaving
            && ctx.now >= due
        {
            let bound_for = running.bound_for.filter(|bound| *bound != stage);
            running = Running {
                bound_for,
                ..Running::begin(ctx, stage)
            };
        }
        self.running = Some(running);
        Some(running.wish(ctx, budget))
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}

impl Running {
    fn begin(ctx: &PolicyContext<'_>, stage: StageId) -> Self {
        Self {
            plan: ctx.plan_id,
            stage,
            since: ctx.now,
            up: None,
            rival: None,
            leaving: None,
            bound_for: None,
        }
    }

    /// Notes the moment the stage is up.
    fn look(&mut self, ctx: &PolicyContext<'_>) {
        if self.up.is_some() {
            return;
        }
        let own = ctx.groups_of(self.stage);
        let walks = ctx.walks_in(own);
        let vehicles = own.difference(walks);
        let is_up = if vehicles.is_empty() {
            !walks.is_disjoint(ctx.go) || walks.is_disjoint(ctx.demands.walkers)
        } else {
            vehicles.is_subset(ctx.go)
        };
        if is_up || ctx.now.since(self.since) >= START_MAX {
            self.up = Some(ctx.now);
        }
    }

    /// The stage somebody waits for, or the rest stage if nobody does.
    fn next(&self, ctx: &PolicyContext<'_>, budget: &mut StepBudget) -> Option<StageId> {
        if let Some(bound) = self.bound_for {
            return Some(bound);
        }
        let count = ctx.plan.sequence.len();
        let here = (ctx.plan.sequence.iter()).position(|entry| entry.stage == self.stage);
        let here = here.unwrap_or(count.saturating_sub(1));
        let served = ctx.groups_of(self.stage).intersection(self.joining(ctx));
        for ahead in 1..count {
            if !budget.spend(1) {
                return None;
            }
            let entry = ctx.plan.sequence.get((here + ahead) % count)?;
            let waiting = ctx.groups_of(entry.stage).intersection(ctx.demands.all());
            if entry.recall != Recall::None || !waiting.difference(served).is_empty() {
                return Some(entry.stage);
            }
        }
        None
    }

    /// Groups of the stage that are in go or can still come up in it.
    fn joining(&self, ctx: &PolicyContext<'_>) -> GroupSet {
        if self.up.is_none() {
            GroupSet::from_bits(u32::MAX)
        } else {
            ctx.go
        }
    }

    fn count_rival(&mut self, ctx: &PolicyContext<'_>, next: Option<StageId>) {
        self.rival = match (next, self.rival) {
            (None, _) => None,
            (Some(_), Some(since)) => Some(since),
            (Some(_), None) => Some(ctx.now),
        };
    }

    /// Decides whether the stage ends, and when the next one is due.
    fn decide_leaving(
        &mut self,
        ctx: &PolicyContext<'_>,
        next: Option<StageId>,
        budget: &mut StepBudget,
    ) {
        if self.leaving.is_some() || self.up.is_none() {
            return;
        }
        let next = next.or(ctx.plan.rest).filter(|next| *next != self.stage);
        let Some(next) = next else {
            return;
        };
        let reason = match self.hold_reason(ctx) {
            None => Reason::GapOut(self.stage),
            Some(Reason::Extending(_)) if self.is_maxed_out(ctx) => Reason::MaxOut(self.stage),
            Some(_) => return,
        };
        let Some(hop) = next_hop(ctx, self.stage, next, budget) else {
            return;
        };
        self.bound_for = (hop != next).then_some(next);
        let starters = ctx.groups_of(hop).difference(ctx.groups_of(self.stage));
        let due = ctx.now + change_time(ctx, starters);
        self.leaving = Some((hop, due, reason));
    }

    /// What keeps the stage although somebody may wait elsewhere.
    fn hold_reason(&self, ctx: &PolicyContext<'_>) -> Option<Reason> {
        let own = ctx.groups_of(self.stage);
        let running = own.intersection(ctx.go);
        for group in running {
            let green = ctx.kernel.green_for(group, ctx.now).unwrap_or_default();
            let green_min = ctx.timing(group).map_or(Millis::ZERO, |t| t.green_min);
            if green < green_min {
                return Some(Reason::StageMin(self.stage));
            }
            if ctx.walk(group).is_some() && ctx.is_promised(group) {
                return Some(Reason::Walking(group));
            }
        }
        let entry = self.entry(ctx);
        if self.bound_for.is_some() {
            return None;
        }
        if entry.is_some_and(|entry| entry.recall == Recall::Max) {
            return running.iter().next().map(Reason::Extending);
        }
        let used = running.intersection(ctx.demands.extending).iter().next();
        used.map(Reason::Extending)
    }

    fn is_maxed_out(&self, ctx: &PolicyContext<'_>) -> bool {
        let (Some(up), Some(rival)) = (self.up, self.rival) else {
            return false;
        };
        ctx.now.since(up.max(rival)) >= self.green_max(ctx)
    }

    fn green_max(&self, ctx: &PolicyContext<'_>) -> Millis {
        let planned = self.entry(ctx).map(|entry| entry.green_max);
        planned
            .filter(|max| *max > Millis::ZERO)
            .unwrap_or_else(|| {
                let own = ctx.groups_of(self.stage).iter();
                own.filter_map(|group| Some(ctx.timing(group)?.green_max))
                    .min()
                    .unwrap_or_default()
            })
    }

    fn entry<'a>(&self, ctx: &PolicyContext<'a>) -> Option<&'a PlanStage> {
        let mut sequence = ctx.plan.sequence.iter();
        sequence.find(|entry| entry.stage == self.stage)
    }

    /// Walks that may start in this stage now.
    fn walks(&self, ctx: &PolicyContext<'_>) -> GroupSet {
        if self.leaving.is_some() {
            return GroupSet::EMPTY;
        }
        let called = ctx.groups_of(self.stage).intersection(ctx.demands.walkers);
        let since_up = self.up.map_or(Millis::ZERO, |up| ctx.now.since(up));
        let Some(rival) = self.rival.filter(|_| since_up > JOIN) else {
            return called;
        };
        // Somebody waits elsewhere: a late walk may not make the stage longer than its maximum.
        let from = self.up.unwrap_or(ctx.now).max(rival);
        let left = self.green_max(ctx).saturating_sub(ctx.now.since(from));
        let fits = |group: &crate::ids::GroupId| {
            let everybody = ctx.site.safety.all_groups();
            ctx.service(*group) + ctx.lead(*group, everybody) <= left
        };
        called.iter().filter(fits).collect()
    }

    fn wish(&self, ctx: &PolicyContext<'_>, budget: &mut StepBudget) -> Wish {
        let (remaining, next) = match self.leaving {
            Some((next, due, _)) => (ctx.now.until(due), entering(ctx, next)),
            None => (Millis::MAX, GroupSet::EMPTY),
        };
        let showing = Showing {
            stage: self.stage,
            elapsed: ctx
                .now
                .since(self.up.unwrap_or(ctx.now))
                .max(ctx.now.since(self.since)),
            remaining,
            remaining_walk: Millis::MAX,
            next,
            walks: self.walks(ctx),
            rest_in_walk: false,
        };
        let reason = match self.leaving {
            Some((_, _, reason)) => reason,
            None if self.up.is_none() => Reason::StageMin(self.stage),
            None => self.hold_reason(ctx).unwrap_or(Reason::Rest(self.stage)),
        };
        Wish {
            mode: ModeWish::Normal,
            groups: showing.groups(ctx, budget),
            stage: Some(self.stage),
            source: PolicyKind::Actuated,
            reason,
        }
    }
}

/// The groups that start with `stage`: its vehicles that do not start late, and called walks.
pub(super) fn entering(ctx: &PolicyContext<'_>, stage: StageId) -> GroupSet {
    let Some(info) = ctx.stage(stage) else {
        return GroupSet::EMPTY;
    };
    let wanted = info.stage.wanted(Millis::ZERO, Millis::MAX);
    let idle = ctx.walks_in(wanted).difference(ctx.demands.walkers);
    wanted.difference(idle.difference(ctx.go))
}

/// Where to begin: the stage nearest to what is green, or else the first that somebody wants.
fn first_stage(ctx: &PolicyContext<'_>) -> Option<StageId> {
    if ctx.go.is_empty() {
        let wanted =
            |entry: &&PlanStage| !ctx.groups_of(entry.stage).is_disjoint(ctx.demands.all());
        let mut sequence = ctx.plan.sequence.iter();
        if let Some(entry) = sequence.find(wanted) {
            return Some(entry.stage);
        }
    }
    ctx.nearest_stage()
}
