//! `greenwave corridor report` and `greenwave corridor worth`: what runs came to, by the journal.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::Failure;
use super::args::{ReportOf, WorthOf};
use super::out::say;
use crate::ids::CorridorId;
use crate::journal::worth::{Worth, worth};
use crate::shell::report::{ReportData, Sum, corridors_in, csv, page, sums};

pub(super) fn report(options: &ReportOf) -> Result<(), Failure> {
    let files = journals(&options.journal)?;
    let corridor = CorridorId::new(options.corridor);
    let report = ReportData::new(&account(&files, corridor)?);
    fs::create_dir_all(&options.out).map_err(|why| failed(&options.out, &why))?;
    let write = |name: &str, text: &str| {
        let path = options.out.join(name);
        fs::write(&path, text).map_err(|why| failed(&path, &why))
    };
    write("report.html", &page(&report))?;
    write("report.json", &pretty(&report))?;
    write("exemptions.csv", &csv(&report.exemptions))?;
    write("exemptions.json", &pretty(&report.exemptions))?;
    say(&line(&report));
    say(&format!(
        "wrote report.html, report.json, exemptions.csv and exemptions.json to {}",
        options.out.display()
    ));
    Ok(())
}

pub(super) fn sum(options: &WorthOf) -> Result<(), Failure> {
    let files = journals(&options.journal)?;
    let corridors = corridors_in(&files).map_err(|why| Failure::runtime(&why))?;
    let mut reports = Vec::new();
    for corridor in corridors {
        let report = ReportData::new(&account(&files, corridor)?);
        if !options.json {
            say(&line(&report));
        }
        reports.push(report);
    }
    let by_route = sums(&reports, |report| report.route.clone());
    let by_agency = sums(&reports, |report| report.agency.clone());
    let all = sums(&reports, |_| "all".to_owned());
    if let Some(path) = &options.corrections {
        let text = pretty(&corrections(&reports));
        fs::write(path, text).map_err(|why| failed(path, &why))?;
    }
    if options.json {
        let runs: Vec<_> = reports.iter().map(short).collect();
        let sums = json!({ "runs": runs, "routes": by_route, "agencies": by_agency, "all": all });
        say(&sums.to_string());
        return Ok(());
    }
    for (title, sums) in [
        ("by route", by_route),
        ("by agency", by_agency),
        ("all", all),
    ] {
        say(title);
        for sum in sums {
            say(&sum_line(&sum));
        }
    }
    Ok(())
}

fn account(files: &[Vec<u8>], corridor: CorridorId) -> Result<Worth, Failure> {
    worth(files, corridor).map_err(|why| Failure::runtime(&why))
}

/// The journal files of these files and folders, in their order.
fn journals(named: &[PathBuf]) -> Result<Vec<Vec<u8>>, Failure> {
    let mut paths = Vec::new();
    for path in named {
        if !path.is_dir() {
            paths.push(path.clone());
            continue;
        }
        let entries = fs::read_dir(path).map_err(|why| failed(path, &why))?;
        let mut inside: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|ending| ending == "journal"))
            .collect();
        if inside.is_empty() {
            let why = format!("{}: no *.journal in this folder", path.display());
            return Err(Failure::Usage(why));
        }
        inside.sort();
        paths.extend(inside);
    }
    let read = |path: &PathBuf| fs::read(path).map_err(|why| failed(path, &why));
    paths.iter().map(read).collect()
}

fn failed(path: &Path, why: &std::io::Error) -> Failure {
    Failure::Runtime(format!("{}: {why}", path.display()))
}

fn pretty<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn line(report: &ReportData) -> String {
    let saved = report.saved_s.map_or_else(
        || "no drive to compare".to_owned(),
        |saved| {
            let (value, low, high) = (saved.value, saved.low, saved.high);
            format!("saved {value:.0} s [{low:.0} to {high:.0}]")
        },
    );
    let paid = report.paid_vehicle_s;
    format!(
        "corridor {} for {}, opened {}, {}: {saved}, others paid {:.0} vehicle-seconds [{:.0} to {:.0}]",
        report.corridor,
        report.vehicle,
        report.opened,
        report.state,
        paid.value,
        paid.low,
        paid.high,
    )
}

fn sum_line(sum: &Sum) -> String {
    let name = if sum.name.is_empty() {
        "(none named)"
    } else {
        &sum.name
    };
    format!(
        "  {name}: {} runs, saved {:.0} s [{:.0} to {:.0}], paid {:.0} vehicle-seconds [{:.0} to {:.0}]",
        sum.runs,
        sum.saved_s.value,
        sum.saved_s.low,
        sum.saved_s.high,
        sum.paid_vehicle_s.value,
        sum.paid_vehicle_s.low,
        sum.paid_vehicle_s.high,
    )
}

fn short(report: &ReportData) -> serde_json::Value {
    json!({
        "corridor": report.corridor, "vehicle": report.vehicle, "agency": report.agency,
        "route": report.route, "opened": report.opened, "state": report.state,
        "passed": report.passed, "travel_s": report.travel_s, "saved_s": report.saved_s,
        "paid_vehicle_s": report.paid_vehicle_s, "is_cut": report.is_cut,
    })
}

/// What was planned and what came, signal by signal: for those who plan the next corridor.
fn corrections(reports: &[ReportData]) -> serde_json::Value {
    let lines = reports.iter().flat_map(|report| {
        let passed = report
            .signals
            .iter()
            .filter(|signal| signal.passed_s.is_some());
        passed.map(|signal| {
            json!({
                "road": signal.entry_road, "service": report.service, "opened": report.opened,
                "planned_s": signal.planned_s, "drove_s": signal.drove_s,
                "queue_max": signal.queue_max,
            })
        })
    });
    json!({ "version": 1, "links": lines.collect::<Vec<_>>() })
}
