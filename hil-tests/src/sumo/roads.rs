//! The network as a graph of lanes, with everything a sensor or a rule has to look up each second.

use std::collections::HashMap;

use greenwave::shell::sumo::SumoNet;
use greenwave::shell::sumo::net::Connection;

use super::error::SumoError;

/// How far before a stop line anybody is ever seen, metres.
pub const RANGE_M: f64 = 200.0;
/// Stretch behind a junction that is watched, metres.
pub const EXIT_M: f64 = 100.0;
/// Lanes of such a stretch at most.
const EXIT_LANES_MAX: usize = 32;
/// Ways back from one stop line at most, so that a maze of short lanes cannot grow without end.
const FEEDERS_MAX: usize = 256;

/// A lane's number.
pub type LaneNo = u32;

/// One lane, within nodes too.
#[derive(Clone, Debug)]
pub struct RoadLane {
    /// Its id.
    pub id: String,
    /// Its edge's number.
    pub edge: u32,
    /// Its place on the edge, from the kerb.
    pub index: u32,
    /// Its length, metres.
    pub length_m: f64,
    /// The limit, metres per second.
    pub speed_mps: f64,
    /// It lies within a node.
    pub is_inside: bool,
    /// Lanes that follow, and the light that says when.
    pub next: Vec<Way>,
    /// Lanes before it, and which of their ways leads here.
    before: Vec<(LaneNo, usize)>,
}

/// The way from a lane to the next one.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// The lane it leads to.
    pub to: LaneNo,
    /// Signal and link that control it.
    pub link: Option<(usize, usize)>,
}

/// A way through a signalled node.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its place in the signal's states.
    pub index: usize,
    /// The lane it leaves.
    pub from: LaneNo,
    /// The lane it leads to.
    pub to: LaneNo,
    /// The stop lane's number within the signal.
    pub lane: usize,
    /// The road behind the junction: lanes, and where on it each begins, metres.
    pub exit: Vec<(LaneNo, f64)>,
}

/// A lane that ends at a stop line of a signal.
#[derive(Clone, Debug)]
pub struct StopLane {
    /// The lane.
    pub lane: LaneNo,
    /// Links that leave it, by their number in [`Signal::links`].
    pub links: Vec<usize>,
    /// Where vehicles on their way to it are.
    pub feeders: Vec<Feeder>,
}

/// A lane on the way to a stop line.
#[derive(Clone, Debug)]
pub struct Feeder {
    /// The lane.
    pub lane: LaneNo,
    /// From the end of that lane to the stop line, metres.
    pub offset_m: f64,
    /// The turns that have to be taken: lane and which of its ways.
    pub turns: Vec<(LaneNo, usize)>,
}

/// A signal.
#[derive(Clone, Debug)]
pub struct Signal {
    /// Its id.
    pub id: String,
    /// Its links, by place in the state; several may share a place.
    pub links: Vec<Link>,
    /// Its stop lanes.
    pub lanes: Vec<StopLane>,
    /// Length of its states.
    pub width: usize,
    /// The states of the shipped programme that are neither change nor clearance.
    pub stages: Vec<String>,
}

/// The network.
#[derive(Clone, Debug)]
pub struct Roads {
    /// All lanes.
    pub lanes: Vec<RoadLane>,
    /// All signals, by id.
    pub signals: Vec<Signal>,
    /// By id.
    lane_ids: HashMap<String, LaneNo>,
    edge_ids: HashMap<String, u32>,
    /// First lane and number of lanes of each edge.
    edges: Vec<(LaneNo, u32)>,
    /// Link of a lane within a signalled node: signal and place in [`Signal::links`].
    inside: HashMap<LaneNo, (usize, usize)>,
}

impl Roads {
    /// The graph of a network.
    ///
    /// # Errors
    /// A way between lanes that are not there, or a signal without a programme.
    pub fn of(net: &SumoNet) -> Result<Self, SumoError> {
        let mut roads = Self {
            lanes: Vec::new(),
            signals: Vec::new(),
            lane_ids: HashMap::new(),
            edge_ids: HashMap::new(),
            edges: Vec::new(),
            inside: HashMap::new(),
        };
        roads.add_lanes(net);
        for id in net.signals() {
            let signal = roads.signal(net, id)?;
            roads.signals.push(signal);
        }
        roads.add_ways(net)?;
        roads.mark_inside();
        for at in 0..roads.signals.len() {
            for link in 0..roads.signals[at].links.len() {
                let exit = roads.exit(roads.signals[at].links[link].to);
                roads.signals[at].links[link].exit = exit;
            }
            for lane in 0..roads.signals[at].lanes.len() {
                let feeders = roads.feeders(roads.signals[at].lanes[lane].lane);
                roads.signals[at].lanes[lane].feeders = feeders;
            }
        }
        Ok(roads)
    }

