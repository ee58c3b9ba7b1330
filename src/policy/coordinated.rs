//! Coordinated: a fixed cycle and offset. The coordinated stage holds to its window; the others
//! come on demand inside theirs, and what they do not use goes back to the coordinated stage.

use serde::{Deserialize, Serialize};

use super::actuated::entering;
use super::budget::StepBudget;
use super::context::{Policy, PolicyContext};
use super::programme::{ProgrammeClock, Ring};
use super::show::{Showing, change_time};
use super::wish::{PolicyKind, Reason, Wish};
use crate::ids::StageId;
use crate::kernel::ModeWish;
use crate::plan::Recall;
use crate::signal::GroupSet;
use crate::units::{Millis, Mono};

/// A stage whose split cannot hold its services is begun at most this late, milliseconds.
const GRACE: u32 = 1000;

/// Coordinated control.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Coordinated {
    pub(super) clock: ProgrammeClock,
    /// Where in the cycle the last turn was.
    last: u32,
    /// The place in the ring that is shown; 0 is the coordinated stage.
    place: usize,
    /// Where in the cycle its green began, and when that was.
    began: u32,
    since: Mono,
    /// The decided end: the place that follows, and where in the cycle (or beyond its end).
    leaving: Option<(usize, u32)>,
    /// Places served in this cycle, one bit each: once a cycle is enough.
    served: u32,
}

impl Policy for Coordinated {
    fn kind(&self) -> PolicyKind {
        PolicyKind::Coordinated
    }

    fn propose(&mut self, ctx: &PolicyContext<'_>, budget: &mut StepBudget) -> Option<Wish> {
        let ring = Ring::of(ctx.plan)?;
        let local = self.clock.step(ctx, &ring);
        self.turn_over(ctx, &ring, local);
        let at = self.unwrapped(&ring, local);
        if self.place == 0 {
            let decided = self.leaving;
            let found = self.yields_to(ctx, &ring, at, budget);
            // A place that comes earlier in the ring may still step in before a later one.
            if decided.is_none_or(|(place, _)| found.is_some_and(|(other, _)| other < place)) {
                self.leaving = found;
            }
        } else if self.leaving.is_none() {
            self.leaving = self.gives_back(ctx, &ring, at, budget);
        }
        if let Some((place, due)) = self.leaving
            && at >= due
        {
            self.enter(ctx.now, place, local);
        }
        let at = self.unwrapped(&ring, local);
        self.wish(ctx, &ring, at, budget)
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}

impl Coordinated {
    /// Milliseconds into the cycle, as of the last turn.
    pub(super) const fn local(&self) -> u32 {
        self.last
    }

    /// A new cycle, or the turn comes back after somebody else had it.
    fn turn_over(&mut self, ctx: &PolicyContext<'_>, ring: &Ring<'_>, local: u32) {
        if local < self.last {
            self.served = 0;
        }
        self.last = local;
        if !ctx.in_control || self.place >= ring.len() {
            let place = ring.place_at(local);
            let runs = ring
                .entry(place)
                .is_some_and(|entry| !ctx.groups_of(entry.stage).is_disjoint(ctx.go) && place > 0);
            self.place = if runs { place } else { 0 };
            self.began = ring.start(self.place);
            self.since = ctx.now;
            self.leaving = None;
        }
    }

    fn enter(&mut self, now: Mono, place: usize, local: u32) {
        self.since = now;
        self.place = place;
        self.began = local;
        self.leaving = None;
        self.served |= 1 << (place & 31);
    }

    /// The clock without its jump at the end of the cycle, while a side stage runs over it.
    fn unwrapped(&self, ring: &Ring<'_>, local: u32) -> u32 {
        if self.place > 0 && local < self.began {
            local + ring.cycle()
        } else {
            local
        }
    }

    /// The coordinated stage yields to the first side stage that is wanted and fits.
    fn yields_to(
        &self,
        ctx: &PolicyContext<'_>,
        ring: &Ring<'_>,
        at: u32,
        budget: &mut StepBudget,
    ) -> Option<(usize, u32)> {
        let window = ring.end(0);
        let (place, change) = self.candidate(ctx, ring, (1, at), budget)?;
        let due = (at + change).max(window);
        // Decided when the first group has to leave for it, not earlier: others may still come.
        (at + change >= window).then_some((place, due))
    }

