//! The demo city: what is committed is what the program writes, and it holds what it promises.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test reads files and fails where they cannot be read"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use greenwave::network::{LatLon, Position, RoadGraph, Route, RouteQuery, VehicleSize};
use greenwave::plan::{CityFiles, Datum, check_city};
use greenwave::units::{Length, Millis};

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../signal-plans/ankang-demo")
}

fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), text);
            }
        }
    }
    found
}

fn graph() -> RoadGraph {
    let text = std::fs::read_to_string(committed().join("network.geojson")).unwrap();
    let origin = LatLon {
        lat_deg: 32.69,
        lon_deg: 109.02,
    };
    RoadGraph::load("network.geojson", &text, origin, Datum::Wgs84).unwrap()
}

/// The route of a mission of `city.toml`.
fn mission(graph: &RoadGraph, id: &str) -> Route {
    let text = std::fs::read_to_string(committed().join("city.toml")).unwrap();
    let city: toml::Table = text.parse().unwrap();
    let missions = city["mission"].as_array().unwrap();
    let mission = missions
        .iter()
        .find(|one| one["id"].as_str() == Some(id))
        .unwrap();
    let road = graph
        .road_by_name(mission["from"]["road"].as_str().unwrap())
        .unwrap();
    let at_m = mission["from"]["at_m"].as_integer().unwrap();
    let place = graph
        .place_by_name(mission["to"].as_str().unwrap())
        .unwrap();
    let query = RouteQuery {
        from: Position::Road(road, Length::from_metres(u32::try_from(at_m).unwrap())),
        to: Position::Place(place),
        size: VehicleSize::default(),
        depart: Millis::ZERO,
    };
    graph.route(&query).unwrap()
}

fn signals(graph: &RoadGraph, route: &Route) -> usize {
    let nodes = route
        .passes
        .iter()
        .map(|pass| graph.junction(pass.junction).unwrap());
    nodes.filter(|node| node.site.is_some()).count()
}

#[test]
fn the_committed_folder_is_what_the_program_writes() {
    let fresh = tempfile::tempdir().unwrap();
    let made = Command::new(env!("CARGO_BIN_EXE_make-city"))
        .arg("--out")
        .arg(fresh.path())
        .status();
    assert!(made.unwrap().success());
    let (fresh, kept) = (files(fresh.path()), files(&committed()));
    let names = |files: &BTreeMap<PathBuf, String>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        names(&fresh),
        names(&kept),
        "files are missing or left over"
    );
    for (name, text) in &fresh {
        assert!(
            kept[name] == *text,
            "{}: run make-city and commit",
            name.display()
        );
    }
}

#[test]
fn the_folder_passes_every_check() {
    let texts = files(&committed());
    let texts = texts
        .into_iter()
        .map(|(name, text)| (name.to_str().unwrap().to_owned(), text));
    let checked = check_city(&texts.collect::<CityFiles>());
    let told: Vec<_> = checked.findings.iter().map(ToString::to_string).collect();
    assert!(
        told.is_empty(),
        "{} findings:\n{}",
        told.len(),
        told.join("\n")
    );
    assert_eq!(checked.value.unwrap().sites.len(), 76);
}

#[test]
fn the_city_is_as_big_as_it_says() {
    let graph = graph();
    let sites = |crossing: bool| {
        let nodes = graph.junctions().map(|(_, node)| node);
        nodes
            .filter(|node| node.site.is_some() && node.crossing == crossing)
            .count()
    };
    assert_eq!((sites(false), sites(true)), (36, 40));
    let bridges = graph.roads().filter(|(_, road)| road.bridge).count();
    assert_eq!(bridges, 6, "three bridges, both ways");
    assert_eq!(graph.places().count(), 5);
    assert_eq!(graph.waters().len(), 1);
    let text = std::fs::read_to_string(committed().join("cabinets/links.toml")).unwrap();
    let on = |link: &str| text.matches(&format!("link = \"{link}\"")).count();
    assert_eq!((on("tcp-local"), on("rtu-1")), (72, 4));
}

#[test]
fn the_demo_mission_takes_two_minutes_over_the_arterial() {
    let graph = graph();
    let route = mission(&graph, "demo");
    let seconds = route.free_flow.as_ms() / 1000;
    assert!((110..=150).contains(&seconds), "{seconds} s");
    let metres = route.length.as_mm() / 1000;
    assert!((1600..=2200).contains(&metres), "{metres} m");
    assert!(signals(&graph, &route) >= 8);
    let names = route
        .roads
        .iter()
        .map(|id| &graph.road(*id).unwrap().name_en);
    assert!(names.filter(|name| *name == "Binjiang Ave").count() >= 4);
}

#[test]
fn the_long_mission_passes_seventeen_signals() {
    let graph = graph();
    assert_eq!(signals(&graph, &mission(&graph, "long")), 17);
}

#[test]
fn every_place_can_be_reached_from_every_road_into_the_city() {
    let graph = graph();
    let gates = graph.roads().filter(|(_, road)| road.id.starts_with("R-B"));
    for (gate, road) in gates {
        for (place, to) in graph.places() {
            let query = RouteQuery {
                from: Position::Road(gate, Length::ZERO),
                to: Position::Place(place),
                size: VehicleSize::default(),
                depart: Millis::ZERO,
            };
            assert!(graph.route(&query).is_ok(), "{} to {}", road.id, to.id);
        }
    }
}
