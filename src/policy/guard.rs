//! The max-wait guard: nobody waits beyond the bound, whatever the plan or a corridor wants (I7).
//!
//! It works in two steps. A demand is *near* when the bound could be broken by one more hostile
//! service begun now: then no such service is begun. It is *due* when there is just time enough to
//! reach it, by the kernel's own exact answer: then a stage that holds it is asked for, until it
//! has had its promised service.

use serde::{Deserialize, Serialize};

use super::budget::StepBudget;
use super::context::PolicyContext;
use super::fit::fits;
use super::moves::next_hop;
use super::wish::{PolicyKind, Reason, Wish};
use crate::corridor::{Lease, LeaseStep};
use crate::ids::{CorridorId, GroupId, StageId};
use crate::kernel::ModeWish;
use crate::plan::CheckedSite;
use crate::signal::{GROUPS_MAX, GroupKind, GroupSet};
use crate::units::{Millis, Mono};

/// Taken off every bound: a cycle to see it, one to ask, one to start.
const MARGIN: Millis = Millis::new(300);

/// A vehicle has stood at the stop line for so long before it is seen to wait.
const SEEN_LATE: Millis = Millis::from_secs(2);

/// Who is owed a service before a lock changes slowly.
const LOOK_OWED: Millis = Millis::from_secs(1);

/// A vehicle that is through so soon has all but passed ...
const NEARLY_THROUGH: Millis = Millis::from_secs(8);
/// ... and if it has been about to pass for so long, it stands.
const STANDS: Millis = Millis::from_secs(15);

/// Which bounds are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Bounds {
    /// Everyday: each walk's own bound, each vehicle group's own.
    Everyday,
    /// While a corridor is near or held: the site's bounds for everybody.
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
    /// Who is owed a service before the lock is looked at next at this moment.
    look_owed: Mono,
    /// The vehicle has all but passed: motor vehicles wait that much longer for it.
    goes_first: bool,
    /// Which corridor's vehicle has been about to pass in this lock, and since when.
    nearly_since: Option<(CorridorId, Mono)>,
}

impl MaxWait {
    pub(super) fn new(site: &CheckedSite, bounds: Bounds) -> Self {
        let mut reach = [Millis::ZERO; GROUPS_MAX];
        let conflicts = site.safety.conflicts();
        let service = |group: GroupId| {
            let gain = site.safety.timing(group).map(|t| t.gain.total());
            gain.unwrap_or_default() + site.service_max(group)
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
            look_owed: Mono::ZERO,
            goes_first: false,
            nearly_since: None,
        }
    }

    pub(super) fn reset(&mut self) {
        self.serving = None;
        self.look_at = Mono::ZERO;
    }

