//! `network.geojson` to a road graph, with every finding at once.

use alloc::collections::{BTreeMap, BTreeSet};

use petgraph::stable_graph::{NodeIndex, StableDiGraph};
use serde::Deserialize as _;

use super::graph::{length, number, span, whole};
use super::raw::{self, Geometry, Properties};
use super::{
    Junction, LatLon, LocalGrid, NetworkCode, NetworkFinding, Place, PlanarPoint, Road, RoadGraph,
    Turn, Water,
};
use crate::ids::{JunctionId, RoadId};
use crate::plan::Datum;
use crate::units::Millis;

/// Nothing of a city is further from its origin, metres.
const FAR_M: f64 = 100_000.0;
/// A road may begin and end this far from its nodes, metres.
const END_GAP_M: f64 = 30.0;

impl RoadGraph {
    /// Reads a network file; `file` is its name in findings.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn load(
        file: &str,
        text: &str,
        origin: LatLon,
        datum: Datum,
    ) -> Result<Self, Vec<NetworkFinding>> {
        let mut loader = Loader::new(file, text, origin, datum);
        loader.read();
        if !loader.found.is_empty() {
            return Err(loader.found);
        }
        Ok(loader.graph)
    }
}

/// Features that name others, kept until all names are known.
#[derive(Default)]
struct Pending {
    roads: Vec<(raw::Road, Geometry)>,
    turns: Vec<raw::Turn>,
    places: Vec<(raw::Place, Geometry)>,
}

struct Loader<'t> {
    file: &'t str,
    text: &'t str,
    datum: Datum,
    graph: RoadGraph,
    junctions: BTreeMap<String, JunctionId>,
    roads: BTreeMap<String, RoadId>,
    sites: BTreeMap<String, String>,
    found: Vec<NetworkFinding>,
}

impl<'t> Loader<'t> {
    fn new(file: &'t str, text: &'t str, origin: LatLon, datum: Datum) -> Self {
        Self {
            file,
            text,
            datum,
            graph: RoadGraph {
                grid: LocalGrid::new(origin),
                graph: StableDiGraph::default(),
                turns: Vec::new(),
                places: Vec::new(),
                waters: Vec::new(),
                shortest_share: 1.0,
                end_gap_m: 0.0,
            },
            junctions: BTreeMap::new(),
            roads: BTreeMap::new(),
            sites: BTreeMap::new(),
            found: Vec::new(),
        }
    }

    fn read(&mut self) {
        let collection: raw::Collection = match serde_json::from_str(self.text) {
            Ok(collection) => collection,
            Err(error) => {
                let help = "Write a GeoJSON FeatureCollection.";
                self.report(
                    NetworkCode::G01,
                    Some(error.line()),
                    error.to_string(),
                    help,
                );
                return;
            }
        };
        if collection.kind != "FeatureCollection" {
            let message = format!("The file is a {}.", collection.kind);
            self.report(
                NetworkCode::G01,
                None,
                message,
                "Make it a FeatureCollection.",
            );
        }
        let mut pending = Pending::default();
        for feature in collection.features {
            self.feature(feature, &mut pending);
        }
        for (road, geometry) in pending.roads {
            self.road(road, geometry);
        }
        for turn in &pending.turns {
            self.turn(turn);
        }
        let mut known = BTreeSet::new();
        for (place, geometry) in pending.places {
            if !known.insert(place.id.clone()) {
                self.twice(&place.id);
            }
            self.place(place, &geometry);
        }
    }

    fn feature(&mut self, feature: raw::Feature, pending: &mut Pending) {
        let name = feature
            .properties
            .get("id")
            .and_then(|id| id.as_str())
            .map(str::to_owned);
        let line = |id: &Option<String>| id.as_ref().and_then(|id| self.line_of_id(id));
        let label = name
            .clone()
            .unwrap_or_else(|| "a feature without id".to_owned());
        let properties = match Properties::deserialize(feature.properties) {
            Ok(properties) => properties,
            Err(error) => {
                let help = "See network.geojson in docs/operating/city-folder.md.";
                let line = line(&name);
                self.report(NetworkCode::G02, line, format!("{label}: {error}."), help);
                return;
            }
        };
        if let Properties::Turn(turn) = properties {
            pending.turns.push(turn);
            return;
        }
        let geometry = feature.geometry.map(Geometry::deserialize);
        let Some(Ok(geometry)) = geometry else {
            self.wrong_geometry(&label);
            return;
        };
        let geometry = geometry.converted(self.datum);
        match properties {
            Properties::Junction(node) => self.node(node, &geometry, false),
            Properties::Crossing(node) => self.node(node, &geometry, true),
            Properties::Road(road) => pending.roads.push((road, geometry)),
            Properties::Place(place) => pending.places.push((place, geometry)),
            Properties::Water(water) => self.water(water, geometry),
            Properties::Turn(_) => {}
        }
    }

