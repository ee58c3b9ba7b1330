//! A junction of three arms and the demo city, written out for SUMO.

use std::collections::BTreeMap;
use std::path::Path;

use super::folder::Draft;
use super::{ExportError, ExportSettings, Exported, Town, Way, export, links};
use crate::network::RoadGraph;
use crate::plan::CheckedCity;
use crate::shell::store::{demo_city_files, read_city_folder};
use crate::shell::sumo::{SumoNet, Wiring};
use crate::sim::RoadEnd;

const HOUR_FROM_EIGHT: ExportSettings = ExportSettings {
    seconds: 3600,
    start_s: 8 * 3600,
    seed: 1,
};

struct Loaded {
    city: CheckedCity,
    graph: RoadGraph,
    files: Vec<(String, String)>,
}

fn load(files: Vec<(String, String)>) -> Loaded {
    let (city, graph) = crate::shell::sumo::load(&files).unwrap();
    Loaded { city, graph, files }
}

fn tiny() -> Loaded {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("hil-tests/fixtures/plans/good-city");
    load(read_city_folder(&folder).unwrap())
}

impl Loaded {
    fn town(&self, settings: ExportSettings) -> Town<'_> {
        Town::new(&self.city, &self.graph, &self.files, settings)
    }
}

fn text<'e>(exported: &'e Exported, name: &str) -> &'e str {
    let mut files = exported.files.iter();
    &files.find(|(file, _)| *file == name).unwrap().1
}

/// The values of `key` in the lines that hold `part`.
fn values<'t>(text: &'t str, part: &str, key: &str) -> Vec<&'t str> {
    let start = format!(" {key}=\"");
    let lines = text.lines().filter(|line| line.contains(part));
    lines
        .filter_map(|line| line.split_once(&start)?.1.split('"').next())
        .collect()
}

#[test]
fn links_are_numbered_by_lane_then_bicycles_then_walkers() {
    let tiny = tiny();
    let town = tiny.town(HOUR_FROM_EIGHT);
    let sites = links::lay_links(&town).unwrap();
    let name = |road| tiny.graph.road(road).unwrap().id.as_str();
    let shown: Vec<String> = sites[0]
        .links
        .iter()
        .map(|link| {
            let group = &tiny.city.sites[0].groups[link.group.index()].name;
            let letter = if link.yields { 'g' } else { 'G' };
            match link.way {
                Way::Drive { from, to } => format!(
                    "{group} {letter} {} {} {}",
                    lane(name(from.0), from.1),
                    lane(name(to.0), to.1),
                    link.movement.map_or(-1, |at| i32::try_from(at).unwrap())
                ),
                Way::Walk(arm) => format!("{group} {letter} over {}", name(arm.enters)),
            }
        })
        .collect();
    assert_eq!(
        shown,
        [
            "WT G R-W:2 R-E-OUT:2 0",
            "WT g R-W:2 R-N-OUT:2 0",
            "ET G R-E:2 R-W-OUT:2 1",
            "ET g R-E:2 R-N-OUT:2 1",
            "NS g R-N:2 R-W-OUT:2 2",
            "NS G R-N:2 R-E-OUT:2 2",
            "WT G R-W:1 R-E-OUT:1 -1",
            "ET G R-E:1 R-W-OUT:1 -1",
            "NS g R-N:1 R-W-OUT:1 -1",
            "PX G over R-W",
        ]
    );
}

fn lane(road: &str, lane: usize) -> String {
    format!("{road}:{lane}")
}

