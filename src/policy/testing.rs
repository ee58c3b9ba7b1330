//! A small junction for the tests of this room, and a rig that runs it in virtual time.
//!
//! ```text
//! group 0  main road, both directions      stage A = 0, 3
//! group 1  left turns out of the main road stage B = 1
//! group 2  side road                       stage C = 2, 4
//! group 3  walkers over the side road (clear 12 s)
//! group 4  walkers over the main road (clear 18 s)
//! ```

use std::sync::Arc;

use super::*;
use crate::corridor::Lease;
use crate::detect::{Detection, FieldInputs};
use crate::ids::{GroupId, PlanId, StageId};
use crate::kernel::{CabinetState, Event, Kernel, Mode, Readback};
use crate::plan::{
    CheckedSite, Detector, DetectorUse, GroupInfo, OnFault, Plan, PlanMode, PlanStage, Recall,
    Schedule, SiteKind, StageInfo, Walk,
};
use crate::signal::{
    AspectStep, AspectSteps, Conflicts, FallbackShow, GroupKind, GroupSet, GroupTiming, Indication,
    Observed, Relation, SafetyTable, Stage, StartUp,
};
use crate::units::{Length, Millis, Mono, Speed, TICK};

pub(crate) const FIXED: PlanId = PlanId::new(0);
pub(crate) const ACTUATED: PlanId = PlanId::new(1);
pub(crate) const COORDINATED: PlanId = PlanId::new(2);
pub(crate) const ADAPTIVE: PlanId = PlanId::new(3);
pub(crate) const A: StageId = StageId::new(0);
pub(crate) const B: StageId = StageId::new(1);
pub(crate) const C: StageId = StageId::new(2);

pub(crate) fn g(number: u8) -> GroupId {
    GroupId::new(number)
}

pub(crate) fn set(groups: &[u8]) -> GroupSet {
    groups.iter().copied().map(GroupId::new).collect()
}

pub(crate) fn secs(s: u32) -> Millis {
    Millis::from_secs(s)
}

fn step(show: Indication, s: u32) -> AspectSteps {
    AspectSteps::new(&[AspectStep {
        show,
        lasts: secs(s),
    }])
    .unwrap()
}

fn vehicle(green_min: u32) -> GroupTiming {
    GroupTiming {
        kind: GroupKind::Vehicle,
        gain: AspectSteps::NONE,
        lose: step(Indication::Amber, 3),
        green_min: secs(green_min),
        green_max: secs(300),
        red_min: secs(1),
        wait_max: secs(180),
    }
}

fn walkers(clear: u32) -> GroupTiming {
    GroupTiming {
        kind: GroupKind::Pedestrian,
        lose: step(Indication::FlashingGreen, clear),
        wait_max: secs(120),
        ..vehicle(7)
    }
}

fn safety() -> SafetyTable {
    let mut conflicts = Conflicts::all_compatible(5);
    let clearing = [5, 5, 5, 15, 21];
    for (a, b) in [(0, 1), (0, 2), (1, 2), (3, 2), (3, 1), (4, 0), (4, 1)] {
        let hostile = Relation::Hostile {
            forward: secs(clearing[usize::from(a)]),
            back: secs(clearing[usize::from(b)]),
        };
        conflicts.declare(g(a), g(b), hostile);
    }
    let start_up = StartUp {
        flash: secs(10),
        all_red: secs(5),
    };
    SafetyTable::new(
        &[
            vehicle(10),
            vehicle(5),
            vehicle(7),
            walkers(12),
            walkers(18),
        ],
        conflicts,
        start_up,
        FallbackShow::FlashAmber,
        (Millis::new(300), Millis::new(800)),
    )
    .unwrap()
}

fn info(name: &str, walk: bool) -> GroupInfo {
    GroupInfo {
        name: name.into(),
        speed: Speed::from_kmh(50),
        walk: walk.then_some(Walk {
            crossing: Length::from_metres(12),
            speed: Speed::from_mm_per_s(1000),
            walk: secs(8),
            extend_by: secs(3),
            long_press: secs(2),
            wait_max: secs(90),
        }),
    }
}

