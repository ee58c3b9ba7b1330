//! Two branches of one city differ in what they are told, and in nothing else.

#![expect(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::path::Path;
use std::sync::Arc;

use greenwave::controller::{City, CycleInputs};
use greenwave::corridor::{AskedBy, CorridorPlan, PlanRequest, ServiceClass, Settings};
use greenwave::ids::CorridorId;
use greenwave::network::{LatLon, Position, RoadGraph, VehicleSize};
use greenwave::plan::{CheckedCity, CityFiles, Datum, load_city};
use greenwave::shell::planner::Planner;
use greenwave::shell::store::read_city_folder;
use greenwave::shell::twin::Twin;
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
        depart: false,
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
