//! The traffic simulator SUMO: its networks as plain data, and cities for it.

mod error;
pub mod export;
mod links;
pub mod net;
mod read;
#[cfg(test)]
mod tests;
pub mod wiring;
mod xml;

pub use error::SumoError;
pub use net::SumoNet;
pub use wiring::{LinkWiring, SiteWiring, Wiring};
