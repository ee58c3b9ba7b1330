//! From a road graph and checked sites to a street.

use alloc::sync::Arc;

use super::calibrate::{calibrate, lane_green};
use super::map::{DetectorSpec, Exit, LaneRule, RiderSpec, Road, RoadEnd, StreetMap, WalkSpec};
use crate::ids::{ApproachId, GroupId, RoadId, SiteId};
use crate::plan::{Approach, CheckedSite, DetectorUse, SiteKind, TurnKind};
use crate::signal::{GroupKind, GroupSet};

/// Metres that a road shares with the junction it comes out of.
const BOX_M: f32 = 18.0;
/// The same at a crossing between junctions.
const CROSSING_BOX_M: f32 = 6.0;
/// Walkers per hour and crossing in the peak, at junctions and at crossings between them.
const WALKERS_H: (f32, f32) = (90.0, 120.0);
/// Riders per hour and approach in the peak.
const RIDERS_H: f32 = 90.0;

/// A directed road of the road graph.
#[derive(Clone, Debug, PartialEq)]
pub struct CityRoad {
    /// Id in `network.geojson`.
    pub id: String,
    /// The junction it comes from and the one it leads to, by any numbering.
    pub ends: (u32, u32),
    /// Metres from junction to junction.
    pub length_m: f32,
    /// Speed limit, metres per second.
    pub speed_mps: f32,
    /// Lanes where no site file says otherwise.
    pub lanes: u8,
    /// Its line on the local metre grid.
    pub line: Vec<[f64; 2]>,
}

/// An allowed turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CityTurn {
    /// From this road.
    pub from: RoadId,
    /// Into this road.
    pub to: RoadId,
    /// In this direction.
    pub turn: TurnKind,
}

/// Lays out the street of a city. `roads` is indexed by [`RoadId`], `sites` by [`SiteId`].
///
/// Traffic enters by roads that no turn leads into and leaves by roads that no turn leads out of,
/// in amounts that load the busiest lane of the peak to `saturation` of what it can carry.
#[must_use]
pub fn lay_street(
    roads: &[CityRoad],
    turns: &[CityTurn],
    sites: &[Arc<CheckedSite>],
    saturation: f32,
) -> StreetMap {
    let mut map = StreetMap {
        roads: roads.iter().map(|road| lay_road(road, sites)).collect(),
        sites: sites.len(),
        ..StreetMap::default()
    };
    for turn in turns {
        add_exit(&mut map, *turn);
    }
    lay_boxes(&mut map, sites);
    for (at, site) in (0_u16..).zip(sites) {
        lay_people(&mut map, SiteId::new(at), site);
        lay_detectors(&mut map, SiteId::new(at), site);
    }
    for at in 0..map.roads.len() {
        lay_lanes(&mut map, at, sites);
    }
    map.settle();
    for at in 0..map.roads.len() {
        lay_yields(&mut map, at, roads, sites);
    }
    let green = lane_green(&map, sites);
    calibrate(&mut map, &green, saturation);
    map
}

fn lay_road(road: &CityRoad, sites: &[Arc<CheckedSite>]) -> Road {
    let signal = (0_u16..).zip(sites).find_map(|(at, site)| {
        let approach = site.approach_of_road(&road.id)?;
        Some(RoadEnd::Signal(SiteId::new(at), approach))
    });
    Road {
        id: road.id.clone(),
        length_m: road.length_m,
        speed_mps: road.speed_mps,
        lanes: vec![LaneRule::default(); usize::from(road.lanes.max(1))],
        end: signal.unwrap_or(RoadEnd::Free),
        exits: Vec::new(),
        line: road.line.clone(),
        box_m: 0.0,
        inflow_veh_h: 0.0,
    }
}

fn add_exit(map: &mut StreetMap, turn: CityTurn) {
    if turn.to.index() < map.roads.len()
        && let Some(road) = map.roads.get_mut(turn.from.index())
        && road.exits.len() < 32
    {
        road.exits.push(Exit {
            turn: turn.turn,
            road: turn.to,
            share: match turn.turn {
                TurnKind::Through => 1.0,
                TurnKind::Left | TurnKind::Right => 0.3,
                TurnKind::UTurn => 0.0,
            },
            walks: Vec::new(),
            opposing: Vec::new(),
        });
    }
}

