//! What may still be begun before a corridor's lock.

use super::context::PolicyContext;
use crate::corridor::Lease;
use crate::ids::GroupId;
use crate::signal::GroupSet;
use crate::units::Millis;

/// While the lease's approach is red, its queue grows by one vehicle a lane in six seconds or less,
/// and each needs two seconds of green: a third of the red.
const QUEUE_SHARE: u32 = 3;
/// Until the first of that queue moves.
const START_LOSS: Millis = Millis::from_secs(2);

/// True if a service of `group` that is asked for now can be over, and the queue that it makes
/// gone, by the time the lease's groups have to be green.
pub(super) fn fits(ctx: &PolicyContext<'_>, lease: &Lease, group: GroupId) -> bool {
    let Ok(start) = ctx.kernel.entry_time(ctx.now, GroupSet::only(group)) else {
        return false;
    };
    let red = start + ctx.site.service_max(group) + ctx.lead(group, lease.groups);
    let queue = START_LOSS + Millis::new(red.as_ms() / QUEUE_SHARE);
    ctx.now + red + queue <= lease.green_by
}
