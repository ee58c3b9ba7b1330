//! Each rung goes on when the one above it fails, and the reason is kept.

use super::testing::*;
use super::*;
use crate::detect::{AreaReport, MovementReport, Sighting};
use crate::ids::{ApproachId, PlanId};
use crate::plan::{AdaptiveRules, Approach, CheckedSite, Emergency, Lane, Level, PlanMode};
use crate::units::{Length, Millis, Speed};

/// The adaptive plan of the small junction has no cycle; plan 4 is the coordinated one, adaptive.
const CYCLE: PlanId = PlanId::new(4);
const FREE: PlanId = PlanId::new(3);

fn site(rules: AdaptiveRules) -> CheckedSite {
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
    for (detector, number) in site.detectors.iter_mut().zip(0..3_u8) {
        detector.lane = Some((ApproachId::new(number), 0));
    }
    let mut plan = site.plans[2].clone();
    plan.mode = PlanMode::Adaptive;
    site.plans.push(plan);
    for plan in &mut site.plans {
        plan.adaptive = rules;
    }
    site
}

fn queue(lane: u8, vehicles: u32) -> Vec<Sighting> {
    let place = |at: u32| Sighting {
        lane,
        distance: Length::from_metres(at * 8),
        speed: Speed::ZERO,
        share: 1000,
    };
    (0..vehicles).map(place).collect()
}

fn rig_on(rules: AdaptiveRules, plan: PlanId, sightings: Vec<Sighting>) -> Rig {
    let mut rig = Rig::with(site(rules), plan);
    rig.inputs.area = AreaReport {
        age: Millis::ZERO,
        sightings,
        movements: vec![MovementReport::default(); 3],
    };
    rig.run(20);
    rig
}

fn rung(rig: &Rig) -> (Level, Option<Dropped>) {
    let rung = rig.last.rung.unwrap();
    (rung.level, rung.dropped)
}

#[test]
fn a_blind_site_drops_and_climbs_again_after_a_minute() {
    for (plan, below) in [(CYCLE, Level::Trimmed), (FREE, Level::Actuated)] {
        let mut rig = rig_on(AdaptiveRules::default(), plan, queue(2, 3));
        assert_eq!(rung(&rig), (Level::Free, None));
        assert_eq!(rig.last.winner.source, PolicyKind::Adaptive);
        // No area sensor any more, and two of five detectors are broken.
        rig.inputs.area = AreaReport::default();
        rig.inputs.detectors[0].faulty = true;
        rig.inputs.detectors[1].faulty = true;
        rig.run(10);
        assert_eq!(rung(&rig), (below, Some(Dropped::Detectors(2, 5))));
        assert_ne!(rig.last.winner.source, PolicyKind::Adaptive);
        rig.inputs.detectors[0].faulty = false;
        rig.inputs.detectors[1].faulty = false;
        rig.inputs.area.age = Millis::ZERO;
        rig.inputs.area.movements = vec![MovementReport::default(); 3];
        rig.run(55);
        assert_eq!(rung(&rig).0, below);
        rig.run(10);
        assert_eq!(rung(&rig), (Level::Free, None));
    }
}

#[test]
fn a_plan_climbs_no_higher_than_its_file_says() {
    for (level, source) in [
        (Level::Fixed, PolicyKind::Fixed),
        (Level::Actuated, PolicyKind::Coordinated),
        (Level::Trimmed, PolicyKind::Trimmed),
        (Level::Free, PolicyKind::Adaptive),
    ] {
        let rules = AdaptiveRules {
            level,
            ..AdaptiveRules::default()
        };
        let rig = rig_on(rules, CYCLE, queue(2, 3));
        assert_eq!(rig.last.winner.source, source);
        assert_eq!(rung(&rig), (level, None));
    }
}

#[test]
fn in_shadow_it_decides_does_not_act_and_is_measured() {
    let rules = AdaptiveRules {
        shadow: true,
        ..AdaptiveRules::default()
    };
    let mut rig = rig_on(rules, CYCLE, queue(2, 9));
    for _ in 0..3000 {
        rig.tick();
        assert_eq!(rig.last.winner.source, PolicyKind::Coordinated);
        assert_eq!(rung(&rig), (Level::Actuated, Some(Dropped::Shadow)));
    }
    let losers = rig.last.losers.iter().flatten();
    let sources: Vec<_> = losers.map(|wish| wish.source).collect();
    assert!(sources.contains(&PolicyKind::Adaptive), "{sources:?}");
    let regret = rig.policies.regret().per_hour().unwrap();
    assert!(
        regret > 0,
        "a queue that the plan lets wait costs something"
    );

    let mut free = rig_on(AdaptiveRules::default(), CYCLE, queue(2, 9));
    free.run(300);
    assert_eq!(free.policies.regret().per_hour(), Some(0));
}

#[test]
fn the_cap_on_green_holds_while_somebody_waits() {
    let rules = AdaptiveRules {
        green_max: Some(Millis::from_secs(25)),
        ..AdaptiveRules::default()
    };
    // An endless stream on the main road, one vehicle on the side road.
    let mut sightings: Vec<_> = (0..20)
        .map(|at| Sighting {
            lane: 0,
            distance: Length::from_metres(at * 9),
            speed: Speed::from_mm_per_s(10_000),
            share: 1000,
        })
        .collect();
    sightings.extend(queue(2, 1));
    let mut rig = rig_on(rules, FREE, sightings);
    rig.occupy(2, true);
    let (mut green, mut longest, mut spoke) = (0_u32, 0, false);
    for _ in 0..2000 {
        rig.tick();
        green = if rig.kernel.go_set().contains(g(0)) {
            green + 1
        } else {
            0
        };
        longest = longest.max(green);
        let choice = rig.policies.adaptive().choice();
        spoke |= choice.is_some_and(|choice| matches!(choice.limit, Limit::GreenMax(_)));
    }
    assert!(spoke, "the cap had to speak");
    assert!(longest <= 280, "green for {longest} tenths of a second");
}
