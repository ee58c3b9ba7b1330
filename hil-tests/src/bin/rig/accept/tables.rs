//! What demonstration 1 prints: the figures of both streets, and every hold.

use greenwave::units::Mono;
use serde_json::Value;

use super::holds::Hold;
use super::hospital::Outcome;
use crate::tools::{number, say};

pub(super) fn print(of: &Outcome) {
    let signals = of.seen.signals.iter();
    let (junctions, crossings): (Vec<&String>, Vec<&String>) =
        signals.partition(|id| id.starts_with('J'));
    say(&format!(
        "{} signals on the way: {} junctions and {} pedestrian-request crossings; seed {}",
        of.seen.signals.len(),
        junctions.len(),
        crossings.len(),
        of.seed
    ));
    say(&row("", "with the key", "without it"));
    streets(of);
    paid(of);
    mission(of);
    holds(of);
}

/// The figures of both streets, line by line.
fn streets(of: &Outcome) {
    type Of = fn(&Value) -> String;
    let lines: [(&str, Of); 9] = [
        ("travel time, s", |street| cell(&drive(street)["travel_s"])),
        ("over the empty, all-green road", ratio),
        ("stops", |street| cell(&drive(street)["stops"])),
        ("stood, s", |street| cell(&drive(street)["stopped_s"])),
        ("green at the braking distance", |street| {
            let signals = signals(street);
            let green = |one: &&Value| one["green_at_braking_distance"] == true;
            format!(
                "{} of {}",
                signals.iter().filter(green).count(),
                signals.len()
            )
        }),
        ("delay of all others, vehicle-s", |street| {
            cell(&street["others_delay_vehs"])
        }),
        ("walkers and riders stood, s", |street| {
            cell(&street["people_delay_s"])
        }),
        ("longest red before a vehicle, s", |street| {
            format!(
                "{} {}",
                cell(&street["red_max_at"]),
                cell(&street["red_max_s"])
            )
        }),
        ("longest walker's wait, s", |street| {
            let at = cell(&street["walkers_wait_max_at"]);
            format!("{at} {}", cell(&street["walkers_wait_max_s"]))
        }),
    ];
    for (name, cell) in lines {
        say(&row(name, &cell(&of.with), &cell(&of.without)));
    }
    let counted = |street: &Value, began: f64| number(street, "street_s") - began;
    let [with, without] = of.began;
    say(&row(
        "counted over, s",
        &format!("{:.0}", counted(&of.with, with)),
        &format!("{:.0}", counted(&of.without, without)),
    ));
    say(&row(
        "street's clock at the start, s",
        &format!("{with:.0}"),
        &format!("{without:.0}"),
    ));
}

/// What the key saved and what the others paid, by the streets and by the journal.
fn paid(of: &Outcome) {
    let more = |key: &str| number(&of.with, key) - number(&of.without, key);
    say(&format!(
        "free flow {:.1} s; by the two streets the key saved {:.1} s, all others in the city paid {:.0} vehicle-s, \
         walkers and riders {:.0} s",
        number(drive(&of.with), "free_flow_s"),
        number(drive(&of.without), "travel_s") - number(drive(&of.with), "travel_s"),
        more("others_delay_vehs"),
        more("people_delay_s"),
    ));
    let figure = |key: &str| {
        let figure = &of.report[key];
        let [value, low, high] = ["value", "low", "high"].map(|key| cell(&figure[key]));
        format!("{value} ({low} to {high})")
    };
    say(&format!(
        "by the journal, run again with and without this corridor: saved {} s, others paid {} vehicle-s",
        figure("saved_s"),
        figure("paid_vehicle_s"),
    ));
}

/// What the desk, the terminal and the referee saw.
fn mission(of: &Outcome) {
    say(&format!(
        "greens confirmed by lamp read-back before the vehicle was through: {} of {} at the desk, {} of {} in the journal",
        of.seen.confirmed.len(),
        of.seen.signals.len(),
        of.told.through_green.len(),
        of.told.passed.len()
    ));
    say(&format!(
        "corridor: {}; terminal: {} positions, {} tracking orders, {} texts to the crew, {} receipts",
        of.seen.states.join(" > "),
        of.trip["sent"],
        of.trip["tracking_orders"],
        of.trip["texts"].as_array().map_or(0, Vec::len),
        of.seen.received
    ));
    say(&format!(
        "the same positions without a request opened {} corridors; referee with the key {}, without {}",
        of.uninvited, of.with["referee"], of.without["referee"]
    ));
}

fn drive(street: &Value) -> &Value {
    &street["drives"][0]
}

fn row(name: &str, with: &str, without: &str) -> String {
    format!("{name:32} {with:>14} {without:>14}")
}

/// Every hold, seconds after the corridor was opened.
fn holds(of: &Outcome) {
    let opened = of.told.opened.unwrap_or(Mono::ZERO);
    let at = |moment: Mono| format!("{:.1}", seconds(opened, moment));
    say("every hold, seconds after the request: a lease is renewed each second and ends by itself");
    say(
        "signal   locked  green read back  vehicle through  ended  held s  leases  would end by itself  why it ended",
    );
    for hold in &of.told.holds {
        let dash = || "-".to_owned();
        let (ended, why) = hold.ended.as_ref().map_or_else(
            || (dash(), "NOT ENDED"),
            |(moment, why)| (at(*moment), why.as_str()),
        );
        say(&format!(
            "{:6} {:>8}  {:>15}  {:>15}  {:>5}  {:>6.1}  {:>6}  {:>19}  {why}",
            hold.site,
            at(hold.from),
            hold.green.map_or_else(dash, at),
            of.told
                .passed
                .get(&hold.site)
                .map_or_else(dash, |moment| at(*moment)),
            ended,
            held_s(hold),
            hold.leases,
            at(hold.expires),
        ));
    }
    say(&format!(
        "{} holds, {} leases in force in the last of {} replayed cycles",
        of.told.holds.len(),
        of.told.left,
        of.told.cycles
    ));
}

/// How long a hold lasted, seconds; one that has not ended has lasted for ever.
pub(super) fn held_s(hold: &Hold) -> f64 {
    let ended = hold.ended.as_ref();
    ended.map_or(f64::INFINITY, |(moment, _)| seconds(hold.from, *moment))
}

fn seconds(from: Mono, to: Mono) -> f64 {
    f64::from(to.since(from).as_ms()) / 1000.0
}

/// The signals that the street saw the vehicle pass or approach.
pub(super) fn signals(account: &Value) -> &[Value] {
    let signals = account["drives"][0]["signals"].as_array();
    signals.map_or(&[], Vec::as_slice)
}

fn ratio(street: &Value) -> String {
    let is_there = drive(street)["travel_s"].is_number();
    let least = if is_there { "" } else { "at least " };
    format!("{least}{:.3}", number(drive(street), "ratio"))
}

/// A value as people read it.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(_) => value.as_f64().map_or_else(String::new, |value| {
            if value.fract() == 0.0 {
                format!("{value:.0}")
            } else {
                format!("{value:.1}")
            }
        }),
        other => other.to_string(),
    }
}
