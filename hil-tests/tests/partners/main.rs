//! Partners over real sockets: webhooks, crews' links, places and notes, the bridge.
#![cfg(feature = "shell")]
#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

mod bridge;
mod certificates;
mod crew;
mod rig;
mod webhooks;
mod words;