pub(crate) fn detector(usage: DetectorUse, channel: u8, group: u8) -> Detector {
    let is_button = usage == DetectorUse::Button;
    Detector {
        name: format!("D{channel}"),
        channel,
        usage,
        groups: set(&[group]),
        lane: None,
        passage: Millis::new(2500),
        stuck_on: secs(600),
        stuck_off: secs(4 * 3600),
        chatter_per_min: 60,
        on_fault: if is_button {
            OnFault::RecallEveryCycle
        } else {
            OnFault::RecallMin
        },
    }
}

fn stage(name: &str, groups: &[u8]) -> StageInfo {
    StageInfo {
        name: name.into(),
        stage: Stage {
            groups: set(groups),
            late_start: [].into(),
            early_end: [].into(),
        },
        moves: Vec::new(),
    }
}

fn plan(mode: PlanMode) -> Plan {
    let has_cycle = matches!(mode, PlanMode::Fixed | PlanMode::Coordinated);
    let entry = |stage, split, green_max| PlanStage {
        stage,
        split: if has_cycle { secs(split) } else { Millis::ZERO },
        green_max: secs(green_max),
        recall: Recall::None,
    };
    Plan {
        name: format!("{mode:?}"),
        mode,
        cycle: if has_cycle { secs(100) } else { Millis::ZERO },
        offset: Millis::ZERO,
        coordinated: has_cycle.then_some(A),
        sequence: vec![entry(A, 45, 40), entry(B, 17, 15), entry(C, 38, 30)],
        rest: Some(A),
        transition_per_mille: 200,
    }
}

pub(crate) fn junction() -> CheckedSite {
    CheckedSite {
        id: "T01".into(),
        name_zh: "测试".into(),
        name_en: "Test".into(),
        kind: SiteKind::Junction,
        safety: Arc::new(safety()),
        groups: vec![
            info("M", false),
            info("L", false),
            info("S", false),
            info("PS", true),
            info("PM", true),
        ],
        stages: vec![stage("A", &[0, 3]), stage("B", &[1]), stage("C", &[2, 4])],
        approaches: Vec::new(),
        detectors: vec![
            detector(DetectorUse::Presence, 0, 0),
            detector(DetectorUse::Presence, 1, 1),
            detector(DetectorUse::Presence, 2, 2),
            detector(DetectorUse::Button, 0, 3),
            detector(DetectorUse::Button, 1, 4),
        ],
        plans: [
            PlanMode::Fixed,
            PlanMode::Actuated,
            PlanMode::Coordinated,
            PlanMode::Adaptive,
        ]
        .into_iter()
        .map(plan)
        .collect(),
        schedule: Schedule::default(),
        corridor_wait_max: secs(120),
        corridor_hold_max: secs(110),
    }
}

/// A site that runs: field inputs, detection, policies, kernel and a cabinet that obeys.
#[derive(Clone)]
pub(crate) struct Rig<P = NoAdaptive> {
    pub(crate) site: CheckedSite,
    pub(crate) kernel: Kernel,
    pub(crate) detection: Detection,
    pub(crate) policies: SitePolicies<P>,
    pub(crate) inputs: FieldInputs,
    pub(crate) plan: PlanId,
    pub(crate) now: Mono,
    /// What the city's cycle clock is ahead of the monotonic clock.
    pub(crate) clock_ahead: u64,
    pub(crate) lease: Option<Lease>,
    pub(crate) manual: Option<Manual>,
    pub(crate) last: Decision,
    /// Longest wait from demand to go seen so far, per group.
    pub(crate) waits: [Millis; 5],
    /// The groups with right of way after each cycle that changed them.
    pub(crate) shown: Vec<GroupSet>,
}

impl Rig {
    /// A rig in normal operation, at a moment when its programme clock stands at zero.
    pub(crate) fn new(plan: PlanId) -> Self {
        Self::with(junction(), plan)
    }

    pub(crate) fn with(site: CheckedSite, plan: PlanId) -> Self {
        let policies = SitePolicies::new(&site, Mono::ZERO);
        Rig::of(site, plan, policies)
    }
}

