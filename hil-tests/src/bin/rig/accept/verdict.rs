//! What must hold of demonstration 1. Times are figures; only what must be so is judged.

use serde_json::Value;

use super::hospital::Outcome;
use super::tables::{held_s, signals};
use crate::tools::Verdict;

/// Signals on the way.
const SIGNALS: usize = 17;
/// No signal is held longer, seconds.
const HELD_MAX_S: f64 = 120.0;

pub(super) fn hold(verdict: &mut Verdict, of: &Outcome) {
    let on_way = of.seen.signals.len();
    verdict.hold(on_way >= SIGNALS, format!("{on_way} signals on the way"));
    let passed = signals(&of.with)
        .iter()
        .filter(|one| one["passed_s"].is_number());
    let passed = passed.count();
    verdict.hold(
        passed >= SIGNALS,
        format!("the street saw {passed} signals passed"),
    );
    verdict.hold(
        of.with["drives"][0]["travel_s"].is_number(),
        "the vehicle with the key did not arrive",
    );
    for id in &of.seen.signals {
        verdict.hold(
            of.seen.confirmed.contains_key(id),
            format!("{id}: no green confirmed by read-back at the desk"),
        );
        verdict.hold(
            of.told.through_green.contains(id),
            format!("{id}: the vehicle was through without a green that was read back"),
        );
    }
    verdict.hold(
        of.seen.state == "completed",
        format!("the corridor ended as {}", of.seen.state),
    );
    let held = &of.seen.held_at_end;
    verdict.hold(held.is_empty(), format!("held after the mission: {held:?}"));
    verdict.hold(of.told.left == 0, format!("{} leases left", of.told.left));
    verdict.hold(
        of.told.corridors == 1,
        format!("{} corridors were opened", of.told.corridors),
    );
    for hold in &of.told.holds {
        let held_s = held_s(hold);
        verdict.hold(
            held_s <= HELD_MAX_S,
            format!("{} was held {held_s} s", hold.site),
        );
    }
    verdict.hold(
        of.uninvited == 0,
        format!("{} corridors nobody asked for", of.uninvited),
    );
    verdict.hold(
        of.shift["opened"] == 1 && of.shift["completed"] == 1,
        format!("the dispatch system: {}", of.shift),
    );
    verdict.hold(
        of.trip["tracking_orders"]
            .as_u64()
            .is_some_and(|orders| orders > 0),
        format!(
            "the terminal was not told to report every second: {}",
            of.trip
        ),
    );
    for (name, account) in [("with", &of.with), ("without", &of.without)] {
        let counters = account["referee"].as_object();
        let clean = counters.is_some_and(|all| all.values().all(|count| *count == Value::from(0)));
        let (counts, seen) = (&account["referee"], &account["sightings"]);
        verdict.hold(
            clean,
            format!("{name} the key the referee counted {counts}: {seen}"),
        );
    }
}
