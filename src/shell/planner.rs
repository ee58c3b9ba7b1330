//! From "this vehicle, there" to a corridor plan: the road graph and the sites joined.

use std::sync::Arc;

use thiserror::Error;

use crate::corridor::{
    Arm, CorridorPlan, PlanRefusal, PlanRequest, RouteLeg, RouteOutline, RoutePoint, ServiceClass,
    SideWay, plan_corridor,
};
use crate::ids::{JunctionId, RoadId};
use crate::network::{
    NoRoute, PlanarPoint, Position, Road, RoadGraph, Route, RouteQuery, VehicleSize, gcj02,
};
use crate::plan::{CheckedCity, TurnKind, Vehicle};
use crate::units::{Length, Millis};

/// A vehicle of which nothing is known is taken for this long.
const USUAL_LENGTH: Length = Length::from_metres(6);

/// So much of a road that leaves the route tells a wrong turn, metres.
const SIDE_WAY_M: f64 = 250.0;
/// A way off the route is followed straight on over so many nodes.
const STRAIGHT_ON_MAX: usize = 6;

/// The city as routes and corridors are planned on it.
#[derive(Clone, Debug)]
pub struct Planner {
    /// Sites, plans, bounds.
    pub city: Arc<CheckedCity>,
    /// Roads, turns, places.
    pub graph: Arc<RoadGraph>,
}

