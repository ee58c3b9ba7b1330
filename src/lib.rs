//! Greenwave: a real-time adaptive traffic-signal controller.
//!
//! Import direction: a module may name only modules above it in this list.
extern crate alloc;

pub mod controller;
pub mod corridor;
pub mod detect;
pub mod ids;
pub mod journal;
pub mod kernel;
pub mod network;
pub mod plan;
pub mod policy;
#[cfg(feature = "shell")]
pub mod shell;
pub mod signal;
pub mod sim;
pub mod units;
