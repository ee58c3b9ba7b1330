//! The street of a real city: from its road graph, its checked sites and its routes.

use alloc::sync::Arc;

use super::build::{CityRoad, CityTurn, lay_street};
use super::emergency::{Dispatch, RouteLeg, metres};
use super::map::StreetMap;
use crate::corridor::ServiceClass;
use crate::ids::RoadId;
use crate::network::{RoadGraph, Route};
use crate::plan::CheckedSite;
use crate::units::{Length, Speed};

/// The part of its capacity that the busiest lane carries in the peak.
pub const PEAK_SATURATION: f32 = 0.75;

/// Lays out the street of a city. Roads keep the graph's ids, sites the city's.
///
/// `saturation` is the part of its capacity that the busiest lane carries in the peak;
/// [`PEAK_SATURATION`] is a healthy one.
#[must_use]
pub fn lay_city(graph: &RoadGraph, sites: &[Arc<CheckedSite>], saturation: f32) -> StreetMap {
    let roads: Vec<CityRoad> = graph
        .roads()
        .map(|(_, road)| CityRoad {
            id: road.id.clone(),
            ends: (road.from.number(), road.to.number()),
            length_m: metres(road.length.as_mm()),
            speed_mps: metres(road.speed.as_mm_per_s()),
            lanes: road.lanes,
            line: road.line.iter().map(|at| [at.x_m, at.y_m]).collect(),
        })
        .collect();
    let turns: Vec<CityTurn> = graph
        .roads()
        .flat_map(|(from, _)| turns_of(graph, from))
        .collect();
    lay_street(&roads, &turns, sites, saturation)
}

fn turns_of(graph: &RoadGraph, from: RoadId) -> impl Iterator<Item = CityTurn> + '_ {
    graph
        .turns(from)
        .iter()
        .filter(|turn| !turn.banned)
        .map(move |turn| CityTurn {
            from,
            to: turn.to,
            turn: turn.kind,
        })
}

impl Dispatch {
    /// The order to drive a route of the road graph, as fast as the roads allow.
    #[must_use]
    pub fn along(graph: &RoadGraph, route: &Route, vehicle: &str, class: ServiceClass) -> Self {
        let last = route.roads.len().saturating_sub(1);
        let legs = route.roads.iter().enumerate().map(|(at, road)| {
            let whole = graph.road(*road).map_or(Length::ZERO, |road| road.length);
            RouteLeg {
                road: *road,
                from: if at == 0 {
                    route.starts_at
                } else {
                    Length::ZERO
                },
                to: if at == last { route.ends_at } else { whole },
            }
        });
        Self {
            vehicle: vehicle.to_owned(),
            class,
            route: legs.collect(),
            speed: Speed::ZERO,
        }
    }
}
