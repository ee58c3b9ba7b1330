//! What a corridor's lease and an operator's hand do to a site, and what others are owed meanwhile.

use super::testing::*;
use super::*;
use crate::corridor::{Lease, LeaseStep};
use crate::ids::CorridorId;
use crate::units::Millis;

use super::tests::expect;

pub(super) fn lease(rig: &Rig, groups: &[u8], step: LeaseStep) -> Lease {
    Lease {
        corridor: CorridorId::new(7),
        groups: set(groups),
        beside: set(&[]),
        into_exit: set(&[]),
        near: set(&[]),
        near_by: rig.now,
        expires: rig.now + secs(3),
        step,
        green_by: rig.now,
        until: rig.now + secs(10),
    }
}

/// Runs with a lease renewed every second, as the corridor engine does.
fn hold(rig: &mut Rig, groups: &[u8], step: LeaseStep, seconds: u32) {
    for _ in 0..seconds {
        rig.lease = Some(lease(rig, groups, step));
        rig.run(1);
    }
}

#[test]
fn a_lock_holds_the_approach_and_the_programme_clock_goes_on_underneath() {
    let mut rig = Rig::new(FIXED);
    rig.run_to_second(70);
    hold(&mut rig, &[1], LeaseStep::Lock, 50);
    assert_eq!(rig.kernel.go_set(), set(&[1]));
    assert_eq!(rig.last.winner.reason, Reason::Corridor(CorridorId::new(7)));
    assert!(rig.last.losers[0].is_some_and(|wish| wish.source == PolicyKind::Fixed));
    // The lease runs out by itself at second 22 of the cycle: the main road has what is left of
    // its split, the walkers beside it would no longer be across in time.
    expect(
        &rig.draw(30),
        &[
            ".......GGGGGGGGGGGGGaaa.......",
            "GGaaa....................GGGGG",
            "..............................",
            "..............................",
            "..............................",
        ],
    );
}

#[test]
fn a_lock_adds_what_cannot_hurt_and_nothing_that_yields() {
    let mut rig = Rig::new(FIXED);
    rig.run_to_second(5);
    hold(&mut rig, &[0], LeaseStep::Lock, 5);
    assert_eq!(rig.kernel.go_set(), set(&[0, 3]));

    let mut site = junction();
    let mut conflicts = site.safety.conflicts().clone();
    conflicts.declare(g(0), g(3), crate::signal::Relation::Permissive);
    let table = crate::signal::SafetyTable::new(
        site.safety.timings(),
        conflicts,
        site.safety.start_up(),
        site.safety.fallback(),
        (Millis::new(300), Millis::new(800)),
    );
    site.safety = std::sync::Arc::new(table.unwrap());
    let mut rig = Rig::with(site, FIXED);
    rig.run_to_second(5);
    hold(&mut rig, &[0], LeaseStep::Lock, 20);
    assert_eq!(rig.kernel.go_set(), set(&[0]));
}

#[test]
fn a_lock_shows_what_may_be_beside_it_and_nothing_that_fills_its_exit() {
    let mut rig = Rig::new(FIXED);
    rig.run_to_second(70);
    for _ in 0..30 {
        rig.lease = Some(Lease {
            beside: set(&[3]),
            ..lease(&rig, &[0], LeaseStep::Lock)
        });
        rig.run(1);
    }
    assert_eq!(rig.kernel.go_set(), set(&[0, 3]));
    for _ in 0..40 {
        rig.lease = Some(Lease {
            into_exit: set(&[3]),
            ..lease(&rig, &[0], LeaseStep::Lock)
        });
        rig.run(1);
    }
    assert_eq!(rig.kernel.go_set(), set(&[0]));
}

