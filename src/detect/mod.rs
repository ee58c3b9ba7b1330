//! Detection: raw field inputs become demands and per-lane observations.
//!
//! The cabinet counts and times; this room remembers. A *call* is a vehicle or a walker waiting
//! for a group that has no right of way; a *demand* is a group with at least one call, with the
//! moment of its oldest one. Rolling counters may wrap and a cabinet may restart: neither ever
//! invents a vehicle.
//!
//! The invariant it keeps (I16): a detector that cannot be believed is *forced*, as its file says,
//! and never ignored. What it does not do: it never decides who is served, and the only thing that
//! it believes about right of way is the go set that the kernel reports.

#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

mod area;
mod channel;
mod demands;
mod detection;
mod inputs;
mod lane;
mod picture;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use area::{AreaReport, MovementReport, SIGHTINGS_MAX, Sighting};
pub use channel::Health;
pub use demands::{Demands, Doubts};
pub use detection::Detection;
pub use inputs::{BUTTONS_MAX, DETECTORS_MAX, DetectorReading, FieldInputs};
pub use lane::LaneObservation;
pub use picture::{CREEPING, PICTURE_PERIOD, Picture, PictureSource};
