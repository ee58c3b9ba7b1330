//! Nodes and edges: every road with a pavement, a bicycle lane and its vehicle lanes.

use super::town::Town;
use super::xml::Xml;
use crate::ids::RoadId;

/// The pavement's lane of an edge.
pub(super) const PAVEMENT: usize = 0;
/// The bicycle lane of an edge.
pub(super) const BICYCLES: usize = 1;
/// The vehicle lane at the kerb.
pub(super) const FIRST_LANE: usize = 2;

/// Widths, metres. Vehicle lanes are drawn a little narrow, so that with the bicycle lanes a street
/// is about as wide as the crossings of the site files are long.
const PAVEMENT_M: f64 = 2.5;
const BICYCLES_M: f64 = 1.2;
const LANE_M: f64 = 2.75;

/// The id of a lane, as SUMO makes it.
pub(super) fn lane_id(road: &str, lane: usize) -> String {
    format!("{road}_{lane}")
}

/// `city.nod.xml`.
pub(super) fn nodes(town: &Town<'_>) -> String {
    let mut xml = Xml::new("nodes");
    for (_, node) in town.graph.junctions() {
        let (x, y) = (metres(node.at.x_m), metres(node.at.y_m));
        let place: [(&str, &dyn core::fmt::Display); 3] = [("id", &node.id), ("x", &x), ("y", &y)];
        let mut attributes = place.to_vec();
        let site = node.site.as_ref();
        if let Some(site) = site.filter(|site| town.city.site_by_id(site).is_some()) {
            attributes.extend([
                ("type", &"traffic_light" as &dyn core::fmt::Display),
                ("tl", site),
            ]);
        } else {
            attributes.push(("type", &"priority"));
        }
        xml.leaf("node", &attributes);
    }
    xml.finish()
}

/// `city.edg.xml`.
pub(super) fn edges(town: &Town<'_>) -> String {
    let mut xml = Xml::new("edges");
    for (id, road, street) in town.roads() {
        let ends = [road.from, road.to].map(|end| town.graph.junction(end));
        let [Some(from), Some(to)] = ends else {
            continue;
        };
        let lanes = FIRST_LANE + street.lanes.len();
        let speed = metres(f64::from(street.speed_mps));
        let shape = shape_of(town, id);
        let mut attributes: Vec<(&str, &dyn core::fmt::Display)> = vec![
            ("id", &road.id),
            ("from", &from.id),
            ("to", &to.id),
            ("name", &road.name_en),
            ("numLanes", &lanes),
            ("speed", &speed),
            ("spreadType", &"right"),
        ];
        if let Some(shape) = &shape {
            attributes.push(("shape", shape));
        }
        xml.begin("edge", &attributes);
        lane(&mut xml, PAVEMENT, ("allow", "pedestrian"), PAVEMENT_M);
        lane(&mut xml, BICYCLES, ("allow", "bicycle"), BICYCLES_M);
        for at in FIRST_LANE..lanes {
            lane(&mut xml, at, ("disallow", "pedestrian bicycle"), LANE_M);
        }
        xml.end();
    }
    xml.finish()
}

fn lane(xml: &mut Xml, index: usize, (key, classes): (&str, &str), width_m: f64) {
    let attributes: [(&str, &dyn core::fmt::Display); 3] =
        [("index", &index), (key, &classes), ("width", &width_m)];
    xml.leaf("lane", &attributes);
}

/// The line of a road that is not simply straight from node to node.
fn shape_of(town: &Town<'_>, road: RoadId) -> Option<String> {
    let (road, _) = town.road(road)?;
    if road.line.len() <= 2 {
        return None;
    }
    let points = road.line.iter();
    let points = points.map(|at| format!("{},{}", metres(at.x_m), metres(at.y_m)));
    Some(points.collect::<Vec<_>>().join(" "))
}

fn metres(value: f64) -> String {
    format!("{value:.2}")
}
