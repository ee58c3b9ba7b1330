//! The green wave of one vehicle over many signals.
//!
//! A corridor is planned once into an immutable [`CorridorPlan`] and then executed: the engine
//! turns positions into expected arrivals, arrivals into start moments, and start moments into
//! leases. It only ever wishes; a lease ends by itself, and the kernel below decides.

mod board;
mod lease;
mod plan;
mod state;

pub use board::{Availability, OthersDemand, Queue, SiteBoard};
pub use lease::{LEASE_TTL, Lease, LeaseStep};
pub use plan::*;
pub use state::{CrossingState, MissionState};