/// A road begins behind the junction it comes out of; the metres before it belong to the junction.
fn lay_boxes(map: &mut StreetMap, sites: &[Arc<CheckedSite>]) {
    for from in 0..map.roads.len() {
        let crossing = approach_of(&map.roads[from], sites)
            .is_some_and(|(site, _, _)| site.kind == SiteKind::Crossing);
        let box_m = if crossing { CROSSING_BOX_M } else { BOX_M };
        for exit in 0..map.roads[from].exits.len() {
            let to = map.roads[from].exits[exit].road.index();
            map.roads[to].box_m = box_m;
        }
    }
    for road in &mut map.roads {
        if road.exits.is_empty() && road.end == RoadEnd::Free {
            road.end = RoadEnd::Sink;
        }
        road.box_m = road.box_m.min(road.length_m / 3.0);
        road.length_m -= road.box_m;
    }
}

fn approach_of<'a>(
    road: &Road,
    sites: &'a [Arc<CheckedSite>],
) -> Option<(&'a CheckedSite, SiteId, &'a Approach)> {
    let RoadEnd::Signal(id, approach) = road.end else {
        return None;
    };
    let site = sites.get(id.index())?;
    Some((site, id, site.approaches.get(approach.index())?))
}

fn lay_lanes(map: &mut StreetMap, at: usize, sites: &[Arc<CheckedSite>]) {
    let road = &map.roads[at];
    let of_turns = |turns: &[TurnKind]| {
        let exits = road.exits.iter().enumerate();
        exits
            .filter(|(_, exit)| turns.contains(&exit.turn))
            .fold(0_u32, |mask, (bit, _)| mask | (1 << bit))
    };
    let lanes: Vec<LaneRule> = match approach_of(road, sites) {
        Some((_, _, approach)) if !approach.lanes.is_empty() => approach
            .lanes
            .iter()
            .map(|lane| LaneRule {
                group: Some(lane.group()),
                exits: of_turns(&lane.turns().collect::<Vec<_>>()),
            })
            .collect(),
        _ => vec![
            LaneRule {
                group: None,
                exits: u32::MAX
            };
            road.lanes.len()
        ],
    };
    map.roads[at].lanes = lanes;
}

/// Who has priority over each turn: walkers over the arm it leaves by, and oncoming traffic.
fn lay_yields(map: &mut StreetMap, at: usize, roads: &[CityRoad], sites: &[Arc<CheckedSite>]) {
    let Some((site, id, approach)) = approach_of(&map.roads[at], sites) else {
        return;
    };
    for exit in 0..map.roads[at].exits.len() {
        let turn = map.roads[at].exits[exit].turn;
        if turn == TurnKind::Through {
            continue;
        }
        let groups = groups_of_exit(&map.roads[at], exit);
        let yields = groups.iter().fold(GroupSet::EMPTY, |all, group| {
            all.union(site.safety.conflicts().permissive_with(group))
        });
        let out = map.roads[at].exits[exit].road.index();
        let walkers = walkers_over(site, arm_of(site, roads, out), yields);
        let walks = (0..map.walks.len()).filter(|walk| {
            let spec = &map.walks[*walk];
            spec.site == id && walkers.contains(spec.group)
        });
        let walks: Vec<usize> = walks.collect();
        let left = matches!(turn, TurnKind::Left | TurnKind::UTurn);
        let opposing = if left {
            opposing_lanes(map, id, &approach.road, yields.union(groups))
        } else {
            Vec::new()
        };
        map.roads[at].exits[exit].walks = walks;
        map.roads[at].exits[exit].opposing = opposing;
    }
}

fn groups_of_exit(road: &Road, exit: usize) -> GroupSet {
    let lanes = road
        .lanes
        .iter()
        .filter(|lane| lane.exits & (1 << exit) != 0);
    lanes.filter_map(|lane| lane.group).collect()
}

/// The approach that comes in by the arm a road goes out by.
fn arm_of<'a>(site: &'a CheckedSite, roads: &[CityRoad], out: usize) -> Option<&'a Approach> {
    let (from, to) = roads.get(out)?.ends;
    site.approaches.iter().find(|approach| {
        let back = roads.iter().find(|road| road.id == approach.road);
        back.is_some_and(|road| road.ends == (to, from))
    })
}

