//! The virtual street (contract).
mod street;
pub use street::*;
