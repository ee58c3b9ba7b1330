//! The demo city in lockstep with SUMO: its own sites, with walkers who press and bicycles.

#![cfg(feature = "shell")]
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::path::Path;

use hil_tests::rig::{folder, peer};
use hil_tests::sumo::city::StreetCity;
use hil_tests::sumo::city_level::CityLevel;
use hil_tests::sumo::core::{Core, RuledCity};
use hil_tests::sumo::lockstep::{Lockstep, OurCity};
use hil_tests::sumo::rate_policy::RatePolicy;
use hil_tests::sumo::roads::Roads;
use hil_tests::sumo::run::{RunResult, RunSpec, make_run};
use hil_tests::sumo::sensing::Sensors;
use hil_tests::sumo::{Launch, SumoVersion, departures};

const BEGIN: u32 = 8 * 3600;
const END: u32 = BEGIN + 240;

struct Ground {
    city: StreetCity,
    roads: Roads,
    spec: RunSpec,
}

/// Four minutes of the demo city in `work`; none if SUMO is not there.
fn ground(work: &Path) -> Option<Ground> {
    let home = SumoVersion::V1_28_0.home(folder());
    let why = home.as_ref().err().map(ToString::to_string);
    assert!(peer("sumo city", why.as_deref()));
    let home = home.ok()?;
    let demo = folder().join("../signal-plans/ankang-demo");
    let city = StreetCity::open(&demo, (work, &home), (BEGIN, END)).unwrap();
    let again = StreetCity::open(&demo, (work, &home), (BEGIN, END)).unwrap();
    assert_eq!(city.net_file, again.net_file, "the network is made once");
    let routes = work.join("city.rou.xml");
    city.write_routes(1, &routes).unwrap();
    let roads = Roads::of(&city.net).unwrap();
    let ours = OurCity::of_folder(&city, CityLevel::Adaptive, BEGIN).unwrap();
    let spec = RunSpec {
        launch: Launch {
            version: SumoVersion::V1_28_0,
            home,
            net: city.net_file.clone(),
            routes: vec![routes],
            additional: Vec::new(),
            begin: BEGIN,
            seed: 1,
            scale: 1.0,
            work: work.to_owned(),
            more: Vec::new(),
        },
        end: END,
        sensors: Sensors::Resco,
        drain: false,
        stop_at_lockup: false,
        walk_bounds: ours.walk_bounds(&roads),
    };
    Some(Ground { city, roads, spec })
}

fn run<C: Core>(ground: &Ground, mut lockstep: Lockstep<C>) -> RunResult {
    let demand = departures(&ground.spec.launch.routes, (BEGIN, END)).unwrap();
    let net = &ground.city.net;
    let result = make_run(&ground.spec, &demand, (net, &mut lockstep), &mut |_| {}).unwrap();
    assert_eq!(result.referee, 0, "{:?}", lockstep.offences());
    let walkers = demand.walkers.len();
    assert!(walkers > 500, "{walkers}");
    let bicycles = demand.types.values().filter(|kind| *kind == "bicycle");
    assert!(bicycles.count() > 50);
    result
}

#[test]
fn the_demo_city_is_driven_with_its_walkers_and_bicycles() {
    let work = tempfile::tempdir().unwrap();
    let Some(ground) = ground(work.path()) else {
        return;
    };
    let sites = |level| OurCity::of_folder(&ground.city, level, BEGIN).unwrap();
    let whole = |level| {
        let sites = sites(level);
        Lockstep::new(&ground.city.net, &ground.roads, &sites, true).unwrap()
    };
    let ours = run(&ground, whole(CityLevel::AdaptiveEverywhere));
    assert!(ours.finished > 20, "{ours:?}");
    assert!(ours.walk_bound_left_s.unwrap() >= 0, "{ours:?}");
    assert!(ours.walk_wait_worst_s.unwrap() > 20, "{ours:?}");
    let (walks, rides) = (ours.walk_delay_s.unwrap(), ours.bicycle_delay_s.unwrap());
    assert!((5.0..40.0).contains(&walks), "{ours:?}");
    assert!((5.0..80.0).contains(&rides), "{ours:?}");

    let fixed = run(&ground, whole(CityLevel::Fixed));
    assert!(fixed.walk_bound_left_s.unwrap() >= 0, "{fixed:?}");
    assert!(
        ours.person_delay_s < fixed.person_delay_s,
        "{ours:?} {fixed:?}"
    );

    let ruled = sites(CityLevel::Adaptive);
    let core = RuledCity::new(&ruled.sites, RatePolicy::new);
    let on = (&ground.city.net, &ground.roads);
    let rate = run(
        &ground,
        Lockstep::with_core(core, on, &ruled, true).unwrap(),
    );
    assert!(rate.walk_bound_left_s.unwrap() >= 0, "{rate:?}");
}
