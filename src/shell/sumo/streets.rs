//! The road network of a city folder.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::import::{NETWORK, Notes};
use super::net::{Edge, EdgeFunction, SumoNet};
use super::site::Site;
use super::site_text::turn_word;
use super::street_line::{Point, from_end, street_line};
use super::turn_cost::Insides;
use crate::network::{LatLon, LocalGrid, PlanarPoint};

/// Where a network without a place on the globe is put.
const NOWHERE: LatLon = LatLon {
    lat_deg: 32.69,
    lon_deg: 109.02,
};

/// Vehicles whose lanes make an edge a road.
const DRIVERS: [&str; 6] = ["passenger", "emergency", "bus", "taxi", "delivery", "truck"];

/// A site at one of its nodes.
struct Stand {
    id: String,
    name: String,
    /// The node that gives the site its place.
    first: bool,
}

/// Junctions, roads and turns.
pub(super) struct Streets<'n> {
    net: &'n SumoNet,
    grid: LocalGrid,
    /// The middle of the network, in its own metres.
    middle: Point,
    /// Node to the name of the site that stands there and, at its first node, its id.
    sites: BTreeMap<&'n str, Stand>,
    /// The edges that become roads.
    roads: Vec<&'n Edge>,
    /// Roads whose length is not that of the network.
    stretched: Vec<(String, f64)>,
    features: Vec<Value>,
}

