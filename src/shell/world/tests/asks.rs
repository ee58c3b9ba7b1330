//! From what a caller asks to a route, or to a refusal that names the field.

use super::super::planning::Planned;
use super::*;
use crate::corridor::Paces;
use crate::journal::worth::Lesson;
use crate::shell::dispatch::request::{Datum, GeoPoint, Stretch};
use crate::shell::dispatch::world::{PositionFix, PreviewRequest};
use crate::shell::learned::{Kind, Learned, Town, read};

/// A point of the city's metre grid, as a request states it.
fn at(rig: &Rig, x_m: f64, y_m: f64) -> GeoPoint {
    GeoPoint {
        at: statics::on_map(&rig.world.planner().graph, PlanarPoint { x_m, y_m }),
        datum: Datum::Wgs84,
    }
}

/// A point on a road of the demo city.
fn on_road(rig: &Rig, road: &str, along_m: u32) -> GeoPoint {
    let graph = &rig.world.planner().graph;
    let road = graph.road_by_name(road).unwrap();
    let point = graph.point_on(road, Length::from_metres(along_m)).unwrap();
    at(rig, point.x_m, point.y_m)
}

/// What the key would run, without pressing it: nothing here waits for a picture.
fn planned(rig: &Rig, request: &CorridorRequest) -> Planned {
    let picture = rig.world.newest().unwrap();
    let ask = rig.world.ask_of_request(request, &picture).unwrap();
    rig.world.plan(&ask, CorridorId::default()).unwrap()
}

fn way(rig: &Rig, request: &CorridorRequest) -> Vec<String> {
    let graph = &rig.world.planner().graph;
    let route = planned(rig, request).route;
    let roads = route.roads.iter();
    roads
        .map(|road| graph.road(*road).unwrap().id.clone())
        .collect()
}

fn refused(rig: &Rig, request: &CorridorRequest) -> (&'static str, String) {
    let refusal = rig.world.open(request, &somebody()).unwrap_err();
    assert_eq!(refusal.class, RefusalClass::Unprocessable, "{refusal:?}");
    assert!(!refusal.allowed.unwrap().is_empty());
    (refusal.code, refusal.field.unwrap())
}

/// From the south end of the First Han Bridge to the fire station north of it.
fn over_the_river(rig: &Rig, vehicle: &str, service: ServiceClass) -> CorridorRequest {
    let mut asked = request();
    vehicle.clone_into(&mut asked.vehicle.id);
    asked.service = service;
    asked.origin = Origin::At(on_road(rig, "R-P09-J11", 50));
    asked.destination = Destination::Place("F1".to_owned());
    asked
}

/// On a real street a vehicle that reports nothing is nowhere; only a virtual street knows where it
/// was put.
#[test]
fn a_live_origin_needs_a_position() {
    let rig = Rig::over(false);
    let none = ("no-position", "origin".to_owned());
    assert_eq!(refused(&rig, &request()), none);
    let picture = rig.world.newest().unwrap();
    let fix = PositionFix {
        vehicle: "A120".to_owned(),
        t_fix_ms: unix_ms_of(&picture),
        seq: 1,
        at: on_road(&rig, "R-P09-J11", 50),
        speed_mps: 10.0,
        heading_deg: 90.0,
    };
    rig.world.fix(&fix, &somebody()).unwrap();
    assert_eq!(way(&rig, &request())[0], "R-P09-J11");
    assert_eq!(way(&Rig::start(), &request())[0], "R-J17-J08");
}

