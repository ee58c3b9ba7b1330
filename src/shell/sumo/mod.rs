//! The traffic simulator SUMO: its networks read and made into city folders, and cities for it.

mod course;
mod error;
pub mod export;
mod folder;
mod heads;
mod import;
mod links;
mod load;
pub mod net;
mod read;
mod relations;
mod settle;
mod signal;
mod site;
mod site_text;
mod street_line;
mod streets;
#[cfg(test)]
mod tests;
mod timing;
mod turn_cost;
mod wiring;
mod xml;

pub use error::SumoError;
pub use import::{ImportFinding, ImportOptions, ImportProfile, Imported, Note, import};
pub use load::load;
pub use net::SumoNet;
pub use wiring::{LinkWiring, SiteWiring, Wiring};
pub use xml::text_of;
