//! One behaviour each, on small worlds.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "a test may stop at an overflow"
)]

use alloc::vec::Vec;

use super::testing::*;
use super::*;
use crate::units::TICK;

/// The lamps of group `number` over `time`, as (indication, length in ms).
fn film(rig: &mut Rig, number: u8, time: Millis) -> Vec<(Indication, u32)> {
    let mut film: Vec<(Indication, u32)> = Vec::new();
    let end = rig.now + time;
    while rig.now < end {
        rig.tick();
        let lamp = rig.lamp(number);
        match film.last_mut() {
            Some((last, length)) if *last == lamp => *length += TICK.as_ms(),
            _ => film.push((lamp, TICK.as_ms())),
        }
    }
    film
}

#[test]
fn i10_comes_up_through_flash_and_all_red() {
    let mut rig = Rig::silent(crossroads());
    rig.run(Millis::from_secs(30));
    assert_eq!(rig.kernel.mode(), Mode::Starting(StartUpPart::Waiting));
    rig.follow();
    rig.ask(&[0]);
    let main = film(&mut rig, 0, Millis::from_secs(20));
    let expected = [
        (Indication::FlashingAmber, 10_000),
        (Indication::Red, 5000),
        (Indication::Green, 5000),
    ];
    assert_eq!(main, expected);
    let mut rig = Rig::silent(crossroads());
    rig.follow();
    rig.ask(&[1, 2]);
    let walkers = film(&mut rig, 2, Millis::from_secs(23));
    assert_eq!(walkers[0], (Indication::Dark, 10_000));
    assert_eq!(walkers[1].0, Indication::Red);
}

#[test]
fn changes_over_with_exact_aspects() {
    let mut rig = Rig::normal(crossroads());
    assert_eq!(rig.bring(&[0]), TICK);
    rig.run(Millis::from_secs(20));
    rig.ask(&[1]);
    let main = film(&mut rig, 0, Millis::from_secs(10));
    let expected = [
        (Indication::FlashingGreen, 3000),
        (Indication::Amber, 3000),
        (Indication::Red, 4000),
    ];
    assert_eq!(main, expected);
    assert_eq!(
        rig.kernel.interval(g(1)),
        Interval::Go(rig.now.back(ms(1900)))
    );
}

#[test]
fn i01_a_wish_with_a_hostile_pair_is_refused_as_a_whole() {
    let mut rig = Rig::normal(crossroads());
    rig.bring(&[1, 2]);
    rig.run(Millis::from_secs(10));
    rig.ask(&[0, 1]);
    rig.run(Millis::from_secs(30));
    assert_eq!(rig.kernel.go_set(), set(&[1, 2]));
    let refusal = rig.kernel.refusals()[0];
    assert_eq!(refusal.invariant, Invariant::I1);
    assert_eq!((refusal.group, refusal.because_of), (g(0), Some(g(1))));
}

#[test]
fn i01_nothing_starts_while_a_hostile_group_is_not_in_stop() {
    let mut rig = Rig::normal(table(
        &[vehicle(10), red_amber_vehicle(7)],
        &[(0, 1, 8000, 5000)],
    ));
    rig.bring(&[0]);
    rig.ask(&[1]);
    rig.run_until(|rig| rig.lamp(1) != Indication::Red);
    assert_eq!(rig.lamp(1), Indication::RedAmber);
    assert_eq!(rig.lamp(0), Indication::Red);
}

#[test]
fn i01_the_last_look_turns_a_broken_state_into_flash() {
    let mut rig = Rig::normal(crossroads());
    rig.bring(&[0]);
    rig.kernel.street.stop = rig.kernel.street.stop.without(g(1));
    rig.kernel.street.go = set(&[0, 1]);
    rig.tick();
    assert_eq!(rig.lamp(0), Indication::FlashingAmber);
    assert_eq!(rig.lamp(1), Indication::FlashingAmber);
    assert!(rig.has_fault(FaultKind::InternalConflict(g(0), g(1))));
    rig.request.reset = true;
    rig.run(Millis::from_secs(60));
    assert!(
        matches!(rig.kernel.mode(), Mode::Flashing(_)),
        "not even a reset clears it"
    );
}

#[test]
fn i02_a_late_cycle_makes_amber_longer_and_never_shorter() {
    let mut rig = Rig::normal(crossroads());
    rig.bring(&[0]);
    rig.run(Millis::from_secs(12));
    rig.ask(&[1]);
    rig.run_until(|rig| rig.lamp(0) == Indication::FlashingGreen);
    rig.run(ms(2500));
    rig.tick_after(ms(4000));
    assert_eq!(rig.lamp(0), Indication::Amber);
    let rest = film(&mut rig, 0, ms(3200));
    let expected = [(Indication::Amber, 2900), (Indication::Red, 300)];
    assert_eq!(rest, expected, "3000 ms of amber with the first cycle");
    assert_eq!(
        rig.lamp(1),
        Indication::Red,
        "and the all-red after it is kept"
    );
    assert_eq!(
        rig.run_until(|rig| rig.lamp(1) == Indication::Green),
        ms(1800)
    );
}

