//! Field input and output: the canonical cabinet map, the links that carry it, emulated cabinets.
//!
//! Only [`crate::kernel::Outputs`] can be published to a cabinet; a link adds epoch, sequence,
//! lifetime and guard, and hands back what was read. It never invents a command: when the control
//! thread stops publishing, the links stop writing and every cabinet falls back by itself.

mod backoff;
pub mod emulator;
mod freshness;
mod link_rtu;
mod link_tcp;
pub mod map;
mod metrics;
mod port;
mod session;
mod set;
#[cfg(test)]
mod test_support;
#[cfg(test)]
mod tests;

pub use metrics::{Count, LinkMetrics, RoundTrips};
pub use port::{Accepted, CabinetPort, FieldClock, LinkState, LinkStatus, PortMonitor};
pub use set::{Fallback, FieldOptions, FieldSet, HandOver, LinkSpec, Wire};

use crate::detect::FieldInputs;

impl From<&FieldInputs> for emulator::StreetInputs {
    /// Detectors and buttons only: what a street senses, without the read-back.
    fn from(inputs: &FieldInputs) -> Self {
        Self {
            occupied: inputs.occupied,
            buttons: inputs.buttons_held,
            detectors: inputs.detectors.map(|reading| emulator::Channel {
                count: reading.count,
                occupied_ms: reading.occupied_ms,
                last_pulse_ms: reading.last_pulse_ms,
                faulty: reading.faulty,
            }),
            presses: inputs.presses,
        }
    }
}
