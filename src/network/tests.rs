use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::ids::RoadId;
use crate::plan::Datum;
use crate::units::{Length, Millis};

const ORIGIN: LatLon = LatLon {
    lat_deg: 32.69,
    lon_deg: 109.02,
};

/// The plane that touches the ellipsoid at the origin, by way of the earth's centre.
fn tangent_plane(at: LatLon) -> PlanarPoint {
    let centred = |at: LatLon| {
        let (lat, lon) = (at.lat_deg.to_radians(), at.lon_deg.to_radians());
        let e2 = 6.694_379_990_141_317e-3;
        let n = 6_378_137.0 / (1.0 - e2 * lat.sin().powi(2)).sqrt();
        [
            n * lat.cos() * lon.cos(),
            n * lat.cos() * lon.sin(),
            n * (1.0 - e2) * lat.sin(),
        ]
    };
    let (o, p) = (centred(ORIGIN), centred(at));
    let d = [p[0] - o[0], p[1] - o[1], p[2] - o[2]];
    let (lat, lon) = (ORIGIN.lat_deg.to_radians(), ORIGIN.lon_deg.to_radians());
    PlanarPoint {
        x_m: -lon.sin() * d[0] + lon.cos() * d[1],
        y_m: -lat.sin() * lon.cos() * d[0] - lat.sin() * lon.sin() * d[1] + lat.cos() * d[2],
    }
}

#[test]
fn the_grid_agrees_with_the_tangent_plane() {
    let grid = LocalGrid::new(ORIGIN);
    for (x, y) in [
        (5.0, 0.0),
        (0.0, 5.0),
        (3.5, 3.5),
        (-3.5, 3.5),
        (-3.5, -3.5),
        (10.0, 10.0),
    ] {
        let there = grid.to_lat_lon(PlanarPoint {
            x_m: x * 1000.0,
            y_m: y * 1000.0,
        });
        let off_m = grid.to_planar(there).distance_m(tangent_plane(there));
        let limit_m = if x * x + y * y < 25.5 { 0.05 } else { 0.5 };
        assert!(off_m < limit_m, "{x} {y} km: {off_m} m off");
    }
}

#[test]
fn gcj02_shifts_a_known_place_as_the_public_maps_do() {
    // Tiananmen, the usual published example.
    let wgs = LatLon {
        lat_deg: 39.907_375,
        lon_deg: 116.391_349,
    };
    let shifted = gcj02::from_wgs84(wgs);
    assert!((shifted.lat_deg - 39.908_777).abs() < 5e-5, "{shifted:?}");
    assert!((shifted.lon_deg - 116.397_592).abs() < 5e-5, "{shifted:?}");
    let abroad = LatLon {
        lat_deg: 48.0,
        lon_deg: 11.0,
    };
    assert_eq!(gcj02::from_wgs84(abroad), abroad);
}

proptest! {
    #[test]
    fn degrees_and_metres_go_back_and_forth(x_m in -15_000.0..15_000.0, y_m in -15_000.0..15_000.0) {
        let grid = LocalGrid::new(ORIGIN);
        let at = PlanarPoint { x_m, y_m };
        prop_assert!(grid.to_planar(grid.to_lat_lon(at)).distance_m(at) < 1e-4);
    }

    #[test]
    fn gcj02_is_undone_within_a_millimetre(lat_deg in 20.0..50.0, lon_deg in 75.0..130.0) {
        let at = LatLon { lat_deg, lon_deg };
        let shifted = gcj02::from_wgs84(at);
        let grid = LocalGrid::new(at);
        prop_assert!(grid.to_planar(shifted).distance_m(PlanarPoint::default()) > 20.0);
        let back = gcj02::to_wgs84(shifted);
        prop_assert!(grid.to_planar(back).distance_m(PlanarPoint::default()) < 1e-3);
    }

    #[test]
    fn a_star_finds_what_dijkstra_finds(world in world(), from in 0_usize..60, to in 0_usize..60) {
        let graph = world.graph();
        let roads = graph.roads().count();
        let ends = [from % roads, to % roads].map(|at| RoadId::new(u32::try_from(at).unwrap()));
        let query = from_to(ends[0], ends[1]);
        // A standstill on every road that begins at the wrong time, so that the clock matters.
        let cost = |road: RoadId, at: Millis| {
            let wave = (at.as_ms() + road.number() * 7000) % 20_000;
            graph.road(road).unwrap().free_flow() + Millis::new(20_000 - wave)
        };
        let fastest = graph.roads().map(|(_, road)| road.speed).max().unwrap();
        let asked = graph.route_with(&query, fastest, cost);
        let blind = dijkstra(&graph, ends[0], ends[1], &cost);
        match (asked, blind) {
            (Ok(route), Some(time)) => {
                prop_assert!(route.time.as_ms().abs_diff(time) <= 1, "{} and {time}", route.time);
                check(&graph, &route);
            }
            (Err(NoRoute::Unreachable), None) => {}
            (asked, blind) => prop_assert!(false, "{asked:?} and {blind:?}"),
        }
    }
}

