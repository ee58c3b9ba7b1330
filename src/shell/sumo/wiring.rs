//! Which link of which SUMO signal is which group of which site.

use serde::{Deserialize, Serialize};

use super::net::Connection;
use super::site::Site;

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
    /// The links that are ever shown green, by rising index; several may share one.
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

/// The wiring of sites made of a network.
pub(super) fn wire(sites: &[Site<'_>]) -> Wiring {
    Wiring {
        sites: sites.iter().map(wire_site).collect(),
    }
}

fn wire_site(site: &Site<'_>) -> SiteWiring {
    let lanes = site.approaches.iter().flat_map(|approach| &approach.lanes);
    let ways: Vec<&Connection> = lanes
        .flat_map(|lane| lane.heads.iter().map(|head| head.link))
        .collect();
    let links = site.heads.list.iter().map(|head| {
        let group = site.heads.group(head.group);
        let link = head.link;
        LinkWiring {
            index: head.index,
            group: u8::try_from(head.group).unwrap_or(u8::MAX),
            movement: ways.iter().position(|way| std::ptr::eq(*way, link)),
            from_lane: format!("{}_{}", link.from, link.from_lane),
            to_lane: format!("{}_{}", link.to, link.to_lane),
            via: link.via.clone(),
            is_walk: group.is_some_and(|group| group.walks),
        }
    });
    let letters = site
        .programme
        .steps
        .iter()
        .map(|step| step.state.chars().count());
    SiteWiring {
        site: site.id.clone(),
        tls: site.tls.clone(),
        link_count: letters.max().unwrap_or_default(),
        links: links.collect(),
    }
}