#[test]
fn i04_the_directed_clearance_is_kept_to_the_tick() {
    let groups = [vehicle(10), vehicle(7)];
    let mut rig = Rig::normal(table(&groups, &[(0, 1, 9000, 7000)]));
    for (from, to, clearance) in [(0, 1, 9000), (1, 0, 7000)] {
        rig.bring(&[from]);
        rig.run(Millis::from_secs(15));
        rig.ask(&[to]);
        rig.tick();
        let refusal = rig.kernel.refusals()[0];
        assert_eq!(refusal.invariant, Invariant::I4);
        assert_eq!((refusal.group, refusal.because_of), (g(to), Some(g(from))));
        assert_eq!(refusal.until, Some(rig.now + ms(clearance)));
        let end = rig.now;
        rig.run_until(|rig| rig.lamp(to) == Indication::Green);
        assert_eq!(rig.now.since(end), ms(clearance));
    }
}

#[test]
fn i05_no_wish_cuts_the_shortest_green() {
    let mut rig = Rig::normal(crossroads());
    rig.bring(&[0]);
    let begin = rig.now;
    rig.ask(&[1]);
    rig.tick();
    let refusal = rig.kernel.refusals()[0];
    assert_eq!((refusal.invariant, refusal.group), (Invariant::I5, g(0)));
    assert_eq!(refusal.until, Some(begin + ms(10_000)));
    rig.request.mode = ModeWish::AllRed;
    rig.run_until(|rig| rig.lamp(0) != Indication::Green);
    assert_eq!(rig.now.since(begin), ms(10_000));
}

#[test]
fn i06_red_is_not_a_flicker() {
    let group = crate::signal::GroupTiming {
        red_min: Millis::from_secs(4),
        ..vehicle(5)
    };
    let mut rig = Rig::normal(table(&[group], &[]));
    rig.bring(&[0]);
    rig.run(Millis::from_secs(6));
    rig.ask(&[]);
    rig.run_until(|rig| rig.lamp(0) == Indication::Red);
    rig.ask(&[0]);
    rig.tick();
    assert_eq!(rig.kernel.refusals()[0].invariant, Invariant::I6);
    assert_eq!(
        rig.run_until(|rig| rig.lamp(0) == Indication::Green),
        ms(3900)
    );
}

/// A crossroads where a demand waits at most 40 s and a hold lasts at most 20 s.
fn impatient(wait_s: u32, hold_s: u32) -> Arc<SafetyTable> {
    let patience = |timing| crate::signal::GroupTiming {
        wait_max: Millis::from_secs(wait_s),
        green_max: Millis::from_secs(hold_s),
        ..timing
    };
    let groups = [patience(vehicle(10)), patience(vehicle(7))];
    table(&groups, &[(0, 1, 8000, 8000)])
}

#[test]
fn i07_a_demand_is_served_against_the_wish_when_its_wait_runs_out() {
    let mut rig = Rig::normal(impatient(40, 300));
    rig.bring(&[0]);
    rig.request.demands = set(&[1]);
    rig.tick();
    let begin = rig.now;
    rig.run_until(|rig| rig.kernel.forced() == Some(g(1)));
    rig.request.demands = GroupSet::EMPTY;
    assert_eq!(rig.now.since(begin), ms(40_000));
    let alarm = Event::WaitForced(g(1), ms(40_000));
    assert!(rig.events.contains(&(rig.now, alarm)));
    assert_eq!(
        rig.run_until(|rig| rig.lamp(1) == Indication::Green),
        ms(8000)
    );
    let own = film(&mut rig, 1, Millis::from_secs(7));
    assert_eq!(own[0].0, Indication::Green);
    assert_eq!(rig.kernel.waiting_since(g(1)), None);
    rig.run_until(|rig| rig.lamp(0) == Indication::Green);
    assert_eq!(rig.kernel.forced(), None, "and then the wish counts again");
}

#[test]
fn i07_a_vehicle_that_left_waits_no_more_and_a_walker_who_pressed_does() {
    let mut rig = Rig::normal(crossroads());
    rig.bring(&[1]);
    rig.request.demands = set(&[0, 2]);
    rig.tick();
    assert!(rig.kernel.waiting_since(g(0)).is_some());
    let pressed = rig.kernel.waiting_since(g(2));
    assert!(pressed.is_some());
    rig.request.demands = GroupSet::EMPTY;
    rig.tick();
    assert_eq!(rig.kernel.waiting_since(g(0)), None);
    assert_eq!(rig.kernel.waiting_since(g(2)), pressed);
}

