//! Stages, and which changes between them are not direct.

use super::super::checked::StageInfo;
use super::super::code::Code;
use super::super::raw::{RawSite, RawStage};
use super::super::tree::At;
use super::{Draft, check_unique};
use crate::ids::{GroupId, StageId};
use crate::signal::{GroupSet, Stage};
use crate::units::Millis;

pub(super) fn build(draft: &Draft<'_>, raw: &RawSite) -> Vec<StageInfo> {
    check_unique(
        draft.sheet,
        "stage",
        raw.stages.iter().map(|stage| &stage.id),
    );
    let mut stages: Vec<StageInfo> = raw
        .stages
        .iter()
        .map(|stage| build_stage(draft, stage))
        .collect();
    for row in &raw.moves {
        let ends = [&row.from, &row.to];
        let [from, to] = ends.map(|end| end.as_ref().and_then(|end| draft.stage(Code::F11, end)));
        let via = match &row.via {
            Some(via) => match draft.stage(Code::F11, via) {
                Some(via) => Some(via),
                None => continue,
            },
            None => None,
        };
        let (Some(from), Some(to)) = (from, to) else {
            continue;
        };
        if let Some(info) = stages.get_mut(from.index()) {
            info.moves.push((to, via));
        }
    }
    check_detours(draft, raw, &stages);
    stages
}

fn build_stage(draft: &Draft<'_>, stage: &RawStage) -> StageInfo {
    let groups = draft.group_set(Code::F11, &stage.green);
    if stage.green.is_empty() {
        let message = format!("stage \"{}\" has no group", stage.id.value);
        let help = "add `green = [\"...\"]`";
        draft
            .sheet
            .note(Code::F07, &stage.green_span, message, help);
    }
    if let Some((a, b)) = draft.conflicts.hostile_pair_in(groups) {
        let message = format!(
            "stage \"{}\" shows green to \"{}\" and \"{}\", which are hostile",
            stage.id.value,
            draft.group_name(a),
            draft.group_name(b)
        );
        let help = "take one of them out, or declare the pair permissive if one really yields";
        draft
            .sheet
            .note(Code::S03, &stage.green_span, message, help);
    }
    StageInfo {
        name: stage.id.value.clone(),
        stage: Stage {
            groups,
            late_start: shifts(draft, stage, groups, &stage.late_start).into(),
            early_end: shifts(draft, stage, groups, &stage.early_end).into(),
        },
        moves: Vec::new(),
    }
}

fn shifts(
    draft: &Draft<'_>,
    stage: &RawStage,
    groups: GroupSet,
    list: &[(At<String>, At<Millis>)],
) -> Vec<(GroupId, Millis)> {
    let mut shifts = Vec::new();
    for (name, time) in list {
        let Some(group) = draft.group(Code::F11, name) else {
            continue;
        };
        if !groups.contains(group) {
            let message = format!("\"{}\" is not in stage \"{}\"", name.value, stage.id.value);
            let help = "a late start or early end is for a group of the stage";
            draft.sheet.note(Code::F11, &name.span, message, help);
        }
        shifts.push((group, time.value));
    }
    shifts
}

/// A detour over a stage whose own changes are not direct would never end.
fn check_detours(draft: &Draft<'_>, raw: &RawSite, stages: &[StageInfo]) {
    let direct = |from: StageId, to: StageId| {
        let info = stages.get(from.index());
        info.is_some_and(|info| info.moves.iter().all(|(stage, _)| *stage != to))
    };
    for row in &raw.moves {
        let (Some(from), Some(to), Some(via)) = (&row.from, &row.to, &row.via) else {
            continue;
        };
        let find = |name: &At<String>| {
            let at = draft
                .stage_names
                .iter()
                .position(|known| *known == name.value)?;
            u8::try_from(at).ok().map(StageId::new)
        };
        let (Some(from), Some(to), Some(stop)) = (find(from), find(to), find(via)) else {
            continue;
        };
        if !direct(from, stop) || !direct(stop, to) || stop == from || stop == to {
            let message = format!("the way through \"{}\" is not direct either", via.value);
            let help = "name a stage that may follow and be followed directly";
            draft.sheet.note(Code::P05, &via.span, message, help);
        }
    }
}
