//! Whether the product won: what `run.sh` asks of a small comparison.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::controllers::Name;
use crate::report::{Line, say};

/// Prints the figures of a file of runs; an error names everything that does not hold.
pub(crate) fn judge_file(path: &Path) -> Result<(), String> {
    let told = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let text = fs::read_to_string(path).map_err(|why| told(&why))?;
    let lines: Result<Vec<Line>, _> = text.lines().map(serde_json::from_str).collect();
    let lines = lines.map_err(|why| told(&why))?;
    for line in &lines {
        say(&format!(
            "{} {} seed {}: delay {:.1} s, {} of {} arrived, longest red {} s, referee {}",
            line.net,
            line.controller,
            line.seed,
            line.result.delay_s,
            line.result.finished,
            line.result.scheduled,
            line.result.longest_red_s,
            line.result.referee
        ));
    }
    for (controller, delay_s) in delays(&lines) {
        say(&format!("{controller}: mean delay {delay_s:.2} s"));
    }
    let faults = faults(&lines);
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.join("\n"))
    }
}

/// Everything that does not hold.
fn faults(lines: &[Line]) -> Vec<String> {
    let mut faults = Vec::new();
    for line in lines {
        let run = format!("{} {} seed {}", line.net, line.controller, line.seed);
        if line.result.referee > 0 {
            faults.push(format!("{run}: {} offences", line.result.referee));
        }
        if let Some(left) = line.result.walk_bound_left_s
            && left < 0
        {
            let over = left.unsigned_abs();
            faults.push(format!(
                "{run}: a walker waited {over} s beyond the bound of their crossing"
            ));
        }
        if line.gridlocked {
            faults.push(format!("{run}: gridlocked"));
        }
    }
    let means = delays(lines);
    let Some(own) = means.get(Name::Ours.text()).copied() else {
        faults.push("no run of ours".to_owned());
        return faults;
    };
    let others = || {
        let all = means.iter();
        all.filter(|(name, _)| **name != Name::Ours.text())
    };
    if others().next().is_none() {
        faults.push("nobody to compare ours with".to_owned());
    }
    for (name, delay_s) in others().filter(|(_, delay_s)| own >= **delay_s) {
        faults.push(format!(
            "ours delays {own:.2} s, {name} only {delay_s:.2} s"
        ));
    }
    let seeds_of = |name: &str| {
        let own = lines.iter().filter(|line| line.controller == name);
        let mut seeds: Vec<u32> = own.map(|line| line.seed).collect();
        seeds.sort_unstable();
        seeds
    };
    let seeds = seeds_of(Name::Ours.text());
    for (name, _) in others().filter(|(name, _)| seeds_of(name) != seeds) {
        faults.push(format!("{name} did not run the seeds of ours"));
    }
    faults
}

/// The mean delay of every controller over its runs, seconds: by heads where somebody walks.
#[expect(clippy::cast_precision_loss, reason = "no comparison has 2^52 runs")]
fn delays(lines: &[Line]) -> BTreeMap<&str, f64> {
    let mut all: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for line in lines {
        let own = all.entry(line.controller.as_str()).or_default();
        let by_heads = line.result.walk_delay_s.map(|_| line.result.person_delay_s);
        own.push(by_heads.unwrap_or(line.result.delay_s));
    }
    let mean = |own: &Vec<f64>| own.iter().sum::<f64>() / own.len() as f64;
    all.iter().map(|(name, own)| (*name, mean(own))).collect()
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
