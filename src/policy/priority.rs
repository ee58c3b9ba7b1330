//! A corridor's lease at one site: the approach of the vehicle and whatever cannot hurt it.

use serde::{Deserialize, Serialize};

use super::context::PolicyContext;
use super::fit::fits;
use super::wish::{PolicyKind, Reason, Wish};
use crate::corridor::{Lease, LeaseStep};
use crate::ids::CorridorId;
use crate::kernel::ModeWish;
use crate::signal::GroupSet;
use crate::units::{Millis, Mono};

/// After a hold has reached its cap the site belongs to the others for this long.
const GIVE_BACK: Millis = Millis::from_secs(30);

/// What is remembered of the corridor's hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Priority {
    hold: Option<(CorridorId, Mono)>,
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
        let Some(lease) = lease else {
            self.hold = None;
            return None;
        };
        if ctx.now < self.rests_until {
            return None;
        }
        match lease.step {
            LeaseStep::Lock => self.lock(ctx, lease, plan),
            LeaseStep::Prepare => None,
            LeaseStep::Inhibit => {
                self.hold = None;
                inhibit(ctx, lease, plan)
            }
        }
    }

    fn lock(&mut self, ctx: &PolicyContext<'_>, lease: &Lease, plan: &Wish) -> Option<Wish> {
        let since = match self.hold {
            Some((corridor, since)) if corridor == lease.corridor => since,
            Some(_) | None => ctx.now,
        };
        if ctx.now.since(since) >= ctx.site.corridor_hold_max {
            self.hold = None;
            self.rests_until = ctx.now + GIVE_BACK;
            return None;
        }
        self.hold = Some((lease.corridor, since));
        Some(locked(ctx, lease, plan))
    }

    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

/// The lease's groups, and of the plan's wish what neither crosses nor yields to any of them.
fn locked(ctx: &PolicyContext<'_>, lease: &Lease, plan: &Wish) -> Wish {
    Wish {
        mode: ModeWish::Normal,
        groups: lease.groups.union(harmless(ctx, lease.groups, plan.groups)),
        stage: None,
        source: PolicyKind::Corridor,
        reason: Reason::Corridor(lease.corridor),
    }
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
