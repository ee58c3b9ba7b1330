//! The signal behind the destination.

use super::*;

/// Two signals 600 and 1,000 m on, the destination at 1,400 m, and a third signal 40 m behind it.
fn to_a_gate(corridor: CorridorId) -> CorridorPlan {
    let mut made = plan(corridor, 2);
    let last = made.crossings.last().unwrap();
    made.beyond = Some(Crossing {
        site: site(2),
        stop_line_at: made.length + Length::from_metres(40),
        passed_at: made.length + Length::from_metres(60),
        decision_at: made.length,
        free_flow: made.free_flow + Millis::from_secs(2),
        exit_road: None,
        ..last.clone()
    });
    made
}

/// With so many vehicles before the third signal.
fn queued(vehicles: u16) -> World {
    let mut world = World::new(vec![to_a_gate(AMBULANCE)]);
    world.board = Board::new(3);
    world.board.signals[2].queue = Queue {
        vehicles_worst_lane: vehicles,
        slow_worst_lane: vehicles,
        vehicles_total: vehicles,
        standing: vehicles > 0,
    };
    world
}

fn locks_of(world: &World, at: usize) -> usize {
    let is_lock = |event: &&CorridorEvent| matches!(event.what, What::Leased(id, _, LeaseStep::Lock) if id == site(at));
    world.log.iter().filter(is_lock).count()
}

#[test]
fn a_queue_that_stands_where_the_vehicle_is_going_is_let_go_in_time_and_no_longer() {
    let mut world = queued(8);
    let x = world.drive("V1", 0.0, 68);
    assert_eq!(world.step_of(2), Some(LeaseStep::Lock));
    let braking = Settings::default().braking_time(Speed::from_mm_per_s(20_000));
    // It would be at that stop line after 72 s; 18 s for the queue, and a second and a twelfth early.
    let lead = CHANGE + Millis::from_secs(18) + Settings::default().margin + braking;
    let start = Millis::from_secs(72 - 4).saturating_sub(lead);
    let off = i64::from(world.locked_at(2).since(Mono::ZERO).as_ms()) - i64::from(start.as_ms());
    assert!(off.abs() <= 3_000, "{off} ms away from {start}");
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Active);
    let shown = |world: &World| world.mission(AMBULANCE).view(world.now, &world.corridors);
    let held = shown(&world).beyond.unwrap();
    assert_eq!((held.site, held.groups), (site(2), MAIN));
    assert_eq!(
        shown(&world).crossings.len(),
        2,
        "it is no signal of the way"
    );
    world.drive("V1", x, 2);
    assert_eq!(shown(&world).beyond, None);
    assert_eq!(world.step_of(2), None);
    assert_eq!(world.ended(2), [LeaseEnd::Over]);
    let late = |event: &CorridorEvent| matches!(event.what, What::Late(id, _) if id == site(2));
    assert!(!world.log.iter().any(late), "it is no red on the way");
    world.run(3);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Completed);
}

#[test]
fn a_queue_that_ends_before_it_is_left_alone() {
    for vehicles in [0, 4] {
        let mut world = queued(vehicles);
        world.drive("V1", 0.0, 70);
        assert_eq!(locks_of(&world, 2), 0, "{vehicles} vehicles");
        assert!(
            world
                .log
                .iter()
                .all(|event| !matches!(event.what, What::Leased(id, ..) if id == site(2)))
        );
    }
    let mut world = queued(5);
    world.drive("V1", 0.0, 70);
    assert!(locks_of(&world, 2) > 0, "the next one would stand there");
}

#[test]
fn who_has_parked_or_is_not_heard_of_any_more_has_arrived() {
    let mut parked = queued(8);
    let x = parked.drive("V1", 0.0, 55);
    assert_eq!(parked.step_of(2), Some(LeaseStep::Lock));
    parked.board.signals[2].queue = Queue::default();
    let mut silent = parked.clone();
    parked.stand("V1", x, 58);
    assert_eq!(parked.mission(AMBULANCE).state(), MissionState::Active);
    parked.stand("V1", x, 4);
    silent.run(12);
    for world in [&mut parked, &mut silent] {
        assert_eq!(world.step_of(2), None);
        world.run(3);
        assert_eq!(world.mission(AMBULANCE).state(), MissionState::Completed);
    }
}

#[test]
fn who_stands_in_the_queue_has_not_parked_there() {
    let mut world = queued(8);
    world.board.signals[2].stuck = true;
    world.drive("V1", 0.0, 69);
    world.stand("V1", 1_376.0, 100);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Active);
    world.stand("V1", 1_376.0, 90);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Completed);
}