/// A corridor cannot be planned.
#[derive(Debug, Error)]
pub enum PlanError {
    /// There is no way.
    #[error(transparent)]
    NoRoute(#[from] NoRoute),
    /// The way makes no corridor.
    #[error(transparent)]
    NoCorridor(#[from] PlanRefusal),
}

impl Planner {
    /// The fastest way from one position to the other for a vehicle of this size.
    ///
    /// # Errors
    /// [`NoRoute`] with the reason.
    pub fn route(&self, ends: (Position, Position), size: VehicleSize) -> Result<Route, NoRoute> {
        self.route_via(ends, size, &[])
    }

    /// The same, over `turns` (road in, road out) in this order.
    ///
    /// # Errors
    /// [`NoRoute`] with the reason.
    pub fn route_via(
        &self,
        (from, to): (Position, Position),
        size: VehicleSize,
        turns: &[(RoadId, RoadId)],
    ) -> Result<Route, NoRoute> {
        let query = RouteQuery {
            from,
            to,
            size,
            depart: Millis::ZERO,
        };
        self.graph.route_via(&query, turns)
    }

    /// The fastest way and at most `others` other ones, fastest first.
    ///
    /// # Errors
    /// [`NoRoute`] with the reason.
    pub fn routes(
        &self,
        (from, to): (Position, Position),
        size: VehicleSize,
        others: usize,
    ) -> Result<Vec<Route>, NoRoute> {
        let query = RouteQuery {
            from,
            to,
            size,
            depart: Millis::ZERO,
        };
        self.graph.routes(&query, others)
    }

    /// True if the city's policy lets vehicles of this class preempt, and not only go first.
    #[must_use]
    pub fn preempts(&self, class: ServiceClass) -> bool {
        let policy = self.city.class(class.word());
        policy.is_some_and(|policy| policy.preempts)
    }

    /// The size of the first vehicle of a class on the allow-list; a small one if it has none.
    #[must_use]
    pub fn size_of(&self, class: ServiceClass) -> VehicleSize {
        let mut listed = self.city.vehicles.iter();
        let found = listed.find(|vehicle| vehicle.class == class.word());
        let usual = VehicleSize {
            length: USUAL_LENGTH,
            ..VehicleSize::default()
        };
        found.map_or(usual, size)
    }

    /// The size of a plan's vehicle if the city lists it, else that of its class.
    #[must_use]
    pub fn size_of_vehicle(&self, plan: &CorridorPlan) -> VehicleSize {
        let listed = self.city.vehicles.iter().find(|one| one.id == plan.vehicle);
        listed.map_or_else(|| self.size_of(plan.class), size)
    }

    /// The corridor of a vehicle on `route`.
    ///
    /// # Errors
    /// [`PlanRefusal`] with the reason.
    pub fn corridor(
        &self,
        route: &Route,
        request: PlanRequest,
    ) -> Result<CorridorPlan, PlanRefusal> {
        plan_corridor(&self.outline(route), &self.city.sites, request)
    }

    fn outline(&self, route: &Route) -> RouteOutline {
        let mut legs = Vec::with_capacity(route.roads.len());
        let (mut ends_at, mut free_flow) = (Length::ZERO, Millis::ZERO);
        for (at, id) in route.roads.iter().enumerate() {
            let Some(road) = self.graph.road(*id) else {
                continue;
            };
            let begins = if at == 0 {
                route.starts_at
            } else {
                Length::ZERO
            };
            let is_last = at + 1 == route.roads.len();
            let ends = if is_last { route.ends_at } else { road.length };
            ends_at = ends_at + (ends - begins);
            free_flow += (ends - begins).time_at(road.speed);
            if let Some(next) = route.roads.get(at + 1) {
                free_flow += self
                    .graph
                    .turn(*id, *next)
                    .map_or(Millis::ZERO, |turn| turn.cost);
            }
            let site = if is_last {
                None
            } else {
                let end = self.graph.junction(road.to);
                end.and_then(|node| self.city.site_by_id(node.site.as_deref()?))
            };
            let next = route.roads.get(at + 1).copied();
            legs.push(RouteLeg {
                road: road.id.clone(),
                id: *id,
                node: self.node_name(road.to),
                arms: self.arms(*id, road.to, next),
                ends_at,
                free_flow,
                road_length: road.length,
                stop: road.stop,
                shadow: road.tunnel,
                site,
            });
        }
        let line = route.line.iter().map(|point| RoutePoint {
            x_m: point.at.x_m,
            y_m: point.at.y_m,
            at: point.along,
        });
        RouteOutline {
            legs,
            line: line.collect(),
            side_ways: self.side_ways(route),
            datum_shift_m: self.datum_shift_m(route),
            beyond: self.beyond(route, free_flow),
            length: route.length,
            free_flow,
        }
    }

    /// What is left of the last road behind the destination, if a signal stands at its end.
    fn beyond(&self, route: &Route, free_flow: Millis) -> Option<RouteLeg> {
        let id = *route.roads.last()?;
        let road = self.graph.road(id)?;
        let end = self.graph.junction(road.to)?;
        let rest = road.length - route.ends_at;
        Some(RouteLeg {
            road: road.id.clone(),
            id,
            node: end.id.clone(),
            arms: self.arms(id, road.to, None),
            ends_at: route.length + rest,
            free_flow: free_flow + rest.time_at(road.speed),
            road_length: road.length,
            stop: road.stop,
            shadow: road.tunnel,
            site: Some(self.city.site_by_id(end.site.as_deref()?)?),
        })
    }

    fn node_name(&self, node: JunctionId) -> String {
        let node = self.graph.junction(node);
        node.map(|node| node.id.clone()).unwrap_or_default()
    }

    /// The other roads that end where `own` does, and how they lead into `next`.
    fn arms(&self, own: RoadId, node: JunctionId, next: Option<RoadId>) -> Vec<Arm> {
        let others = self.graph.roads_into(node).filter(|(id, _)| *id != own);
        let arm = |(id, road): (RoadId, &Road)| {
            let turns = self.graph.turns(id).iter();
            let into = turns.filter(|turn| Some(turn.to) == next && !turn.banned);
            Arm {
                road: road.id.clone(),
                into_exit: into.map(|turn| turn.kind).collect(),
            }
        };
        others.map(arm).collect()
    }

    /// The first stretch of every way that leaves the route.
    fn side_ways(&self, route: &Route) -> Vec<SideWay> {
        let mut made = Vec::new();
        for pass in &route.passes {
            let Some(node) = self.graph.junction(pass.junction) else {
                continue;
            };
            for (id, road) in self.graph.roads_out_of(pass.junction) {
                if id != pass.leaving {
                    made.push(SideWay {
                        at: pass.along,
                        line: first_stretch(node.at, &self.straight_on(route, (id, road))),
                    });
                }
            }
        }
        made
    }

    /// The line of a road and of those that lead straight on from it, as far as they tell a wrong
    /// turn: where the first road is short, a vehicle is on the next one before it has been seen
    /// twice.
    fn straight_on(&self, route: &Route, (mut id, road): (RoadId, &Road)) -> Vec<PlanarPoint> {
        let mut line = road.line.clone();
        let mut length_m = road.line_m();
        for _ in 0..STRAIGHT_ON_MAX {
            let turns = self.graph.turns(id).iter().filter(|turn| !turn.banned);
            let mut on = turns.filter(|turn| turn.kind == TurnKind::Through);
            let (Some(turn), None) = (on.next(), on.next()) else {
                break;
            };
            let Some(next) = self.graph.road(turn.to) else {
                break;
            };
            if length_m >= SIDE_WAY_M || route.roads.contains(&turn.to) {
                break;
            }
            id = turn.to;
            line.extend_from_slice(&next.line);
            length_m += next.line_m();
        }
        line
    }

    /// How far GCJ-02 lies from WGS-84 at the start of the route.
    fn datum_shift_m(&self, route: &Route) -> (f64, f64) {
        let Some(start) = route.line.first() else {
            return (0.0, 0.0);
        };
        let grid = self.graph.grid();
        let shifted = grid.to_planar(gcj02::from_wgs84(grid.to_lat_lon(start.at)));
        (shifted.x_m - start.at.x_m, shifted.y_m - start.at.y_m)
    }
}

/// The way from a node along a line, as far as it tells a wrong turn.
fn first_stretch(node: PlanarPoint, line: &[PlanarPoint]) -> Vec<(f64, f64)> {
    let mut made = vec![(node.x_m, node.y_m)];
    let (mut at, mut left_m) = (node, SIDE_WAY_M);
    for point in line {
        let piece_m = at.distance_m(*point);
        if piece_m >= left_m {
            let end = at.towards(*point, left_m / piece_m.max(0.001));
            made.push((end.x_m, end.y_m));
            return made;
        }
        made.push((point.x_m, point.y_m));
        (at, left_m) = (*point, left_m - piece_m);
    }
    made
}

fn size(vehicle: &Vehicle) -> VehicleSize {
    VehicleSize {
        height: vehicle.height,
        weight_kg: vehicle.weight_kg,
        length: vehicle.length,
    }
}
