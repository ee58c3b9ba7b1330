//! The referee over the demo city: every site file is understood, a city run by the kernel on its
//! peak plans breaks no rule, and a street full of people lives on it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test reads the city folder, says what it measured, and fails by panicking"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use greenwave::corridor::ServiceClass;
use greenwave::ids::{RoadId, SiteId};
use greenwave::kernel::{CabinetState, Kernel, ModeWish, Readback, Request};
use greenwave::network::{LatLon, RoadGraph};
use greenwave::plan::{CheckedCity, CheckedSite, CityFiles, PlanStage, TurnKind, load_city};
use greenwave::signal::{GroupKind, GroupSet, Indication, Observed};
use greenwave::sim::{
    Dispatch, PEAK_SATURATION, Referee, RoadEnd, RouteLeg, SiteLamps, SiteRules, Street,
    StreetConfig, StreetMap, VirtualStreet, lay_city,
};
use greenwave::units::{Length, Millis, Mono, Speed};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../signal-plans/ankang-demo")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(folder().join(path)).unwrap()
}

fn city() -> CheckedCity {
    let mut files = CityFiles::default();
    for path in [
        "city.toml",
        "network.geojson",
        "calendar.toml",
        "cabinets/links.toml",
    ] {
        files.insert(path, &read(path));
    }
    for entry in std::fs::read_dir(folder().join("sites")).unwrap() {
        let path = format!("sites/{}", entry.unwrap().file_name().to_string_lossy());
        files.insert(&path, &read(&path));
    }
    match load_city(&files) {
        Ok(city) => city,
        Err(findings) => panic!("{} findings, first {:?}", findings.len(), findings.first()),
    }
}

fn graph(city: &CheckedCity) -> RoadGraph {
    let origin = LatLon {
        lat_deg: city.origin.lat_deg,
        lon_deg: city.origin.lon_deg,
    };
    let text = read("network.geojson");
    RoadGraph::load("network.geojson", &text, origin, city.datum).unwrap()
}

fn map(city: &CheckedCity) -> StreetMap {
    lay_city(&graph(city), &city.sites, PEAK_SATURATION)
}

/// Every site on its peak plan, through the kernel, into lamps that obey at once.
struct City {
    sites: Vec<Arc<CheckedSite>>,
    kernels: Vec<Kernel>,
    lamps: Vec<SiteLamps>,
}

impl City {
    fn new(city: &CheckedCity) -> Self {
        let kernel = |site: &Arc<CheckedSite>| Kernel::new(Arc::clone(&site.safety), Mono::ZERO);
        Self {
            kernels: city.sites.iter().map(kernel).collect(),
            lamps: vec![[Indication::Dark; 32]; city.sites.len()],
            sites: city.sites.clone(),
        }
    }

    fn step(&mut self, now: Mono) {
        let sites = self.sites.iter().zip(&mut self.kernels);
        for ((site, kernel), lamps) in sites.zip(&mut self.lamps) {
            let mut readback = Readback {
                cabinet: CabinetState::Following,
                age: Millis::ZERO,
                ..Readback::default()
            };
            for (seen, shown) in readback.lamps.iter_mut().zip(lamps.iter()) {
                *seen = Observed::Lamps(*shown);
            }
            let request = Request {
                mode: ModeWish::Normal,
                groups: wanted(site, now),
                ..Request::default()
            };
            let outputs = kernel.step(now, &request, &readback);
            lamps[..outputs.lamps().len()].copy_from_slice(outputs.lamps());
        }
    }
}

