//! The numbers that links have in their node: right of way is written by them.

use std::collections::BTreeMap;

use super::net::{Connection, EdgeFunction, Junction, SumoNet};

/// Which node each link leads through, and its number there. Nodes whose numbering cannot be
/// told for certain are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct LinkNumbers {
    numbers: BTreeMap<Key, (String, usize)>,
}

/// What tells two links apart.
type Key = (String, usize, String, usize);

fn key(link: &Connection) -> Key {
    let (from, to) = (link.from.clone(), link.to.clone());
    (from, link.from_lane, to, link.to_lane)
}

impl LinkNumbers {
    pub(super) fn of(net: &SumoNet) -> Self {
        let mut by_lane: BTreeMap<(&str, usize), Vec<&Connection>> = BTreeMap::new();
        for link in &net.connections {
            let lane = (link.from.as_str(), link.from_lane);
            by_lane.entry(lane).or_default().push(link);
        }
        let mut numbers = BTreeMap::new();
        for node in net.junctions.values() {
            if node.kind == "internal" || node.requests.is_empty() {
                continue;
            }
            let links = links_through(net, node, &by_lane);
            let Some(places) = numbered(node, &links, &by_lane) else {
                continue;
            };
            for (link, at) in links.into_iter().zip(places) {
                numbers.insert(key(link), (node.id.clone(), at));
            }
        }
        Self { numbers }
    }

    pub(super) fn of_link(&self, link: &Connection) -> Option<(&str, usize)> {
        let (node, at) = self.numbers.get(&key(link))?;
        Some((node, *at))
    }
}

/// The links of a node in SUMO's order: by entering lane, then as the file lists them. Ways on and
/// off a pavement do not count, ways onto a crossing do.
fn links_through<'n>(
    net: &'n SumoNet,
    node: &Junction,
    by_lane: &BTreeMap<(&str, usize), Vec<&'n Connection>>,
) -> Vec<&'n Connection> {
    let function = |edge: &str| net.edges.get(edge).map(|edge| edge.function);
    let mut links = Vec::new();
    for lane in &node.inc_lanes {
        let Some((edge, index)) = lane.rsplit_once('_') else {
            continue;
        };
        let Ok(index) = index.parse::<usize>() else {
            continue;
        };
        let walks = function(edge) == Some(EdgeFunction::WalkingArea);
        let leaving = by_lane.get(&(edge, index)).into_iter().flatten();
        links.extend(leaving.copied().filter(|link| {
            let to = function(&link.to);
            to != Some(EdgeFunction::WalkingArea) && (!walks || to == Some(EdgeFunction::Crossing))
        }));
    }
    links
}

/// The number of each link. Where the lanes within the node are known, they have the last word:
/// the node lists them in the order of its links.
fn numbered(
    node: &Junction,
    links: &[&Connection],
    by_lane: &BTreeMap<(&str, usize), Vec<&Connection>>,
) -> Option<Vec<usize>> {
    let told = |link: &&Connection| last_inside(link, by_lane);
    let last: Option<Vec<String>> = links.iter().map(told).collect();
    let place = |lane: &String| node.int_lanes.iter().position(|known| known == lane);
    let places = last.and_then(|lanes| lanes.iter().map(place).collect::<Option<Vec<usize>>>());
    let counted = (links.len() == node.requests.len()).then(|| (0..links.len()).collect());
    let mut places: Vec<usize> = places.or(counted)?;
    let fits = places.iter().all(|at| *at < node.requests.len());
    let list = places.clone();
    places.sort_unstable();
    places.dedup();
    (fits && places.len() == list.len()).then_some(list)
}

/// The lane by which a link leaves the node: its own lane within it, or the one behind the waiting
/// point. A crossing is its own lane.
fn last_inside(
    link: &Connection,
    by_lane: &BTreeMap<(&str, usize), Vec<&Connection>>,
) -> Option<String> {
    let Some(via) = &link.via else {
        return (link.to.starts_with(':')).then(|| format!("{}_{}", link.to, link.to_lane));
    };
    let (edge, index) = via.rsplit_once('_')?;
    let index: usize = index.parse().ok()?;
    let onward = by_lane.get(&(edge, index)).into_iter().flatten();
    let goes_on = |next: &&&Connection| next.to == link.to && next.to_lane == link.to_lane;
    let next = onward.into_iter().find(goes_on);
    let behind = next.and_then(|next| next.via.clone());
    Some(behind.unwrap_or_else(|| via.clone()))
}
