//! From "this vehicle, there" to a corridor plan: the road graph and the sites joined.

use std::sync::Arc;

use thiserror::Error;

use crate::corridor::{
    CorridorPlan, PlanRefusal, PlanRequest, RouteLeg, RouteOutline, RoutePoint, plan_corridor,
};
use crate::network::{NoRoute, Position, RoadGraph, Route, RouteQuery, VehicleSize};
use crate::plan::CheckedCity;
use crate::units::{Length, Millis};

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
    /// The fastest way between two positions.
    ///
    /// # Errors
    /// [`NoRoute`] with the reason.
    pub fn route(&self, from: Position, to: Position) -> Result<Route, NoRoute> {
        self.graph.route(&RouteQuery {
            from,
            to,
            size: VehicleSize::default(),
            depart: Millis::ZERO,
        })
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
            legs.push(RouteLeg {
                road: road.id.clone(),
                ends_at,
                free_flow,
                road_length: road.length,
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
            length: route.length,
            free_flow,
        }
    }
}
