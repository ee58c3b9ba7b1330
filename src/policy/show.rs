//! From a stage and the time it has left to the groups that are wanted.
//!
//! Every group leaves at its own moment: so early that, with its own clearance, the next stage
//! starts on time. Walkers with a long clearance leave first, vehicles last.

use super::budget::StepBudget;
use super::context::PolicyContext;
use crate::ids::{GroupId, StageId};
use crate::signal::GroupSet;
use crate::units::Millis;

/// A stage that was planned too short for one of its services is started late at most this much.
const GRACE: Millis = Millis::from_secs(2);

/// A stage, how far it has come, and what comes next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Showing {
    /// The stage that is shown.
    pub(super) stage: StageId,
    /// Time since its start.
    pub(super) elapsed: Millis,
    /// Time until the next stage's green is due; [`Millis::MAX`] if nothing comes next.
    pub(super) remaining: Millis,
    /// The same for walkers, where they have to be away earlier than it is sure.
    pub(super) remaining_walk: Millis,
    /// Groups that start then.
    pub(super) next: GroupSet,
    /// Walks that may be started.
    pub(super) walks: GroupSet,
    /// Walks go on until they have to end, instead of ending after their promised time.
    pub(super) rest_in_walk: bool,
}

impl Showing {
    /// The groups wanted now: what may go on or start, and the next stage's as soon as the last
    /// group in its way has been let go.
    pub(super) fn groups(&self, ctx: &PolicyContext<'_>, budget: &mut StepBudget) -> GroupSet {
        let own = ctx.groups_of(self.stage);
        let starters = self.next.difference(own);
        let mut hold = GroupSet::EMPTY;
        let mut pending = GroupSet::EMPTY;
        for group in own {
            if !budget.spend(1) {
                return ctx.go;
            }
            if self.is_late(ctx, group) {
                pending = pending.with(group);
            } else if self.is_wanted(ctx, group, starters) {
                hold = hold.with(group);
            }
        }
        if self.remaining == Millis::MAX {
            return hold;
        }
        let in_the_way = ctx.hostile(starters);
        let was_in_the_way = !own.is_disjoint(in_the_way);
        if was_in_the_way && hold.union(pending).is_disjoint(in_the_way) {
            hold.union(starters)
        } else {
            hold
        }
    }

    fn is_late(&self, ctx: &PolicyContext<'_>, group: GroupId) -> bool {
        !ctx.go.contains(group)
            && ctx.stage(self.stage).is_some_and(|info| {
                let late = info.stage.late_start.iter();
                late.clone()
                    .any(|(late, by)| *late == group && self.elapsed < *by)
            })
    }

    fn is_wanted(&self, ctx: &PolicyContext<'_>, group: GroupId, starters: GroupSet) -> bool {
        let is_walk = ctx.walk(group).is_some();
        let runs = ctx.go.contains(group);
        if is_walk && !runs && !self.walks.contains(group) {
            return false;
        }
        if runs && ctx.is_promised(group) {
            return true;
        }
        if is_walk && runs && !self.rest_in_walk {
            return false;
        }
        let remaining = if is_walk {
            self.remaining.min(self.remaining_walk)
        } else {
            self.remaining
        };
        if remaining == Millis::MAX || self.next.contains(group) {
            return true;
        }
        let lead = self.lead(ctx, group, starters);
        if runs {
            return remaining > lead;
        }
        let needed = ctx.service(group) + lead;
        let planned = self.elapsed + remaining;
        remaining >= needed || (planned < needed + GRACE && self.elapsed < GRACE)
    }

    /// How long before the next stage's green the group has to leave.
    fn lead(&self, ctx: &PolicyContext<'_>, group: GroupId, starters: GroupSet) -> Millis {
        let lead = ctx.lead(group, starters);
        let early = ctx.stage(self.stage).and_then(|info| {
            let mut early = info.stage.early_end.iter();
            early.find(|(early, _)| *early == group).map(|(_, by)| *by)
        });
        match early {
            Some(by) => lead.max(self.change(ctx, starters) + by),
            None => lead,
        }
    }

    /// Time between the end of the stage's vehicles and the start of the next stage.
    fn change(&self, ctx: &PolicyContext<'_>, starters: GroupSet) -> Millis {
        let own = ctx.groups_of(self.stage);
        (own.iter())
            .filter(|group| ctx.walk(*group).is_none())
            .map(|group| ctx.lead(group, starters))
            .max()
            .unwrap_or_default()
    }
}

/// Time until all of `next` may be in go if everything else were let go now; the walks in go are
/// given their promised time first.
pub(super) fn change_time(ctx: &PolicyContext<'_>, next: GroupSet) -> Millis {
    let all = ctx.site.safety.all_groups().difference(next);
    (all.iter())
        .map(|group| {
            let lead = ctx.lead_left(group, next);
            let promised = ctx
                .kernel
                .green_for(group, ctx.now)
                .map(|green| ctx.service(group).saturating_sub(green) + ctx.lead(group, next));
            match promised {
                Some(promised) if lead > Millis::ZERO => lead.max(promised),
                Some(_) | None => lead,
            }
        })
        .max()
        .unwrap_or_default()
}
