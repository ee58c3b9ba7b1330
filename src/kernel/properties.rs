//! Random sites, adversarial requests, read-backs and clocks; the lamps are judged by a checker
//! that knows nothing of the kernel.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "a test may stop at an overflow"
)]

use alloc::sync::Arc;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::checker::Checker;
use super::testing::*;
use super::*;
use crate::ids::GroupId;
use crate::signal::{GroupTiming, Observed};
use crate::units::TICK;

/// A small generator, so that one number names a whole run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((x ^ (x >> 31)) >> 32).unwrap()
    }
    fn below(&mut self, bound: u32) -> u32 {
        self.next() % bound
    }
    fn one_in(&mut self, bound: u32) -> bool {
        self.below(bound) == 0
    }
}

fn random_group(dice: &mut Dice) -> GroupTiming {
    let base = match dice.below(4) {
        0 => walkers(dice.below(12) + 1),
        1 => red_amber_vehicle(dice.below(6)),
        2 => quick(dice.below(3) * 10, 30, dice.below(40), dice.below(20)),
        _ => vehicle(dice.below(8)),
    };
    GroupTiming {
        wait_max: Millis::from_secs(dice.below(60) + 5),
        green_max: Millis::from_secs(dice.below(40) + 5),
        ..base
    }
}

fn random_table(dice: &mut Dice) -> Arc<SafetyTable> {
    let count = if dice.one_in(8) {
        32
    } else {
        dice.below(8) + 1
    };
    let groups: Vec<_> = (0..count).map(|_| random_group(dice)).collect();
    let mut hostile = Vec::new();
    let density = dice.below(4) + 1;
    for b in 0..groups.len() {
        for a in 0..b {
            if dice.below(4) < density {
                let (x, y) = (&groups[a], &groups[b]);
                let forward = (x.lose.total() + y.gain.total()).as_ms() + dice.below(40) * 100;
                let back = (y.lose.total() + x.gain.total()).as_ms() + dice.below(40) * 100;
                let id = |n: usize| u8::try_from(n).unwrap();
                hostile.push((id(a), id(b), forward, back));
            }
        }
    }
    table(&groups, &hostile)
}

/// A wish: mostly some set without a hostile pair, sometimes anything at all.
fn random_wish(dice: &mut Dice, table: &SafetyTable) -> GroupSet {
    if dice.one_in(4) {
        return GroupSet::from_bits(dice.next());
    }
    let mut wish = GroupSet::EMPTY;
    for _ in 0..table.group_count() {
        let group = GroupId::new(u8::try_from(dice.below(32)).unwrap());
        let wider = wish.with(group).intersection(table.all_groups());
        if table.conflicts().hostile_pair_in(wider).is_none() {
            wish = wider;
        }
    }
    wish
}

fn scramble_request(dice: &mut Dice, rig: &mut Rig) {
    if dice.one_in(15) {
        rig.request.groups = random_wish(dice, &rig.table);
    }
    if dice.one_in(10) {
        rig.request.demands = GroupSet::from_bits(dice.next() & dice.next());
    }
    if dice.one_in(150) {
        rig.request.mode = match dice.below(6) {
            0 => ModeWish::AllRed,
            1 => ModeWish::Flash,
            _ => ModeWish::Normal,
        };
    }
    rig.request.reset = dice.one_in(40);
}

fn scramble_readback(dice: &mut Dice, rig: &mut Rig) {
    if dice.one_in(60) {
        rig.readback.cabinet = match dice.below(12) {
            0 => CabinetState::Silent,
            1 => CabinetState::StartUp,
            2 => CabinetState::Fallback,
            3 => CabinetState::LocalManual,
            4 => CabinetState::MonitorFault,
            _ => CabinetState::Following,
        };
    }
    if dice.one_in(500) {
        rig.readback.boot_count ^= 1;
    }
    rig.readback.age = ms(dice.below(1200));
    rig.forged.clear();
    if dice.one_in(8) {
        let group = GroupId::new(u8::try_from(dice.below(32)).unwrap());
        let seen = match dice.below(10) {
            0 => Observed::NoSensor,
            1 => Observed::Nonsense,
            n => Observed::Lamps(Indication::ALL[usize::try_from(n - 2).unwrap()]),
        };
        rig.forged.push((group, seen));
    }
}

