//! Programmes as rings of stages.

use std::collections::BTreeSet;

use super::super::course::Course;
use super::super::net::{Programme, Step};

/// A programme of (seconds, state), read; the places of `walks` are walkers'.
fn course(steps: &[(f64, &str)], walks: &[usize]) -> Course {
    let step = |(duration_s, state): &(f64, &str)| Step {
        duration_s: *duration_s,
        state: (*state).to_owned(),
        ..Step::default()
    };
    let programme = Programme {
        steps: steps.iter().map(step).collect(),
        ..Programme::default()
    };
    let places: BTreeSet<usize> = (0..steps[0].1.len()).collect();
    Course::of(&programme, &places, &walks.iter().copied().collect()).expect("a ring")
}

fn turns(course: &Course) -> Vec<(usize, u32)> {
    course.turns.iter().map(|t| (t.stage, t.split)).collect()
}

fn greens(course: &Course, stage: usize) -> Vec<usize> {
    course.stages[stage].green.iter().copied().collect()
}

#[test]
fn a_split_is_a_green_and_the_change_after_it() {
    let ring = course(
        &[
            (31.0, "Gr"),
            (3.0, "yr"),
            (2.0, "rr"),
            (20.5, "rG"),
            (3.0, "ry"),
        ],
        &[],
    );
    assert_eq!(turns(&ring), [(0, 360), (1, 235)]);
    assert_eq!((greens(&ring, 0), greens(&ring, 1)), (vec![0], vec![1]));
}

#[test]
fn a_programme_may_begin_within_a_change_or_a_stage() {
    let ring = course(&[(3.0, "ry"), (31.0, "Gr"), (3.0, "yr"), (20.0, "rG")], &[]);
    assert_eq!(turns(&ring), [(0, 340), (1, 230)]);
    let ring = course(
        &[
            (10.0, "Gr"),
            (3.0, "yr"),
            (20.0, "rG"),
            (3.0, "ry"),
            (5.0, "Gr"),
        ],
        &[],
    );
    assert_eq!(turns(&ring), [(0, 180), (1, 230)]);
}

#[test]
fn who_goes_on_through_a_change_makes_no_stage_of_it() {
    // Place 2 is always green: while the others are red there is no stage of its own.
    let steps = [
        (30.0, "GrG"),
        (3.0, "yrG"),
        (2.0, "rrG"),
        (3.0, "rrG"),
        (20.0, "rGG"),
        (3.0, "ryG"),
    ];
    let ring = course(&steps, &[]);
    assert_eq!(turns(&ring), [(0, 380), (1, 230)]);
    let long = [
        (30.0, "GrG"),
        (3.0, "yrG"),
        (15.0, "rrG"),
        (20.0, "rGG"),
        (3.0, "ryG"),
    ];
    assert_eq!(course(&long, &[]).stages.len(), 3, "a long one is a stage");
}

#[test]
fn walkers_who_have_left_end_no_stage() {
    let steps = [
        (30.0, "GGr"),
        (5.0, "Grr"),
        (3.0, "yrr"),
        (20.0, "rrG"),
        (3.0, "rry"),
    ];
    assert_eq!(turns(&course(&steps, &[1])), [(0, 380), (1, 230)]);
    assert_eq!(
        course(&steps, &[]).stages.len(),
        3,
        "drivers who end early do"
    );
}

#[test]
fn who_is_green_only_beside_an_amber_gets_a_stage() {
    let ring = course(
        &[(30.0, "Grr"), (6.0, "yGr"), (20.0, "rrG"), (3.0, "rry")],
        &[],
    );
    assert_eq!(turns(&ring), [(0, 300), (1, 60), (2, 230)]);
    assert_eq!(greens(&ring, 1), [1]);
}

#[test]
fn a_stage_that_comes_twice_is_one_stage_with_the_mean_split() {
    let ring = course(
        &[(20.0, "Grr"), (10.0, "rGr"), (30.0, "Grr"), (12.0, "rrG")],
        &[],
    );
    assert_eq!(turns(&ring), [(0, 200), (1, 100), (0, 300), (2, 120)]);
    assert_eq!(ring.splits(), [250, 100, 120]);
}

#[test]
fn a_step_that_only_leads_on_is_no_stage_on_demand() {
    let steps = [
        (30.0, "GGrr"),
        (4.0, "rGGr"),
        (30.0, "rrGG"),
        (20.0, "Grrr"),
    ];
    let ring = course(&steps, &[]);
    assert_eq!((ring.stages.len(), ring.on_demand()), (4, vec![0, 2, 3]));
    // A left turn with a green of its own only here keeps its stage, however short it is.
    let left = [(30.0, "Ggr"), (6.0, "rGr"), (30.0, "rrG")];
    assert_eq!(course(&left, &[]).on_demand(), [0, 1, 2]);
}

#[test]
fn a_programme_without_green_is_no_ring() {
    let programme = Programme {
        steps: vec![Step {
            state: "rryO".to_owned(),
            duration_s: 5.0,
            ..Step::default()
        }],
        ..Programme::default()
    };
    let places = (0..4).collect();
    assert!(Course::of(&programme, &places, &BTreeSet::new()).is_none());
    assert!(Course::of(&Programme::default(), &places, &BTreeSet::new()).is_none());
}
