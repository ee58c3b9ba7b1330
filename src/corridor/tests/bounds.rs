//! No lease outlives its bounds, whatever comes.

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever positions arrive and whatever the signals do, no lease lives longer than three
    /// seconds from its last renewal, than the hold cap, or than the corridor.
    #[test]
    fn no_lease_outlives_its_bounds(
        noise in proptest::collection::vec(
            (0_u32..30, -50.0_f64..2_600.0, -60.0_f64..60.0, 0_u32..60_000, 0_u8..8), 200..400),
        expires in 60_u32..240,
    ) {
        let mut way = plan(AMBULANCE, 4);
        way.expires = secs(expires);
        way.departs = Some(Mono::ZERO);
        let mut world = World::new(vec![way]);
        let mut since: [Option<Mono>; 4] = [None; 4];
        let mut lately: [Vec<bool>; 4] = Default::default();
        for (age, x_m, y_m, speed, knob) in noise {
            let at = Mono::from_ms(world.now.as_ms().saturating_sub(u64::from(age) * 150));
            // Half of the positions are honest, so that the corridor stays alive.
            let honest = f64::from(u32::try_from(world.now.as_ms() / 100).unwrap());
            let (at, x_m, y_m) = if knob < 5 { (world.now, honest, 0.0) } else { (at, x_m, y_m) };
            let fix = Fix { at, x_m, y_m, speed: Speed::from_mm_per_s(speed) };
            world.corridors.fix("V1", &fix);
            world.board.signals[usize::from(knob % 4)].stuck = knob == 7;
            for _ in 0..7 {
                world.tick();
                for (at, since) in since.iter_mut().enumerate() {
                    let lease = world.corridors.lease(site(at));
                    let locked = lease.filter(|lease| lease.step == LeaseStep::Lock);
                    *since = locked.map(|_| since.unwrap_or(world.now));
                    // Of two minutes and a rest after them no more than two minutes are locked.
                    let lately = &mut lately[at];
                    lately.push(locked.is_some());
                    let from = lately.len().saturating_sub(1_800);
                    let ticks = lately[from..].iter().filter(|one| **one).count();
                    prop_assert!(ticks <= 1_201, "{} locked ticks of 1800", ticks);
                    if let (Some(lease), Some(since)) = (lease, *since) {
                        prop_assert!(lease.is_live(world.now));
                        prop_assert!(lease.expires <= world.now + LEASE_TTL);
                        prop_assert!(lease.expires <= secs(expires));
                        prop_assert!(lease.expires <= since + Millis::from_secs(120));
                        prop_assert!(!lease.groups.is_empty());
                    }
                }
            }
        }
    }
}

#[test]
fn a_vehicle_that_parks_before_its_lock_is_due_keeps_nobody_waiting() {
    let mut world = World::new(vec![plan(AMBULANCE, 1)]);
    let mut x = 0.0;
    while world.step_of(0) != Some(LeaseStep::Inhibit) {
        x = world.drive("V1", x, 1);
    }
    let mut near_s = 0_u32;
    while world.step_of(0) == Some(LeaseStep::Inhibit) {
        world.stand("V1", x, 1);
        near_s += 1;
        assert!(near_s <= 121, "near for {near_s} s");
    }
    assert!(near_s > 100, "others are served only after {near_s} s");
    world.stand("V1", x, 20);
    assert_eq!(world.step_of(0), None);
    // It drives on while the others have their turn: the lock begins as if nothing had been.
    while world.step_of(0) != Some(LeaseStep::Lock) {
        x = world.drive("V1", x, 1);
        assert!(x < 500.0, "no lock at {x} m");
    }
    assert_eq!(world.ended(0), [LeaseEnd::NotYet]);
}
