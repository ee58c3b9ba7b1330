//! The max-wait guard: nobody waits beyond the bound, whatever the plan or a corridor wants (I7).
//!
//! It works in two steps. A demand is *near* when the bound could be broken by one more hostile
//! service begun now: then no such service is begun. It is *due* when there is just time enough to
//! reach it, by the kernel's own exact answer: then a stage that holds it is asked for, until it
//! has had its promised service.

use serde::{Deserialize, Serialize};

use super::budget::StepBudget;
use super::context::PolicyContext;
use super::moves::next_hop;
use super::wish::{PolicyKind, Reason, Wish};
use crate::ids::{GroupId, StageId};
use crate::kernel::ModeWish;
use crate::plan::CheckedSite;
use crate::signal::{GROUPS_MAX, GroupSet};
use crate::units::{Millis, Mono};

/// Taken off every bound: a cycle to see it, one to ask, one to start.
const MARGIN: Millis = Millis::new(300);

/// Which bounds are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Bounds {
    /// Everyday: each walk's own bound, each vehicle group's own.
    Everyday,
    /// While a corridor is held: the site's bound for everybody.
    Corridor,
}

/// The guard of one site for one kind of bounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MaxWait {
    bounds: Bounds,
    /// Longest time to reach each group after one more hostile service.
    reach: [Millis; GROUPS_MAX],
    reach_max: Millis,
    serving: Option<(GroupId, StageId)>,
    /// Nothing can be near before this moment if the demands stay as they are.
    look_at: Mono,
    seen: GroupSet,
}

impl MaxWait {
    pub(super) fn new(site: &CheckedSite, bounds: Bounds) -> Self {
        let mut reach = [Millis::ZERO; GROUPS_MAX];
        let conflicts = site.safety.conflicts();
        let service = |group: GroupId| {
            let walk = site.groups.get(group.index()).and_then(|info| info.walk);
            let walk = walk.map_or(Millis::ZERO, |walk| walk.walk + walk.extend_by);
            (site.safety.timing(group)).map_or(walk, |t| t.gain.total() + t.green_min.max(walk))
        };
        for (group, reach) in site.safety.all_groups().iter().zip(&mut reach) {
            let own = (site.safety.timing(group)).map_or(Millis::ZERO, |t| {
                t.lose.total() + t.red_min + t.gain.total()
            });
            let others = (conflicts.hostile_to(group).iter())
                .map(|other| service(other) + conflicts.clearance(other, group))
                .max();
            *reach = others.unwrap_or_default().max(own) + MARGIN;
        }
        let reach_max = reach.into_iter().max().unwrap_or_default();
        Self {
            bounds,
            reach,
            reach_max,
            serving: None,
            look_at: Mono::ZERO,
            seen: GroupSet::EMPTY,
        }
    }

    pub(super) fn reset(&mut self) {
        self.serving = None;
        self.look_at = Mono::ZERO;
    }

    fn bound(&self, ctx: &PolicyContext<'_>, group: GroupId) -> Millis {
        match self.bounds {
            Bounds::Corridor => ctx.site.corridor_wait_max,
            Bounds::Everyday => match ctx.walk(group) {
                Some(walk) => walk.wait_max,
                None => ctx.timing(group).map_or(Millis::MAX, |t| t.wait_max),
            },
        }
    }

    /// Since when somebody waits for `group`. The kernel may remember a call that detection has
    /// dropped since; its own fence would serve it, and everyday the guard comes first.
    fn since(&self, ctx: &PolicyContext<'_>, group: GroupId) -> Option<Mono> {
        let seen = ctx.demands.oldest(group);
        match self.bounds {
            Bounds::Corridor => seen,
            Bounds::Everyday => match (seen, ctx.kernel.waiting_since(group)) {
                (Some(seen), Some(remembered)) => Some(seen.min(remembered)),
                (one, None) | (None, one) => one,
            },
        }
    }

    fn waiting(&self, ctx: &PolicyContext<'_>) -> GroupSet {
        let all = ctx.site.safety.all_groups().difference(ctx.go);
        let waits = |group: &GroupId| self.since(ctx, *group).is_some();
        all.iter().filter(waits).collect()
    }

    /// What has to be done instead of `base`, if anything.
    pub(super) fn judge(
        &mut self,
        ctx: &PolicyContext<'_>,
        base: &Wish,
        budget: &mut StepBudget,
    ) -> Option<Wish> {
        self.finish(ctx);
        if self.serving.is_none() {
            if ctx.now < self.look_at && ctx.demands.all().is_subset(self.seen) {
                return None;
            }
            let waiting = self.waiting(ctx);
            self.seen = waiting;
            self.look_at = self.next_look(ctx, waiting);
            if ctx.now < self.look_at {
                return None;
            }
            self.serving = self.most_urgent(ctx, (base, waiting), budget);
        }
        let (group, stage) = self.serving?;
        let hop = (ctx.nearest_stage())
            .and_then(|here| next_hop(ctx, here, stage, budget))
            .unwrap_or(stage);
        let bound = self.bound(ctx, group);
        Some(Wish {
            mode: ModeWish::Normal,
            groups: service_groups(ctx, group, hop),
            stage: Some(hop),
            source: match self.bounds {
                Bounds::Everyday => PolicyKind::MaxWait,
                Bounds::Corridor => PolicyKind::CorridorBound,
            },
            reason: match ctx.walk(group) {
                Some(_) => Reason::WalkDue(group, bound),
                None => Reason::WaitDue(group, bound),
            },
        })
    }

