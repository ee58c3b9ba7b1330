//! Two branches of one city differ in what they are told, and in nothing else.

#![expect(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::path::Path;
use std::sync::Arc;

use greenwave::controller::{City, CycleInputs};
use greenwave::corridor::{AskedBy, CorridorPlan, PlanRequest, ServiceClass, Settings};
use greenwave::ids::CorridorId;
use greenwave::journal::worth::worth;
use greenwave::network::{LatLon, Position, RoadGraph, VehicleSize};
use greenwave::plan::{CheckedCity, CityFiles, Datum, load_city};
use greenwave::shell::planner::Planner;
use greenwave::shell::report::{ReportData, corridors_in, csv, page, sums};
use greenwave::shell::store::read_city_folder;
use greenwave::shell::twin::{Branch, Twin};
use greenwave::shell::virtual_city::VirtualCity;
use greenwave::sim::Dispatch;
use greenwave::units::{CivilTime, Date, Length, Millis, Mono, TICK};

const EIGHT: u32 = 8 * 3600;
const VEHICLE: &str = "T1";

fn civil(now: Mono) -> CivilTime {
    CivilTime {
        date: Date {
            year: 2026,
            month: 11,
            day: 23,
        },
        second_of_day: EIGHT + u32::try_from(now.as_ms() / 1000).unwrap(),
    }
}

struct Town {
    planner: Planner,
    city: City,
    world: VirtualCity,
    now: Mono,
}

/// The demo city, driven for two minutes.
fn town() -> Town {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../signal-plans/ankang-demo");
    let files = read_city_folder(&folder).unwrap();
    let map: CityFiles = files.iter().cloned().collect();
    let checked: CheckedCity = load_city(&map).unwrap();
    let origin = LatLon {
        lat_deg: 32.69,
        lon_deg: 109.02,
    };
    let network = files.iter().find(|(name, _)| name == "network.geojson");
    let network = network.map(|(_, text)| text.as_str()).unwrap();
    let graph = RoadGraph::load("network.geojson", network, origin, Datum::Wgs84).unwrap();
    let mut world = VirtualCity::new(&checked, &graph, &files, (7, EIGHT)).unwrap();
    let mut city = City::new(
        checked.sites.clone().into(),
        Settings::default(),
        Mono::ZERO,
    );
    let mut now = Mono::ZERO;
    while now < Mono::from_ms(120_000) {
        now = now + TICK;
        let mut commands = Vec::new();
        world.step(now, &mut commands);
        city.cycle(&CycleInputs {
            now,
            civil: civil(now),
            fields: world.fields(),
            commands: &commands,
        });
        world.show(&city);
    }
    let planner = Planner {
        city: checked.into(),
        graph: graph.into(),
    };
    Town {
        planner,
        city,
        world,
        now,
    }
}

/// The demo's mission: from the far end of R-J17-J08 to hospital H1.
fn mission(town: &Town) -> (Arc<CorridorPlan>, Dispatch) {
    let graph = &town.planner.graph;
    let road = graph.road_by_name("R-J17-J08").unwrap();
    let from = Position::Road(road, Length::from_metres(5));
    let to = Position::Place(graph.place_by_name("H1").unwrap());
    let route = town
        .planner
        .route((from, to), VehicleSize::default())
        .unwrap();
    let request = PlanRequest {
        corridor: CorridorId::new(1),
        revision: 1,
        vehicle: VEHICLE.to_owned(),
        asked_by: AskedBy::default(),
        class: ServiceClass::Ambulance,
        preempts: true,
        priority: 1,
        convoy: Length::from_metres(6),
        pace_percent: 120,
        expires: town.now + Millis::from_secs(1200),
        departs: None,
    };
    let plan = town.planner.corridor(&route, request).unwrap();
    let order = Dispatch::along(graph, &route, VEHICLE, ServiceClass::Ambulance);
    (Arc::new(plan), order)
}

