//! Which lamp and which movement each link of the network is.

use super::net::Connection;
use super::site::Site;

/// The wiring of every site, in the order of the city's sites.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wiring {
    /// One per site.
    pub sites: Vec<SiteWiring>,
}

/// The wiring of one site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteWiring {
    /// Id of the site.
    pub site: String,
    /// Id of the signal in the network.
    pub tls: String,
    /// Letters in the signal's states.
    pub link_count: usize,
    /// The links that are ever shown green; the others stay red.
    pub links: Vec<LinkWiring>,
}

/// One link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkWiring {
    /// Its place in the signal's states; several links may share one.
    pub index: usize,
    /// Number of its signal group: the order of the site file.
    pub group: u8,
    /// Its number among the movements of the site; none for crossings.
    pub movement: Option<usize>,
    /// Id of the lane it leaves.
    pub from_lane: String,
    /// Id of the lane it leads to.
    pub to_lane: String,
    /// The lane within the node, if the network has them.
    pub via: Option<String>,
    /// True for a pedestrian crossing.
    pub is_walk: bool,
}

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
