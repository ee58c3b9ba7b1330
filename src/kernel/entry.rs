//! How long until a set of groups has right of way, exactly.

use super::notes::Silence;
use super::street::Street;
use super::{Invariant, Refusal};
use crate::signal::{GroupSet, SafetyTable};
use crate::units::{Millis, Mono, TICK};

/// More changes than any site can need: every group three times through all its aspect steps.
const LOOKS_MAX: u16 = 1000;

/// The exact time from `now` until every group of `set` has right of way if nothing but `set` is
/// asked from now on and the cycle comes every [`TICK`], first at `now`.
///
/// It runs a copy of the street forward, but only through the cycles in which something can change.
pub(super) fn entry_time(
    street: &Street,
    table: &SafetyTable,
    now: Mono,
    set: GroupSet,
) -> Result<Millis, Refusal> {
    let mut ahead = street.clone();
    ahead.target = set;
    let mut at = now;
    for _ in 0..LOOKS_MAX {
        ahead.step(table, at, &mut Silence);
        if set.is_subset(ahead.go) {
            return Ok(at.since(now));
        }
        let Some(next) = next_change(&ahead, table, at) else {
            break;
        };
        at = now + now.until(next).ceil_to_tick().max(now.until(at) + TICK);
    }
    let group = set.difference(ahead.go).iter().next().unwrap_or_default();
    Err(Refusal {
        invariant: Invariant::I7,
        group,
        because_of: ahead.fence.forced,
        until: None,
    })
}

/// The next moment after `now` at which the street can change if the target stays.
fn next_change(street: &Street, table: &SafetyTable, now: Mono) -> Option<Mono> {
    let steps = street.prepare.union(street.clear).iter().map(|group| {
        let state = street.state(group);
        let step = street.steps(table, group).get(state.step);
        step.map_or(now, |step| state.step_since + step.lasts)
    });
    let ends = street
        .go
        .difference(street.effective)
        .iter()
        .chain(street.fence.forced)
        .filter_map(|group| {
            Some(street.state(group).since + super::guard::shortest_go(table.timing(group)?))
        });
    let starts = street
        .stop
        .intersection(street.effective)
        .iter()
        .filter_map(|group| super::guard::may_start(table, street, group, now)?.until);
    steps
        .chain(ends)
        .chain(starts)
        .chain(street.fence.look_at)
        .filter(|at| *at > now)
        .min()
}
