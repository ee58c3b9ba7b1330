//! The controller dies: every cabinet falls back by its own clock and re-enters through start-up.
//!
//! 1. `emulate` runs the cabinets; each change of mode is a JSON line with the cabinet's own clock.
//! 2. `run` drives them until all follow.
//! 3. kill -9: each cabinet must be in fallback within its time to live and 100 ms.
//! 4. `run` again: each cabinet must pass through start-up before it follows.
//! 5. kill -TERM: the program ends well, each cabinet is handed to its local plan at once, without
//!    waiting for its time to live, and the journal is whole to its last record.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::tools::{Bench, Running, Verdict, number, path, say};

const CITY: &str = "signal-plans/ankang-demo";
const SITES: usize = 76;
/// After SIGTERM: three seconds for the hand-over, two for open requests, and some air.
const ENDS_WITHIN: Duration = Duration::from_secs(8);
/// A cabinet that was handed over was commanded just then; the shortest time to live is longer.
const HANDED_OVER_MS: f64 = 500.0;

pub(crate) fn judge(bench: &Bench) -> Result<(), String> {
    let folder = bench.out.join("kill");
    let _old = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|why| why.to_string())?;
    let ports = path(&folder.join("ports.json"));
    let data = path(&folder.join("data"));
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

    let controller = bench.start("kill-run-2", &drive)?;
    come_back(&mut cabinets, &mut verdict)?;
    verdict.add(stop_cleanly(bench, (controller, &data), &mut cabinets)?);
    verdict.close()
}

/// Every cabinet must pass through start-up before it follows again.
fn come_back(cabinets: &mut Running, verdict: &mut Verdict) -> Result<(), String> {
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
    Ok(())
}

/// What a service manager does: SIGTERM. A cabinet that was handed over says `local-plan`; one that
/// lost its controller says `fallback`.
fn stop_cleanly(
    bench: &Bench,
    (mut controller, data): (Running, &str),
    cabinets: &mut Running,
) -> Result<Verdict, String> {
    let mut verdict = Verdict::default();
    let began = Instant::now();
    let status = controller.terminate(ENDS_WITHIN);
    let took = began.elapsed();
    verdict.hold(
        status.as_ref().is_ok_and(std::process::ExitStatus::success),
        format!("after SIGTERM the controller ended with {status:?}"),
    );
    let modes = follow_until(cabinets, |modes| {
        // One that was lost and came back just before may still have that to tell.
        modes.len() == SITES && modes.values().all(|change| change["mode"] != "direct")
    })?;
    let mut worst = f64::MIN;
    for (cabinet, change) in &modes {
        let silent = number(change, "since_command_ms");
        worst = worst.max(silent);
        verdict.hold(
            change["mode"] == "local-plan" && silent < HANDED_OVER_MS,
            format!("{cabinet} was not handed over: {change}"),
        );
    }
    say(&format!(
        "kill -TERM: ended with {status:?} after {} ms; {} cabinets on their local plan",
        took.as_millis(),
        modes.len()
    ));
    let newest = newest_journal(data)?;
    let (code, text) = bench.run("kill-replay", &["replay", &newest, "--json"])?;
    verdict.hold(code == 0, format!("{newest} is not whole: {}", text.trim()));
    Ok(verdict)
}

fn newest_journal(data: &str) -> Result<String, String> {
    let folder = Path::new(data).join("journal");
    let names = fs::read_dir(&folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    let names = names.filter_map(|entry| Some(path(&entry.ok()?.path())));
    names.max().ok_or_else(|| "no journal was kept".to_owned())
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
