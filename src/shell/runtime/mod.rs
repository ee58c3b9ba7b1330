//! The control thread and everything it exchanges with the rest of the program.

mod control;
mod end_on_panic;
mod field_cabinets;
mod keys;
mod lateness;
mod mailbox;
mod pace;

pub use control::{Cabinets, Control, ControlParts, Picture, WallClock};
pub use field_cabinets::FieldCabinets;
pub use keys::KeyTimes;
pub use lateness::Histogram;
pub use mailbox::{Inbox, Mailbox, PostError, Posted, mailbox};
pub use pace::{Beat, Grants, Pace, ask_for_real_time, give_way};
