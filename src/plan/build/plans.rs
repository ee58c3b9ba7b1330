//! Signal plans: sequence, splits, offset, and what they promise to whom.

use super::super::checked::{Plan, PlanMode, PlanStage, Recall};
use super::super::code::Code;
use super::super::finding::Span;
use super::super::ladder::Level;
use super::super::raw::{OffsetRef, RawPlan, RawSite};
use super::super::tree::At;
use super::detectors::Demand;
use super::waits::Round;
use super::{Draft, check_unique, secs};
use crate::ids::StageId;
use crate::units::Millis;

/// Longest chain of stages a GB/T 20999 machine stores.
const CHAIN_MAX: usize = 16;

pub(super) fn build(draft: &Draft<'_>, raw: &RawSite, demand: &Demand) -> Vec<Plan> {
    check_unique(draft.sheet, "plan", raw.plans.iter().map(|plan| &plan.id));
    raw.plans
        .iter()
        .map(|plan| {
            let maker = Maker {
                draft,
                raw: plan,
                demand,
            };
            maker.make()
        })
        .collect()
}

pub(super) struct Maker<'m> {
    pub(super) draft: &'m Draft<'m>,
    pub(super) raw: &'m RawPlan,
    pub(super) demand: &'m Demand,
}

impl Maker<'_> {
    fn make(&self) -> Plan {
        let (draft, raw) = (self.draft, self.raw);
        let before = draft.sheet.errors();
        let mode = raw.mode.unwrap_or(PlanMode::Fixed);
        let rules = self.rules(mode);
        let needs_cycle = matches!(rules.level, Level::Fixed | Level::Trimmed);
        let timed = match mode {
            PlanMode::Actuated => false,
            PlanMode::Adaptive => needs_cycle || self.says_cycle(),
            PlanMode::Fixed | PlanMode::Coordinated => true,
        };
        let sequence: Vec<StageId> = raw
            .sequence
            .iter()
            .filter_map(|name| draft.stage(Code::P04, name))
            .collect();
        if sequence.len() > CHAIN_MAX {
            let message = format!("the sequence has {} stages", sequence.len());
            let help = "a machine on GB/T 20999 stores at most 16";
            draft
                .sheet
                .note(Code::P11, &raw.sequence_span, message, help);
        }
        let cycle = self.cycle(timed);
        let entries = sequence
            .iter()
            .map(|stage| self.entry(*stage, timed))
            .collect();
        let coordinated = self.coordinated(mode, &sequence);
        let change = raw.max_change.as_ref().map_or(0.2, |change| change.value);
        let mut plan = Plan {
            name: raw.id.value.clone(),
            mode,
            cycle,
            offset: Millis::ZERO,
            coordinated,
            sequence: entries,
            rest: self.member(raw.rest.as_ref(), &sequence),
            transition_per_mille: per_mille(change),
            adaptive: rules,
        };
        self.check_names(&sequence);
        plan.offset = self.offset(mode, &plan);
        self.check_cover(&sequence);
        self.check_changes(&plan);
        if timed {
            self.check_sum(&plan);
        }
        self.check_caps(&plan);
        if draft.sheet.errors() == before {
            self.check_times(&plan, timed);
        }
        plan
    }

    pub(super) fn note(&self, code: Code, span: &Span, message: &str, help: &str) {
        let message = format!("plan \"{}\": {message}", self.raw.id.value);
        self.draft.sheet.note(code, span, message, help);
    }

    fn says_cycle(&self) -> bool {
        self.raw.cycle.is_some() || !self.raw.splits.is_empty()
    }

    fn cycle(&self, timed: bool) -> Millis {
        match &self.raw.cycle {
            Some(cycle) if timed && cycle.value > Millis::ZERO => cycle.value,
            Some(cycle) if timed => {
                self.note(
                    Code::F08,
                    &cycle.span,
                    "the cycle is zero",
                    "write its length",
                );
                Millis::ZERO
            }
            None if timed && self.raw.says("cycle_s") => Millis::ZERO,
            None if timed => {
                let message = "it has no `cycle_s`";
                self.note(Code::F07, &self.raw.head, message, "add `cycle_s = ...`");
                Millis::ZERO
            }
            Some(cycle) => {
                let help = "remove `cycle_s`, or use mode \"coordinated\" or \"fixed\"";
                self.note(
                    Code::F01,
                    &cycle.span,
                    "an actuated plan has no cycle",
                    help,
                );
                Millis::ZERO
            }
            None => Millis::ZERO,
        }
    }

    pub(super) fn given<T: Clone>(
        &self,
        list: &[(At<String>, At<T>)],
        stage: StageId,
    ) -> Option<At<T>> {
        let name = self.draft.stage_name(stage);
        let found = list.iter().find(|(listed, _)| listed.value == name);
        found.map(|(_, value)| value.clone())
    }

    fn entry(&self, stage: StageId, timed: bool) -> PlanStage {
        let split = self.given(&self.raw.splits, stage).filter(|_| timed);
        let groups = self.draft.groups_of(stage);
        let longest = groups
            .iter()
            .filter_map(|group| self.draft.longest.get(group.index()));
        let usual = longest.max().copied().unwrap_or_default();
        let green_max = self.given(&self.raw.max_greens, stage);
        let minimum = self.draft.minimum(stage);
        if let Some(max) = green_max.as_ref().filter(|max| max.value < minimum) {
            let message = format!(
                "the longest green of \"{}\" is {} s, its shortest {} s",
                self.draft.stage_name(stage),
                secs(max.value),
                secs(minimum)
            );
            self.note(Code::P09, &max.span, &message, "raise the longest green");
        }
        PlanStage {
            stage,
            split: split.map_or(Millis::ZERO, |split| split.value),
            green_max: green_max.map_or(usual, |max| max.value).max(minimum),
            recall: self
                .given(&self.raw.recalls, stage)
                .map_or(Recall::None, |recall| recall.value),
        }
    }

    /// The stage `name` if it is one of the sequence.
    fn member(&self, name: Option<&At<String>>, sequence: &[StageId]) -> Option<StageId> {
        let name = name?;
        let stage = self.draft.stage(Code::F11, name)?;
        if !sequence.contains(&stage) {
            let message = format!("stage \"{}\" is not in the sequence", name.value);
            let help = "name a stage of the sequence";
            self.note(Code::P08, &name.span, &message, help);
        }
        Some(stage)
    }

    fn coordinated(&self, mode: PlanMode, sequence: &[StageId]) -> Option<StageId> {
        let raw = self.raw;
        if raw.coordinated.is_none() && mode == PlanMode::Coordinated {
            let help = "add `coordinated = \"...\"`, the stage the offset speaks of";
            self.note(Code::F07, &raw.head, "no stage is coordinated", help);
        }
        self.member(raw.coordinated.as_ref(), sequence)
    }

    /// Splits, recalls and longest greens are for stages of the sequence.
    fn check_names(&self, sequence: &[StageId]) {
        let splits = self.raw.splits.iter().map(|(name, _)| name);
        let recalls = self.raw.recalls.iter().map(|(name, _)| name);
        let longest = self.raw.max_greens.iter().map(|(name, _)| name);
        for name in splits.chain(recalls).chain(longest) {
            let Some(stage) = self.draft.stage(Code::F11, name) else {
                continue;
            };
            if !sequence.contains(&stage) {
                let message = format!("stage \"{}\" is not in the sequence", name.value);
                let help = "remove it, or add the stage to the sequence";
                self.note(Code::P04, &name.span, &message, help);
            }
        }
    }

    /// The offset as start of green of the coordinated stage, whatever the file speaks of.
    fn offset(&self, mode: PlanMode, plan: &Plan) -> Millis {
        let raw = self.raw;
        let speaks = raw.offset.is_some() || mode == PlanMode::Coordinated;
        if speaks && !raw.says("offset_ref") {
            let span = raw.offset.as_ref().map_or(&raw.head, |offset| &offset.span);
            let message = "the file does not say what the offset refers to";
            let help =
                "add `offset_ref = \"start-of-green\"`, \"end-of-green\" or \"start-of-amber\"";
            self.note(Code::P07, span, message, help);
        }
        let Some(offset) = &raw.offset else {
            if mode == PlanMode::Coordinated && !raw.says("offset_s") {
                let help = "add `offset_s = ...`";
                self.note(Code::F07, &raw.head, "it has no `offset_s`", help);
            }
            return Millis::ZERO;
        };
        if plan.cycle == Millis::ZERO {
            return Millis::ZERO;
        }
        if offset.value >= plan.cycle {
            let message = format!(
                "the offset is {} s in a cycle of {} s",
                secs(offset.value),
                secs(plan.cycle)
            );
            let help = "subtract the cycle";
            self.note(Code::P06, &offset.span, &message, help);
            return Millis::ZERO;
        }
        let length = match raw.offset_ref.as_ref().map(|reference| reference.value) {
            Some(OffsetRef::EndOfGreen | OffsetRef::StartOfAmber) => self.green_length(plan),
            Some(OffsetRef::StartOfGreen) | None => Millis::ZERO,
        };
        if offset.value >= length {
            offset.value.saturating_sub(length)
        } else {
            (offset.value + plan.cycle).saturating_sub(length)
        }
    }

    /// From the start of green of the coordinated stage to the end of its last go aspect, which is
    /// the start of amber.
    fn green_length(&self, plan: &Plan) -> Millis {
        let stage = plan
            .coordinated
            .or(plan.sequence.first().map(|entry| entry.stage));
        let at = plan
            .sequence
            .iter()
            .position(|entry| Some(entry.stage) == stage);
        let minimum = |stage| self.draft.minimum(stage);
        let round = self.round(plan, &minimum);
        let Some(at) = at else {
            return Millis::ZERO;
        };
        let ending = self
            .draft
            .groups_of(round.stage(at))
            .difference(self.draft.groups_of(round.stage(at + 1)));
        let flashing = ending.iter().filter_map(|group| {
            let timing = self.draft.timings.get(group.index())?;
            timing.kind.shows_amber().then(|| timing.lose.go_part())
        });
        let green = round.time(at).saturating_sub(round.vehicle_change(at));
        green + flashing.max().unwrap_or_default()
    }

    pub(super) fn round<'p>(
        &'p self,
        plan: &'p Plan,
        minimum: &'p dyn Fn(StageId) -> Millis,
    ) -> Round<'p> {
        Round {
            stages: &self.draft.stages,
            conflicts: &self.draft.conflicts,
            groups: &self.draft.groups,
            minimum,
            plan,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the ratio was read as 0 to 1"
)]
pub(super) fn per_mille(ratio: f64) -> u16 {
    (ratio * 1000.0).round().clamp(0.0, 1000.0) as u16
}
