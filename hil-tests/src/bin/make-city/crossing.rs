//! Pedestrian-request crossings between junctions.

use crate::layout::{City, Node, Road};
use crate::site::{Approach, Group, Kind, Lane, Site, Stage, Stream, Walk};

/// Width of a lane and of an island, metres.
const LANE_M: usize = 3;
const ISLAND_M: usize = 2;

/// The site of a crossing, without plans.
pub(crate) fn site(city: &City, node: &Node) -> Site {
    let roads = city.entering(&node.id);
    let approaches = roads.iter().map(|road| Approach {
        arm: road.enters,
        road: road.id.clone(),
        groups: vec!["V".to_owned()],
        emergency: vec!["V".to_owned()],
        riders: Some("V".to_owned()),
        lanes: vec![
            Lane {
                group: "V".to_owned(),
                turns: vec!["through"],
            };
            road.lanes
        ],
    });
    Site {
        id: node.id.clone(),
        zh: node.zh.clone(),
        en: node.en.clone(),
        junction: false,
        groups: groups(&roads, node.refuge),
        approaches: approaches.collect(),
        stages: [('A', "V"), ('B', "P")]
            .map(|(id, green)| Stage {
                id,
                green: vec![green.to_owned()],
            })
            .into(),
        plans: Vec::new(),
        posts: 2,
    }
}

/// Vehicles of both directions, and walkers.
fn groups(roads: &[&Road], refuge: bool) -> Vec<Group> {
    let lanes: usize = roads.iter().map(|road| road.lanes).sum();
    let width = lanes * LANE_M + if refuge { ISLAND_M } else { 0 };
    let crossing_m = u32::try_from(width).unwrap_or_default();
    let arms: Vec<_> = roads.iter().map(|road| road.enters).collect();
    let streams = roads.iter().map(|road| Stream::Vehicles {
        from: road.enters,
        into: vec![road.leaves],
    });
    let vehicles = Group {
        id: "V".to_owned(),
        kind: Kind::Vehicle,
        streams: streams.collect(),
        min_green_s: 20,
        max_green_s: 60,
        speed_kmh: roads.first().map_or(40, |road| road.speed_kmh),
        path_m: 4,
        riders: true,
        walk: None,
    };
    let walkers = Group {
        id: "P".to_owned(),
        kind: Kind::Pedestrian,
        streams: arms
            .iter()
            .map(|arm| Stream::Walkers { over: *arm })
            .collect(),
        min_green_s: 7,
        max_green_s: 40,
        speed_kmh: 0,
        path_m: crossing_m,
        riders: false,
        walk: Some(Walk {
            crosses: arms,
            crossing_m,
            steady_s: 7,
            clear_s: crossing_m,
            extend_s: 3,
            max_wait_s: if refuge { 90 } else { 70 },
        }),
    };
    vec![vehicles, walkers]
}
