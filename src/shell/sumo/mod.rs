//! Networks of the traffic simulator SUMO: read, and made into a city folder.

mod error;
mod links;
pub mod net;
mod read;
#[cfg(test)]
mod tests;
mod xml;

pub use error::SumoError;
pub use net::SumoNet;