#[test]
fn branches_differ_in_the_key_alone() {
    let town = town();
    let (plan, order) = mission(&town);
    let fields = town.world.fields().to_vec();
    let (street, _) = town.world.clone().into_street();
    let twin = Twin::branch(
        town.city.clone(),
        fields,
        street,
        (town.now, civil(town.now)),
    );
    let (departs, time) = (Millis::from_secs(8), Millis::from_secs(240));
    let without = twin.clone().run(None, (&order, departs), time);
    let again = twin.clone().run(None, (&order, departs), time);
    assert_eq!(without, again, "a branch is the same every time");
    let with_key = twin.run(Some(plan), (&order, departs), time);
    let quick = with_key.travel.unwrap();
    assert!(
        without.travel.is_none_or(|slow| quick < slow),
        "{with_key:?} against {without:?}"
    );
}

/// A run with its journal, and its account.
fn run_and_account() -> (Branch, Branch, Vec<u8>) {
    let town = town();
    let (plan, order) = mission(&town);
    let fields = town.world.fields().to_vec();
    let (street, _) = town.world.clone().into_street();
    let at = (town.now, civil(town.now));
    let twin = Twin::branch(town.city.clone(), fields, street, at);
    let (departs, time) = (Millis::from_secs(8), Millis::from_secs(240));
    let without = twin.clone().run(None, (&order, departs), time);
    let (with_key, journal) = twin.run_recorded(Some(plan), (&order, departs), time);
    (with_key, without, journal)
}

#[test]
fn a_journal_proves_what_its_corridor_was_worth() {
    let (with_key, without, journal) = run_and_account();
    let journal = [journal];
    let made = worth(&journal, CorridorId::new(1)).unwrap();
    let saved = made.saved_ms.unwrap();
    assert!(saved.low < saved.value && saved.value < saved.high);
    assert!(saved.value > 10_000, "{saved:?}");
    if let (Some(quick), Some(slow)) = (with_key.travel, without.travel) {
        let came = i64::from(slow.as_ms()) - i64::from(quick.as_ms());
        assert!((saved.value - came).abs() < 60_000, "{saved:?} {came}");
    }
    let paid = made.paid_vehicle_s;
    assert!(paid.low <= paid.value && paid.value <= paid.high);
    assert_eq!(
        worth(&journal, CorridorId::new(1)).unwrap(),
        made,
        "the same every time"
    );

    let report = ReportData::new(&made);
    assert_eq!(report.vehicle, VEHICLE);
    assert!(report.passed > 0);
    let kinds: Vec<&str> = report.exemptions.iter().map(|one| one.kind).collect();
    assert!(
        kinds.contains(&"made_way") && kinds.contains(&"kept_red"),
        "{kinds:?}"
    );
    let page = page(&report);
    assert!(page.contains("<svg") && page.contains("saved") && page.contains("节省"));
    assert!(!page.contains("<script") && !page.contains("style=\""));
    let table = csv(&report.exemptions);
    assert_eq!(table.lines().count(), report.exemptions.len() + 1);

    let known = corridors_in(&journal).unwrap();
    assert_eq!(known, [CorridorId::new(1)]);
    let nobody = worth(&journal, CorridorId::new(7)).unwrap_err();
    assert!(nobody.to_string().contains("opens no corridor"), "{nobody}");
    let all = sums(&[report.clone(), report], |report| report.route.clone());
    assert_eq!((all.len(), all[0].runs), (1, 2));
}

#[test]
fn other_ways_lead_elsewhere_and_are_not_much_longer() {
    let town = town();
    let graph = &town.planner.graph;
    let to = Position::Place(graph.place_by_name("H1").unwrap());
    let (mut asked, mut with_others) = (0, 0);
    for (road, _) in graph.roads().step_by(7) {
        let from = Position::Road(road, Length::from_metres(1));
        let ends = (from, to);
        let Ok(ways) = town.planner.routes(ends, VehicleSize::default(), 3) else {
            continue;
        };
        asked += 1;
        with_others += u32::from(ways.len() > 1);
        assert!(ways.len() <= 4, "{}", ways.len());
        let best = &ways[0];
        for other in &ways[1..] {
            assert_ne!(best.roads, other.roads);
            assert!(other.free_flow >= best.free_flow);
            assert!(other.free_flow.as_ms() <= best.free_flow.as_ms() * 3 / 2);
        }
    }
    assert!(
        with_others * 5 >= asked,
        "{with_others} of {asked} have another way"
    );
}
