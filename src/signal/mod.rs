//! The words of the street: signal groups, what lamps show, conflicts, intergreens, stages.
//!
//! Data and total functions only. Nothing here decides anything; the kernel reasons over a
//! [`SafetyTable`] and the plan loader is the only place that fills one from a file.

#![deny(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::alloc_instead_of_core
)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::indexing_slicing
)]
#![deny(clippy::as_conversions)]
#![deny(
    clippy::wildcard_enum_match_arm,
    clippy::match_wildcard_for_single_variants
)]

mod conflicts;
mod group;
mod group_set;
mod indication;
mod stage;
mod table;
#[cfg(test)]
mod tests;

pub use conflicts::{Conflicts, Relation};
pub use group::{AspectStep, AspectSteps, GroupKind, GroupTiming};
pub use group_set::{GROUPS_MAX, GroupSet, GroupSetIter};
pub use indication::{Indication, Observed};
pub use stage::Stage;
pub use table::{FallbackShow, SafetyTable, StartUp, TableError};
