//! Where emergency vehicles go: drawn over the imported road network, so that the planner knows it.

use std::collections::BTreeSet;
use std::sync::Arc;

use greenwave::corridor::{AskedBy, CorridorPlan, PlanRequest, ServiceClass};
use greenwave::ids::{CorridorId, RoadId};
use greenwave::network::{Position, Route, VehicleSize};
use greenwave::shell::planner::Planner;
use greenwave::shell::sumo::SumoNet;
use greenwave::units::{Length, Millis, Mono};

use super::dice::Dice;
use crate::sumo::error::SumoError;

/// Signals that an errand passes, where the network has as many.
pub const SIGNALS: usize = 5;
/// A first road shorter than this leaves no room to set off, metres.
const START_M: f64 = 40.0;
/// Draws before a network is called too small.
const DRAWS_MAX: usize = 4000;
/// Draws that find out how many signals there are in a row.
const PROBES: usize = 600;
/// A corridor ends after so long at the latest.
const CORRIDOR_MAX: Millis = Millis::from_secs(3000);

/// One vehicle's way.
#[derive(Clone, Debug)]
pub struct Errand {
    /// SUMO's edges in order; they are the roads of the network.
    pub edges: Vec<String>,
    /// The same way as the planner has it.
    pub route: Route,
    /// Signals on it.
    pub signals: usize,
    /// The first of its edges that is not on `route`, for a driver who turns off.
    pub off_from: Option<usize>,
    /// The edge at whose middle it parks for a while.
    pub parks_on: Option<usize>,
}

/// Draws errands.
#[derive(Debug)]
pub struct Errands<'a> {
    planner: &'a Planner,
    net: &'a SumoNet,
    dice: Dice,
    starts: Vec<RoadId>,
    ends: Vec<RoadId>,
    /// The fewest signals of an errand.
    pub least: usize,
}

impl<'a> Errands<'a> {
    /// Errands over this network; the same seed draws the same ones.
    #[must_use]
    pub fn over(planner: &'a Planner, net: &'a SumoNet, seed: u32) -> Self {
        let metres = |length: Length| f64::from(length.as_mm()) / 1000.0;
        let roads = || planner.graph.roads();
        let starts = roads()
            .filter(|(_, road)| metres(road.length) >= START_M && road.from != road.to)
            .map(|(id, _)| id);
        let mut made = Self {
            planner,
            net,
            dice: Dice::new(0, 1),
            starts: starts.collect(),
            ends: roads().map(|(id, _)| id).collect(),
            least: 1,
        };
        let most = (0..PROBES).filter_map(|_| made.draw());
        let most = most.map(|errand| errand.signals).max();
        made.least = most.unwrap_or(1).clamp(1, SIGNALS);
        made.dice = Dice::new(seed, 2);
        made
    }

    /// The next errand; none if the network has too few signals or ways.
    pub fn next_errand(&mut self) -> Option<Errand> {
        let least = self.least;
        (0..DRAWS_MAX)
            .filter_map(|_| self.draw())
            .find(|errand| errand.signals >= least)
    }

    /// The next errand for which `fits` holds.
    pub fn next_that(&mut self, fits: &dyn Fn(&Errand) -> bool) -> Option<Errand> {
        (0..DRAWS_MAX).filter_map(|_| self.draw()).find(fits)
    }

    /// The same errand, driven by somebody who turns off the way near its middle and takes another
    /// one from there; none if there is no other.
    #[must_use]
    pub fn with_wrong_turn(&self, errand: &Errand) -> Option<Errand> {
        let graph = &self.planner.graph;
        let roads = &errand.route.roads;
        let last = *roads.last()?;
        let end = Position::Road(last, graph.road(last)?.length);
        let middle = roads.len() / 2;
        let mut places: Vec<usize> = (1..roads.len().saturating_sub(1)).collect();
        places.sort_by_key(|at| at.abs_diff(middle));
        for at in places {
            let planned = *roads.get(at + 1)?;
            for turn in graph.turns(*roads.get(at)?) {
                if turn.banned || turn.to == planned || roads.contains(&turn.to) {
                    continue;
                }
                let start = Position::Road(turn.to, Length::ZERO);
                let Ok(rest) = self.planner.route((start, end), size()) else {
                    continue;
                };
                let ways = roads.iter().take(at + 1).chain(&rest.roads);
                let names = ways.map(|id| Some(graph.road(*id)?.id.clone()));
                let edges: Vec<String> = names.collect::<Option<_>>()?;
                let mut once = edges.clone();
                once.sort();
                once.dedup();
                if once.len() == edges.len() && self.is_open(&edges) {
                    return Some(Errand {
                        edges,
                        off_from: Some(at + 1),
                        ..errand.clone()
                    });
                }
            }
        }
        None
    }

