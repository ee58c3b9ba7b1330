//! Roads, junctions, turns and places, with the numbers the program uses for them.

use petgraph::Direction;
use petgraph::stable_graph::{EdgeIndex, NodeIndex, StableDiGraph};
use petgraph::visit::EdgeRef as _;
use serde::{Deserialize, Serialize};

use super::{LatLon, LocalGrid, PlanarPoint, gcj02};
use crate::ids::{JunctionId, PlaceId, RoadId};
use crate::plan::{Datum, TurnKind};
use crate::units::{Length, Millis, Speed};

/// A position of a file as WGS-84.
///
/// CGCS2000 lies within a metre of WGS-84 and is treated as such.
pub(super) fn to_wgs84(datum: Datum, at: LatLon) -> LatLon {
    match datum {
        Datum::Wgs84 | Datum::Cgcs2000 => at,
        Datum::Gcj02 => gcj02::to_wgs84(at),
    }
}

/// A node of the graph: a junction, a pedestrian crossing or a gate of the city.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Junction {
    /// Stable id in files.
    pub id: String,
    /// Id of the site that controls it, if any; one controller may run several nodes.
    pub site: Option<String>,
    /// A pedestrian-request crossing between junctions.
    pub crossing: bool,
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    pub name_en: String,
    /// Where it is.
    pub at: PlanarPoint,
}

/// What may use a road; `None`: no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Tallest vehicle.
    pub height: Option<Length>,
    /// Heaviest vehicle, kilograms.
    pub weight_kg: Option<u32>,
    /// Longest vehicle.
    pub length: Option<Length>,
}

/// A directed road from one node to the next; its stop line lies at its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Road {
    /// Stable id in files.
    pub id: String,
    /// Where it begins.
    pub from: JunctionId,
    /// Where it ends.
    pub to: JunctionId,
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    pub name_en: String,
    /// Length.
    pub length: Length,
    /// Speed limit.
    pub speed: Speed,
    /// Lanes at the stop line.
    pub lanes: u8,
    /// What may use it.
    pub limits: Limits,
    /// From the stop line to the end; `None` where the usual distance is meant.
    pub stop: Option<Length>,
    /// Over water.
    pub bridge: bool,
    /// Positions are not received on it.
    pub tunnel: bool,
    /// The middle of the street in driving direction, at least two points.
    pub line: Vec<PlanarPoint>,
}

impl Road {
    /// Time from end to end at the speed limit.
    #[must_use]
    pub fn free_flow(&self) -> Millis {
        self.length.time_at(self.speed)
    }

    /// Length of the drawn line, metres; close to [`Self::length`] by a check of the loader.
    #[must_use]
    pub fn line_m(&self) -> f64 {
        self.line
            .windows(2)
            .map(|pair| span(pair).0.distance_m(span(pair).1))
            .sum()
    }
}

/// The ends of a piece of line.
pub(super) fn span(pair: &[PlanarPoint]) -> (PlanarPoint, PlanarPoint) {
    let first = pair.first().copied().unwrap_or_default();
    (first, pair.last().copied().unwrap_or(first))
}

/// A way from one road into the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// The road it leads into.
    pub to: RoadId,
    /// Its direction.
    pub kind: TurnKind,
    /// Nobody may turn here.
    pub banned: bool,
    /// Time it takes beyond driving straight on.
    pub cost: Millis,
}

/// What a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceKind {
    /// Takes patients.
    Hospital,
    /// Fire engines start here.
    FireStation,
    /// Anything else with a name.
    Other,
}

/// A named destination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Stable id in files.
    pub id: String,
    /// What it is.
    pub kind: PlaceKind,
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    pub name_en: String,
    /// Where it is drawn.
    pub at: PlanarPoint,
    /// The road it is reached by.
    pub road: RoadId,
    /// Distance along that road.
    pub along: Length,
}

/// Water: drawn, and no destination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Water {
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    pub name_en: String,
    /// Its shore.
    pub ring: Vec<PlanarPoint>,
}

/// The roads of a city. Ids count in file order.
#[derive(Clone, Debug)]
pub struct RoadGraph {
    pub(super) grid: LocalGrid,
    pub(super) graph: StableDiGraph<Junction, Road, u32>,
    /// Indexed by [`RoadId`].
    pub(super) turns: Vec<Vec<Turn>>,
    pub(super) places: Vec<Place>,
    pub(super) waters: Vec<Water>,
    /// A stretch of road is never shorter than this share of the straight line.
    pub(super) shortest_share: f64,
    /// Roads end at most this far from their nodes, metres.
    pub(super) end_gap_m: f64,
}

impl RoadGraph {
    /// The grid that all positions are on.
    #[must_use]
    pub const fn grid(&self) -> &LocalGrid {
        &self.grid
    }

    /// The node with this number.
    #[must_use]
    pub fn junction(&self, id: JunctionId) -> Option<&Junction> {
        self.graph.node_weight(NodeIndex::new(id.index()))
    }

    /// The road with this number.
    #[must_use]
    pub fn road(&self, id: RoadId) -> Option<&Road> {
        self.graph.edge_weight(EdgeIndex::new(id.index()))
    }

