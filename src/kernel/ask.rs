//! What others may ask the kernel. Nothing here changes it.

use super::entry;
use super::guard;
use super::{
    CabinetState, Event, Fault, Interval, Invariant, Kernel, Mode, Refusal, Response, StartUpPart,
};
use crate::ids::GroupId;
use crate::signal::{GroupSet, Indication, SafetyTable};
use crate::units::{Millis, Mono};

impl Kernel {
    /// How the site as a whole is run.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// What the cabinet said of itself last.
    #[must_use]
    pub const fn cabinet(&self) -> CabinetState {
        self.cabinet
    }

    /// What happened in the last step.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        self.notes.events()
    }

    /// What was not done in the last step, and why. At most one per group and the wish itself.
    #[must_use]
    pub fn refusals(&self) -> &[Refusal] {
        self.notes.refusals()
    }

    /// The active faults, in the order in which they came.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        self.faults.active()
    }

    /// What the site does about its faults: the strongest response, if there is a fault.
    #[must_use]
    pub fn response(&self) -> Option<Response> {
        self.faults.strongest(|_| true)
    }

    /// What `group` is doing; stop for a group the site does not have.
    #[must_use]
    pub fn interval(&self, group: GroupId) -> Interval {
        self.street.interval(group)
    }

    /// What `group` was told to show by the last step.
    #[must_use]
    pub fn shown(&self, group: GroupId) -> Indication {
        self.watch.shown(group)
    }

    /// The groups with right of way; those that are clearing have lost it.
    #[must_use]
    pub const fn go_set(&self) -> GroupSet {
        self.street.go
    }

    /// How long `group` has had right of way, if it has.
    #[must_use]
    pub fn green_for(&self, group: GroupId, now: Mono) -> Option<Millis> {
        match self.interval(group) {
            Interval::Go(since) => Some(now.since(since)),
            Interval::Stop(_) | Interval::Prepare(_) | Interval::Clear(_) => None,
        }
    }

    /// Since when somebody has been waiting for `group`, as far as requests told.
    #[must_use]
    pub fn waiting_since(&self, group: GroupId) -> Option<Mono> {
        let is_waiting = self.street.fence.demanded.contains(group);
        is_waiting.then(|| self.street.state(group).waiting)
    }

    /// The group that the kernel serves against the wish because its wait ran out (I7, I18).
    #[must_use]
    pub const fn forced(&self) -> Option<GroupId> {
        self.street.fence.forced
    }

    /// Readings that were too old to say anything, so far.
    #[must_use]
    pub const fn stale_readings(&self) -> u32 {
        self.watch.stale_count()
    }

    /// Events, refusals and faults that found no room, so far. Anything but zero is a defect.
    #[must_use]
    pub const fn lost_notes(&self) -> u32 {
        self.notes.lost().saturating_add(self.faults.dropped())
    }

    /// The exact time from `now` until every group of `set` is in go, if `set` is all that is
    /// requested from now on and a step comes every cycle, the first one at `now`. No other
    /// sequence of requests is faster.
    ///
    /// # Errors
    /// The reason, if it will never happen or cannot be told: a hostile pair, a group the site
    /// does not have, or a site that is not in normal operation.
    pub fn entry_time(&self, now: Mono, set: GroupSet) -> Result<Millis, Refusal> {
        let group = set.iter().next().unwrap_or_default();
        let Some(table) = self.table.as_deref() else {
            return Err(Refusal {
                invariant: Invariant::I20,
                group,
                because_of: None,
                until: None,
            });
        };
        if let Some(refusal) = guard::i21_known(table, set).next() {
            return Err(refusal);
        }
        if let Some(refusal) = guard::i01_no_hostile_pair(table, set) {
            return Err(refusal);
        }
        if self.mode != Mode::Normal || self.holds_stage() && set != self.street.target {
            return Err(self.mode_refusal(table, group));
        }
        entry::entry_time(&self.street, table, now, set)
    }

    /// How much longer `group` is certain to keep what it has: the rest of its shortest green, of
    /// its clearing aspects, or of a red that nothing can shorten. `None` if nothing is certain,
    /// and then a countdown display stays blank (I24).
    #[must_use]
    pub fn committed(&self, group: GroupId, now: Mono) -> Option<Millis> {
        let table = self.table.as_deref()?;
        let timing = table.timing(group)?;
        if self.mode != Mode::Normal {
            return None;
        }
        let left = match self.interval(group) {
            Interval::Go(since) => now.until(since + guard::shortest_go(timing)),
            Interval::Clear(_) => self.street.steps_left(table, group, now),
            Interval::Stop(_) | Interval::Prepare(_) => {
                now.until(self.street.earliest_go(table, group, now))
            }
        };
        (left > Millis::ZERO).then_some(left)
    }

    /// True while the wish of the last step before a fault is held.
    pub(super) fn holds_stage(&self) -> bool {
        self.faults.has(|k| k.response() == Response::HoldStage)
    }

    /// Why no group is served in this mode.
    pub(super) fn mode_refusal(&self, table: &SafetyTable, group: GroupId) -> Refusal {
        let all_red = table.start_up().all_red;
        let (invariant, until) = match self.mode {
            Mode::Starting(StartUpPart::Waiting) => (Invariant::I10, None),
            Mode::Starting(StartUpPart::Flash(until)) => (Invariant::I10, Some(until + all_red)),
            Mode::Starting(StartUpPart::AllRed(until)) => (Invariant::I10, Some(until)),
            Mode::AllRed | Mode::Flashing(_) | Mode::Dark if self.faults.active().is_empty() => {
                (Invariant::I11, None)
            }
            Mode::Normal | Mode::AllRed | Mode::Flashing(_) | Mode::Dark => (Invariant::I14, None),
        };
        Refusal {
            invariant,
            group,
            because_of: None,
            until,
        }
    }
}
