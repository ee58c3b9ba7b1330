//! A corridor's lease at one site: the approach of the vehicle and whatever cannot hurt it.

use serde::{Deserialize, Serialize};

use super::context::PolicyContext;
use super::fit::fits;
use super::wish::{PolicyKind, Reason, Wish};
use crate::corridor::{Lease, LeaseStep};
use crate::ids::GroupId;
use crate::kernel::{Interval, ModeWish};
use crate::signal::GroupSet;
use crate::units::{Millis, Mono};

/// After a hold has reached its cap the site belongs to the others for this long.
const GIVE_BACK: Millis = Millis::from_secs(30);

/// What is remembered of holds, whosever they were: the site's own fence behind the corridors' caps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Priority {
    /// Locked since, without a break as long as a rest.
    since: Option<Mono>,
    /// Locked last.
    last: Mono,
    rests_until: Mono,
}

impl Priority {
    /// What the lease turns the plan's wish into; nothing if the plan's wish does not touch it.
    pub(super) fn wish(
        &mut self,
        ctx: &PolicyContext<'_>,
        lease: Option<&Lease>,
        plan: &Wish,
    ) -> Option<Wish> {
        let lease = lease.filter(|lease| lease.is_live(ctx.now) && !lease.groups.is_empty());
        let lease = lease?;
        if ctx.now < self.rests_until {
            return None;
        }
        match lease.step {
            LeaseStep::Lock => self.lock(ctx, lease, plan),
            LeaseStep::Prepare => None,
            LeaseStep::Inhibit => inhibit(ctx, lease, plan),
        }
    }

    fn lock(&mut self, ctx: &PolicyContext<'_>, lease: &Lease, plan: &Wish) -> Option<Wish> {
        let goes_on = ctx.now.since(self.last) < GIVE_BACK;
        let since = self.since.filter(|_| goes_on).unwrap_or(ctx.now);
        if ctx.now.since(since) >= ctx.site.corridor_hold_max {
            self.since = None;
            self.rests_until = ctx.now + GIVE_BACK;
            return None;
        }
        (self.since, self.last) = (Some(since), ctx.now);
        Some(locked(ctx, lease, plan))
    }

    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

/// The lease's groups; of the plan's wish what neither crosses nor yields to any of them, nor fills
/// the road behind them; and what may be green beside them. Where the controller has another stop
/// line of the way before it, nothing is begun there that could not be over in time.
fn locked(ctx: &PolicyContext<'_>, lease: &Lease, plan: &Wish) -> Wish {
    let planned = harmless(ctx, lease.groups, plan.groups).difference(lease.into_exit);
    let hindering = ctx.hostile(lease.near).difference(lease.groups);
    let begun = planned.intersection(hindering).difference(ctx.go);
    let near = Lease {
        groups: lease.near,
        green_by: lease.near_by,
        ..*lease
    };
    let late: GroupSet = begun.iter().filter(|g| !fits(ctx, &near, *g)).collect();
    let mut groups = lease.groups.union(planned.difference(late));
    for group in lease.beside.difference(hindering) {
        if harmless(ctx, groups, GroupSet::only(group)).contains(group) {
            groups = groups.with(group);
        }
    }
    Wish {
        mode: ModeWish::Normal,
        groups: without_trap(ctx, groups),
        stage: None,
        source: PolicyKind::Corridor,
        reason: Reason::Corridor(lease.corridor),
    }
}

/// `groups` less those to which the left turns of a group that ends now yield: its drivers see their
/// amber and believe that the oncoming stream stops with them, so it does, and begins again once
/// they have gone. As long as it may not stop, they go on.
fn without_trap(ctx: &PolicyContext<'_>, groups: GroupSet) -> GroupSet {
    let mut kept = groups;
    for left in ctx.site.safety.all_groups().difference(groups) {
        let waits_for = ctx.site.left_yields.get(left.index());
        let waits_for = waits_for.copied().unwrap_or_default().intersection(groups);
        if waits_for.is_empty() || is_stopped(ctx, left) {
            continue;
        }
        let begun = waits_for.intersection(ctx.go).iter();
        let bound = |group: GroupId| {
            let green = ctx.kernel.green_for(group, ctx.now).unwrap_or_default();
            ctx.timing(group)
                .is_some_and(|timing| green < timing.green_min)
        };
        if ctx.go.contains(left) && begun.into_iter().any(bound) {
            kept = kept.with(left);
        } else {
            kept = kept.difference(waits_for);
        }
    }
    kept
}

fn is_stopped(ctx: &PolicyContext<'_>, group: GroupId) -> bool {
    matches!(ctx.kernel.interval(group), Interval::Stop(_))
}

fn harmless(ctx: &PolicyContext<'_>, lease: GroupSet, groups: GroupSet) -> GroupSet {
    let conflicts = ctx.site.safety.conflicts();
    lease.iter().fold(groups, |kept, group| {
        kept.difference(conflicts.hostile_to(group))
            .difference(conflicts.permissive_with(group))
    })
}

/// Nothing is cut, and nothing hostile is begun that could not be over in time.
fn inhibit(ctx: &PolicyContext<'_>, lease: &Lease, plan: &Wish) -> Option<Wish> {
    let hostile = ctx.hostile(lease.groups);
    let begun = plan.groups.intersection(hostile).difference(ctx.go);
    let begun: GroupSet = begun.iter().filter(|g| !fits(ctx, lease, *g)).collect();
    if begun.is_empty() {
        return None;
    }
    let kept = plan.groups.difference(begun);
    if kept.is_disjoint(hostile) {
        // The plan leaves its stage for a hostile one: the corridor's turn comes now.
        let wish = locked(ctx, lease, plan);
        return Some(Wish {
            reason: Reason::CorridorNear(lease.corridor),
            ..wish
        });
    }
    // The plan keeps its turn, only without what it may not begin.
    Some(Wish {
        groups: kept,
        reason: Reason::CorridorNear(lease.corridor),
        ..*plan
    })
}
