//! When a group is green in a plan, and how long somebody waits for it at worst.

use super::super::checked::{Plan, StageInfo};
use super::Draft;
use super::change::{change_time, time_of, way};
use crate::ids::{GroupId, StageId};
use crate::signal::Conflicts;
use crate::units::Millis;

/// A stretch of stages that follow each other and all hold a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Run {
    /// Position of the first stage in the sequence.
    pub(in super::super) first: usize,
    /// How many stages.
    pub(in super::super) count: usize,
}

/// What the round of a plan is computed from.
#[derive(Clone, Copy)]
pub(in super::super) struct Round<'p> {
    pub(in super::super) stages: &'p [StageInfo],
    pub(in super::super) conflicts: &'p Conflicts,
    pub(in super::super) minimum: &'p dyn Fn(StageId) -> Millis,
    pub(in super::super) plan: &'p Plan,
}

impl Round<'_> {
    /// Stages of the sequence.
    pub(in super::super) fn len(&self) -> usize {
        self.plan.sequence.len()
    }

    fn position(&self, at: usize) -> usize {
        at.checked_rem(self.len()).unwrap_or(0)
    }

    /// The stage at a position; positions go round.
    pub(in super::super) fn stage(&self, at: usize) -> StageId {
        let entry = self.plan.sequence.get(self.position(at));
        entry.map_or(StageId::new(0), |entry| entry.stage)
    }

    fn holds(&self, at: usize, group: GroupId) -> bool {
        let stage = self.stages.get(self.stage(at).index());
        stage.is_some_and(|info| info.stage.groups.contains(group))
    }

    /// Time that the stage at `at` gets: its split, or its longest green and the change after it.
    pub(in super::super) fn time(&self, at: usize) -> Millis {
        let Some(entry) = self.plan.sequence.get(self.position(at)) else {
            return Millis::ZERO;
        };
        if self.plan.cycle > Millis::ZERO {
            entry.split
        } else {
            entry.green_max + self.change(at)
        }
    }

    /// What the change after the stage at `at` costs, a detour included.
    pub(in super::super) fn change(&self, at: usize) -> Millis {
        let (from, to) = (self.stage(at), self.stage(at + 1));
        let direct = |from, to| change_time(self.stages, self.conflicts, from, to);
        match way(self.stages, from, to) {
            Ok(Some(via)) => direct(from, via) + (self.minimum)(via) + direct(via, to),
            Ok(None) | Err(()) => direct(from, to),
        }
    }

    /// The stretches in which `group` is green; `None` if it never ends.
    pub(in super::super) fn runs(&self, group: GroupId) -> Option<Vec<Run>> {
        let all = 0..self.len();
        if self.len() > 0 && all.clone().all(|at| self.holds(at, group)) {
            return None;
        }
        let before = |at: usize| self.holds(at + self.len() - 1, group);
        let firsts = all.filter(|at| self.holds(*at, group) && !before(*at));
        let run = |first: usize| Run {
            first,
            count: (first..).take_while(|at| self.holds(*at, group)).count(),
        };
        Some(firsts.map(run).collect())
    }

    /// Start of the stage at `at` since the start of the round.
    pub(in super::super) fn start(&self, at: usize) -> Millis {
        (0..at).fold(Millis::ZERO, |sum, at| sum + self.time(at))
    }

    /// Time between the late start and the early end of `group` in `run` that is green for sure,
    /// and what late start, early end and change take away.
    pub(in super::super) fn green(&self, run: Run, group: GroupId) -> (Millis, Millis) {
        let last = run.first + run.count - 1;
        let given = (run.first..=last).fold(Millis::ZERO, |sum, at| sum + self.time(at));
        let lost = self.late(run, group) + self.early(run, group) + self.change(last);
        (given.saturating_sub(lost), lost)
    }

    fn shift(&self, at: usize, group: GroupId, late: bool) -> Millis {
        let Some(info) = self.stages.get(self.stage(at).index()) else {
            return Millis::ZERO;
        };
        let list = if late {
            &info.stage.late_start
        } else {
            &info.stage.early_end
        };
        time_of(list, group)
    }

    /// Late start of `group` at the beginning of `run`.
    pub(in super::super) fn late(&self, run: Run, group: GroupId) -> Millis {
        self.shift(run.first, group, true)
    }

    /// Early end of `group` at the end of `run`.
    pub(in super::super) fn early(&self, run: Run, group: GroupId) -> Millis {
        self.shift(run.first + run.count - 1, group, false)
    }

    /// Longest time from the end of a sure service of `group` to the start of the next one;
    /// `sure` is how much of a green is sure. `None` if the group is never or always green.
    fn worst(&self, group: GroupId, sure: impl Fn(Millis) -> Millis) -> Option<Millis> {
        let runs = self.runs(group)?;
        let cycle = self.start(self.len());
        let gaps = runs.iter().enumerate().map(|(number, run)| {
            let served = self.start(run.first) + self.late(*run, group);
            let ends = served + sure(self.green(*run, group).0);
            let next = match runs.get(number + 1) {
                Some(next) => self.start(next.first) + self.late(*next, group),
                None => {
                    let first = runs.first().copied().unwrap_or(*run);
                    cycle + self.start(first.first) + self.late(first, group)
                }
            };
            next.saturating_sub(ends)
        });
        gaps.max()
    }
}

/// Longest wait for `group` under `plan`: in a plan with a cycle, the longest gap between two
/// services, each counted as short as it may be; in one without, every other stage at its longest
/// and all changes. `None` if the plan never stops the group, or never serves it.
pub(super) fn worst_wait(draft: &Draft<'_>, plan: &Plan, group: GroupId) -> Option<Millis> {
    let minimum = |stage| draft.minimum(stage);
    let round = Round {
        stages: &draft.stages,
        conflicts: &draft.conflicts,
        minimum: &minimum,
        plan,
    };
    let least = draft.timings.get(group.index())?.green_min;
    let walk = draft.groups.get(group.index())?.walk;
    let timed = plan.cycle > Millis::ZERO;
    let fixed = plan.mode == super::super::checked::PlanMode::Fixed;
    round.worst(group, |green| match walk {
        _ if !timed => green,
        Some(walk) => green.min(walk.walk),
        None if fixed => green,
        None => green.min(least),
    })
}

impl Draft<'_> {
    /// The longest minimum green in `stage`.
    pub(super) fn minimum(&self, stage: StageId) -> Millis {
        let groups = self.groups_of(stage);
        let times = groups.iter().filter_map(|group| self.timings.get(group.index()));
        times.map(|timing| timing.green_min).max().unwrap_or_default()
    }
}