/// No banned turn, one line, one pass between two roads, lengths that add up.
fn check(graph: &RoadGraph, route: &Route) {
    for pair in route.roads.windows(2) {
        assert!(
            graph
                .turn(pair[0], pair[1])
                .is_some_and(|turn| !turn.banned)
        );
    }
    assert_eq!(route.passes.len() + 1, route.roads.len());
    assert_eq!(route.turns.len(), route.passes.len());
    assert!(
        route
            .line
            .windows(2)
            .all(|pair| pair[0].along <= pair[1].along)
    );
    assert_eq!(route.line.last().unwrap().along, route.length);
    assert!(
        route
            .passes
            .windows(2)
            .all(|pair| pair[0].along < pair[1].along)
    );
}

/// Waits at the middle of `from`, drives to the middle of `to`; every road in turn, no heap, no hope.
fn dijkstra(
    graph: &RoadGraph,
    from: RoadId,
    to: RoadId,
    cost: &dyn Fn(RoadId, Millis) -> Millis,
) -> Option<u32> {
    let count = graph.roads().count();
    let half = |road, at| f64::from(cost(road, at).as_ms()) / 2.0;
    let mut end = vec![u32::MAX; count];
    end[from.index()] = graph::whole(half(from, Millis::ZERO));
    let mut best = (from == to).then_some(0);
    for _ in 0..count {
        for (road, _) in graph.roads() {
            let at = end[road.index()];
            if at == u32::MAX {
                continue;
            }
            for turn in graph.turns(road).iter().filter(|turn| !turn.banned) {
                let enters = Millis::new(at) + turn.cost;
                if turn.to == to {
                    let arrives = graph::whole(f64::from(enters.as_ms()) + half(to, enters));
                    best = Some(best.map_or(arrives, |best: u32| best.min(arrives)));
                }
                let leaves = enters + cost(turn.to, enters);
                let known = &mut end[turn.to.index()];
                *known = (*known).min(leaves.as_ms());
            }
        }
    }
    best
}

fn from_to(from: RoadId, to: RoadId) -> RouteQuery {
    RouteQuery {
        from: Position::Road(from, Length::from_metres(50)),
        to: Position::Road(to, Length::from_metres(50)),
        size: VehicleSize::default(),
        depart: Millis::ZERO,
    }
}

/// A few streets on a 100 m grid, with bans and slow turns.
#[derive(Clone, Debug)]
struct World {
    /// Of each possible street of a 4 by 4 grid: built, and its speed.
    streets: Vec<(bool, u32)>,
    /// Of each turn in order: banned, and its cost.
    turns: Vec<(bool, u32)>,
}

fn world() -> impl Strategy<Value = World> {
    let street = (prop::bool::weighted(0.8), 20_u32..80);
    let turn = (prop::bool::weighted(0.2), 0_u32..10);
    (
        prop::collection::vec(street, 48),
        prop::collection::vec(turn, 200),
    )
        .prop_map(|(mut streets, turns)| {
            streets[0].0 = true;
            World { streets, turns }
        })
}

impl World {
    fn graph(&self) -> RoadGraph {
        let text = self.text();
        RoadGraph::load("network.geojson", &text, ORIGIN, Datum::Wgs84).unwrap()
    }

