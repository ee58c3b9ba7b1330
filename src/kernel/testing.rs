//! Small worlds for the kernel's tests: tables made in one line and a rig that ticks.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "a test may stop at an overflow"
)]

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::*;
use crate::ids::GroupId;
use crate::signal::{
    AspectStep, AspectSteps, Conflicts, FallbackShow, GroupKind, GroupTiming, Observed, Relation,
    StartUp,
};
use crate::units::TICK;

pub(super) fn g(number: u8) -> GroupId {
    GroupId::new(number)
}

pub(super) fn set(numbers: &[u8]) -> GroupSet {
    numbers.iter().copied().map(GroupId::new).collect()
}

pub(super) fn ms(ms: u32) -> Millis {
    Millis::new(ms)
}

fn steps(steps: &[(Indication, u32)]) -> AspectSteps {
    let steps: Vec<_> = steps
        .iter()
        .map(|(show, lasts)| AspectStep {
            show: *show,
            lasts: ms(*lasts),
        })
        .collect();
    AspectSteps::new(&steps).unwrap()
}

/// Flashing green 3 s and amber 3 s, as the `cn` profile has it.
pub(super) fn vehicle(green_min_s: u32) -> GroupTiming {
    GroupTiming {
        kind: GroupKind::Vehicle,
        gain: AspectSteps::NONE,
        lose: steps(&[(Indication::FlashingGreen, 3000), (Indication::Amber, 3000)]),
        green_min: Millis::from_secs(green_min_s),
        green_max: Millis::from_secs(300),
        red_min: Millis::from_secs(1),
        wait_max: Millis::from_secs(600),
    }
}

/// Red-amber 2 s and amber 3 s.
pub(super) fn red_amber_vehicle(green_min_s: u32) -> GroupTiming {
    GroupTiming {
        gain: steps(&[(Indication::RedAmber, 2000)]),
        lose: steps(&[(Indication::Amber, 3000)]),
        ..vehicle(green_min_s)
    }
}

/// Walk 7 s and this long a clearing time.
pub(super) fn walkers(clear_s: u32) -> GroupTiming {
    GroupTiming {
        kind: GroupKind::Pedestrian,
        gain: AspectSteps::NONE,
        lose: steps(&[(Indication::FlashingGreen, clear_s * 1000)]),
        ..vehicle(7)
    }
}

/// A made-up group with times in ticks: gain, lose, shortest green, shortest red.
pub(super) fn quick(gain: u32, lose: u32, green_min: u32, red_min: u32) -> GroupTiming {
    let gain = [(Indication::RedAmber, gain * 100)];
    GroupTiming {
        gain: steps(if gain[0].1 == 0 { &[] } else { &gain }),
        lose: steps(&[(Indication::Amber, lose * 100)]),
        green_min: ms(green_min * 100),
        red_min: ms(red_min * 100),
        ..vehicle(1)
    }
}

/// A table in which the listed pairs are hostile with (forward, back) clearances in ms.
pub(super) fn table(groups: &[GroupTiming], hostile: &[(u8, u8, u32, u32)]) -> Arc<SafetyTable> {
    let mut conflicts = Conflicts::all_compatible(groups.len());
    for (a, b, forward, back) in hostile {
        let relation = Relation::Hostile {
            forward: ms(*forward),
            back: ms(*back),
        };
        conflicts.declare(g(*a), g(*b), relation);
    }
    let start_up = StartUp {
        flash: Millis::from_secs(10),
        all_red: Millis::from_secs(5),
    };
    let made = SafetyTable::new(
        groups,
        conflicts,
        start_up,
        FallbackShow::FlashAmber,
        (ms(300), ms(800)),
    );
    Arc::new(made.unwrap())
}

/// Two roads that cross and walkers over the first one: 0 main, 1 side, 2 walkers.
pub(super) fn crossroads() -> Arc<SafetyTable> {
    let groups = [vehicle(10), vehicle(7), walkers(18)];
    table(&groups, &[(0, 1, 8000, 8000), (0, 2, 8000, 21_000)])
}

/// A kernel, a clock driven by hand and a cabinet that shows what it was told one tick ago.
pub(super) struct Rig {
    pub(super) kernel: Kernel,
    pub(super) table: Arc<SafetyTable>,
    pub(super) now: Mono,
    pub(super) request: Request,
    pub(super) readback: Readback,
    pub(super) events: Vec<(Mono, Event)>,
    pub(super) outputs: Option<Outputs>,
    /// Lamps that the street shows against the command.
    pub(super) forged: Vec<(GroupId, Observed)>,
}

impl Rig {
    /// Nothing heard of the cabinet yet.
    pub(super) fn silent(table: Arc<SafetyTable>) -> Self {
        let now = Mono::from_ms(1000);
        Self {
            kernel: Kernel::new(Arc::clone(&table), now),
            table,
            now,
            request: Request::default(),
            readback: Readback::default(),
            events: Vec::new(),
            outputs: None,
            forged: Vec::new(),
        }
    }

    /// In normal operation, all red, nobody asked for anything yet.
    pub(super) fn normal(table: Arc<SafetyTable>) -> Self {
        let mut rig = Self::silent(table);
        rig.follow();
        rig.run_until(|rig| rig.kernel.mode() == Mode::Normal);
        rig.run(ms(60_000));
        rig.events.clear();
        rig
    }

    /// The cabinet follows.
    pub(super) fn follow(&mut self) {
        self.readback.cabinet = CabinetState::Following;
        self.readback.age = Millis::ZERO;
    }

    pub(super) fn ask(&mut self, numbers: &[u8]) {
        self.request.groups = set(numbers);
    }

    pub(super) fn tick(&mut self) {
        self.tick_after(TICK);
    }

    pub(super) fn tick_after(&mut self, elapsed: Millis) {
        self.now = self.now + elapsed;
        if let Some(outputs) = &self.outputs {
            for (seen, lamp) in self.readback.lamps.iter_mut().zip(outputs.lamps()) {
                *seen = Observed::Lamps(*lamp);
            }
        }
        for (group, seen) in &self.forged {
            self.readback.lamps[group.index()] = *seen;
        }
        let outputs = self.kernel.step(self.now, &self.request, &self.readback);
        assert_eq!(self.kernel.lost_notes(), 0);
        let now = self.now;
        self.events
            .extend(self.kernel.events().iter().map(|event| (now, *event)));
        self.outputs = Some(outputs);
    }

    pub(super) fn run(&mut self, time: Millis) {
        let end = self.now + time;
        while self.now < end {
            self.tick();
        }
    }

    /// Ticks until `done`; the time it took.
    pub(super) fn run_until(&mut self, done: impl Fn(&Self) -> bool) -> Millis {
        let begin = self.now;
        while !done(self) {
            self.tick();
            assert!(self.now.since(begin) < Millis::from_secs(3600), "never");
        }
        self.now.since(begin)
    }

    pub(super) fn lamp(&self, number: u8) -> Indication {
        self.outputs.as_ref().unwrap().indication(g(number))
    }

    /// Asks for `numbers` and ticks until all of them have right of way; the time it took.
    pub(super) fn bring(&mut self, numbers: &[u8]) -> Millis {
        self.ask(numbers);
        self.run_until(|rig| set(numbers).is_subset(rig.kernel.go_set()))
    }

    pub(super) fn has_fault(&self, kind: FaultKind) -> bool {
        self.kernel.faults().iter().any(|fault| fault.kind == kind)
    }
}