/// The yielding walkers who cross this arm. A checked site does not say which arm a walk crosses,
/// so it is read from the conflicts (nobody may drive in by an arm that is walked over) and, where
/// two are left, from the name on the drawing, which ends in the arm's.
fn walkers_over(site: &CheckedSite, arm: Option<&Approach>, yields: GroupSet) -> GroupSet {
    let kind = |group: &GroupId| site.safety.timing(*group).map(|timing| timing.kind);
    let walkers: GroupSet = yields
        .iter()
        .filter(|group| kind(group) == Some(GroupKind::Pedestrian))
        .collect();
    let Some(arm) = arm else {
        return walkers;
    };
    let over = |group: &GroupId| {
        arm.groups
            .is_subset(site.safety.conflicts().hostile_to(*group))
    };
    let named = |group: &GroupId| {
        site.groups
            .get(group.index())
            .is_some_and(|info| info.name.ends_with(&arm.name))
    };
    let crossing: GroupSet = walkers.iter().filter(over).collect();
    let by_name: GroupSet = crossing.iter().filter(named).collect();
    if by_name.is_empty() {
        crossing
    } else {
        by_name
    }
}

fn opposing_lanes(
    map: &StreetMap,
    site: SiteId,
    own_road: &str,
    groups: GroupSet,
) -> Vec<(RoadId, usize)> {
    let mut found = Vec::new();
    for (at, road) in (0_u32..).zip(&map.roads) {
        let here = matches!(road.end, RoadEnd::Signal(at, _) if at == site);
        if !here || road.id == own_road {
            continue;
        }
        for (lane, rule) in road.lanes.iter().enumerate() {
            let ahead = road.exits.iter().enumerate().any(|(bit, exit)| {
                rule.exits & (1 << bit) != 0
                    && matches!(exit.turn, TurnKind::Through | TurnKind::Right)
            });
            if ahead && rule.group.is_some_and(|group| groups.contains(group)) {
                found.push((RoadId::new(at), lane));
            }
        }
    }
    found
}

fn lay_people(map: &mut StreetMap, id: SiteId, site: &CheckedSite) {
    let between = site.kind == SiteKind::Crossing;
    for (at, info) in (0_u8..).zip(&site.groups) {
        let (group, Some(walk)) = (GroupId::new(at), info.walk) else {
            continue;
        };
        let buttons = site.detectors.iter().filter(|detector| {
            detector.usage == DetectorUse::Button && detector.groups.contains(group)
        });
        map.walks.push(WalkSpec {
            site: id,
            group,
            crossing_m: super::emergency::metres(walk.crossing.as_mm()),
            walkers_h: if between { WALKERS_H.1 } else { WALKERS_H.0 },
            long_press: walk.long_press,
            buttons: buttons.map(|button| button.channel).collect(),
        });
    }
    for (at, approach) in (0_u8..).zip(&site.approaches) {
        if let Some(group) = approach.riders {
            map.riders.push(RiderSpec {
                site: id,
                approach: ApproachId::new(at),
                group,
                conflict_m: if between {
                    CROSSING_BOX_M
                } else {
                    beside_m(site, group)
                },
                riders_h: RIDERS_H,
            });
        }
    }
}

/// How far a rider is in the way of others: as far as the widest walk that runs beside it.
fn beside_m(site: &CheckedSite, group: GroupId) -> f32 {
    let hostile = site.safety.conflicts().hostile_to(group);
    let beside = (0_u8..)
        .zip(&site.groups)
        .filter(|(at, _)| !hostile.contains(GroupId::new(*at)));
    let widest = beside
        .filter_map(|(_, info)| info.walk)
        .map(|walk| walk.crossing.as_mm())
        .max();
    super::emergency::metres(widest.unwrap_or(12_000))
}

fn lay_detectors(map: &mut StreetMap, id: SiteId, site: &CheckedSite) {
    for detector in &site.detectors {
        let upstream_m = match detector.usage {
            DetectorUse::Presence => None,
            DetectorUse::Advance(length) => Some(super::emergency::metres(length.as_mm())),
            DetectorUse::Button => continue,
        };
        let Some((approach, lane)) = detector.lane else {
            continue;
        };
        let end = RoadEnd::Signal(id, approach);
        let road = (0_u32..).zip(&map.roads).find(|(_, road)| road.end == end);
        if let Some((road, _)) = road {
            map.detectors.push(DetectorSpec {
                site: id,
                channel: detector.channel,
                road: RoadId::new(road),
                lane: usize::from(lane),
                upstream_m,
            });
        }
    }
}
