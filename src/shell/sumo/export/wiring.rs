//! The wiring of a city that we wrote out ourselves, and its proof against the network.

use super::crossings::Arm;
use super::links::{Link, SiteLinks, Way, lay_links};
use super::streets::lane_id;
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
    let lane = |(road, lane)| lane_id(name(town, road), lane);
    let (from_lane, to_lane) = match link.way {
        Way::Drive { from, to } => (lane(from), lane(to)),
        // Only netconvert knows how it names pavements and crossings.
        Way::Walk(_) => (String::new(), String::new()),
    };
    LinkWiring {
        index,
        group: link.group.number(),
        movement: link.movement,
        from_lane,
        to_lane,
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
        let one = here.next().filter(|one| is_asked_for(net, town, link, one));
        let (Some(one), None) = (one, here.next()) else {
            let what = asked_for(town, link);
            wrong.push(format!("{}: link {} is not {what}", site.id, wire.index));
            continue;
        };
        wire.from_lane = lane_id(&one.from, one.from_lane);
        wire.to_lane = lane_id(&one.to, one.to_lane);
        wire.via.clone_from(&one.via);
    }
}

/// A link in words.
fn asked_for(town: &Town<'_>, link: &Link) -> String {
    match link.way {
        Way::Drive { from, to } => {
            let lane = |(road, lane)| lane_id(name(town, road), lane);
            format!("the way from {} to {}", lane(from), lane(to))
        }
        Way::Walk(arm) => format!("the crossing over {}", roads_of(town, arm).join(" and ")),
    }
}

/// True if the connection is the one we asked for.
fn is_asked_for(net: &SumoNet, town: &Town<'_>, link: &Link, found: &Connection) -> bool {
    match link.way {
        Way::Drive { from, to } => {
            (found.from.as_str(), found.from_lane) == (name(town, from.0), from.1)
                && (found.to.as_str(), found.to_lane) == (name(town, to.0), to.1)
        }
        Way::Walk(arm) => net.edges.get(&found.to).is_some_and(|crossing| {
            let walked = crossing.crossing_edges.iter();
            let mut walked: Vec<&str> = walked.map(AsRef::as_ref).collect();
            walked.sort_unstable();
            walked == roads_of(town, arm)
        }),
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
