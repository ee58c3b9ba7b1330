//! A SUMO network as plain data, and who yields to whom in it.

use std::collections::BTreeMap;

use super::error::SumoError;
use super::links::LinkNumbers;
use super::read;

/// A network: streets, nodes, ways through the nodes, and signal programmes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SumoNet {
    /// Streets between nodes and within them, by id.
    pub edges: BTreeMap<String, Edge>,
    /// Ways from lane to lane, in file order.
    pub connections: Vec<Connection>,
    /// Nodes by id, internal waiting points included.
    pub junctions: BTreeMap<String, Junction>,
    /// Signal programmes in the order they were read; the last one of a signal is in force.
    pub programmes: Vec<Programme>,
    /// Where on the globe the network lies.
    pub location: Location,
    pub(super) numbers: LinkNumbers,
}

/// How the metre grid of a network lies on the globe.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Location {
    /// Added to projected coordinates to get the network's own, metres.
    pub net_offset: (f64, f64),
    /// West, south, east, north of the network's own grid, metres.
    pub conv_boundary: [f64; 4],
    /// West, south, east, north in the coordinates the network was made from; degrees if it was
    /// made from a map.
    pub orig_boundary: [f64; 4],
    /// The projection, as PROJ writes it; `!` if there is none.
    pub projection: String,
}

/// What an edge is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EdgeFunction {
    /// A street from node to node.
    #[default]
    Normal,
    /// A way within a node.
    Internal,
    /// A pedestrian crossing.
    Crossing,
    /// A pavement within a node.
    WalkingArea,
    /// A connector of a macroscopic model.
    Connector,
}

/// A directed street.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edge {
    /// Its id.
    pub id: String,
    /// The node it leaves; empty within a node.
    pub from: String,
    /// The node it leads to; empty within a node.
    pub to: String,
    /// Street, way within a node, crossing.
    pub function: EdgeFunction,
    /// The street's name, if it has one.
    pub name: String,
    /// Its lanes, from the kerb.
    pub lanes: Vec<Lane>,
    /// For a crossing: the edges walked over.
    pub crossing_edges: Vec<String>,
    /// Its line, metres, if the file gives one apart from those of its lanes.
    pub shape: Vec<(f64, f64)>,
}

/// A lane of an edge.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lane {
    /// Its id.
    pub id: String,
    /// From 0 at the kerb.
    pub index: usize,
    /// Length as vehicles drive it, metres.
    pub length_m: f64,
    /// Highest speed allowed, metres per second.
    pub speed_mps: f64,
    /// The only vehicle classes allowed, separated by blanks; empty if `disallow` decides.
    pub allow: String,
    /// Vehicle classes that are not allowed, separated by blanks.
    pub disallow: String,
    /// Width, metres, if it is not the usual one.
    pub width_m: Option<f64>,
    /// Its middle line, metres.
    pub shape: Vec<(f64, f64)>,
}

impl Lane {
    /// True if vehicles of `class` may use the lane.
    #[must_use]
    pub fn allows(&self, class: &str) -> bool {
        let lists = |text: &str| text.split_whitespace().any(|w| w == class || w == "all");
        if self.allow.trim().is_empty() {
            !lists(&self.disallow)
        } else {
            lists(&self.allow)
        }
    }
}

/// A way from a lane to a lane.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// Edge it leaves.
    pub from: String,
    /// Lane it leaves, from 0 at the kerb.
    pub from_lane: usize,
    /// Edge it leads to.
    pub to: String,
    /// Lane it leads to, from 0 at the kerb.
    pub to_lane: usize,
    /// The lane within the node, if the network has them.
    pub via: Option<String>,
    /// The signal that controls it.
    pub tl: Option<String>,
    /// Its place in the signal's states.
    pub link_index: Option<usize>,
    /// `s` straight, `l` and `L` left, `r` and `R` right, `t` back; a blank if the file says none.
    pub dir: char,
    /// The right of way outside signal control, as SUMO writes it.
    pub state: char,
}

/// A node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Junction {
    /// Its id.
    pub id: String,
    /// `priority`, `traffic_light`, `internal`...
    pub kind: String,
    /// East, metres.
    pub x: f64,
    /// North, metres.
    pub y: f64,
    /// Lanes that lead into it; their order numbers its links.
    pub inc_lanes: Vec<String>,
    /// The last lane within the node of each link, in the order of links.
    pub int_lanes: Vec<String>,
    /// Right of way, one entry per link.
    pub requests: Vec<Request>,
}

/// The right of way of one link of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The link's number in the node.
    pub index: usize,
    /// By link number: true if this link yields to it.
    pub response: Vec<bool>,
    /// By link number: true if the two paths meet.
    pub foes: Vec<bool>,
}