    /// A side stage ends when its time is over or nobody uses it; then the next one that is
    /// wanted, or the coordinated stage.
    fn gives_back(
        &self,
        ctx: &PolicyContext<'_>,
        ring: &Ring<'_>,
        at: u32,
        budget: &mut StepBudget,
    ) -> Option<(usize, u32)> {
        let (next, change) = self
            .candidate(ctx, ring, (self.place + 1, at), budget)
            .unwrap_or_else(|| (0, exit_time(ctx, ring, 0)));
        let split = ring.entry(self.place)?.split.as_ms();
        let end = (self.began + split).min(self.latest_end(ctx, ring, self.place));
        if at + change >= end {
            return Some((next, (at + change).max(end)));
        }
        let is_up = entering(ctx, ring.entry(self.place)?.stage).is_subset(ctx.go);
        let waits = at.saturating_sub(self.began) < GRACE || !is_up;
        let is_used = self.hold_reason(ctx, ring).is_some();
        (!waits && !is_used).then_some((next, at + change))
    }

    /// The first place from `from` on that is wanted, was not served in this cycle and still
    /// fits, with the time it takes to get there.
    fn candidate(
        &self,
        ctx: &PolicyContext<'_>,
        ring: &Ring<'_>,
        (from, at): (usize, u32),
        budget: &mut StepBudget,
    ) -> Option<(usize, u32)> {
        (from..ring.len()).find_map(|place| {
            let is_served = self.served >> (place & 31) & 1 == 1;
            if is_served || !budget.spend(4) || !is_wanted(ctx, ring, place) {
                return None;
            }
            let change = exit_time(ctx, ring, place);
            let begins = (at + change).max(ring.end(0));
            let needed = needed(ctx, ring, place);
            let end = self.latest_end(ctx, ring, place);
            let is_too_long = needed > ring.end(place).saturating_sub(ring.start(place));
            let fits =
                begins + needed <= end || (is_too_long && begins <= ring.start(place) + GRACE);
            fits.then_some((place, change))
        })
    }

    /// Where in the cycle a place has to be over: where the next wanted one begins.
    fn latest_end(&self, ctx: &PolicyContext<'_>, ring: &Ring<'_>, place: usize) -> u32 {
        let is_rival =
            |other: &usize| self.served >> (other & 31) & 1 == 0 && is_wanted(ctx, ring, *other);
        let rival = (place + 1..ring.len()).find(is_rival);
        rival
            .map_or(ring.cycle(), |rival| ring.start(rival))
            .max(ring.end(place))
    }

    fn hold_reason(&self, ctx: &PolicyContext<'_>, ring: &Ring<'_>) -> Option<Reason> {
        let entry = ring.entry(self.place)?;
        let running = ctx.groups_of(entry.stage).intersection(ctx.go);
        for group in running {
            if ctx.is_promised(group) {
                return Some(match ctx.walk(group) {
                    Some(_) => Reason::Walking(group),
                    None => Reason::StageMin(entry.stage),
                });
            }
        }
        if entry.recall == Recall::Max {
            return Some(Reason::Split(entry.stage));
        }
        let used = running.intersection(ctx.demands.extending).iter().next();
        used.map(Reason::Extending)
    }

