//! Waits and presses from what SUMO tells of one walker.

use std::collections::HashMap;

use super::{Kerb, Wait, Walkers};
use crate::sumo::roads::Roads;

/// The crossing's edge, and the pavement's corner before it.
const CROSSING: Option<u32> = Some(7);
const CORNER: Option<u32> = Some(6);

fn walkers() -> Walkers {
    Walkers {
        crossings: HashMap::from([(7, (0, 0))]),
        green_at: vec![vec![None]],
        green_since: vec![vec![0]],
        pressed: vec![vec![false]],
        standing: vec![vec![0]],
        ..Walkers::default()
    }
}

/// One second of one walker: where, how fast, and what the crossing shows.
fn second(walkers: &mut Walkers, roads: &Roads, now: u32, edge: Option<u32>, told: (f64, &str)) {
    walkers.hear_edge("p", edge, now);
    let next = if edge == CORNER { CROSSING } else { Some(9) };
    walkers.hear_next("p", next, now);
    walkers.hear_speed("p", told.0, now);
    walkers.settle(roads, &[told.1.to_owned()], now);
}

#[test]
fn a_walker_presses_once_and_waits_until_the_green_man() {
    let roads = Roads::of_one_crossing();
    let mut walkers = walkers();
    second(&mut walkers, &roads, 1, CORNER, (1.2, "r"));
    assert!(!walkers.pressed[0][0], "who walks does not press yet");
    second(&mut walkers, &roads, 2, CORNER, (0.0, "r"));
    assert!(walkers.pressed[0][0]);
    assert_eq!(walkers.standing[0][0], 1);
    second(&mut walkers, &roads, 3, CORNER, (0.0, "r"));
    assert!(!walkers.pressed[0][0], "once is enough");
    assert_eq!(walkers.all_waits(3)[0].seconds, 1);
    second(&mut walkers, &roads, 4, CORNER, (0.0, "G"));
    second(&mut walkers, &roads, 5, CROSSING, (1.2, "G"));
    let wait = Wait {
        signal: 0,
        link: 0,
        seconds: 2,
        longest_call_s: 2,
    };
    assert_eq!(walkers.waits, [wait]);
    second(&mut walkers, &roads, 6, CROSSING, (1.2, "r"));
    assert_eq!(walkers.waits.len(), 1, "nobody crosses twice at once");
}

#[test]
fn who_was_left_behind_presses_again_and_their_wait_goes_on() {
    let roads = Roads::of_one_crossing();
    let mut walkers = walkers();
    second(&mut walkers, &roads, 2, CORNER, (0.0, "r"));
    second(&mut walkers, &roads, 3, CORNER, (0.0, "G"));
    assert!(!walkers.pressed[0][0]);
    second(&mut walkers, &roads, 4, CORNER, (0.0, "r"));
    assert!(walkers.pressed[0][0]);
    second(&mut walkers, &roads, 9, CROSSING, (1.2, "G"));
    let wait = walkers.waits[0];
    assert_eq!((wait.seconds, wait.longest_call_s), (7, 5));
    let bounds = [vec![Some(6)]];
    let kerb = Kerb::of(&walkers.waits, &bounds);
    assert_eq!((kerb.worst_s, kerb.bound_left_s), (Some(7), Some(1)));
}

#[test]
fn who_never_stood_has_not_waited() {
    let roads = Roads::of_one_crossing();
    let mut walkers = walkers();
    second(&mut walkers, &roads, 2, CORNER, (1.2, "G"));
    second(&mut walkers, &roads, 3, CROSSING, (1.2, "G"));
    assert_eq!(walkers.waits[0].seconds, 0);
}
