//! The numbered clauses of `docs/api/cabinet-map.md`, in virtual time.

use std::sync::Arc;

use super::core::CabinetCore;
use super::pdu::answer;
use super::rtu::next_request;
use super::{CabinetSite, StreetInputs, frame_check};
use crate::shell::field::map::{Command, GROUPS, Mode, UNCHANGED};
use crate::shell::field::test_support::SITE;
use crate::signal::Indication;
use crate::sim::{Referee, SiteRules};
use crate::units::{Millis, Mono};

const RED: u8 = 1;
const AMBER: u8 = 2;
const GREEN: u8 = 3;
const FLASHING: u8 = 6;

struct Bench {
    core: CabinetCore,
    now: u64,
    seq: u16,
    epoch: u32,
}

impl Bench {
    fn new() -> Self {
        let site = Arc::new(CabinetSite::parse(SITE).unwrap());
        Self {
            core: CabinetCore::new(site, 0),
            now: 0,
            seq: 0,
            epoch: 5,
        }
    }

    /// Started, claimed, and following, all red.
    fn following() -> Self {
        let mut bench = Self::new();
        bench.core.claim(0, 5, 1).unwrap();
        bench.hold([RED; 3], 15_200);
        assert_eq!(bench.core.active_mode(), 1);
        bench
    }

    fn command(&mut self, mode: Mode, three: [u8; 3]) -> Result<(), u16> {
        self.seq += 1;
        let mut lamps = [0; GROUPS];
        lamps[..3].copy_from_slice(&three);
        let command = Command {
            epoch: self.epoch,
            seq: self.seq,
            mode,
            ttl_ms: 1000,
            stage: 0,
            lamps,
            dim: 0,
        };
        let outcome = self.core.command(self.now, &command.encode());
        outcome.map_err(|()| self.core.last_reject)
    }

    fn direct(&mut self, three: [u8; 3]) -> Result<(), u16> {
        self.command(Mode::Direct, three)
    }

    /// Repeats a picture every 100 ms for so long; every one must be taken.
    fn hold(&mut self, three: [u8; 3], ms: u64) {
        let end = self.now + ms;
        while self.now < end {
            self.direct(three).unwrap();
            self.now += 100;
            self.core.step(self.now);
        }
    }

    /// Nobody commands for so long.
    fn alone(&mut self, ms: u64) {
        let end = self.now + ms;
        while self.now < end {
            self.now += 50;
            self.core.step(self.now);
        }
    }
}

#[test]
fn c1_start_up_flashes_then_is_red_then_follows() {
    let mut bench = Bench::new();
    bench.core.claim(0, 5, 1).unwrap();
    bench.hold([GREEN, RED, RED], 9_900);
    assert_eq!(bench.core.observed()[0], Indication::FlashingAmber);
    assert_eq!(bench.core.observed()[2], Indication::Dark);
    bench.hold([GREEN, RED, RED], 200);
    assert_eq!(bench.core.observed()[0], Indication::Red);
    bench.hold([GREEN, RED, RED], 4_800);
    assert_eq!(bench.core.observed()[0], Indication::Red);
    bench.hold([GREEN, RED, RED], 400);
    assert_eq!(bench.core.observed()[0], Indication::Green);
}

#[test]
fn c2_hostile_greens_are_refused_as_a_whole() {
    let mut bench = Bench::following();
    assert_eq!(bench.direct([GREEN, GREEN, RED]), Err(4));
    assert_eq!(bench.core.observed()[0], Indication::Red);
    bench.hold([GREEN, RED, RED], 500);
    assert_eq!(bench.direct([GREEN, RED, GREEN]), Err(4));
}

