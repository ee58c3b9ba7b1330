//! When a group is green in a plan, and how long somebody waits for it at worst.

use super::super::checked::{GroupInfo, Plan, StageInfo, Walk};
use super::Draft;
use super::change::{clearing_time, time_of, way};
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
    pub(in super::super) groups: &'p [GroupInfo],
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

    /// Time that the stage at `at` gets: its split, or its longest service and the change after it.
    pub(in super::super) fn time(&self, at: usize) -> Millis {
        let Some(entry) = self.plan.sequence.get(self.position(at)) else {
            return Millis::ZERO;
        };
        if self.plan.cycle > Millis::ZERO {
            return entry.split;
        }
        let driven = entry.green_max + self.vehicle_change(at);
        let walked = self.members(at).filter_map(|group| {
            let walk = self.walk(group)?;
            Some(walk.walk + walk.extend_by + self.clearing(at, group))
        });
        walked.max().unwrap_or_default().max(driven)
    }

    fn members(&self, at: usize) -> impl Iterator<Item = GroupId> {
        let info = self.stages.get(self.stage(at).index());
        let groups = info.map(|info| info.stage.groups).unwrap_or_default();
        groups.iter()
    }

    fn walk(&self, group: GroupId) -> Option<Walk> {
        self.groups.get(group.index())?.walk
    }

    /// What lies between the end of `group` after the stage at `at` and the next stage, a detour
    /// included.
    fn clearing(&self, at: usize, group: GroupId) -> Millis {
        let (from, to) = (self.stage(at), self.stage(at + 1));
        let time = |group, leg| clearing_time(self.stages, self.conflicts, group, leg);
        let Ok(Some(via)) = way(self.stages, from, to) else {
            return time(group, (from, to));
        };
        let through = self.stages.get(via.index());
        let through = through.map(|info| info.stage.groups).unwrap_or_default();
        let second = through.iter().map(|group| time(group, (via, to))).max();
        time(group, (from, via)) + (self.minimum)(via) + second.unwrap_or_default()
    }

    /// What lies between the end of the stage's driving groups and the next stage.
    pub(in super::super) fn vehicle_change(&self, at: usize) -> Millis {
        let driving = self.members(at).filter(|group| self.walk(*group).is_none());
        let times = driving.map(|group| self.clearing(at, group));
        times.max().unwrap_or_default()
    }

    /// How long before the next stage `group` has to leave: its own clearance, or earlier if the
    /// file ends it before the stage's driving groups.
    pub(in super::super) fn leave(&self, at: usize, group: GroupId) -> Millis {
        let own = self.clearing(at, group);
        let early = self.shift(at, group, false);
        if early == Millis::ZERO {
            return own;
        }
        own.max(self.vehicle_change(at) + early)
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
            count: (first..first + self.len())
                .take_while(|at| self.holds(*at, group))
                .count(),
        };
        Some(firsts.map(run).collect())
    }

    /// Start of the stage at `at` since the start of the round.
    pub(in super::super) fn start(&self, at: usize) -> Millis {
        (0..at).fold(Millis::ZERO, |sum, at| sum + self.time(at))
    }

    /// Time of `run` in which `group` is green, and what late start, early end and change take
    /// away.
    pub(in super::super) fn green(&self, run: Run, group: GroupId) -> (Millis, Millis) {
        let last = run.first + run.count - 1;
        let given = (run.first..=last).fold(Millis::ZERO, |sum, at| sum + self.time(at));
        let taken = self.late(run, group) + self.leave(last, group);
        (given.saturating_sub(taken), taken)
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

    /// Longest time from the end of a sure service of `group` to the start of the next one;
    /// `sure` is how much of a green is sure. `None` if the group is never or always green.
    fn worst(&self, group: GroupId, sure: impl Fn(Millis) -> Millis) -> Option<Millis> {
        let runs = self.runs(group)?;
        let cycle = self.start(self.len());
        let gaps = runs.iter().enumerate().map(|(number, run)| {
            let served = self.start(run.first) + self.late(*run, group);
            let ends = served + sure(self.green(*run, group).0);
            let begins = |run: &Run| self.start(run.first) + self.late(*run, group);
            let next = match (runs.get(number + 1), runs.first()) {
                (Some(next), _) => begins(next),
                (None, Some(first)) => cycle + begins(first),
                (None, None) => ends,
            };
            next.saturating_sub(ends)
        });
        gaps.max()
    }
}

/// Longest wait for `group` under `plan`: in a plan with a cycle, the longest gap between two
/// services, each counted as short as it may be; in one without, every other stage at its longest
/// and all changes, counted from the end of the group. `None` if the plan never stops the group,
/// or never serves it.
pub(super) fn worst_wait(draft: &Draft<'_>, plan: &Plan, group: GroupId) -> Option<Millis> {
    let minimum = |stage| draft.minimum(stage);
    let round = Round {
        stages: &draft.stages,
        conflicts: &draft.conflicts,
        groups: &draft.groups,
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
        let times = groups
            .iter()
            .filter_map(|group| self.timings.get(group.index()));
        times
            .map(|timing| timing.green_min)
            .max()
            .unwrap_or_default()
    }
}
