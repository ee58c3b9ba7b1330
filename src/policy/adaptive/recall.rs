//! Stages that the plan recalls: who waits there may be seen by nobody.

use super::super::context::PolicyContext;
use super::Limit;
use super::desk::Desk;
use super::units::secs;
use crate::ids::GroupId;
use crate::kernel::Interval;
use crate::plan::Recall;
use crate::units::Millis;

/// The recalled group that was red longest, if it would be red too long without its stage next:
/// then only stages with it are allowed. True beside it if it has to come now.
pub(super) fn limit(
    ctx: &PolicyContext<'_>,
    desk: &mut Desk,
    bound_s: f32,
) -> Option<(Limit, bool)> {
    let recalled = (ctx.plan.sequence.iter()).filter(|entry| entry.recall != Recall::None);
    let groups = recalled.flat_map(|entry| ctx.groups_of(entry.stage));
    let vehicles = groups.filter(|group| ctx.walk(*group).is_none());
    let longest = vehicles.map(|group| (red_for(ctx, group), group)).max();
    let (red, group) = longest?;
    let times = desk.services.groups.iter().zip(&desk.change_now_s);
    let reach_s = times
        .filter(|(groups, _)| groups.contains(group))
        .map(|(_, s)| *s);
    let reach_s = reach_s.reduce(f32::min)?;
    let service = ctx.service(group) + ctx.lead(group, ctx.site.safety.all_groups());
    let left_s = bound_s - secs(red) - reach_s;
    if left_s > secs(service) {
        return None;
    }
    for (allowed, groups) in desk.allowed.iter_mut().zip(&desk.services.groups) {
        *allowed = groups.contains(group);
    }
    let is_due = left_s <= 1.0;
    Some(if is_due {
        (Limit::RedMax(group), true)
    } else {
        (Limit::RedNear(group), false)
    })
}

fn red_for(ctx: &PolicyContext<'_>, group: GroupId) -> Millis {
    match ctx.kernel.interval(group) {
        Interval::Stop(since) => ctx.now.since(since),
        Interval::Prepare(_) | Interval::Go(_) | Interval::Clear(_) => Millis::ZERO,
    }
}
