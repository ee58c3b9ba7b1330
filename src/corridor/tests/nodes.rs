//! One controller with several stop lines in series on the way.

use super::*;

/// The approach of the second node: nobody at the first one crosses it.
const INNER: GroupSet = GroupSet::from_bits(0b0100);

/// Two stop lines of one controller, 150 m apart, and a third signal of its own.
fn in_series() -> CorridorPlan {
    let mut made = plan(AMBULANCE, 3);
    let mut crossings = made.crossings.to_vec();
    let second = &mut crossings[1];
    second.site = site(0);
    second.approach = ApproachId::new(1);
    second.groups = INNER;
    second.stop_line_at = Length::from_metres(750);
    second.passed_at = Length::from_metres(765);
    second.decision_at = Length::from_metres(684);
    second.free_flow = Millis::new(750 * 50);
    made.crossings = crossings.into();
    made
}

#[test]
fn each_stop_line_of_a_controller_is_held_and_let_go_for_itself() {
    let mut world = World::new(vec![in_series()]);
    let mut x = world.drive("V1", 0.0, 28);
    let both = world.corridors.lease(site(0)).unwrap();
    assert_eq!(both.groups, MAIN.union(INNER));
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::GreenHeld);
    while x < 640.0 {
        x = world.drive("V1", x, 1);
    }
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::Passed);
    let inner = world.corridors.lease(site(0)).unwrap();
    assert_eq!(inner.groups, INNER);
    assert_eq!(world.state(AMBULANCE, 1), CrossingState::GreenHeld);
    while x < 800.0 {
        x = world.drive("V1", x, 1);
    }
    assert_eq!(world.corridors.lease(site(0)), None);
    let greens = [0, 1].map(|at| world.view(AMBULANCE, at).green_at_decision);
    assert_eq!(greens, [Some(true); 2]);
}

#[test]
fn a_near_stop_line_keeps_hindrances_away_beside_a_locked_one() {
    let mut world = World::new(vec![in_series()]);
    let mut x = 0.0;
    while world.step_of(0) != Some(LeaseStep::Lock) {
        x = world.drive("V1", x, 1);
    }
    let lease = world.corridors.lease(site(0)).unwrap();
    assert_eq!((lease.groups, lease.near), (MAIN, INNER));
}

#[test]
fn stop_lines_that_cross_each_other_are_held_one_after_the_other_without_a_warning() {
    let mut made = in_series();
    let mut crossings = made.crossings.to_vec();
    crossings[1].groups = CROSS;
    made.crossings = crossings.into();
    let mut world = World::new(vec![made]);
    let x = world.drive("V1", 0.0, 28);
    assert_eq!(world.corridors.lease(site(0)).unwrap().groups, MAIN);
    assert_eq!(world.view(AMBULANCE, 1).refused_by, None);
    world.drive("V1", x, 5);
    assert_eq!(world.corridors.lease(site(0)).unwrap().groups, CROSS);
}
