//! What must hold of demonstration 1. Times are figures; only what must be so is judged.

use greenwave::units::Millis;
use serde_json::Value;

use super::holds::Hold;
use super::hospital::Outcome;
use super::tables::{held_s, signals};
use crate::tools::Verdict;

/// Signals on the way.
const SIGNALS: usize = 17;
/// The desk is asked several times in such a time, and its picture is younger.
const SEEN_AFTER: Millis = Millis::from_secs(3);
/// No signal is held longer, seconds.
const HELD_MAX_S: f64 = 120.0;

pub(super) fn hold(verdict: &mut Verdict, of: &Outcome) {
    greens(verdict, of);
    holds(verdict, of);
    partners(verdict, of);
    for (name, street) in [("with", &of.with), ("without", &of.without)] {
        let counters = street["referee"].as_object();
        let is_none = |count: &Value| count.as_u64() == Some(0);
        let clean = counters.is_some_and(|all| all.values().all(is_none));
        let (counts, seen) = (&street["referee"], &street["sightings"]);
        verdict.hold(
            clean,
            format!("{name} the key the referee counted {counts}: {seen}"),
        );
    }
}

/// Every signal of the way was passed on a green that was read back.
fn greens(verdict: &mut Verdict, of: &Outcome) {
    let on_way = of.seen.signals.len();
    verdict.hold(on_way >= SIGNALS, format!("{on_way} signals on the way"));
    let passed = signals(&of.with).iter();
    let passed = passed.filter(|one| one["passed_s"].is_number()).count();
    verdict.hold(
        passed >= SIGNALS,
        format!("the street saw {passed} signals passed"),
    );
    verdict.hold(
        of.with["drives"][0]["travel_s"].is_number(),
        "the vehicle with the key did not arrive",
    );
    for id in &of.seen.signals {
        // The journal has every cycle; the desk is looked at now and then.
        let must_be_seen = of
            .told
            .holds
            .iter()
            .any(|one| one.site == *id && is_long(one));
        verdict.hold(
            !must_be_seen || of.seen.confirmed.contains_key(id),
            format!("{id}: no green confirmed by read-back at the desk"),
        );
        verdict.hold(
            of.told.through_green.contains(id),
            format!("{id}: the vehicle was through without a green that was read back"),
        );
    }
}

/// True if its green was there so long that a look at the desk must have met it.
fn is_long(hold: &Hold) -> bool {
    let ended = hold.ended.as_ref().map(|(at, _)| *at);
    let green = hold.green.zip(ended);
    green.is_some_and(|(green, ended)| ended.since(green) >= SEEN_AFTER)
}

/// Every hold ended, none too late, and none is left.
fn holds(verdict: &mut Verdict, of: &Outcome) {
    let held = &of.seen.held_at_end;
    verdict.hold(held.is_empty(), format!("held after the mission: {held:?}"));
    verdict.hold(of.told.left == 0, format!("{} leases left", of.told.left));
    for hold in &of.told.holds {
        let held_s = held_s(hold);
        verdict.hold(
            held_s <= HELD_MAX_S,
            format!("{} was held {held_s} s", hold.site),
        );
    }
}

/// One request opened one corridor, a position alone none.
fn partners(verdict: &mut Verdict, of: &Outcome) {
    let (state, opened) = (&of.seen.state, of.told.corridors);
    verdict.hold(
        state == "completed",
        format!("the corridor ended as {state}"),
    );
    verdict.hold(opened == 1, format!("{opened} corridors were opened"));
    verdict.hold(
        of.uninvited == 0,
        format!("{} corridors nobody asked for", of.uninvited),
    );
    verdict.hold(
        of.shift["opened"] == 1 && of.shift["completed"] == 1,
        format!("the dispatch system: {}", of.shift),
    );
    let tracked = of.trip["tracking_orders"].as_u64() > Some(0);
    verdict.hold(
        tracked,
        format!(
            "the terminal was not told to report every second: {}",
            of.trip
        ),
    );
}
