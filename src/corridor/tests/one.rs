//! One vehicle: when its signals are asked for, held and let go.

use super::*;

#[test]
fn armed_holds_nothing_until_the_vehicle_moves() {
    let mut world = World::new(vec![plan(AMBULANCE, 3)]);
    world.stand("V1", 0.0, 120);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Staging);
    assert!((0..3).all(|at| world.step_of(at) <= Some(LeaseStep::Prepare)));
    assert_eq!(world.fix("V1", 3.0, 5_000), FixVerdict::Accepted);
    world.run(1);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Staging);
    assert_eq!(world.fix("V1", 10.0, 8_000), FixVerdict::Accepted);
    world.run(1);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Active);
    assert!(world.step_of(0).is_some());
}

#[test]
fn a_vehicle_said_to_set_off_finds_its_first_signal_ready() {
    let mut said = plan(AMBULANCE, 2);
    said.departs = Some(secs(60));
    let mut world = World::new(vec![said]);
    world.stand("V1", 300.0, 30);
    assert!(world.step_of(0) <= Some(LeaseStep::Prepare));
    world.stand("V1", 300.0, 30);
    assert_eq!(world.step_of(0), Some(LeaseStep::Lock));
    world.drive("V1", 300.0, 5);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Active);
    assert_eq!(world.step_of(0), Some(LeaseStep::Lock));
}

#[test]
fn a_vehicle_that_does_not_set_off_as_said_gives_its_signals_back() {
    let mut said = plan(AMBULANCE, 2);
    said.departs = Some(secs(10));
    let mut world = World::new(vec![said]);
    world.stand("V1", 300.0, 25);
    assert_eq!(world.step_of(0), Some(LeaseStep::Lock));
    world.stand("V1", 300.0, 7);
    assert!(world.step_of(0) <= Some(LeaseStep::Prepare));
    assert_eq!(world.ended(0), [LeaseEnd::NotYet]);
    world.drive("V1", 300.0, 5);
    assert!(world.step_of(0) >= Some(LeaseStep::Inhibit));
}

#[test]
fn who_stands_at_the_stop_line_has_not_passed_it_however_wrong_the_position() {
    let mut world = World::new(vec![plan(AMBULANCE, 2)]);
    let passed_at = world.mission(AMBULANCE).plan().crossings[0].passed_at;
    let x_m = f64::from(passed_at.as_mm()) / 1000.0 + 4.0;
    world.drive("V1", 0.0, 10);
    // Its positions scatter by some metres, and say that it has just passed.
    for second in 0..20_u32 {
        let y_m = if second.is_multiple_of(2) { 8.0 } else { -8.0 };
        let speed = Speed::from_mm_per_s(0);
        let at = world.now;
        world.corridors.fix(
            "V1",
            &Fix {
                at,
                x_m,
                y_m,
                speed,
            },
        );
        world.run(1);
    }
    assert_ne!(world.state(AMBULANCE, 0), CrossingState::Passed);
    world.stand("V1", x_m + 30.0, 3);
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::Passed);
}

#[test]
fn lock_starts_at_eta_less_flush_change_margin_and_braking() {
    let mut world = World::new(vec![plan(AMBULANCE, 4)]);
    world.drive("V1", 0.0, 60);
    let braking = Settings::default().braking_time(Speed::from_mm_per_s(20_000));
    // Signal 3 is 1800 m on: 90 s at 20 m/s, no queue before it.
    let lead = CHANGE + Settings::default().margin + braking;
    // One drive in ten is there a second and a twelfth of the way earlier.
    let early = Millis::from_secs(1) + Millis::new(lead.as_ms() / 11);
    let start = Millis::from_secs(90).saturating_sub(lead + early);
    world.drive("V1", 1200.0, 15);
    let off = i64::from(world.locked_at(3).since(Mono::ZERO).as_ms()) - i64::from(start.as_ms());
    assert!(off.abs() <= 1_100, "{off} ms away from {start}");
}

#[test]
fn nothing_hostile_starts_in_the_last_seconds_before_the_lock() {
    let mut world = World::new(vec![plan(AMBULANCE, 4)]);
    let mut x = 0.0;
    let mut inhibited = Millis::ZERO;
    while world.step_of(3) != Some(LeaseStep::Lock) {
        x = world.drive("V1", x, 1);
        if world.step_of(3) == Some(LeaseStep::Inhibit) {
            assert_eq!(world.state(AMBULANCE, 3), CrossingState::Requested);
            inhibited += Millis::from_secs(1);
        }
    }
    assert!(inhibited >= Millis::from_secs(13) && inhibited <= Millis::from_secs(17));
}