    /// Lets go of a group that has had its service or that nobody waits for any more.
    fn finish(&mut self, ctx: &PolicyContext<'_>) {
        if let Some((group, _)) = self.serving {
            let is_over = if ctx.go.contains(group) {
                !ctx.is_promised(group)
            } else {
                self.since(ctx, group).is_none()
            };
            if is_over {
                self.reset();
            }
        }
    }

    /// The first moment at which somebody can be near.
    fn next_look(&self, ctx: &PolicyContext<'_>, waiting: GroupSet) -> Mono {
        let horizon = self.reach_max + self.reach_max;
        let near = |group: GroupId| {
            let since = self.since(ctx, group)?;
            Some(since + self.bound(ctx, group).saturating_sub(horizon))
        };
        let never = ctx.now + Millis::from_secs(3600);
        waiting.iter().filter_map(near).min().unwrap_or(never)
    }

    /// The group that has to be served now instead of what `base` would do.
    fn most_urgent(
        &self,
        ctx: &PolicyContext<'_>,
        (base, waiting): (&Wish, GroupSet),
        budget: &mut StepBudget,
    ) -> Option<(GroupId, StageId)> {
        let conflicts = ctx.site.safety.conflicts();
        let fresh = base.groups.difference(ctx.go);
        let mut left = waiting;
        // The earliest deadline is served first, with whom its stage serves; the time of that
        // service is not there for the others.
        let mut first: Option<(GroupId, StageId)> = None;
        let mut before = Millis::ZERO;
        while let Some((deadline, group)) = self.earliest(ctx, left) {
            left = left.without(group);
            let slack = ctx.now.until(deadline);
            if !budget.spend(8) || slack > self.reach_max + self.reach_max {
                return None;
            }
            let is_with_first =
                first.is_some_and(|(_, stage)| ctx.groups_of(stage).contains(group));
            let Some(stage) = best_stage(ctx, group).filter(|_| !is_with_first) else {
                continue;
            };
            let reach = self.reach.get(group.index()).copied().unwrap_or_default();
            let hostile = conflicts.hostile_to(group);
            let cannot_wait = slack <= reach + before && !fresh.is_disjoint(hostile);
            if cannot_wait || is_due(ctx, base, (group, slack), before) {
                return first.or(Some((group, stage)));
            }
            first = first.or(Some((group, stage)));
            before += ctx.service(group) + ctx.lead(group, hostile);
        }
        None
    }

    fn earliest(&self, ctx: &PolicyContext<'_>, among: GroupSet) -> Option<(Mono, GroupId)> {
        (among.iter())
            .filter_map(|group| {
                let since = self.since(ctx, group)?;
                Some((since + self.bound(ctx, group), group))
            })
            .min()
    }
}

/// The stage that serves `group` and, with it, most of the others who wait; one of the plan's if
/// it has one.
fn best_stage(ctx: &PolicyContext<'_>, group: GroupId) -> Option<StageId> {
    let waiting = ctx.demands.all();
    let worth = |stage: StageId| {
        let groups = ctx.groups_of(stage);
        let is_planned = (ctx.plan.sequence.iter()).any(|entry| entry.stage == stage);
        let keeps = groups.intersection(ctx.go).len();
        (is_planned, groups.intersection(waiting).len(), keeps)
    };
    let mut best: Option<((bool, u32, u32), StageId)> = None;
    for (info, number) in ctx.site.stages.iter().zip(0_u8..) {
        let stage = StageId::new(number);
        if info.stage.groups.contains(group) {
            let worth = worth(stage);
            if best.is_none_or(|(most, _)| worth > most) {
                best = Some((worth, stage));
            }
        }
    }
    best.map(|(_, stage)| stage)
}

/// The stage's groups, without the walks nobody called: they would only make it longer.
fn service_groups(ctx: &PolicyContext<'_>, group: GroupId, stage: StageId) -> GroupSet {
    let groups = ctx.groups_of(stage);
    let idle = ctx
        .walks_in(groups)
        .difference(ctx.demands.walkers)
        .difference(ctx.go);
    let hostile = ctx.site.safety.conflicts().hostile_to(group);
    let wanted = groups.difference(idle);
    if groups.contains(group) {
        wanted.difference(hostile).with(group)
    } else {
        wanted
    }
}

/// True if there is just time enough to reach `group`.
fn is_due(
    ctx: &PolicyContext<'_>,
    base: &Wish,
    (group, slack): (GroupId, Millis),
    before: Millis,
) -> bool {
    let is_on_its_way = before == Millis::ZERO
        && base.groups.contains(group)
        && base.groups.is_disjoint(ctx.hostile(GroupSet::only(group)));
    if is_on_its_way {
        return false;
    }
    match ctx.kernel.entry_time(ctx.now, GroupSet::only(group)) {
        Ok(entry) => slack <= entry + MARGIN + before,
        Err(_) => false,
    }
}