#[test]
fn c3_minimum_green_aspects_and_clearances_are_kept() {
    let mut bench = Bench::following();
    bench.hold([GREEN, RED, RED], 5_000);
    assert_eq!(bench.direct([FLASHING, RED, RED]), Err(5), "minimum green");
    bench.hold([GREEN, RED, RED], 5_000);
    assert_eq!(
        bench.direct([AMBER, RED, RED]),
        Err(6),
        "flashing green left out"
    );
    assert_eq!(bench.direct([RED, RED, RED]), Err(6), "amber left out");
    bench.hold([FLASHING, RED, RED], 2_500);
    assert_eq!(
        bench.direct([AMBER, RED, RED]),
        Err(6),
        "flashing too short"
    );
    bench.hold([FLASHING, RED, RED], 500);
    bench.hold([AMBER, RED, RED], 2_500);
    assert_eq!(bench.direct([RED, RED, RED]), Err(6), "amber too short");
    bench.hold([AMBER, RED, RED], 500);
    bench.hold([RED; 3], 1_500);
    assert_eq!(
        bench.direct([RED, GREEN, RED]),
        Err(6),
        "intergreen too short"
    );
    bench.hold([RED; 3], 500);
    bench.direct([RED, GREEN, RED]).unwrap();
}

#[test]
fn c4_guard_epoch_and_sequence() {
    let mut bench = Bench::following();
    let good = bench.core.last_command();
    let mut bad = good;
    bad[6] ^= 1;
    assert!(bench.core.command(bench.now, &bad).is_err());
    assert_eq!(bench.core.last_reject, 3);
    // The same block again is acknowledged and prolongs nothing.
    bench.alone(400);
    let left = bench.core.remaining_ms();
    bench.core.command(bench.now, &good).unwrap();
    assert_eq!(bench.core.remaining_ms(), left);
    // Older sequence, other content.
    bench.seq -= 1;
    assert_eq!(bench.direct([RED, RED, GREEN]), Err(2));
    bench.epoch = 4;
    assert_eq!(bench.direct([RED; 3]), Err(1));
    bench.epoch = 6;
    assert_eq!(
        bench.direct([RED; 3]),
        Err(1),
        "only a claim raises the epoch"
    );
}

#[test]
fn c5_a_claim_fences_the_old_controller_and_moves_no_lamp() {
    let mut bench = Bench::following();
    bench.hold([GREEN, RED, RED], 500);
    assert!(bench.core.claim(bench.now, 4, 9).is_err());
    assert!(
        bench.core.claim(bench.now, 2000, 9).is_err(),
        "too far ahead"
    );
    bench.core.claim(bench.now, 6, 9).unwrap();
    assert_eq!(bench.core.observed()[0], Indication::Green);
    assert_eq!(bench.direct([GREEN, RED, RED]), Err(1));
    bench.epoch = 6;
    bench.direct([GREEN, RED, RED]).unwrap();
}

#[test]
fn c6_silence_leads_to_the_local_plan_in_time_and_back_only_through_start_up() {
    let mut bench = Bench::following();
    bench.hold([GREEN, RED, RED], 3_000);
    let last = bench.now - 100;
    while bench.core.active_mode() != 9 {
        bench.alone(50);
    }
    assert!(bench.now - last <= 1_100, "{} ms", bench.now - last);
    assert_eq!(bench.core.comms_faults, 1);
    // The programme serves both stages, by legal steps only.
    let mut seen = [false; 3];
    for _ in 0..1400 {
        bench.alone(50);
        let shown = bench.core.observed();
        for (group, seen) in seen.iter_mut().enumerate() {
            *seen |= shown[group] == Indication::Green;
        }
        assert!(!(shown[0].is_go() && (shown[1].is_go() || shown[2].is_go())));
    }
    assert_eq!(seen, [true; 3]);
    bench.direct([RED; 3]).unwrap();
    assert_eq!(bench.core.active_mode(), 8);
    let mut flashed = false;
    for _ in 0..500 {
        bench.direct([RED; 3]).unwrap();
        bench.now += 100;
        bench.core.step(bench.now);
        flashed |= bench.core.observed()[0] == Indication::FlashingAmber;
        assert!(!bench.core.observed()[0].is_go() || !flashed);
    }
    assert!(flashed);
    assert_eq!(bench.core.active_mode(), 1);
}