/// The ladder weighs 33 t and the bridge carries 20 t; the crane is too heavy for every bridge.
#[test]
fn a_heavy_vehicle_drives_around_a_weak_bridge_or_is_refused() {
    let rig = Rig::start();
    let (bridge, fire) = ("R-J11-J02".to_owned(), ServiceClass::Fire);
    let light = way(&rig, &over_the_river(&rig, "F119", fire));
    assert!(light.contains(&bridge), "{light:?}");
    let heavy = way(&rig, &over_the_river(&rig, "F120", fire));
    assert!(!heavy.contains(&bridge), "{heavy:?}");
    assert!(heavy.contains(&"R-J14-J05".to_owned()), "{heavy:?}");
    let crane = over_the_river(&rig, "R302", ServiceClass::Rescue);
    let limits = ("limits-exceeded", "vehicle.id".to_owned());
    assert_eq!(refused(&rig, &crane), limits);
    let preview = PreviewRequest {
        vehicle: "R302".to_owned(),
        origin: crane.origin,
        destination: crane.destination,
        lights_siren: true,
    };
    let refusal = rig.world.preview(&preview).unwrap_err();
    assert_eq!(refusal.code, "limits-exceeded");
    assert_eq!(refusal.field.as_deref(), Some("vehicle_id"));
}

#[test]
fn a_vehicle_that_is_not_listed_is_blamed_by_the_field_that_names_it() {
    let rig = Rig::start();
    let mut asked = request();
    asked.vehicle.id = "X1".to_owned();
    let unknown = ("no-such-vehicle", "vehicle.id".to_owned());
    assert_eq!(refused(&rig, &asked), unknown);
    let preview = PreviewRequest {
        vehicle: "X1".to_owned(),
        origin: asked.origin,
        destination: asked.destination,
        lights_siren: true,
    };
    let refusal = rig.world.preview(&preview).unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("vehicle_id"));
}

#[test]
fn ends_off_the_road_or_in_the_water_are_refused_by_name() {
    let rig = Rig::start();
    let to = |x_m, y_m| CorridorRequest {
        destination: Destination::At(at(&rig, x_m, y_m), String::new()),
        ..request()
    };
    let destination = "destination".to_owned();
    // Between two bridges.
    assert_eq!(
        refused(&rig, &to(600.0, 0.0)),
        ("in-water", destination.clone())
    );
    let refusal = rig.world.open(&to(600.0, 0.0), &somebody()).unwrap_err();
    assert!(refusal.detail.contains("Han River"), "{}", refusal.detail);
    assert_eq!(
        refused(&rig, &to(0.0, 3000.0)),
        ("no-road-there", destination)
    );
    let from = CorridorRequest {
        origin: Origin::At(at(&rig, 0.0, 3000.0)),
        ..request()
    };
    assert_eq!(refused(&rig, &from), ("off-road", "origin".to_owned()));
}

fn step(site: &str, approach: &str, movement: &str) -> Stretch {
    Stretch {
        site: site.to_owned(),
        approach: approach.to_owned(),
        movement: movement.to_owned(),
    }
}

/// The fastest way turns left at J08; somebody who wants it straight on gets it straight on.
#[test]
fn a_prescribed_route_is_driven() {
    let rig = Rig::start();
    let own = way(&rig, &request());
    assert!(own.contains(&"R-J08-P07".to_owned()), "{own:?}");
    let prescribed = CorridorRequest {
        route: vec![step("J08", "S", "through"), step("J25", "S", "left")],
        ..request()
    };
    let way = way(&rig, &prescribed);
    let begins = ["R-J17-J08", "R-J08-P38", "R-P38-J25", "R-J25-P22"];
    assert_eq!(way[..4], begins, "{way:?}");
    assert_eq!(way.last(), own.last());
}

#[test]
fn a_route_over_what_does_not_exist_is_refused_by_its_field() {
    let rig = Rig::start();
    let cases = [
        (step("J99", "S", "through"), "route[1].intersection"),
        (step("J25", "Q", "through"), "route[1].approach"),
        (step("J25", "S", "u-turn"), "route[1].movement"),
    ];
    for (bad, field) in cases {
        let asked = CorridorRequest {
            route: vec![step("J08", "S", "through"), bad],
            ..request()
        };
        assert_eq!(refused(&rig, &asked), ("no-such-turn", field.to_owned()));
    }
    // J24 can only be entered from the south by a way round the block.
    let round = CorridorRequest {
        route: vec![step("J25", "S", "left"), step("J24", "S", "left")],
        ..request()
    };
    let twice = ("route-goes-round", "route".to_owned());
    assert_eq!(refused(&rig, &round), twice);
}

