//! What may be green beside an emergency green, and what would fill the road behind it.

use super::Arm;
use crate::ids::GroupId;
use crate::plan::{Approach, CheckedSite};
use crate::signal::{GroupKind, GroupSet};

/// The groups of the node's other approaches that lead to where the vehicle goes.
pub(super) fn into_exit(site: &CheckedSite, arms: &[Arm]) -> GroupSet {
    let leads = |(arm, approach): (&Arm, &Approach)| -> GroupSet {
        let ways = approach.lanes.iter().flat_map(|lane| &lane.movements);
        ways.filter(|way| way.turns.iter().any(|turn| arm.into_exit.contains(turn)))
            .map(|way| way.group)
            .collect()
    };
    at_node(site, arms)
        .map(leads)
        .fold(GroupSet::EMPTY, GroupSet::union)
}

/// The vehicle groups of the node's other approaches that neither cross nor yield to any of
/// `groups`, nor make them yield, and that some stage shows beside each of `groups` that yields to
/// nobody there.
pub(super) fn beside(site: &CheckedSite, groups: GroupSet, arms: &[Arm]) -> GroupSet {
    let conflicts = site.safety.conflicts();
    let near = at_node(site, arms).map(|(_, approach)| approach.groups);
    let near = near.fold(GroupSet::EMPTY, GroupSet::union);
    let meets = |group: GroupId| {
        let others = conflicts.hostile_to(group);
        !others
            .union(conflicts.permissive_with(group))
            .is_disjoint(groups)
    };
    let drives = |group: GroupId| {
        let timing = site.safety.timing(group);
        timing.is_some_and(|timing| matches!(timing.kind, GroupKind::Vehicle | GroupKind::Arrow))
    };
    let candidates = near.difference(groups).iter();
    candidates
        .filter(|group| drives(*group) && !meets(*group) && is_shown_beside(site, groups, *group))
        .collect()
}

/// True if for each of `groups` that is ever shown without yielding to anybody, some stage shows
/// it so together with `other`.
fn is_shown_beside(site: &CheckedSite, groups: GroupSet, other: GroupId) -> bool {
    let protected_in = |group: GroupId| {
        let yields = site.yields.get(group.index()).copied().unwrap_or_default();
        let stages = site.stages.iter().map(|info| info.stage.groups);
        stages.filter(move |shown| shown.contains(group) && shown.is_disjoint(yields))
    };
    groups.iter().all(|group| {
        protected_in(group).next().is_none() || protected_in(group).any(|s| s.contains(other))
    })
}

fn at_node<'a>(
    site: &'a CheckedSite,
    arms: &'a [Arm],
) -> impl Iterator<Item = (&'a Arm, &'a Approach)> {
    arms.iter().filter_map(|arm| {
        let approach = site.approach_of_road(&arm.road)?;
        Some((arm, site.approaches.get(approach.index())?))
    })
}
