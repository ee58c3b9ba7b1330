//! Corridors (contract; the engine is being written).
mod plan;
pub use plan::*;