    fn text(&self) -> String {
        let mut features = Vec::new();
        for at in 0..16 {
            features.push(node(&format!("J{at}"), position(at)));
        }
        let mut streets = Vec::new();
        for at in 0..16_usize {
            for next in [(at % 4 < 3).then_some(at + 1), (at < 12).then_some(at + 4)] {
                streets.extend(next.map(|next| [(at, next), (next, at)]));
            }
        }
        let streets = streets.into_iter().flatten().zip(&self.streets);
        let built: Vec<_> = streets.filter(|(_, (built, _))| *built).collect();
        for ((from, to), (_, speed)) in &built {
            features.push(road(&format!("R{from}-{to}"), (*from, *to), *speed));
        }
        let mut turns = self.turns.iter().cycle();
        for ((a, b), _) in &built {
            for ((c, d), _) in built.iter().filter(|((c, d), _)| c == b && d != a) {
                let (banned, cost_s) = turns.next().unwrap();
                features.push(json!({"type": "Feature", "geometry": null, "properties": {
                    "kind": "turn", "from": format!("R{a}-{b}"), "to": format!("R{c}-{d}"),
                    "turn": "through", "banned": banned, "cost_s": cost_s}}));
            }
        }
        collection(&features)
    }
}

fn collection(features: &[serde_json::Value]) -> String {
    let lines: Vec<_> = features.iter().map(ToString::to_string).collect();
    format!(
        "{{\"type\":\"FeatureCollection\",\"features\":[\n{}\n]}}",
        lines.join(",\n")
    )
}

fn position(at: usize) -> [f64; 2] {
    let metres = |blocks: usize| f64::from(u32::try_from(blocks).unwrap()) * 100.0;
    let globe = LocalGrid::new(ORIGIN).to_lat_lon(PlanarPoint {
        x_m: metres(at % 4),
        y_m: metres(at / 4),
    });
    [globe.lon_deg, globe.lat_deg]
}

fn node(id: &str, at: [f64; 2]) -> serde_json::Value {
    json!({"type": "Feature", "geometry": {"type": "Point", "coordinates": at},
        "properties": {"kind": "junction", "id": id, "name_zh": id, "name_en": id}})
}

fn road(id: &str, (from, to): (usize, usize), speed: u32) -> serde_json::Value {
    json!({"type": "Feature",
        "geometry": {"type": "LineString", "coordinates": [position(from), position(to)]},
        "properties": {"kind": "road", "id": id, "from": format!("J{from}"), "to": format!("J{to}"),
            "name_zh": id, "name_en": id, "length_m": 100.0, "speed_kmh": speed, "lanes": 1}})
}

#[test]
fn everything_wrong_is_told_at_once_with_its_line() {
    let text = collection(&[
        node("J0", position(0)),
        node("J1", position(1)),
        node("J1", position(1)),
        json!({"type": "Feature", "geometry": null, "properties": {"kind": "tunnel", "id": "X"}}),
        road("R0-1", (0, 1), 500),
        road("R0-9", (0, 9), 50),
        road("R0-5", (0, 1), 50).clone(),
        json!({"type": "Feature", "geometry": null, "properties": {
            "kind": "turn", "from": "R0-1", "to": "R0-5", "turn": "left"}}),
        json!({"type": "Feature", "geometry": {"type": "Point", "coordinates": position(0)},
            "properties": {"kind": "place", "id": "H1", "type": "hospital", "name_zh": "h",
            "name_en": "h", "road": "R0-1", "at_m": 101.0}}),
        json!({"type": "Feature", "geometry": {"type": "Point", "coordinates": [32.69, 109.02]},
            "properties": {"kind": "junction", "id": "J7", "name_zh": "x", "name_en": "x"}}),
    ]);
    let found = RoadGraph::load("n.geojson", &text, ORIGIN, Datum::Wgs84).unwrap_err();
    let told: Vec<_> = found.iter().map(|one| (one.code, one.line)).collect();
    for wanted in [
        (NetworkCode::G03, Some(3)),
        (NetworkCode::G02, Some(5)),
        (NetworkCode::G07, Some(6)),
        (NetworkCode::G04, Some(7)),
        (NetworkCode::G08, Some(9)),
        (NetworkCode::G09, Some(10)),
        (NetworkCode::G11, Some(11)),
    ] {
        assert!(told.contains(&wanted), "{wanted:?} in {told:?}");
    }
    let broken = RoadGraph::load("n.geojson", "{", ORIGIN, Datum::Wgs84).unwrap_err();
    assert_eq!(broken[0].code, NetworkCode::G01);
}

