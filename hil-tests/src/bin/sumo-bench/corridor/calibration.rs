//! What was said before the key and proven after it, against what the branches of the street gave.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use greenwave::corridor::{Calibration, Preview};
use greenwave::units::Millis;
use hil_tests::sumo::corridor::Proven;
use hil_tests::sumo::corridor::proven::{Stated, stated_in};
use serde::Serialize;

use super::jobs::JournalName;
use super::line::Line;
use super::said::Said;
use super::stats::{count, mean};
use crate::lines::write;
use crate::report::say;

/// The set of a single vehicle.
const ONE: &str = "1";

/// The figures of many runs.
#[derive(Clone, Debug, Serialize)]
struct Summary {
    /// Whose.
    calibration: String,
    runs: usize,
    /// Shares of the runs, per cent: later than what was said ...
    beyond_p90_percent: f64,
    beyond_p50_percent: f64,
    /// ... and without the key.
    beyond_without_p90_percent: f64,
    /// The price inside its stated interval, and how wide that is, vehicle-seconds.
    price_inside_percent: f64,
    price_width_vehs: f64,
    price_came_vehs: f64,
    price_stated_vehs: f64,
    /// From the stated middle to the stated ninth tenth, seconds.
    p90_width_s: f64,
    /// Seconds saved: by the street's branches, by the twin, its error, its interval.
    saved_came_s: f64,
    saved_twin_s: f64,
    twin_off_percent: f64,
    twin_inside_percent: f64,
    twin_width_s: f64,
    /// What others paid, inside the twin's interval.
    twin_paid_inside_percent: f64,
    twin_paid_width_vehs: f64,
}

/// Puts into the lines what a station says that has kept its record of the runs before, in their
/// order: the model's figures, corrected by what came of them.
pub(super) fn correct(lines: &mut [Line]) {
    let mut known = Calibration::default();
    for line in lines {
        let Some(raw) = line.preview.clone() else {
            continue;
        };
        let stated = Stated::of(&known.correct(&raw));
        line.said = Said::of(Some(stated), line.proven);
        learn(&mut known, &raw, line);
    }
}

/// A vehicle that has not arrived took at least as long as the run: that is learnt of it.
fn learn(known: &mut Calibration, raw: &Preview, line: &Line) {
    known.learn_arrival(raw, Millis::from_secs(line.time_s));
    #[expect(clippy::cast_possible_truncation, reason = "far below 2^53")]
    known.learn_price(raw, line.paid_vehs().round() as i64);
}

/// Prints the figures of these lines as JSON; nothing if nothing was stated in them.
pub(super) fn say_summary(name: &str, lines: &[Line]) {
    let twins = lines.iter().filter(|line| line.method == "none");
    let twins: BTreeMap<_, f64> = twins
        .map(|line| (key(line), f64::from(line.time_s)))
        .collect();
    let own = lines.iter().filter(|line| line.said.stated_p90_s.is_some());
    let runs: Vec<Run<'_>> = own
        .filter_map(|line| {
            let without_s = *twins.get(&key(line))?;
            Some(Run { line, without_s })
        })
        .collect();
    if runs.is_empty() {
        return;
    }
    let text = serde_json::to_string(&summary(name, &runs)).unwrap_or_default();
    say(&text);
}

/// What a run and its twin without help have in common.
fn key(line: &Line) -> ([String; 5], u64, u32, u32, usize) {
    let names = [
        &line.net,
        &line.base,
        &line.rules,
        &line.vehicles,
        &line.fault,
    ];
    let demand = line.demand.to_bits();
    (
        names.map(String::clone),
        demand,
        line.seed,
        line.pair,
        line.vehicle,
    )
}

struct Run<'a> {
    line: &'a Line,
    without_s: f64,
}

