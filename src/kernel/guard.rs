//! The invariants, one named function each. `docs/SAFETY.md` lists them with their tests.
//!
//! A guard that returns a [`Refusal`] names the rule, the group and the moment the reason can end
//! at the earliest; `None` means that nothing stands in the way.

use super::street::Street;
use super::{Interval, Invariant, Refusal};
use crate::ids::GroupId;
use crate::signal::{
    AspectStep, FallbackShow, GroupKind, GroupSet, GroupTiming, Indication, SafetyTable,
};
use crate::units::{Millis, Mono, TICK};

fn refusal(
    invariant: Invariant,
    group: GroupId,
    because_of: Option<GroupId>,
    until: Option<Mono>,
) -> Refusal {
    Refusal {
        invariant,
        group,
        because_of,
        until,
    }
}

/// I1 for a wish: a set with a hostile pair is refused as a whole.
pub(super) fn i01_no_hostile_pair(table: &SafetyTable, wish: GroupSet) -> Option<Refusal> {
    let (a, b) = table.conflicts().hostile_pair_in(wish)?;
    Some(refusal(Invariant::I1, a, Some(b), None))
}

/// I1 for a start: every hostile group has to be in stop. The moment named is a lower bound.
fn i01_hostile_stopped(
    table: &SafetyTable,
    street: &Street,
    pair: (GroupId, GroupId),
    now: Mono,
) -> Option<Refusal> {
    let (group, hostile) = pair;
    let timing = table.timing(hostile);
    let green_min = timing.map_or(Millis::ZERO, shortest_go);
    let lose = timing.map_or(Millis::ZERO, |t| t.lose.total());
    let stopped = match street.interval(hostile) {
        Interval::Stop(_) => return None,
        Interval::Clear(_) => now + street.steps_left(table, hostile, now),
        Interval::Go(since) => now.max(since + green_min) + lose,
        Interval::Prepare(_) => now + street.steps_left(table, hostile, now) + green_min + lose,
    };
    let start = after_clearance(table, pair, stopped);
    let invariant = match street.interval(hostile) {
        Interval::Clear(_) if is_walkers(timing) => Invariant::I8,
        Interval::Clear(_) => Invariant::I4,
        Interval::Stop(_) | Interval::Go(_) | Interval::Prepare(_) => Invariant::I1,
    };
    Some(refusal(invariant, group, Some(hostile), Some(start)))
}

/// I1 for lamps: the last look before they leave the kernel. The first pair of which one has or
/// gains right of way while the other one still has it or is clearing.
pub(super) fn i01_lamps_agree(
    table: &SafetyTable,
    lamps: &[Indication],
) -> Option<(GroupId, GroupId)> {
    let (mut gains, mut holds) = (GroupSet::EMPTY, GroupSet::EMPTY);
    for (group, lamp) in table.all_groups().iter().zip(lamps) {
        match lamp {
            Indication::Green | Indication::FlashingGreen | Indication::RedAmber => {
                gains = gains.with(group);
                holds = holds.with(group);
            }
            Indication::Amber => holds = holds.with(group),
            Indication::Dark
            | Indication::Red
            | Indication::FlashingAmber
            | Indication::FlashingRed => {}
        }
    }
    gains.iter().find_map(|group| {
        let against = table.conflicts().hostile_to(group).intersection(holds);
        against.iter().next().map(|other| (group, other))
    })
}

/// True if an aspect step has been shown for its whole length.
pub(super) fn step_is_over(
    table: &SafetyTable,
    group: GroupId,
    step: AspectStep,
    elapsed: Millis,
) -> bool {
    if is_walkers(table.timing(group)) {
        i08_walk_clear_over(step, elapsed)
    } else {
        i02_aspect_over(step, elapsed)
    }
}

/// I2: amber, flashing green and red-amber are shown in full and in order.
pub(super) fn i02_aspect_over(step: AspectStep, elapsed: Millis) -> bool {
    elapsed >= step.lasts
}

/// I8: walkers who are on the crossing get the whole clearing time.
pub(super) fn i08_walk_clear_over(step: AspectStep, elapsed: Millis) -> bool {
    elapsed >= step.lasts
}

/// Whether a group in stop may leave it; of several reasons the one that stands longest.
pub(super) fn may_start(
    table: &SafetyTable,
    street: &Street,
    group: GroupId,
    now: Mono,
) -> Option<Refusal> {
    let own = i06_red_min(table, street, group, now);
    let hostile = table.conflicts().hostile_to(group);
    hostile.iter().fold(own, |worst, hostile| {
        let pair = (group, hostile);
        let reason = i01_hostile_stopped(table, street, pair, now).or_else(|| {
            if is_walkers(table.timing(hostile)) {
                i09_walkers_gone(table, street, pair, now)
            } else {
                i04_junction_clear(table, street, pair, now)
            }
        });
        Refusal::longer(worst, reason)
    })
}

/// The moment the first of `pair` may start, if the second one was in stop since `stopped`.
///
/// The clearance counts from the start of clear. What of it is left after the lose steps is kept
/// in full from the moment stop was shown: after a late cycle the all-red is not shorter.
fn after_clearance(table: &SafetyTable, pair: (GroupId, GroupId), stopped: Mono) -> Mono {
    let (group, hostile) = pair;
    let lose = table
        .timing(hostile)
        .map_or(Millis::ZERO, |t| t.lose.total());
    let gain = table.timing(group).map_or(Millis::ZERO, |t| t.gain.total());
    let red = table
        .conflicts()
        .clearance(hostile, group)
        .saturating_sub(lose);
    (stopped + red).back(gain).max(stopped)
}

