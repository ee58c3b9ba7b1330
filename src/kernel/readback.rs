//! Commanded against measured lamps (I13).
//!
//! A wrong reading fills a leaky accumulator with the real time since the last step, a right one
//! drains it. What was commanded before stays acceptable for the latency of the link, counted
//! from the change and lengthened by the age of the reading.

use serde::{Deserialize, Serialize};

use super::fault::FaultKind;
use super::{CabinetState, Readback};
use crate::ids::GroupId;
use crate::signal::{GROUPS_MAX, GroupSet, Indication, Observed, SafetyTable};
use crate::units::{Millis, Mono};

/// How far readings may lag behind commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadbackTolerance {
    /// From a command to lamps that are measured accordingly: 300 ms on a 10 Hz link, 600 ms on a
    /// slow one.
    pub latency: Millis,
    /// A reading older than this says nothing.
    pub stale: Millis,
    /// After the cabinet begins to follow us, its lamps are not compared for this long.
    pub settle: Millis,
}

impl Default for ReadbackTolerance {
    fn default() -> Self {
        Self {
            latency: Millis::new(300),
            stale: Millis::from_secs(1),
            settle: Millis::from_secs(2),
        }
    }
}

/// How a reading compares with a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// As commanded, or nothing measured.
    Right,
    /// Somebody may see a green that is not theirs.
    WrongGreen,
    /// Another indication than commanded.
    Wrong,
    /// Red was commanded and does not light.
    RedLost,
    /// Amber or green was commanded and does not light.
    LampOut,
}

/// What one group was told to show and how long it has been wrong, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct LampWatch {
    changed: Mono,
    shown: Indication,
    before: Indication,
    green: u16,
    hostile: u16,
    wrong: u16,
    red: u16,
    out: u16,
}

/// Commands and comparison of one site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Watch {
    lamps: [LampWatch; GROUPS_MAX],
    tolerance: ReadbackTolerance,
    compare_from: Mono,
    stale_count: u32,
}

impl Watch {
    pub(super) fn new(now: Mono) -> Self {
        Self {
            lamps: [LampWatch {
                changed: now,
                ..LampWatch::default()
            }; GROUPS_MAX],
            tolerance: ReadbackTolerance::default(),
            compare_from: now,
            stale_count: 0,
        }
    }

    pub(super) const fn set_tolerance(&mut self, tolerance: ReadbackTolerance) {
        self.tolerance = tolerance;
    }

    pub(super) const fn tolerance(&self) -> ReadbackTolerance {
        self.tolerance
    }

    pub(super) const fn stale_count(&self) -> u32 {
        self.stale_count
    }

    /// The cabinet begins to follow us.
    pub(super) fn begin(&mut self, now: Mono) {
        self.compare_from = now + self.tolerance.latency + self.tolerance.settle;
        for lamp in &mut self.lamps {
            (lamp.green, lamp.wrong, lamp.red, lamp.out) = (0, 0, 0, 0);
        }
    }

    /// Remembers what `group` is told to show.
    pub(super) fn command(&mut self, group: GroupId, show: Indication, now: Mono) {
        if let Some(lamp) = self.lamps.get_mut(group.index())
            && lamp.shown != show
        {
            lamp.before = lamp.shown;
            lamp.shown = show;
            lamp.changed = now;
        }
    }

    pub(super) fn shown(&self, group: GroupId) -> Indication {
        self.lamps
            .get(group.index())
            .map_or(Indication::Dark, |lamp| lamp.shown)
    }