    fn wish(
        &self,
        ctx: &PolicyContext<'_>,
        ring: &Ring<'_>,
        at: u32,
        budget: &mut StepBudget,
    ) -> Option<Wish> {
        let stage = ring.entry(self.place)?.stage;
        let own_walks = ctx.walks_in(ctx.groups_of(stage));
        let mut showing = Showing {
            stage,
            elapsed: ctx.now.since(self.since),
            remaining: Millis::MAX,
            remaining_walk: Millis::MAX,
            next: GroupSet::EMPTY,
            walks: own_walks.intersection(ctx.demands.walkers),
            rest_in_walk: false,
        };
        if let Some((place, due)) = self.leaving {
            showing.remaining = Millis::new(due.saturating_sub(at));
            showing.next = entering(ctx, ring.entry(place)?.stage);
        }
        let reason;
        if self.place == 0 {
            showing.walks = own_walks;
            showing.rest_in_walk = true;
            showing.remaining_walk = Millis::new(self.until_yield(ctx, ring, at));
            if self.leaving.is_none() {
                showing.next = GroupSet::EMPTY;
            }
            reason = Reason::Window(stage);
            if self.leaving.is_none() {
                return Some(Wish {
                    groups: resting(ctx, ring, showing, budget),
                    ..wish_of(stage, reason)
                });
            }
        } else {
            reason = match (self.leaving, self.hold_reason(ctx, ring)) {
                (Some(_), _) | (None, None) => Reason::GapOut(stage),
                (None, Some(reason)) => reason,
            };
        }
        Some(Wish {
            groups: showing.groups(ctx, budget),
            ..wish_of(stage, reason)
        })
    }

    /// Time until the coordinated stage may next yield, milliseconds; zero while it may.
    fn until_yield(&self, ctx: &PolicyContext<'_>, ring: &Ring<'_>, at: u32) -> u32 {
        let window = ring.end(0);
        if at < window {
            return window - at;
        }
        let may_still = (1..ring.len()).any(|place| {
            let is_served = self.served >> (place & 31) & 1 == 1;
            let needed = needed(ctx, ring, place);
            !is_served && at + needed <= ring.cycle()
        });
        if may_still {
            0
        } else {
            ring.cycle().saturating_sub(at) + window
        }
    }
}

fn wish_of(stage: StageId, reason: Reason) -> Wish {
    Wish {
        mode: ModeWish::Normal,
        groups: GroupSet::EMPTY,
        stage: Some(stage),
        source: PolicyKind::Coordinated,
        reason,
    }
}

fn is_wanted(ctx: &PolicyContext<'_>, ring: &Ring<'_>, place: usize) -> bool {
    ring.entry(place).is_some_and(|entry| {
        entry.recall != Recall::None || !ctx.groups_of(entry.stage).is_disjoint(ctx.demands.all())
    })
}

/// Time until the stage in `place` can be green if it were asked for now, milliseconds.
fn exit_time(ctx: &PolicyContext<'_>, ring: &Ring<'_>, place: usize) -> u32 {
    let Some(entry) = ring.entry(place) else {
        return 0;
    };
    change_time(ctx, entering(ctx, entry.stage)).as_ms()
}

/// Shortest useful time of a place: its services and the change back.
fn needed(ctx: &PolicyContext<'_>, ring: &Ring<'_>, place: usize) -> u32 {
    let (Some(entry), Some(main)) = (ring.entry(place), ring.entry(0)) else {
        return u32::MAX;
    };
    let back = ctx
        .groups_of(main.stage)
        .difference(ctx.groups_of(entry.stage));
    (entering(ctx, entry.stage).iter())
        .map(|group| (ctx.service(group) + ctx.lead(group, back)).as_ms())
        .max()
        .unwrap_or_default()
}

/// The coordinated stage with nobody to yield to yet: vehicles go on, walks rest in walk until
/// they would be in the way of the next yield point.
fn resting(
    ctx: &PolicyContext<'_>,
    ring: &Ring<'_>,
    showing: Showing,
    budget: &mut StepBudget,
) -> GroupSet {
    let left = showing.remaining_walk;
    let others = (1..ring.len())
        .filter_map(|place| ring.entry(place))
        .fold(GroupSet::EMPTY, |all, entry| {
            all.union(ctx.groups_of(entry.stage))
        });
    let starters = others.difference(ctx.groups_of(showing.stage));
    let shown = showing.groups(ctx, budget);
    let ends = |group: &crate::ids::GroupId| {
        let lead = ctx.lead(*group, starters);
        if ctx.go.contains(*group) {
            left <= lead && !ctx.is_promised(*group)
        } else {
            left < ctx.service(*group) + lead
        }
    };
    let ending: GroupSet = showing.walks.iter().filter(ends).collect();
    shown.difference(ending)
}
