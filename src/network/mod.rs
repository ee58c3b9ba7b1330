//! The road graph: roads, junctions, turns and places of a city, on a local metre grid.

mod grid;

pub use grid::{LatLon, LocalGrid, PlanarPoint};