#[test]
fn an_oncoming_stream_stops_with_the_left_turns_that_wait_for_it() {
    let mut site = junction();
    // The left turns of group 3 wait for group 0.
    let mut conflicts = site.safety.conflicts().clone();
    conflicts.declare(g(0), g(3), crate::signal::Relation::Permissive);
    let table = crate::signal::SafetyTable::new(
        site.safety.timings(),
        conflicts,
        site.safety.start_up(),
        site.safety.fallback(),
        (Millis::new(300), Millis::new(800)),
    );
    site.safety = std::sync::Arc::new(table.unwrap());
    site.left_yields[3] = set(&[0]);
    let mut rig = Rig::with(site, FIXED);
    rig.run_to_second(20);
    assert_eq!(rig.kernel.go_set(), set(&[0, 3]));
    let mut was_trapped = false;
    let mut stopped = false;
    for _ in 0..40 {
        rig.lease = Some(lease(&rig, &[0], LeaseStep::Lock));
        rig.run(1);
        let left_ends = rig.kernel.shown(g(3)) == crate::signal::Indication::FlashingGreen;
        was_trapped |= left_ends && rig.kernel.go_set().contains(g(0));
        stopped |= !rig.kernel.go_set().contains(g(0));
    }
    assert!(stopped && !was_trapped);
    assert_eq!(rig.kernel.go_set(), set(&[0]));
}

#[test]
fn an_inhibit_cuts_nothing_and_begins_nothing_hostile() {
    let mut rig = Rig::new(FIXED);
    rig.run_to_second(50);
    // The left turns run until second 57. The side road must not follow; the main road does.
    hold(&mut rig, &[0], LeaseStep::Inhibit, 0);
    let mut shown = Vec::new();
    for _ in 0..30 {
        rig.lease = Some(lease(&rig, &[0], LeaseStep::Inhibit));
        rig.run(1);
        shown.push(rig.kernel.go_set());
    }
    assert_eq!(shown[5], set(&[1]));
    assert!(
        shown
            .iter()
            .all(|go| !go.contains(g(2)) && !go.contains(g(4)))
    );
    assert!(shown[29].contains(g(0)));
}

/// Runs with a corridor that comes near: its approach has to be green in `green_in` seconds.
fn approach(rig: &mut Rig, groups: &[u8], green_in: u32, seconds: u32) {
    let (green_by, until) = (rig.now + secs(green_in), rig.now + secs(green_in + 10));
    for _ in 0..seconds {
        rig.lease = Some(Lease {
            green_by,
            until,
            ..lease(rig, groups, LeaseStep::Inhibit)
        });
        rig.run(1);
    }
}

#[test]
fn an_inhibit_lets_begin_what_can_be_over_in_time() {
    for (green_in, served) in [(90, true), (20, false)] {
        let mut rig = Rig::new(FIXED);
        rig.run_to_second(50);
        // The side road is due at second 57: it needs 8 s of green and its clearance.
        approach(&mut rig, &[0], green_in, 15);
        assert_eq!(rig.kernel.go_set().contains(g(2)), served, "{green_in} s");
    }
}

#[test]
fn who_would_wait_too_long_is_served_before_the_lock() {
    let mut rig = Rig::new(ACTUATED);
    rig.run_to_second(30);
    rig.press(1);
    // Pressed at once, and the vehicle is through 130 s later: the bound of 120 s would be broken.
    let shown = |rig: &mut Rig, seconds| {
        approach(rig, &[0], 120, seconds);
        rig.kernel.go_set()
    };
    let mut walked = false;
    for _ in 0..60 {
        walked |= shown(&mut rig, 1).contains(g(4));
    }
    assert!(walked, "{:?}", rig.waits);
    assert!(rig.waits[4] < secs(60), "{:?}", rig.waits);
}

#[test]
fn the_everyday_bound_begins_no_walk_that_would_stop_the_vehicle() {
    let mut rig = Rig::new(FIXED);
    rig.run_to_second(5);
    rig.press(1);
    // The walk's everyday bound runs out while the vehicle comes near; its corridor bound does not.
    hold(&mut rig, &[0], LeaseStep::Lock, 50);
    for _ in 0..45 {
        approach(&mut rig, &[0], 5, 1);
        assert!(!rig.kernel.go_set().contains(g(4)), "{:?}", rig.last);
    }
}

#[test]
fn an_armed_corridor_keeps_nothing_from_starting() {
    let mut rig = Rig::new(FIXED);
    rig.run_to_second(50);
    hold(&mut rig, &[0], LeaseStep::Prepare, 15);
    assert!(rig.kernel.go_set().contains(g(2)));
    assert_eq!(rig.last.winner.source, PolicyKind::Fixed);
}

