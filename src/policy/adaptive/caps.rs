//! The hard caps of the plan file on free control.

use super::super::context::PolicyContext;
use super::units::secs;
use crate::plan::Tuning;
use crate::units::Millis;

/// The city's numbers, with what this plan caps.
pub(super) fn tuning_of(ctx: &PolicyContext<'_>) -> Tuning {
    let mut tuning = ctx.site.tuning.as_ref().clone();
    let rules = &ctx.plan.adaptive;
    if let Some(red_max) = rules.red_max {
        tuning.red_max_s = tuning.red_max_s.min(secs(red_max));
    }
    if let Some(green_max) = rules.green_max {
        tuning.green_max_s = tuning.green_max_s.min(secs(green_max));
    }
    tuning
}

/// True if the present green, up for so long, has had what the plan allows and somebody waits
/// elsewhere.
pub(super) fn is_spent(ctx: &PolicyContext<'_>, up_for: Millis) -> bool {
    let spent = ctx.plan.adaptive.green_max.is_some_and(|cap| up_for >= cap);
    spent && !ctx.demands.all().difference(ctx.go).is_empty()
}
