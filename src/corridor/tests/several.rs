//! Vehicles that meet, share or may only be near.

use super::*;

/// A fire engine on the cross road, which meets the ambulance at signal 0.
pub(super) fn crossing_engine(priority: u8) -> CorridorPlan {
    let mut engine = plan(ENGINE, 1);
    engine.class = ServiceClass::Fire;
    engine.priority = priority;
    let crossings: Vec<Crossing> = engine.crossings.iter().cloned().collect();
    engine.crossings = crossings
        .into_iter()
        .map(|crossing| Crossing {
            groups: CROSS,
            ..crossing
        })
        .collect();
    engine
}

/// Both come to their signal at 20 m/s, until they are `to_m` along; where they are then.
fn both_drive(world: &mut World, to_m: f64) -> f64 {
    let mut x = 0.0;
    while x < to_m {
        world.fix("V2", x, 20_000);
        x = world.drive("V1", x, 1);
    }
    x
}

#[test]
fn of_two_that_meet_the_higher_class_goes_first_and_the_other_is_told_red() {
    let mut world = World::new(vec![crossing_engine(1), plan(AMBULANCE, 2)]);
    let mut x = 0.0;
    while x < 560.0 {
        world.fix("V2", x, 20_000);
        x = world.drive("V1", x, 1);
        let lease = world.corridors.lease(site(0));
        if let Some(lease) = lease.filter(|lease| lease.step > LeaseStep::Prepare) {
            assert_eq!(lease.corridor, AMBULANCE);
            assert_eq!(lease.groups, MAIN);
            assert_eq!(world.state(ENGINE, 0), CrossingState::RefusedByGuard);
            assert_eq!(world.view(ENGINE, 0).refused_by, Some(AMBULANCE));
        }
    }
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::GreenHeld);
    // The engine waits at its red until the ambulance is through; then it is served.
    for _ in 0..8 {
        world.fix("V2", 540.0, 0);
        x = world.drive("V1", x, 1);
    }
    let lease = *world.corridors.lease(site(0)).unwrap();
    assert_eq!((lease.corridor, lease.groups), (ENGINE, CROSS));
}

#[test]
fn a_vehicle_inside_its_stopping_distance_keeps_its_green() {
    let mut world = World::new(vec![crossing_engine(1), plan(AMBULANCE, 1)]);
    let mut x = 0.0;
    while x < 560.0 {
        x = world.drive("V2", x, 1);
    }
    assert_eq!(world.state(ENGINE, 0), CrossingState::GreenHeld);
    // The ambulance appears late and already due: it waits for the committed engine.
    world.fix("V1", 380.0, 15_000);
    world.tick();
    world.fix("V1", 381.5, 15_000);
    world.fix("V2", x, 20_000);
    world.tick();
    let lease = world.corridors.lease(site(0)).unwrap();
    assert_eq!(lease.corridor, ENGINE);
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::RefusedByGuard);
}

#[test]
fn compatible_corridors_share_a_signal() {
    let mut other = crossing_engine(1);
    other.crossings = other
        .crossings
        .iter()
        .cloned()
        .map(|crossing| Crossing {
            groups: GroupSet::only(GroupId::new(3)),
            ..crossing
        })
        .collect();
    let mut world = World::new(vec![other, plan(AMBULANCE, 1)]);
    both_drive(&mut world, 500.0);
    let lease = world.corridors.lease(site(0)).unwrap();
    assert_eq!(lease.groups, MAIN.with(GroupId::new(3)));
    assert_eq!(world.state(ENGINE, 0), CrossingState::GreenHeld);
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::GreenHeld);
}

#[test]
fn a_vehicle_that_may_not_preempt_never_locks() {
    let mut patient = plan(AMBULANCE, 2);
    patient.preempts = false;
    let mut world = World::new(vec![patient]);
    let mut x = 0.0;
    while x < 900.0 {
        x = world.drive("V1", x, 1);
        assert!((0..2).all(|at| world.step_of(at) != Some(LeaseStep::Lock)));
    }
    assert!(world.log.iter().any(|e| matches!(e.what, What::Leased(..))));
}

/// A queue that takes the ambulance's lock far ahead of its arrival.
fn long_queue() -> Queue {
    Queue {
        vehicles_worst_lane: 15,
        vehicles_total: 15,
        ..Queue::default()
    }
}