    fn add_lanes(&mut self, net: &SumoNet) {
        for edge in net.edges.values() {
            let number = u32::try_from(self.edges.len()).unwrap_or(u32::MAX);
            let first = u32::try_from(self.lanes.len()).unwrap_or(u32::MAX);
            self.edge_ids.insert(edge.id.clone(), number);
            for (at, lane) in (0_u32..).zip(&edge.lanes) {
                self.lane_ids.insert(lane.id.clone(), first + at);
                self.lanes.push(RoadLane {
                    id: lane.id.clone(),
                    edge: number,
                    index: at,
                    length_m: lane.length_m,
                    speed_mps: lane.speed_mps,
                    is_inside: edge.id.starts_with(':'),
                    next: Vec::new(),
                    before: Vec::new(),
                });
            }
            let lanes = u32::try_from(edge.lanes.len()).unwrap_or(u32::MAX);
            self.edges.push((first, lanes));
        }
    }

    fn at(&self, edge: &str, lane: usize) -> Result<LaneNo, SumoError> {
        let found = self.edge_ids.get(edge).and_then(|number| {
            let (first, count) = self.edges.get(*number as usize)?;
            let lane = u32::try_from(lane).ok()?;
            (lane < *count).then_some(first + lane)
        });
        found.ok_or_else(|| SumoError::Network(format!("no lane {lane} on edge `{edge}`")))
    }

    fn signal(&self, net: &SumoNet, id: &str) -> Result<Signal, SumoError> {
        let none = || SumoError::Network(format!("signal `{id}` has no programme"));
        let programme = net.programme(id).ok_or_else(none)?;
        let width = programme.steps.first().map_or(0, |step| step.state.len());
        let mut stages: Vec<String> = Vec::new();
        for step in &programme.steps {
            let goes = step.state.contains(['G', 'g']) && !step.state.contains(['y', 'u']);
            if goes && !stages.contains(&step.state) {
                stages.push(step.state.clone());
            }
        }
        let (mut links, mut lanes): (Vec<Link>, Vec<StopLane>) = (Vec::new(), Vec::new());
        for link in net.links_of(id) {
            let from = self.at(&link.from, link.from_lane)?;
            let known = lanes.iter().position(|stop| stop.lane == from);
            let lane = known.unwrap_or(lanes.len());
            if known.is_none() {
                lanes.push(StopLane {
                    lane: from,
                    links: Vec::new(),
                    feeders: Vec::new(),
                });
            }
            lanes[lane].links.push(links.len());
            links.push(Link {
                index: link.link_index.unwrap_or(0),
                from,
                to: self.at(&link.to, link.to_lane)?,
                lane,
                exit: Vec::new(),
            });
        }
        Ok(Signal {
            id: id.to_owned(),
            links,
            lanes,
            width,
            stages,
        })
    }

    fn link_of(&self, connection: &Connection, from: LaneNo) -> Option<(usize, usize)> {
        let tl = connection.tl.as_deref()?;
        let index = connection.link_index?;
        let signal = self.signals.iter().position(|signal| signal.id == tl)?;
        let to = self.at(&connection.to, connection.to_lane).ok()?;
        let same = |link: &Link| link.index == index && link.from == from && link.to == to;
        let link = self.signals[signal].links.iter().position(same)?;
        Some((signal, link))
    }

    fn add_ways(&mut self, net: &SumoNet) -> Result<(), SumoError> {
        for connection in &net.connections {
            let from = self.at(&connection.from, connection.from_lane)?;
            let to = match &connection.via {
                Some(via) => *self
                    .lane_ids
                    .get(via)
                    .ok_or_else(|| SumoError::Network(format!("no lane `{via}`")))?,
                None => self.at(&connection.to, connection.to_lane)?,
            };
            let link = self.link_of(connection, from);
            let ways = &mut self.lanes[from as usize].next;
            let way = ways.len();
            ways.push(Way { to, link });
            self.lanes[to as usize].before.push((from, way));
        }
        Ok(())
    }

