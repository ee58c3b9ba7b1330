//! What stands in for the city: a street that sees lamps and moves people.

use crate::detect::FieldInputs;
use crate::ids::SiteId;
use crate::signal::{GROUPS_MAX, Indication};
use crate::units::Mono;

/// The lamps of one site as a person on the street sees them; one per group.
pub type SiteLamps = [Indication; GROUPS_MAX];

/// A street: real lamps in, detectors and buttons out.
pub trait Street {
    /// Moves everybody on to `now`, who see `lamps` (one per site, indexed by [`SiteId`]).
    fn step(&mut self, now: Mono, lamps: &[SiteLamps]);

    /// Writes detector and button readings of `site` into `inputs`; leaves the read-back alone.
    fn sense(&self, site: SiteId, inputs: &mut FieldInputs);
}