/// Whenever in an amber the controller is lost: the local plan and the all-red end it whole, and
/// flash is the fault response. The referee forgives nothing here.
#[test]
fn c6_an_amber_that_runs_when_the_controller_is_lost_is_ended_whole() {
    for fallback in [1, 2, 3] {
        for lost_after in (100..3_000).step_by(100) {
            let mut bench = Bench::following();
            let setup = [1000, fallback, 0, 10, 0];
            bench.core.write_words(bench.now, 0x40, &setup).unwrap();
            bench.hold([RED, GREEN, RED], 8_000);
            let mut referee = Referee::new(vec![SiteRules::parse(SITE).unwrap()], Millis::ZERO);
            let mut look = |bench: &Bench| {
                referee.watch(Mono::from_ms(bench.now), &[bench.core.observed()], &());
                (bench.core.observed()[1], referee.counts().total())
            };
            look(&bench);
            let began = bench.now;
            while bench.now < began + lost_after {
                bench.direct([RED, AMBER, RED]).unwrap();
                look(&bench);
                bench.now += 100;
                bench.core.step(bench.now);
            }
            let mut shown = look(&bench);
            while shown.0 == Indication::Amber {
                bench.alone(50);
                shown = look(&bench);
            }
            let lasted = bench.now - began;
            let at = format!("fallback {fallback}, lost after {lost_after} ms: {lasted} ms");
            assert_eq!(shown.1, 0, "{at}");
            match shown.0 {
                Indication::FlashingAmber => assert_eq!(fallback, 2, "{at}"),
                other => assert_eq!((other, lasted >= 3_000), (Indication::Red, true), "{at}"),
            }
        }
    }
}

#[test]
fn c7_fallback_can_be_flash_and_can_latch() {
    let mut bench = Bench::following();
    bench
        .core
        .write_words(bench.now, 0x40, &[1000, 2, 0, 10, 1])
        .unwrap();
    bench.alone(1_500);
    assert_eq!(bench.core.active_mode(), 9);
    assert_eq!(bench.core.observed()[0], Indication::FlashingAmber);
    assert_eq!(bench.direct([RED; 3]), Err(9));
    bench.core.write_coil(101, true).unwrap();
    bench.direct([RED; 3]).unwrap();
    assert_eq!(bench.core.active_mode(), 8);
}

#[test]
fn c8_a_restart_counts_keeps_the_epoch_and_starts_up() {
    let mut bench = Bench::following();
    bench.core.restart(bench.now);
    assert_eq!(bench.core.input_words(2, 1).unwrap(), [2]);
    assert_eq!(bench.core.kept.epoch, 5);
    assert_eq!(bench.core.active_mode(), 8);
    assert_eq!(bench.core.accepted_seq, 0);
}

#[test]
fn c9_the_monitor_sees_lamps_not_commands() {
    let mut bench = Bench::following();
    bench.core.ills.conflict = true;
    bench.alone(400);
    assert_eq!(bench.core.active_mode(), 11);
    assert_eq!(bench.core.observed()[0], Indication::FlashingAmber);
    assert_eq!(bench.core.input_words(0x20, 3).unwrap(), [1, 0, 0b011]);
    bench.core.ills.conflict = false;
    bench.core.reset_monitor(bench.now);
    assert_eq!(bench.core.active_mode(), 8);
    // A lost red.
    let mut bench = Bench::following();
    bench.core.ills.stuck = Some((1, Indication::Dark));
    bench.hold([RED; 3], 1_300);
    assert_eq!(bench.core.active_mode(), 11);
    assert_eq!(bench.core.discrete(54), Some(true));
}

#[test]
fn c10_stage_all_red_hold_flash_and_dark_walk_by_themselves() {
    let mut bench = Bench::following();
    for _ in 0..40 {
        bench.seq += 1;
        let command = Command {
            epoch: 5,
            seq: bench.seq,
            mode: Mode::Stage,
            ttl_ms: 1000,
            stage: 2,
            lamps: [UNCHANGED; GROUPS],
            dim: 0,
        };
        bench.core.command(bench.now, &command.encode()).unwrap();
        bench.alone(500);
    }
    assert_eq!(bench.core.observed()[1..3], [Indication::Green; 2]);
    bench.command(Mode::Hold, [0; 3]).unwrap();
    bench.alone(500);
    assert_eq!(bench.core.observed()[1..3], [Indication::Green; 2]);
    for _ in 0..30 {
        bench.command(Mode::AllRed, [0; 3]).unwrap();
        bench.alone(500);
    }
    assert_eq!(bench.core.observed()[..3], [Indication::Red; 3]);
    bench.command(Mode::Flash, [0; 3]).unwrap();
    assert_eq!(bench.core.observed()[0], Indication::FlashingAmber);
    bench.direct([RED; 3]).unwrap();
    assert_eq!(
        bench.direct([GREEN, RED, RED]),
        Err(6),
        "all red after a flash"
    );
    bench.hold([RED; 3], 5_000);
    bench.direct([GREEN, RED, RED]).unwrap();
    bench.command(Mode::Dark, [0; 3]).unwrap();
    assert_eq!(bench.core.observed()[0], Indication::Dark);
}

