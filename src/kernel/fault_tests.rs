//! Faults, read-back and the cabinet: what the site does, and what lets it go again.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "a test may stop at an overflow"
)]

use super::testing::*;
use super::*;
use crate::signal::{Observed, SafetyTable};

use Indication as I;

/// Main green for 20 s, faultless.
fn main_green() -> Rig {
    let mut rig = Rig::normal(crossroads());
    rig.bring(&[0]);
    rig.run(Millis::from_secs(20));
    rig
}

/// Lets group `number` be read back as `seen`; how long until the site stops serving.
fn forge(rig: &mut Rig, number: u8, seen: Observed) -> Millis {
    rig.forged = alloc::vec![(g(number), seen)];
    rig.run_until(|rig| !rig.kernel.mode().serves())
}

#[test]
fn i13_a_wrong_reading_leads_to_flash_in_its_time() {
    let cases = [
        (
            1,
            Observed::Lamps(I::FlashingGreen),
            300,
            FaultKind::HostileGreens(g(0), g(1)),
        ),
        (1, Observed::Nonsense, 300, FaultKind::WrongGreen(g(1))),
        (
            1,
            Observed::Lamps(I::Amber),
            800,
            FaultKind::WrongLamp(g(1)),
        ),
        (1, Observed::Lamps(I::Dark), 800, FaultKind::RedLost(g(1))),
        (0, Observed::Lamps(I::Red), 800, FaultKind::WrongLamp(g(0))),
    ];
    for (number, seen, time, kind) in cases {
        let mut rig = main_green();
        assert_eq!(forge(&mut rig, number, seen), ms(time), "{kind:?}");
        assert!(rig.has_fault(kind), "{:?}", rig.kernel.faults());
        assert_eq!(rig.lamp(0), I::FlashingAmber);
        assert_eq!(rig.lamp(2), I::Dark);
    }
}

#[test]
fn i13_a_green_where_all_is_red_is_wrong_though_nothing_conflicts() {
    let mut rig = Rig::normal(crossroads());
    assert_eq!(forge(&mut rig, 1, Observed::Lamps(I::Green)), ms(300));
    assert!(rig.has_fault(FaultKind::WrongGreen(g(1))));
}

#[test]
fn i13_short_glitches_drain_away_and_frequent_ones_add_up() {
    let mut rig = main_green();
    for _ in 0..200 {
        rig.forged = alloc::vec![(g(1), Observed::Nonsense)];
        rig.run(ms(200));
        rig.forged.clear();
        rig.run(ms(200));
    }
    assert!(rig.kernel.faults().is_empty());
    for _ in 0..3 {
        rig.forged = alloc::vec![(g(1), Observed::Nonsense)];
        rig.run(ms(200));
        rig.forged.clear();
        rig.run(ms(100));
    }
    assert!(rig.has_fault(FaultKind::WrongGreen(g(1))));
}

#[test]
fn i13_real_time_counts_when_cycles_are_late() {
    let mut rig = main_green();
    rig.forged = alloc::vec![(g(1), Observed::Nonsense)];
    rig.tick_after(ms(350));
    assert!(rig.has_fault(FaultKind::WrongGreen(g(1))));
}

#[test]
fn i13_a_slow_link_is_given_its_latency() {
    for (latency, survives) in [(300, false), (600, true)] {
        let mut rig = main_green();
        rig.kernel.set_latency(ms(latency));
        rig.ask(&[]);
        rig.run_until(|rig| rig.lamp(0) == I::Amber);
        rig.forged = alloc::vec![(g(0), Observed::Lamps(I::FlashingGreen))];
        rig.run(ms(700));
        rig.forged.clear();
        rig.run(ms(2000));
        assert_eq!(rig.kernel.faults().is_empty(), survives, "{latency}");
    }
}

#[test]
fn i13_unmeasured_and_stale_lamps_accuse_nobody() {
    let mut rig = main_green();
    rig.forged = alloc::vec![(g(0), Observed::NoSensor), (g(1), Observed::NoSensor)];
    rig.run(Millis::from_secs(5));
    assert_eq!(rig.kernel.stale_readings(), 0);
    rig.forged = alloc::vec![(g(1), Observed::Lamps(I::Green))];
    rig.readback.age = Millis::from_secs(2);
    rig.run(Millis::from_secs(5));
    assert!(rig.kernel.faults().is_empty());
    assert_eq!(rig.kernel.stale_readings(), 50);
}

#[test]
fn i12_a_dark_green_lamp_is_noted_and_driven_on() {
    let mut rig = main_green();
    rig.forged = alloc::vec![(g(0), Observed::Lamps(I::Dark))];
    rig.run(Millis::from_secs(5));
    assert!(rig.has_fault(FaultKind::LampOut(g(0))));
    assert_eq!(rig.kernel.response(), Some(Response::Note));
    assert_eq!(rig.kernel.mode(), Mode::Normal);
    rig.forged.clear();
    rig.run(Millis::from_secs(5));
    assert!(rig.kernel.faults().is_empty());
}