    fn node(&mut self, node: raw::Node, geometry: &Geometry, crossing: bool) {
        let Some(at) = self.point(&node.id, geometry) else {
            return;
        };
        if let Some(site) = &node.site
            && let Some(other) = self.sites.insert(site.clone(), node.id.clone())
        {
            let message = format!("Site {site} stands at {other} and at {}.", node.id);
            let help = "Name each site at one junction or crossing; further nodes of one controller \
                        say `node_of` instead of `site`.";
            self.report(NetworkCode::G03, self.line_of_id(&node.id), message, help);
        }
        let id = JunctionId::new(number(self.graph.graph.node_count()));
        if self.junctions.insert(node.id.clone(), id).is_some() {
            self.twice(&node.id);
        }
        self.graph.graph.add_node(Junction {
            id: node.id,
            site: node.site.or(node.controller),
            crossing,
            name_zh: node.name_zh,
            name_en: node.name_en,
            at,
        });
    }

    fn road(&mut self, raw: raw::Road, geometry: Geometry) {
        let Geometry::LineString { coordinates } = geometry else {
            self.wrong_geometry(&raw.id);
            return;
        };
        let line: Vec<_> = coordinates.into_iter().map(|at| self.planar(at)).collect();
        if line.len() < 2 {
            self.wrong_geometry(&raw.id);
            return;
        }
        let from = self.known(&self.junctions, &raw.from, &raw.id);
        let to = self.known(&self.junctions, &raw.to, &raw.id);
        let (Some(from), Some(to)) = (self.taken(from), self.taken(to)) else {
            return;
        };
        self.check_numbers(&raw);
        let road = raw.joined((from, to), line);
        self.check_line(&road);
        let id = RoadId::new(number(self.graph.graph.edge_count()));
        if self.roads.insert(road.id.clone(), id).is_some() {
            self.twice(&road.id);
        }
        self.graph.turns.push(Vec::new());
        let ends = (NodeIndex::new(from.index()), NodeIndex::new(to.index()));
        self.graph.graph.add_edge(ends.0, ends.1, road);
    }

    fn check_numbers(&mut self, raw: &raw::Road) {
        let wanted = [
            ("length_m", Some(raw.length_m), 1.0, 50_000.0),
            ("speed_kmh", Some(raw.speed_kmh), 5.0, 130.0),
            ("lanes", Some(f64::from(raw.lanes)), 1.0, 12.0),
            ("height_max_m", raw.height_max_m, 1.0, 20.0),
            ("weight_max_t", raw.weight_max_t, 0.5, 500.0),
            ("vehicle_length_max_m", raw.vehicle_length_max_m, 2.0, 100.0),
            ("stop_m", raw.stop_m, 0.0, raw.length_m.clamp(0.0, 100.0)),
        ];
        for (key, value, least, most) in wanted {
            if let Some(value) = value
                && !(least..=most).contains(&value)
            {
                let message = format!("Road {} has {key} = {value}.", raw.id);
                let help = format!("Give a number from {least} to {most}.");
                self.report(NetworkCode::G07, self.line_of_id(&raw.id), message, &help);
            }
        }
    }

    fn check_line(&mut self, road: &Road) {
        let (line_m, said_m) = (road.line_m(), super::graph::metres(road.length));
        if (line_m - said_m).abs() > line_m.mul_add(0.05, 5.0) {
            let message = format!(
                "Road {} says {said_m:.0} m and its line has {line_m:.0} m.",
                road.id
            );
            let at = self.line_of_id(&road.id);
            self.report(
                NetworkCode::G06,
                at,
                message,
                "Correct length_m or the line.",
            );
        }
        let (first, last) = span(&road.line);
        let nodes = [road.from, road.to].map(|id| self.graph.junction(id).map(|node| node.at));
        let mut straight_m = line_m;
        for (node, end) in nodes.iter().flatten().zip([first, last]) {
            let gap_m = node.distance_m(end);
            self.graph.end_gap_m = self.graph.end_gap_m.max(gap_m);
            if gap_m > END_GAP_M {
                let message = format!("An end of road {} is {gap_m:.0} m from its node.", road.id);
                let at = self.line_of_id(&road.id);
                self.report(
                    NetworkCode::G10,
                    at,
                    message,
                    "Let the line begin at `from` and end at `to`.",
                );
            }
        }
        if let [Some(from), Some(to)] = nodes {
            straight_m = straight_m.max(from.distance_m(to));
        }
        let share = said_m / straight_m.max(0.001);
        self.graph.shortest_share = self.graph.shortest_share.min(share);
    }

    fn turn(&mut self, raw: &raw::Turn) {
        let label = format!("The turn from {} to {}", raw.from, raw.to);
        let from = self.roads.get(&raw.from).copied();
        let to = self.roads.get(&raw.to).copied();
        let (Some(from), Some(to)) = (from, to) else {
            let unknown = if from.is_none() { &raw.from } else { &raw.to };
            let message = format!("{label} names the unknown road {unknown}.");
            let at = self.line_of_turn(raw);
            self.report(NetworkCode::G04, at, message, "Name a road of this file.");
            return;
        };
        let ends = self.graph.road(from).map(|road| road.to);
        if ends != self.graph.road(to).map(|road| road.from) {
            let message = format!("{label} joins roads that do not meet.");
            let at = self.line_of_turn(raw);
            self.report(
                NetworkCode::G08,
                at,
                message,
                "The first road ends where the second begins.",
            );
        }
        if !(0.0..=600.0).contains(&raw.cost_s) {
            let message = format!("{label} has cost_s = {}.", raw.cost_s);
            let at = self.line_of_turn(raw);
            self.report(NetworkCode::G07, at, message, "Give 0 to 600 seconds.");
        }
        if self.graph.turn(from, to).is_some() {
            let message = format!("{label} is listed twice.");
            let at = self.line_of_turn(raw);
            self.report(NetworkCode::G03, at, message, "Keep one of them.");
        }
        if let Some(turns) = self.graph.turns.get_mut(from.index()) {
            turns.push(Turn {
                to,
                kind: raw.kind,
                banned: raw.banned,
                cost: Millis::new(whole(raw.cost_s * 1000.0)),
            });
        }
    }

