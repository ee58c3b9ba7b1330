//! A city folder in SUMO: its network, made once and kept, and its traffic, drawn anew for each seed.

use std::borrow::Cow;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use greenwave::network::RoadGraph;
use greenwave::plan::CheckedCity;
use greenwave::shell::store::read_city_folder;
use greenwave::shell::sumo::export::folder::Draft;
use greenwave::shell::sumo::export::{ExportError, ExportSettings, NET_FILE, Town, export};
use greenwave::shell::sumo::{SumoNet, Wiring, load};
use sha2::{Digest, Sha256};

use super::error::SumoError;

/// The file with everybody who drives, rides and walks.
const ROUTES_FILE: &str = "city.rou.xml";
/// Files that say who moves when: the network is the same whatever they say.
const PASSING: [&str; 2] = [ROUTES_FILE, "city.sumocfg"];
/// So much of a hash tells one network from another.
const NAME_BYTES: usize = 8;

/// A city folder, read and checked, with the network that SUMO drives on.
#[derive(Debug)]
pub struct StreetCity {
    /// The city's id, from its folder's name.
    pub name: String,
    /// Its files: path inside the folder, and text.
    pub files: Vec<(String, String)>,
    /// Its sites and plans.
    pub city: CheckedCity,
    /// Its streets.
    pub graph: RoadGraph,
    /// Where the network is.
    pub net_file: PathBuf,
    /// The network.
    pub net: SumoNet,
    /// Which link shows which group.
    pub wiring: Wiring,
    window: (u32, u32),
}

impl StreetCity {
    /// Reads the city in `folder` and makes its network below `cache`, unless it is there already.
    /// `home` is where SUMO is installed; traffic sets off from `begin` to `end`, seconds after
    /// midnight.
    ///
    /// # Errors
    /// The folder is no city, the city has findings, or `netconvert` made something else of it.
    pub fn open(
        folder: &Path,
        (cache, home): (&Path, &Path),
        (begin, end): (u32, u32),
    ) -> Result<Self, SumoError> {
        let told = |why: &dyn core::fmt::Display| {
            SumoError::Network(format!("{}: {why}", folder.display()))
        };
        let files = read_city_folder(folder).map_err(|why| told(&why))?;
        let (city, graph) = load(&files).map_err(|all| told(&all.join("; ")))?;
        let settings = settings(begin, end, 1);
        let (net_file, net, wiring) = {
            let town = Town::new(&city, &graph, &files, settings);
            let net_file = network(&town, cache, home).map_err(|why| told(&why))?;
            let text = fs::read_to_string(&net_file).map_err(|why| SumoError::File {
                path: net_file.clone(),
                why,
            })?;
            let net = SumoNet::parse(&text).map_err(|why| told(&why))?;
            let wiring = Wiring::of_export(&net, &town).map_err(|all| told(&all.join("; ")))?;
            (net_file, net, wiring)
        };
        let name = folder.file_name().map(|name| name.to_string_lossy());
        Ok(Self {
            name: name.map_or_else(|| "city".to_owned(), Cow::into_owned),
            files,
            city,
            graph,
            net_file,
            net,
            wiring,
            window: (begin, end),
        })
    }

    /// Writes the traffic of this seed to `file`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_routes(&self, seed: u32, file: &Path) -> Result<(), SumoError> {
        let (begin, end) = self.window;
        let settings = settings(begin, end, seed);
        let town = Town::new(&self.city, &self.graph, &self.files, settings);
        let exported = export(&town).map_err(|why| SumoError::Network(why.to_string()))?;
        let mut files = exported.files.into_iter();
        let routes = files.find(|(name, _)| *name == ROUTES_FILE);
        let text = routes.map(|(_, text)| text).unwrap_or_default();
        fs::write(file, text).map_err(|why| SumoError::File {
            path: file.to_owned(),
            why,
        })
    }
}

fn settings(begin: u32, end: u32, seed: u32) -> ExportSettings {
    ExportSettings {
        seconds: end.saturating_sub(begin),
        start_s: begin,
        seed: u64::from(seed),
    }
}

/// The network of the town: the one that was made of the same files before, or a new one.
fn network(town: &Town<'_>, cache: &Path, home: &Path) -> Result<PathBuf, ExportError> {
    let exported = export(town)?;
    let lasts = |(name, _): &&(&str, String)| !PASSING.contains(name);
    let lasting = || exported.files.iter().filter(lasts);
    let mut hash = Sha256::new();
    for (name, text) in lasting() {
        hash.update(name.as_bytes());
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    let mut name = String::from("city-");
    for byte in hash.finalize().iter().take(NAME_BYTES) {
        // Writing to a text cannot fail.
        let _always = write!(name, "{byte:02x}");
    }
    let folder = cache.join(name);
    let made = folder.join(NET_FILE);
    if made.is_file() {
        return Ok(made);
    }
    let draft = Draft::beside(&folder)?;
    for (name, text) in lasting() {
        draft.write(name, text)?;
    }
    draft.netconvert(&home.join("bin/netconvert"))?;
    match draft.finish() {
        // Another run may have been quicker; what it made is the same.
        Err(_) if made.is_file() => Ok(made),
        Err(why) => Err(why),
        Ok(()) => Ok(made),
    }
}
