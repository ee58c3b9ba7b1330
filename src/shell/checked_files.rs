//! A set of city files, checked.

use crate::network::{LatLon, NetworkFinding, RoadGraph};
use crate::plan::{CheckedCity, CityFiles, Code, Finding, check_city, city_ground};

/// The file of the road network.
pub const NETWORK: &str = "network.geojson";

/// What came of a set of city files.
#[derive(Debug)]
pub struct CheckedFiles {
    /// The city, if it can be driven.
    pub city: Option<(CheckedCity, RoadGraph)>,
    /// What is wrong with city and site files.
    pub findings: Vec<Finding>,
    /// What is wrong with the road network.
    pub network: Vec<NetworkFinding>,
    /// How many site files there are, good or not.
    pub site_files: usize,
}

/// Everything that is wrong with a set of city files, and the city if it can be driven.
///
/// The roads are loaded even if other files are wrong: a mistake in the network often shows first
/// as a mistake in a site file, and a person wants to see both.
#[must_use]
pub fn check_files(files: &[(String, String)]) -> CheckedFiles {
    let set = files.iter().cloned().collect::<CityFiles>();
    let checked = check_city(&set);
    let unread = |finding: &Finding| {
        finding.file == NETWORK && matches!(finding.code, Code::F06 | Code::F07)
    };
    let mut result = CheckedFiles {
        city: None,
        network: Vec::new(),
        site_files: set.site_files(),
        findings: checked.findings,
    };
    // A network that cannot be read at all has its finding already.
    let text = set.text(NETWORK);
    let text = text.filter(|_| !result.findings.iter().any(unread));
    let (Some(text), Some((origin, datum))) = (text, city_ground(&set)) else {
        return result;
    };
    let origin = LatLon {
        lat_deg: origin.lat_deg,
        lon_deg: origin.lon_deg,
    };
    match RoadGraph::load(NETWORK, text, origin, datum) {
        Ok(graph) => result.city = checked.value.map(|city| (city, graph)),
        Err(findings) => result.network = findings,
    }
    result
}