fn scramble_clock(dice: &mut Dice, rig: &mut Rig) -> Millis {
    match dice.below(60) {
        0 => Millis::ZERO,
        1 => {
            rig.now = rig.now.back(ms(dice.below(3000)));
            Millis::ZERO
        }
        2 => ms(dice.below(9000)),
        3 => ms(dice.below(300)),
        4 if dice.one_in(10) => Millis::from_secs(3600),
        _ => TICK,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Any request on a healthy site with an exact clock: every rule holds and aspects are exact.
    #[test]
    fn any_request_leaves_the_street_safe(seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let mut rig = Rig::silent(random_table(&mut dice));
        let mut checker = Checker::new(Arc::clone(&rig.table));
        checker.is_exact = true;
        rig.follow();
        for _ in 0..1500 {
            scramble_request(&mut dice, &mut rig);
            rig.tick();
            checker.see(rig.now, rig.outputs.unwrap().lamps());
            prop_assert!(rig.kernel.faults().is_empty(), "{:?}", rig.kernel.faults());
        }
    }

    /// The same with a clock that jumps, repeats and runs backwards: aspects may only get longer.
    #[test]
    fn any_clock_leaves_the_street_safe(seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let mut rig = Rig::silent(random_table(&mut dice));
        let mut checker = Checker::new(Arc::clone(&rig.table));
        rig.follow();
        for _ in 0..1500 {
            scramble_request(&mut dice, &mut rig);
            let before = rig.now;
            let elapsed = scramble_clock(&mut dice, &mut rig);
            rig.tick_after(elapsed);
            checker.see(rig.now, rig.outputs.unwrap().lamps());
            rig.now = rig.now.max(before);
            prop_assert!(rig.kernel.faults().iter().all(|f| f.kind == FaultKind::ClockStuck));
        }
    }

    /// The same with a cabinet that lies, restarts and falls silent: flash may come at any moment
    /// and is left only through the start-up.
    #[test]
    fn any_cabinet_leaves_the_street_safe(seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let mut rig = Rig::silent(random_table(&mut dice));
        let mut checker = Checker::new(Arc::clone(&rig.table));
        checker.flash_may_come = true;
        rig.follow();
        for _ in 0..1500 {
            scramble_request(&mut dice, &mut rig);
            scramble_readback(&mut dice, &mut rig);
            let before = rig.now;
            let elapsed = scramble_clock(&mut dice, &mut rig);
            rig.tick_after(elapsed);
            checker.see(rig.now, rig.outputs.unwrap().lamps());
            rig.now = rig.now.max(before);
        }
    }

    /// The entry time told is the entry time that comes, waits that run out included, and a
    /// snapshot goes on exactly like the original.
    #[test]
    fn entry_time_is_kept_and_snapshots_go_on(seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let mut rig = Rig::silent(random_table(&mut dice));
        rig.follow();
        for _ in 0..4 {
            for _ in 0..200 + dice.below(200) {
                scramble_request(&mut dice, &mut rig);
                rig.request.mode = ModeWish::Normal;
                rig.tick();
            }
            let wish = random_wish(&mut dice, &rig.table).intersection(rig.table.all_groups());
            let (mut now, first) = (rig.now + TICK, rig.now + TICK);
            let bytes = postcard::to_allocvec(&rig.kernel).unwrap();
            let mut twin: Kernel = postcard::from_bytes(&bytes).unwrap();
            twin.attach(Arc::clone(&rig.table));
            let told = rig.kernel.entry_time(first, wish);
            let mut request = Request { groups: wish, ..Request::default() };
            let mut readback = rig.readback;
            readback.lamps = [Observed::NoSensor; GROUPS_MAX];
            match told {
                Ok(time) => loop {
                    // Whoever waits goes on waiting, and nobody new comes.
                    let waits = |group: &GroupId| rig.kernel.waiting_since(*group).is_some();
                    request.demands = rig.table.all_groups().iter().filter(waits).collect();
                    let a = twin.step(now, &request, &readback);
                    let b = rig.kernel.step(now, &request, &readback);
                    prop_assert_eq!(a, b);
                    rig.now = now;
                    rig.outputs = Some(b);
                    let is_in = wish.is_subset(rig.kernel.go_set());
                    prop_assert_eq!(is_in, now.since(first) == time);
                    if is_in {
                        break;
                    }
                    now = now + TICK;
                },
                Err(refusal) => {
                    let pair = rig.table.conflicts().hostile_pair_in(wish);
                    let is_honest = if refusal.invariant == Invariant::I1 {
                        pair.is_some()
                    } else {
                        refusal.invariant == Invariant::I10 && rig.kernel.mode() != Mode::Normal
                    };
                    prop_assert!(is_honest, "{:?} {:?}", refusal, pair);
                }
            }
        }
    }
}