    /// Finds the lanes within signalled nodes: from each link's first one on, until the exit.
    fn mark_inside(&mut self) {
        let mut found = Vec::new();
        for lane in &self.lanes {
            for way in &lane.next {
                let Some(link) = way.link else { continue };
                let mut at = way.to;
                for _ in 0..8 {
                    let inner = &self.lanes[at as usize];
                    if !inner.is_inside {
                        break;
                    }
                    found.push((at, link));
                    let Some(on) = inner.next.first() else { break };
                    at = on.to;
                }
            }
        }
        self.inside.extend(found);
    }

    /// Every lane from which the stop line at the end of `stop` can be reached without another
    /// light, within range.
    fn feeders(&self, stop: LaneNo) -> Vec<Feeder> {
        let mut found = vec![Feeder {
            lane: stop,
            offset_m: 0.0,
            turns: Vec::new(),
        }];
        let mut at = 0;
        while at < found.len() && found.len() < FEEDERS_MAX {
            let here = found[at].clone();
            at += 1;
            let lane = &self.lanes[here.lane as usize];
            let offset_m = here.offset_m + lane.length_m;
            if offset_m >= RANGE_M {
                continue;
            }
            for (from, way) in &lane.before {
                let signalled = self.lanes[*from as usize].next[*way].link.is_some();
                if signalled
                    || found
                        .iter()
                        .any(|f| f.lane == *from && f.offset_m <= offset_m)
                {
                    continue;
                }
                let mut turns = here.turns.clone();
                turns.push((*from, *way));
                found.push(Feeder {
                    lane: *from,
                    offset_m,
                    turns,
                });
            }
        }
        found
    }

    /// The lanes that a link leads into, as long as there is one way on and no light, for
    /// [`EXIT_M`].
    fn exit(&self, first: LaneNo) -> Vec<(LaneNo, f64)> {
        let (mut found, mut lane, mut start_m) = (Vec::new(), first, 0.0);
        while start_m < EXIT_M && found.len() < EXIT_LANES_MAX {
            found.push((lane, start_m));
            let here = &self.lanes[lane as usize];
            start_m += here.length_m;
            match here.next.as_slice() {
                [only] if only.link.is_none() => lane = only.to,
                _ => break,
            }
        }
        found
    }

    /// The lane of this id.
    #[must_use]
    pub fn lane(&self, id: &str) -> Option<LaneNo> {
        self.lane_ids.get(id).copied()
    }

    /// The edge of this id.
    #[must_use]
    pub fn edge(&self, id: &str) -> Option<u32> {
        self.edge_ids.get(id).copied()
    }

    /// The link that a lane within a node belongs to.
    #[must_use]
    pub fn inside(&self, lane: LaneNo) -> Option<(usize, usize)> {
        self.inside.get(&lane).copied()
    }

    /// One signal with one crossing, for tests that need no network.
    #[cfg(test)]
    pub(super) fn of_one_crossing() -> Self {
        Self {
            lanes: Vec::new(),
            signals: vec![Signal {
                id: "x".to_owned(),
                links: vec![Link {
                    index: 0,
                    from: 0,
                    to: 0,
                    lane: 0,
                    exit: Vec::new(),
                }],
                lanes: Vec::new(),
                width: 1,
                stages: Vec::new(),
            }],
            lane_ids: HashMap::new(),
            edge_ids: HashMap::new(),
            edges: Vec::new(),
            inside: HashMap::new(),
        }
    }

    /// The lanes of an edge, from the kerb.
    pub fn lanes_of(&self, edge: u32) -> impl Iterator<Item = LaneNo> + use<> {
        let (first, count) = self.edges.get(edge as usize).copied().unwrap_or_default();
        first..first + count
    }

    /// The lanes beside this one.
    pub fn beside(&self, lane: LaneNo) -> impl Iterator<Item = LaneNo> + '_ {
        let here = &self.lanes[lane as usize];
        let (first, count) = self.edges[here.edge as usize];
        let near = move |other: &LaneNo| other.abs_diff(lane) == 1;
        (first..first + count).filter(near)
    }
}