    fn draw(&mut self) -> Option<Errand> {
        let from = *self.starts.get(self.dice.below(self.starts.len()))?;
        let to = *self.ends.get(self.dice.below(self.ends.len()))?;
        let graph = &self.planner.graph;
        let end = graph.road(to)?.length;
        let ends = (Position::Road(from, Length::ZERO), Position::Road(to, end));
        let route = self.planner.route(ends, size()).ok()?;
        let names = route
            .roads
            .iter()
            .map(|id| Some(graph.road(*id)?.id.clone()));
        let edges: Vec<String> = names.collect::<Option<_>>()?;
        if edges.len() < 2 || !self.is_open(&edges) {
            return None;
        }
        let usual = Asking::default();
        let plan = plan_for(self.planner, &route, Mono::ZERO, usual).ok()?;
        let sites: BTreeSet<_> = plan.crossings.iter().map(|c| c.site).collect();
        Some(Errand {
            edges,
            signals: sites.len(),
            route,
            off_from: None,
            parks_on: None,
        })
    }

    /// SUMO has a way for an emergency vehicle from each edge to the next.
    fn is_open(&self, edges: &[String]) -> bool {
        let drives = |edge: &str, lane: usize| {
            let found = self.net.edges.get(edge);
            let lane = found.and_then(|edge| edge.lanes.iter().find(|l| l.index == lane));
            lane.is_some_and(|lane| lane.allows("emergency"))
        };
        edges.windows(2).all(|pair| {
            let [from, to] = pair else { return false };
            self.net.connections.iter().any(|link| {
                link.from == *from
                    && link.to == *to
                    && drives(from, link.from_lane)
                    && drives(to, link.to_lane)
            })
        })
    }
}

/// From the metres of the network to those of the city.
///
/// # Errors
/// No node of the network is a junction of the city by itself.
pub fn shift_m(planner: &Planner, net: &SumoNet) -> Result<(f64, f64), SumoError> {
    let mut shifts = planner.graph.junctions().filter_map(|(_, junction)| {
        let node = net.junctions.get(&junction.id)?;
        let shift = (junction.at.x_m - node.x, junction.at.y_m - node.y);
        junction.site.is_none().then_some(shift)
    });
    let none = || SumoError::Network("no junction without signals to place it by".to_owned());
    shifts.next().ok_or_else(none)
}

fn size() -> VehicleSize {
    VehicleSize {
        length: Length::from_mm(6500),
        ..VehicleSize::default()
    }
}

/// Who asks for a corridor.
#[derive(Clone, Copy, Debug)]
pub struct Asking {
    /// Number of the vehicle in the run.
    pub number: usize,
    /// What it is.
    pub class: ServiceClass,
    /// From the front of the first vehicle to the back of the last one.
    pub convoy: Length,
}

impl Default for Asking {
    fn default() -> Self {
        Self {
            number: 0,
            class: ServiceClass::Ambulance,
            convoy: Length::from_mm(6500),
        }
    }
}

/// The corridor of a vehicle on this way, as a dispatcher would ask for it.
///
/// # Errors
/// The planner's reason.
pub fn plan_for(
    planner: &Planner,
    route: &Route,
    now: Mono,
    asking: Asking,
) -> Result<Arc<CorridorPlan>, String> {
    let number = u32::try_from(asking.number).unwrap_or(0);
    let request = PlanRequest {
        corridor: CorridorId::new(number + 1),
        revision: 1,
        vehicle: super::fleet::id_of(asking.number),
        asked_by: AskedBy::default(),
        class: asking.class,
        preempts: true,
        priority: 1,
        convoy: asking.convoy,
        pace_percent: 120,
        expires: now + CORRIDOR_MAX,
        departs: None,
    };
    let plan = planner.corridor(route, request);
    plan.map(Arc::new).map_err(|why| why.to_string())
}
