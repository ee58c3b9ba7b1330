//! Site and plan files (contract; the loader is being written).
mod checked;
pub use checked::*;
