//! Which stage may follow which.

use super::budget::StepBudget;
use super::context::PolicyContext;
use crate::ids::StageId;

/// Stages of a site: the search keeps them in one word.
const STAGES_MAX: usize = 32;

/// What the site file says about one stage change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Direct,
    Via(StageId),
    Forbidden,
}

fn step(ctx: &PolicyContext<'_>, from: StageId, to: StageId) -> Step {
    let rule = ctx.stage(from).and_then(|info| {
        let rule = info.moves.iter().find(|(stage, _)| *stage == to)?;
        Some(rule.1)
    });
    match rule {
        None => Step::Direct,
        Some(Some(via)) => Step::Via(via),
        Some(None) => Step::Forbidden,
    }
}

/// The stage to ask for now on the shortest allowed way from `from` to `to`; nothing if there is
/// no way. Ties go to the lowest stage.
pub(super) fn next_hop(
    ctx: &PolicyContext<'_>,
    from: StageId,
    to: StageId,
    budget: &mut StepBudget,
) -> Option<StageId> {
    if from == to {
        return Some(to);
    }
    match step(ctx, from, to) {
        Step::Direct => return Some(to),
        Step::Via(via) => return Some(via),
        Step::Forbidden => {}
    }
    // Backwards from the target: the first ring of stages that `from` can enter directly.
    let count = ctx.site.stages.len().min(STAGES_MAX);
    let all = || (0..count).filter_map(|at| u8::try_from(at).ok().map(StageId::new));
    let mut reached = 1_u32 << (to.number() & 31);
    for _ in 0..count {
        let mut grown = reached;
        for stage in all() {
            let is_reached = |other: StageId| reached >> (other.number() & 31) & 1 == 1;
            if is_reached(stage) || !budget.spend(1) {
                continue;
            }
            let leads =
                all().any(|other| is_reached(other) && step(ctx, stage, other) == Step::Direct);
            if leads {
                grown |= 1 << (stage.number() & 31);
                if step(ctx, from, stage) == Step::Direct {
                    return Some(stage);
                }
            }
        }
        if grown == reached {
            return None;
        }
        reached = grown;
    }
    None
}
