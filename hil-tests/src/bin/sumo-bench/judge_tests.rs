//! Each thing that is judged fails on its own.

use hil_tests::sumo::run::RunResult;

use super::{Line, faults};

fn line(controller: &str, seed: u32, delay_s: f64) -> Line {
    Line {
        net: "net".to_owned(),
        controller: controller.to_owned(),
        seed,
        sumo: String::new(),
        rules: String::new(),
        sensors: String::new(),
        demand: 1.0,
        gridlocked: false,
        result: RunResult {
            delay_s,
            ..RunResult::default()
        },
    }
}

fn good() -> Vec<Line> {
    vec![
        line("ours", 1, 20.0),
        line("ours", 2, 24.0),
        line("fixed", 1, 40.0),
        line("fixed", 2, 23.0),
    ]
}

/// The only fault after `change`.
fn one(change: impl FnOnce(&mut Vec<Line>)) -> String {
    let mut lines = good();
    change(&mut lines);
    let faults = faults(&lines);
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.concat()
}

#[test]
fn less_delay_on_average_wins() {
    assert_eq!(faults(&good()), Vec::<String>::new());
}

#[test]
fn each_thing_fails_on_its_own() {
    assert!(one(|lines| lines[0].result.referee = 3).contains("ours seed 1: 3 offences"));
    assert!(one(|lines| lines[2].result.walk_bound_left_s = Some(-2)).contains("2 s beyond"));
    assert!(one(|lines| lines[3].gridlocked = true).contains("fixed seed 2: gridlocked"));
    assert!(one(|lines| lines[1].result.delay_s = 43.0).contains("fixed only 31.50"));
    assert!(one(|lines| lines.truncate(2)).contains("nobody to compare"));
    assert!(one(|lines| drop(lines.drain(..2))).contains("no run of ours"));
    assert!(one(|lines| drop(lines.pop())).contains("did not run the seeds"));
}

#[test]
fn where_somebody_walks_delay_is_counted_by_heads() {
    let mut lines = good();
    for line in &mut lines {
        line.result.walk_delay_s = Some(20.0);
        line.result.person_delay_s = if line.controller == "ours" {
            30.0
        } else {
            25.0
        };
    }
    assert!(faults(&lines).concat().contains("fixed only 25.00"));
}
