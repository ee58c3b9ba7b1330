//! Roads entering the site, their lanes, and what an emergency vehicle on them is given.

use super::super::checked::{Approach, Emergency, Lane, Movement};
use super::super::code::Code;
use super::super::raw::{RawApproach, RawSite};
use super::{Draft, check_unique, emergency};
use crate::ids::GroupId;
use crate::signal::GroupKind;

pub(super) fn build(draft: &Draft<'_>, raw: &RawSite) -> Vec<Approach> {
    let ids = raw.approaches.iter().map(|approach| &approach.id);
    check_unique(draft.sheet, "approach", ids);
    let roads = raw
        .approaches
        .iter()
        .filter_map(|approach| approach.road.as_ref());
    check_unique(draft.sheet, "an approach for road", roads);
    let mut approaches: Vec<Approach> = raw
        .approaches
        .iter()
        .map(|approach| build_approach(draft, approach))
        .collect();
    check_crossed(draft, raw);
    let yields = emergency::left_yields(&draft.conflicts, &approaches);
    for (made, written) in approaches.iter_mut().zip(&raw.approaches) {
        made.emergency = emergency::build(draft, written, made, &yields);
    }
    approaches
}

fn build_approach(draft: &Draft<'_>, raw: &RawApproach) -> Approach {
    let groups = draft.group_set(Code::F11, &raw.groups);
    for name in &raw.groups {
        let Some(group) = find(draft, &name.value) else {
            continue;
        };
        if kind_of(draft, group) == Some(GroupKind::Pedestrian) {
            let message = format!("\"{}\" is a pedestrian group", name.value);
            let help = "an approach holds the groups its vehicles obey";
            draft.sheet.note(Code::E05, &name.span, message, help);
        }
    }
    if raw.lanes.is_empty() {
        let message = format!("approach \"{}\" has no lane", raw.id.value);
        let help = "add [[approach.lane]] for each lane, from the kerb to the middle";
        draft.sheet.note(Code::F07, &raw.head, message, help);
    }
    let mut lanes = Vec::new();
    for lane in &raw.lanes {
        let mut movements = Vec::new();
        for way in core::iter::once(lane).chain(&lane.also) {
            let Some(group) = draft.group(Code::F11, &way.group) else {
                continue;
            };
            if !groups.contains(group) {
                let message = format!(
                    "a lane of approach \"{}\" obeys \"{}\"",
                    raw.id.value, way.group.value
                );
                let help = "add the group to `groups` of the approach";
                draft.sheet.note(Code::E05, &way.group.span, message, help);
            }
            movements.push(Movement {
                group,
                turns: way.turns.clone(),
            });
        }
        if !movements.is_empty() {
            lanes.push(Lane { movements });
        }
    }
    let riders = raw.riders.as_ref();
    Approach {
        name: raw.id.value.clone(),
        road: raw
            .road
            .as_ref()
            .map(|road| road.value.clone())
            .unwrap_or_default(),
        groups,
        emergency: Emergency::None(String::new()),
        lanes,
        riders: riders.and_then(|riders| draft.group(Code::F11, riders)),
    }
}

/// Walkers cross arms that exist.
fn check_crossed(draft: &Draft<'_>, raw: &RawSite) {
    for arm in raw.groups.iter().flat_map(|group| &group.crosses) {
        if raw
            .approaches
            .iter()
            .any(|approach| approach.id.value == arm.value)
        {
            continue;
        }
        let message = format!("the site has no approach \"{}\" to walk over", arm.value);
        let help = "an arm without incoming traffic is left out of `crosses`";
        draft.sheet.note(Code::F11, &arm.span, message, help);
    }
}

fn find(draft: &Draft<'_>, name: &str) -> Option<GroupId> {
    let at = draft.group_names.iter().position(|known| *known == name)?;
    u8::try_from(at).ok().map(GroupId::new)
}

fn kind_of(draft: &Draft<'_>, group: GroupId) -> Option<GroupKind> {
    draft.timings.get(group.index()).map(|timing| timing.kind)
}
