//! Which positions are believed, and what a wrong turn does.

use super::*;

#[test]
fn unbelievable_positions_are_refused_with_a_reason_and_counted() {
    let mut shifted = plan(AMBULANCE, 4);
    shifted.datum_shift_m = (400.0, -300.0);
    let mut world = World::new(vec![shifted]);
    let x = world.drive("V1", 0.0, 20);
    let refused = FixVerdict::Refused;
    assert_eq!(
        world.fix("V1", x + 700.0, 20_000),
        refused(FixRefusal::Jump)
    );
    assert_eq!(
        world.fix("V1", x - 200.0, 20_000),
        refused(FixRefusal::Backwards)
    );
    assert_eq!(
        world.fix("V1", f64::NAN, 20_000),
        refused(FixRefusal::Impossible)
    );
    assert_eq!(world.fix("V1", x, 90_000), refused(FixRefusal::Impossible));
    let mut fix = Fix {
        at: Mono::from_ms(world.now.as_ms() - 15_100),
        x_m: x,
        y_m: 0.0,
        speed: Speed::from_mm_per_s(20_000),
    };
    assert_eq!(world.corridors.fix("V1", &fix), refused(FixRefusal::Stale));
    fix.at = world.now + Millis::from_secs(5);
    assert_eq!(world.corridors.fix("V1", &fix), refused(FixRefusal::Future));
    fix.at = Mono::from_ms(world.now.as_ms() - 1_000);
    assert_eq!(
        world.corridors.fix("V1", &fix),
        refused(FixRefusal::OutOfOrder)
    );
    fix.at = world.now;
    fix.y_m = 60.0;
    assert_eq!(
        world.corridors.fix("V1", &fix),
        refused(FixRefusal::OffRoad)
    );
    fix.x_m += 400.0;
    fix.y_m = -300.0;
    assert_eq!(world.corridors.fix("V1", &fix), refused(FixRefusal::Datum));
    assert_eq!(world.corridors.fix("V7", &fix), FixVerdict::NoMission);
    let counts = world.mission(AMBULANCE).fixes();
    let expected = FixCounts {
        accepted: 20,
        stale: 1,
        future: 1,
        out_of_order: 1,
        impossible: 2,
        off_route: 0,
        off_road: 1,
        datum: 1,
        jump: 1,
        backwards: 1,
    };
    assert_eq!(counts, expected);
    world.run(1);
    let held = world.mission(AMBULANCE).view(world.now, &world.corridors);
    assert!(held.position.unwrap().along <= Length::from_metres(430));
}

#[test]
fn a_wrong_turn_is_known_after_three_positions_and_lets_go() {
    let mut world = World::new(vec![plan(AMBULANCE, 3)]);
    let x = world.drive("V1", 0.0, 22);
    assert!(world.step_of(0).is_some());
    for turn in 1..=3_u8 {
        let fix = Fix {
            at: world.now,
            x_m: x,
            y_m: 30.0 + 20.0 * f64::from(turn),
            speed: Speed::from_mm_per_s(15_000),
        };
        world.corridors.fix("V1", &fix);
        world.run(1);
        let lost = world.mission(AMBULANCE).state() == MissionState::Degraded;
        assert_eq!(lost, turn == 3);
    }
    assert!((0..3).all(|at| world.step_of(at).is_none()));
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::Released);
}

/// The same with a road that leaves to the north at the first signal.
fn with_side_road() -> CorridorPlan {
    let mut made = plan(AMBULANCE, 4);
    let side = SideWay {
        at: Length::from_metres(615),
        line: vec![(615.0, 0.0), (615.0, 250.0)],
    };
    made.side_ways = [side].into();
    made
}

/// A service road leaves at the first signal and runs on 20 m beside the route; the receiver is 14 m
/// off towards it all the time.
#[test]
fn a_receiver_that_is_off_towards_a_road_beside_the_route_is_no_wrong_turn() {
    let mut made = plan(AMBULANCE, 4);
    let side = SideWay {
        at: Length::from_metres(615),
        line: vec![(615.0, 0.0), (620.0, 20.0), (865.0, 20.0)],
    };
    made.side_ways = [side].into();
    let mut world = World::new(vec![made]);
    world.drive("V1", 0.0, 31);
    for second in 0..12_u32 {
        let fix = Fix {
            at: world.now,
            x_m: 620.0 + f64::from(second) * 20.0,
            y_m: 14.0,
            speed: Speed::from_mm_per_s(20_000),
        };
        let _first_looks_like_a_turn = world.corridors.fix("V1", &fix);
        world.run(1);
        assert_eq!(world.mission(AMBULANCE).state(), MissionState::Active);
    }
    assert!(!world.log.iter().any(|event| event.what == What::Strayed));
    let along = world.mission(AMBULANCE).track.spot().unwrap().along;
    assert!(along > Length::from_metres(800), "{along:?}");
}

#[test]
fn a_wrong_turn_is_known_after_two_positions_on_the_side_road() {
    let mut world = World::new(vec![with_side_road()]);
    world.drive("V1", 0.0, 31);
    world.run(3);
    assert!(world.step_of(1).is_some());
    for y in [35.0, 50.0] {
        let fix = Fix {
            at: world.now,
            x_m: 617.0,
            y_m: y,
            speed: Speed::from_mm_per_s(15_000),
        };
        let refused = FixVerdict::Refused(FixRefusal::OffRoute);
        assert_eq!(world.corridors.fix("V1", &fix), refused);
        world.run(1);
    }
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Degraded);
    assert!(world.log.iter().any(|event| event.what == What::Strayed));
    // The next signal on the missed road is let go at once.
    assert_eq!(world.step_of(1), None);
    assert_eq!(world.ended(1), [LeaseEnd::Unreachable]);
    let stray = world.mission(AMBULANCE).stray().unwrap();
    assert!(stray.heading_deg.is_some_and(|deg| deg < 5.0));
    // Back on the route, it goes on.
    for x in [700.0, 720.0, 740.0] {
        world.fix("V1", x, 20_000);
        world.run(1);
    }
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Active);
    assert_eq!(world.mission(AMBULANCE).stray(), None);
}