/// The groups of the peak plan at this moment; walkers only at the beginning of their stage, so
/// that their flashing end fits into it.
fn wanted(site: &CheckedSite, now: Mono) -> GroupSet {
    let plan = site.plans.iter().find(|plan| plan.name == "peak").unwrap();
    // A plan that follows demand has no splits: here each of its stages gets half a minute.
    let split = |entry: &PlanStage| match entry.split.as_ms() {
        0 => 35_000,
        split => split,
    };
    let cycle: u64 = plan
        .sequence
        .iter()
        .map(|entry| u64::from(split(entry)))
        .sum();
    let offset = u64::from(plan.offset.as_ms());
    let mut into = u32::try_from((now.as_ms() + cycle - offset) % cycle).unwrap();
    for entry in &plan.sequence {
        if into >= split(entry) {
            into -= split(entry);
            continue;
        }
        let left = Millis::new(split(entry) - into);
        let stage = &site.stages[entry.stage.index()].stage;
        let stays = |group: &greenwave::ids::GroupId| {
            let timing = site.safety.timing(*group).unwrap();
            let change = timing.lose.total() + Millis::from_secs(3);
            timing.kind != GroupKind::Pedestrian || left > change
        };
        let ends = |left: Millis| left <= Millis::from_secs(5);
        let groups = stage.wanted(Millis::new(into), left);
        return if ends(left) {
            GroupSet::EMPTY
        } else {
            groups.iter().filter(stays).collect()
        };
    }
    GroupSet::EMPTY
}

fn rules(city: &CheckedCity) -> Vec<SiteRules> {
    let parse = |site: &Arc<CheckedSite>| {
        let rules = SiteRules::parse(&read(&format!("sites/{}.toml", site.id))).unwrap();
        assert_eq!(rules.id(), site.id);
        rules
    };
    city.sites.iter().map(parse).collect()
}

#[test]
fn a_city_in_its_peak_breaks_no_rule_and_does_not_jam() {
    let city = city();
    let mut run = City::new(&city);
    let mut referee = Referee::new(rules(&city), Millis::ZERO);
    let mut street = VirtualStreet::new(map(&city), StreetConfig::default());
    let mut present = Vec::new();
    let minutes = if cfg!(debug_assertions) { 14 } else { 60 };

    let ticks = u128::from(minutes * 600);
    let mut spent = std::time::Duration::ZERO;
    for tick in 0..minutes * 600 {
        let now = Mono::from_ms(tick * 100);
        run.step(now);
        let start = std::time::Instant::now();
        street.step(now, &run.lamps);
        spent += start.elapsed();
        referee.watch(now, &run.lamps, &street);
        if tick % 600 == 0 {
            present.push(street.present());
        }
        if tick == 6000 {
            street.reset_counters();
        }
    }
    let stats = street.stats();
    println!(
        "present each minute: {present:?}, {} us a step",
        spent.as_micros() / ticks
    );
    println!(
        "{} vehicles, {} s lost",
        stats.vehicles, stats.vehicle_delay_s
    );
    assert_eq!(
        referee.counts().total(),
        0,
        "{:?}",
        &referee.sightings()[..5.min(referee.sightings().len())]
    );
    let counted = minutes - 10;
    assert!(stats.vehicles > 40 * counted, "{}", stats.vehicles);
    assert!(stats.walkers > 100 * counted && stats.riders > 100 * counted);
    assert!(stats.outside < 60, "{} wait outside", stats.outside);
    let warm = present[10];
    let last = present[present.len() - 1];
    assert!(last < warm * 3 / 2, "the city fills up: {present:?}");
}

