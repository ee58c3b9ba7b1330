//! A small junction for the tests of detection and policies.
//!
//! ```text
//! group 0  main road, both directions      stage A = 0, 3
//! group 1  left turns out of the main road stage B = 1
//! group 2  side road                       stage C = 2, 4
//! group 3  walkers over the side road (clear 12 s)
//! group 4  walkers over the main road (clear 18 s)
//! ```

use std::sync::Arc;

use crate::ids::{GroupId, PlanId, StageId};
use crate::plan::{
    CheckedSite, Detector, DetectorUse, GroupInfo, OnFault, Plan, PlanMode, PlanStage, Recall,
    Schedule, SiteKind, StageInfo, Walk,
};
use crate::signal::{
    AspectStep, AspectSteps, Conflicts, FallbackShow, GroupKind, GroupSet, GroupTiming, Indication,
    Relation, SafetyTable, Stage, StartUp,
};
use crate::units::{Length, Millis, Speed};

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
        adaptive: crate::plan::AdaptiveRules::default(),
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
        yields: vec![GroupSet::EMPTY; 5],
        left_yields: vec![GroupSet::EMPTY; 5],
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
        tuning: Arc::default(),
        corridor_wait_max: secs(120),
        corridor_red_max: Millis::from_secs(150),
        corridor_hold_max: secs(110),
    }
}
