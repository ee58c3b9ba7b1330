//! Walks that may still start in a stage, those that may not, and where a site rests.

use crate::detect::testing::*;
use crate::detect::{AreaReport, MovementReport, Sighting};
use crate::ids::{PlanId, StageId};
use crate::plan::{Approach, CheckedSite, Emergency, Lane, Recall};
use crate::policy::testing::Rig;
use crate::units::{Length, Millis, Speed};

const ADAPTIVE: PlanId = PlanId::new(3);

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
    site
}

fn vehicle(lane: u8, distance_m: u32, speed_mps: u32) -> Sighting {
    Sighting {
        lane,
        distance: Length::from_metres(distance_m),
        speed: Speed::from_mm_per_s(speed_mps * 1000),
        share: 1000,
    }
}

fn rig_on(site: CheckedSite, sightings: Vec<Sighting>) -> Rig {
    let mut rig = Rig::with(site, ADAPTIVE);
    rig.inputs.area = AreaReport {
        age: Millis::ZERO,
        sightings,
        movements: vec![MovementReport::default(); 3],
    };
    rig
}

/// A walk that is pressed for too late in its own stage is served by leaving the stage and coming
/// back; holding the stage would serve nobody.
#[test]
fn a_walk_that_missed_its_stage_is_not_waited_for_in_it() {
    let mut rig = rig_on(site(), vec![vehicle(0, 0, 0)]);
    // Whoever is called at start-up has had a turn by then.
    rig.run(400);
    assert_eq!(rig.last.stage, Some(StageId::new(0)), "the main road runs");
    rig.waits = [Millis::ZERO; 32];
    // Somebody waits on the side road for good, and a walker of the main stage comes late.
    rig.occupy(2, true);
    rig.inputs.area.sightings = vec![vehicle(2, 0, 0)];
    rig.run(2);
    rig.press(0);
    rig.run(60);
    let waited = rig.waits[3];
    assert!(waited < Millis::from_secs(60), "{waited:?}");
}

#[test]
fn nobody_comes_and_the_site_rests_where_its_plan_rests() {
    let mut rig = rig_on(site(), vec![vehicle(2, 0, 0)]);
    rig.run(400);
    assert_eq!(rig.last.stage, Some(StageId::new(2)), "the side road runs");
    rig.inputs.area.sightings.clear();
    rig.run(40);
    assert_eq!(rig.last.stage, Some(StageId::new(0)), "the plan rests in A");
}

/// Nobody is ever seen on the side road, but the plan recalls it.
#[test]
fn a_recalled_stage_comes_within_the_longest_red() {
    let mut site = site();
    site.plans[3].sequence[2].recall = Recall::Min;
    let stream = (0..20).map(|at| vehicle(0, at * 9, 10)).collect();
    let mut rig = rig_on(site, stream);
    let (mut red, mut longest, mut served) = (0_u32, 0, 0);
    rig.run(20);
    for _ in 0..4000 {
        rig.tick();
        let is_green = rig.kernel.go_set().contains(g(2));
        served += u32::from(is_green);
        red = if is_green { 0 } else { red + 1 };
        longest = longest.max(red);
    }
    assert!(served > 0);
    assert!(longest <= 1250, "red for {longest} tenths of a second");
}