#[test]
fn who_turns_off_behind_the_last_signal_has_arrived_and_has_not_strayed() {
    let mut world = queued(8);
    let x = world.drive("V1", 0.0, 60);
    assert_eq!(world.step_of(2), Some(LeaseStep::Lock));
    for second in 1..8_u32 {
        let at = world.now;
        let (y_m, speed) = (f64::from(second) * 12.0, Speed::from_mm_per_s(12_000));
        world.corridors.fix(
            "V1",
            &Fix {
                at,
                x_m: x,
                y_m,
                speed,
            },
        );
        world.run(1);
    }
    assert_eq!(world.step_of(2), None);
    world.run(3);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Completed);
    assert!(
        !world
            .log
            .iter()
            .any(|event| matches!(event.what, What::Strayed))
    );
}

#[test]
fn nobody_has_arrived_by_dead_reckoning() {
    let mut world = queued(8);
    let x = world.drive("V1", 0.0, 66);
    // 1,320 m on; three seconds later it would be there, but it stands.
    world.run(3);
    assert_eq!(world.step_of(2), Some(LeaseStep::Lock));
    world.stand("V1", x - 10.0, 5);
    assert_eq!(world.step_of(2), Some(LeaseStep::Lock));
}

#[test]
fn nothing_is_begun_for_a_vehicle_that_may_be_there() {
    let mut world = queued(0);
    // Its positions come every 5 s.
    for x_m in (0..14_u32).map(|at| f64::from(at) * 100.0) {
        world.fix("V1", x_m, 20_000);
        world.run(5);
    }
    world.board.signals[2].queue = Queue {
        vehicles_worst_lane: 20,
        slow_worst_lane: 20,
        vehicles_total: 20,
        standing: true,
    };
    world.run(2);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Active);
    assert!(world.step_of(2).is_none());
    // Nor for one that is not heard of.
    let mut silent = queued(0);
    silent.drive("V1", 0.0, 45);
    silent.run(5);
    silent.board.signals[2].queue = world.board.signals[2].queue;
    silent.run(3);
    assert_eq!(silent.mission(AMBULANCE).state(), MissionState::Holding);
    assert!(silent.step_of(2).is_none());
}

#[test]
fn vehicles_that_only_may_follow_open_nothing() {
    let mut world = queued(0);
    world.board.signals[1].queue = Queue {
        vehicles_worst_lane: 14,
        slow_worst_lane: 14,
        vehicles_total: 14,
        standing: true,
    };
    world.drive("V1", 0.0, 50);
    assert_eq!(locks_of(&world, 2), 0);
}

#[test]
fn a_queue_that_ends_a_place_sooner_while_it_is_asked_for_is_still_the_same() {
    let mut world = queued(5);
    let mut x = 0.0;
    while world.step_of(2).is_none() {
        x = world.drive("V1", x, 1);
    }
    assert_eq!(world.step_of(2), Some(LeaseStep::Inhibit));
    world.board.signals[2].queue.vehicles_worst_lane = 4;
    x = world.drive("V1", x, 2);
    assert!(world.step_of(2).is_some() && world.ended(2).is_empty());
    world.board.signals[2].queue.vehicles_worst_lane = 2;
    world.drive("V1", x, 2);
    assert_eq!(
        (world.step_of(2), world.ended(2)),
        (None, vec![LeaseEnd::NotYet])
    );
}

#[test]
fn its_own_signal_at_the_same_controller_goes_before_it() {
    let mut shared = to_a_gate(AMBULANCE);
    let mut ways = shared.crossings.to_vec();
    ways[1].site = site(2);
    shared.crossings = ways.into();
    shared.beyond.as_mut().unwrap().groups = CROSS;
    let mut world = World::new(vec![shared]);
    world.board = Board::new(3);
    world.board.signals[2].queue = Queue {
        vehicles_worst_lane: 20,
        slow_worst_lane: 20,
        vehicles_total: 20,
        standing: true,
    };
    let mut x = 0.0;
    while !matches!(world.state(AMBULANCE, 1), CrossingState::Passed) {
        x = world.drive("V1", x, 1);
        let is_passed = matches!(world.state(AMBULANCE, 1), CrossingState::Passed);
        let lease = world.corridors.lease(site(2));
        assert!(is_passed || lease.is_none_or(|lease| lease.groups == MAIN));
    }
    world.drive("V1", x, 1);
    assert_eq!(
        world.corridors.lease(site(2)).map(|lease| lease.groups),
        Some(CROSS)
    );
}

