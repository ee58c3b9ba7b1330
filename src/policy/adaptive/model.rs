//! What adaptive control knows of a site before it has seen a single vehicle.

use crate::ids::{GroupId, StageId};
use crate::plan::{CheckedSite, Movement, TurnKind};
use crate::signal::{GroupKind, GroupSet};

/// One lane, or one walk taken as a lane.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ModelLane {
    /// The first of its movements and how many there are; none for a walk.
    pub(super) movements: core::ops::Range<usize>,
    /// Every group of its movements.
    pub(super) groups: GroupSet,
    /// Limit of the approach, metres a second.
    pub(super) speed_mps: f32,
    /// True for a walk.
    pub(super) is_walk: bool,
}

/// One way through the junction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ModelMovement {
    pub(super) lane: usize,
    pub(super) group: GroupId,
    /// Whom it yields to.
    pub(super) yields: GroupSet,
}

/// A site as the search sees it. Made once.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Model {
    /// The lanes in file order, then one for each pedestrian group.
    pub(super) lanes: Vec<ModelLane>,
    pub(super) movements: Vec<ModelMovement>,
    /// For every group the lanes with a movement of it.
    pub(super) lanes_of: Vec<Vec<usize>>,
}

/// Speed assumed where the site file gives none, metres a second.
const SPEED_MPS: f32 = 11.0;

impl Model {
    pub(super) fn of(site: &CheckedSite) -> Self {
        let mut model = Self {
            lanes: Vec::new(),
            movements: Vec::new(),
            lanes_of: vec![Vec::new(); site.groups.len()],
        };
        for approach in &site.approaches {
            for lane in &approach.lanes {
                let first = model.movements.len();
                for way in &lane.movements {
                    model.movements.push(ModelMovement {
                        lane: model.lanes.len(),
                        group: way.group,
                        yields: yields_of(site, way),
                    });
                }
                model.lanes.push(ModelLane {
                    movements: first..model.movements.len(),
                    groups: lane.groups(),
                    speed_mps: speed_of(site, lane.group()),
                    is_walk: false,
                });
            }
        }
        let walks = (0_u8..).zip(site.safety.timings());
        for (number, timing) in walks {
            if timing.kind == GroupKind::Pedestrian {
                model.lanes.push(ModelLane {
                    movements: 0..0,
                    groups: GroupSet::only(GroupId::new(number)),
                    speed_mps: 1.0,
                    is_walk: true,
                });
            }
        }
        for (at, lane) in model.lanes.iter().enumerate() {
            for group in lane.groups {
                if let Some(lanes) = model.lanes_of.get_mut(group.index()) {
                    lanes.push(at);
                }
            }
        }
        model
    }

    /// The movements of a lane.
    pub(super) fn ways(&self, lane: usize) -> &[ModelMovement] {
        let range = self
            .lanes
            .get(lane)
            .map_or(0..0, |lane| lane.movements.clone());
        self.movements.get(range).unwrap_or_default()
    }
}

/// Whom a movement yields to. A site file says it of groups, but of a group that leads straight on
/// and around corners only those who turn yield; who turns right beside through traffic holds it
/// up for walkers too rarely to be reckoned with.
fn yields_of(site: &CheckedSite, way: &Movement) -> GroupSet {
    let yields = site.yields.get(way.group.index()).copied();
    let yields = yields.unwrap_or_default();
    let goes = |way: &Movement, turn: TurnKind| way.turns.contains(&turn);
    let turns = |way: &Movement| way.turns.iter().any(|turn| *turn != TurnKind::Through);
    if !goes(way, TurnKind::Through) {
        return yields;
    }
    let mut others = site.movements().map(|(_, _, other)| other);
    let turners = others.any(|other| other.group == way.group && turns(other));
    if turners && !turns(way) {
        return GroupSet::EMPTY;
    }
    let walks = (0_u8..).zip(site.safety.timings());
    let walks = walks.filter(|(_, timing)| timing.kind == GroupKind::Pedestrian);
    let walks: GroupSet = walks.map(|(number, _)| GroupId::new(number)).collect();
    if turns(way) && !goes(way, TurnKind::Left) {
        yields.difference(walks)
    } else {
        yields
    }
}

fn speed_of(site: &CheckedSite, group: GroupId) -> f32 {
    let speed = site
        .groups
        .get(group.index())
        .map(|info| info.speed.as_mm_per_s());
    match speed {
        Some(mm_per_s) if mm_per_s > 0 => super::units::metres(mm_per_s),
        _ => SPEED_MPS,
    }
}

/// The stages that the plan may show, in its order, each once.
pub(super) fn stages_of(plan: &crate::plan::Plan) -> impl Iterator<Item = StageId> + '_ {
    let sequence = plan.sequence.iter().enumerate();
    sequence
        .filter(|(at, entry)| {
            let before = plan.sequence.iter().take(*at);
            !before
                .into_iter()
                .any(|earlier| earlier.stage == entry.stage)
        })
        .map(|(_, entry)| entry.stage)
}
