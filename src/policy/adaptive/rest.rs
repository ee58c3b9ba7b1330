//! Where a site waits while nobody comes, and what the stage that runs does not do any more.

use super::super::context::PolicyContext;
use super::arrivals::Arrivals;
use super::model::Model;
use super::service::Services;
use crate::ids::StageId;
use crate::signal::GroupSet;
use crate::units::Millis;

/// The stage to go to while nobody is known to come: the one the plan rests in, or else the one it
/// coordinates. Who comes next most likely comes there, and the search sees no difference.
pub(super) fn wanted(
    ctx: &PolicyContext<'_>,
    arrivals: &Arrivals,
    present: StageId,
) -> Option<StageId> {
    let is_idle = arrivals.list.is_empty() && ctx.demands.all().is_empty();
    let rest = ctx.plan.rest.or(ctx.plan.coordinated);
    rest.filter(|rest| is_idle && *rest != present)
}

/// A walk that is over in so short a time may start whenever its stage runs: waiting for the next
/// turn would cost the walkers more than the stage loses.
const SHORT: Millis = Millis::from_secs(22);

/// Those of `walks` that are over, with their clearance, in a short time.
pub(super) fn short_walks(ctx: &PolicyContext<'_>, stage: StageId, walks: GroupSet) -> GroupSet {
    let all = ctx.site.safety.all_groups();
    let others = all.difference(ctx.groups_of(stage));
    let is_short =
        |walk: &crate::ids::GroupId| ctx.service(*walk) + ctx.lead(*walk, others) <= SHORT;
    walks.iter().filter(is_short).collect()
}

/// A walk that is called too late to start in the stage that runs is not served by holding it.
/// `walks` are those that may still start.
pub(super) fn close_missed_walks(
    ctx: &PolicyContext<'_>,
    model: &Model,
    (services, present): (&mut Services, usize),
    walks: GroupSet,
) {
    let missed = ctx.demands.walkers.difference(ctx.go).difference(walks);
    for (number, lane) in model.lanes.iter().enumerate() {
        if lane.is_walk && lane.groups.is_subset(missed) {
            services.close(present, number);
        }
    }
}
