//! Where a site waits while nobody comes.

use super::super::context::PolicyContext;
use super::arrivals::Arrivals;
use crate::ids::StageId;

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
