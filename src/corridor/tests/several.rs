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
    let mut x = 0.0;
    while x < 500.0 {
        world.fix("V2", x, 20_000);
        x = world.drive("V1", x, 1);
    }
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