impl<P: Policy> Rig<P> {
    pub(crate) fn of(site: CheckedSite, plan: PlanId, policies: SitePolicies<P>) -> Self {
        let mut rig = Self {
            kernel: Kernel::new(Arc::clone(&site.safety), Mono::ZERO),
            detection: Detection::new(&site),
            policies,
            inputs: FieldInputs::default(),
            plan,
            now: Mono::ZERO,
            clock_ahead: 0,
            lease: None,
            manual: None,
            last: Decision::default(),
            waits: [Millis::ZERO; 5],
            shown: Vec::new(),
            site,
        };
        while rig.kernel.mode() != Mode::Normal {
            rig.tick();
        }
        rig
    }

    /// Two drawings of the next 150 s: as it is, and after `change`.
    pub(crate) fn draw_after(&mut self, change: impl FnOnce(&mut Self)) -> (String, String) {
        let mut twin = self.clone();
        change(&mut twin);
        (self.draw(150), twin.draw(150))
    }

    /// Runs until the programme clock of the cycle of 100 s stands at `second`.
    pub(crate) fn to_second(&mut self, second: u64) {
        while !(self.now.as_ms() + self.clock_ahead + 100_000 - second * 1000)
            .is_multiple_of(100_000)
        {
            self.tick();
        }
    }

    pub(crate) fn tick(&mut self) {
        self.now = self.now + TICK;
        let mut lamps = [Observed::NoSensor; 32];
        for (group, lamp) in self.site.safety.all_groups().iter().zip(&mut lamps) {
            *lamp = Observed::Lamps(self.kernel.shown(group));
        }
        self.inputs.readback = Readback {
            cabinet: CabinetState::Following,
            age: TICK,
            boot_count: 1,
            lamps,
        };
        let before = self.kernel.go_set();
        self.detection
            .step(self.now, &self.inputs, &self.site, before);
        self.last = self.policies.decide(&DecideContext {
            now: self.now,
            clock_ms: self.now.as_ms() + self.clock_ahead,
            plan: self.plan,
            site: &self.site,
            demands: self.detection.demands(),
            kernel: &self.kernel,
            lease: self.lease.as_ref(),
            manual: self.manual.as_ref(),
        });
        let _ = (self.kernel).step(self.now, &self.last.request, &self.inputs.readback);
        if self.kernel.events().contains(&Event::InsertAllDemands) {
            self.detection.insert_demands(&self.site);
        }
        for (group, longest) in self.site.safety.all_groups().iter().zip(&mut self.waits) {
            let waited = self.detection.demands().waited(group, self.now);
            *longest = waited.max(*longest);
        }
        if self.kernel.go_set() != before {
            self.shown.push(self.kernel.go_set());
        }
    }

    pub(crate) fn run(&mut self, seconds: u32) {
        for _ in 0..seconds * 10 {
            self.tick();
        }
    }

    /// Puts a vehicle on a detector channel, or takes it away.
    pub(crate) fn occupy(&mut self, channel: u8, occupied: bool) {
        if occupied {
            self.inputs.occupied |= 1 << channel;
        } else {
            self.inputs.occupied &= !(1 << channel);
        }
    }

    pub(crate) fn press(&mut self, channel: u8) {
        let presses = &mut self.inputs.presses[usize::from(channel)];
        *presses = presses.wrapping_add(1);
    }

    /// One row per group, one letter per second: `G` go, `a` amber, `f` flashing green, `.` red.
    pub(crate) fn draw(&mut self, seconds: u32) -> String {
        let mut rows = vec![String::new(); self.site.groups.len()];
        for _ in 0..seconds {
            for (row, group) in rows.iter_mut().zip(self.site.safety.all_groups()) {
                row.push(match self.kernel.shown(group) {
                    Indication::Green => 'G',
                    Indication::Amber => 'a',
                    Indication::FlashingGreen => 'f',
                    Indication::Red => '.',
                    other => panic!("{other:?} in normal operation"),
                });
            }
            self.run(1);
        }
        rows.join("\n")
    }
}
