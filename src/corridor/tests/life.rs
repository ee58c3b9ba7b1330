//! Plans, revisions, deadlines, twins and previews.

use super::several::crossing_engine;
use super::*;

#[test]
fn a_late_start_is_said_and_not_hidden() {
    let mut world = World::new(vec![plan(AMBULANCE, 2)]);
    world.fix("V1", 500.0, 15_000);
    world.run(1);
    world.fix("V1", 515.0, 15_000);
    world.run(1);
    // 85 m are 4 s; change, margin and braking need 16 s.
    let late = world.view(AMBULANCE, 0).late_by.as_ms();
    assert!((11_000..13_500).contains(&late), "late by {late} ms");
    assert_eq!(world.view(AMBULANCE, 1).late_by, Millis::ZERO);
}

#[test]
fn a_new_revision_keeps_shared_holds_and_drops_the_rest() {
    let mut world = World::new(vec![plan(AMBULANCE, 3)]);
    let x = world.drive("V1", 0.0, 24);
    let held = world.view(AMBULANCE, 0).held;
    assert!(world.step_of(0).is_some() && world.step_of(1).is_some());
    let mut next = plan(AMBULANCE, 1);
    assert_eq!(
        world.corridors.replace(next.clone(), world.now),
        Err(ActRefusal::NotNewer)
    );
    next.revision = 2;
    assert_eq!(world.corridors.replace(next, world.now), Ok(()));
    world.drive("V1", x, 1);
    assert!(world.step_of(0).is_some());
    assert_eq!(world.step_of(1), None);
    assert!(world.view(AMBULANCE, 0).held > held);
    assert_eq!(world.mission(AMBULANCE).plan().revision, 2);
}

#[test]
fn the_corridor_ends_at_its_deadline() {
    let mut short = plan(AMBULANCE, 3);
    short.expires = secs(24);
    let mut world = World::new(vec![short]);
    world.drive("V1", 0.0, 23);
    assert!(world.step_of(0).is_some());
    world.run(2);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Expired);
    assert!((0..3).all(|at| world.step_of(at).is_none()));
}

#[test]
fn a_plan_that_cannot_run_is_refused() {
    let mut corridors = Corridors::default();
    let now = secs(10);
    let mut late = plan(AMBULANCE, 1);
    late.expires = secs(10);
    assert_eq!(corridors.open(late, now), Err(OpenRefusal::AlreadyExpired));
    let mut long = plan(AMBULANCE, 1);
    long.expires = secs(4_000);
    let too_long = OpenRefusal::TooLong(Millis::from_secs(3_600));
    assert_eq!(corridors.open(long, now), Err(too_long));
    assert_eq!(
        corridors.open(plan(AMBULANCE, 0), now),
        Err(OpenRefusal::NoSignals)
    );
    assert_eq!(corridors.open(plan(AMBULANCE, 1), now), Ok(()));
    assert_eq!(
        corridors.open(plan(AMBULANCE, 1), now),
        Err(OpenRefusal::AlreadyOpen(AMBULANCE))
    );
    let mut same = plan(ENGINE, 1);
    same.vehicle = "V1".into();
    assert_eq!(
        corridors.open(same, now),
        Err(OpenRefusal::VehicleBusy(AMBULANCE))
    );
}

#[test]
fn a_twin_runs_the_same_and_survives_the_journal() {
    let mut world = World::new(vec![crossing_engine(2), plan(AMBULANCE, 4)]);
    let x = world.drive("V1", 0.0, 22);
    let bytes = postcard::to_stdvec(&world.corridors).unwrap();
    let mut twin = world.clone();
    twin.corridors = postcard::from_bytes(&bytes).unwrap();
    for world in [&mut world, &mut twin] {
        world.fix("V2", 100.0, 9_000);
        world.drive("V1", x, 40);
    }
    assert_eq!(world.corridors, twin.corridors);
    assert_eq!(world.log, twin.log);
}

