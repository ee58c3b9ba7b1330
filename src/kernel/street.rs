//! The groups of one site and the only way they move: stop, prepare, go, clear, stop.

use serde::{Deserialize, Serialize};

use super::fence::Fence;
use super::guard;
use super::notes::{Event, Tell};
use super::{Interval, Refusal};
use crate::ids::GroupId;
use crate::signal::{AspectSteps, GROUPS_MAX, GroupSet, Indication, SafetyTable};
use crate::units::{Millis, Mono, TICK};

/// Moments of one group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GroupState {
    /// The interval began.
    pub(super) since: Mono,
    /// The aspect step of `Prepare` or `Clear` began.
    pub(super) step_since: Mono,
    /// The demand was first seen; only meaningful while the group is demanded.
    pub(super) waiting: Mono,
    /// Which aspect step of `Prepare` or `Clear` is shown.
    pub(super) step: u8,
}

/// What every group is doing.
///
/// ```text
///          start allowed            gain steps over          green_min over, not wanted
///   Stop ----------------> Prepare ----------------> Go ----------------> Clear
///    ^                                                                      |
///    +------------------------- lose steps over ----------------------------+
/// ```
///
/// Every group is in exactly one of the four sets. A list of steps that is empty takes no time:
/// the group passes that interval within one cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Street {
    pub(super) stop: GroupSet,
    pub(super) prepare: GroupSet,
    pub(super) go: GroupSet,
    pub(super) clear: GroupSet,
    /// The last valid wish.
    pub(super) target: GroupSet,
    /// The wish with what the fence forces on it.
    pub(super) effective: GroupSet,
    pub(super) fence: Fence,
    pub(super) groups: [GroupState; GROUPS_MAX],
}

impl Street {
    /// Every group of `all` in stop since `now`, nobody waiting.
    pub(super) fn at_rest(all: GroupSet, now: Mono) -> Self {
        let state = GroupState {
            since: now,
            step_since: now,
            waiting: now,
            step: 0,
        };
        Self {
            stop: all,
            prepare: GroupSet::EMPTY,
            go: GroupSet::EMPTY,
            clear: GroupSet::EMPTY,
            target: GroupSet::EMPTY,
            effective: GroupSet::EMPTY,
            fence: Fence::default(),
            groups: [state; GROUPS_MAX],
        }
    }

    /// Puts every group of `all` into stop since `now`. Waiting clocks keep running: a restart of
    /// the lamps does not make anybody's wait shorter.
    pub(super) fn stop_all(&mut self, all: GroupSet, now: Mono) {
        self.stop = all;
        self.prepare = GroupSet::EMPTY;
        self.go = GroupSet::EMPTY;
        self.clear = GroupSet::EMPTY;
        self.target = GroupSet::EMPTY;
        self.effective = GroupSet::EMPTY;
        self.fence.forget();
        for state in &mut self.groups {
            state.since = now;
            state.step_since = now;
            state.step = 0;
        }
    }

    pub(super) fn state(&self, group: GroupId) -> GroupState {
        self.groups.get(group.index()).copied().unwrap_or_default()
    }

    /// What `group` is doing; stop for a group the site does not have.
    pub(super) fn interval(&self, group: GroupId) -> Interval {
        let since = self.state(group).since;
        if self.go.contains(group) {
            Interval::Go(since)
        } else if self.clear.contains(group) {
            Interval::Clear(since)
        } else if self.prepare.contains(group) {
            Interval::Prepare(since)
        } else {
            Interval::Stop(since)
        }
    }

    /// One step towards `target`, which holds no hostile pair and only groups of the site.
    pub(super) fn step(&mut self, table: &SafetyTable, now: Mono, tell: &mut impl Tell) {
        self.effective = Fence::apply(self, table, now, tell);
        self.walk(table, now, tell);
    }

    /// One step towards everything red; nobody is forced.
    pub(super) fn step_to_red(&mut self, table: &SafetyTable, now: Mono, tell: &mut impl Tell) {
        self.target = GroupSet::EMPTY;
        self.effective = GroupSet::EMPTY;
        self.fence.forget();
        self.walk(table, now, tell);
    }

    fn walk(&mut self, table: &SafetyTable, now: Mono, tell: &mut impl Tell) {
        for group in self.prepare.union(self.clear) {
            self.advance(table, group, now, tell);
        }
        for group in self.go.difference(self.effective) {
            match guard::i05_green_min(table, self, group, now) {
                None => self.transition_to_clear(table, group, now, tell),
                Some(refusal) => tell.refuse(refusal),
            }
        }
        for group in self.stop.intersection(self.effective) {
            match guard::may_start(table, self, group, now) {
                None => self.transition_to_prepare(table, group, now, tell),
                Some(refusal) => tell.refuse(refusal),
            }
        }
        self.fence_refresh(table);
    }

