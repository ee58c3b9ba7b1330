//! A city folder as plain files of the traffic simulator SUMO: streets with pavements and bicycle
//! lanes, the fixed-time rendering of each site's plan, and an hour of vehicles, riders and walkers.
//!
//! Nothing here needs SUMO. `netconvert` makes a network of the files later; which lane is where and
//! which link has which number is laid down here already, so the wiring is known beforehand.
//! Why bicycles have lanes of their own: `docs/decisions/0009-sumo-export.md`.

mod crossings;
mod demand;
mod dice;
mod error;
pub mod folder;
mod links;
mod people;
mod programme;
mod scripts;
mod streets;
#[cfg(test)]
mod tests;
mod town;
mod wiring;
mod xml;

pub use crossings::Arm;
pub use error::ExportError;
pub use links::{Link, SiteLinks, Way};
pub use town::{ExportSettings, Town};

use crate::shell::sumo::Wiring;

/// The network, once `netconvert` has made it.
pub const NET_FILE: &str = "city.net.xml";
/// Which link is which group.
pub const WIRING_FILE: &str = "wiring.toml";

/// What was written, in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Signals.
    pub signals: usize,
    /// Links of all signals: ways of vehicles and bicycles, and crossings.
    pub links: usize,
    /// Pedestrian crossings.
    pub crossings: usize,
    /// Motor vehicles that set off.
    pub vehicles: usize,
    /// Bicycles that set off.
    pub bicycles: usize,
    /// Walkers that set off.
    pub walkers: usize,
}

/// A city as files for SUMO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Name and text of each file.
    pub files: Vec<(&'static str, String)>,
    /// What is in them.
    pub figures: Figures,
}

/// Writes a city out.
///
/// # Errors
/// What of the city SUMO cannot be told, all of it.
pub fn export(town: &Town<'_>) -> Result<Exported, ExportError> {
    let sites = links::lay_links(town)?;
    let trips = demand::trips(town);
    let walks = people::walks(town, &sites);
    let figures = Figures {
        signals: sites.len(),
        links: sites.iter().map(|site| site.links.len()).sum(),
        crossings: sites.iter().map(|site| site.walks().count()).sum(),
        vehicles: trips.iter().filter(|trip| !trip.rides).count(),
        bicycles: trips.iter().filter(|trip| trip.rides).count(),
        walkers: walks.len(),
    };
    let files = vec![
        ("city.nod.xml", streets::nodes(town)),
        ("city.edg.xml", streets::edges(town)),
        ("city.con.xml", links::connections(town, &sites)),
        ("city.tll.xml", programme::signals(town, &sites)),
        ("city.rou.xml", scripts::routes(town, &trips, &walks)),
        ("city.sumocfg", scripts::config(&town.settings)),
        ("build.sh", scripts::BUILD.to_owned()),
        (WIRING_FILE, wiring_text(&wiring::planned(town, &sites))?),
    ];
    Ok(Exported { files, figures })
}

/// The text of `wiring.toml`.
///
/// # Errors
/// The wiring cannot be written as TOML.
pub fn wiring_text(wiring: &Wiring) -> Result<String, ExportError> {
    let text = wiring
        .to_toml()
        .map_err(|why| ExportError::City(vec![why]))?;
    Ok(format!("{WIRING_HEAD}{text}"))
}

const WIRING_HEAD: &str = "\
# Which link of which SUMO signal shows which group (both from 0) of which site; written by
# greenwave export sumo. `via` is there once the network has been made and compared.
";
