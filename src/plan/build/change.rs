//! What a stage change costs.

use super::super::checked::StageInfo;
use crate::ids::{GroupId, StageId};
use crate::signal::{Conflicts, GroupSet};
use crate::units::Millis;

/// Time from the moment the groups of `from` are told to stop until all groups of `to` are green:
/// the longest clearance between a group that ends and one that begins, less what an early end
/// or a late start takes off it. Zero if nobody has to wait for anybody.
pub(in super::super) fn change_time(
    stages: &[StageInfo],
    conflicts: &Conflicts,
    from: StageId,
    to: StageId,
) -> Millis {
    let (Some(before), Some(after)) = (stages.get(from.index()), stages.get(to.index())) else {
        return Millis::ZERO;
    };
    let (before, after) = (&before.stage, &after.stage);
    let gaining = after.groups.difference(before.groups);
    let losing = before.groups.difference(after.groups);
    let mut longest = Millis::ZERO;
    for loser in losing {
        let early = time_of(&before.early_end, loser);
        for gainer in gaining.intersection(conflicts.hostile_to(loser)) {
            let late = time_of(&after.late_start, gainer);
            let clearance = conflicts.clearance(loser, gainer);
            longest = longest.max(clearance.saturating_sub(early).saturating_sub(late));
        }
    }
    longest
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