#[test]
fn a_lock_asked_for_early_lets_by_who_is_through_before() {
    // The ambulance's is the higher class; its second crossing is where the engine crosses.
    let mut engine = crossing_engine(1);
    let mut crossings = engine.crossings.to_vec();
    crossings[0].site = site(2);
    engine.crossings = crossings.into();
    let mut world = World::new(vec![engine, plan(AMBULANCE, 3)]);
    world.board.signals[2].queue = long_queue();
    let mut x = world.drive("V1", 0.0, 8);
    let mut engine_x = 300.0;
    // 60 s before it is there, the ambulance has the lock for the queue.
    while world.step_of(2) != Some(LeaseStep::Lock) {
        world.fix("V2", engine_x, 0);
        x = world.drive("V1", x, 1);
    }
    assert_eq!(world.corridors.lease(site(2)).unwrap().corridor, AMBULANCE);
    assert!(x < 500.0, "{x}");
    world.board.signals[2].queue = Queue::default();
    for _ in 0..14 {
        world.fix("V2", engine_x, 20_000);
        engine_x += 20.0;
        x = world.drive("V1", x, 1);
    }
    let lease = world.corridors.lease(site(2)).unwrap();
    assert_eq!((lease.corridor, lease.groups), (ENGINE, CROSS));
    assert_eq!(world.state(ENGINE, 0), CrossingState::GreenHeld);
    // It is through, and the ambulance has its green again long before it brakes.
    while x < 1_300.0 {
        engine_x += 20.0;
        world.fix("V2", engine_x, 20_000);
        x = world.drive("V1", x, 1);
    }
    assert_eq!(world.state(AMBULANCE, 2), CrossingState::GreenHeld);
}

#[test]
fn a_vehicle_that_comes_no_nearer_keeps_nobody_waiting_for_long() {
    let mut world = World::new(vec![crossing_engine(1), plan(AMBULANCE, 1)]);
    let x = both_drive(&mut world, 440.0);
    assert_eq!(world.corridors.lease(site(0)).unwrap().corridor, AMBULANCE);
    // The ambulance stands behind something 8 s before the signal; the engine at its stop line.
    let mut waited = 0_u32;
    while world.state(ENGINE, 0) != CrossingState::GreenHeld {
        world.fix("V2", 590.0, 0);
        world.stand("V1", x, 1);
        waited += 1;
        assert!(waited < 45, "the engine is kept");
    }
    assert!(waited > 10, "the ambulance had its time: {waited}");
    // What it has waited counts on while it is its turn.
    let counted = world.mission(ENGINE).waited() + CHANGE + Millis::from_secs(4);
    assert!(counted >= Millis::from_secs(waited), "{counted:?}");
    // The engine is through, and the ambulance is first again.
    for at in 0..5_u8 {
        world.fix("V2", 590.0 + 20.0 * f64::from(at), 20_000);
        world.stand("V1", x, 1);
    }
    assert_eq!(world.corridors.lease(site(0)).unwrap().corridor, AMBULANCE);
}

#[test]
fn a_vehicle_that_asks_for_nothing_any_more_keeps_nobody() {
    let mut world = World::new(vec![crossing_engine(1), plan(AMBULANCE, 1)]);
    world.board.signals[0].availability = Availability::LocalControl;
    both_drive(&mut world, 560.0);
    // The ambulance stands beyond its line, the engine before its own.
    world.board.signals[0].availability = Availability::Ready;
    let mut waited = 0;
    while world.state(ENGINE, 0) != CrossingState::GreenHeld {
        world.fix("V1", 610.0, 0);
        world.fix("V2", 590.0, 0);
        world.run(1);
        waited += 1;
        assert!(waited < 60, "the engine is kept");
    }
}

#[test]
fn two_that_get_no_nearer_do_not_take_the_signal_from_each_other_without_end() {
    for (one, other) in [(450.0, 430.0), (440.0, 440.0), (300.0, 400.0)] {
        let mut world = World::new(vec![crossing_engine(1), plan(AMBULANCE, 1)]);
        world.fix("V1", one - 40.0, 20_000);
        world.fix("V2", other - 40.0, 20_000);
        world.run(1);
        world.fix("V1", one - 20.0, 20_000);
        world.fix("V2", other - 20.0, 20_000);
        world.run(1);
        let mut owners = Vec::new();
        for _ in 0..300 {
            world.fix("V1", one, 0);
            world.fix("V2", other, 0);
            world.run(1);
            let owner = world.corridors.lease(site(0));
            owners.extend(
                owner
                    .filter(|o| o.step == LeaseStep::Lock)
                    .map(|o| o.corridor),
            );
        }
        let swaps = owners.windows(2).filter(|two| two[0] != two[1]).count();
        assert!(swaps <= 300 / 20, "{swaps} swaps at {one}, {other}");
    }
}

#[test]
fn a_new_plan_of_one_vehicle_breaks_no_promise_of_others() {
    let mut third = plan(CorridorId::new(3), 3);
    third.vehicle = "V3".to_owned();
    let mut world = World::new(vec![crossing_engine(1), plan(AMBULANCE, 1), third.clone()]);
    let x = both_drive(&mut world, 440.0);
    let mut waited = 0_u32;
    while world.state(ENGINE, 0) != CrossingState::GreenHeld {
        world.fix("V2", 590.0, 0);
        world.stand("V1", x, 1);
        waited += 1;
        if waited.is_multiple_of(8) {
            third.revision += 1;
            world.corridors.replace(third.clone(), world.now).unwrap();
        }
        assert!(waited < 60, "the engine is kept");
    }
}
