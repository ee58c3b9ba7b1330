//! The controller dies: every cabinet falls back by its own clock and re-enters through start-up.
//!
//! 1. `emulate` runs the cabinets; each change of mode is a JSON line with the cabinet's own clock.
//! 2. `run` drives them until all follow.
//! 3. kill -9: each cabinet must be in fallback within its time to live and 100 ms.
//! 4. `run` again: each cabinet must pass through start-up before it follows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::tools::{Bench, Running, Verdict, number, say};

const CITY: &str = "signal-plans/ankang-demo";
const SITES: usize = 76;

#[expect(clippy::too_many_lines, reason = "one story in numbered steps")]
pub(crate) fn judge(bench: &Bench) -> Result<(), String> {
    let folder = bench.out.join("kill");
    let _old = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|why| why.to_string())?;
    let ports = folder.join("ports.json").to_string_lossy().into_owned();
    let data = folder.join("data").to_string_lossy().into_owned();
    let mut cabinets = bench.start(
        "kill-emulate",
        &[
            "emulate",
            "--site",
            CITY,
            "--ports",
            &ports,
            "--json",
            "--seconds",
            "240",
        ],
    )?;
    cabinets.until(|line| line.contains("\"ready\"").then_some(()))?;
    let drive = [
        "run",
        "--site",
        CITY,
        "--ports",
        &ports,
        "--listen",
        "127.0.0.1:0",
        "--data",
        &data,
    ];

    let mut controller = bench.start("kill-run-1", &drive)?;
    let mut verdict = Verdict::default();
    follow_until(&mut cabinets, |modes| all(modes, "direct"))?;
    say("all cabinets follow");
    std::thread::sleep(Duration::from_secs(5));
    controller.child.kill().map_err(|why| why.to_string())?;
    let _status = controller.child.wait();

    let fallen = follow_until(&mut cabinets, |modes| all(modes, "fallback"))?;
    let mut worst = f64::MIN;
    for (cabinet, change) in &fallen {
        let silent = number(change, "since_command_ms");
        let ttl = number(change, "ttl_ms");
        worst = worst.max(silent - ttl);
        verdict.hold(
            silent <= ttl + 100.0,
            format!("{cabinet} fell back {silent} ms after its last command, TTL {ttl} ms"),
        );
    }
    say(&format!(
        "{} cabinets in fallback; worst {worst:.0} ms after the TTL",
        fallen.len()
    ));

    let mut controller = bench.start("kill-run-2", &drive)?;
    let mut started = BTreeSet::new();
    let mut back = BTreeSet::new();
    while back.len() < SITES {
        let line = cabinets
            .line()
            .ok_or("emulate ended before all cabinets were back")?;
        let Some((cabinet, mode, _)) = mode_change(&line) else {
            continue;
        };
        match mode.as_str() {
            "start-up" => {
                started.insert(cabinet);
            }
            "direct" => {
                verdict.hold(
                    started.contains(&cabinet),
                    format!("{cabinet} followed again without passing through start-up"),
                );
                back.insert(cabinet);
            }
            _ => {}
        }
    }
    say(&format!(
        "{} cabinets follow again, all through start-up",
        back.len()
    ));
    controller.child.kill().map_err(|why| why.to_string())?;
    verdict.close()
}

type Modes = BTreeMap<String, Value>;

fn all(modes: &Modes, mode: &str) -> bool {
    modes
        .values()
        .filter(|change| change["mode"] == mode)
        .count()
        == SITES
}

/// Reads changes of mode until the newest one of every cabinet satisfies `done`.
fn follow_until(cabinets: &mut Running, done: impl Fn(&Modes) -> bool) -> Result<Modes, String> {
    let mut newest = Modes::new();
    while !done(&newest) {
        let line = cabinets
            .line()
            .ok_or("emulate ended before all cabinets were there")?;
        if let Some((cabinet, _, change)) = mode_change(&line) {
            newest.insert(cabinet, change);
        }
    }
    Ok(newest)
}

fn mode_change(line: &str) -> Option<(String, String, Value)> {
    let change: Value = serde_json::from_str(line).ok()?;
    let cabinet = change.get("cabinet")?.as_str()?.to_owned();
    let mode = change.get("mode")?.as_str()?.to_owned();
    Some((cabinet, mode, change))
}