fn clearance_left(
    invariant: Invariant,
    table: &SafetyTable,
    street: &Street,
    (pair, now): ((GroupId, GroupId), Mono),
) -> Option<Refusal> {
    let start = after_clearance(table, pair, street.state(pair.1).since);
    (now < start).then(|| refusal(invariant, pair.0, Some(pair.1), Some(start)))
}

/// I4: the directed clearance from the second group of `pair` to the first one has run out.
pub(super) fn i04_junction_clear(
    table: &SafetyTable,
    street: &Street,
    pair: (GroupId, GroupId),
    now: Mono,
) -> Option<Refusal> {
    clearance_left(Invariant::I4, table, street, (pair, now))
}

/// I9: walkers have reached the other side, with the buffer after their clearing time.
pub(super) fn i09_walkers_gone(
    table: &SafetyTable,
    street: &Street,
    pair: (GroupId, GroupId),
    now: Mono,
) -> Option<Refusal> {
    clearance_left(Invariant::I9, table, street, (pair, now))
}

/// I5: a go that has begun lasts its minimum.
pub(super) fn i05_green_min(
    table: &SafetyTable,
    street: &Street,
    group: GroupId,
    now: Mono,
) -> Option<Refusal> {
    let timing = table.timing(group)?;
    let end = street.state(group).since + shortest_go(timing);
    (now < end).then(|| refusal(Invariant::I5, group, None, Some(end)))
}

/// I6: a stop that has begun lasts its minimum.
pub(super) fn i06_red_min(
    table: &SafetyTable,
    street: &Street,
    group: GroupId,
    now: Mono,
) -> Option<Refusal> {
    let timing = table.timing(group)?;
    let end = street.state(group).since + timing.red_min.max(TICK);
    (now < end).then(|| refusal(Invariant::I6, group, None, Some(end)))
}

/// I7: when the wait of a demanded group runs out.
pub(super) fn i07_wait_ends(table: &SafetyTable, street: &Street, group: GroupId) -> Option<Mono> {
    let timing = table.timing(group)?;
    Some(street.state(group).waiting + timing.wait_max)
}

/// I18: when the hold of a group in go runs out; `None` while no hostile group is demanded. As
/// usual for a maximum it counts from the later of start of go and first hostile demand.
pub(super) fn i18_hold_ends(table: &SafetyTable, street: &Street, group: GroupId) -> Option<Mono> {
    let timing = table.timing(group)?;
    let waiting = table
        .conflicts()
        .hostile_to(group)
        .intersection(street.fence.demanded);
    let first = waiting.iter().map(|g| street.state(g).waiting).min()?;
    Some(first.max(street.state(group).since) + timing.green_max)
}

/// I10: the flash of the start-up has lasted its time.
pub(super) fn i10_flash_over(until: Mono, now: Mono) -> bool {
    now >= until
}

/// I11: the all-red before the first green has lasted its time.
pub(super) fn i11_all_red_over(until: Mono, now: Mono) -> bool {
    now >= until
}

/// I19: real time since the last step; `None` if the clock stands still or runs backwards.
pub(super) fn i19_elapsed(last: Option<Mono>, now: Mono) -> Option<Millis> {
    match last {
        None => Some(Millis::ZERO),
        Some(last) if now > last => Some(now.since(last)),
        Some(_) => None,
    }
}

/// I20: a number that changes with the safety data (FNV-1a over every time and relation).
pub(super) fn i20_fingerprint(table: &SafetyTable) -> u64 {
    let mut sum = 0xcbf2_9ce4_8422_2325_u64;
    let mut take = |word: u32| sum = (sum ^ u64::from(word)).wrapping_mul(0x0100_0000_01b3);
    for (group, timing) in table.all_groups().iter().zip(table.timings()) {
        take(u32::from(timing.kind.shows_amber()));
        take(u32::from(timing.kind == GroupKind::Pedestrian));
        for time in [
            timing.green_min,
            timing.green_max,
            timing.red_min,
            timing.wait_max,
        ] {
            take(time.as_ms());
        }
        for step in timing.gain.iter().chain(timing.lose.iter()) {
            take(u32::from(step.show.nibble()));
            take(step.lasts.as_ms());
        }
        take(table.conflicts().hostile_to(group).bits());
        for other in table.all_groups() {
            take(table.conflicts().clearance(group, other).as_ms());
        }
    }
    take(table.start_up().flash.as_ms());
    take(table.start_up().all_red.as_ms());
    take(u32::from(table.fallback() == FallbackShow::Dark));
    take(table.readback_green().as_ms());
    take(table.readback_other().as_ms());
    sum
}

/// I21: a group the site does not have is refused and stays dark.
pub(super) fn i21_known(
    table: &SafetyTable,
    wish: GroupSet,
) -> impl Iterator<Item = Refusal> + use<> {
    let unknown = wish.difference(table.all_groups());
    unknown
        .iter()
        .map(|group| refusal(Invariant::I21, group, None, None))
}

/// Even without a minimum a green is shown for one cycle: amber never follows red-amber (I2).
pub(super) fn shortest_go(timing: &GroupTiming) -> Millis {
    timing.green_min.max(TICK)
}

fn is_walkers(timing: Option<&GroupTiming>) -> bool {
    timing.is_some_and(|t| t.kind == GroupKind::Pedestrian)
}
