//! What a plan allows adaptive control, held against the plan itself.

use super::super::checked::{Plan, PlanMode};
use super::super::code::Code;
use super::super::ladder::AdaptiveRules;
use super::plans::{Maker, per_mille};
use super::secs;
use crate::units::Millis;

/// Nobody is meant to wait longer than this anywhere, so no cap is longer.
const CAP_MAX: Millis = Millis::from_secs(300);
/// The offset is moved gently, or drivers lose the wave.
const OFFSET_CHANGE_MAX: Millis = Millis::from_secs(20);

impl Maker<'_> {
    /// The rules of the plan; without any, or in another mode, the usual ones.
    pub(super) fn rules(&self, mode: PlanMode) -> AdaptiveRules {
        let usual = AdaptiveRules::default();
        let Some(raw) = &self.raw.adaptive else {
            return usual;
        };
        if mode != PlanMode::Adaptive {
            let help = "remove `adaptive`, or write `mode = \"adaptive\"`";
            let message = "`adaptive` means nothing in this mode";
            self.note(Code::F01, &raw.head, message, help);
            return usual;
        }
        let change = raw.split_change.as_ref().map(|change| change.value);
        AdaptiveRules {
            level: raw.level.as_ref().map_or(usual.level, |level| level.value),
            shadow: raw.shadow,
            green_max: raw.green_max.as_ref().map(|time| time.value),
            red_max: raw.red_max.as_ref().map(|time| time.value),
            split_change_per_mille: change.map_or(usual.split_change_per_mille, per_mille),
            offset_change_max: (raw.offset_change.as_ref())
                .map_or(usual.offset_change_max, |time| time.value),
        }
    }

    /// A cap leaves room for what the stages promise.
    pub(super) fn check_caps(&self, plan: &Plan) {
        let Some(raw) = &self.raw.adaptive else {
            return;
        };
        let minima = plan
            .sequence
            .iter()
            .map(|entry| (self.draft.minimum(entry.stage), entry));
        let longest = minima.max_by_key(|(minimum, _)| *minimum);
        let least = longest
            .as_ref()
            .map_or(Millis::ZERO, |(minimum, _)| *minimum);
        for (key, cap) in [("green_max_s", &raw.green_max), ("red_max_s", &raw.red_max)] {
            let Some(cap) = cap else { continue };
            if cap.value > CAP_MAX || cap.value == Millis::ZERO {
                let message = format!("`{key}` is {} s", secs(cap.value));
                self.note(
                    Code::F08,
                    &cap.span,
                    &message,
                    "write a number from 1 to 300",
                );
            } else if cap.value < least
                && let Some((_, entry)) = &longest
            {
                let name = self.draft.stage_name(entry.stage);
                let message = format!(
                    "`{key}` is {} s; stage \"{name}\" needs {} s",
                    secs(cap.value),
                    secs(least)
                );
                self.note(Code::P09, &cap.span, &message, "raise the cap");
            }
        }
        if let Some(most) = (raw.offset_change.as_ref()).filter(|t| t.value > OFFSET_CHANGE_MAX) {
            let message = format!("`offset_change_max_s` is {} s", secs(most.value));
            self.note(
                Code::F08,
                &most.span,
                &message,
                "write a number from 0 to 20",
            );
        }
    }
}
