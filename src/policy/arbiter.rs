//! The arbiter: asks every policy, picks one wish by precedence, keeps the losers.

use serde::{Deserialize, Serialize};

use super::actuated::Actuated;
use super::adaptive::Adaptive;
use super::bench::{BENCH_PLACES, BENCHED_KINDS, bench, guarded, is_benched, judge, turn};
use super::budget::{STEPS_MAX, StepBudget, Why};
use super::context::{Policy, PolicyContext};
use super::coordinated::Coordinated;
use super::fixed::{Fixed, rotation};
use super::guard::{Bounds, MaxWait};
use super::ladder::{Dropped, Ladder, Rung, climbs};
use super::manual::Manual;
use super::priority::Priority;
use super::recovery::Recovery;
use super::shadow::Regret;
use super::trimmed::Trimmed;
use super::wish::{PolicyKind, Reason, Wish};
use crate::corridor::{Lease, LeaseStep};
use crate::detect::{Demands, Doubts, Picture};
use crate::ids::{PlanId, StageId};
use crate::kernel::{CabinetState, Kernel, ModeWish, Request};
use crate::plan::{CheckedSite, Level, PlanMode};
use crate::units::{Millis, Mono};

/// For so long after a lock the corridor's bounds on waits go on: whom it made wait is served in time,
/// and so are those whose turn was given to them.
const AFTER_LOCK: Millis = Millis::from_secs(300);

/// Most wishes that can lose in one cycle.
pub const LOSERS_MAX: usize = 8;
/// What a site's policies are told in one cycle.
#[derive(Clone, Copy, Debug)]
pub struct DecideContext<'a> {
    /// The moment of the cycle.
    pub now: Mono,
    /// The city's cycle clock, milliseconds: offsets count from its zero.
    pub clock_ms: u64,
    /// The plan that is due.
    pub plan: PlanId,
    /// The site.
    pub site: &'a CheckedSite,
    /// Who waits.
    pub demands: &'a Demands,
    /// Who drives towards the stop lines.
    pub picture: &'a Picture,
    /// Which detectors cannot be believed.
    pub doubts: Doubts,
    /// What really runs.
    pub kernel: &'a Kernel,
    /// The corridor's lease, if there is one.
    pub lease: Option<&'a Lease>,
    /// The operator's act, if there is one.
    pub manual: Option<&'a Manual>,
}

/// What was decided in one cycle, and against whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What the kernel is asked.
    pub request: Request,
    /// The wish that won.
    pub winner: Wish,
    /// The wishes it beat, strongest first.
    pub losers: [Option<Wish>; LOSERS_MAX],
    /// The stage the winner follows, if it follows one.
    pub stage: Option<StageId>,
    /// The policy that lost its turn in this cycle, and why.
    pub benched: Option<(PolicyKind, Why)>,
    /// The rung that the plan stands on, if it stands on the ladder.
    pub rung: Option<Rung>,
}

/// The policies of one site. `A` is adaptive control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SitePolicies<A = Adaptive> {
    fixed: Fixed,
    actuated: Actuated,
    coordinated: Coordinated,
    trimmed: Trimmed,
    adaptive: A,
    ladder: Ladder,
    regret: Regret,
    everyday: MaxWait,
    corridor_bound: MaxWait,
    priority: Priority,
    recovery: Recovery,
    /// The last moment of a corridor's lock.
    locked_last: Option<Mono>,
    /// Until when each kind of policy is not asked, see `bench.rs`.
    benched_until: [Mono; BENCH_PLACES],
    last_winner: Option<PolicyKind>,
}

impl SitePolicies {
    /// The policies of `site`, before their first cycle.
    #[must_use]
    pub fn new(site: &CheckedSite, now: Mono) -> Self {
        Self::with_adaptive(site, now, Adaptive::new(site))
    }
}

