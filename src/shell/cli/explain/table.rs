//! The table of `explain --full`: stages with their scores, lanes with what was known.

use comfy_table::{Table, presets};
use serde_json::{Value, json};

use crate::controller::SiteState;
use crate::detect::Sighting;
use crate::plan::CheckedSite;
use crate::policy::Belief;
use crate::shell::dispatch::view_decision::DecisionView;
use crate::signal::GroupSet;
use crate::units::{Mono, Speed};

/// Slower than this a vehicle stands.
const STANDING: Speed = Speed::from_mm_per_s(500);

/// What was known of one lane.
struct LaneKnown {
    name: String,
    groups: String,
    /// One that may come by another lane counts in part.
    vehicles: f64,
    standing: usize,
    nearest_m: Option<u32>,
    ways: Vec<Belief>,
    is_stuck: bool,
}

/// Both tables as text.
pub(super) fn draw(
    site: &CheckedSite,
    state: &SiteState,
    decision: &DecisionView,
    now: Mono,
) -> String {
    let mut stages = Table::new();
    stages.load_style(presets::UTF8_BORDERS_ONLY);
    stages.set_header(["stage", "vehicle-seconds", "groups", ""]);
    let choice = decision.choice.as_ref();
    for info in &site.stages {
        let scores = choice.iter().flat_map(|choice| &choice.scores);
        let score = scores.into_iter().find(|(stage, _)| *stage == info.name);
        let is = |name: Option<&String>| name == Some(&info.name);
        let mut marks = Vec::new();
        if is(choice.map(|choice| &choice.running)) {
            marks.push("ran");
        }
        if is(choice.and_then(|choice| choice.next.as_ref())) {
            marks.push("chosen");
        }
        if is(decision
            .planned
            .as_ref()
            .and_then(|plan| plan.stage.as_ref()))
        {
            marks.push("plan");
        }
        stages.add_row([
            info.name.clone(),
            score.map_or_else(|| "-".to_owned(), |(_, cost)| format!("{cost:.1}")),
            names(site, info.stage.groups),
            marks.join(", "),
        ]);
    }
    format!("{stages}\n{}", draw_lanes(site, state, now))
}

fn draw_lanes(site: &CheckedSite, state: &SiteState, now: Mono) -> Table {
    let mut lanes = Table::new();
    lanes.load_style(presets::UTF8_BORDERS_ONLY);
    lanes.set_header([
        "lane",
        "groups",
        "vehicles",
        "standing",
        "nearest",
        "head wants",
        "notes",
    ]);
    for lane in known(site, state, now) {
        let head = lane.ways.iter().map(|way| {
            let group = site.groups.get(way.group.index());
            let group = group.map_or("?", |info| info.name.as_str());
            format!("{group} {} %", way.head_percent)
        });
        let head: Vec<String> = head.collect();
        let mut notes = Vec::new();
        if lane.is_stuck {
            notes.push("stuck".to_owned());
        }
        for way in lane.ways.iter().filter(|way| way.is_full) {
            let group = site.groups.get(way.group.index());
            notes.push(format!(
                "way out of {} full",
                group.map_or("?", |g| g.name.as_str())
            ));
        }
        let red = lane.ways.iter().map(|way| way.red_for.as_ms() / 1000).max();
        if let Some(red) = red.filter(|red| *red > 0) {
            notes.push(format!("waits {red} s"));
        }
        lanes.add_row([
            lane.name,
            lane.groups,
            format!("{:.1}", lane.vehicles),
            lane.standing.to_string(),
            lane.nearest_m
                .map_or_else(|| "-".to_owned(), |m| format!("{m} m")),
            head.join(", "),
            notes.join("; "),
        ]);
    }
    lanes
}

/// The lanes as JSON.
pub(super) fn lanes_json(site: &CheckedSite, state: &SiteState, now: Mono) -> Value {
    let lanes = known(site, state, now).into_iter().map(|lane| {
        let ways = lane.ways.iter().map(|way| {
            let group = site.groups.get(way.group.index()).map(|info| &info.name);
            json!({ "group": group, "head_percent": way.head_percent, "full": way.is_full,
                "red_s": way.red_for.as_ms() / 1000 })
        });
        json!({ "lane": lane.name, "vehicles": lane.vehicles, "standing": lane.standing,
            "nearest_m": lane.nearest_m, "stuck": lane.is_stuck,
            "movements": ways.collect::<Vec<_>>() })
    });
    Value::Array(lanes.collect())
}

fn known(site: &CheckedSite, state: &SiteState, now: Mono) -> Vec<LaneKnown> {
    let adaptive = state.policies().adaptive();
    let picture = state.detection().picture();
    let running = adaptive.choice().map(|choice| choice.running);
    let beliefs: Vec<Belief> = adaptive.beliefs(site, now).collect();
    let lanes = site.approaches.iter().flat_map(|approach| {
        let lanes = approach.lanes.iter().enumerate();
        lanes.map(move |(at, lane)| (format!("{}{}", approach.name, at + 1), lane))
    });
    let known = lanes.enumerate().map(|(number, (name, lane))| {
        let seen = || {
            let all = picture.sightings().iter();
            all.filter(move |seen: &&Sighting| usize::from(seen.lane) == number)
        };
        LaneKnown {
            name,
            groups: names(site, lane.groups()),
            vehicles: f64::from(seen().map(|seen| u32::from(seen.share)).sum::<u32>()) / 1000.0,
            standing: seen().filter(|seen| seen.speed < STANDING).count(),
            nearest_m: seen().map(|seen| seen.distance.as_mm() / 1000).min(),
            ways: (beliefs.iter().filter(|way| way.lane == number).copied()).collect(),
            is_stuck: running.is_some_and(|stage| adaptive.is_stuck(stage, number, now)),
        }
    });
    known.collect()
}

fn names(site: &CheckedSite, groups: GroupSet) -> String {
    let names = groups.iter().filter_map(|g| site.groups.get(g.index()));
    let names: Vec<&str> = names.map(|group| group.name.as_str()).collect();
    names.join(" ")
}
