//! The city runs twice alike, its twin is free, and its clock measures nothing.

use alloc::sync::Arc;

use super::*;
use crate::corridor::Settings;
use crate::detect::FieldInputs;
use crate::detect::testing::junction;
use crate::ids::{CorridorId, SiteId};
use crate::kernel::{CabinetState, Concern, FaultKind, Mode};
use crate::policy::{Manual, ManualAct};
use crate::signal::Observed;
use crate::units::{CivilTime, Millis, Mono, TICK};

const SITES: usize = 3;

fn civil(second_of_day: u32) -> CivilTime {
    CivilTime {
        second_of_day,
        ..CivilTime::default()
    }
}

/// A city whose cabinets obey.
#[derive(Clone)]
struct Run {
    city: City,
    now: Mono,
    ahead_s: u32,
}

impl Run {
    fn new() -> Self {
        let plans: Arc<[_]> = (0..SITES).map(|_| Arc::new(junction())).collect();
        let city = City::new(plans, Settings::default(), Mono::ZERO);
        Self {
            city,
            now: Mono::ZERO,
            ahead_s: 0,
        }
    }

    fn tick(&mut self, commands: &[Command]) {
        self.now = self.now + TICK;
        let fields: Vec<_> = (self.city.sites().iter().zip(self.city.plans().iter()))
            .map(|(state, site)| {
                let mut field = FieldInputs::default();
                field.readback.cabinet = CabinetState::Following;
                field.readback.age = TICK;
                field.readback.boot_count = 1;
                for (group, lamp) in site
                    .safety
                    .all_groups()
                    .iter()
                    .zip(&mut field.readback.lamps)
                {
                    *lamp = Observed::Lamps(state.kernel().shown(group));
                }
                field
            })
            .collect();
        let second = u32::try_from(self.now.as_ms() / 1000).unwrap_or_default();
        self.city.cycle(&CycleInputs {
            now: self.now,
            civil: civil(self.ahead_s + second),
            fields: &fields,
            commands,
        });
    }

    fn run(&mut self, seconds: u32) {
        for _ in 0..seconds * 10 {
            self.tick(&[]);
        }
    }

    fn decided(&self) -> Vec<Option<SiteCycle>> {
        self.city
            .sites()
            .iter()
            .map(|site| site.last().copied())
            .collect()
    }
}

fn red_for(run: &Run, seconds: u32) -> Manual {
    Manual {
        act: ManualAct::AllRed,
        until: run.now + Millis::from_secs(seconds),
        by: 1,
    }
}

#[test]
fn the_same_inputs_decide_the_same_while_a_twin_goes_its_own_way() {
    let (mut one, mut other) = (Run::new(), Run::new());
    one.run(30);
    other.run(30);
    let mut twin = one.clone();
    let act = red_for(&twin, 60);
    twin.tick(&[Command::Manual(SiteId::new(1), act)]);
    one.tick(&[]);
    other.tick(&[]);
    let mut parted = false;
    for _ in 0..600 {
        one.tick(&[]);
        twin.tick(&[]);
        other.tick(&[]);
        assert_eq!(
            one.decided(),
            other.decided(),
            "cycle {}",
            one.city.cycle_number()
        );
        parted |= one.decided() != twin.decided();
    }
    assert!(parted, "the act of the twin shows");
}

#[test]
fn a_manual_act_ends_by_itself() {
    let mut run = Run::new();
    run.run(30);
    let act = red_for(&run, 5);
    run.tick(&[Command::Manual(SiteId::new(0), act)]);
    assert_eq!(run.city.answers(), [Answer::Done]);
    while run.now + TICK < act.until {
        run.tick(&[]);
        assert_eq!(run.city.sites()[0].manual(), Some(&act));
    }
    run.tick(&[]);
    assert_eq!(run.city.sites()[0].manual(), None);
}

#[test]
fn a_refused_command_changes_nothing() {
    let (mut asked, mut left_alone) = (Run::new(), Run::new());
    asked.run(30);
    left_alone.run(30);
    let nowhere = SiteId::new(99);
    let commands = [
        Command::Manual(nowhere, red_for(&asked, 5)),
        Command::ReleaseManual(nowhere),
        Command::ResetFaults(nowhere),
        Command::TakeOut(CorridorId::default(), SiteId::new(0)),
        Command::Passed(CorridorId::default(), SiteId::new(0)),
    ];
    asked.tick(&commands);
    left_alone.tick(&[]);
    assert_eq!(asked.city.answers().len(), commands.len());
    for answer in asked.city.answers() {
        assert!(matches!(answer, Answer::Refused(_)), "{answer:?}");
    }
    for _ in 0..300 {
        asked.tick(&[]);
        left_alone.tick(&[]);
        assert_eq!(asked.decided(), left_alone.decided());
    }
}

#[test]
fn a_clock_drifts_unnoticed_and_steps_once() {
    let mut clock = CityClock::default();
    assert_eq!(clock.at(Mono::ZERO, civil(100)), (100_000, false));
    assert_eq!(
        clock.at(Mono::from_ms(1000), civil(103)),
        (101_000, false),
        "2 s apart"
    );
    assert_eq!(
        clock.at(Mono::from_ms(2000), civil(105)),
        (105_000, true),
        "3 s apart"
    );
    assert_eq!(clock.at(Mono::from_ms(3000), civil(106)), (106_000, false));
}

#[test]
fn a_clock_passes_midnight_without_a_step() {
    let mut clock = CityClock::default();
    assert_eq!(clock.at(Mono::ZERO, civil(86_399)), (86_399_000, false));
    assert_eq!(clock.at(Mono::from_ms(1500), civil(86_399)), (500, false));
    assert_eq!(clock.at(Mono::from_ms(2000), civil(1)), (1000, false));
    assert_eq!(since_midnight(86_400_500), Millis::new(500));
}

/// A policy that has lost its turn is a fault the kernel knows of: the plan runs without it, the
/// lamps go on, and the fault is gone with the bench.
#[test]
fn a_failed_policy_is_reported_to_the_kernel_while_it_is_benched() {
    let mut run = Run::new();
    run.run(30);
    let until = run.now + Millis::from_secs(60);
    let mut state = serde_json::to_value(&run.city).unwrap();
    for place in 0..4 {
        state["sites"][1]["policies"]["benched_until"][place] = serde_json::json!(until);
    }
    let plans = run.city.plans().iter().cloned().collect();
    run.city = serde_json::from_value(state).unwrap();
    assert!(run.city.attach(plans));
    let failed = FaultKind::Reported(Concern::PolicyFailed);
    let faults = |run: &Run, site: usize| {
        let faults = run.city.sites()[site].kernel().faults().iter();
        faults.map(|fault| fault.kind).collect::<Vec<_>>()
    };
    run.tick(&[]);
    assert_eq!((faults(&run, 0), faults(&run, 1)), (vec![], vec![failed]));
    run.run(58);
    assert_eq!(faults(&run, 1), [failed]);
    assert_eq!(run.city.sites()[1].kernel().mode(), Mode::Normal);
    assert!(!run.city.sites()[1].kernel().go_set().is_empty());
    run.run(3);
    assert_eq!(faults(&run, 1), []);
}