    /// The steps a group in prepare or clear runs through; none in the other intervals.
    pub(super) fn steps<'t>(&self, table: &'t SafetyTable, group: GroupId) -> &'t AspectSteps {
        match table.timing(group) {
            Some(timing) if self.clear.contains(group) => &timing.lose,
            Some(timing) if self.prepare.contains(group) => &timing.gain,
            Some(_) | None => &AspectSteps::NONE,
        }
    }

    /// Time until the prepare or clear of `group` is over if every cycle comes on time.
    pub(super) fn steps_left(&self, table: &SafetyTable, group: GroupId, now: Mono) -> Millis {
        let (steps, state) = (self.steps(table, group), self.state(group));
        let Some(step) = steps.get(state.step) else {
            return Millis::ZERO;
        };
        now.until(state.step_since + step.lasts) + steps.total_after(state.step)
    }

    /// Runs the aspect steps of a group in prepare or clear. Each step is counted from the cycle
    /// that first showed it, so that a late cycle makes the sequence longer and never cuts amber.
    fn advance(&mut self, table: &SafetyTable, group: GroupId, now: Mono, tell: &mut impl Tell) {
        let steps = *self.steps(table, group);
        while let Some(step) = steps.get(self.state(group).step) {
            let elapsed = now.since(self.state(group).step_since);
            if !guard::step_is_over(table, group, step, elapsed) {
                return;
            }
            if let Some(state) = self.groups.get_mut(group.index()) {
                state.step = state.step.saturating_add(1);
                state.step_since = now;
            } else {
                return;
            }
        }
        if self.prepare.contains(group) {
            self.prepare = self.prepare.without(group);
            self.go = self.go.with(group);
            self.fence.served(group);
        } else {
            self.clear = self.clear.without(group);
            self.stop = self.stop.with(group);
        }
        self.begin(group, now, tell);
    }

    fn transition_to_prepare(
        &mut self,
        table: &SafetyTable,
        group: GroupId,
        now: Mono,
        tell: &mut impl Tell,
    ) {
        self.stop = self.stop.without(group);
        self.prepare = self.prepare.with(group);
        if table.timing(group).is_some_and(|t| !t.gain.is_empty()) {
            self.begin(group, now, tell);
        } else {
            self.begin_silently(group, now);
        }
        self.advance(table, group, now, tell);
    }

    fn transition_to_clear(
        &mut self,
        table: &SafetyTable,
        group: GroupId,
        now: Mono,
        tell: &mut impl Tell,
    ) {
        self.go = self.go.without(group);
        self.clear = self.clear.with(group);
        self.fence.stale();
        if table.timing(group).is_some_and(|t| !t.lose.is_empty()) {
            self.begin(group, now, tell);
        } else {
            self.begin_silently(group, now);
        }
        self.advance(table, group, now, tell);
    }

    fn begin(&mut self, group: GroupId, now: Mono, tell: &mut impl Tell) {
        self.begin_silently(group, now);
        tell.event(Event::Interval(group, self.interval(group)));
    }

    fn begin_silently(&mut self, group: GroupId, now: Mono) {
        if let Some(state) = self.groups.get_mut(group.index()) {
            state.since = now;
            state.step_since = now;
            state.step = 0;
        }
    }

    /// What the lamps of `group` show: the one table from interval to indication.
    pub(super) fn lamp(&self, table: &SafetyTable, group: GroupId) -> Indication {
        if self.stop.contains(group) {
            return Indication::Red;
        }
        if self.go.contains(group) {
            return Indication::Green;
        }
        let step = self.steps(table, group).get(self.state(group).step);
        step.map_or(Indication::Red, |step| step.show)
    }

    /// The earliest moment at which `group` can be in go, whatever is asked from now on.
    pub(super) fn earliest_go(&self, table: &SafetyTable, group: GroupId, now: Mono) -> Mono {
        match self.interval(group) {
            Interval::Go(_) => now,
            Interval::Prepare(_) => now + self.steps_left(table, group, now),
            Interval::Clear(_) => {
                let stop = now + self.steps_left(table, group, now);
                table
                    .timing(group)
                    .map_or(stop, |t| stop + t.red_min.max(TICK) + t.gain.total())
            }
            Interval::Stop(_) => {
                let gain = table.timing(group).map_or(Millis::ZERO, |t| t.gain.total());
                let refused: Option<Refusal> = guard::may_start(table, self, group, now);
                refused.and_then(|r| r.until).unwrap_or(now).max(now) + gain
            }
        }
    }
}
