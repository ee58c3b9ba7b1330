//! The wiring of a city that we wrote out ourselves, and its proof against the network.

use super::crossings::Arm;
use super::links::{Link, SiteLinks, Way, lay_links};
use super::streets::{PAVEMENT, lane_id};
use super::town::Town;
use crate::ids::RoadId;
use crate::shell::sumo::net::Connection;
use crate::shell::sumo::{LinkWiring, SiteWiring, SumoNet, Wiring};

impl Wiring {
    /// The wiring of an exported city, checked against the network that netconvert made of it:
    /// every signal must have exactly our links, each under its number, on its lanes.
    ///
    /// # Errors
    /// Everything in which the network is not the city.
    pub fn of_export(net: &SumoNet, town: &Town<'_>) -> Result<Self, Vec<String>> {
        let sites = lay_links(town).map_err(|why| vec![why.to_string()])?;
        let mut wiring = planned(town, &sites);
        let mut wrong = Vec::new();
        for (site, wires) in sites.iter().zip(&mut wiring.sites) {
            prove(net, town, (site, wires), &mut wrong);
        }
        let stray = net.signals().into_iter();
        let stray = stray.filter(|tls| wiring.site(tls).is_none());
        wrong.extend(stray.map(|tls| format!("{tls}: a signal that is no site")));
        if wrong.is_empty() {
            Ok(wiring)
        } else {
            Err(wrong)
        }
    }
}

/// The wiring as we ask netconvert for it.
pub(super) fn planned(town: &Town<'_>, sites: &[SiteLinks]) -> Wiring {
    let wires = |site: &SiteLinks| SiteWiring {
        site: site.id.clone(),
        tls: site.id.clone(),
        link_count: site.links.len(),
        links: (0..)
            .zip(&site.links)
            .map(|(index, link)| wire(town, index, link))
            .collect(),
    };
    Wiring {
        sites: sites.iter().map(wires).collect(),
    }
}

fn wire(town: &Town<'_>, index: usize, link: &Link) -> LinkWiring {
    let (from, to) = match link.way {
        Way::Drive { from, to } => (from, to),
        Way::Walk(arm) => {
            let far = arm.leaves.unwrap_or(arm.enters);
            ((arm.enters, PAVEMENT), (far, PAVEMENT))
        }
    };
    LinkWiring {
        index,
        group: link.group.number(),
        movement: link.movement,
        from_lane: lane_id(name(town, from.0), from.1),
        to_lane: lane_id(name(town, to.0), to.1),
        via: None,
        is_walk: matches!(link.way, Way::Walk(_)),
    }
}

/// Compares one signal and notes the lanes within the node.
fn prove(
    net: &SumoNet,
    town: &Town<'_>,
    (site, wires): (&SiteLinks, &mut SiteWiring),
    wrong: &mut Vec<String>,
) {
    let found = net.links_of(&site.id);
    if found.len() != site.links.len() {
        wrong.push(format!(
            "{}: {} links in the network, {} in the city",
            site.id,
            found.len(),
            site.links.len()
        ));
    }
    let states = net.programme(&site.id).into_iter();
    let mut states = states.flat_map(|programme| &programme.steps);
    if !states.all(|step| step.state.len() == site.links.len()) {
        wrong.push(format!(
            "{}: its programme does not have one letter per link",
            site.id
        ));
    }
    for (link, wire) in site.links.iter().zip(&mut wires.links) {
        let mut here = found.iter().filter(|c| c.link_index == Some(wire.index));
        let via = match (here.next(), here.next()) {
            (Some(one), None) => via_of(net, town, (link, wire), one),
            _ => None,
        };
        if via.is_none() {
            wrong.push(format!(
                "{}: link {} is not the one from {} to {}",
                site.id, wire.index, wire.from_lane, wire.to_lane
            ));
        }
        wire.via = via;
    }
}

/// The lane within the node, if the connection is the one we asked for.
fn via_of(
    net: &SumoNet,
    town: &Town<'_>,
    (link, wire): (&Link, &LinkWiring),
    found: &Connection,
) -> Option<String> {
    match link.way {
        Way::Drive { .. } => {
            let from = lane_id(&found.from, found.from_lane);
            let to = lane_id(&found.to, found.to_lane);
            let same = from == wire.from_lane && to == wire.to_lane;
            found.via.clone().filter(|_| same)
        }
        Way::Walk(arm) => {
            let crossing = net.edges.get(&found.to)?;
            let mut walked: Vec<&str> = crossing.crossing_edges.iter().map(AsRef::as_ref).collect();
            walked.sort_unstable();
            let lane = crossing.lanes.first()?;
            (walked == roads_of(town, arm)).then(|| lane.id.clone())
        }
    }
}

/// The ids of the roads that are walked over, sorted.
fn roads_of<'t>(town: &'t Town<'_>, arm: Arm) -> Vec<&'t str> {
    let roads = [Some(arm.enters), arm.leaves].into_iter().flatten();
    let mut names: Vec<&str> = roads.map(|road| name(town, road)).collect();
    names.sort_unstable();
    names
}

fn name<'t>(town: &'t Town<'_>, road: RoadId) -> &'t str {
    town.graph.road(road).map_or("", |road| road.id.as_str())
}
