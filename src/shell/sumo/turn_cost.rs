//! What a way through a node takes: a road of a network ends at its stop line, and the next one
//! begins behind the node.

use std::collections::BTreeMap;

use super::net::{Connection, Edge, SumoNet};

/// How fast an ordinary car gains and loses speed, m/s².
const GAINS: f64 = 2.6;
const LOSES: f64 = 4.5;
/// Lanes one behind the other within a node.
const INSIDE_MAX: usize = 4;

/// The ways that leave lanes within nodes, by edge and lane.
pub(super) struct Insides<'n> {
    net: &'n SumoNet,
    by_lane: BTreeMap<(&'n str, usize), Vec<&'n Connection>>,
}

impl<'n> Insides<'n> {
    pub(super) fn of(net: &'n SumoNet) -> Self {
        let mut by_lane: BTreeMap<_, Vec<&Connection>> = BTreeMap::new();
        let inside = |link: &&Connection| link.from.starts_with(':');
        for link in net.connections.iter().filter(inside) {
            let lane = (link.from.as_str(), link.from_lane);
            by_lane.entry(lane).or_default().push(link);
        }
        Self { net, by_lane }
    }

    /// Seconds from the stop line of `from` to the beginning of `to`, braking for the turn and
    /// getting up to speed behind it included.
    pub(super) fn cost_s(&self, link: &Connection, (from, to): (&Edge, &Edge)) -> f64 {
        let (mut inside_s, mut slowest) = (0.0, f64::INFINITY);
        let mut via = link.via.as_deref();
        for _ in 0..INSIDE_MAX {
            let Some(lane) = via.and_then(|via| self.net.lane(via)) else {
                break;
            };
            if lane.speed_mps <= 0.0 {
                break;
            }
            inside_s += lane.length_m / lane.speed_mps;
            slowest = slowest.min(lane.speed_mps);
            via = self.behind(&lane.id, link);
        }
        let lost_s = |speed_mps: f64, change: f64| {
            let slower = (speed_mps - slowest).max(0.0);
            if speed_mps > 0.0 {
                slower * slower / (2.0 * speed_mps * change)
            } else {
                0.0
            }
        };
        inside_s + lost_s(fastest(from), LOSES) + lost_s(fastest(to), GAINS)
    }

    /// The lane behind a waiting point within the node.
    fn behind(&self, lane: &str, link: &Connection) -> Option<&'n str> {
        let (edge, index) = lane.rsplit_once('_')?;
        let onward = self.by_lane.get(&(edge, index.parse().ok()?))?;
        let next = onward.iter().find(|next| next.to == link.to)?;
        next.via.as_deref()
    }
}

fn fastest(edge: &Edge) -> f64 {
    let speeds = edge.lanes.iter().map(|lane| lane.speed_mps);
    speeds.fold(0.0, f64::max)
}
