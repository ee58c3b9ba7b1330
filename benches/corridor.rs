//! What corridors cost: `cargo bench --bench corridor`.
//!
//! Wall time is printed, never judged; one thread. What is printed is one JSON object:
//!
//! - `plan_ms`: route, plan and preview of a drive over `signals` signals (the ways of the demo city
//!   with about 20 of them, in turn) against a city at rest: median, 99th percentile, worst.
//! - `update_us`: one control cycle of the engine alone with `corridors` corridors under way, each
//!   over a way of the demo city, a position a second for each of them.
//! - `route_ms`: the fastest way between two roads drawn from a seeded dice on a square grid of
//!   `turns` turns, all roads of unlike speed.

#![expect(
    clippy::disallowed_types,
    reason = "a bench measures wall time; nothing is decided by it"
)]

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use greenwave::controller::City;
use greenwave::corridor::{
    AskedBy, CorridorPlan, Corridors, Fix, PlanRequest, ServiceClass, Settings, preview,
};
use greenwave::detect::FieldInputs;
use greenwave::ids::{CorridorId, RoadId};
use greenwave::network::{LatLon, LocalGrid, PlanarPoint, Position, RoadGraph, RouteQuery};
use greenwave::plan::{CityFiles, Datum, load_city};
use greenwave::shell::planner::Planner;
use greenwave::shell::store::read_city_folder;
use greenwave::units::{Length, Millis, Mono, TICK};
use serde_json::{Value, json};

/// Ways with at least so many signals are planned.
const SIGNALS: usize = 20;
/// Corridors under way at once.
const CORRIDORS: u32 = 10;
/// Junctions along one side of the square grid: 102,000 turns.
const SIDE: u32 = 93;
const ORIGIN: LatLon = LatLon {
    lat_deg: 32.69,
    lon_deg: 109.02,
};

fn main() -> Result<(), Box<dyn Error>> {
    // Under `cargo test --benches` a short run shows that it still works.
    let is_bench = std::env::args().any(|arg| arg == "--bench");
    let (plans, cycles, routes, side) = if is_bench {
        (1000, 6000, 500, SIDE)
    } else {
        (3, 30, 3, 8)
    };
    let planner = demo_city()?;
    let city = City::new(
        planner.city.sites.clone().into(),
        Settings::default(),
        Mono::ZERO,
    );
    let fields = vec![FieldInputs::default(); city.sites().len()];
    let ways = ways(&planner);
    let plan_times = (0..plans).map(|nth: usize| {
        let ends = ways.get(nth % ways.len().max(1)).copied();
        timed(|| {
            let ends = ends?;
            let plan = plan_of(&planner, ends, 1)?;
            let board = city.board(Mono::ZERO, &fields);
            let priced = preview(&plan, &Settings::default(), &board, Mono::ZERO);
            Some(priced.crossings.len())
        })
    });
    let plan_times: Vec<Duration> = plan_times.collect();
    let signals: Vec<usize> = ways
        .iter()
        .filter_map(|ends| Some(plan_of(&planner, *ends, 1)?.crossings.len()))
        .collect();
    let updates = updates(&planner, &city, &fields, &ways, cycles)?;
    let (graph, turns) = grid(side)?;
    let routes = route_times(&graph, routes);
    let told = json!({
        "plan_ms": times(plan_times, 1e3),
        "signals": [signals.iter().min(), signals.iter().max()],
        "ways": ways.len(),
        "update_us": times(updates, 1e6),
        "corridors": CORRIDORS,
        "route_ms": times(routes, 1e3),
        "turns": turns,
    });
    writeln!(std::io::stdout(), "{told}")?;
    Ok(())
}

