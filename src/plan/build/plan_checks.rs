//! What a plan promises: cover, changes, splits, waits and calls.

use super::super::checked::{Plan, Recall};
use super::super::code::Code;
use super::change::{time_of, trapped, way};
use super::plans::Maker;
use super::secs;
use super::waits::worst_wait;
use crate::ids::StageId;
use crate::signal::GroupSet;
use crate::units::Millis;

impl Maker<'_> {
    pub(super) fn check_cover(&self, sequence: &[StageId]) {
        let green = sequence.iter().fold(GroupSet::EMPTY, |all, stage| {
            all.union(self.draft.groups_of(*stage))
        });
        let never = self.demand.wanted.difference(green);
        if !never.is_empty() && !sequence.is_empty() {
            let names = self.draft.names_of(never);
            let message = format!("{names} would never be green, though people wait there");
            let help = "add a stage with these groups to the sequence";
            self.note(Code::P04, &self.raw.sequence_span, &message, help);
        }
    }

    /// Forbidden changes and yellow traps, within a stage and between stages.
    pub(super) fn check_changes(&self, plan: &Plan) {
        let span = &self.raw.sequence_span;
        let (draft, count) = (self.draft, plan.sequence.len());
        for at in 0..count {
            let stage_at = |at: usize| {
                let entry = plan.sequence.get(at.checked_rem(count).unwrap_or(0));
                entry.map_or(StageId::new(0), |entry| entry.stage)
            };
            let (from, to) = (stage_at(at), stage_at(at + 1));
            let legs = match way(&draft.stages, from, to) {
                Ok(Some(via)) => vec![(from, via), (via, to)],
                Ok(None) => vec![(from, to)],
                Err(()) => {
                    let message = format!(
                        "the change from \"{}\" to \"{}\" is forbidden",
                        draft.stage_name(from),
                        draft.stage_name(to)
                    );
                    let help = "put a stage between them";
                    self.note(Code::P05, span, &message, help);
                    continue;
                }
            };
            if draft.profile.yellow_traps {
                continue;
            }
            for (from, to) in legs {
                self.check_trap(from, to);
            }
            self.check_trap_inside(from);
        }
    }

    fn check_trap(&self, from: StageId, to: StageId) {
        let draft = self.draft;
        let sets = (draft.groups_of(from), draft.groups_of(to));
        let Some((left, through)) = trapped(&self.demand.left_yields, sets.0, sets.1) else {
            return;
        };
        let message = format!(
            "from \"{}\" to \"{}\", \"{}\" ends while \"{}\", to which its left turns yield, \
             goes on",
            draft.stage_name(from),
            draft.stage_name(to),
            draft.group_name(left),
            draft.group_name(through)
        );
        let help = "end both together: put a stage between, or protect the left turn";
        self.note(Code::S18, &self.raw.sequence_span, &message, help);
    }

    fn check_trap_inside(&self, stage: StageId) {
        let Some(info) = self.draft.stages.get(stage.index()) else {
            return;
        };
        let groups = info.stage.groups;
        for (left, through) in &self.demand.left_yields {
            let ends = |group| time_of(&info.stage.early_end, group);
            let both = groups.contains(*left) && groups.contains(*through);
            if both && ends(*left) > ends(*through) {
                let message = format!(
                    "in \"{}\", \"{}\" ends early while \"{}\", to which its left turns yield, \
                     goes on",
                    info.name,
                    self.draft.group_name(*left),
                    self.draft.group_name(*through)
                );
                let help = "end both together";
                self.note(Code::S18, &self.raw.sequence_span, &message, help);
            }
        }
    }

    pub(super) fn check_sum(&self, plan: &Plan) {
        for entry in &plan.sequence {
            let name = self.draft.stage_name(entry.stage);
            if self.given(&self.raw.splits, entry.stage).is_none() {
                let message = format!("stage \"{name}\" has no split");
                let help = format!("add `{name} = ...` to `split_s`");
                self.note(Code::P01, &self.raw.split_span, &message, &help);
                return;
            }
        }
        let sum = plan
            .sequence
            .iter()
            .fold(Millis::ZERO, |sum, entry| sum + entry.split);
        if sum != plan.cycle && plan.cycle > Millis::ZERO {
            let message = format!(
                "the splits add up to {} s, the cycle is {} s",
                secs(sum),
                secs(plan.cycle)
            );
            let help = "a split is the green of a stage and its change interval";
            self.note(Code::P01, &self.raw.split_span, &message, help);
        }
    }

    /// Minimum greens, walks, waits and calls; only for plans without other errors.
    pub(super) fn check_times(&self, plan: &Plan, timed: bool) {
        if timed && plan.sequence.len() > 1 {
            self.check_splits(plan);
        }
        if !timed {
            self.check_calls(plan);
        }
        let draft = self.draft;
        for group in self.demand.wanted {
            let (Some(timing), Some(info)) = (
                draft.timings.get(group.index()),
                draft.groups.get(group.index()),
            ) else {
                continue;
            };
            let bound = info.walk.map_or(
                draft.profile.vehicle_wait_max.min(timing.wait_max),
                |walk| walk.wait_max,
            );
            let Some(worst) = worst_wait(draft, plan, group).filter(|worst| *worst > bound) else {
                continue;
            };
            let message = format!(
                "\"{}\" may wait {} s; its bound is {} s",
                info.name,
                secs(worst),
                secs(bound)
            );
            let help = "shorten the cycle or the longest greens, or serve the group twice";
            self.note(Code::P10, &self.raw.id.span, &message, help);
        }
    }

    fn check_splits(&self, plan: &Plan) {
        let minimum = |stage| self.draft.minimum(stage);
        let round = self.round(plan, &minimum);
        let all = plan.sequence.iter().fold(GroupSet::EMPTY, |all, entry| {
            all.union(self.draft.groups_of(entry.stage))
        });
        for group in all {
            let (Some(timing), Some(info)) = (
                self.draft.timings.get(group.index()),
                self.draft.groups.get(group.index()),
            ) else {
                continue;
            };
            let (code, needed) = match info.walk {
                Some(walk) if self.raw.overrun => (Code::P03, walk.walk),
                Some(walk) => (Code::P03, walk.walk + walk.extend_by),
                None => (Code::P02, timing.green_min),
            };
            for run in round.runs(group).unwrap_or_default() {
                let (green, change) = round.green(run, group);
                if green >= needed {
                    continue;
                }
                let last = self
                    .draft
                    .stage_name(round.stage(run.first + run.count - 1));
                let message = format!(
                    "\"{}\" needs {} s of green and {} s for the change at the end of \"{last}\"; \
                     the split leaves {} s of green",
                    info.name,
                    secs(needed),
                    secs(change),
                    secs(green)
                );
                let help = "lengthen the split, or take the time from a longer stage";
                self.note(code, &self.raw.split_span, &message, help);
            }
        }
    }

    /// In a plan that skips stages, everybody who waits is heard or served anyway.
    fn check_calls(&self, plan: &Plan) {
        let served = plan
            .sequence
            .iter()
            .filter(|entry| entry.recall != Recall::None || plan.rest == Some(entry.stage))
            .fold(GroupSet::EMPTY, |all, entry| {
                all.union(self.draft.groups_of(entry.stage))
            });
        let deaf = self
            .demand
            .wanted
            .difference(self.demand.called)
            .difference(served);
        if deaf.is_empty() {
            return;
        }
        let names = self.draft.names_of(deaf);
        let message = format!("nothing calls {names}");
        let help = "add a detector or button, or a recall of a stage with the group";
        self.note(Code::D02, &self.raw.id.span, &message, help);
    }
}
