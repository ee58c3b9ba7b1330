//! A site drawn with few lines, for previews.

use super::site::SiteState;
use crate::corridor::{LaneSketch, SiteSketch, StageSketch};
use crate::detect::PictureSource;
use crate::ids::{ApproachId, GroupId, StageId};
use crate::plan::{CheckedSite, PlanMode, Recall, TurnKind};
use crate::signal::GroupSet;
use crate::units::{Millis, Mono};

/// Vehicles an hour that a lane is taken to see at least. A station that has run for minutes only has
/// hardly counted anybody yet; taken at its word it would promise green everywhere without a key.
const FLOW_LEAST_PER_H: u32 = 150;

/// The site as it stands at `now`, for a vehicle that comes in by an approach, goes on by a turn and is
/// given `groups`.
pub(super) fn sketch(
    site: &CheckedSite,
    state: &SiteState,
    (way, groups): ((ApproachId, Option<TurnKind>), GroupSet),
    now: Mono,
) -> Option<SiteSketch> {
    let plan = site.plans.get(state.plan().index())?;
    if plan.sequence.is_empty() {
        return None;
    }
    let go = state.kernel().go_set();
    let stages: Vec<StageSketch> = plan
        .sequence
        .iter()
        .enumerate()
        .map(|(at, entry)| {
            let own = groups_of(site, entry.stage);
            let next = plan.sequence.get((at + 1) % plan.sequence.len());
            let next = next.map_or(GroupSet::EMPTY, |next| groups_of(site, next.stage));
            let change = change(site, own.difference(next), next.difference(own));
            let walked = walked(site, own, groups);
            let green_min = green_min(site, own);
            let green = if entry.split > Millis::ZERO {
                entry.split.saturating_sub(change)
            } else {
                entry.green_max
            };
            StageSketch {
                groups: own,
                green_min,
                green: green.max(green_min),
                change,
                walked,
                recall: match plan.mode {
                    PlanMode::Fixed => true,
                    PlanMode::Coordinated => Some(entry.stage) == plan.coordinated,
                    PlanMode::Actuated | PlanMode::Adaptive => entry.recall != Recall::None,
                },
            }
        })
        .collect();
    let running = state.last().and_then(|cycle| cycle.decision.winner.stage);
    let at = plan
        .sequence
        .iter()
        .position(|entry| Some(entry.stage) == running)
        .or_else(|| nearest(&stages, go));
    let at = at.and_then(|at| {
        let groups = stages.get(at)?.groups.intersection(go);
        let since = groups
            .iter()
            .filter_map(|g| state.kernel().green_for(g, now));
        Some((at, since.min().unwrap_or_default()))
    });
    let clocked =
        matches!(plan.mode, PlanMode::Fixed | PlanMode::Coordinated) && plan.cycle > Millis::ZERO;
    Some(SiteSketch {
        lanes: lanes(site, state, way, now),
        held: held(site, &stages, groups),
        stages,
        clocked,
        at,
    })
}

fn groups_of(site: &CheckedSite, stage: StageId) -> GroupSet {
    let stage = site.stages.get(stage.index());
    stage.map_or(GroupSet::EMPTY, |info| info.stage.groups)
}

/// The stage that most of what is green belongs to.
fn nearest(stages: &[StageSketch], go: GroupSet) -> Option<usize> {
    let shared = |stage: &StageSketch| stage.groups.intersection(go).len();
    let best = (0..).zip(stages).max_by_key(|(_, stage)| shared(stage));
    best.filter(|(_, stage)| shared(stage) > 0)
        .map(|(at, _)| at)
}

/// The shortest green of a stage's vehicles.
fn green_min(site: &CheckedSite, groups: GroupSet) -> Millis {
    let vehicles = groups.iter().filter(|group| !is_walk(site, *group));
    let timings = vehicles.filter_map(|group| site.safety.timing(group));
    timings
        .map(|timing| timing.green_min)
        .max()
        .unwrap_or_default()
}

/// When the walks of a stage that are hostile to `held` are over, with their clearance.
fn walked(site: &CheckedSite, stage: GroupSet, held: GroupSet) -> Millis {
    let conflicts = site.safety.conflicts();
    let walks = stage
        .intersection(conflicts.hostile_to_any(held))
        .iter()
        .filter(|group| is_walk(site, *group));
    let over = walks.map(|group| {
        let clear = held.iter().map(|ours| conflicts.clearance(group, ours));
        site.service_max(group) + clear.max().unwrap_or_default()
    });
    over.max().unwrap_or_default()
}

fn is_walk(site: &CheckedSite, group: GroupId) -> bool {
    let info = site.groups.get(group.index());
    info.is_some_and(|info| info.walk.is_some())
}

/// The longest clearance of those who drive from `from` to `to`.
fn change(site: &CheckedSite, from: GroupSet, to: GroupSet) -> Millis {
    let conflicts = site.safety.conflicts();
    let from = from.iter().filter(|group| !is_walk(site, *group));
    let pairs = from.flat_map(|a| to.iter().map(move |b| (a, b)));
    let times = pairs.map(|(a, b)| conflicts.clearance(a, b));
    times.max().unwrap_or_default()
}

/// The lease's groups and whatever a stage shows beside all of them that cannot hurt them.
fn held(site: &CheckedSite, stages: &[StageSketch], groups: GroupSet) -> GroupSet {
    let conflicts = site.safety.conflicts();
    let beside = stages
        .iter()
        .filter(|stage| !groups.is_empty() && groups.is_subset(stage.groups))
        .fold(GroupSet::EMPTY, |all, stage| all.union(stage.groups));
    let harmless = groups.iter().fold(beside, |kept, group| {
        kept.difference(conflicts.hostile_to(group))
            .difference(conflicts.permissive_with(group))
    });
    groups.union(harmless)
}

fn lanes(
    site: &CheckedSite,
    state: &SiteState,
    (approach, turn): (ApproachId, Option<TurnKind>),
    now: Mono,
) -> Vec<LaneSketch> {
    let mut lanes = Vec::new();
    let picture = state.detection().picture();
    let told = picture.source() == PictureSource::Area;
    for (number, info) in (0_u8..).zip(&site.approaches) {
        let id = ApproachId::new(number);
        for (kerb, lane) in (0_u8..).zip(&info.lanes) {
            let place = u8::try_from(lanes.len()).unwrap_or(u8::MAX);
            let seen = state.detection().lane(id, kerb);
            let group = lane.group();
            let waited = state.kernel().waiting_since(group);
            lanes.push(LaneSketch {
                groups: lane.groups(),
                yields: site.yields_of(lane),
                own: id == approach,
                leads: id == approach
                    && turn.is_none_or(|turn| lane.turns().any(|way| way == turn)),
                queue: if told {
                    picture.standing(place)
                } else {
                    seen.queue
                },
                flow_per_h: seen.flow_per_h.max(FLOW_LEAST_PER_H),
                waited: waited.map_or(Millis::ZERO, |since| now.since(since)),
            });
        }
    }
    if !lanes.iter().any(|lane| lane.leads) {
        // The line on the ground told another turn than any lane is marked with.
        for lane in &mut lanes {
            lane.leads = lane.own;
        }
    }
    lanes
}
