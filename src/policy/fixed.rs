//! Fixed time: every stage its split, every cycle, by the programme clock.

use serde::{Deserialize, Serialize};

use super::budget::StepBudget;
use super::context::{Policy, PolicyContext};
use super::programme::{ProgrammeClock, Ring};
use super::show::Showing;
use super::wish::{PolicyKind, Reason, Wish};
use crate::kernel::ModeWish;
use crate::signal::GroupSet;
use crate::units::Millis;

/// Fixed time. All it remembers is where its clock stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fixed {
    pub(super) clock: ProgrammeClock,
}

impl Policy for Fixed {
    fn kind(&self) -> PolicyKind {
        PolicyKind::Fixed
    }

    fn propose(&mut self, ctx: &PolicyContext<'_>, budget: &mut StepBudget) -> Option<Wish> {
        let ring = Ring::of(ctx.plan)?;
        let local = self.clock.step(ctx, &ring);
        let place = ring.place_at(local);
        let stage = ring.entry(place)?.stage;
        let next = ring.entry((place + 1) % ring.len())?.stage;
        let showing = Showing {
            stage,
            elapsed: Millis::new(local.saturating_sub(ring.start(place))),
            remaining: Millis::new(ring.end(place).saturating_sub(local)),
            remaining_walk: Millis::MAX,
            next: ctx.groups_of(next),
            walks: ctx.walks_in(ctx.groups_of(stage)),
            rest_in_walk: true,
        };
        Some(Wish {
            mode: ModeWish::Normal,
            groups: showing.groups(ctx, budget),
            stage: Some(stage),
            source: PolicyKind::Fixed,
            reason: Reason::Split(stage),
        })
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}

/// The plan's stages in turn by the monotonic clock alone: each its split, or its longest green
/// and a change where the plan has no cycle. For when the plan's own policy cannot be trusted.
pub(super) fn rotation(ctx: &PolicyContext<'_>) -> Option<Wish> {
    const CHANGE: u64 = 10_000;
    let lasts = |split: Millis, green: Millis| -> u64 {
        if split > Millis::ZERO {
            u64::from(split.as_ms())
        } else {
            u64::from(green.as_ms()).max(10_000) + CHANGE
        }
    };
    let sequence = &ctx.plan.sequence;
    let cycle = (sequence.iter())
        .map(|entry| lasts(entry.split, entry.green_max))
        .sum::<u64>();
    let mut at = ctx.now.as_ms().checked_rem(cycle)?;
    let entry = sequence.iter().find(|entry| {
        let lasts = lasts(entry.split, entry.green_max);
        let is_in = at < lasts;
        at = at.saturating_sub(lasts);
        is_in
    })?;
    let own = ctx.groups_of(entry.stage);
    let kept: GroupSet = (ctx.go.iter())
        .filter(|group| ctx.is_promised(*group))
        .collect();
    Some(Wish {
        mode: ModeWish::Normal,
        groups: own.difference(ctx.hostile(kept)).union(kept),
        stage: Some(entry.stage),
        source: PolicyKind::Fallback,
        reason: Reason::Split(entry.stage),
    })
}
