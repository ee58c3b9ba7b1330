//! The control thread and everything it exchanges with the rest of the program.

mod lateness;
mod pace;

pub use lateness::Histogram;
pub use pace::{Beat, Grants, Pace, ask_for_real_time};
