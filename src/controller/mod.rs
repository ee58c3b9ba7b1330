//! The control cycle: one site, and the city over its sites.
//!
//! ```text
//! per site: 1 sense -> 2 command -> 3 corridor lease -> 4 propose -> 5 arbitrate -> 6 kernel
//! ```
//!
//! Nothing here reads a clock or touches a wire. The same snapshot and the same inputs give the
//! same outputs, bit for bit; the journal relies on it.

mod board;
mod city;
mod clock;
mod command;
mod outlook;
#[cfg(test)]
mod outlook_tests;
mod site;
mod sketch;
#[cfg(test)]
mod tests;

pub use board::Board;
pub use city::{City, CycleInputs};
pub use clock::{CityClock, since_midnight};
pub use command::{Answer, COMMANDS_MAX, Command, WAVE_MAX, Wave};
pub use outlook::Feeder;
pub use site::{SiteCycle, SiteState};
