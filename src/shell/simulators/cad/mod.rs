//! A dispatch centre as partners have one: a hospital's ambulance desk or a fire brigade's, which
//! creates missions over the HTTP contract and, on order, misbehaves.

mod desk;
mod faults;
mod mission;

pub use desk::{Desk, SignIn};
pub use faults::Misdeed;
pub use mission::{Persona, Shift, ShiftResult, run_shift};