#[test]
fn the_programme_is_the_plan_that_is_due_with_a_letter_per_link() {
    let tiny = tiny();
    let exported = export(&tiny.town(HOUR_FROM_EIGHT)).unwrap();
    let signals = text(&exported, "city.tll.xml");
    assert_eq!(values(signals, "<tlLogic", "programID"), ["peak"]);
    assert_eq!(values(signals, "<tlLogic", "offset"), ["24.0"]);
    let durations = values(signals, "<phase", "duration");
    let sum: f64 = durations
        .iter()
        .map(|told| told.parse::<f64>().unwrap())
        .sum();
    assert!((sum - 76.0).abs() < 0.01, "{durations:?}");
    let states = values(signals, "<phase", "state");
    assert!(states.iter().all(|state| state.len() == 10), "{states:?}");
    assert_eq!(states[0], "GgGgrrGGrr", "stage A begins the round");
    assert!(states.contains(&"rrrrgGrrgG"), "walkers with the side road");
    let walk_ended = states.iter().any(|state| state.ends_with("gGrrgr"));
    assert!(
        walk_ended,
        "nobody sets off on the flashing man: {states:?}"
    );

    let night = ExportSettings {
        start_s: 2 * 3600,
        ..HOUR_FROM_EIGHT
    };
    let exported = export(&tiny.town(night)).unwrap();
    let signals = text(&exported, "city.tll.xml");
    assert_eq!(values(signals, "<tlLogic", "programID"), ["night"]);
}

#[test]
fn a_street_has_a_pavement_a_bicycle_lane_and_its_lanes() {
    let tiny = tiny();
    let exported = export(&tiny.town(HOUR_FROM_EIGHT)).unwrap();
    let edges = text(&exported, "city.edg.xml");
    assert_eq!(values(edges, "\"R-W\"", "numLanes"), ["3"]);
    assert_eq!(values(edges, "index=\"0\"", "allow"), ["pedestrian"; 6]);
    assert_eq!(values(edges, "index=\"1\"", "allow"), ["bicycle"; 6]);
    let ways = text(&exported, "city.con.xml");
    assert_eq!(values(ways, "<crossing", "edges"), ["R-W-OUT R-W"]);
    assert_eq!(values(ways, "<crossing", "linkIndex"), ["9"]);
    let nodes = text(&exported, "city.nod.xml");
    assert_eq!(values(nodes, "traffic_light", "tl"), ["X1"]);
}

#[test]
fn the_same_seed_gives_the_same_files_and_another_one_other_traffic() {
    let tiny = tiny();
    let town = tiny.town(HOUR_FROM_EIGHT);
    let first = export(&town).unwrap();
    assert_eq!(first, export(&town).unwrap());
    let other = ExportSettings {
        seed: 2,
        ..HOUR_FROM_EIGHT
    };
    let other = export(&tiny.town(other)).unwrap();
    assert_ne!(text(&first, "city.rou.xml"), text(&other, "city.rou.xml"));
    assert_eq!(text(&first, "city.tll.xml"), text(&other, "city.tll.xml"));
}

#[test]
fn traffic_sets_off_in_order_and_in_the_amounts_of_the_virtual_street() {
    let demo = load(demo_city_files());
    let town = demo.town(HOUR_FROM_EIGHT);
    let exported = export(&town).unwrap();
    let wanted: f32 = town.map.roads.iter().map(|road| road.inflow_veh_h).sum();
    let share = |wanted: f32, came: usize| {
        let came = f32::from(u16::try_from(came).unwrap());
        assert!((came / wanted - 1.0).abs() < 0.05, "{came} of {wanted}");
    };
    // Between eight and nine the demand leaves its plateau for a quarter of an hour.
    share(wanted * 0.984, exported.figures.vehicles);
    let walkers: f32 = town.map.walks.iter().map(|walk| walk.walkers_h).sum();
    share(walkers * 0.984, exported.figures.walkers);
    assert_eq!(
        (exported.figures.signals, exported.figures.crossings),
        (76, 162)
    );
    let routes = text(&exported, "city.rou.xml");
    let departs: Vec<f64> = values(routes, " depart=", "depart")
        .iter()
        .map(|told| told.parse().unwrap())
        .collect();
    assert!(departs.is_sorted());
    assert!(departs[0] >= 28_800.0 && departs[departs.len() - 1] < 32_400.0);
}

