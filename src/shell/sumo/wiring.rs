//! Which link of which SUMO signal is which group of which site.

use serde::{Deserialize, Serialize};

/// The wiring of a whole network: what a program needs that shows our lamps in SUMO.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wiring {
    /// One per site, in the order of the city.
    pub sites: Vec<SiteWiring>,
}

/// The wiring of one signal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteWiring {
    /// The site's id in files.
    pub site: String,
    /// The signal's id in SUMO.
    pub tls: String,
    /// How many letters a state of the signal has.
    pub link_count: usize,
    /// The links, by rising index; several may share one.
    pub links: Vec<LinkWiring>,
}

/// One link of a signal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkWiring {
    /// Its letter in a state, from 0.
    pub index: usize,
    /// The group it shows, from 0.
    pub group: u8,
    /// Which of the site's movements it belongs to; none for riders and walkers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub movement: Option<usize>,
    /// The lane it leaves; for walkers the pavement within the node, empty before the network is
    /// made.
    pub from_lane: String,
    /// The lane it leads to; for walkers the crossing, empty before the network is made.
    pub to_lane: String,
    /// The lane within the node; none for walkers, and none before the network is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// True for a pedestrian crossing.
    #[serde(default)]
    pub is_walk: bool,
}

impl Wiring {
    /// Reads `wiring.toml`.
    ///
    /// # Errors
    /// The text is no wiring, in a sentence.
    pub fn from_toml(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|why| why.to_string())
    }

    /// The text of `wiring.toml`.
    ///
    /// # Errors
    /// The wiring cannot be written as TOML, which its types rule out.
    pub fn to_toml(&self) -> Result<String, String> {
        toml::to_string(self).map_err(|why| why.to_string())
    }

    /// The wiring of a site.
    #[must_use]
    pub fn site(&self, id: &str) -> Option<&SiteWiring> {
        self.sites.iter().find(|site| site.site == id)
    }
}
