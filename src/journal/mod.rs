//! What happened, in a form that can be run again.
//!
//! See `docs/decisions/0002-journal.md` for why it is the inputs that are kept.

mod area;
mod cycle;
mod frame;
mod inputs;
mod replay;
mod seek;
#[cfg(test)]
mod tests;
mod wire;
pub mod worth;

pub use cycle::{RecordedCycle, Recorder, observed_lamp_byte, read_cycle};
pub use frame::{FrameError, MAGIC, RecordKind, Records, push_record};
pub use replay::{ReplayError, ReplayStep, Replayed, commands_of, push_snapshot, replay};
pub use seek::{Moment, Reached, SeekError, replay_to};
pub use wire::Malformed;