#[test]
fn the_street_of_the_city_is_whole() {
    let city = city();
    let map = map(&city);
    let walkers = |site: &Arc<CheckedSite>| site.groups.iter().filter(|g| g.walk.is_some()).count();
    let loops =
        |site: &Arc<CheckedSite>| site.detectors.iter().filter(|d| d.lane.is_some()).count();
    assert_eq!(
        map.walks.len(),
        city.sites.iter().map(walkers).sum::<usize>()
    );
    assert_eq!(
        map.detectors.len(),
        city.sites.iter().map(loops).sum::<usize>()
    );
    let ways_in = map
        .roads
        .iter()
        .filter(|road| road.inflow_veh_h > 50.0)
        .count();
    let ways_out = map
        .roads
        .iter()
        .filter(|road| road.end == RoadEnd::Sink)
        .count();
    assert_eq!((ways_in, ways_out), (18, 18));
    for road in map.roads.iter().filter(|road| !road.exits.is_empty()) {
        let shares: f32 = road.exits.iter().map(|exit| exit.share).sum();
        assert!((shares - 1.0).abs() < 1e-3, "{}: {shares}", road.id);
        for (bit, exit) in road.exits.iter().enumerate() {
            assert!(
                road.lanes.iter().any(|lane| lane.exits & (1 << bit) != 0),
                "{}",
                road.id
            );
            assert!(exit.walks.len() <= 1, "{} yields to two walks", road.id);
        }
    }
    let yielding = map.roads.iter().flat_map(|road| &road.exits);
    assert!(yielding.filter(|exit| !exit.walks.is_empty()).count() > 50);
}

#[test]
fn one_green_too_many_is_seen_in_the_whole_city() {
    let city = city();
    let mut run = City::new(&city);
    let mut referee = Referee::new(rules(&city), Millis::ZERO);
    for tick in 0..600_u64 {
        let now = Mono::from_ms(tick * 100);
        run.step(now);
        let mut shown = run.lamps.clone();
        if tick == 500 {
            shown[3] = [Indication::Green; 32];
        }
        referee.watch(now, &shown, &());
    }
    let counts = referee.counts();
    assert!(counts.conflicts > 0, "{counts:?}");
    assert!(
        referee
            .sightings()
            .iter()
            .all(|sighting| sighting.site == SiteId::new(3))
    );
}

#[test]
fn an_ambulance_crosses_the_city_slower_than_over_empty_green_streets() {
    let city = city();
    let map = map(&city);
    let way = longest_straight(&map);
    assert!(way.len() > 10, "{}", way.len());
    let order = Dispatch {
        vehicle: "120-1".into(),
        class: ServiceClass::Ambulance,
        route: way
            .iter()
            .map(|road| RouteLeg {
                road: *road,
                from: Length::ZERO,
                to: Length::from_metres(100_000),
            })
            .collect(),
        speed: Speed::ZERO,
    };
    let mut run = City::new(&city);
    let mut street = VirtualStreet::new(map, StreetConfig::default());
    for tick in 0..16_000_u64 {
        let now = Mono::from_ms(tick * 100);
        run.step(now);
        street.step(now, &run.lamps);
        if tick == 6000 {
            street.dispatch(&order).unwrap();
        }
    }
    let free = street.free_flow_travel(&order).unwrap();
    let drive = street.drives().next().unwrap().clone();
    let travel = drive.arrived.expect("arrives").since(drive.departed);
    println!(
        "free {free} travel {travel} stops {} signals {}",
        drive.stops,
        drive.signals.len()
    );
    assert!(
        travel.as_ms() > free.as_ms() * 12 / 10,
        "{travel} against {free}"
    );
    assert!(drive.stops > 0);
    assert!(drive.signals.iter().any(|signal| !signal.green_at_arrival));
    assert!(
        drive
            .signals
            .iter()
            .all(|signal| signal.passed_at.is_some())
    );
}

/// The way straight on from a boundary road that passes most roads.
fn longest_straight(map: &StreetMap) -> Vec<RoadId> {
    let begins = map
        .roads
        .iter()
        .enumerate()
        .filter(|(_, road)| road.inflow_veh_h > 0.0);
    let ways = begins.map(|(at, _)| {
        let mut way = vec![RoadId::new(u32::try_from(at).unwrap())];
        while let Some(exit) = map.roads[way[way.len() - 1].index()]
            .exits
            .iter()
            .find(|exit| exit.turn == TurnKind::Through && !way.contains(&exit.road))
        {
            way.push(exit.road);
        }
        way
    });
    ways.max_by_key(Vec::len).unwrap()
}
