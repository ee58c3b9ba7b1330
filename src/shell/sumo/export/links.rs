//! The links of each signal: every way from lane to lane and every crossing, with its number.

use super::crossings::{Arm, arms_walked_over};
use super::error::ExportError;
use super::streets::{BICYCLES, FIRST_LANE};
use super::town::Town;
use super::xml::Xml;
use crate::ids::{ApproachId, GroupId, RoadId, SiteId};
use crate::plan::{CheckedSite, TurnKind};
use crate::sim::{Exit, Road, RoadEnd};

/// The numbered links of one signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteLinks {
    /// The site.
    pub site: SiteId,
    /// Its id in files, and the signal's id in SUMO.
    pub id: String,
    /// In the order of the letters of a state.
    pub links: Vec<Link>,
}

/// One link of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The group it obeys.
    pub group: GroupId,
    /// Which of the site's movements it belongs to; none for riders and walkers.
    pub movement: Option<usize>,
    /// True if others who are green at the same time go first.
    pub yields: bool,
    /// Where it leads.
    pub way: Way,
}

/// Where a link leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From a lane to a lane; lanes are counted as SUMO counts them.
    Drive {
        /// The road and lane it leaves.
        from: (RoadId, usize),
        /// The road and lane it leads to.
        to: (RoadId, usize),
    },
    /// Over an arm.
    Walk(Arm),
}

impl SiteLinks {
    /// The crossings, with the link's number.
    pub fn walks(&self) -> impl Iterator<Item = (usize, &Link, Arm)> {
        let numbered = self.links.iter().enumerate();
        numbered.filter_map(|(at, link)| match link.way {
            Way::Walk(arm) => Some((at, link, arm)),
            Way::Drive { .. } => None,
        })
    }
}

/// Numbers the links of every site: vehicles approach by approach from the kerb, then bicycles,
/// then walkers.
///
/// # Errors
/// Every site whose file does not say enough.
pub(super) fn lay_links(town: &Town<'_>) -> Result<Vec<SiteLinks>, ExportError> {
    let (mut all, mut wrong) = (Vec::new(), Vec::new());
    for (id, site) in town.sites() {
        match arms_walked_over(town, site) {
            Ok(arms) => all.push(SiteLinks {
                site: id,
                id: site.id.clone(),
                links: site_links(town, (id, site), &arms),
            }),
            Err(why) => wrong.extend(why),
        }
    }
    if wrong.is_empty() {
        Ok(all)
    } else {
        Err(ExportError::City(wrong))
    }
}

fn site_links(
    town: &Town<'_>,
    (id, site): (SiteId, &CheckedSite),
    arms: &[(GroupId, Arm)],
) -> Vec<Link> {
    let roads = || {
        town.roads().filter_map(|(road, _, street)| {
            let RoadEnd::Signal(at, approach) = street.end else {
                return None;
            };
            (at == id).then_some((road, approach, street))
        })
    };
    let mut links = Vec::new();
    for from in roads() {
        drive_links(town, (site, arms), from, &mut links);
    }
    links.extend(roads().filter_map(|from| ride_link(site, from)));
    links.extend(arms.iter().map(|(group, arm)| Link {
        group: *group,
        movement: None,
        yields: false,
        way: Way::Walk(*arm),
    }));
    links
}

/// The ways of vehicles that end their road at a signal.
fn drive_links(
    town: &Town<'_>,
    (site, arms): (&CheckedSite, &[(GroupId, Arm)]),
    (road, approach, street): (RoadId, ApproachId, &Road),
    links: &mut Vec<Link>,
) {
    for (at, lane) in street.lanes.iter().enumerate() {
        for (bit, exit) in street.exits.iter().enumerate() {
            if lane.exits & (1 << bit) == 0 {
                continue;
            }
            let Some(to_lane) = lane_into(town, street, (bit, exit), at) else {
                continue;
            };
            let (movement, group) = movement_of(site, approach, (at, exit.turn))
                .map_or((None, lane.group), |(number, group)| {
                    (Some(number), Some(group))
                });
            let Some(group) = group else { continue };
            links.push(Link {
                group,
                movement,
                yields: yields((site, arms), group, exit),
                way: Way::Drive {
                    from: (road, FIRST_LANE + at),
                    to: (exit.road, FIRST_LANE + to_lane),
                },
            });
        }
    }
}

/// True if somebody goes first who may be green at the same time: for a right turn always the
/// bicycle lane beside it, for a left turn the facing traffic, for both the walkers they meet.
fn yields((site, arms): (&CheckedSite, &[(GroupId, Arm)]), group: GroupId, exit: &Exit) -> bool {
    let hostile = site.safety.conflicts().hostile_to(group);
    let mut walkers = arms.iter().filter(|(_, arm)| arm.leaves == Some(exit.road));
    match exit.turn {
        TurnKind::Through => false,
        TurnKind::Right => true,
        TurnKind::Left | TurnKind::UTurn => {
            !exit.opposing.is_empty() || walkers.any(|(walkers, _)| !hostile.contains(*walkers))
        }
    }
}

