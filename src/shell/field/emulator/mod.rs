//! Emulated cabinets: servers with lamps, an interlock and a will of their own.
//!
//! A cabinet reads the site file by itself and decides by itself; it uses neither the kernel nor
//! checked plans, so that what it refuses is evidence. [`CabinetCore`] is the cabinet as a state
//! machine; the rest of this module puts it on a wire: Modbus TCP with one listener per cabinet,
//! and Modbus RTU on a pty where several cabinets share one paced bus.

mod core;
mod fleet;
mod lamps;
mod pdu;
mod programme;
mod registers;
mod rtu;
mod site;
mod tcp;
#[cfg(test)]
mod tests;
mod wire;

pub use self::core::CabinetCore;
pub use fleet::{CabinetHandle, CabinetState, Faults, Fleet};
pub use rtu::{RtuBus, frame_check};
pub use site::{CabinetSite, SiteError};

/// Rolling readings of one detector channel, as the cabinet serves them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// Vehicles so far; wraps.
    pub count: u16,
    /// Milliseconds occupied so far; wraps.
    pub occupied_ms: u16,
    /// Length of the last pulse, milliseconds.
    pub last_pulse_ms: u16,
    /// The channel's own fault bit.
    pub faulty: bool,
}

/// What the street does to one cabinet: detectors and buttons with their counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreetInputs {
    /// Occupied detectors, one bit per channel.
    pub occupied: u32,
    /// Buttons held, one bit per channel.
    pub buttons: u16,
    /// One per detector channel.
    pub detectors: [Channel; 32],
    /// Rolling press counters.
    pub presses: [u16; 16],
}
