//! Plans made of a route and checked sites.

use super::*;
use crate::plan::{Approach, CheckedSite, Emergency, Schedule, SiteKind};
use crate::signal::{
    AspectStep, AspectSteps, Conflicts, FallbackShow, GroupKind, GroupTiming, Indication,
    SafetyTable, StartUp,
};

fn checked(emergency: Emergency) -> Arc<CheckedSite> {
    let amber = AspectStep {
        show: Indication::Amber,
        lasts: Millis::from_secs(3),
    };
    let timing = GroupTiming {
        kind: GroupKind::Vehicle,
        gain: AspectSteps::NONE,
        lose: AspectSteps::new(&[amber]).unwrap(),
        green_min: Millis::from_secs(10),
        green_max: Millis::from_secs(60),
        red_min: Millis::from_secs(1),
        wait_max: Millis::from_secs(120),
    };
    let start_up = StartUp {
        flash: Millis::from_secs(10),
        all_red: Millis::from_secs(5),
    };
    let readback = (Millis::new(300), Millis::new(800));
    let conflicts = Conflicts::all_compatible(1);
    let fallback = FallbackShow::FlashAmber;
    let safety = SafetyTable::new(&[timing], conflicts, start_up, fallback, readback).unwrap();
    Arc::new(CheckedSite {
        id: "J01".into(),
        name_zh: "甲".into(),
        name_en: "A".into(),
        kind: SiteKind::Junction,
        safety: Arc::new(safety),
        groups: Vec::new(),
        stages: Vec::new(),
        yields: Vec::new(),
        left_yields: Vec::new(),
        approaches: vec![Approach {
            name: "W".into(),
            road: "R1".into(),
            groups: MAIN,
            emergency,
            lanes: Vec::new(),
            riders: None,
        }],
        detectors: Vec::new(),
        plans: Vec::new(),
        schedule: Schedule::default(),
        tuning: Arc::default(),
        corridor_wait_max: Millis::from_secs(110),
        corridor_red_max: Millis::from_secs(150),
        corridor_hold_max: Millis::from_secs(100),
    })
}

fn outline() -> RouteOutline {
    let leg = |road: &str, at: u32, site: Option<u16>| RouteLeg {
        stop: None,
        road: road.into(),
        id: crate::ids::RoadId::new(at),
        node: format!("N{at}"),
        arms: Vec::new(),
        ends_at: Length::from_metres(at),
        free_flow: Millis::new(at * 60),
        shadow: false,
        road_length: Length::from_metres(500),
        site: site.map(SiteId::new),
    };
    let point = |m: u32| RoutePoint {
        x_m: f64::from(m),
        y_m: 0.0,
        at: Length::from_metres(m),
    };
    RouteOutline {
        legs: vec![
            leg("R1", 500, Some(0)),
            leg("R1", 1_000, Some(1)),
            leg("R9", 1_500, Some(0)),
            leg("R2", 2_000, None),
        ],
        line: vec![point(0), point(2_000)],
        side_ways: Vec::new(),
        datum_shift_m: (0.0, 0.0),
        beyond: None,
        length: Length::from_metres(2_000),
        free_flow: Millis::from_secs(120),
    }
}

fn request() -> PlanRequest {
    PlanRequest {
        corridor: AMBULANCE,
        revision: 1,
        vehicle: "V1".into(),
        asked_by: AskedBy::default(),
        class: ServiceClass::Ambulance,
        preempts: true,
        priority: 1,
        convoy: Length::from_metres(7),
        pace_percent: 120,
        expires: secs(600),
        departs: None,
    }
}

#[test]
fn every_signal_on_the_way_becomes_a_crossing() {
    let sites = [
        checked(Emergency::Groups(MAIN)),
        checked(Emergency::None("tram".into())),
    ];
    let made = plan_corridor(&outline(), &sites, request()).unwrap();
    let held: Vec<bool> = made.crossings.iter().map(Crossing::can_be_held).collect();
    // The second states none; the third comes in by a road its site does not know.
    assert_eq!(held, [true, false, false]);
    let first = &made.crossings[0];
    assert_eq!(first.stop_line_at, Length::from_metres(485));
    assert_eq!(first.passed_at, Length::from_metres(507));
    assert_eq!(first.hold_max, Millis::from_secs(100));
    assert_eq!(first.exit_road.as_deref(), Some("R1"));
    assert!(first.decision_at < first.stop_line_at);
    assert_eq!(made.free_flow, Millis::from_secs(100));
    assert_eq!(made.speed, Speed::from_mm_per_s(20_000));
    assert_eq!(first.free_flow, Millis::new(24_250));
}

#[test]
fn a_route_without_signals_or_length_is_refused() {
    let mut bare = outline();
    bare.legs.retain(|leg| leg.site.is_none());
    let refused = plan_corridor(&bare, &[], request());
    assert_eq!(refused.unwrap_err(), PlanRefusal::NoSignals);
    let mut empty = outline();
    empty.length = Length::ZERO;
    let refused = plan_corridor(&empty, &[], request());
    assert_eq!(refused.unwrap_err(), PlanRefusal::NoLength);
}

#[test]
fn a_crossing_that_states_none_is_never_held() {
    let sites = [
        checked(Emergency::Groups(MAIN)),
        checked(Emergency::None("tram".into())),
    ];
    let made = plan_corridor(&outline(), &sites, request()).unwrap();
    let mut world = World::new(vec![made]);
    world.drive("V1", 0.0, 40);
    assert_eq!(world.step_of(1), None);
    assert_eq!(world.state(AMBULANCE, 1), CrossingState::Unavailable);
    assert_eq!(world.view(AMBULANCE, 0).green_at_decision, Some(true));
}

#[test]
fn a_signal_behind_the_destination_is_named_if_it_is_near_and_can_be_held() {
    let sites = [
        checked(Emergency::Groups(MAIN)),
        checked(Emergency::None("tram".into())),
    ];
    let beyond = |m: u32, id: u16, preempts: bool| {
        let mut route = outline();
        let mut leg = route.legs[0].clone();
        (leg.ends_at, leg.site) = (route.length + Length::from_metres(m), Some(SiteId::new(id)));
        route.beyond = Some(leg);
        let request = PlanRequest {
            preempts,
            ..request()
        };
        plan_corridor(&route, &sites, request).unwrap().beyond
    };
    let named = beyond(100, 0, true).unwrap();
    assert_eq!(named.site, SiteId::new(0));
    assert_eq!(named.stop_line_at, Length::from_metres(2_085));
    assert_eq!(named.exit_road, None);
    assert!(beyond(165, 0, true).is_some() && beyond(166, 0, true).is_none());
    assert_eq!(beyond(100, 0, false), None, "an escort only has priority");
    assert_eq!(beyond(100, 1, true), None, "it states no emergency green");
}
