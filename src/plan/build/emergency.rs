//! The checked emergency green of an approach.
//!
//! A yellow trap: drivers who turn left on a round green and wait for a gap see their amber,
//! believe that the oncoming stream is stopped with them, and turn into it while it still runs.
//! It is there when, in a change of the lamps, a left-turning group ends while a group it yields
//! to is green before and after.

use super::super::checked::{Approach, Emergency, TurnKind};
use super::super::code::Code;
use super::super::finding::Span;
use super::super::raw::RawApproach;
use super::Draft;
use super::change::{trapped, way};
use crate::ids::{GroupId, StageId};
use crate::signal::{Conflicts, GroupSet};

/// Groups that turn left and the oncoming groups they yield to.
pub(super) fn left_yields(
    conflicts: &Conflicts,
    approaches: &[Approach],
) -> Vec<(GroupId, GroupId)> {
    let mut yields = Vec::new();
    for approach in approaches {
        for left in groups_turning(approach, &[TurnKind::Left, TurnKind::UTurn]) {
            let oncoming = approaches
                .iter()
                .filter(|other| other.name != approach.name)
                .flat_map(|other| groups_turning(other, &[TurnKind::Through]))
                .filter(|through| conflicts.permissive_with(left).contains(*through));
            for through in oncoming {
                if !yields.contains(&(left, through)) {
                    yields.push((left, through));
                }
            }
        }
    }
    yields
}

/// The same by group: the oncoming groups that its left turns yield to.
pub(super) fn left_yields_of(conflicts: &Conflicts, approaches: &[Approach]) -> Vec<GroupSet> {
    let count = conflicts.group_count();
    let mut made = vec![GroupSet::EMPTY; count];
    for (left, through) in left_yields(conflicts, approaches) {
        if let Some(set) = made.get_mut(left.index()) {
            *set = set.with(through);
        }
    }
    made
}

fn groups_turning(approach: &Approach, turns: &[TurnKind]) -> GroupSet {
    let movements = approach.lanes.iter().flat_map(|lane| &lane.movements);
    movements
        .filter(|way| way.turns.iter().any(|turn| turns.contains(turn)))
        .map(|way| way.group)
        .collect()
}

/// What the file gives an emergency vehicle on `approach`, checked.
pub(super) fn build(
    draft: &Draft<'_>,
    raw: &RawApproach,
    approach: &Approach,
    yields: &[(GroupId, GroupId)],
) -> Emergency {
    let given = [
        raw.emergency_groups.is_some(),
        raw.emergency_stage.is_some(),
        raw.emergency_none.is_some(),
    ];
    if given.into_iter().filter(|given| *given).count() != 1 {
        let message = format!(
            "approach \"{}\" does not say once what an emergency vehicle is given",
            raw.id.value
        );
        let help = "write one of `emergency_groups`, `emergency_stage`, or `emergency = \"none\"` \
                    with `emergency_reason`";
        draft.sheet.note(Code::E04, &raw.head, message, help);
        return Emergency::None(String::new());
    }
    if let Some(none) = &raw.emergency_none {
        let Some(reason) = &raw.emergency_reason else {
            let message = format!("approach \"{}\" gives no reason", raw.id.value);
            let help = "add `emergency_reason = \"...\"`";
            draft.sheet.note(Code::E04, &none.span, message, help);
            return Emergency::None(String::new());
        };
        return Emergency::None(reason.value.clone());
    }
    let (groups, stage, span) = match (&raw.emergency_stage, &raw.emergency_groups) {
        (Some(name), _) => {
            let Some(stage) = draft.stage(Code::F11, name) else {
                return Emergency::None(String::new());
            };
            (draft.groups_of(stage), Some(stage), name.span.clone())
        }
        (None, names) => {
            let names = names.as_deref().unwrap_or_default();
            let span = match (names.first(), names.last()) {
                (Some(first), Some(last)) => first.span.start..last.span.end,
                _ => raw.head.clone(),
            };
            let groups = draft.group_set(Code::F11, names);
            (groups, stage_of(draft, groups), span)
        }
    };
    let green = Green {
        groups,
        stage,
        clears_first: raw.emergency_entry.is_some(),
        span,
    };
    green.check(draft, approach, yields);
    Emergency::Groups(groups)
}

fn stage_of(draft: &Draft<'_>, groups: GroupSet) -> Option<StageId> {
    let at = draft
        .stages
        .iter()
        .position(|info| info.stage.groups == groups)?;
    u8::try_from(at).ok().map(StageId::new)
}

struct Green {
    groups: GroupSet,
    /// The stage with exactly these groups, if there is one: its moves are known.
    stage: Option<StageId>,
    /// On entry an oncoming stream is stopped with the left turns that wait for it, and begins
    /// again once they have gone: entering is no trap then.
    clears_first: bool,
    span: Span,
}

impl Green {
    fn check(&self, draft: &Draft<'_>, approach: &Approach, yields: &[(GroupId, GroupId)]) {
        let name = &approach.name;
        let lanes: GroupSet = approach
            .lanes
            .iter()
            .fold(GroupSet::EMPTY, |all, lane| all.union(lane.groups()));
        let standing = lanes.difference(self.groups);
        if !standing.is_empty() {
            let names = draft.names_of(standing);
            let message = format!("approach \"{name}\": lanes of {names} stay red");
            let help = "a stopped lane blocks the vehicle behind it; add the group";
            draft.sheet.note(Code::E01, &self.span, message, help);
        }
        if let Some((a, b)) = draft.conflicts.hostile_pair_in(self.groups) {
            let message = format!(
                "approach \"{name}\": \"{}\" and \"{}\" are hostile",
                draft.group_name(a),
                draft.group_name(b)
            );
            let help = "take one of them out";
            draft.sheet.note(Code::E02, &self.span, message, help);
            return;
        }
        for at in 0..draft.stages.len() {
            let Some(stage) = u8::try_from(at).ok().map(StageId::new) else {
                continue;
            };
            if self.check_trap(draft, name, stage, yields) {
                return;
            }
        }
    }

    /// True if entering from or leaving to `stage` is a yellow trap, which is noted.
    fn check_trap(
        &self,
        draft: &Draft<'_>,
        name: &str,
        stage: StageId,
        yields: &[(GroupId, GroupId)],
    ) -> bool {
        let other = draft.groups_of(stage);
        let direct = |from, to| way(&draft.stages, from, to) == Ok(None);
        let enters = !self.clears_first && self.stage.is_none_or(|own| direct(stage, own));
        let leaves = self.stage.is_none_or(|own| direct(own, stage));
        let entry = trapped(yields, other, self.groups).filter(|_| enters);
        let exit = trapped(yields, self.groups, other).filter(|_| leaves);
        let (moment, (left, through)) = match (entry, exit) {
            (Some(pair), _) => ("entered from", pair),
            (None, Some(pair)) => ("left for", pair),
            (None, None) => return false,
        };
        let message = format!(
            "approach \"{name}\", {moment} stage \"{}\": \"{}\" ends while \"{}\", to which its \
             left turns yield, stays green",
            draft.stage_name(stage),
            draft.group_name(left),
            draft.group_name(through)
        );
        let help = "let both be in the emergency green or neither, forbid the stage change, or, \
                    for entering, write `emergency_entry = \"clear-first\"`";
        draft.sheet.note(Code::E03, &self.span, message, help);
        true
    }
}