#[test]
fn the_preview_states_what_is_saved_and_what_it_costs() {
    let way = plan(AMBULANCE, 5);
    let mut board = Board::new(5);
    let settings = Settings::default();
    for signal in &mut board.signals {
        signal.others = OthersDemand {
            vehicles: 6,
            vehicles_per_hour: 600,
            walkers: 1,
            vehicle_wait_max: Millis::from_secs(20),
            walker_wait_max: Millis::from_secs(40),
        };
    }
    let quiet = preview(&way, &settings, &board, Mono::ZERO);
    // 60 of 90 s red: 20 s at each of five signals, and what a stop costs at two of three.
    let s = |time: Millis| time.as_ms() / 1000;
    let free = s(way.free_flow);
    assert!((free + 60..free + 180).contains(&s(quiet.without_key)));
    assert!((60..180).contains(&s(quiet.saved)), "{quiet:?}");
    assert!((free..free + 15).contains(&s(quiet.with_key)), "{quiet:?}");
    assert!(quiet.with_key <= quiet.with_key_p90 && quiet.without_key < quiet.without_key_p90);
    assert_eq!(quiet.advice, Advice::WorthIt);
    assert!((100..4_000).contains(&quiet.price_vehicle_s), "{quiet:?}");
    assert!(quiet.price_low_vehicle_s < quiet.price_vehicle_s);
    assert!(quiet.price_vehicle_s < quiet.price_high_vehicle_s);
    assert!(quiet.longest_wait.unwrap().wait > Millis::from_secs(40));
    let mut busy = board.clone();
    for signal in &mut busy.signals {
        signal.others.vehicles_per_hour = 1_800;
        signal.queue.vehicles_worst_lane = 5;
    }
    busy.signals[2].availability = Availability::Unavailable;
    let dear = preview(&way, &settings, &busy, Mono::ZERO);
    assert!(dear.price_vehicle_s > quiet.price_vehicle_s, "{dear:?}");
    assert_eq!(dear.unavailable, [site(2)]);
    assert!(dear.crossings[0].hold > quiet.crossings[0].hold);
    let mut near = way.clone();
    near.crossings = near
        .crossings
        .iter()
        .cloned()
        .map(|crossing| Crossing {
            free_flow: crossing.free_flow.saturating_sub(Millis::from_secs(25)),
            ..crossing
        })
        .collect();
    let late = preview(&near, &settings, &board, Mono::ZERO);
    assert!(matches!(late.advice, Advice::LateBy(by) if by > Millis::from_secs(10)));
}

/// No preview says that somebody waits longer than the bound that the site keeps for them.
#[test]
fn the_preview_names_no_wait_beyond_its_bound() {
    let way = plan(AMBULANCE, 1);
    let settings = Settings::default();
    let longest = |vehicle_s, walker_s| {
        let mut board = Board::new(1);
        board.signals[0].queue.vehicles_worst_lane = 20;
        board.signals[0].others = OthersDemand {
            vehicles: u16::from(vehicle_s > 0),
            walkers: u16::from(walker_s > 0),
            vehicle_wait_max: Millis::from_secs(vehicle_s),
            walker_wait_max: Millis::from_secs(walker_s),
            ..OthersDemand::default()
        };
        let longest = preview(&way, &settings, &board, Mono::ZERO).longest_wait;
        let longest = longest.unwrap();
        let s = |time: Millis| time.as_ms() / 1000;
        (longest.who, s(longest.wait), s(longest.bound))
    };
    assert_eq!(longest(0, 110), (Waiting::Walkers, 120, 120));
    assert_eq!(longest(170, 0), (Waiting::Vehicles, 180, 180));
    let (who, wait, bound) = longest(60, 0);
    assert_eq!((who, bound), (Waiting::Vehicles, 150));
    assert!(wait > 60 && wait < 150, "{wait}");
}

#[test]
fn the_clock_of_the_route_runs_between_the_crossings() {
    let way = plan(AMBULANCE, 2);
    assert_eq!(way.clock_at(Length::ZERO), Millis::ZERO);
    assert_eq!(
        way.clock_at(Length::from_metres(300)),
        Millis::from_secs(15)
    );
    assert_eq!(
        way.clock_at(Length::from_metres(800)),
        Millis::from_secs(40)
    );
    assert_eq!(way.clock_at(Length::from_metres(9_000)), way.free_flow);
}