/// A signal programme.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Programme {
    /// The signal.
    pub tls: String,
    /// The programme's id.
    pub id: String,
    /// `static`, `actuated`, `delay_based`, `NEMA`...
    pub kind: String,
    /// Seconds by which it runs late.
    pub offset_s: f64,
    /// Its steps in order.
    pub steps: Vec<Step>,
}

/// One step of a programme.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// How long it lasts, seconds.
    pub duration_s: f64,
    /// One letter per link.
    pub state: String,
    /// Shortest time, seconds, if it may vary.
    pub min_s: Option<f64>,
    /// Longest time, seconds, if it may vary.
    pub max_s: Option<f64>,
    /// The steps that may follow, if not the next one.
    pub next: Vec<usize>,
}

impl SumoNet {
    /// Reads the text of a `.net.xml` file.
    ///
    /// # Errors
    /// The text is packed, no XML, no network, or lacks what a network has.
    pub fn parse(net_xml: &str) -> Result<Self, SumoError> {
        let mut net = read::network(net_xml)?;
        net.numbers = LinkNumbers::of(&net);
        Ok(net)
    }

    /// Reads the signal programmes of an additional file and appends them; says how many.
    ///
    /// # Errors
    /// The text is packed, no XML, or a programme in it cannot be read.
    pub fn add_programmes(&mut self, additional_xml: &str) -> Result<usize, SumoError> {
        let found = read::programmes(additional_xml)?;
        let count = found.len();
        self.programmes.extend(found);
        Ok(count)
    }

    /// The programme in force at `tls`: the last one read, if the signal controls any link.
    #[must_use]
    pub fn programme(&self, tls: &str) -> Option<&Programme> {
        let signalled = |link: &Connection| link.tl.as_deref() == Some(tls);
        if !self.connections.iter().any(signalled) {
            return None;
        }
        self.programmes.iter().rfind(|known| known.tls == tls)
    }

    /// The links that `tls` controls, by their place in its states; several may share one.
    #[must_use]
    pub fn links_of(&self, tls: &str) -> Vec<&Connection> {
        let mut links: Vec<&Connection> = self
            .connections
            .iter()
            .filter(|link| link.tl.as_deref() == Some(tls) && link.link_index.is_some())
            .collect();
        links.sort_by_key(|link| link.link_index);
        links
    }

    /// Every signal that controls a link, by id.
    #[must_use]
    pub fn signals(&self) -> Vec<&str> {
        let named = self.connections.iter().filter(|l| l.link_index.is_some());
        let mut signals: Vec<&str> = named.filter_map(|link| link.tl.as_deref()).collect();
        signals.sort_unstable();
        signals.dedup();
        signals
    }

    /// True if `a` yields to `b`; false if they do not belong to one node.
    #[must_use]
    pub fn must_yield(&self, a: &Connection, b: &Connection) -> bool {
        self.right_of_way(a, b, |request| &request.response)
    }

    /// True if the paths of `a` and `b` meet; false if they do not belong to one node.
    #[must_use]
    pub fn are_foes(&self, a: &Connection, b: &Connection) -> bool {
        self.right_of_way(a, b, |request| &request.foes)
            || self.right_of_way(b, a, |request| &request.foes)
    }

    /// The node that `link` leads through, and its number there.
    #[must_use]
    pub fn node_of(&self, link: &Connection) -> Option<(&str, usize)> {
        self.numbers.of_link(link)
    }

    /// True if the right of way of the node that `link` leads through is known.
    #[must_use]
    pub fn knows_right_of_way(&self, link: &Connection) -> bool {
        self.numbers.of_link(link).is_some()
    }

    /// The lane with this id.
    #[must_use]
    pub fn lane(&self, id: &str) -> Option<&Lane> {
        let (edge, _) = id.rsplit_once('_')?;
        let lanes = &self.edges.get(edge)?.lanes;
        lanes.iter().find(|lane| lane.id == id)
    }

    fn right_of_way(
        &self,
        a: &Connection,
        b: &Connection,
        which: fn(&Request) -> &Vec<bool>,
    ) -> bool {
        let (Some(a), Some(b)) = (self.numbers.of_link(a), self.numbers.of_link(b)) else {
            return false;
        };
        if a.0 != b.0 {
            return false;
        }
        let node = self.junctions.get(a.0);
        let request = node.and_then(|node| node.requests.iter().find(|r| r.index == a.1));
        request.is_some_and(|request| which(request).get(b.1).copied().unwrap_or(false))
    }
}