#[test]
fn a_queue_is_flushed_before_the_vehicle_comes() {
    let mut short = World::new(vec![plan(AMBULANCE, 4)]);
    let mut long = short.clone();
    long.board.signals[3].queue = Queue {
        vehicles_worst_lane: 8,
        slow_worst_lane: 8,
        vehicles_total: 14,
        standing: true,
    };
    for world in [&mut short, &mut long] {
        world.drive("V1", 0.0, 85);
    }
    let earlier = long.locked_at(3).until(short.locked_at(3));
    // 2 s start loss and 2 s for each of eight vehicles.
    assert!(
        (17_000..=20_500).contains(&earlier.as_ms()),
        "{earlier} earlier"
    );
}

#[test]
fn a_full_exit_opens_the_next_signal_with_this_one() {
    let mut world = World::new(vec![plan(AMBULANCE, 4)]);
    for at in [2, 3] {
        world.board.signals[at].queue = Queue {
            vehicles_worst_lane: 30,
            slow_worst_lane: 30,
            vehicles_total: 50,
            standing: true,
        };
    }
    world.drive("V1", 0.0, 50);
    assert!(world.locked_at(3) <= world.locked_at(2) + Millis::from_secs(1));
}

#[test]
fn green_is_shown_only_when_read_back() {
    let mut world = World::new(vec![plan(AMBULANCE, 2)]);
    world.board.signals[0].stuck = true;
    world.drive("V1", 0.0, 30);
    assert_eq!(world.step_of(0), Some(LeaseStep::Lock));
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::Clearing);
    assert_eq!(world.view(AMBULANCE, 0).green_at_decision, Some(false));
    assert_eq!(world.view(AMBULANCE, 0).green_at, None);
}

#[test]
fn a_free_run_is_green_everywhere_and_released_behind_the_vehicle() {
    let mut world = World::new(vec![plan(AMBULANCE, 6)]);
    let mut x = 0.0;
    while x < 2_640.0 {
        x = world.drive("V1", x, 1);
        for at in 0..6 {
            let passed_at = 615.0 + 400.0 * f64::from(u32::try_from(at).unwrap());
            if x > passed_at + 20.0 {
                assert_eq!(world.step_of(at), None, "signal {at} still held at {x} m");
            }
        }
    }
    for at in 0..6 {
        assert_eq!(world.view(AMBULANCE, at).green_at_decision, Some(true));
        assert_eq!(world.ended(at), [LeaseEnd::Passed]);
        assert!(world.view(AMBULANCE, at).held < Millis::from_secs(45));
    }
    world.run(5);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Completed);
}

#[test]
fn recovery_waits_for_the_plan_and_not_for_ever() {
    let mut world = World::new(vec![plan(AMBULANCE, 1)]);
    world.board.signals[0].out_of_step = true;
    world.drive("V1", 0.0, 40);
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::Recovering);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Recovering);
    world.run(65);
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::Passed);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Completed);
}

#[test]
fn cancel_ends_every_lease_at_once() {
    let mut world = World::new(vec![plan(AMBULANCE, 3)]);
    world.drive("V1", 0.0, 20);
    assert!(world.step_of(0).is_some());
    let why = CancelReason::Operator;
    assert_eq!(world.corridors.cancel(AMBULANCE, why), Ok(()));
    assert!((0..3).all(|at| world.step_of(at).is_none()));
    world.run(30);
    assert!((0..3).all(|at| world.step_of(at).is_none()));
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Cancelled);
    assert_eq!(
        world.corridors.cancel(AMBULANCE, why),
        Err(ActRefusal::Over)
    );
    assert_eq!(
        world.corridors.cancel(ENGINE, why),
        Err(ActRefusal::Unknown)
    );
}

#[test]
fn silence_holds_for_a_while_then_lets_go_and_finds_again() {
    let mut world = World::new(vec![plan(AMBULANCE, 3)]);
    let x = world.drive("V1", 0.0, 22);
    world.run(6);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Holding);
    assert!(world.step_of(0).is_some());
    world.run(5);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Degraded);
    assert!((0..3).all(|at| world.step_of(at).is_none()));
    assert_eq!(world.ended(0), [LeaseEnd::Lost]);
    world.drive("V1", x + 60.0, 3);
    assert_eq!(world.mission(AMBULANCE).state(), MissionState::Active);
    assert!(world.step_of(0).is_some());
}