#[test]
fn i08_walkers_get_their_walk_and_their_whole_clearing_time() {
    let mut rig = Rig::normal(crossroads());
    rig.bring(&[2]);
    rig.ask(&[0]);
    let walkers = film(&mut rig, 2, Millis::from_secs(30));
    let expected = [
        (Indication::Green, 6900),
        (Indication::FlashingGreen, 18_000),
        (Indication::Red, 5100),
    ];
    assert_eq!(walkers, expected);
}

#[test]
fn i09_traffic_waits_for_the_buffer_after_the_last_walker() {
    let mut rig = Rig::normal(crossroads());
    rig.bring(&[2]);
    rig.ask(&[0]);
    rig.run_until(|rig| rig.lamp(2) == Indication::FlashingGreen);
    assert_eq!(rig.kernel.refusals()[0].invariant, Invariant::I8);
    rig.run_until(|rig| rig.lamp(2) == Indication::Red);
    assert_eq!(rig.kernel.refusals()[0].invariant, Invariant::I9);
    assert_eq!(
        rig.run_until(|rig| rig.lamp(0) == Indication::Green),
        ms(3000)
    );
}

#[test]
fn i11_flash_is_reached_and_left_through_all_red() {
    let mut rig = Rig::normal(crossroads());
    rig.bring(&[0]);
    rig.request.mode = ModeWish::Flash;
    let main = film(&mut rig, 0, Millis::from_secs(30));
    let begin = [
        (Indication::Green, 9900),
        (Indication::FlashingGreen, 3000),
        (Indication::Amber, 3000),
        (Indication::Red, 5000),
    ];
    assert_eq!(main[..4], begin);
    assert_eq!(main[4].0, Indication::FlashingAmber);
    rig.request.mode = ModeWish::Normal;
    rig.events.clear();
    let main = film(&mut rig, 0, Millis::from_secs(10));
    assert_eq!(main[0].0, Indication::FlashingAmber);
    assert_eq!(main[0].1 + 9100, 10_000, "the rest of ten seconds");
    assert_eq!(main[1], (Indication::Red, 5000));
    let told = rig
        .events
        .iter()
        .any(|(_, e)| *e == Event::InsertAllDemands);
    assert!(told);
}

#[test]
fn i18_no_group_is_held_for_ever_while_another_one_waits() {
    let mut rig = Rig::normal(impatient(300, 20));
    rig.bring(&[0]);
    rig.run(Millis::from_secs(100));
    assert_eq!(
        rig.lamp(0),
        Indication::Green,
        "nobody waits, so it may stay"
    );
    rig.request.demands = set(&[1]);
    rig.tick();
    let begin = rig.now;
    rig.run_until(|rig| rig.lamp(0) != Indication::Green);
    assert_eq!(rig.now.since(begin), ms(20_000));
    assert!(
        rig.events
            .contains(&(rig.now, Event::HoldEnded(g(0), g(1))))
    );
    assert_eq!(
        rig.run_until(|rig| rig.lamp(1) == Indication::Green),
        ms(8000)
    );
}

#[test]
fn i19_a_clock_that_stands_still_or_runs_back_changes_no_lamp() {
    let mut rig = Rig::normal(crossroads());
    rig.bring(&[0]);
    rig.run(Millis::from_secs(20));
    rig.ask(&[1]);
    let now = rig.now;
    for back in [0, 1, 5000] {
        rig.now = now.back(ms(back));
        rig.tick_after(Millis::ZERO);
        assert_eq!(rig.lamp(0), Indication::Green);
        assert!(rig.has_fault(FaultKind::ClockStuck));
        assert_eq!(rig.kernel.response(), Some(Response::Note));
    }
    rig.now = now;
    rig.tick();
    assert_eq!(rig.lamp(0), Indication::FlashingGreen);
    assert!(!rig.has_fault(FaultKind::ClockStuck));
    for _ in 0..STALLED_MAX {
        rig.tick_after(Millis::ZERO);
    }
    assert_eq!(
        rig.lamp(0),
        Indication::FlashingAmber,
        "a clock lost for good"
    );
}

