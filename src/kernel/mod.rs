//! The safety kernel (contract; the body is being written).
mod request;
pub use request::*;