/// Who preempts stands in city.toml, and nobody does without light and siren.
#[test]
fn a_class_preempts_if_the_city_says_so() {
    let rig = Rig::start();
    assert!(planned(&rig, &request()).plan.preempts);
    let quiet = CorridorRequest {
        lights_siren: false,
        ..request()
    };
    assert!(!planned(&rig, &quiet).plan.preempts);
    let strict = Rig::with(true, None, Arc::default(), |city| {
        for class in &mut city.classes {
            class.preempts = false;
        }
    });
    assert!(!planned(&strict, &request()).plan.preempts);
}

#[test]
fn who_pressed_and_why_goes_into_the_plan() {
    let rig = Rig::start();
    let by = planned(&rig, &request()).plan.asked_by;
    assert_eq!(
        (by.operator.as_str(), by.incident.as_str()),
        ("op-1", "inc-1")
    );
}

#[test]
fn the_signal_behind_a_hospitals_gate_is_in_the_plan() {
    let rig = Rig::start();
    let to_hospital = CorridorRequest {
        destination: Destination::Place("H1".to_owned()),
        ..request()
    };
    let plan = planned(&rig, &to_hospital).plan;
    let beyond = plan.beyond.as_ref().unwrap();
    let sites = &rig.world.planner().city.sites;
    assert_eq!(sites[beyond.site.index()].id, "J04");
    assert_eq!(beyond.entry_road, "R-P04-J04");
    assert!(
        plan.crossings
            .iter()
            .all(|one| one.entry_road != beyond.entry_road)
    );
    let rest_m = (beyond.stop_line_at - plan.length).as_mm() / 1000;
    assert!((20..=150).contains(&rest_m), "{rest_m} m");
}

/// A station that is started again shows what the runs before it have taught.
#[test]
fn previews_are_corrected_by_what_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("learned.json");
    let ask = PreviewRequest {
        vehicle: "A120".to_owned(),
        origin: Origin::Live,
        destination: Destination::Place("H1".to_owned()),
        lights_siren: true,
    };
    let first = Rig::start();
    let graph = &first.world.planner().graph;
    let town = Town {
        id: "ankang-demo",
        graph,
    };
    let before = first.world.preview(&ask).unwrap();
    // Every run came half as late again as the model says, one in five twice as late.
    let mut learned = Learned::default();
    for run in 0..60 {
        let late = if run % 5 == 0 { 1_000 } else { 500 };
        learned.learn(Kind::Emergency, Lesson::Late(late));
    }
    Lessons::new(learned, path.clone(), "ankang-demo").write(&Paces::default(), graph);
    let (kept, _) = read(&path, town).unwrap().unwrap();
    drop(first);

    let again = Rig::taught(Lessons::new(kept, path, "ankang-demo"));
    let after = again.world.preview(&ask).unwrap();
    // A city nobody has driven in begins with 3 %.
    let slower = after.with_key_s / before.with_key_s;
    assert!((1.35..1.55).contains(&slower), "{slower}");
    let late = after.arrival.with_key_p90_s / after.with_key_s;
    assert!((1.30..1.37).contains(&late), "{late}");
    assert!(after.arrival.without_key_p90_s >= after.arrival.with_key_p90_s);
    // What is saved is as it was, and all that is shown agrees with it.
    let difference = after.without_key_s - after.with_key_s;
    assert!((difference - (before.without_key_s - before.with_key_s)).abs() < 15.0);
    let last = after.crossings.last().unwrap();
    assert!(last.eta_s <= after.with_key_s && last.eta_s <= last.eta_p90_s);
    assert!(
        after
            .alternatives
            .iter()
            .all(|one| one.with_key_s > one.free_flow_s * 1.4)
    );
    assert_eq!((before.runs, after.runs), (0, 60));
    let shown = again.world.snapshot().status.learned;
    assert_eq!(
        (shown.emergency.runs, shown.emergency.p50_per_mille),
        (60, 500)
    );
    assert_eq!(
        (shown.emergency.p90_per_mille, shown.other.runs),
        (1_000, 0)
    );
}