    fn bound(&self, ctx: &PolicyContext<'_>, group: GroupId) -> Millis {
        match self.bounds {
            Bounds::Corridor => match ctx.timing(group).map(|timing| timing.kind) {
                Some(GroupKind::Vehicle | GroupKind::Arrow) if self.goes_first => {
                    let longest = ctx.site.corridor_red_max + STANDS;
                    ctx.timing(group)
                        .map_or(longest, |t| t.wait_max.min(longest))
                }
                Some(GroupKind::Vehicle | GroupKind::Arrow) => {
                    ctx.site.corridor_red_max.saturating_sub(SEEN_LATE)
                }
                Some(_) | None => ctx.site.corridor_wait_max,
            },
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

    /// What has to be done instead of `base`, if anything. `lease` is what a
    /// corridor asks of the site.
    pub(super) fn judge(
        &mut self,
        ctx: &PolicyContext<'_>,
        base: &Wish,
        lease: Option<&Lease>,
        budget: &mut StepBudget,
    ) -> Option<Wish> {
        self.finish(ctx);
        let goes_first = self.is_nearly_through(ctx, lease);
        if goes_first != self.goes_first {
            // The bounds are others from here on: so is the moment of the next look.
            self.goes_first = goes_first;
            self.look_at = Mono::ZERO;
        }
        if let (None, Some(lease)) = (self.serving, lease)
            && lease.step < LeaseStep::Lock
            && ctx.now >= self.look_owed
        {
            self.look_owed = ctx.now + LOOK_OWED;
            self.serving = self.owed(ctx, lease, budget);
        }
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
            self.serving = self.most_urgent(ctx, (base, waiting), lease, budget);
        }
        let (group, stage) = self.serving?;
        let hop = (ctx.nearest_stage())
            .and_then(|here| next_hop(ctx, here, stage, budget))
            .unwrap_or(stage);
        let bound = self.bound(ctx, group);
        Some(Wish {
            mode: ModeWish::Normal,
            groups: match lease {
                Some(lease) => self.least_service(ctx, lease, (group, hop)),
                None => service_groups(ctx, group, hop),
            },
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

    /// True if the vehicle is about to pass its held green: who waits is then served for the sake of
    /// their own bound only, not to make room for those who come after them. One that is about to
    /// pass for longer stands there, however its arrival is forecast anew.
    fn is_nearly_through(&mut self, ctx: &PolicyContext<'_>, lease: Option<&Lease>) -> bool {
        let Some(lease) = lease.filter(|lease| lease.step == LeaseStep::Lock) else {
            self.nearly_since = None;
            return false;
        };
        let is_near =
            lease.groups.is_subset(ctx.go) && ctx.now.until(lease.until) <= NEARLY_THROUGH;
        self.nearly_since = match self.nearly_since {
            Some((corridor, since)) if corridor == lease.corridor => Some((corridor, since)),
            Some(_) | None => is_near.then_some((lease.corridor, ctx.now)),
        };
        let is_new = |(_, since): (_, Mono)| ctx.now.since(since) < STANDS;
        is_near && self.nearly_since.is_some_and(is_new)
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
        lease: Option<&Lease>,
        budget: &mut StepBudget,
    ) -> Option<(GroupId, StageId)> {
        let conflicts = ctx.site.safety.conflicts();
        let fresh = base.groups.difference(ctx.go);
        let mut left = waiting;
        // The earliest deadline is served first, with whom its stage serves; the time of that
        // service is not there for the others.
        let mut first: Option<(GroupId, StageId)> = None;
        let mut before = Millis::ZERO;
        let mut served = GroupSet::EMPTY;
        while let Some((deadline, group)) = self.earliest(ctx, left) {
            left = left.without(group);
            let slack = ctx.now.until(deadline);
            if !budget.spend(8) || slack > self.reach_max + self.reach_max {
                return None;
            }
            if served.contains(group) {
                continue;
            }
            let Some(stage) = best_stage(ctx, group) else {
                continue;
            };
            let hostile = conflicts.hostile_to(group);
            let reach = match lease {
                Some(lease) => reach_after_hold(ctx, lease, fresh, group) + MARGIN,
                None => self.reach.get(group.index()).copied().unwrap_or_default(),
            };
            let cannot_wait = slack <= reach + before && !fresh.is_disjoint(hostile);
            if cannot_wait || is_due(ctx, base, (group, slack), before) {
                return first.or(Some((group, stage)));
            }
            first = first.or(Some((group, stage)));
            served = served.union(ctx.groups_of(stage));
            if !self.goes_first {
                before += ctx.service(group) + ctx.lead(group, hostile);
            }
        }
        None
    }

    /// Who is served before the lock. Whose own bound would run out before the vehicle is through
    /// has it now: later it would cost the vehicle more. If the bounds of all who wait could not
    /// be kept one after the other after the hold, the most urgent one whose service can be over in
    /// time goes first.
    fn owed(
        &self,
        ctx: &PolicyContext<'_>,
        lease: &Lease,
        budget: &mut StepBudget,
    ) -> Option<(GroupId, StageId)> {
        let hostile = ctx.hostile(lease.groups);
        let waiting = self.waiting(ctx).intersection(hostile);
        let mut left = waiting;
        let mut after = lease.until + MARGIN;
        let mut served = GroupSet::EMPTY;
        loop {
            let (deadline, group) = self.earliest(ctx, left)?;
            left = left.without(group);
            if !budget.spend(8) {
                return None;
            }
            if served.contains(group) {
                continue;
            }
            let lead = lead_from(ctx, lease, group);
            if lease.until + lead + MARGIN > deadline {
                return Some((group, best_stage(ctx, group)?));
            }
            if after + lead > deadline {
                break;
            }
            if let Some(stage) = best_stage(ctx, group) {
                served = served.union(ctx.groups_of(stage));
            }
            after =
                after + ctx.service(group) + ctx.lead(group, ctx.hostile(GroupSet::only(group)));
        }
        let mut left = waiting;
        while let Some((_, group)) = self.earliest(ctx, left) {
            left = left.without(group);
            if budget.spend(8) && fits(ctx, lease, group) {
                return Some((group, best_stage(ctx, group)?));
            }
        }
        None
    }

    /// The groups of `stage` that cannot wait until the vehicle is through, those that do not
    /// hinder it, and those that are through no later than `group` itself: everything else would
    /// only make the service longer.
    fn least_service(
        &self,
        ctx: &PolicyContext<'_>,
        lease: &Lease,
        (group, stage): (GroupId, StageId),
    ) -> GroupSet {
        let groups = service_groups(ctx, group, stage);
        let hostile = ctx.hostile(lease.groups).difference(ctx.go);
        let cannot_wait = |other: &GroupId| {
            self.since(ctx, *other).is_some_and(|since| {
                lease.until + lead_from(ctx, lease, *other) > since + self.bound(ctx, *other)
            })
        };
        let needed: GroupSet = groups.iter().filter(cannot_wait).collect();
        let needed = if groups.contains(group) {
            needed.with(group)
        } else {
            needed
        };
        let over = |group: GroupId| over_in(ctx, lease, group);
        let longest = needed.iter().map(over).max().unwrap_or_default();
        let others = groups.intersection(hostile).difference(needed);
        let beside = others.iter().filter(|other| over(*other) <= longest);
        let kept = groups.difference(hostile).union(needed);
        kept.union(beside.collect())
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

/// Time from the end of the lease's green until `group` may have right of way.
fn lead_from(ctx: &PolicyContext<'_>, lease: &Lease, group: GroupId) -> Millis {
    let leads = (lease.groups.iter()).map(|held| ctx.lead(held, GroupSet::only(group)));
    leads.max().unwrap_or_default()
}

/// Time until a service of `group` that is asked for now is over and the lease's groups may begin.
fn over_in(ctx: &PolicyContext<'_>, lease: &Lease, group: GroupId) -> Millis {
    let entry = ctx.kernel.entry_time(ctx.now, GroupSet::only(group));
    entry.unwrap_or(Millis::MAX) + ctx.service(group) + ctx.lead(group, lease.groups)
}

/// Time from now until `group` may have right of way once the vehicle is through, and once those
/// of `fresh` that are hostile to it have begun and had their shortest green.
fn reach_after_hold(
    ctx: &PolicyContext<'_>,
    lease: &Lease,
    fresh: GroupSet,
    group: GroupId,
) -> Millis {
    let held = ctx.now.until(lease.until) + lead_from(ctx, lease, group);
    let hostile = fresh.intersection(ctx.hostile(GroupSet::only(group)));
    let begun = hostile.iter().map(|other| {
        let entry = ctx.kernel.entry_time(ctx.now, GroupSet::only(other));
        entry.unwrap_or_default() + ctx.service(other) + ctx.lead(other, GroupSet::only(group))
    });
    held.max(begun.max().unwrap_or_default())
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