#[test]
fn what_every_likely_way_passes_is_held_for_a_new_plan_but_not_for_long() {
    let mut world = World::new(vec![with_side_road()]);
    for at in 1..3 {
        // A queue that needs long: the third signal is asked for early.
        world.board.signals[at].queue.vehicles_worst_lane = 18;
    }
    world.drive("V1", 0.0, 31);
    assert_eq!(world.step_of(2), Some(LeaseStep::Lock));
    for y in [45.0, 60.0] {
        let fix = Fix {
            at: world.now,
            x_m: 615.0,
            y_m: y,
            speed: Speed::from_mm_per_s(15_000),
        };
        world.corridors.fix("V1", &fix);
        world.run(1);
    }
    assert_eq!(world.step_of(1), None);
    assert_eq!(world.step_of(2), Some(LeaseStep::Lock));
    world.run(4);
    assert_eq!(world.step_of(2), None);
}

#[test]
fn noise_on_both_sides_of_the_route_is_no_wrong_turn() {
    let mut world = World::new(vec![plan(AMBULANCE, 3)]);
    let mut x = world.drive("V1", 0.0, 10);
    for y in [55.0, -48.0, 52.0, 10.0, -60.0, 44.0, -42.0] {
        let fix = Fix {
            at: world.now,
            x_m: x,
            y_m: y,
            speed: Speed::from_mm_per_s(20_000),
        };
        world.corridors.fix("V1", &fix);
        world.run(1);
        x += 20.0;
        assert_ne!(world.mission(AMBULANCE).state(), MissionState::Degraded);
    }
}

#[test]
fn a_fleet_that_reports_every_ten_seconds_is_followed_between_its_reports() {
    let mut world = World::new(vec![plan(AMBULANCE, 6)]);
    let mut x = 0.0;
    while x < 2_700.0 {
        assert_eq!(world.fix("V1", x, 20_000), FixVerdict::Accepted);
        for _ in 0..10 {
            world.run(1);
            x += 20.0;
            let state = world.mission(AMBULANCE).state();
            let early = x < 300.0;
            assert!(early || state != MissionState::Degraded, "lost at {x} m");
        }
    }
    for at in 1..6 {
        assert_eq!(world.view(AMBULANCE, at).green_at_decision, Some(true));
    }
}

#[test]
fn a_message_that_was_long_on_its_way_is_moved_forward_by_its_age() {
    let mut world = World::new(vec![plan(AMBULANCE, 4)]);
    let mut late = world.clone();
    for second in 0..40_u32 {
        let x = f64::from(second) * 20.0;
        world.fix("V1", x, 20_000);
        world.run(1);
        let fix = Fix {
            at: Mono::from_ms(late.now.as_ms().saturating_sub(8_000)),
            x_m: (x - 160.0).max(0.0),
            y_m: 0.0,
            speed: Speed::from_mm_per_s(20_000),
        };
        if second > 8 {
            late.corridors.fix("V1", &fix);
        }
        late.run(1);
    }
    let (fresh, old) = (world.view(AMBULANCE, 3), late.view(AMBULANCE, 3));
    assert!(fresh.eta.since(old.eta) + old.eta.since(fresh.eta) < Millis::from_secs(2));
    assert!(old.eta_err > fresh.eta_err + Millis::from_secs(1));
    assert!(old.start < fresh.start);
}

#[test]
fn a_passage_seen_from_beside_the_road_counts_as_a_position() {
    let mut world = World::new(vec![plan(AMBULANCE, 4)]);
    world.drive("V1", 0.0, 20);
    assert_eq!(world.corridors.passed(AMBULANCE, site(0)), Ok(()));
    world.run(1);
    let view = world.mission(AMBULANCE).view(world.now, &world.corridors);
    assert!(view.position.unwrap().along >= Length::from_metres(600));
    // The next signal is 20 s away from there, and asked for accordingly.
    let eta = world.view(AMBULANCE, 1).eta.since(world.now);
    assert!((17_000..22_000).contains(&eta.as_ms()), "{eta}");
}

#[test]
fn a_road_that_is_driven_slower_is_learned() {
    let mut slow = plan(AMBULANCE, 2);
    let link = |number: u32, at: u32| Link {
        road: crate::ids::RoadId::new(number),
        ends_at: Length::from_metres(at),
        free_flow: Millis::new(at * 50),
        shadow: false,
    };
    slow.links = [link(0, 600), link(1, 1_000), link(2, 1_400)].into();
    let mut world = World::new(vec![]);
    world.board = Board::new(2);
    let road = crate::ids::RoadId::new(1);
    for drive in 1..=6_u32 {
        let mut plan = slow.clone();
        plan.corridor = CorridorId::new(drive);
        plan.vehicle = format!("V{drive}");
        plan.expires = world.now + Millis::from_secs(600);
        world.corridors.open(plan, world.now).unwrap();
        // 14 m/s where 20 were planned.
        for second in 0..100_u32 {
            let vehicle = format!("V{drive}");
            world.fix(&vehicle, f64::from(second) * 14.0, 14_000);
            world.run(1);
        }
    }
    let pace = world.corridors.paces().of(road, ServiceClass::Ambulance);
    assert!(pace.middle > 1_200, "{pace:?}");
    assert!(pace.early <= pace.middle && pace.middle <= pace.late);
}
