//! What stands in for a city: a street with traffic, riders and walkers behind the [`Street`]
//! trait, everything from one seed, and a referee that watches only lamps and people.
//!
//! The street sees lamps and nothing else of the program; the referee has its own copy of the
//! site files. What both leave out is written down in `docs/decisions/0004-virtual-street.md`.

mod build;
mod calibrate;
mod city;
mod demand;
mod emergency;
mod ev_drive;
mod lane;
mod map;
mod people;
mod radar;
pub mod referee;
mod rng;
mod sensors;
mod stats;
mod street;
#[cfg(test)]
mod tests;
mod traffic;
mod virtual_street;

pub use build::{CityRoad, CityTurn, lay_street};
pub use city::{PEAK_SATURATION, lay_city};
pub use demand::{StreetConfig, share_of_peak};
pub use emergency::{Dispatch, DispatchError, DriveReport, RouteLeg, SignalRecord, StreetFix};
pub use map::{DetectorSpec, Exit, LaneRule, RiderSpec, Road, RoadEnd, StreetMap, WalkSpec};
pub use referee::{PeopleOnSite, Person, Referee, SiteRules};
pub use stats::{GroupWait, StreetStats};
pub use street::*;
pub use virtual_street::VirtualStreet;
