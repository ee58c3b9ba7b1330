//! Two branches of one city differ in what they are told, and in nothing else.

#![expect(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::path::Path;
use std::sync::Arc;

use greenwave::controller::{City, CycleInputs};
use greenwave::corridor::{
    AskedBy, CorridorPlan, MissionState, Paces, PlanRequest, ServiceClass, Settings,
};
use greenwave::ids::CorridorId;
use greenwave::journal::worth::{Lesson, Untaught, Worth, lesson, worth};
use greenwave::journal::{ReplayStep, replay};
use greenwave::network::{LatLon, Position, RoadGraph, VehicleSize};
use greenwave::plan::{CheckedCity, CityFiles, Datum, load_city};
use greenwave::shell::learned::{Kind, Learned, Lessons};
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

    teaches(&made, with_key.travel.unwrap());
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

/// What a run teaches, as it was and as it might have been.
fn teaches(made: &Worth, travel: Millis) {
    let said = &made.said;
    let late_of = |taught| match taught {
        Lesson::Late(late) => Some(late),
        Lesson::AtLeast(_) | Lesson::Nothing(_) => None,
    };
    let least_of = |taught| match taught {
        Lesson::AtLeast(bound) => Some(bound),
        Lesson::Late(_) | Lesson::Nothing(_) => None,
    };
    let late = late_of(lesson(said, &made.record)).unwrap();
    // The street's own drive, to the destination and not to the last signal, is as late as the journal's.
    let stated = i64::from(said.with_key.as_ms());
    let whole = (i64::from(travel.as_ms()) - stated) * 1000 / stated;
    assert!((whole - i64::from(late)).abs() < 100, "{whole} and {late}");

    let lessons = Lessons::default();
    lessons.take(made);
    lessons.take(made);
    let mut once = Learned::default();
    assert!(once.learn(Kind::Emergency, Lesson::Late(late)));
    assert_eq!(lessons.learned(), once, "the same run teaches once");

    let other = |change: &dyn Fn(&mut Worth)| {
        let mut other = made.clone();
        change(&mut other);
        lesson(&other.said, &other.record)
    };
    let nothing = |why| Lesson::Nothing(why);
    // However it ends once the last signal is passed, its arrival is known.
    let ended = other(&|it| it.record.state = MissionState::Cancelled);
    assert_eq!(ended, Lesson::Late(late));
    let runs = other(&|it| it.record.state = MissionState::Active);
    assert_eq!(runs, nothing(Untaught::StillRuns));
    let elsewhere = other(&|it| it.record.rerouted.push(it.record.opened));
    assert_eq!(elsewhere, nothing(Untaught::OtherWay));
    let stood = other(&|it| it.record.departed = None);
    assert_eq!(stood, nothing(Untaught::NotFromStart));
    let seen_late = other(&|it| {
        it.record
            .track
            .retain(|one| one.along > Length::from_metres(150));
    });
    assert_eq!(seen_late, nothing(Untaught::NotFromStart));

    // Cut short when it had driven half of the way: as long as it was seen, and the rest at free flow.
    let cut = |it: &mut Worth| {
        it.record.state = MissionState::Expired;
        it.record.track.truncate(it.record.track.len() / 2);
        it.record.seen = it.record.track.last().map(|one| one.at);
        it.record.signals.last_mut().unwrap().passed_at = None;
    };
    let bound = least_of(other(&cut)).unwrap();
    assert!(bound <= late, "{bound} is a bound of {late}");
    let lost = other(&|it| {
        cut(it);
        it.record.state = MissionState::Failed;
    });
    assert_eq!(lost, nothing(Untaught::Lost));
    // Half as long again at the same place: late, whatever would have come.
    let held_up = other(&|it| {
        cut(it);
        it.record.seen = it.record.seen.map(|seen| seen + said.with_key);
    });
    let far = least_of(held_up).unwrap();
    assert!(far > bound + 800, "{far} after {bound}");
}

/// Speeds that an earlier run of the program has learned decide when locks begin: they are in the
/// journal's snapshot, so that it replays to the last bit.
#[test]
fn a_city_that_begins_with_learned_speeds_replays() {
    let mut town = town();
    let (plan, order) = mission(&town);
    let mut paces = Paces::default();
    for link in plan.links.iter() {
        for _ in 0..20 {
            paces.learn(link.road, ServiceClass::Ambulance, 1_400);
        }
    }
    let fields = town.world.fields().to_vec();
    let (street, _) = town.world.clone().into_street();
    let at = (town.now, civil(town.now));
    let time = Millis::from_secs(60);
    let run = |city: City| {
        let twin = Twin::branch(city, fields.clone(), street.clone(), at);
        let drive = (&order, Millis::from_secs(8));
        twin.run_recorded(Some(Arc::clone(&plan)), drive, time).1
    };
    let plain = run(town.city.clone());
    town.city = town.city.with_paces(paces);
    let slower = run(town.city);
    let last_eta = |journal: &[u8]| {
        let mut eta = Mono::ZERO;
        let watch = |step: &ReplayStep<'_>| {
            let corridors = step.city.corridors();
            if let Some(mission) = corridors.mission(CorridorId::new(1)) {
                eta = mission
                    .view(step.inputs.now, corridors)
                    .crossings
                    .last()
                    .unwrap()
                    .eta;
            }
        };
        replay(journal, watch).unwrap();
        eta
    };
    assert!(last_eta(&slower) > last_eta(&plain) + Millis::from_secs(3));
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
