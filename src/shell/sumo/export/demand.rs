//! Who drives and rides: the virtual street's inflows and turning shares as single trips.

use super::dice::Dice;
use super::links::ride_exit;
use super::town::Town;
use crate::ids::RoadId;
use crate::plan::TurnKind;
use crate::sim::{Road, share_of_peak};

/// A vehicle or bicycle and its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trip {
    /// Half seconds since the beginning.
    pub(super) at: u32,
    /// True for a bicycle.
    pub(super) rides: bool,
    /// The roads, in order.
    pub(super) roads: Vec<RoadId>,
}

/// Dice are thrown this often in a second.
pub(super) const THROWS_PER_S: u32 = 2;
/// A way longer than this many roads ends where it is.
const ROADS_MOST: usize = 200;
/// Streams of the dice: vehicles, bicycles and walkers do not disturb each other.
const VEHICLES: u64 = 0;
const BICYCLES: u64 = 1 << 32;

/// Every vehicle and bicycle, by the time it sets off.
pub(super) fn trips(town: &Town<'_>) -> Vec<Trip> {
    let mut trips = Vec::new();
    for (road, _, street) in town.roads() {
        if street.inflow_veh_h > 0.0 {
            drive_in(town, (road, street), &mut trips);
        }
    }
    for chain in straight_chains(town) {
        ride_along(town, &chain, &mut trips);
    }
    trips.sort_by_key(|trip| trip.at);
    trips
}

/// The throws at which somebody comes who comes `per_hour` times in an hour of the peak.
pub(super) fn arrivals<'t>(
    town: &'t Town<'_>,
    per_hour: f32,
    mut dice: Dice,
) -> impl Iterator<Item = (u32, Dice)> + 't {
    (0..town.settings.seconds * THROWS_PER_S).filter_map(move |throw| {
        let share = share_of_peak(town.second_of_day(throw / THROWS_PER_S));
        let comes = dice.chance(per_hour * share / PER_HOUR);
        comes.then_some((throw, dice))
    })
}

const PER_HOUR: f32 = 7200.0;

fn drive_in(town: &Town<'_>, (road, street): (RoadId, &Road), trips: &mut Vec<Trip>) {
    let stream = |kind: u64| VEHICLES + u64::from(road.number()) * 2 + kind;
    let come = Dice::new(town.settings.seed, stream(0));
    let mut turn = Dice::new(town.settings.seed, stream(1));
    for (at, _) in arrivals(town, street.inflow_veh_h, come) {
        trips.push(Trip {
            at,
            rides: false,
            roads: drawn_way(town, road, &mut turn),
        });
    }
}

/// A way from `road` to the edge of the city, drawn at each junction from the turning shares.
fn drawn_way(town: &Town<'_>, road: RoadId, dice: &mut Dice) -> Vec<RoadId> {
    let mut way = vec![road];
    let mut here = town.map.roads.get(road.index());
    while let Some(street) = here.filter(|_| way.len() < ROADS_MOST) {
        let mut left = dice.unit();
        let exits = street.exits.iter().filter(|exit| exit.share > 0.0);
        let mut taken = None;
        for exit in exits {
            taken = Some(exit.road);
            left -= exit.share;
            if left < 0.0 {
                break;
            }
        }
        way.extend(taken);
        here = taken.and_then(|road| town.map.roads.get(road.index()));
    }
    way
}

/// A stretch of roads that riders follow straight on, and how many come.
struct Chain {
    roads: Vec<RoadId>,
    riders_h: f32,
}

/// Every road belongs to one stretch, so that every approach sees the riders of the virtual street.
fn straight_chains(town: &Town<'_>) -> Vec<Chain> {
    let through = |street: &Road| {
        let exit = ride_exit(street).filter(|exit| exit.turn == TurnKind::Through);
        exit.map(|exit| exit.road)
    };
    let mut begins = vec![true; town.map.roads.len()];
    for next in town.map.roads.iter().filter_map(through) {
        if let Some(begins) = begins.get_mut(next.index()) {
            *begins = false;
        }
    }
    let first = town.roads().filter(|(road, _, _)| {
        let begins = begins.get(road.index());
        begins.copied().unwrap_or(false)
    });
    first
        .map(|(road, _, _)| {
            let mut roads = vec![road];
            let next = |road: &RoadId| through(town.map.roads.get(road.index())?);
            while let Some(on) = roads.last().and_then(next) {
                if roads.len() >= ROADS_MOST || roads.contains(&on) {
                    break;
                }
                roads.push(on);
            }
            // At the end of the street they go round the corner, under the signal.
            let last = roads
                .last()
                .and_then(|road| town.map.roads.get(road.index()));
            let corner = last.and_then(ride_exit).map(|exit| exit.road);
            let riders_h = riders_on(town, &roads);
            roads.extend(corner);
            Chain { roads, riders_h }
        })
        .collect()
}

/// The most riders per hour that the virtual street has at a signal of the stretch.
fn riders_on(town: &Town<'_>, roads: &[RoadId]) -> f32 {
    let riders = town.map.riders.iter().filter(|riders| {
        let here = |road: &RoadId| {
            let end = town.map.roads.get(road.index()).map(|road| road.end);
            end == Some(crate::sim::RoadEnd::Signal(riders.site, riders.approach))
        };
        roads.iter().any(here)
    });
    riders.map(|riders| riders.riders_h).fold(0.0, f32::max)
}

fn ride_along(town: &Town<'_>, chain: &Chain, trips: &mut Vec<Trip>) {
    let Some(first) = chain.roads.first().filter(|_| chain.roads.len() > 1) else {
        return;
    };
    let dice = Dice::new(town.settings.seed, BICYCLES + u64::from(first.number()));
    for (at, _) in arrivals(town, chain.riders_h, dice) {
        trips.push(Trip {
            at,
            rides: true,
            roads: chain.roads.clone(),
        });
    }
}
