//! Hours of the city in minutes: nobody hurt, every corridor run.

use crate::tools::{Bench, Verdict, number, say};

const CITY: &str = "signal-plans/ankang-demo";

pub(crate) fn judge(bench: &Bench, seconds: u32, corridors: u64) -> Result<(), String> {
    let seconds_text = seconds.to_string();
    let arguments = [
        "simulate",
        "--site",
        CITY,
        "--seconds",
        &seconds_text,
        "--seed",
        "1",
        "--json",
    ];
    let result = bench.last_object("simulate", &arguments)?;
    say(&result.to_string());
    let mut verdict = Verdict::default();
    for counter in ["conflicts", "short_clearances", "cut_pedestrian", "caught"] {
        let count = number(&result, &format!("referee.{counter}"));
        verdict.hold(count.abs() < 0.5, format!("referee.{counter} is {count}"));
    }
    let run = number(&result, "corridors.completed");
    let wanted = u32::try_from(corridors).map_or(f64::MAX, f64::from);
    verdict.hold(
        run >= wanted,
        format!("{run} corridors completed, at least {corridors}"),
    );
    let over = number(&result, "waits.over_bound");
    verdict.hold(
        over.abs() < 0.5,
        format!("walkers of {over} groups waited beyond their bound"),
    );
    // Wall time depends on the machine: printed, never judged.
    say(&format!(
        "{} s of the city in {} s: {} times real time",
        number(&result, "simulated_s"),
        number(&result, "wall_s"),
        number(&result, "speedup")
    ));
    verdict.close()
}
