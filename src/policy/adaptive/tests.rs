//! The search on small questions, the memory on small histories, and the policy in its site.

use alloc::sync::Arc;

use super::arrivals::{Arrival, Arrivals};
use super::memory::{Memory, Running};
use super::model::Model;
use super::search::{Answer, Question, Search};
use super::service::Services;
use crate::detect::testing::*;
use crate::detect::{AreaReport, Detection, FieldInputs, MovementReport, Picture, Sighting};
use crate::ids::GroupId;
use crate::kernel::Kernel;
use crate::plan::{Approach, CheckedSite, Emergency, Lane, Movement, Tuning};
use crate::policy::testing::Rig;
use crate::policy::{Limit, PolicyKind};
use crate::signal::GroupSet;
use crate::units::{Length, Millis, Mono, Speed};

/// The small junction with three lanes: 0 main road (group 0), 1 left turns (group 1), 2 side road
/// (group 2).
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

/// A site with one lane that leads straight on under group 0 and left under group 1, which yields.
fn shared_site() -> CheckedSite {
    let mut site = site();
    site.approaches[0].lanes[0].movements.push(Movement {
        group: g(1),
        turns: Vec::new(),
    });
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

fn report(sightings: &[Sighting], movements: usize) -> AreaReport {
    AreaReport {
        age: Millis::ZERO,
        sightings: sightings.to_vec(),
        movements: vec![MovementReport::default(); movements],
    }
}

/// What the search answers when `sightings` are known and stage A runs.
fn ask(
    site: &CheckedSite,
    sightings: &[Sighting],
    allowed: [bool; 3],
    must_change: bool,
) -> Answer {
    let model = Model::of(site);
    let picture = picture_of(site, &report(sightings, model.movements.len()));
    let memory = Memory::of(&model, site.stages.len());
    let plan = &site.plans[ADAPTIVE.index()];
    let (mut arrivals, mut services) = (Arrivals::default(), Services::default());
    let demands = crate::detect::Demands::default();
    arrivals.fill(&model, &picture, (&demands, Mono::ZERO), &site.tuning);
    services.fill((site, plan), (&model, &memory), Mono::ZERO);
    let question = Question {
        arrivals: &arrivals,
        services: &services,
        tuning: &site.tuning,
        present: 0,
        change_now_s: &[0.0, 5.0, 5.0],
        tail_s: &[0.0; 3],
        change_s: &[5.0; 9],
        green_min_s: &[10.0, 5.0, 7.0],
        allowed: &allowed,
        must_change,
    };
    Search::default().answer(&question, &mut Vec::new())
}

fn picture_of(site: &CheckedSite, report: &AreaReport) -> Picture {
    let mut detection = Detection::new(site);
    let mut inputs = FieldInputs::default();
    inputs.readback.age = Millis::ZERO;
    inputs.area = report.clone();
    detection.step(Mono::from_ms(100), &inputs, site, GroupSet::EMPTY);
    detection.picture().clone()
}

fn queue(lane: u8, vehicles: u32) -> Vec<Sighting> {
    (0..vehicles)
        .map(|place| vehicle(lane, place * 7, 0))
        .collect()
}

const ALL: [bool; 3] = [true; 3];

#[test]
fn a_green_that_nobody_uses_is_given_to_those_who_wait() {
    assert_eq!(ask(&site(), &queue(2, 3), ALL, false).next, Some(2));
    assert_eq!(ask(&site(), &queue(1, 1), ALL, false).next, Some(1));
}

#[test]
fn nobody_anywhere_holds_what_runs() {
    assert_eq!(ask(&site(), &[], ALL, false).next, None);
}

#[test]
fn a_long_queue_keeps_its_green_before_one_vehicle() {
    let mut sightings = queue(0, 8);
    sightings.extend(queue(2, 1));
    assert_eq!(ask(&site(), &sightings, ALL, false).next, None);
}

#[test]
fn a_platoon_that_is_nearly_there_keeps_its_green() {
    let mut sightings: Vec<_> = (0..6)
        .map(|place| vehicle(0, 30 + place * 20, 13))
        .collect();
    sightings.extend(queue(2, 1));
    assert_eq!(ask(&site(), &sightings, ALL, false).next, None);
    let mut far: Vec<_> = (0..6).map(|place| vehicle(0, 190 + place, 13)).collect();
    far.extend(queue(2, 3));
    assert_eq!(ask(&site(), &far, ALL, false).next, Some(2));
}

#[test]
fn a_bound_leaves_only_the_stages_that_keep_it() {
    let mut sightings = queue(0, 8);
    sightings.extend(queue(2, 1));
    sightings.extend(queue(1, 6));
    let answer = ask(&site(), &sightings, [false, false, true], true);
    assert_eq!(answer.next, Some(2));
}

#[test]
fn the_arrival_of_a_vehicle_is_its_free_drive() {
    let site = site();
    let model = Model::of(&site);
    let sightings = [vehicle(0, 100, 0), vehicle(0, 130, 13)];
    let picture = picture_of(&site, &report(&sightings, model.movements.len()));
    let mut arrivals = Arrivals::default();
    let demands = crate::detect::Demands::default();
    arrivals.fill(&model, &picture, (&demands, Mono::ZERO), &Tuning::default());
    let at: Vec<Arrival> = arrivals.list.clone();
    // 44 km/h where 50 is the limit: 4.7 s and 29 m to reach it, then 71 m, half a second before.
    assert!((at[0].at_s - 11.0).abs() < 0.1, "{:?}", at[0]);
    assert!((at[1].at_s - 10.0).abs() < 0.1, "{:?}", at[1]);
    assert!(at[0].stop_s.abs() < f32::EPSILON && at[1].stop_s > 2.0);
}

/// A kernel whose groups 0 has been green for a minute.
fn running(site: &CheckedSite) -> (Kernel, Mono) {
    let rig = Rig::with(site.clone(), FIXED);
    let mut rig = rig;
    rig.run_to_second(20);
    assert!(rig.kernel.go_set().contains(g(0)));
    (rig.kernel.clone(), rig.now)
}

fn see(memory: &mut Memory, site: &CheckedSite, seconds: u64, sightings: &[Sighting]) {
    let model = Model::of(site);
    let (kernel, now) = running(site);
    for second in 0..seconds {
        let picture = picture_of(site, &report(sightings, model.movements.len()));
        let at = Mono::from_ms(now.as_ms() + second * 1000);
        let running = Running {
            now: at,
            stage: A,
            go: kernel.go_set(),
            kernel: &kernel,
        };
        memory.observe(&model, &picture, &running, &site.tuning);
    }
}

#[test]
fn a_head_that_stands_on_its_green_is_taken_to_want_another_one() {
    let site = shared_site();
    let model = Model::of(&site);
    let mut memory = Memory::of(&model, site.stages.len());
    assert!((memory.ways[0].head - 0.5).abs() < 0.01);
    see(&mut memory, &site, 8, &queue(0, 3));
    assert!(
        memory.ways[0].head < 0.1,
        "straight on: {:?}",
        memory.ways[0]
    );
    assert!(memory.ways[1].head > 0.9, "left: {:?}", memory.ways[1]);
}

#[test]
fn a_lane_that_nobody_leaves_is_not_counted_on_in_that_stage_alone() {
    let site = shared_site();
    let model = Model::of(&site);
    let mut memory = Memory::of(&model, site.stages.len());
    see(&mut memory, &site, 12, &queue(0, 3));
    let (_, now) = running(&site);
    assert!(
        memory.stuck_until(A, 0) > now,
        "stuck in the stage that runs"
    );
    assert_eq!(
        memory.stuck_until(B, 0),
        Mono::ZERO,
        "and free in the others"
    );
}

#[test]
fn red_clocks_run_for_movements_and_not_for_lanes() {
    let site = shared_site();
    let model = Model::of(&site);
    let mut memory = Memory::of(&model, site.stages.len());
    see(&mut memory, &site, 12, &queue(0, 3));
    let (_, now) = running(&site);
    let later = Mono::from_ms(now.as_ms() + 12_000);
    assert!(memory.red_s(0, later).abs() < f32::EPSILON, "green");
    assert!(
        memory.red_s(1, later) > 10.0,
        "the left turn in the same lane waits"
    );
}

/// A rig on the adaptive plan whose area sensors see `sightings`.
fn rig(site: CheckedSite, sightings: &[Sighting]) -> Rig {
    let count = site.movements().count();
    let mut rig = Rig::with(site, ADAPTIVE);
    rig.inputs.area = report(sightings, count);
    rig
}

#[test]
fn adaptive_control_drives_its_plan_where_arrivals_are_known() {
    let mut rig = rig(site(), &queue(2, 3));
    rig.run(45);
    assert_eq!(rig.last.winner.source, PolicyKind::Adaptive);
    assert!(rig.kernel.go_set().contains(g(2)), "{:?}", rig.last);
    let choice = rig.policies.adaptive().choice().copied();
    assert_eq!(choice.map(|choice| choice.vehicles), Some(3));
}

#[test]
fn without_any_detector_the_plan_runs_by_demand() {
    let mut blind = junction();
    blind.detectors.clear();
    let mut rig = Rig::with(blind, ADAPTIVE);
    rig.run(30);
    assert_eq!(rig.last.winner.source, PolicyKind::Actuated);
}

#[test]
fn a_lane_that_nobody_sees_is_served_all_the_same() {
    let site = site();
    let model = Model::of(&site);
    let picture = picture_of(&site, &report(&queue(0, 1), model.movements.len()));
    let mut demands = crate::detect::Demands {
        vehicles: set(&[2]),
        ..Default::default()
    };
    let mut masses = |recalled: GroupSet, now_s: u64| {
        demands.recall_min = recalled;
        let mut arrivals = Arrivals::default();
        let now = Mono::from_ms(now_s * 1000);
        arrivals.fill(&model, &picture, (&demands, now), &site.tuning);
        let (from, to) = arrivals.range(2);
        arrivals.list[from..to]
            .iter()
            .map(|one| one.mass)
            .sum::<f32>()
    };
    assert!(
        masses(set(&[]), 24).abs() < f32::EPSILON,
        "seen to be empty"
    );
    assert!(
        (masses(set(&[2]), 24) - 4.0).abs() < 0.01,
        "called because nobody sees it"
    );
    assert!((masses(set(&[2]), 900) - 8.0).abs() < 0.01, "bounded");
}

#[test]
fn nobody_waits_beyond_the_longest_red() {
    let mut site = site();
    let tuning = Tuning {
        red_max_s: 40.0,
        ..Tuning::default()
    };
    site.tuning = Arc::new(tuning);
    // An endless stream on the main road, and one vehicle that waits to turn left.
    let mut sightings: Vec<_> = (0..20).map(|place| vehicle(0, place * 9, 10)).collect();
    sightings.push(vehicle(1, 0, 0));
    let mut rig = rig(site, &sightings);
    rig.run(120);
    let mut longest = 0_u32;
    let mut waited = 0_u32;
    let mut limited = false;
    for _ in 0..3000 {
        rig.tick();
        waited = if rig.kernel.go_set().contains(g(1)) {
            0
        } else {
            waited + 1
        };
        longest = longest.max(waited);
        let choice = rig.policies.adaptive().choice();
        limited |= choice.is_some_and(|choice| choice.limit == Limit::RedMax(g(1)));
    }
    assert!(limited, "the bound had to speak");
    assert!(longest <= 400, "red for {longest} tenths of a second");
}

#[test]
fn the_next_green_waits_for_vehicles_inside_the_junction_and_once_only_in_vain() {
    let starts_of = |inside_slow: u8| {
        let mut rig = rig(site(), &queue(0, 2));
        rig.run(20);
        let mut turn_to = |lane: u8, group: u8| {
            let before = rig.now;
            while !rig.kernel.go_set().contains(g(group)) {
                rig.inputs.area = report(&queue(lane, 5), 3);
                rig.inputs.area.movements[0].inside_slow = inside_slow;
                rig.tick();
            }
            rig.now.since(before)
        };
        let first = turn_to(2, 2);
        turn_to(0, 0);
        (first, turn_to(2, 2))
    };
    let (free, full) = (starts_of(0), starts_of(2));
    let waits = |from: u32, to: u32| Millis::from_secs(from)..=Millis::from_secs(to);
    assert!(
        waits(29, 32).contains(&(full.0.saturating_sub(free.0))),
        "{free:?} {full:?}"
    );
    // They have not left in all that time: locked in for good, or none at all.
    assert!(
        waits(7, 10).contains(&(full.1.saturating_sub(free.1))),
        "{free:?} {full:?}"
    );
}

#[test]
fn a_snapshot_decides_as_the_original() {
    let mut rig = rig(site(), &queue(2, 3));
    rig.run(3);
    let bytes = postcard::to_allocvec(rig.policies.adaptive()).unwrap();
    let again: super::Adaptive = postcard::from_bytes(&bytes).unwrap();
    assert_eq!(&again, rig.policies.adaptive());
    let mut twin = rig.clone();
    twin.policies = postcard::from_bytes(&postcard::to_allocvec(&rig.policies).unwrap()).unwrap();
    rig.run(30);
    twin.run(30);
    assert_eq!(rig.shown, twin.shown);
    let _: GroupId = g(0);
}