/// The site's movement that leads from this lane in this direction, and its group.
fn movement_of(
    site: &CheckedSite,
    approach: ApproachId,
    (lane, turn): (usize, TurnKind),
) -> Option<(usize, GroupId)> {
    let mut all = site.movements().enumerate();
    all.find(|(_, (of, at, way))| {
        *of == approach && usize::from(*at) == lane && way.turns.contains(&turn)
    })
    .map(|(number, (_, _, way))| (number, way.group))
}

/// The vehicle lane that lane `at` of a road leads to: those who turn right or go on keep their
/// order from the kerb, those who turn left theirs from the middle.
fn lane_into(
    town: &Town<'_>,
    street: &Road,
    (bit, exit): (usize, &Exit),
    at: usize,
) -> Option<usize> {
    let innermost = town.map.roads.get(exit.road.index())?.lanes.len() - 1;
    let leads = |lane: &usize| {
        let rule = street.lanes.get(*lane);
        rule.is_some_and(|rule| rule.exits & (1 << bit) != 0)
    };
    Some(match exit.turn {
        TurnKind::Through | TurnKind::Right => (0..at).filter(leads).count().min(innermost),
        TurnKind::Left | TurnKind::UTurn => {
            let inside = (at + 1..street.lanes.len()).filter(leads).count();
            innermost.saturating_sub(inside)
        }
    })
}

/// The way of bicycles: straight on, or where nobody can, the first way round the corner.
fn ride_link(
    site: &CheckedSite,
    (road, approach, street): (RoadId, ApproachId, &Road),
) -> Option<Link> {
    let exit = ride_exit(street)?;
    let riders = site.approaches.get(approach.index())?.riders;
    let group = riders.or_else(|| street.lanes.first()?.group)?;
    Some(Link {
        group,
        movement: None,
        yields: exit.turn != TurnKind::Through,
        way: Way::Drive {
            from: (road, BICYCLES),
            to: (exit.road, BICYCLES),
        },
    })
}

/// Where bicycles go at the end of a road.
pub(super) fn ride_exit(street: &Road) -> Option<&Exit> {
    let order = [TurnKind::Through, TurnKind::Right, TurnKind::Left];
    let mut exits = order
        .iter()
        .filter_map(|turn| street.exits.iter().find(|exit| exit.turn == *turn));
    exits.next()
}

/// `city.con.xml`: ways from lane to lane, and the crossings with their numbers.
pub(super) fn connections(town: &Town<'_>, sites: &[SiteLinks]) -> String {
    let mut xml = Xml::new("connections");
    let name = |road: RoadId| town.graph.road(road).map_or("", |road| road.id.as_str());
    for link in sites.iter().flat_map(|site| &site.links) {
        if let Way::Drive { from, to } = link.way {
            let ends: [(&str, &dyn core::fmt::Display); 4] = [
                ("from", &name(from.0)),
                ("to", &name(to.0)),
                ("fromLane", &from.1),
                ("toLane", &to.1),
            ];
            xml.leaf("connection", &ends);
        }
    }
    // Where no signal stands, netconvert finds the lanes.
    for (id, road, street) in town.roads() {
        if town.site_at_end(id).is_none() {
            for exit in &street.exits {
                xml.leaf(
                    "connection",
                    &[("from", &road.id), ("to", &name(exit.road))],
                );
            }
        }
    }
    for site in sites {
        let node = node_of(town, site);
        for (index, _, arm) in site.walks() {
            let edges = [arm.leaves, Some(arm.enters)];
            let edges: Vec<&str> = edges.into_iter().flatten().map(name).collect();
            let attributes: [(&str, &dyn core::fmt::Display); 5] = [
                ("node", &node),
                ("edges", &edges.join(" ")),
                ("priority", &"true"),
                ("width", &CROSSING_M),
                ("linkIndex", &index),
            ];
            xml.leaf("crossing", &attributes);
        }
    }
    xml.finish()
}

/// How wide a crossing is painted, metres.
const CROSSING_M: f64 = 4.0;

/// The node a site stands at: where its first approach ends.
fn node_of<'t>(town: &'t Town<'_>, site: &SiteLinks) -> &'t str {
    let site = town.city.site(site.site);
    let node = site.and_then(|site| {
        let road = &site.approaches.first()?.road;
        let road = town.graph.road(town.graph.road_by_name(road)?)?;
        town.graph.junction(road.to)
    });
    node.map_or("", |node| node.id.as_str())
}