fn demo_city() -> Result<Planner, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("signal-plans/ankang-demo");
    let files = read_city_folder(&folder)?;
    let network = files.iter().find(|(name, _)| name == "network.geojson");
    let network = network.map(|(_, text)| text.clone()).unwrap_or_default();
    let files: CityFiles = files.into_iter().collect();
    let city = load_city(&files).map_err(|findings| format!("{} findings", findings.len()))?;
    let origin = LatLon {
        lat_deg: city.origin.lat_deg,
        lon_deg: city.origin.lon_deg,
    };
    let graph = RoadGraph::load("network.geojson", &network, origin, city.datum)
        .map_err(|findings| format!("{} findings", findings.len()))?;
    Ok(Planner {
        city: Arc::new(city),
        graph: Arc::new(graph),
    })
}

/// Ends of ways over [`SIGNALS`] signals and a few more; those with most where none has so many.
fn ways(planner: &Planner) -> Vec<(Position, Position)> {
    let mut found: Vec<(usize, (Position, Position))> = Vec::new();
    for (road, _) in planner.graph.roads().step_by(7) {
        for (place, _) in planner.graph.places() {
            let ends = (Position::Road(road, Length::ZERO), Position::Place(place));
            if let Some(plan) = plan_of(planner, ends, 1) {
                found.push((plan.crossings.len(), ends));
            }
        }
    }
    let most = found.iter().map(|(signals, _)| *signals).max();
    let least = most.unwrap_or_default().min(SIGNALS);
    found.retain(|(signals, _)| *signals >= least);
    found.into_iter().map(|(_, ends)| ends).collect()
}

fn plan_of(planner: &Planner, ends: (Position, Position), number: u32) -> Option<CorridorPlan> {
    let class = ServiceClass::Ambulance;
    let size = planner.size_of(class);
    let route = planner.route(ends, size).ok()?;
    let request = PlanRequest {
        corridor: CorridorId::new(number),
        revision: 1,
        vehicle: format!("V{number}"),
        asked_by: AskedBy::default(),
        class,
        preempts: true,
        priority: 1,
        convoy: size.length,
        pace_percent: 120,
        expires: Mono::ZERO + Millis::from_secs(3_000),
        departs: Some(Mono::ZERO),
    };
    planner.corridor(&route, request).ok()
}

/// Times of `cycles` control cycles of the engine.
fn updates(
    planner: &Planner,
    city: &City,
    fields: &[FieldInputs],
    ways: &[(Position, Position)],
    cycles: u32,
) -> Result<Vec<Duration>, Box<dyn Error>> {
    let mut corridors = Corridors::new(Settings::default());
    let mut plans = Vec::new();
    for number in 1..=CORRIDORS {
        let at = usize::try_from(number)? * 13 % ways.len().max(1);
        let ends = ways.get(at).copied().ok_or("the city has no way")?;
        let plan = Arc::new(plan_of(planner, ends, number).ok_or("no plan")?);
        corridors.open(Arc::clone(&plan), Mono::ZERO)?;
        plans.push(plan);
    }
    let mut made = Vec::new();
    let mut now = Mono::ZERO;
    for cycle in 0..cycles {
        now = now + TICK;
        if cycle % 10 == 0 {
            for plan in &plans {
                corridors.fix(&plan.vehicle, &fix(plan, now));
            }
        }
        let board = city.board(now, fields);
        let begun = Instant::now();
        corridors.step(now, &board);
        made.push(begun.elapsed());
    }
    Ok(made)
}

/// Where a vehicle is that drives to the end of its way and begins again.
fn fix(plan: &CorridorPlan, now: Mono) -> Fix {
    let driven = u64::from(plan.speed.as_mm_per_s()) * now.as_ms() / 1000;
    let along = driven % u64::from(plan.length.as_mm()).max(1);
    let passed = |point: &&greenwave::corridor::RoutePoint| u64::from(point.at.as_mm()) >= along;
    let point = plan.line.iter().find(passed).or(plan.line.last());
    let (x_m, y_m) = point.map_or((0.0, 0.0), |point| (point.x_m, point.y_m));
    Fix {
        at: now,
        x_m,
        y_m,
        speed: plan.speed,
    }
}