#[test]
fn what_was_only_behind_the_destination_may_become_a_signal_of_the_way_and_keeps_its_hold() {
    let mut world = queued(8);
    let x = world.drive("V1", 0.0, 60);
    let held_since = world.locked_at(2);
    let mut longer = to_a_gate(AMBULANCE);
    let mut ways = longer.crossings.to_vec();
    ways.extend(longer.beyond.take());
    longer.crossings = ways.into();
    (longer.revision, longer.length) = (2, Length::from_metres(1_800));
    longer.line = [
        longer.line[0],
        RoutePoint {
            x_m: 1_800.0,
            y_m: 0.0,
            at: longer.length,
        },
    ]
    .into();
    assert_eq!(world.corridors.replace(longer, world.now), Ok(()));
    world.drive("V1", x, 1);
    assert!(world.ended(2).is_empty());
    let held = world.now.since(held_since);
    assert_eq!(world.view(AMBULANCE, 2).held, held);
    assert_eq!(world.view(AMBULANCE, 2).late_by, Millis::ZERO);
}

#[test]
fn it_is_never_held_for_long_nor_before_the_vehicle_sets_off() {
    let mut world = queued(8);
    world.stand("V1", 1_050.0, 60);
    assert_eq!(locks_of(&world, 2), 0);
    // A vehicle that creeps towards it for three minutes meets the controller's cap.
    let mut x = world.drive("V1", 1_060.0, 3);
    for _ in 0..180 {
        x += 1.0;
        world.fix("V1", x, 3_000);
        world.run(1);
    }
    let longest = world
        .mission(AMBULANCE)
        .plan()
        .beyond
        .as_ref()
        .unwrap()
        .hold_max;
    let locked = world.locked_at(2);
    let ended = world
        .log
        .iter()
        .find(|event| matches!(event.what, What::LeaseEnded(id, _) if id == site(2)));
    assert!(ended.unwrap().at <= locked + longest);
}

#[test]
fn who_goes_through_it_goes_before_who_only_stops_there() {
    // One that only has priority, and one whose lock is near when the other's has begun.
    for (preempts, from) in [(false, 200.0), (true, 60.0)] {
        let mut through = plan(ENGINE, 1);
        (through.class, through.preempts) = (ServiceClass::Escort, preempts);
        let mut own = through.crossings[0].clone();
        (own.site, own.groups) = (site(2), CROSS);
        through.crossings = [own].into();
        let mut world = queued(8);
        world.drive("V1", 0.0, 50);
        assert_eq!(world.step_of(2), Some(LeaseStep::Lock));
        world.corridors.open(through, world.now).unwrap();
        for second in 0..15_u32 {
            world.fix("V1", 1_000.0 + f64::from(second) * 20.0, 20_000);
            world.fix(
                &format!("V{ENGINE}"),
                from + f64::from(second) * 20.0,
                20_000,
            );
            world.run(1);
        }
        let lease = world.corridors.lease(site(2)).unwrap();
        assert_eq!((lease.corridor, lease.groups), (ENGINE, CROSS));
        assert_eq!(world.ended(2), [LeaseEnd::Outranked]);
        let told = |event: &CorridorEvent| matches!(event.what, What::ExpectRed(..));
        assert!(!world.log.iter().any(told), "nobody meets a red for it");
    }
}

#[test]
fn who_takes_the_signal_out_has_it_to_himself() {
    let mut world = queued(8);
    let x = world.drive("V1", 0.0, 50);
    assert_eq!(world.corridors.take_out(AMBULANCE, site(2)), Ok(()));
    world.drive("V1", x, 15);
    assert_eq!(world.step_of(2), None);
    assert_eq!(world.ended(2), [LeaseEnd::TakenOut]);
}

#[test]
fn the_preview_names_it_if_its_queue_reaches_back_and_it_can_be_commanded() {
    let named = |vehicles, availability| {
        let mut world = queued(vehicles);
        world.board.signals[2].availability = availability;
        let plan = to_a_gate(AMBULANCE);
        let said = preview(&plan, &Settings::default(), &world.board, Mono::ZERO);
        assert_eq!(said.crossings.len(), 2);
        said.beyond
    };
    assert_eq!(named(8, Availability::Ready), Some(site(2)));
    assert_eq!(named(8, Availability::Unavailable), None);
    assert_eq!(named(4, Availability::Ready), None);
}
