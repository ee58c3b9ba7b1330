//! The road graph: roads, junctions, turns and places of a city, on a local metre grid.
//!
//! It is read from `network.geojson`, knows the way from a vehicle to a place, and puts a position
//! on its road. Nothing here knows a signal: a node only names its site.

mod alternatives;
mod finding;
pub mod gcj02;
mod graph;
mod grid;
mod load;
mod matching;
mod raw;
mod route;
mod search;
#[cfg(test)]
mod tests;
mod via;

pub use finding::{NetworkCode, NetworkFinding};
pub use graph::{Junction, Limits, Place, PlaceKind, Road, RoadGraph, Turn, Water};
pub use grid::{LatLon, LocalGrid, PlanarPoint};
pub use matching::{OFF_ROAD_M, RoadMatch};
pub use route::{LinePoint, NoRoute, Pass, Position, Route, RouteQuery, VehicleSize};
