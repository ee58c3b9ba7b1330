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

/// The longest that the site was locked without a break, and whether it is locked now, in ticks.
#[derive(Default)]
struct Watch {
    longest: u32,
    now: u32,
}

impl Watch {
    fn look(&mut self, world: &World) {
        let locked = world.step_of(0) == Some(LeaseStep::Lock);
        self.now = if locked { self.now + 1 } else { 0 };
        self.longest = self.longest.max(self.now);
    }
}

#[test]
fn the_stop_lines_of_a_controller_have_one_cap() {
    let mut world = World::new(vec![in_series()]);
    let mut x = world.drive("V1", 0.0, 20);
    let mut watch = Watch::default();
    // In stop-and-go it never stands long enough to have its green given back.
    for second in 0..300 {
        let (way, speed) = if second % 10 == 0 {
            (5.0, 5_000)
        } else {
            (0.0, 0)
        };
        x += way;
        world.fix("V1", x, speed);
        for _ in 0..10 {
            world.tick();
            watch.look(&world);
        }
    }
    assert!(x < 735.0, "between the stop lines still: {x} m");
    assert!(
        (1_100..=1_201).contains(&watch.longest),
        "{} ticks",
        watch.longest
    );
    assert!(world.ended(0).contains(&LeaseEnd::Capped));
}

#[test]
fn a_new_plan_neither_starts_the_cap_anew_nor_brings_back_what_was_taken_out() {
    let mut world = World::new(vec![plan(AMBULANCE, 2)]);
    let mut x = world.drive("V1", 0.0, 24);
    let locked_at = world.locked_at(0);
    world.corridors.take_out(AMBULANCE, site(1)).unwrap();
    let mut watch = Watch::default();
    for revision in 2..40 {
        // Every few seconds another approach of the same signals.
        let mut next = plan(AMBULANCE, 2);
        next.revision = revision;
        let mut crossings = next.crossings.to_vec();
        for crossing in &mut crossings {
            let other = revision % 2 == 0;
            crossing.approach = ApproachId::new(u8::from(other));
            crossing.groups = if other { INNER } else { MAIN };
        }
        next.crossings = crossings.into();
        world.corridors.replace(next, world.now).unwrap();
        for _ in 0..4 {
            x += 0.5;
            world.fix("V1", x, 500);
            for _ in 0..10 {
                world.tick();
                watch.look(&world);
                assert_eq!(world.step_of(1), None, "taken out");
            }
        }
    }
    let most = Millis::from_secs(121).as_ms() / TICK.as_ms();
    assert!(
        watch.longest <= most,
        "{} ticks since {locked_at:?}",
        watch.longest
    );
}

#[test]
fn a_stop_line_further_on_never_holds_the_one_before_it() {
    let mut engine = in_series();
    (engine.corridor, engine.vehicle) = (ENGINE, "V2".to_owned());
    engine.class = ServiceClass::Fire;
    let mut crossings = engine.crossings.to_vec();
    crossings[0].groups = CROSS;
    crossings[1].groups = MAIN;
    // Between the two there is no room for a queue, so the second is asked for with the first.
    crossings[1].storage = Length::from_metres(7);
    engine.crossings = crossings.into();
    let mut world = World::new(vec![engine, plan(AMBULANCE, 1)]);
    let mut x = 0.0_f64;
    while x < 620.0 {
        world.fix("V2", x.min(590.0), if x < 590.0 { 20_000 } else { 0 });
        x = world.drive("V1", x, 1);
    }
    // The ambulance had its green, which the engine's second stop line shares.
    assert_eq!(world.state(AMBULANCE, 0), CrossingState::Passed);
    world.stand("V2", 590.0, 3);
    let lease = world.corridors.lease(site(0)).unwrap();
    assert_eq!((lease.corridor, lease.groups), (ENGINE, CROSS));
}