#[test]
fn a_lease_lapses_by_itself_when_the_engine_stops() {
    let mut world = World::new(vec![plan(AMBULANCE, 2)]);
    world.drive("V1", 0.0, 20);
    let lease = *world.corridors.lease(site(0)).unwrap();
    assert!(lease.is_live(world.now));
    assert!(!lease.is_live(world.now + LEASE_TTL));
}

#[test]
fn a_hold_ends_at_its_cap_and_comes_back_a_minute_later() {
    let mut world = World::new(vec![plan(AMBULANCE, 2)]);
    // Stands, creeping just fast enough not to count as standing.
    world.drive("V1", 0.0, 10);
    for _ in 0..150 {
        world.fix("V1", 200.0, 1_600);
        world.run(1);
    }
    assert_eq!(world.ended(0)[0], LeaseEnd::Capped);
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::RefusedByGuard);
    assert_eq!(world.step_of(0), None);
    for _ in 0..60 {
        world.fix("V1", 200.0, 1_600);
        world.run(1);
    }
    assert!(world.step_of(0).is_some());
}

#[test]
fn a_standing_vehicle_gives_the_crossing_back() {
    let mut world = World::new(vec![plan(AMBULANCE, 3)]);
    let x = world.drive("V1", 0.0, 28);
    world.stand("V1", x, 70);
    assert_eq!(world.ended(0), [LeaseEnd::GivenBack]);
    let ended = world.log.iter().find(
        |event| matches!(event.what, What::LeaseEnded(id, LeaseEnd::GivenBack) if id == site(0)),
    );
    let green_for = ended.unwrap().at.since(world.locked_at(0) + CHANGE);
    assert!(green_for >= Millis::from_secs(60) && green_for < Millis::from_secs(62));
    world.stand("V1", x, 32);
    assert!(world.step_of(0).is_some());
}

#[test]
fn standing_at_its_own_green_opens_what_lies_ahead() {
    let mut world = World::new(vec![plan(AMBULANCE, 4)]);
    world.board.signals[0].queue.vehicles_worst_lane = 2;
    let x = world.drive("V1", 0.0, 29);
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::GreenHeld);
    assert_ne!(world.step_of(2), Some(LeaseStep::Lock));
    world.stand("V1", x, 8);
    assert_eq!(world.step_of(1), Some(LeaseStep::Lock));
    assert_eq!(world.step_of(2), Some(LeaseStep::Lock));
    assert_ne!(world.step_of(3), Some(LeaseStep::Lock));
}

#[test]
fn a_signal_taken_out_is_let_go_at_once_and_stays_out() {
    let mut world = World::new(vec![plan(AMBULANCE, 3)]);
    let x = world.drive("V1", 0.0, 22);
    assert_eq!(world.corridors.take_out(AMBULANCE, site(0)), Ok(()));
    assert_eq!(world.step_of(0), None);
    world.drive("V1", x, 4);
    assert_eq!(world.step_of(0), None);
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::LocalControl);
    assert!(world.step_of(1).is_some());
    assert_eq!(
        world.corridors.take_out(AMBULANCE, site(9)),
        Err(ActRefusal::NotAhead)
    );
}

#[test]
fn a_signal_that_fails_is_let_go_and_shown_unavailable() {
    let mut world = World::new(vec![plan(AMBULANCE, 2)]);
    let x = world.drive("V1", 0.0, 22);
    world.board.signals[0].availability = Availability::Unavailable;
    world.drive("V1", x, 1);
    assert_eq!(world.step_of(0), None);
    assert_eq!(world.ended(0), [LeaseEnd::Unavailable]);
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::Unavailable);
}

#[test]
fn the_dispatchers_key_passes_a_signal_and_all_before_it() {
    let mut world = World::new(vec![plan(AMBULANCE, 3)]);
    world.drive("V1", 0.0, 20);
    assert_eq!(world.corridors.passed(AMBULANCE, site(1)), Ok(()));
    world.run(1);
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::Passed);
    assert_eq!(world.step_of(0), None);
    assert_eq!(
        world.corridors.passed(AMBULANCE, site(0)),
        Err(ActRefusal::NotAhead)
    );
}

