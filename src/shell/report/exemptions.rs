//! The list of exemptions: where and when others had to make way, or had their green cut.
//!
//! A driver who is caught by a camera while he makes way shows by this list that he had to.

use alloc::sync::Arc;

use serde::Serialize;

use super::data::local_time;
use crate::journal::worth::{RunRecord, YieldKind};
use crate::plan::CheckedSite;
use crate::units::{Millis, Mono};

/// Others on the vehicle's own approach make way from this long before it passes ...
const BEFORE: Millis = Millis::from_secs(30);
/// ... until this long after.
const AFTER: Millis = Millis::from_secs(10);

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exemption {
    /// Number of the corridor.
    pub corridor: u32,
    /// The vehicle that others made way for.
    pub vehicle: String,
    /// Site id.
    pub site: String,
    /// `made_way` on the vehicle's own approach, `green_cut` or `kept_red` elsewhere.
    pub kind: &'static str,
    /// The approach, where others made way.
    pub approach: String,
    /// The signal group whose green was cut, or that was kept at red.
    pub group: String,
    /// Local time.
    pub from: String,
    /// Local time.
    pub to: String,
}

/// The exemptions of a run, in the order of time.
#[must_use]
pub fn exemptions(record: &RunRecord, sites: &[Arc<CheckedSite>]) -> Vec<Exemption> {
    let time = |at: Mono| local_time(record.opened_civil, at.since(record.opened));
    let line = |site: &CheckedSite, kind, (from, to): (Mono, Mono)| Exemption {
        corridor: record.plan.corridor.number(),
        vehicle: record.plan.vehicle.clone(),
        site: site.id.clone(),
        kind,
        approach: String::new(),
        group: String::new(),
        from: time(from),
        to: time(to),
    };
    let mut all: Vec<(Mono, Exemption)> = Vec::new();
    for signal in &record.signals {
        let Some(site) = sites.get(signal.site.index()) else {
            continue;
        };
        let Some(passed) = signal.passed_at else {
            continue;
        };
        let from = passed.back(BEFORE).max(record.opened);
        let approach = site.approaches.get(signal.approach.index());
        let mut made = line(site, "made_way", (from, passed + AFTER));
        made.approach = approach.map(|one| one.name.clone()).unwrap_or_default();
        all.push((from, made));
    }
    for one in &record.yielded {
        let Some(site) = sites.get(one.site.index()) else {
            continue;
        };
        let Some(group) = site.groups.get(one.group.index()) else {
            continue;
        };
        if one.kind == YieldKind::GreenCut && group.walk.is_some() {
            // A walk that ends is cleared to its last step; nobody needs an exemption for it.
            continue;
        }
        let kind = match one.kind {
            YieldKind::GreenCut => "green_cut",
            YieldKind::KeptRed => "kept_red",
        };
        let mut told = line(site, kind, (one.from, one.to));
        told.group.clone_from(&group.name);
        all.push((one.from, told));
    }
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, one)| one).collect()
}

/// The list as a table with a head line, for spreadsheets.
#[must_use]
pub fn csv(list: &[Exemption]) -> String {
    let mut text = "corridor,vehicle,site,kind,approach,group,from,to\n".to_owned();
    for one in list {
        let cells = [
            one.corridor.to_string(),
            quoted(&one.vehicle),
            quoted(&one.site),
            one.kind.to_owned(),
            quoted(&one.approach),
            quoted(&one.group),
            one.from.clone(),
            one.to.clone(),
        ];
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

/// A cell that no spreadsheet takes for a formula.
fn quoted(text: &str) -> String {
    let tame = match text.chars().next() {
        Some('=' | '+' | '-' | '@') => format!("'{text}"),
        Some(_) | None => text.to_owned(),
    };
    if tame.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", tame.replace('"', "\"\""))
    } else {
        tame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_holds_names_that_would_break_it() {
        let one = Exemption {
            corridor: 3,
            vehicle: "=cmd,\"x\"".to_owned(),
            site: "J07".to_owned(),
            kind: "kept_red",
            approach: String::new(),
            group: "NT".to_owned(),
            from: "2026-11-23 08:00:00".to_owned(),
            to: "2026-11-23 08:00:20".to_owned(),
        };
        let text = csv(&[one]);
        let line = text.lines().nth(1);
        let wanted =
            "3,\"'=cmd,\"\"x\"\"\",J07,kept_red,,NT,2026-11-23 08:00:00,2026-11-23 08:00:20";
        assert_eq!(line, Some(wanted));
    }
}