impl<'n> Streets<'n> {
    pub(super) fn of(net: &'n SumoNet, sites: &[Site<'n>], notes: &mut Notes) -> Self {
        let [west, south, east, north] = bounds(net);
        let mut made = Self {
            net,
            grid: LocalGrid::new(place_of(net)),
            middle: (west.midpoint(east), south.midpoint(north)),
            sites: BTreeMap::new(),
            roads: Vec::new(),
            stretched: Vec::new(),
            features: Vec::new(),
        };
        for site in sites {
            for (at, node) in site.nodes.iter().enumerate() {
                let stand = Stand {
                    id: site.id.clone(),
                    name: site.name.clone(),
                    first: at == 0,
                };
                made.sites.insert(node, stand);
            }
        }
        made.choose_roads(sites, notes);
        made.draw_junctions();
        made.draw_roads(notes);
        made.draw_turns();
        made
    }

    /// The origin of the local metre grid.
    pub(super) fn origin(&self) -> LatLon {
        self.grid.origin()
    }

    /// The text of `network.geojson`.
    pub(super) fn geojson(&self) -> String {
        let lines: Vec<String> = self.features.iter().map(Value::to_string).collect();
        format!(
            "{{\"type\":\"FeatureCollection\",\"features\":[\n{}\n]}}\n",
            lines.join(",\n")
        )
    }

    fn choose_roads(&mut self, sites: &[Site<'n>], notes: &mut Notes) {
        let approaches = sites.iter().flat_map(|site| &site.approaches);
        let led: BTreeSet<&str> = approaches.map(|a| a.edge.id.as_str()).collect();
        let mut unled = Vec::new();
        for edge in self.net.edges.values() {
            let ends = [&edge.from, &edge.to].map(|end| self.net.junctions.contains_key(end));
            let driven = edge
                .lanes
                .iter()
                .any(|l| DRIVERS.iter().any(|class| l.allows(class)));
            let wanted = led.contains(edge.id.as_str());
            if edge.function != EdgeFunction::Normal || ends != [true; 2] || !(driven || wanted) {
                continue;
            }
            // Every road into a site has an approach; an edge that no lamp speaks to has none.
            if self.sites.contains_key(edge.to.as_str()) && !wanted {
                unled.push(edge.id.as_str());
                continue;
            }
            self.roads.push(edge);
        }
        if !unled.is_empty() {
            let what = format!(
                "edges that lead to a signal and have no signalled way out are left out of the \
                 road network: {}",
                unled.join(", ")
            );
            notes.add(NETWORK, what);
        }
    }

    fn draw_junctions(&mut self) {
        let ends = self.roads.iter().flat_map(|edge| [&edge.from, &edge.to]);
        let used = ends.map(String::as_str);
        let all: BTreeSet<&str> = used.chain(self.sites.keys().copied()).collect();
        for id in all {
            let at = self.lat_lon(self.position(id));
            let stand = self.sites.get(id);
            let name = stand.map_or(id, |stand| &stand.name);
            let mut properties = json!({
                "kind": "junction", "id": id, "name_zh": name, "name_en": name,
            });
            if let (Some(stand), Some(map)) = (stand, properties.as_object_mut()) {
                let key = if stand.first { "site" } else { "node_of" };
                map.insert(key.to_owned(), json!(stand.id));
            }
            self.push(&json!({"type": "Point", "coordinates": at}), &properties);
        }
    }

    fn draw_roads(&mut self, notes: &mut Notes) {
        for edge in self.roads.clone() {
            let (from, to) = (edge.from.as_str(), edge.to.as_str());
            let lanes: Vec<_> = edge.lanes.iter().collect();
            let middle = lanes.get(lanes.len() / 2);
            let said = middle
                .map_or(1.0, |lane| lane.length_m)
                .clamp(1.0, 50_000.0);
            let shape = middle.map(|lane| lane.shape.as_slice()).unwrap_or_default();
            let ends = (self.position(from), self.position(to));
            let (line, length) = street_line(ends, shape, said);
            if (length - said).abs() > 0.1 {
                self.stretched.push((edge.id.clone(), length - said));
            }
            let stop = shape.last().map(|stop| from_end(&line, *stop, length));
            let line: Vec<_> = line.into_iter().map(|at| self.lat_lon(at)).collect();
            let speeds = lanes.iter().map(|lane| lane.speed_mps);
            let speed = (speeds.fold(0.0, f64::max) * 36.0).round() / 10.0;
            let name = if edge.name.is_empty() {
                &edge.id
            } else {
                &edge.name
            };
            let mut properties = json!({
                "kind": "road", "id": edge.id, "from": from, "to": to,
                "name_zh": name, "name_en": name,
                "length_m": (length * 100.0).round() / 100.0,
                "speed_kmh": speed.clamp(5.0, 130.0),
                "lanes": lanes.len().clamp(1, 12),
            });
            let ends_at_site = self.sites.contains_key(to);
            if let (Some(stop), Some(map), true) = (stop, properties.as_object_mut(), ends_at_site)
            {
                let stop = stop.clamp(0.0, length.clamp(0.0, 100.0));
                map.insert("stop_m".to_owned(), json!((stop * 10.0).floor() / 10.0));
            }
            self.push(
                &json!({"type": "LineString", "coordinates": line}),
                &properties,
            );
        }
        if !self.stretched.is_empty() {
            let most = self
                .stretched
                .iter()
                .fold(0.0, |most: f64, (_, by)| most.max(by.abs()));
            let ids: Vec<&str> = self.stretched.iter().map(|(id, _)| id.as_str()).collect();
            let what = format!(
                "{} roads are up to {most:.0} m longer than in the network, because their nodes \
                 lie further apart: {}",
                ids.len(),
                ids.join(", ")
            );
            notes.add(NETWORK, what);
        }
    }

    fn draw_turns(&mut self) {
        let roads: BTreeMap<&str, &Edge> = self
            .roads
            .iter()
            .map(|edge| (edge.id.as_str(), *edge))
            .collect();
        let mut known: BTreeSet<(&str, &str)> = BTreeSet::new();
        let insides = Insides::of(self.net);
        for link in &self.net.connections {
            let pair = (link.from.as_str(), link.to.as_str());
            let (Some(from), Some(to)) = (roads.get(pair.0), roads.get(pair.1)) else {
                continue;
            };
            if from.to == to.from && known.insert(pair) {
                let mut properties = json!({
                    "kind": "turn", "from": pair.0, "to": pair.1, "turn": turn_word(link.dir),
                });
                let cost_s = insides.cost_s(link, (from, to));
                if let (Some(map), true) = (properties.as_object_mut(), cost_s >= 0.1) {
                    map.insert("cost_s".to_owned(), json!((cost_s * 10.0).round() / 10.0));
                }
                self.push(&Value::Null, &properties);
            }
        }
    }

    fn push(&mut self, geometry: &Value, properties: &Value) {
        let feature = json!({
            "type": "Feature", "geometry": geometry, "properties": properties,
        });
        self.features.push(feature);
    }

    /// Where a node lies.
    fn position(&self, node: &str) -> Point {
        let known = self.net.junctions.get(node);
        known.map_or((0.0, 0.0), |node| (node.x, node.y))
    }

    fn lat_lon(&self, (x, y): Point) -> (f64, f64) {
        let at = self.grid.to_lat_lon(PlanarPoint {
            x_m: x - self.middle.0,
            y_m: y - self.middle.1,
        });
        let short = |degrees: f64| (degrees * 1e8).round() / 1e8;
        (short(at.lon_deg), short(at.lat_deg))
    }
}

/// The extent of the network's nodes.
fn bounds(net: &SumoNet) -> [f64; 4] {
    let nodes = net
        .junctions
        .values()
        .filter(|node| node.kind != "internal");
    let start = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
    let found = nodes.fold(start, |[west, south, east, north], node| {
        [
            west.min(node.x),
            south.min(node.y),
            east.max(node.x),
            north.max(node.y),
        ]
    });
    if found.first() < found.get(2) {
        found
    } else {
        net.location.conv_boundary
    }
}

/// The middle of the map the network was made of, if it was made of one.
fn place_of(net: &SumoNet) -> LatLon {
    let [west, south, east, north] = net.location.orig_boundary;
    let degrees = west >= -180.0 && east <= 180.0 && south >= -80.0 && north <= 80.0;
    let projected = net.location.projection.starts_with('+');
    if !degrees || !projected || west >= east || south >= north {
        return NOWHERE;
    }
    let short = |degrees: f64| (degrees * 1e6).round() / 1e6;
    LatLon {
        lat_deg: short(south.midpoint(north)),
        lon_deg: short(west.midpoint(east)),
    }
}