#[test]
fn a_corridor_gives_everybody_else_their_bound() {
    let mut rig = Rig::new(FIXED);
    rig.site.corridor_hold_max = secs(1000);
    rig.run_to_second(10);
    rig.press(1);
    rig.occupy(2, true);
    hold(&mut rig, &[0], LeaseStep::Lock, 400);
    assert!(
        rig.waits[4] > secs(100),
        "the lock did hold: {:?}",
        rig.waits
    );
    assert!(
        rig.waits[4] <= secs(120) && rig.waits[2] <= secs(150),
        "{:?}",
        rig.waits
    );
}

#[test]
fn whom_a_lock_made_wait_is_served_in_time_after_it_too() {
    for seconds in (10..=140).step_by(10) {
        let mut rig = Rig::new(FIXED);
        rig.run_to_second(72);
        rig.occupy(2, true);
        hold(&mut rig, &[0], LeaseStep::Lock, seconds);
        rig.lease = None;
        rig.run(150);
        assert!(
            rig.waits[2] <= secs(150),
            "locked {seconds} s: {:?}",
            rig.waits
        );
    }
}

#[test]
fn a_vehicle_that_is_about_to_pass_for_long_stands_and_makes_nobody_wait_longer() {
    let mut rig = Rig::new(FIXED);
    rig.site.corridor_hold_max = secs(1000);
    rig.run_to_second(10);
    rig.occupy(2, true);
    for tick in 0..2_000 {
        let mut lease = lease(&rig, &[0], LeaseStep::Lock);
        // The arrival is forecast anew every second, now nearer, now further.
        lease.until = rig.now + secs(if tick % 20 < 10 { 7 } else { 9 });
        rig.lease = Some(lease);
        rig.tick();
    }
    assert!(rig.waits[2] > secs(100), "the lock did hold");
    assert!(rig.waits[2] <= secs(150), "{:?}", rig.waits);
}

#[test]
fn who_comes_to_the_bound_as_the_vehicle_passes_waits_a_moment_longer_and_no_more() {
    let mut rig = Rig::new(FIXED);
    rig.site.corridor_hold_max = secs(1000);
    rig.run_to_second(10);
    rig.occupy(2, true);
    hold(&mut rig, &[0], LeaseStep::Lock, 125);
    for _ in 0..600 {
        let mut lease = lease(&rig, &[0], LeaseStep::Lock);
        lease.until = rig.now + secs(5);
        rig.lease = Some(lease);
        rig.tick();
    }
    assert!(rig.waits[2] <= secs(172), "{:?}", rig.waits);
}

#[test]
fn a_hold_that_reaches_its_cap_is_given_back() {
    let mut rig = Rig::new(FIXED);
    rig.site.corridor_hold_max = secs(30);
    rig.run_to_second(50);
    hold(&mut rig, &[0], LeaseStep::Lock, 29);
    assert_eq!(rig.last.winner.source, PolicyKind::Corridor);
    hold(&mut rig, &[0], LeaseStep::Lock, 2);
    assert_eq!(rig.last.winner.source, PolicyKind::Fixed);
    hold(&mut rig, &[0], LeaseStep::Lock, 30);
    assert_eq!(rig.last.winner.source, PolicyKind::Corridor);
}

#[test]
fn a_manual_act_beats_a_corridor_and_ends_by_itself() {
    let mut rig = Rig::new(FIXED);
    rig.run_to_second(5);
    rig.manual = Some(Manual {
        act: ManualAct::Stage(C),
        until: rig.now + secs(60),
        by: 3,
    });
    hold(&mut rig, &[0], LeaseStep::Lock, 40);
    assert_eq!(rig.kernel.go_set(), set(&[2, 4]));
    assert_eq!(rig.last.winner.source, PolicyKind::Manual);
    assert!(rig.last.losers[0].is_some_and(|wish| wish.source == PolicyKind::Corridor));
    hold(&mut rig, &[0], LeaseStep::Lock, 60);
    assert_eq!(rig.last.winner.source, PolicyKind::Corridor);

    let act = |act, rig: &mut Rig| {
        rig.manual = Some(Manual {
            act,
            until: rig.now + secs(60),
            by: 3,
        });
        rig.run(50);
        rig.kernel.mode()
    };
    rig.lease = None;
    let all_red = act(ManualAct::AllRed, &mut rig);
    assert_eq!(all_red, crate::kernel::Mode::AllRed);
    assert!(rig.kernel.go_set().is_empty());
    let flash = act(ManualAct::Flash, &mut rig);
    assert!(matches!(flash, crate::kernel::Mode::Flashing(_)));
}