/// One that is said to set off after 10 s, with nine vehicles before its first signal.
fn behind_nine() -> World {
    let mut said = plan(AMBULANCE, 2);
    said.departs = Some(secs(10));
    let mut world = World::new(vec![said]);
    world.board.signals[0].queue = Queue {
        vehicles_worst_lane: 9,
        vehicles_total: 9,
        slow_worst_lane: 9,
        ..Queue::default()
    };
    world
}

#[test]
fn a_vehicle_that_cannot_set_off_for_the_queue_before_it_is_waited_for() {
    let mut world = behind_nine();
    // Nine vehicles reach back to where it stands.
    world.stand("V1", 530.0, 45);
    assert_eq!(world.step_of(0), Some(LeaseStep::Lock));
    // Once they are gone it has as long as ever.
    world.board.signals[0].queue = Queue::default();
    world.stand("V1", 530.0, 18);
    assert_eq!(world.step_of(0), Some(LeaseStep::Lock));
    world.stand("V1", 530.0, 4);
    assert!(world.step_of(0) <= Some(LeaseStep::Prepare));
}

#[test]
fn a_vehicle_whose_queue_never_goes_is_not_waited_for_for_ever() {
    let mut world = behind_nine();
    world.stand("V1", 530.0, 132);
    for _ in 0..100 {
        world.stand("V1", 530.0, 1);
        assert!(world.step_of(0) <= Some(LeaseStep::Prepare));
    }
}

#[test]
fn no_lock_begins_for_a_vehicle_that_is_over_the_stop_line() {
    let mut world = World::new(vec![plan(AMBULANCE, 2)]);
    world.board.signals[0].availability = Availability::LocalControl;
    world.drive("V1", 0.0, 30);
    world.fix("V1", 597.0, 17_000);
    world.run(1);
    world.fix("V1", 611.0, 11_000);
    world.board.signals[0].availability = Availability::Ready;
    world.tick();
    assert_ne!(world.state(AMBULANCE, 0), CrossingState::Passed);
    assert_eq!(world.step_of(0), None);
}

#[test]
fn who_stands_at_a_line_that_is_drawn_too_early_is_given_its_green() {
    let mut world = World::new(vec![plan(AMBULANCE, 2)]);
    world.board.signals[0].availability = Availability::LocalControl;
    world.drive("V1", 0.0, 28);
    world.stand("V1", 610.0, 8);
    world.board.signals[0].availability = Availability::Ready;
    world.stand("V1", 610.0, 2);
    assert_eq!(world.step_of(0), Some(LeaseStep::Lock));
}

#[test]
fn the_tail_of_a_convoy_gets_its_lock_back() {
    let mut convoy = plan(AMBULANCE, 2);
    convoy.convoy = Length::from_metres(200);
    let mut crossings = convoy.crossings.to_vec();
    for crossing in &mut crossings {
        crossing.passed_at = crossing.stop_line_at + Length::from_metres(215);
    }
    convoy.crossings = crossings.into();
    let mut world = World::new(vec![convoy]);
    world.drive("V1", 0.0, 34);
    assert_eq!(world.step_of(0), Some(LeaseStep::Lock));
    world.board.signals[0].availability = Availability::Unavailable;
    world.tick();
    world.board.signals[0].availability = Availability::Ready;
    world.tick();
    assert_eq!(world.step_of(0), Some(LeaseStep::Lock));
}

#[test]
fn a_green_that_has_to_stop_once_is_locked_so_much_sooner() {
    let locked_at = |stops_once| {
        let mut world = World::new(vec![plan(AMBULANCE, 1)]);
        world.board.signals[0].stops_once = Some(stops_once);
        world.drive("V1", 0.0, 28);
        assert_eq!(world.view(AMBULANCE, 0).green_at_decision, Some(true));
        world.locked_at(0)
    };
    let sooner = locked_at(Millis::from_secs(9)).until(locked_at(Millis::ZERO));
    // The further away, the less sure is its arrival too.
    let expected = Millis::from_secs(9)..=Millis::from_secs(10);
    assert!(expected.contains(&sooner), "{sooner:?}");
}

#[test]
fn nobody_stops_a_green_for_a_vehicle_that_only_has_priority() {
    let mut escort = plan(AMBULANCE, 1);
    escort.preempts = false;
    let mut world = World::new(vec![escort]);
    world.board.signals[0].stops_once = Some(Millis::from_secs(9));
    let x = world.drive("V1", 0.0, 28);
    assert!(x < 600.0, "{x}");
    let eta = world.view(AMBULANCE, 0).eta;
    assert!(world.now.until(eta) <= Millis::from_secs(3), "{eta:?}");
}