#[test]
fn c11_the_wire_form_of_reads_writes_and_exceptions() {
    let mut bench = Bench::following();
    let mut ask = |request: &[u8]| answer(&mut bench.core, bench.now, true, request);
    assert_eq!(ask(&[4, 0, 0, 0, 2]), [4, 4, 0x54, 0x43, 1, 0]);
    assert_eq!(ask(&[3, 1, 0, 0, 1]), [3, 2, 0x54, 0x43], "mirror");
    assert_eq!(ask(&[3, 0, 0x10, 0, 1]), [0x83, 2], "hole");
    assert_eq!(ask(&[4, 0, 0, 0, 126]), [0x84, 3], "too many");
    assert_eq!(
        ask(&[6, 0, 3, 0, 4]),
        [0x86, 2],
        "the command block is written whole"
    );
    assert_eq!(
        ask(&[5, 0, 0, 0xFF, 0]),
        [0x85, 2],
        "lamp coils are read only"
    );
    assert_eq!(ask(&[1, 0, 0, 0, 9]), [1, 2, 0b0100_1001, 0], "three reds");
    assert_eq!(ask(&[7]), [0x87, 1]);
    assert_eq!(ask(&[6, 0, 0x40, 0, 1]), [0x86, 3], "out of range");
    assert_eq!(ask(&[6, 0, 0x40, 7, 0xD0]), [6, 0, 0x40, 7, 0xD0]);
}

#[test]
fn c12_counters_roll_and_contacts_count_edges() {
    let mut bench = Bench::new();
    for round in 0..3_u64 {
        bench.core.set_contacts(1000 * round, 0b10, 0b1);
        bench.core.set_contacts(1000 * round + 300, 0, 0);
    }
    bench.now = bench.core.now;
    assert_eq!(bench.core.input_words(0x84, 3).unwrap(), [3, 900, 300]);
    assert_eq!(bench.core.input_words(0x40, 1).unwrap(), [3]);
    let inputs = StreetInputs {
        occupied: 1 << 31,
        buttons: 2,
        ..StreetInputs::default()
    };
    bench.core.set_inputs(inputs);
    assert_eq!(bench.core.input_words(0x24, 3).unwrap(), [0x8000, 0, 2]);
    assert_eq!(bench.core.discrete(31), Some(true));
    bench.alone(3_100);
    assert_eq!(
        bench.core.input_words(0x51, 1).unwrap(),
        [3],
        "seconds held"
    );
}

#[test]
fn c13_the_panel_refuses_commands() {
    let mut bench = Bench::following();
    bench.core.ills.manual = true;
    bench.alone(50);
    assert_eq!(bench.direct([RED; 3]), Err(8));
    bench.core.ills.manual = false;
    bench.alone(50);
    assert_eq!(bench.core.active_mode(), 8);
}

#[test]
fn rtu_framing_survives_noise_half_frames_and_foreign_talk() {
    let mut good = vec![3_u8, 4, 0, 0, 0, 2];
    good.extend(frame_check(&good).to_le_bytes());
    let mut heard = vec![0x01, 0x0F, 0, 0, 0, 8, 0xFF];
    heard.extend(vec![0xA5; 40]);
    heard.extend(&good);
    assert_eq!(next_request(&mut heard), Some((3, good[1..6].to_vec())));
    assert!(heard.is_empty());
    let mut half = good[..5].to_vec();
    assert_eq!(next_request(&mut half), None);
    half.extend(&good[5..]);
    assert!(next_request(&mut half).is_some());
}