    /// The place with this number.
    #[must_use]
    pub fn place(&self, id: PlaceId) -> Option<&Place> {
        self.places.get(id.index())
    }

    /// Every node, by rising id.
    pub fn junctions(&self) -> impl Iterator<Item = (JunctionId, &Junction)> {
        let all = self.graph.node_indices();
        all.filter_map(|at| {
            Some((
                JunctionId::new(number(at.index())),
                self.graph.node_weight(at)?,
            ))
        })
    }

    /// Every road, by rising id.
    pub fn roads(&self) -> impl Iterator<Item = (RoadId, &Road)> {
        let all = self.graph.edge_indices();
        all.filter_map(|at| Some((RoadId::new(number(at.index())), self.graph.edge_weight(at)?)))
    }

    /// The roads that end at `node`.
    pub fn roads_into(&self, node: JunctionId) -> impl Iterator<Item = (RoadId, &Road)> {
        self.roads_at(node, Direction::Incoming)
    }

    /// The roads that begin at `node`.
    pub fn roads_out_of(&self, node: JunctionId) -> impl Iterator<Item = (RoadId, &Road)> {
        self.roads_at(node, Direction::Outgoing)
    }

    fn roads_at(
        &self,
        node: JunctionId,
        direction: Direction,
    ) -> impl Iterator<Item = (RoadId, &Road)> {
        let at = NodeIndex::new(node.index());
        let edges = self.graph.edges_directed(at, direction);
        edges.map(|edge| (RoadId::new(number(edge.id().index())), edge.weight()))
    }

    /// Every place, by rising id.
    pub fn places(&self) -> impl Iterator<Item = (PlaceId, &Place)> {
        let ids = (0..).map(PlaceId::new);
        ids.zip(&self.places)
    }

    /// Rivers and lakes.
    #[must_use]
    pub fn waters(&self) -> &[Water] {
        &self.waters
    }

    /// The ways on from `road`, banned ones included.
    #[must_use]
    pub fn turns(&self, road: RoadId) -> &[Turn] {
        self.turns.get(road.index()).map_or(&[], Vec::as_slice)
    }

    /// The turn from `from` into `to`, if the file lists it.
    #[must_use]
    pub fn turn(&self, from: RoadId, to: RoadId) -> Option<&Turn> {
        self.turns(from).iter().find(|turn| turn.to == to)
    }

    /// The road with this id in the file.
    #[must_use]
    pub fn road_by_name(&self, id: &str) -> Option<RoadId> {
        self.roads()
            .find(|(_, road)| road.id == id)
            .map(|(id, _)| id)
    }

    /// The node with this id in the file.
    #[must_use]
    pub fn junction_by_name(&self, id: &str) -> Option<JunctionId> {
        self.junctions()
            .find(|(_, node)| node.id == id)
            .map(|(id, _)| id)
    }

    /// The place with this id in the file.
    #[must_use]
    pub fn place_by_name(&self, id: &str) -> Option<PlaceId> {
        self.places()
            .find(|(_, place)| place.id == id)
            .map(|(id, _)| id)
    }

    /// The point of `road` this far along it; its ends for anything beyond them.
    #[must_use]
    pub fn point_on(&self, road: RoadId, along: Length) -> Option<PlanarPoint> {
        let road = self.road(road)?;
        let mut left_m = metres(along) / metres(road.length).max(0.001) * road.line_m();
        for pair in road.line.windows(2) {
            let (from, to) = span(pair);
            let piece_m = from.distance_m(to);
            if left_m <= piece_m {
                return Some(from.towards(to, (left_m / piece_m.max(0.001)).max(0.0)));
            }
            left_m -= piece_m;
        }
        road.line.last().copied()
    }

    /// The water that `at` lies in.
    #[must_use]
    pub fn water_at(&self, at: PlanarPoint) -> Option<&Water> {
        self.waters.iter().find(|water| inside(&water.ring, at))
    }
}

/// A length as metres.
pub(super) fn metres(length: Length) -> f64 {
    f64::from(length.as_mm()) / 1000.0
}

/// A length from metres, rounded to millimetres; negative and absurd values are clamped.
pub(super) fn length(metres: f64) -> Length {
    Length::from_mm(whole(metres * 1000.0))
}

/// Rounds into the range of `u32`; not a number is zero.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float-to-integer cast clamps, which is what is wanted here"
)]
pub(super) fn whole(value: f64) -> u32 {
    value.round() as u32
}

pub(super) fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// Counts how often a ray to the east crosses the ring.
fn inside(ring: &[PlanarPoint], at: PlanarPoint) -> bool {
    let next = ring.iter().cycle().skip(1);
    let crossed = ring.iter().zip(next).filter(|(a, b)| {
        let spans = (a.y_m > at.y_m) != (b.y_m > at.y_m);
        spans && at.x_m < (b.x_m - a.x_m) * (at.y_m - a.y_m) / (b.y_m - a.y_m) + a.x_m
    });
    crossed.count() % 2 == 1
}