    /// Takes one reading in; `elapsed` is the real time since the last one.
    pub(super) fn observe(
        &mut self,
        table: &SafetyTable,
        (now, elapsed): (Mono, Millis),
        readback: &Readback,
        mut raise: impl FnMut(FaultKind),
    ) {
        if readback.cabinet == CabinetState::Silent {
            return;
        }
        if readback.age > self.tolerance.stale {
            self.stale_count = self.stale_count.saturating_add(1);
            return;
        }
        let compares = readback.cabinet == CabinetState::Following && now >= self.compare_from;
        let time = u16::try_from(elapsed.as_ms()).unwrap_or(u16::MAX);
        let window = self.tolerance.latency + readback.age;
        let green_limit = limit(table.readback_green());
        let other_limit = limit(table.readback_other());
        let mut lit = GroupSet::EMPTY;
        let groups = table.all_groups().iter();
        for ((group, lamp), seen) in groups.zip(&mut self.lamps).zip(&readback.lamps) {
            if seen.is_go() {
                lit = lit.with(group);
            }
            let verdict = if compares {
                lamp.verdict(*seen, now, window)
            } else {
                Verdict::Right
            };
            let is = |kind: Verdict| verdict == kind;
            if i13_fills(&mut lamp.green, is(Verdict::WrongGreen), time, green_limit) {
                raise(FaultKind::WrongGreen(group));
            }
            if i13_fills(&mut lamp.wrong, is(Verdict::Wrong), time, other_limit) {
                raise(FaultKind::WrongLamp(group));
            }
            if i13_fills(&mut lamp.red, is(Verdict::RedLost), time, other_limit) {
                raise(FaultKind::RedLost(group));
            }
            if i13_fills(&mut lamp.out, is(Verdict::LampOut), time, other_limit) {
                raise(FaultKind::LampOut(group));
            }
        }
        for (group, lamp) in table.all_groups().iter().zip(&mut self.lamps) {
            let against = if lit.contains(group) {
                table.conflicts().hostile_to(group).intersection(lit)
            } else {
                GroupSet::EMPTY
            };
            let other = against.iter().next();
            if i13_fills(&mut lamp.hostile, other.is_some(), time, green_limit)
                && let Some(other) = other.filter(|other| group < *other)
            {
                raise(FaultKind::HostileGreens(group, other));
            }
        }
    }

    /// True while the cause of a read-back fault has not drained away.
    pub(super) fn is_present(&self, kind: FaultKind) -> Option<bool> {
        let of = |group: GroupId| self.lamps.get(group.index()).copied().unwrap_or_default();
        match kind {
            FaultKind::WrongGreen(group) => Some(of(group).green > 0),
            FaultKind::HostileGreens(group, _) => Some(of(group).hostile > 0),
            FaultKind::WrongLamp(group) => Some(of(group).wrong > 0),
            FaultKind::RedLost(group) => Some(of(group).red > 0),
            FaultKind::LampOut(group) => Some(of(group).out > 0),
            FaultKind::CabinetLost
            | FaultKind::CabinetRestarted
            | FaultKind::LocalManual
            | FaultKind::MonitorTripped
            | FaultKind::InternalConflict(..)
            | FaultKind::ClockStuck
            | FaultKind::ClockLost
            | FaultKind::Reported(_) => None,
        }
    }
}

impl LampWatch {
    fn verdict(&self, seen: Observed, now: Mono, window: Millis) -> Verdict {
        let verdict = compare(self.shown, seen);
        let is_lagging =
            now.since(self.changed) <= window && compare(self.before, seen) == Verdict::Right;
        if is_lagging { Verdict::Right } else { verdict }
    }
}

fn limit(time: Millis) -> u16 {
    u16::try_from(time.as_ms()).unwrap_or(u16::MAX).max(1)
}

/// I13: fills or drains one accumulator; true when it is full.
fn i13_fills(sum: &mut u16, is_wrong: bool, time: u16, limit: u16) -> bool {
    if is_wrong {
        *sum = sum.saturating_add(time).min(limit);
        *sum >= limit
    } else {
        if *sum > 0 {
            *sum = sum.saturating_sub(time);
        }
        false
    }
}

/// The one table of what a reading means. A flashing lamp may be measured in its dark half, and
/// while flashing amber or darkness is commanded only a green can hurt.
fn compare(told: Indication, seen: Observed) -> Verdict {
    use Indication as I;
    let seen = match seen {
        Observed::NoSensor => return Verdict::Right,
        Observed::Nonsense => return Verdict::WrongGreen,
        Observed::Lamps(seen) => seen,
    };
    match (told, seen) {
        (I::Green, I::Green)
        | (I::FlashingGreen, I::Green | I::FlashingGreen | I::Dark)
        | (I::Red, I::Red)
        | (I::Amber, I::Amber)
        | (I::RedAmber, I::RedAmber)
        | (I::FlashingRed, I::FlashingRed) => Verdict::Right,
        (I::Green | I::Amber, I::Dark) | (I::RedAmber, I::Red) => Verdict::LampOut,
        (I::Green, I::FlashingGreen) => Verdict::Wrong,
        (_, I::Green | I::FlashingGreen) => Verdict::WrongGreen,
        (I::Dark | I::FlashingAmber, _) => Verdict::Right,
        (I::Red | I::FlashingRed, I::Dark) | (I::RedAmber, I::Dark | I::Amber) => Verdict::RedLost,
        (I::Red | I::Green | I::Amber | I::RedAmber | I::FlashingGreen | I::FlashingRed, _) => {
            Verdict::Wrong
        }
    }
}