#[test]
fn i12_the_strongest_response_wins() {
    let mut rig = main_green();
    rig.kernel.report(Concern::InputsFrozen, true);
    rig.ask(&[1]);
    rig.run(Millis::from_secs(5));
    assert_eq!(rig.kernel.response(), Some(Response::HoldStage));
    assert_eq!(rig.lamp(0), I::Green, "the stage is held");
    rig.kernel.report(Concern::PolicyFailed, true);
    rig.tick();
    assert_eq!(rig.kernel.response(), Some(Response::FixedTime));
    rig.kernel.report(Concern::SafetyDataChange, true);
    rig.tick();
    assert_eq!(rig.kernel.mode(), Mode::AllRed);
    assert_eq!(rig.lamp(0), I::FlashingGreen, "through legal clearances");
    rig.kernel.report(Concern::ConfigMismatch, true);
    rig.tick();
    assert_eq!(rig.lamp(0), I::FlashingAmber);
    assert_eq!(rig.kernel.faults().len(), 4);
    for concern in [
        Concern::InputsFrozen,
        Concern::PolicyFailed,
        Concern::SafetyDataChange,
        Concern::ConfigMismatch,
    ] {
        rig.kernel.report(concern, false);
    }
    rig.tick();
    assert_eq!(
        rig.kernel.faults().len(),
        1,
        "the mismatch waits for a person"
    );
    assert_eq!(rig.kernel.response(), Some(Response::Flash));
}

#[test]
fn i14_a_latched_fault_needs_the_cause_gone_and_a_person() {
    let mut rig = main_green();
    forge(&mut rig, 1, Observed::Lamps(I::Green));
    rig.request.reset = true;
    rig.run(Millis::from_secs(60));
    assert!(
        matches!(rig.kernel.mode(), Mode::Flashing(_)),
        "the cause is there"
    );
    rig.request.reset = false;
    rig.forged.clear();
    rig.run(Millis::from_secs(60));
    assert!(
        matches!(rig.kernel.mode(), Mode::Flashing(_)),
        "nobody has looked"
    );
    rig.request.reset = true;
    rig.tick();
    rig.request.reset = false;
    let time = rig.run_until(|rig| rig.kernel.mode() == Mode::Normal);
    assert_eq!(time, ms(5100), "flash has long been shown, all red follows");
}

#[test]
fn i14_a_lost_cabinet_is_taken_back_later_every_time() {
    let mut rig = main_green();
    for back_off in [5, 60, 120, 300, 900, 1800, 1800] {
        rig.readback.cabinet = CabinetState::Silent;
        rig.run(Millis::from_secs(1));
        assert_eq!(rig.kernel.mode(), Mode::Starting(StartUpPart::Waiting));
        rig.follow();
        rig.tick();
        let time = rig.run_until(|rig| rig.kernel.mode() == Mode::Normal);
        assert_eq!(
            time,
            Millis::from_secs(back_off + 15),
            "I10 again, each time"
        );
    }
    rig.run(Millis::from_secs(1800));
    rig.readback.cabinet = CabinetState::Silent;
    rig.tick();
    rig.follow();
    rig.tick();
    let time = rig.run_until(|rig| rig.kernel.mode() == Mode::Normal);
    assert_eq!(
        time,
        Millis::from_secs(20),
        "after a calm half hour it counts anew"
    );
}

#[test]
fn i11_every_foreign_hand_ends_in_a_start_up() {
    for cabinet in [
        CabinetState::Silent,
        CabinetState::StartUp,
        CabinetState::Fallback,
        CabinetState::LocalManual,
    ] {
        let mut rig = main_green();
        rig.readback.cabinet = cabinet;
        rig.tick();
        assert_eq!(rig.kernel.mode(), Mode::Starting(StartUpPart::Waiting));
        rig.follow();
        rig.events.clear();
        rig.run_until(|rig| rig.kernel.mode() == Mode::Normal);
        let seen = |mode: fn(&Mode) -> bool| {
            rig.events
                .iter()
                .any(|(_, event)| matches!(event, Event::Mode(to) if mode(to)))
        };
        assert!(seen(|m| matches!(m, Mode::Starting(StartUpPart::Flash(_)))));
        assert!(seen(|m| matches!(
            m,
            Mode::Starting(StartUpPart::AllRed(_))
        )));
        assert!(seen(|m| *m == Mode::Normal));
    }
}

#[test]
fn i11_a_cabinet_that_restarted_unseen_is_not_resumed() {
    let mut rig = main_green();
    rig.readback.boot_count = 7;
    rig.tick();
    assert!(rig.has_fault(FaultKind::CabinetRestarted));
    assert_eq!(rig.lamp(0), I::FlashingAmber);
    let time = rig.run_until(|rig| rig.kernel.mode() == Mode::Normal);
    assert_eq!(time, Millis::from_secs(20));
}

#[test]
fn i12_a_tripped_monitor_latches() {
    let mut rig = main_green();
    rig.readback.cabinet = CabinetState::MonitorFault;
    rig.tick();
    rig.follow();
    rig.run(Millis::from_secs(60));
    assert!(matches!(rig.kernel.mode(), Mode::Flashing(_)));
    rig.request.reset = true;
    rig.run_until(|rig| rig.kernel.mode() == Mode::Normal);
}

#[test]
fn i12_a_site_may_fall_back_to_dark() {
    let bright = crossroads();
    let dark = SafetyTable::new(
        bright.timings(),
        bright.conflicts().clone(),
        bright.start_up(),
        crate::signal::FallbackShow::Dark,
        (bright.readback_green(), bright.readback_other()),
    );
    let mut rig = Rig::normal(Arc::new(dark.unwrap()));
    rig.bring(&[0]);
    forge(&mut rig, 1, Observed::Lamps(I::Green));
    assert_eq!(rig.kernel.mode(), Mode::Dark);
    assert_eq!(rig.lamp(0), I::Dark);
    rig.forged.clear();
    rig.run(ms(1000));
    rig.request.reset = true;
    assert_eq!(
        rig.run_until(|r| r.kernel.mode() == Mode::Normal),
        ms(15_100)
    );
}