    fn place(&mut self, raw: raw::Place, geometry: &Geometry) {
        let Some(at) = self.point(&raw.id, geometry) else {
            return;
        };
        let road = self.known(&self.roads, &raw.road, &raw.id);
        let Some(road) = self.taken(road) else {
            return;
        };
        let along = length(raw.at_m);
        let longest = self.graph.road(road).map(|road| road.length);
        if raw.at_m < 0.0 || longest.is_some_and(|longest| along > longest) {
            let message = format!(
                "Place {} has at_m = {} on road {}.",
                raw.id, raw.at_m, raw.road
            );
            let help = "Give a distance between 0 and the road's length.";
            self.report(NetworkCode::G09, self.line_of_id(&raw.id), message, help);
        }
        self.graph.places.push(Place {
            id: raw.id,
            kind: raw.kind,
            name_zh: raw.name_zh,
            name_en: raw.name_en,
            at,
            road,
            along,
        });
    }

    fn water(&mut self, raw: raw::Water, geometry: Geometry) {
        let Geometry::Polygon { coordinates } = geometry else {
            self.wrong_geometry(&raw.name_en);
            return;
        };
        let shore = coordinates.into_iter().next().unwrap_or_default();
        self.graph.waters.push(Water {
            name_zh: raw.name_zh,
            name_en: raw.name_en,
            ring: shore.into_iter().map(|at| self.planar(at)).collect(),
        });
    }

    fn point(&mut self, id: &str, geometry: &Geometry) -> Option<PlanarPoint> {
        let Geometry::Point { coordinates } = geometry else {
            self.wrong_geometry(id);
            return None;
        };
        let at = self.planar(*coordinates);
        if at.distance_m(PlanarPoint::default()) > FAR_M {
            let message = format!("{id} lies more than 100 km from the city's origin.");
            let help = "Positions are longitude first, then latitude, in degrees.";
            self.report(NetworkCode::G11, self.line_of_id(id), message, help);
        }
        Some(at)
    }

    fn planar(&self, (lon_deg, lat_deg): (f64, f64)) -> PlanarPoint {
        self.graph.grid.to_planar(LatLon { lat_deg, lon_deg })
    }

    /// The number of `name`, or the finding that `by` names something unknown.
    fn known<T: Copy>(
        &self,
        names: &BTreeMap<String, T>,
        name: &str,
        by: &str,
    ) -> Result<T, NetworkFinding> {
        names.get(name).copied().ok_or_else(|| NetworkFinding {
            code: NetworkCode::G04,
            file: self.file.to_owned(),
            line: self.line_of_id(by),
            message: format!("{by} names {name}, which is not in the file."),
            help: "Correct the name, or add what is missing.".to_owned(),
        })
    }

    fn taken<T>(&mut self, result: Result<T, NetworkFinding>) -> Option<T> {
        result.map_err(|finding| self.found.push(finding)).ok()
    }

    fn twice(&mut self, id: &str) {
        let message = format!("The id {id} is used twice.");
        self.report(
            NetworkCode::G03,
            self.line_of_id(id),
            message,
            "Rename one of them.",
        );
    }

    fn wrong_geometry(&mut self, label: &str) {
        let message = format!("{label} has no geometry of its kind.");
        let help = "Junctions, crossings and places are points, roads lines of two points or more, water a polygon.";
        self.report(NetworkCode::G05, self.line_of_id(label), message, help);
    }

    fn report(&mut self, code: NetworkCode, line: Option<usize>, message: String, help: &str) {
        self.found.push(NetworkFinding {
            code,
            file: self.file.to_owned(),
            line,
            message,
            help: help.to_owned(),
        });
    }

    fn line_of_id(&self, id: &str) -> Option<usize> {
        self.line_of(&["\"id\"", &quoted(id)])
    }

    fn line_of_turn(&self, raw: &raw::Turn) -> Option<usize> {
        self.line_of(&[&quoted(&raw.from), &quoted(&raw.to), "\"turn\""])
    }

    /// The first line that holds all of `needles`; for findings only, as it reads the whole file.
    fn line_of(&self, needles: &[&str]) -> Option<usize> {
        let mut lines = (1..).zip(self.text.lines());
        lines
            .find(|(_, line)| needles.iter().all(|needle| line.contains(needle)))
            .map(|(at, _)| at)
    }
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}
