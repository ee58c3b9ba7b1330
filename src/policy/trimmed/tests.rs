//! The trims go where they should, and never further than they may.

use super::*;
use crate::detect::testing::*;
use crate::detect::{AreaReport, MovementReport, Sighting};
use crate::plan::{AdaptiveRules, Approach, CheckedSite, Emergency, Lane, Level};
use crate::policy::PolicyKind;
use crate::policy::testing::Rig;
use crate::units::{Length, Speed};

const TRIMMED: PlanId = PlanId::new(4);

/// The small junction with one lane for each of its three vehicle groups, and a plan on the ladder.
fn site() -> CheckedSite {
    let mut site = junction();
    for (number, name) in [(0, "W"), (1, "L"), (2, "S")] {
        site.approaches.push(Approach {
            name: name.into(),
            road: format!("R{number}"),
            groups: set(&[number]),
            emergency: Emergency::Groups(set(&[number])),
            lanes: vec![Lane::of(g(number), Vec::new())],
            riders: None,
        });
    }
    let mut plan = site.plans[2].clone();
    plan.mode = PlanMode::Adaptive;
    plan.adaptive = AdaptiveRules {
        level: Level::Trimmed,
        ..AdaptiveRules::default()
    };
    site.plans.push(plan);
    site
}

/// A second of traffic: a lane with a queue lets a vehicle go every two seconds of its green; of
/// more than four, the others still stand when it ends.
fn second(rig: &mut Rig, queues: [u32; 3]) {
    let is_even = (rig.now.as_ms() / 1000).is_multiple_of(2);
    let mut area = core::mem::take(&mut rig.inputs.area);
    area.age = Millis::ZERO;
    area.sightings.clear();
    area.movements.resize(3, MovementReport::default());
    for (lane, queue) in (0_u8..).zip(queues) {
        for place in 0..queue.saturating_sub(4) {
            area.sightings.push(Sighting {
                lane,
                distance: Length::from_metres(place * 8),
                speed: Speed::ZERO,
                share: 1000,
            });
        }
        let is_green = rig.kernel.go_set().contains(g(lane));
        if queue > 0 && is_green && is_even {
            let way = &mut area.movements[usize::from(lane)];
            way.departed = way.departed.wrapping_add(1);
        }
    }
    rig.inputs.area = area;
    // Somebody always waits everywhere, so that no stage is left out.
    for channel in 0..3 {
        rig.occupy(channel, true);
    }
    rig.run(1);
}

fn trimmed(rig: &Rig) -> &Trimmed {
    rig.policies.trimmed()
}

fn splits(rig: &Rig) -> Vec<u32> {
    let plan = trimmed(rig).plan.as_ref().unwrap();
    plan.sequence
        .iter()
        .map(|entry| entry.split.as_ms())
        .collect()
}

#[test]
fn seconds_go_to_the_stage_with_the_queue_within_the_bounds() {
    let mut rig = Rig::with(site(), TRIMMED);
    let given = splits(&rig);
    let mut history = Vec::new();
    for _ in 0..3600 {
        second(&mut rig, [9, 0, 0]);
        history.push(splits(&rig));
    }
    assert_eq!(rig.last.winner.source, PolicyKind::Trimmed);
    let ended = splits(&rig);
    assert!(ended[0] > given[0] + 5000, "{ended:?}");
    for (at, now) in history.iter().enumerate() {
        assert_eq!(now.iter().sum::<u32>(), 100_000, "the cycle is kept");
        let before = &history[at.saturating_sub(300)];
        for (place, given) in given.iter().enumerate() {
            let moved = now[place].abs_diff(before[place]);
            assert!(moved * 1000 <= given * 150, "{before:?} {now:?}");
        }
    }
    let ctx_free = site();
    for (entry, split) in ctx_free.plans[4].sequence.iter().zip(&ended) {
        let groups = ctx_free.stages[entry.stage.index()].stage.groups;
        let least = groups.iter().map(|group| ctx_free.service_max(group)).max();
        assert!(*split >= least.unwrap_or_default().as_ms(), "{ended:?}");
    }
}

#[test]
fn equal_use_moves_nothing() {
    let mut rig = Rig::with(site(), TRIMMED);
    let given = splits(&rig);
    for _ in 0..900 {
        second(&mut rig, [4, 4, 4]);
    }
    for (now, given) in splits(&rig).iter().zip(&given) {
        assert!(now.abs_diff(*given) <= 2000, "{now} {given}");
    }
}

#[test]
fn without_its_own_detectors_a_stage_neither_gives_nor_takes() {
    let mut rig = Rig::with(site(), TRIMMED);
    for channel in 0..3_usize {
        rig.inputs.detectors[channel].faulty = true;
    }
    let given = splits(&rig);
    for _ in 0..1200 {
        second(&mut rig, [9, 0, 0]);
    }
    assert_eq!(splits(&rig), given);
}

#[test]
fn the_offset_goes_after_the_platoon() {
    let mut site = site();
    site.detectors.truncate(0);
    let mut rig = Rig::with(site, TRIMMED);
    let mut furthest = 0;
    for _ in 0..1800 {
        // A platoon of ten comes when the main green has been over for a while.
        let local = trimmed(&rig).inner.local() / 1000;
        let came = (46..56).contains(&local);
        let mut area = core::mem::take(&mut rig.inputs.area);
        area.age = Millis::ZERO;
        area.movements.resize(3, MovementReport::default());
        area.movements[0].departed = area.movements[0].departed.wrapping_add(u16::from(came));
        rig.inputs.area = area;
        rig.run(1);
        furthest = furthest.max(trimmed(&rig).shift_ms.abs());
    }
    assert!(furthest >= 4000, "{furthest}");
    assert!(furthest <= 25_000, "{furthest}");
    assert!(trimmed(&rig).shift_ms > 0, "later, as the platoon");
    assert_ne!(rig.inputs.area, AreaReport::default());
}
