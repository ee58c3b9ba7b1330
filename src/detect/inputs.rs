//! What one cabinet tells us about the street.

use serde::{Deserialize, Serialize};

use super::area::AreaReport;
use crate::kernel::Readback;

/// Vehicle detector channels of one cabinet unit.
pub const DETECTORS_MAX: usize = 32;
/// Push-button channels of one cabinet unit.
pub const BUTTONS_MAX: usize = 16;

/// Rolling readings of one detector, as the cabinet counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetectorReading {
    /// Vehicles so far; wraps.
    pub count: u16,
    /// Time occupied so far, milliseconds; wraps.
    pub occupied_ms: u16,
    /// Length of the last pulse, milliseconds; 0 if none yet.
    pub last_pulse_ms: u16,
    /// The cabinet itself reports this channel as faulty.
    pub faulty: bool,
}

/// Everything one cabinet told us, as it stood when the cycle began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldInputs {
    /// Lamps and cabinet state.
    pub readback: Readback,
    /// Detector channels occupied at the last device scan, one bit per channel.
    pub occupied: u32,
    /// Buttons held down at the last device scan, one bit per channel.
    pub buttons_held: u16,
    /// One per detector channel.
    pub detectors: [DetectorReading; DETECTORS_MAX],
    /// Rolling press counters, one per button channel.
    pub presses: [u16; BUTTONS_MAX],
    /// What the site's area sensors told, if it has any.
    pub area: AreaReport,
}
