//! What happened, in a form that can be run again.

mod frame;
mod inputs;
mod wire;

pub use frame::{FrameError, MAGIC, RecordKind, Records, push_record};
pub use inputs::push_inputs;
pub use wire::Malformed;
