//! A plan drawn as bars: one row per group, one letter per second.

use core::fmt::Write as _;

use super::build::{Round, secs};
use super::checked::{CheckedSite, Plan, PlanMode};
use super::lamps::{minimum_of, row_of};
use crate::ids::{GroupId, PlanId, StageId};
use crate::signal::{GroupKind, GroupTiming, Indication};
use crate::units::Millis;

const LEGEND: &str =
    "G green  F flashing green  A amber  U red and amber  W walk  f flashing man  . red";

/// Draws one round of a plan, beginning at the first stage of its sequence. A plan without a cycle
/// is drawn with every stage at its longest. Groups end as late as their own clearance allows;
/// empty if the site has no such plan.
#[must_use]
pub fn draw(site: &CheckedSite, plan: PlanId) -> String {
    let Some(plan) = site.plans.get(plan.index()) else {
        return String::new();
    };
    let minimum = |stage: StageId| minimum_of(site, stage);
    let round = Round {
        stages: &site.stages,
        conflicts: site.safety.conflicts(),
        groups: &site.groups,
        minimum: &minimum,
        plan,
    };
    let length = round.start(round.len());
    let width = site
        .groups
        .iter()
        .map(|group| group.name.chars().count())
        .max();
    let width = width.unwrap_or(0).max(5);
    let mut text = head(site, plan, length);
    row(&mut text, width, "", &scale(length));
    row(&mut text, width, "stage", &stage_row(site, &round, length));
    for (group, info) in (0_u8..).map(GroupId::new).zip(&site.groups) {
        let Some(timing) = site.safety.timing(group) else {
            continue;
        };
        let bar = group_row(&round, group, timing, length);
        row(&mut text, width, &info.name, &bar);
    }
    row(&mut text, width, "", LEGEND);
    for at in 0..round.len() {
        let (from, to) = (round.stage(at), round.stage(at + 1));
        let time = secs(round.vehicle_change(at));
        let names = (stage_name(site, from), stage_name(site, to));
        let _ = writeln!(text, "change {} -> {}: {time} s", names.0, names.1);
    }
    text
}

fn stage_name(site: &CheckedSite, stage: StageId) -> &str {
    site.stages
        .get(stage.index())
        .map_or("?", |info| &info.name)
}

fn head(site: &CheckedSite, plan: &Plan, length: Millis) -> String {
    let mode = match plan.mode {
        PlanMode::Fixed => "fixed",
        PlanMode::Actuated => "actuated",
        PlanMode::Coordinated => "coordinated",
        PlanMode::Adaptive => "adaptive",
    };
    let mut text = format!("{} {}, plan {} ({mode})", site.id, site.name_en, plan.name);
    if plan.cycle == Millis::ZERO {
        let _ = writeln!(text, ", {} s with every stage at its longest", secs(length));
        return text;
    }
    let _ = write!(text, ", cycle {} s", secs(plan.cycle));
    if let Some(stage) = plan.coordinated {
        let name = stage_name(site, stage);
        let offset = secs(plan.offset);
        let _ = write!(text, "\n{name} begins {offset} s into the city's cycle");
    }
    text.push('\n');
    text
}

fn row(text: &mut String, width: usize, name: &str, bar: &str) {
    let line = format!("{name:<width$} {bar}");
    let _ = writeln!(text, "{}", line.trim_end());
}

/// The seconds of the round.
fn seconds(length: Millis) -> impl Iterator<Item = Millis> {
    (0..length.as_ms().div_ceil(1000)).map(Millis::from_secs)
}

/// A number every ten seconds.
fn scale(length: Millis) -> String {
    let marks = seconds(length)
        .step_by(10)
        .map(|second| format!("{:<10}", secs(second)));
    marks.collect()
}

fn stage_row(site: &CheckedSite, round: &Round<'_>, length: Millis) -> String {
    let mut bar: Vec<char> = seconds(length).map(|_| '-').collect();
    for at in 0..round.len() {
        let start = usize::try_from(round.start(at).as_ms() / 1000).unwrap_or(usize::MAX);
        let name = stage_name(site, round.stage(at));
        for (slot, letter) in bar.iter_mut().skip(start).zip(name.chars()) {
            *slot = letter;
        }
    }
    bar.into_iter().collect()
}

fn group_row(round: &Round<'_>, group: GroupId, timing: &GroupTiming, length: Millis) -> String {
    let walks = timing.kind == GroupKind::Pedestrian;
    let row = row_of(round, (group, timing), length, Millis::from_secs(1));
    row.into_iter().map(|shown| letter(shown, walks)).collect()
}

const fn letter(shown: Indication, walks: bool) -> char {
    match (shown, walks) {
        (Indication::Green, false) => 'G',
        (Indication::Green, true) => 'W',
        (Indication::FlashingGreen, false) => 'F',
        (Indication::FlashingGreen, true) => 'f',
        (Indication::Amber, _) => 'A',
        (Indication::RedAmber, _) => 'U',
        (
            Indication::Red
            | Indication::Dark
            | Indication::FlashingAmber
            | Indication::FlashingRed,
            _,
        ) => '.',
    }
}