/// A square grid of two-way streets, 200 m apart, with every turn but the way back.
fn grid(side: u32) -> Result<(RoadGraph, usize), Box<dyn Error>> {
    let ground = LocalGrid::new(ORIGIN);
    let at = |column: u32, row: u32| {
        let place = ground.to_lat_lon(PlanarPoint {
            x_m: f64::from(column) * 200.0,
            y_m: f64::from(row) * 200.0,
        });
        json!([place.lon_deg, place.lat_deg])
    };
    let name = |column: u32, row: u32| format!("N{column}-{row}");
    let mut features: Vec<Value> = Vec::new();
    let mut roads: Vec<((u32, u32), (u32, u32))> = Vec::new();
    for column in 0..side {
        for row in 0..side {
            let id = name(column, row);
            features.push(json!({"type": "Feature",
                "geometry": {"type": "Point", "coordinates": at(column, row)},
                "properties": {"kind": "junction", "id": id, "name_zh": id, "name_en": id}}));
            for next in [(column + 1, row), (column, row + 1)] {
                if next.0 < side && next.1 < side {
                    roads.extend([((column, row), next), (next, (column, row))]);
                }
            }
        }
    }
    let road_name =
        |from: (u32, u32), to: (u32, u32)| format!("{}>{}", name(from.0, from.1), name(to.0, to.1));
    for (nth, (from, to)) in roads.iter().enumerate() {
        let id = road_name(*from, *to);
        features.push(json!({"type": "Feature",
            "geometry": {"type": "LineString", "coordinates": [at(from.0, from.1), at(to.0, to.1)]},
            "properties": {"kind": "road", "id": id, "from": name(from.0, from.1),
                "to": name(to.0, to.1), "name_zh": id, "name_en": id, "length_m": 200.0,
                "speed_kmh": 30.0 + f64::from(u32::try_from(nth * 7 % 41)?), "lanes": 1}}));
    }
    let mut turns = 0;
    for (from, to) in &roads {
        let next = [
            (to.0 + 1, to.1),
            (to.0.wrapping_sub(1), to.1),
            (to.0, to.1 + 1),
            (to.0, to.1.wrapping_sub(1)),
        ];
        for next in next {
            if next == *from || next.0 >= side || next.1 >= side {
                continue;
            }
            turns += 1;
            let straight = (next.0 == from.0) || (next.1 == from.1);
            let turn = if straight { "through" } else { "left" };
            features.push(json!({"type": "Feature", "geometry": null, "properties":
                {"kind": "turn", "from": road_name(*from, *to), "to": road_name(*to, next),
                 "turn": turn}}));
        }
    }
    let text = json!({"type": "FeatureCollection", "features": features}).to_string();
    let graph = RoadGraph::load("grid", &text, ORIGIN, Datum::Wgs84).map_err(|findings| {
        let first = findings.first().map(|finding| format!("{finding:?}"));
        format!("{} findings, as {first:?}", findings.len())
    })?;
    Ok((graph, turns))
}

fn route_times(graph: &RoadGraph, count: u32) -> Vec<Duration> {
    let roads = u64::try_from(graph.roads().count()).unwrap_or(1).max(1);
    let mut dice = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = || {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        let road = u32::try_from(dice % roads).unwrap_or(0);
        Position::Road(RoadId::new(road), Length::from_metres(50))
    };
    let route = |(from, to): (Position, Position)| {
        let query = RouteQuery {
            from,
            to,
            size: greenwave::network::VehicleSize::default(),
            depart: Millis::ZERO,
        };
        timed(|| graph.route(&query).map(|route| route.roads.len()))
    };
    (0..count).map(|_| route((draw(), draw()))).collect()
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let begun = Instant::now();
    std::hint::black_box(work());
    begun.elapsed()
}

/// Median, 99th percentile and worst.
fn times(mut all: Vec<Duration>, unit: f64) -> Value {
    all.sort_unstable();
    let at = |per_mille: usize| {
        let place = (all.len() * per_mille / 1000).min(all.len().saturating_sub(1));
        let time = all.get(place).map_or(0.0, Duration::as_secs_f64);
        (time * unit * 1000.0).round() / 1000.0
    };
    json!({"p50": at(500), "p99": at(990), "max": at(1000), "n": all.len()})
}
