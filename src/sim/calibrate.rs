//! How much traffic the streets of a city can bear, and so how much its boundary sends in.
//!
//! Turning shares follow the green that each direction gets. From them follows where the vehicles
//! of each source end up, and from that the largest inflow that loads no lane beyond the wanted
//! share of its capacity in the peak plan.

use alloc::sync::Arc;

use super::map::{RoadEnd, StreetMap};
use crate::ids::GroupId;
use crate::plan::{CheckedSite, Plan};

/// Vehicles per hour of green and lane.
const SATURATION_VEH_H: f32 = 1800.0;
/// What is left of it where a turn has to look for gaps.
const YIELDING: f32 = 0.7;
/// Seconds of a split that are not green.
const CHANGE_S: f32 = 6.0;
/// Green share where no plan tells.
const NO_PLAN: f32 = 0.35;
/// Vehicles per hour that one lane of the boundary sends at most.
const LANE_MOST_VEH_H: f32 = 500.0;
/// Turning shares are followed over this many roads.
const HOPS: usize = 60;
/// The inflows are adjusted this often.
const ROUNDS: usize = 400;

/// Share of green of each lane, road by road, in the peak plan.
pub(super) fn lane_green(map: &StreetMap, sites: &[Arc<CheckedSite>]) -> Vec<Vec<f32>> {
    map.roads
        .iter()
        .map(|road| {
            let site = match road.end {
                RoadEnd::Signal(site, _) => sites.get(site.index()),
                RoadEnd::Free | RoadEnd::Sink => None,
            };
            road.lanes
                .iter()
                .map(|lane| match (site, lane.group) {
                    (Some(site), Some(group)) => green_share(site, group),
                    _ => 1.0,
                })
                .collect()
        })
        .collect()
}

fn green_share(site: &CheckedSite, group: GroupId) -> f32 {
    let peak = site.plans.iter().find(|plan| plan.name == "peak");
    let longest = || site.plans.iter().max_by_key(|plan| plan.cycle);
    let Some(plan) = peak.or_else(longest).filter(|plan| plan.cycle.as_ms() > 0) else {
        return NO_PLAN;
    };
    let split = splits_of(site, plan, group);
    let green = seconds(split) - CHANGE_S;
    (green / seconds(plan.cycle.as_ms())).clamp(0.03, 1.0)
}

fn splits_of(site: &CheckedSite, plan: &Plan, group: GroupId) -> u32 {
    let served = plan.sequence.iter().filter(|entry| {
        let stage = site.stages.get(entry.stage.index());
        stage.is_some_and(|stage| stage.stage.groups.contains(group))
    });
    served.map(|entry| entry.split.as_ms()).sum()
}

fn seconds(ms: u32) -> f32 {
    super::emergency::metres(ms)
}

/// Sets turning shares and inflows.
pub(super) fn calibrate(map: &mut StreetMap, green: &[Vec<f32>], saturation: f32) {
    for (road, green) in map.roads.iter_mut().zip(green) {
        for at in 0..road.exits.len() {
            let lanes = road.lanes.iter().zip(green);
            let bears: f32 = lanes
                .filter(|(lane, _)| lane.exits & (1 << at) != 0)
                .map(|(_, green)| *green)
                .sum();
            road.exits[at].share *= bears;
        }
    }
    map.settle();
    let sources = sources(map);
    let visits: Vec<Vec<f32>> = sources
        .iter()
        .map(|source| visits_from(map, *source))
        .collect();
    let mut inflow: Vec<f32> = sources
        .iter()
        .map(|source| LANE_MOST_VEH_H * len(map.roads[*source].lanes.len()))
        .collect();
    let bears: Vec<f32> = (0..map.roads.len())
        .map(|at| capacity(map, at, &green[at]))
        .collect();
    let most = inflow.clone();
    for _ in 0..ROUNDS {
        let over = overload(&visits, &inflow, &bears, saturation);
        for (source, visits) in visits.iter().enumerate() {
            // Who sends a real part of what a full road carries has to give way.
            let matters = |road: &usize| visits[*road] * inflow[source] > 0.05 * over[*road].0;
            let worst = (0..over.len())
                .filter(matters)
                .map(|road| over[road].1)
                .fold(0.0, f32::max);
            let factor = if worst > 1.0 {
                1.0 - 0.3 * (1.0 - 1.0 / worst)
            } else {
                1.01
            };
            inflow[source] = (inflow[source] * factor).min(most[source]);
        }
    }
    let over = overload(&visits, &inflow, &bears, saturation);
    let worst = over.iter().map(|(_, over)| *over).fold(1.0, f32::max);
    for flow in &mut inflow {
        *flow /= worst;
    }
    for (source, flow) in sources.iter().zip(inflow) {
        map.roads[*source].inflow_veh_h = flow;
    }
}

/// For each road its flow, and that flow as a part of what it may carry.
fn overload(
    visits: &[Vec<f32>],
    inflow: &[f32],
    bears: &[f32],
    saturation: f32,
) -> Vec<(f32, f32)> {
    let roads = bears.iter().enumerate();
    roads
        .map(|(road, bears)| {
            let flow: f32 = visits
                .iter()
                .zip(inflow)
                .map(|(visits, flow)| visits[road] * flow)
                .sum();
            (flow, flow / (saturation * bears).max(1.0))
        })
        .collect()
}

/// Roads that lead into the city: no turn leads into them, and they lead somewhere.
fn sources(map: &StreetMap) -> Vec<usize> {
    let mut reached = vec![false; map.roads.len()];
    for exit in map.roads.iter().flat_map(|road| &road.exits) {
        reached[exit.road.index()] = true;
    }
    let roads = map.roads.iter().enumerate();
    roads
        .filter(|(at, road)| !reached[*at] && !road.exits.is_empty())
        .map(|(at, _)| at)
        .collect()
}

/// How often a vehicle that enters by `source` uses each road, on average.
fn visits_from(map: &StreetMap, source: usize) -> Vec<f32> {
    let mut all = vec![0.0; map.roads.len()];
    let mut now = vec![0.0; map.roads.len()];
    now[source] = 1.0;
    for _ in 0..HOPS {
        let mut next = vec![0.0; map.roads.len()];
        for (at, road) in map.roads.iter().enumerate() {
            all[at] += now[at];
            for exit in &road.exits {
                next[exit.road.index()] += now[at] * exit.share;
            }
        }
        now = next;
    }
    all
}

/// Vehicles per hour that a road's stop line bears with its mix of turns: the most it can carry
/// before its busiest exit is full.
fn capacity(map: &StreetMap, at: usize, green: &[f32]) -> f32 {
    let road = &map.roads[at];
    let mut bears = f32::MAX;
    let mut load = vec![0.0_f32; road.lanes.len()];
    for (bit, exit) in road.exits.iter().enumerate() {
        let uses: Vec<usize> = (0..road.lanes.len())
            .filter(|lane| road.lanes[*lane].exits & (1 << bit) != 0)
            .collect();
        let yields = !exit.walks.is_empty() || !exit.opposing.is_empty();
        let cost = if yields { 1.0 / YIELDING } else { 1.0 };
        let bears_all: f32 = uses.iter().map(|lane| green[*lane]).sum();
        for lane in &uses {
            load[*lane] += exit.share * cost * green[*lane] / bears_all.max(0.01);
        }
    }
    for (load, green) in load.iter().zip(green) {
        if *load > 0.0 {
            bears = bears.min(SATURATION_VEH_H * green / load);
        }
    }
    if road.exits.is_empty() {
        f32::MAX / 1e6
    } else {
        bears
    }
}

fn len(count: usize) -> f32 {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}