#[test]
fn every_approach_with_riders_is_ridden_over_once_by_each_stream() {
    let demo = load(demo_city_files());
    let town = demo.town(HOUR_FROM_EIGHT);
    let exported = export(&town).unwrap();
    let routes = text(&exported, "city.rou.xml");
    let ways: Vec<&str> = routes
        .lines()
        .zip(routes.lines().skip(1))
        .filter(|(head, _)| head.contains("type=\"bicycle\""))
        .filter_map(|(_, way)| way.split('"').nth(1))
        .collect();
    assert_eq!(ways.len(), exported.figures.bicycles);
    let mut over: BTreeMap<&str, usize> = BTreeMap::new();
    for way in ways {
        let roads: Vec<&str> = way.split(' ').collect();
        for road in &roads[..roads.len() - 1] {
            *over.entry(road).or_default() += 1;
        }
    }
    for rider in &town.map.riders {
        let end = RoadEnd::Signal(rider.site, rider.approach);
        let road = town.map.roads.iter().find(|road| road.end == end).unwrap();
        let count = over[road.id.as_str()];
        assert!((50..140).contains(&count), "{}: {count} riders", road.id);
    }
}

#[test]
fn a_group_that_crosses_no_arm_is_told() {
    let mut tiny = tiny();
    for (name, text) in &mut tiny.files {
        if name == "sites/X1.toml" {
            *text = text.replace("crosses = [\"W\"]", "crosses = []");
        }
    }
    let why = export(&tiny.town(HOUR_FROM_EIGHT)).unwrap_err().to_string();
    assert!(why.contains("X1: group PX crosses no arm"), "{why}");
}

#[test]
fn the_wiring_is_read_back_as_it_was_written() {
    let tiny = tiny();
    let exported = export(&tiny.town(HOUR_FROM_EIGHT)).unwrap();
    let wiring = Wiring::from_toml(text(&exported, "wiring.toml")).unwrap();
    let site = wiring.site("X1").unwrap();
    assert_eq!((site.tls.as_str(), site.link_count), ("X1", 10));
    let walks: Vec<usize> = site
        .links
        .iter()
        .filter(|link| link.is_walk)
        .map(|link| link.index)
        .collect();
    assert_eq!(walks, [9]);
    assert_eq!(site.links[1].from_lane, "R-W_2");
    assert_eq!(site.links[6].movement, None, "bicycles are no movement");
}

#[test]
fn a_network_that_is_not_the_city_is_refused() {
    let tiny = tiny();
    let town = tiny.town(HOUR_FROM_EIGHT);
    let made = include_str!("tests/tiny.net.xml");
    let net = SumoNet::parse(made).unwrap();
    let wiring = Wiring::of_export(&net, &town).unwrap();
    let links = &wiring.site("X1").unwrap().links;
    assert!(links.iter().all(|link| link.via.is_some() != link.is_walk));
    assert_eq!(links[9].to_lane, ":X1_c0_0");

    let swapped = made
        .replace("linkIndex=\"2\"", "linkIndex=\"x\"")
        .replace("linkIndex=\"0\"", "linkIndex=\"2\"")
        .replace("linkIndex=\"x\"", "linkIndex=\"0\"");
    let why = Wiring::of_export(&SumoNet::parse(&swapped).unwrap(), &town).unwrap_err();
    assert_eq!(
        why,
        [
            "X1: link 0 is not the way from R-W_2 to R-E-OUT_2",
            "X1: link 2 is not the way from R-E_2 to R-W-OUT_2",
        ]
    );
}

#[test]
fn a_folder_is_written_whole_or_not_at_all() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("city");
    let draft = Draft::beside(&out).unwrap();
    draft.write("a.xml", "<a/>").unwrap();
    drop(draft);
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);

    let draft = Draft::beside(&out).unwrap();
    draft.write("a.xml", "<a/>").unwrap();
    draft.write("build.sh", "#!/bin/sh\n").unwrap();
    assert!(!out.exists());
    draft.finish().unwrap();
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
    assert_eq!(std::fs::read_to_string(out.join("a.xml")).unwrap(), "<a/>");
    let filled = Draft::beside(&out).unwrap_err();
    assert!(matches!(filled, ExportError::NotEmpty { .. }), "{filled}");
}
