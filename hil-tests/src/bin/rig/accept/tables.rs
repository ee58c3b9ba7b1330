//! What demonstration 1 prints: the figures of both streets, and every hold.

use greenwave::units::Mono;
use serde_json::Value;

use super::holds::Hold;
use super::hospital::Outcome;
use crate::tools::{number, say};

pub(super) fn print(of: &Outcome) {
    let (junctions, crossings): (Vec<&String>, Vec<&String>) =
        of.seen.signals.iter().partition(|id| id.starts_with('J'));
    say(&format!(
        "{} signals on the way: {} junctions and {} pedestrian-request crossings; seed {}",
        of.seen.signals.len(),
        junctions.len(),
        crossings.len(),
        of.seed
    ));
    say("                                  with the key   without it");
    let both = |name: &str, cell: &dyn Fn(&Value) -> String| {
        say(&format!(
            "{name:32} {:>13} {:>12}",
            cell(&of.with),
            cell(&of.without)
        ));
    };
    let drive = |account: &Value| account["drives"][0].clone();
    both("travel time, s", &|account| {
        cell(&drive(account)["travel_s"])
    });
    both("over the empty, all-green road", &|account| {
        ratio(&drive(account))
    });
    both("stops", &|account| cell(&drive(account)["stops"]));
    both("stood, s", &|account| cell(&drive(account)["stopped_s"]));
    both("green at the braking distance", &|account| {
        let signals = signals(account);
        let green = signals
            .iter()
            .filter(|one| one["green_at_braking_distance"] == true);
        format!("{} of {}", green.count(), signals.len())
    });
    both("counted for, s", &|account| cell(&account["street_s"]));
    both("delay of all others, vehicle-s", &|account| {
        cell(&account["others_delay_vehs"])
    });
    both("walkers and riders stood, s", &|account| {
        cell(&account["people_delay_s"])
    });
    both("longest red before a vehicle, s", &|account| {
        cell(&account["red_max_s"])
    });
    both("longest walker's wait, s", &|account| {
        cell(&account["walkers_wait_max_s"])
    });
    say(&format!(
        "the key saved {:.1} s; all others together paid {:.0} vehicle-s more in the whole city, walkers and riders {:.0} s; \
         free flow {:.1} s",
        number(&drive(&of.without), "travel_s") - number(&drive(&of.with), "travel_s"),
        number(&of.with, "others_delay_vehs") - number(&of.without, "others_delay_vehs"),
        number(&of.with, "people_delay_s") - number(&of.without, "people_delay_s"),
        number(&drive(&of.with), "free_flow_s"),
    ));
    say(&format!(
        "longest red at {}, longest walker's wait at {}",
        cell(&of.with["red_max_at"]),
        cell(&of.with["walkers_wait_max_at"])
    ));
    let report = &of.report;
    say(&format!(
        "by the journal, run again with and without this corridor: saved {} s ({} to {}), others paid {} vehicle-s ({} to {})",
        cell(&report["saved_s"]["value"]),
        cell(&report["saved_s"]["low"]),
        cell(&report["saved_s"]["high"]),
        cell(&report["paid_vehicle_s"]["value"]),
        cell(&report["paid_vehicle_s"]["low"]),
        cell(&report["paid_vehicle_s"]["high"]),
    ));
    say(&format!(
        "greens confirmed by lamp read-back before the vehicle: {} of {} at the desk, {} of {} in the journal",
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
        "without a request: {} corridors from the same positions; referee: {} and {}",
        of.uninvited, of.with["referee"], of.without["referee"]
    ));
    holds(of);
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

fn ratio(drive: &Value) -> String {
    let least = if drive["travel_s"].is_null() {
        "at least "
    } else {
        ""
    };
    format!("{least}{:.3}", number(drive, "ratio"))
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
