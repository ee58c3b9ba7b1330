//! Which positions are believed, and what a wrong turn does.

use super::*;

#[test]
fn unbelievable_positions_are_refused_with_a_reason_and_counted() {
    let mut world = World::new(vec![plan(AMBULANCE, 4)]);
    let x = world.drive("V1", 0.0, 15);
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
        at: Mono::from_ms(world.now.as_ms() - 3_100),
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
        refused(FixRefusal::OffRoute)
    );
    assert_eq!(world.corridors.fix("V7", &fix), FixVerdict::NoMission);
    let counts = world.mission(AMBULANCE).fixes();
    let expected = FixCounts {
        accepted: 15,
        stale: 1,
        future: 1,
        out_of_order: 1,
        impossible: 2,
        off_route: 1,
        jump: 1,
        backwards: 1,
    };
    assert_eq!(counts, expected);
    world.run(1);
    let held = world.mission(AMBULANCE).view(world.now, &world.corridors);
    assert!(held.position.unwrap().along <= Length::from_metres(330));
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