impl<A: Policy> SitePolicies<A> {
    /// The policies of `site` with `adaptive` for its plans in adaptive mode.
    #[must_use]
    pub fn with_adaptive(site: &CheckedSite, now: Mono, adaptive: A) -> Self {
        Self {
            fixed: Fixed::default(),
            actuated: Actuated::default(),
            coordinated: Coordinated::default(),
            trimmed: Trimmed::new(site),
            adaptive,
            ladder: Ladder::default(),
            regret: Regret::default(),
            everyday: MaxWait::new(site, Bounds::Everyday),
            corridor_bound: MaxWait::new(site, Bounds::Corridor),
            priority: Priority::default(),
            recovery: Recovery::new(site),
            locked_last: None,
            benched_until: [now; BENCH_PLACES],
            last_winner: None,
        }
    }

    /// Adaptive control, for what it has decided and why.
    #[must_use]
    pub const fn adaptive(&self) -> &A {
        &self.adaptive
    }

    /// The policies that have lost their turn and are not asked at `now`.
    pub fn benched(&self, now: Mono) -> impl Iterator<Item = PolicyKind> + '_ {
        let places = BENCHED_KINDS.into_iter();
        places.filter(move |kind| is_benched(&self.benched_until, *kind, now))
    }

    /// True if a policy that drives a plan has lost its turn: the plan is driven by what is below
    /// it, in the end by the clock alone.
    #[must_use]
    pub fn has_fallen_back(&self, now: Mono) -> bool {
        self.benched(now).any(|kind| kind < PolicyKind::Recovery)
    }

    /// The way back into step after a corridor, for what was chosen and why.
    #[must_use]
    pub const fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    #[cfg(test)]
    pub(super) const fn trimmed(&self) -> &Trimmed {
        &self.trimmed
    }

    /// What it costs that something else runs than adaptive control would have chosen.
    #[must_use]
    pub const fn regret(&self) -> &Regret {
        &self.regret
    }

    /// Asks every policy and picks one wish. Allocates nothing.
    pub fn decide(&mut self, given: &DecideContext<'_>) -> Decision {
        let mut decision = Decision::default();
        let Some(plan) = given.site.plans.get(given.plan.index()) else {
            return self.conclude(given, decision, hold(given));
        };
        let mut ctx = PolicyContext {
            now: given.now,
            clock_ms: given.clock_ms,
            site: given.site,
            plan,
            plan_id: given.plan,
            demands: given.demands,
            picture: given.picture,
            doubts: given.doubts,
            kernel: given.kernel,
            go: given.kernel.go_set(),
            in_control: false,
        };
        let mut best = self.plan_wish(&mut ctx, &mut decision);
        let lease = given.lease.filter(|lease| lease.is_live(given.now));
        let near = lease.filter(|lease| lease.step < LeaseStep::Lock);
        let is_locked = lease.is_some() && near.is_none();
        if is_locked {
            self.locked_last = Some(given.now);
        }
        if let Some(wish) = self.recovery_wish(&ctx, is_locked, &best, &mut decision) {
            beat(&mut decision, &mut best, wish);
        }
        if (lease.is_none() || near.is_some())
            && let Some(wish) = self.everyday_wish(&ctx, &best, &mut decision)
        {
            beat(&mut decision, &mut best, wish);
        }
        let corridor = self.corridor_wish(&ctx, lease, &best, &mut decision);
        if let Some(wish) = corridor {
            beat(&mut decision, &mut best, wish);
        }
        let asks = corridor.is_some() || near.is_some();
        let bound = self.whose_bound(&ctx, (lease, asks), &best, &mut decision);
        if let Some(wish) = bound {
            beat(&mut decision, &mut best, wish);
        }
        let manual = given.manual.filter(|manual| manual.is_live(given.now));
        if let Some(manual) = manual {
            let wish = manual.wish(&ctx, &mut StepBudget::new(STEPS_MAX));
            beat(&mut decision, &mut best, wish);
        }
        if given.kernel.cabinet() == CabinetState::LocalManual {
            let wish = Wish {
                source: PolicyKind::LocalPanel,
                reason: Reason::LocalPanel,
                ..hold(given)
            };
            beat(&mut decision, &mut best, wish);
        }
        self.conclude(given, decision, best)
    }

    /// Who must be served now for the sake of their bound: while a corridor asks and for a while after
    /// its lock by its bounds, and while it has had its longest hold and rests by the everyday ones.
    fn whose_bound(
        &mut self,
        ctx: &PolicyContext<'_>,
        (lease, asks): (Option<&Lease>, bool),
        best: &Wish,
        decision: &mut Decision,
    ) -> Option<Wish> {
        if !asks && lease.is_some() {
            return self.everyday_wish(ctx, best, decision);
        }
        if !asks && !self.is_after_lock(ctx.now) {
            return None;
        }
        if lease.is_some_and(|lease| lease.step == LeaseStep::Lock) {
            // Who was to be served before the lock may not be the most urgent one after it.
            self.everyday.reset();
        }
        self.bound_wish(ctx, lease, best, decision)
    }

    /// The wish of the plan, or of the clock alone if the plan's policies have lost their turn.
    fn plan_wish(&mut self, ctx: &mut PolicyContext<'_>, decision: &mut Decision) -> Wish {
        let planned = if climbs(ctx) {
            self.climb(ctx, decision)
        } else {
            self.ask(level_of(ctx.plan.mode), ctx, decision)
        };
        planned
            .or_else(|| guarded(|| rotation(ctx)).ok().flatten())
            .unwrap_or_default()
    }

    /// The wish of the highest rung that may act and has one. Those above and below it are asked
    /// too: they keep up with the street, and people see what they would have done.
    fn climb(&mut self, ctx: &mut PolicyContext<'_>, decision: &mut Decision) -> Option<Wish> {
        let planned = ctx.plan.adaptive.level;
        let (may_act, mut dropped) = self.ladder.look(ctx);
        let mut best: Option<(Level, Wish)> = None;
        let mut others: [Option<Wish>; Level::ALL.len()] = [None; Level::ALL.len()];
        for (level, other) in Level::ALL.into_iter().rev().zip(&mut others) {
            let is_last_resort = level < Level::Actuated && best.is_some();
            if level > planned || is_last_resort {
                continue;
            }
            let wish = self.ask(level, ctx, decision);
            if level > may_act || best.is_some() {
                *other = wish;
            } else if let Some(wish) = wish {
                best = Some((level, wish));
            } else {
                dropped = dropped.or(Some(Dropped::Policy));
            }
        }
        for wish in others.into_iter().rev().flatten() {
            lose(decision, wish);
        }
        decision.rung = Some(Rung {
            level: best.map_or(Level::Fixed, |(level, _)| level),
            planned,
            dropped,
        });
        best.map(|(_, wish)| wish)
    }

    /// The wish of one rung, if its policy is not benched and has one.
    fn ask(
        &mut self,
        level: Level,
        ctx: &mut PolicyContext<'_>,
        decision: &mut Decision,
    ) -> Option<Wish> {
        let won = self.last_winner;
        let bench = &mut self.benched_until;
        let has_cycle = ctx.plan.cycle > Millis::ZERO;
        let follows_cycle = has_cycle && ctx.plan.mode != PlanMode::Actuated;
        let mut in_control = |kind: PolicyKind| ctx.in_control = won == Some(kind);
        match level {
            Level::Free => {
                in_control(PolicyKind::Adaptive);
                turn(&mut self.adaptive, ctx, bench, decision)
            }
            Level::Trimmed => {
                in_control(PolicyKind::Trimmed);
                turn(&mut self.trimmed, ctx, bench, decision)
            }
            Level::Fixed if has_cycle => {
                in_control(PolicyKind::Fixed);
                turn(&mut self.fixed, ctx, bench, decision)
            }
            Level::Actuated if follows_cycle => {
                in_control(PolicyKind::Coordinated);
                turn(&mut self.coordinated, ctx, bench, decision)
            }
            Level::Actuated | Level::Fixed => {
                in_control(PolicyKind::Actuated);
                turn(&mut self.actuated, ctx, bench, decision)
            }
        }
    }

    fn recovery_wish(
        &mut self,
        ctx: &PolicyContext<'_>,
        is_locked: bool,
        best: &Wish,
        decision: &mut Decision,
    ) -> Option<Wish> {
        let kind = PolicyKind::Recovery;
        if is_benched(&self.benched_until, kind, ctx.now) {
            return None;
        }
        let recovery = &mut self.recovery;
        let mut budget = StepBudget::new(STEPS_MAX);
        let wish = guarded(|| recovery.wish(ctx, is_locked, best, &mut budget));
        let why = match wish {
            Ok(wish) if !budget.is_overspent() => return wish,
            Ok(_) => Why::Overspent,
            Err(why) => why,
        };
        self.recovery.reset();
        bench(&mut self.benched_until, (kind, why), ctx.now, decision);
        None
    }

    fn corridor_wish(
        &mut self,
        ctx: &PolicyContext<'_>,
        lease: Option<&Lease>,
        best: &Wish,
        decision: &mut Decision,
    ) -> Option<Wish> {
        if lease.is_none() && !self.is_after_lock(ctx.now) {
            self.corridor_bound.reset();
        }
        let kind = PolicyKind::Corridor;
        if is_benched(&self.benched_until, kind, ctx.now) {
            return None;
        }
        let priority = &mut self.priority;
        guarded(|| priority.wish(ctx, lease, best)).unwrap_or_else(|why| {
            self.priority.reset();
            bench(&mut self.benched_until, (kind, why), ctx.now, decision);
            None
        })
    }

    fn is_after_lock(&self, now: Mono) -> bool {
        let last = self.locked_last;
        last.is_some_and(|last| now.since(last) < AFTER_LOCK)
    }

    fn bound_wish(
        &mut self,
        ctx: &PolicyContext<'_>,
        lease: Option<&Lease>,
        best: &Wish,
        decision: &mut Decision,
    ) -> Option<Wish> {
        let kind = PolicyKind::CorridorBound;
        judge(
            &mut self.corridor_bound,
            kind,
            (ctx, best, lease),
            &mut self.benched_until,
            decision,
        )
    }

    fn everyday_wish(
        &mut self,
        ctx: &PolicyContext<'_>,
        best: &Wish,
        decision: &mut Decision,
    ) -> Option<Wish> {
        let kind = PolicyKind::MaxWait;
        judge(
            &mut self.everyday,
            kind,
            (ctx, best, None),
            &mut self.benched_until,
            decision,
        )
    }

    fn conclude(
        &mut self,
        given: &DecideContext<'_>,
        mut decision: Decision,
        best: Wish,
    ) -> Decision {
        self.last_winner = Some(best.source);
        if let Some(choice) = (self.adaptive.choice()).filter(|choice| choice.at == given.now) {
            let ran = if best.source == PolicyKind::Adaptive {
                choice.next
            } else {
                best.stage
            };
            self.regret.count(choice, ran);
        }
        decision.winner = best;
        decision.stage = best.stage;
        decision.request = Request {
            mode: best.mode,
            groups: best.groups,
            demands: given.demands.all(),
            reset: false,
        };
        decision
    }
}

/// The rung that drives a plan whose mode is no ladder.
const fn level_of(mode: PlanMode) -> Level {
    match mode {
        PlanMode::Fixed => Level::Fixed,
        PlanMode::Actuated | PlanMode::Coordinated | PlanMode::Adaptive => Level::Actuated,
    }
}

fn hold(given: &DecideContext<'_>) -> Wish {
    Wish {
        mode: ModeWish::Normal,
        groups: given.kernel.go_set(),
        ..Wish::default()
    }
}

fn beat(decision: &mut Decision, best: &mut Wish, wish: Wish) {
    lose(decision, core::mem::replace(best, wish));
}

/// Keeps a loser; the strongest is first in the list.
fn lose(decision: &mut Decision, wish: Wish) {
    decision.losers.rotate_right(1);
    if let Some(first) = decision.losers.first_mut() {
        *first = Some(wish);
    }
}