fn summary(name: &str, runs: &[Run<'_>]) -> Summary {
    let tenths = |value: f64| (value * 10.0).round() / 10.0;
    let all = |of: &dyn Fn(&Run<'_>) -> Option<f64>| -> f64 {
        let values: Vec<f64> = runs.iter().filter_map(of).collect();
        tenths(mean(&values))
    };
    let share = |is: &dyn Fn(&Run<'_>) -> Option<bool>| {
        let found = runs.iter().filter_map(is);
        let good = found.filter(|good| *good).count();
        tenths(100.0 * count(good) / count(runs.len()))
    };
    let inside =
        |low: Option<f64>, came: f64, high: Option<f64>| Some((low?..=high?).contains(&came));
    let saved = |run: &Run<'_>| run.without_s - f64::from(run.line.time_s);
    let said = |run: &Run<'_>| run.line.said;
    let came_s = all(&|run| Some(saved(run)));
    let twin_s = all(&|run| said(run).twin_saved_mid);
    Summary {
        calibration: name.to_owned(),
        runs: runs.len(),
        beyond_p90_percent: share(&|r| Some(f64::from(r.line.time_s) > said(r).stated_p90_s?)),
        beyond_p50_percent: share(&|r| Some(f64::from(r.line.time_s) > said(r).stated_p50_s?)),
        beyond_without_p90_percent: share(&|r| Some(r.without_s > said(r).stated_without_p90_s?)),
        price_inside_percent: share(&|r| {
            let (low, high) = (said(r).stated_price_lo, said(r).stated_price_hi);
            inside(low, r.line.paid_vehs(), high)
        }),
        price_width_vehs: all(&|r| Some(said(r).stated_price_hi? - said(r).stated_price_lo?)),
        price_came_vehs: all(&|r| Some(r.line.paid_vehs())),
        price_stated_vehs: all(&|r| said(r).stated_price_mid),
        p90_width_s: all(&|r| Some(said(r).stated_p90_s? - said(r).stated_p50_s?)),
        saved_came_s: came_s,
        saved_twin_s: twin_s,
        twin_off_percent: tenths(100.0 * (twin_s - came_s) / came_s.abs().max(0.1)),
        twin_inside_percent: share(&|r| {
            inside(said(r).twin_saved_lo, saved(r), said(r).twin_saved_hi)
        }),
        twin_width_s: all(&|r| Some(said(r).twin_saved_hi? - said(r).twin_saved_lo?)),
        twin_paid_inside_percent: share(&|r| {
            let (low, high) = (said(r).twin_paid_lo, said(r).twin_paid_hi);
            inside(low, r.line.paid_vehs(), high)
        }),
        twin_paid_width_vehs: all(&|r| Some(said(r).twin_paid_hi? - said(r).twin_paid_lo?)),
    }
}

/// Prints the calibration of runs that were made before, each file for itself and all together; with
/// their journals everything is said and proven anew by this very program.
pub(crate) fn recount(
    files: &[PathBuf],
    journals: Option<&Path>,
    out: Option<&Path>,
) -> Result<(), String> {
    let mut all = Vec::new();
    for file in files {
        let told = |why: &dyn std::fmt::Display| format!("{}: {why}", file.display());
        let text = fs::read_to_string(file).map_err(|why| told(&why))?;
        let lines: Result<Vec<Line>, _> = text.lines().map(serde_json::from_str).collect();
        let mut lines = lines.map_err(|why| told(&why))?;
        if let Some(folder) = journals {
            for line in lines.iter_mut().filter(|line| line.method == "ours") {
                prove(line, folder)?;
            }
            let raw = |line: &Line| line.preview.as_ref().map(Stated::of);
            for line in &mut lines {
                line.said = Said::of(raw(line), line.proven);
            }
            let name = format!(
                "{} as the model says one cycle after the press",
                file.display()
            );
            say_summary(&name, &lines);
            correct(&mut lines);
        }
        say_summary(&file.display().to_string(), &lines);
        all.extend(lines);
    }
    say_summary("all", &all);
    if let Some(out) = out {
        write(out, &all).map_err(|why| format!("{}: {why}", out.display()))?;
    }
    Ok(())
}

/// What its journal says of a run. What is said is made from the city one cycle after the press: a
/// journal's first cycle opens the corridor, and nobody sees the city before it.
fn prove(line: &mut Line, folder: &Path) -> Result<(), String> {
    if line.vehicles != ONE {
        return Err(format!(
            "seed {} pair {}: the journal of a set of vehicles `{}` has more than one corridor, and \
             a line does not say which is its own: give files of runs with --vehicles {ONE}, or \
             leave --journals out",
            line.seed, line.pair, line.vehicles
        ));
    }
    let path = journal_of(line, folder)?;
    let told = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let journal = fs::read(&path).map_err(|why| told(&why))?;
    let (corridor, preview) = stated_in(&journal).map_err(|why| told(&why))?;
    line.proven = Some(Proven::of(&journal, corridor).map_err(|why| told(&why))?);
    line.preview = Some(preview);
    Ok(())
}

/// The one journal of a run in this folder.
fn journal_of(line: &Line, folder: &Path) -> Result<PathBuf, String> {
    let name = JournalName {
        net: &line.net,
        demand: line.demand,
        base: &line.base,
        rules: &line.rules,
        vehicles: &line.vehicles,
        fault: &line.fault,
        which: (line.seed, line.pair),
    };
    let start = name.start();
    let told = |why: &dyn std::fmt::Display| format!("{}: {why}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|why| told(&why))? {
        let entry = entry.map_err(|why| told(&why))?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with(&start) {
            found.push(entry.path());
        }
    }
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(told(&format!(
            "no journal `{start}*.gwj`: make it with `sumo-bench corridor --journals`"
        ))),
        _ => Err(told(&format!(
            "{} journals `{start}*.gwj`, of runs with other sensors, positions or windows: leave \
             those of this file only",
            found.len()
        ))),
    }
}
