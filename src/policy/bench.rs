//! The bench: a policy that panics or overspends loses its turn, and nothing else happens.

use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use super::arbiter::Decision;
use super::budget::{STEPS_MAX, StepBudget, Why};
use super::context::{Policy, PolicyContext};
use super::guard::MaxWait;
use super::wish::{PolicyKind, Wish};
use crate::corridor::Lease;
use crate::units::{Millis, Mono};

/// Places on the bench, see [`bench_of`].
pub(super) const BENCH_PLACES: usize = 9;
/// One kind for each place on the bench that can be taken.
pub(super) const BENCHED_KINDS: [PolicyKind; 8] = [
    PolicyKind::Fixed,
    PolicyKind::Actuated,
    PolicyKind::Coordinated,
    PolicyKind::Adaptive,
    PolicyKind::MaxWait,
    PolicyKind::Corridor,
    PolicyKind::Trimmed,
    PolicyKind::Recovery,
];
/// A policy that lost its turn is not asked for this long.
const BENCH: Millis = Millis::from_secs(60);

/// Runs `policy` so that a panic in it ends its turn and nothing else.
pub(super) fn guarded<T>(policy: impl FnOnce() -> T) -> Result<T, Why> {
    catch_unwind(AssertUnwindSafe(policy)).map_err(|_| Why::Panicked)
}

/// One turn of one policy: its wish, or nothing if it has none or lost its turn.
pub(super) fn turn<P: Policy>(
    policy: &mut P,
    ctx: &PolicyContext<'_>,
    benched_until: &mut [Mono; BENCH_PLACES],
    decision: &mut Decision,
) -> Option<Wish> {
    let kind = policy.kind();
    if is_benched(benched_until, kind, ctx.now) {
        return None;
    }
    let mut budget = StepBudget::new(STEPS_MAX);
    let wish = guarded(|| policy.propose(ctx, &mut budget));
    let why = match wish {
        Ok(wish) if !budget.is_overspent() => return wish,
        Ok(_) => Why::Overspent,
        Err(why) => why,
    };
    policy.reset();
    bench(benched_until, (kind, why), ctx.now, decision);
    None
}

/// The same for a guard, which judges another policy's wish.
pub(super) fn judge(
    guard: &mut MaxWait,
    kind: PolicyKind,
    (ctx, best, lease): (&PolicyContext<'_>, &Wish, Option<&Lease>),
    benched_until: &mut [Mono; BENCH_PLACES],
    decision: &mut Decision,
) -> Option<Wish> {
    if is_benched(benched_until, kind, ctx.now) {
        return None;
    }
    let mut budget = StepBudget::new(STEPS_MAX);
    let wish = guarded(|| guard.judge(ctx, best, lease, &mut budget));
    let why = match wish {
        Ok(wish) if !budget.is_overspent() => return wish,
        Ok(_) => Why::Overspent,
        Err(why) => why,
    };
    guard.reset();
    bench(benched_until, (kind, why), ctx.now, decision);
    None
}

/// The place of a policy on the bench; those that never sit there share the last one.
const fn bench_of(kind: PolicyKind) -> usize {
    match kind {
        PolicyKind::Fixed => 0,
        PolicyKind::Actuated => 1,
        PolicyKind::Coordinated => 2,
        PolicyKind::Adaptive => 3,
        PolicyKind::MaxWait => 4,
        PolicyKind::Corridor | PolicyKind::CorridorBound => 5,
        PolicyKind::Trimmed => 6,
        PolicyKind::Recovery => 8,
        PolicyKind::Fallback | PolicyKind::Manual | PolicyKind::LocalPanel => 7,
    }
}

pub(super) fn is_benched(
    benched_until: &[Mono; BENCH_PLACES],
    kind: PolicyKind,
    now: Mono,
) -> bool {
    (benched_until.get(bench_of(kind))).is_some_and(|until| now < *until)
}

pub(super) fn bench(
    benched_until: &mut [Mono; BENCH_PLACES],
    lost: (PolicyKind, Why),
    now: Mono,
    decision: &mut Decision,
) {
    if let Some(until) = benched_until.get_mut(bench_of(lost.0)) {
        *until = now + BENCH;
    }
    decision.benched = Some(lost);
}