/// Three roads in a row over a weak bridge, and a pond beside them.
fn row() -> RoadGraph {
    let mut bridge = road("R1-2", (1, 2), 50);
    bridge["properties"]["weight_max_t"] = json!(10);
    let turn = |from: &str, to: &str| {
        json!({"type": "Feature", "geometry": null,
            "properties": {"kind": "turn", "from": from, "to": to, "turn": "through"}})
    };
    let grid = LocalGrid::new(ORIGIN);
    let shore = [
        (0.0, 200.0),
        (300.0, 200.0),
        (300.0, 500.0),
        (0.0, 500.0),
        (0.0, 200.0),
    ];
    let shore = shore.map(|(x_m, y_m)| {
        let at = grid.to_lat_lon(PlanarPoint { x_m, y_m });
        [at.lon_deg, at.lat_deg]
    });
    let text = collection(&[
        node("J0", position(0)),
        node("J1", position(1)),
        node("J2", position(2)),
        node("J3", position(3)),
        road("R0-1", (0, 1), 50),
        bridge,
        road("R2-3", (2, 3), 50),
        turn("R0-1", "R1-2"),
        turn("R1-2", "R2-3"),
        json!({"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [shore]},
            "properties": {"kind": "water", "id": "W1", "name_zh": "塘", "name_en": "Pond"}}),
    ]);
    RoadGraph::load("n.geojson", &text, ORIGIN, Datum::Cgcs2000).unwrap()
}

fn point(x_m: f64, y_m: f64) -> Position {
    Position::Point(PlanarPoint { x_m, y_m }, None)
}

#[test]
fn a_refusal_says_why() {
    let graph = row();
    let ask = |from, to, weight_kg| {
        let size = VehicleSize {
            weight_kg,
            ..VehicleSize::default()
        };
        graph.route(&RouteQuery {
            from,
            to,
            size,
            depart: Millis::ZERO,
        })
    };
    let route = ask(point(10.0, 5.0), point(290.0, 0.0), 5000).unwrap();
    assert_eq!(route.roads.len(), 3);
    assert_eq!(route.length.as_mm() / 100, 2800);
    assert!(
        route.free_flow.as_ms().abs_diff(20_160) < 20,
        "{}",
        route.free_flow
    );
    let heavy = ask(point(10.0, 5.0), point(290.0, 0.0), 20_000).unwrap_err();
    assert_eq!(
        heavy,
        NoRoute::LimitsExceeded {
            road: "R1-2".to_owned()
        }
    );
    let back = ask(point(290.0, 0.0), point(10.0, 0.0), 0).unwrap_err();
    assert_eq!(back, NoRoute::Unreachable);
    let off = ask(point(10.0, -60.0), point(10.0, 0.0), 0).unwrap_err();
    assert!(matches!(off, NoRoute::OffRoad { nearest_m } if (nearest_m - 60.0).abs() < 0.1));
    let wet = ask(point(10.0, 0.0), point(100.0, 300.0), 0).unwrap_err();
    assert!(matches!(wet, NoRoute::InWater { name_en, .. } if name_en == "Pond"));
    let far = ask(point(10.0, 0.0), point(100.0, -300.0), 0).unwrap_err();
    assert!(matches!(far, NoRoute::NoRoadThere { .. }));
    let unknown = ask(
        Position::Road(RoadId::new(9), Length::ZERO),
        point(10.0, 0.0),
        0,
    );
    assert_eq!(unknown.unwrap_err(), NoRoute::Unknown);
}

#[test]
fn a_heading_picks_the_direction_of_a_two_way_street() {
    let mut streets = vec![(false, 50); 48];
    streets[0].0 = true;
    streets[1].0 = true;
    let graph = World {
        streets,
        turns: vec![(false, 0)],
    }
    .graph();
    let at = PlanarPoint {
        x_m: 30.0,
        y_m: 4.0,
    };
    let east = graph.nearest_road(at, Some(80.0)).unwrap();
    let west = graph.nearest_road(at, Some(275.0)).unwrap();
    assert_eq!(graph.road(east.road).unwrap().id, "R0-1");
    assert_eq!(graph.road(west.road).unwrap().id, "R1-0");
    assert_eq!(
        (east.along.as_mm() / 1000, west.along.as_mm() / 1000),
        (30, 70)
    );
    assert!((east.away_m - 4.0).abs() < 0.01);
    assert!(graph.nearest_road(at, Some(0.0)).is_none());
    assert_eq!(graph.nearest_roads(at, None).len(), 2);
}
