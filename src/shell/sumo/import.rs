//! A network made into a city folder, and how its lamps and links belong together.

use std::collections::BTreeMap;
use std::fmt;

use super::folder;
use super::load::load;
use super::net::SumoNet;
use super::settle::settle;
use super::signal::{LeftOut, understand};
use super::site::Site;
use super::site_text::write_site;
use super::streets::Streets;
use super::wiring::{Wiring, wire};

/// The profile that imported sites are held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportProfile {
    /// The region's own floors: what could stand on a street.
    Cn,
    /// The floors of a usual field controller: 3 s of amber, 1 s of all red, 7 s of green.
    Field,
    /// The rules of the public benchmark: 3 s of amber and no all red.
    Resco,
}

impl ImportProfile {
    /// The profile's name in site files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cn => "cn",
            Self::Field => "field",
            Self::Resco => "resco",
        }
    }
}

/// How a network is to be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportOptions {
    /// The profile of every site.
    pub profile: ImportProfile,
    /// The name of the city.
    pub name: String,
}

/// A city folder made of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// Path in the folder and text, sorted by path.
    pub files: Vec<(String, String)>,
    /// Which group and movement each link of the network is.
    pub wiring: Wiring,
    /// What was not taken over as it stands, and why.
    pub notes: Vec<Note>,
}

/// Something of the network that was not taken over as it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The signal, or the network.
    pub place: String,
    /// What was done, and why.
    pub what: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Why a network cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportFinding {
    /// The signal, or the network.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub mend: String,
}

impl fmt::Display for ImportFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place, self.what, self.mend)
    }
}

/// Notes while they are collected.
#[derive(Debug, Default)]
pub(super) struct Notes(Vec<Note>);

impl Notes {
    pub(super) fn add(&mut self, place: &str, what: String) {
        let place = place.to_owned();
        self.0.push(Note { place, what });
    }
}

/// Where findings and notes are about no signal.
pub(super) const NETWORK: &str = "network";

/// Makes a city folder of a network.
///
/// What comes out loads without errors: that is tried before it is handed out.
///
/// # Errors
/// Everything that keeps the network from being a city under this profile.
pub fn import(net: &SumoNet, options: &ImportOptions) -> Result<Imported, Vec<ImportFinding>> {
    let mut notes = Notes::default();
    let mut findings = Vec::new();
    let sites = understood(net, options, &mut notes, &mut findings);
    if sites.is_empty() && findings.is_empty() {
        findings.push(no_signals(net, &notes));
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    let mut files: BTreeMap<String, String> = sites
        .iter()
        .map(|site| (format!("sites/{}.toml", site.id), write_site(site)))
        .collect();
    let streets = Streets::of(net, &sites, &mut notes);
    files.insert("network.geojson".to_owned(), streets.geojson());
    files.extend(folder::files(options, streets.origin(), &sites));
    let files: Vec<(String, String)> = files.into_iter().collect();
    if let Err(found) = load(&files) {
        let finding = |what| ImportFinding {
            place: NETWORK.to_owned(),
            what,
            mend: "this network is not like those the import knows; please report it".to_owned(),
        };
        return Err(found.into_iter().map(finding).collect());
    }
    Ok(Imported {
        files,
        wiring: wire(&sites),
        notes: notes.0,
    })
}

/// Every signal that can be driven, numbered in the order of their ids in the network.
fn understood<'n>(
    net: &'n SumoNet,
    options: &ImportOptions,
    notes: &mut Notes,
    findings: &mut Vec<ImportFinding>,
) -> Vec<Site<'n>> {
    let mut sites: Vec<Site<'n>> = Vec::new();
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for tls in net.signals() {
        let shared = |site: &Site<'_>| site.nodes.iter().find_map(|node| owners.get(node).copied());
        let mut own = Notes::default();
        let site = understand(net, tls, options.profile, &mut own).and_then(|mut site| {
            if let Some(other) = shared(&site) {
                return Err(LeftOut::Because(format!("it shares a node with {other}")));
            }
            settle(&mut site, &mut own)?;
            Ok(site)
        });
        match site {
            Ok(site) => {
                owners.extend(site.nodes.iter().map(|node| (*node, tls)));
                sites.push(site);
                notes.0.append(&mut own.0);
            }
            Err(LeftOut::Refused(found)) => findings.extend(found),
            Err(LeftOut::Because(why)) => {
                let what = format!("left out, it keeps running its own programme: {why}");
                notes.add(tls, what);
            }
        }
    }
    let digits = sites.len().to_string().len().max(2);
    for (number, site) in (1..).zip(&mut sites) {
        site.id = format!("T{number:0digits$}");
    }
    sites
}

fn no_signals(net: &SumoNet, notes: &Notes) -> ImportFinding {
    let what = if net.signals().is_empty() {
        "it has no signals".to_owned()
    } else {
        let reasons: Vec<String> = notes.0.iter().map(ToString::to_string).collect();
        format!("none of its signals can be driven ({})", reasons.join("; "))
    };
    ImportFinding {
        place: NETWORK.to_owned(),
        what,
        mend: "let netconvert set signals (`--tls.guess-signals`, `--tls.set`), or name the file \
               with the programmes with --additional"
            .to_owned(),
    }
}
