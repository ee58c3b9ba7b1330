//! A vehicle with a terminal: it drives along a route of a city and reports where it is, well or
//! badly, as terminals do.

mod course;
mod in_street;
mod nmea;
mod reports;
mod run;
mod terminal;

pub use course::Course;
pub use in_street::StreetDriver;
pub use reports::{Driver, Fault, Habits, Look, Reporter, Said};
pub use run::{Outcome, Speaks, Trip, drive};