#[test]
fn i20_a_snapshot_is_dark_without_its_table_and_restarts_with_another() {
    let mut rig = Rig::normal(crossroads());
    rig.bring(&[0]);
    let bytes = postcard::to_allocvec(&rig.kernel).unwrap();
    let mut copy: Kernel = postcard::from_bytes(&bytes).unwrap();
    let now = rig.now + TICK;
    let outputs = copy.step(now, &rig.request, &rig.readback);
    assert_eq!(outputs.indication(g(0)), Indication::Dark);
    assert_eq!(
        copy.entry_time(now, set(&[0])).unwrap_err().invariant,
        Invariant::I20
    );
    copy.attach(crossroads());
    let outputs = copy.step(now, &rig.request, &rig.readback);
    assert_eq!(outputs.indication(g(0)), Indication::Green);
    copy.attach(table(&[vehicle(10), vehicle(7), walkers(19)], &[]));
    let outputs = copy.step(now + TICK, &rig.request, &rig.readback);
    assert_eq!(outputs.indication(g(0)), Indication::FlashingAmber);
}

#[test]
fn i21_an_unknown_group_is_refused_and_stays_dark() {
    let mut rig = Rig::normal(crossroads());
    rig.bring(&[0]);
    rig.ask(&[0, 9]);
    rig.tick();
    let refusal = rig.kernel.refusals()[0];
    assert_eq!((refusal.invariant, refusal.group), (Invariant::I21, g(9)));
    assert_eq!(rig.lamp(0), Indication::Green);
    assert_eq!(rig.lamp(9), Indication::Dark);
}

#[test]
fn i24_only_what_is_certain_is_counted_down() {
    let mut rig = Rig::normal(crossroads());
    rig.bring(&[0]);
    assert_eq!(rig.kernel.committed(g(0), rig.now), Some(ms(10_000)));
    assert_eq!(rig.kernel.committed(g(1), rig.now), Some(ms(18_000)));
    rig.run(Millis::from_secs(11));
    assert_eq!(
        rig.kernel.committed(g(0), rig.now),
        None,
        "it may be extended"
    );
    rig.ask(&[1]);
    rig.tick();
    assert_eq!(rig.kernel.committed(g(0), rig.now), Some(ms(6000)));
    assert_eq!(rig.kernel.committed(g(1), rig.now), Some(ms(8000)));
}

#[test]
fn compatible_groups_start_together_and_hostile_ones_never() {
    let mut rig = Rig::normal(crossroads());
    rig.ask(&[1, 2]);
    rig.tick();
    assert_eq!(rig.kernel.go_set(), set(&[1, 2]));
    assert_eq!(rig.kernel.green_for(g(1), rig.now), Some(Millis::ZERO));
    assert_eq!(rig.kernel.green_for(g(0), rig.now), None);
}

#[test]
fn entry_time_says_why_not() {
    let mut rig = Rig::silent(crossroads());
    let not_yet = rig.kernel.entry_time(rig.now, set(&[0])).unwrap_err();
    assert_eq!((not_yet.invariant, not_yet.until), (Invariant::I10, None));
    rig.follow();
    rig.tick();
    let not_yet = rig.kernel.entry_time(rig.now, set(&[0])).unwrap_err();
    assert_eq!(not_yet.until, Some(rig.now + ms(15_000)));
    let rig = Rig::normal(crossroads());
    let pair = rig.kernel.entry_time(rig.now, set(&[0, 1])).unwrap_err();
    assert_eq!(
        (pair.invariant, pair.because_of),
        (Invariant::I1, Some(g(1)))
    );
    let unknown = rig.kernel.entry_time(rig.now, set(&[7])).unwrap_err();
    assert_eq!(unknown.invariant, Invariant::I21);
}

#[test]
fn sixteen_faults_are_kept_and_the_stronger_ones_stay() {
    let mut faults = Faults::none();
    let mut notes = Notes::default();
    for n in 0..20 {
        faults.raise(FaultKind::LampOut(g(n)), Mono::ZERO, &mut notes);
    }
    faults.raise(FaultKind::RedLost(g(1)), Mono::ZERO, &mut notes);
    assert_eq!(faults.active().len(), FAULTS_MAX);
    assert_eq!(faults.strongest(|_| true), Some(Response::Flash));
    assert_eq!(faults.dropped(), 5);
}

/// The cadence is the cabinet's: it is told "flashing" in one word for as long as that lasts, and
/// never on and off.
#[test]
fn i22_flashing_is_told_and_not_toggled() {
    let mut rig = Rig::silent(crossroads());
    rig.follow();
    rig.ask(&[0]);
    let start = film(&mut rig, 0, Millis::from_secs(10));
    assert_eq!(start, [(Indication::FlashingAmber, 10_000)]);
    let mut rig = Rig::normal(crossroads());
    rig.bring(&[0]);
    rig.run(Millis::from_secs(20));
    rig.ask(&[1]);
    let lost = film(&mut rig, 0, Millis::from_secs(3));
    assert_eq!(lost, [(Indication::FlashingGreen, 3000)]);
}
