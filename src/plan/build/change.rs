//! What a stage change costs.

use super::super::checked::StageInfo;
use crate::ids::{GroupId, StageId};
use crate::signal::{Conflicts, GroupSet};
use crate::units::Millis;

/// Time from the moment `group` of stage `from` is told to stop until all groups of `to` are
/// green: its longest clearance to a group that begins, less what a late start takes off it. Zero
/// if it goes on, or if nobody has to wait for it.
pub(in super::super) fn clearing_time(
    stages: &[StageInfo],
    conflicts: &Conflicts,
    group: GroupId,
    (from, to): (StageId, StageId),
) -> Millis {
    let (Some(before), Some(after)) = (stages.get(from.index()), stages.get(to.index())) else {
        return Millis::ZERO;
    };
    let (before, after) = (&before.stage, &after.stage);
    if after.groups.contains(group) {
        return Millis::ZERO;
    }
    let gaining = after.groups.difference(before.groups);
    let waiting = gaining.intersection(conflicts.hostile_to(group));
    let times = waiting.iter().map(|gainer| {
        let late = time_of(&after.late_start, gainer);
        conflicts.clearance(group, gainer).saturating_sub(late)
    });
    times.max().unwrap_or_default()
}

/// The time a list of late starts or early ends gives for `group`.
pub(in super::super) fn time_of(list: &[(GroupId, Millis)], group: GroupId) -> Millis {
    let found = list.iter().find(|(listed, _)| *listed == group);
    found.map_or(Millis::ZERO, |(_, time)| *time)
}

/// The stage a change from `from` to `to` has to go through; `Err` if it is forbidden.
pub(in super::super) fn way(
    stages: &[StageInfo],
    from: StageId,
    to: StageId,
) -> Result<Option<StageId>, ()> {
    let moves = stages.get(from.index()).map_or(&[][..], |info| &info.moves);
    match moves.iter().find(|(stage, _)| *stage == to) {
        Some((_, Some(via))) => Ok(Some(*via)),
        Some((_, None)) => Err(()),
        None => Ok(None),
    }
}

/// The groups green in both sets of which a left turn of `from` believes that they end with it.
pub(in super::super) fn trapped(
    left_yields: &[(GroupId, GroupId)],
    from: GroupSet,
    to: GroupSet,
) -> Option<(GroupId, GroupId)> {
    let is_trap = |(left, through): &(GroupId, GroupId)| {
        from.contains(*left)
            && !to.contains(*left)
            && from.contains(*through)
            && to.contains(*through)
    };
    left_yields.iter().copied().find(is_trap)
}
