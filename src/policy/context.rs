//! What a policy sees, and what it is.

use core::fmt::Debug;

use super::adaptive::Choice;
use super::budget::StepBudget;
use super::wish::{PolicyKind, Wish};
use crate::detect::{Demands, Doubts, Picture};
use crate::ids::{GroupId, PlanId, StageId};
use crate::kernel::{Interval, Kernel};
use crate::plan::{CheckedSite, Plan, StageInfo, Walk};
use crate::signal::{GroupSet, GroupTiming};
use crate::units::{Millis, Mono};

/// What a policy sees of the site in one cycle. It can change none of it.
#[derive(Clone, Copy, Debug)]
pub struct PolicyContext<'a> {
    /// The moment of the cycle.
    pub now: Mono,
    /// The city's cycle clock, milliseconds: offsets count from its zero.
    pub clock_ms: u64,
    /// The site.
    pub site: &'a CheckedSite,
    /// The plan that is due.
    pub plan: &'a Plan,
    /// Its id.
    pub plan_id: PlanId,
    /// Who waits.
    pub demands: &'a Demands,
    /// Who drives towards the stop lines.
    pub picture: &'a Picture,
    /// Which detectors cannot be believed.
    pub doubts: Doubts,
    /// What really runs.
    pub kernel: &'a Kernel,
    /// The groups with right of way.
    pub go: GroupSet,
    /// True if the wish of this policy won the last cycle.
    pub in_control: bool,
}

/// One way to decide what is wanted. Its state is plain data.
pub trait Policy: Clone + Debug {
    /// Who it is.
    fn kind(&self) -> PolicyKind;

    /// What it wants now; nothing if it leaves the turn to the next weaker policy.
    fn propose(&mut self, ctx: &PolicyContext<'_>, budget: &mut StepBudget) -> Option<Wish>;

    /// Forgets everything: called after it lost its turn.
    fn reset(&mut self);

    /// What it decided last and why, where it scores alternatives.
    fn choice(&self) -> Option<&Choice> {
        None
    }
}

impl<'a> PolicyContext<'a> {
    pub(super) fn stage(&self, stage: StageId) -> Option<&'a StageInfo> {
        self.site.stages.get(stage.index())
    }

    pub(super) fn groups_of(&self, stage: StageId) -> GroupSet {
        self.stage(stage)
            .map_or(GroupSet::EMPTY, |info| info.stage.groups)
    }

    pub(super) fn timing(&self, group: GroupId) -> Option<&'a GroupTiming> {
        self.site.safety.timing(group)
    }

    pub(super) fn walk(&self, group: GroupId) -> Option<&'a Walk> {
        self.site.groups.get(group.index())?.walk.as_ref()
    }

    /// The shortest service worth starting: the walk as promised, or the shortest green.
    pub(super) fn service(&self, group: GroupId) -> Millis {
        let green_min = self
            .timing(group)
            .map_or(Millis::ZERO, |timing| timing.green_min);
        let Some(walk) = self.walk(group) else {
            return green_min;
        };
        let longer = if self.demands.long_press.contains(group) {
            walk.extend_by
        } else {
            Millis::ZERO
        };
        (walk.walk + longer).max(green_min)
    }

    /// True while a service that has begun has not had its time.
    pub(super) fn is_promised(&self, group: GroupId) -> bool {
        let green = self.kernel.green_for(group, self.now);
        green.is_some_and(|green| green < self.service(group))
    }

    /// Time from the end of go of `group` until every one of `next` may be in go.
    pub(super) fn lead(&self, group: GroupId, next: GroupSet) -> Millis {
        let conflicts = self.site.safety.conflicts();
        (conflicts.hostile_to(group).intersection(next).iter())
            .map(|to| conflicts.clearance(group, to))
            .max()
            .unwrap_or_default()
    }

    /// Time until every one of `next` may be in go if `group` stopped being wanted now.
    pub(super) fn lead_left(&self, group: GroupId, next: GroupSet) -> Millis {
        let lead = self.lead(group, next);
        match self.kernel.interval(group) {
            Interval::Go(since) => {
                let green_min = self
                    .timing(group)
                    .map_or(Millis::ZERO, |timing| timing.green_min);
                if lead == Millis::ZERO {
                    lead
                } else {
                    self.now.until(since + green_min) + lead
                }
            }
            Interval::Clear(since) | Interval::Stop(since) => {
                lead.saturating_sub(self.now.since(since))
            }
            Interval::Prepare(_) => lead,
        }
    }

    /// Everyone hostile to any of `groups`.
    pub(super) fn hostile(&self, groups: GroupSet) -> GroupSet {
        self.site.safety.conflicts().hostile_to_any(groups)
    }

    /// The groups that walkers obey.
    pub(super) fn walks_in(&self, groups: GroupSet) -> GroupSet {
        let walks = |group: &GroupId| self.walk(*group).is_some();
        groups.iter().filter(walks).collect()
    }

    /// The groups with right of way, or else those that had it last.
    fn latest(&self) -> GroupSet {
        if !self.go.is_empty() {
            return self.go;
        }
        let since = |group: GroupId| match self.kernel.interval(group) {
            Interval::Stop(_) => Mono::ZERO,
            Interval::Prepare(since) | Interval::Go(since) | Interval::Clear(since) => since,
        };
        let stopped = |group: GroupId| match self.kernel.interval(group) {
            Interval::Stop(since) => since,
            Interval::Prepare(_) | Interval::Go(_) | Interval::Clear(_) => self.now,
        };
        let all = self.site.safety.all_groups();
        let key = |group: GroupId| (since(group), stopped(group));
        let last = all.iter().map(key).max();
        all.iter()
            .filter(|group| Some(key(*group)) == last)
            .collect()
    }

    /// The stage of the plan that fits best to what has right of way, or had it last.
    pub(super) fn nearest_stage(&self) -> Option<StageId> {
        let latest = self.latest();
        let fit = |stage: StageId| {
            let groups = self.groups_of(stage);
            let shared = groups.intersection(latest).len();
            let foreign = latest.difference(groups).len();
            i64::from(shared) * 2 - i64::from(foreign)
        };
        let mut best: Option<(i64, StageId)> = None;
        for entry in &self.plan.sequence {
            let fit = fit(entry.stage);
            if best.is_none_or(|(most, _)| fit > most) {
                best = Some((fit, entry.stage));
            }
        }
        best.map(|(_, stage)| stage)
    }
}
