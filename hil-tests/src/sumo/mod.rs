//! SUMO as the street: a client, a process, what a run is worth.

pub mod codec;
pub mod demand;
pub mod error;
pub mod process;
pub mod roads;
pub mod traci;
pub mod traffic;
pub mod tripinfo;
mod xml;

pub use codec::{Told, Value};
pub use demand::{Demand, cut_routes, departures};
pub use error::{CodecError, SumoError};
pub use process::{Launch, SumoProcess, SumoVersion};
pub use traci::{Domain, Subject, Traci, variable};
pub use tripinfo::{Outcome, Trip, outcome, read_trips};
