//! SUMO as the street: a client, a process, what a run is worth.

pub mod baselines;
pub mod city;
pub mod city_level;
pub mod codec;
pub mod config;
pub mod core;
pub mod corridor;
pub mod demand;
pub mod error;
pub mod journal;
pub mod letters;
pub mod lockstep;
pub mod people;
pub mod process;
pub mod rate_policy;
pub mod roads;
pub mod rules;
pub mod run;
pub mod sensing;
pub mod signals;
pub mod street;
pub mod traci;
pub mod traffic;
pub mod tripinfo;
pub mod waits;
pub mod walkers;
mod ways;
mod xml;

pub use codec::{Told, Value};
pub use config::{ConfigFiles, read_config};
pub use demand::{Demand, cut_routes, departures};
pub use error::{CodecError, SumoError};
pub use process::{Launch, SumoProcess, SumoVersion};
pub use traci::{Domain, Subject, Traci, variable};
pub use tripinfo::{Outcome, Trip, Trips, outcome};

/// The texts that runs of the baselines are made by: another text, another run.
pub const SOURCES: [&str; 13] = [
    include_str!("baselines.rs"),
    include_str!("demand.rs"),
    include_str!("people.rs"),
    include_str!("process.rs"),
    include_str!("roads.rs"),
    include_str!("rules.rs"),
    include_str!("run.rs"),
    include_str!("sensing.rs"),
    include_str!("signals.rs"),
    include_str!("traffic.rs"),
    include_str!("tripinfo.rs"),
    include_str!("waits.rs"),
    include_str!("walkers.rs"),
];
