//! Adaptive control: every second the stage that serves the known arrivals with the least delay.
//!
//! The picture of detection says who drives towards which stop line. Each second, outside a change
//! and after minimum green, short sequences of stages are reckoned through, and the first step of
//! the best one is taken: hold, or change to another stage. Guards stand beside the search: nobody
//! waits beyond the longest red, a junction that is still full is not crossed, and neither a full
//! road nor a stuck lane earns anything. Everything is kept per movement, never per shared lane.
//!
//! What it does not do: it knows no amber and no clearance of its own; the kernel tells how long a
//! change takes from where the lamps really are.

mod arrivals;
mod beliefs;
mod caps;
mod choice;
mod desk;
mod drive;
mod memory;
mod model;
mod recall;
mod rest;
mod search;
mod service;
#[cfg(test)]
mod tests;
mod units;
#[cfg(test)]
mod walk_tests;

use serde::{Deserialize, Serialize};

pub use beliefs::Belief;
pub use choice::{Choice, Limit, SCORES_MAX};

use self::desk::Desk;
use self::memory::{Memory, Running};
use self::search::Question;
use super::actuated::entering;
use super::budget::StepBudget;
use super::context::{Policy, PolicyContext};
use super::moves::next_hop;
use super::show::{Showing, change_time};
use super::wish::{PolicyKind, Reason, Wish};
use crate::detect::PictureSource;
use crate::ids::{PlanId, StageId};
use crate::kernel::ModeWish;
use crate::plan::{CheckedSite, Tuning};
use crate::signal::GroupSet;
use crate::units::{Millis, Mono};

/// A stage that has not come up after this long is treated as if it had.
const START_MAX: Millis = Millis::from_secs(90);
/// Somebody inside the junction who did not leave it in a whole wait is waited for so long again.
const DOUBTED_S: f32 = 8.0;
/// A walk that is called this soon after the start of its stage still starts with it.
const JOIN: Millis = Millis::from_secs(8);

/// Adaptive control of one site. Plain data; what the search works with is made anew when needed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Adaptive {
    memory: Memory,
    turn: Option<Turn>,
    looked: Mono,
    choice: Option<Choice>,
    #[serde(skip)]
    desk: Option<Desk>,
}

/// Two states are the same if they go on alike; the desk holds nothing that lasts.
impl PartialEq for Adaptive {
    fn eq(&self, other: &Self) -> bool {
        self.memory == other.memory
            && self.turn == other.turn
            && self.looked == other.looked
            && self.choice == other.choice
    }
}

impl Eq for Adaptive {}

/// The stage that runs and how it came so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Turn {
    plan: PlanId,
    stage: StageId,
    since: Mono,
    /// All its vehicle groups have been in go together since.
    up: Option<Mono>,
    /// Where it goes next, and when that stage is due.
    leaving: Option<(StageId, Mono)>,
    /// The next stage waits for vehicles inside the junction since.
    held: Option<Mono>,
}

impl Adaptive {
    /// Adaptive control of `site` before its first second.
    #[must_use]
    pub fn new(site: &CheckedSite) -> Self {
        let desk = Desk::of(site);
        Self {
            memory: Memory::of(&desk.model, site.stages.len()),
            desk: Some(desk),
            ..Self::default()
        }
    }

    /// What was decided last, and why; nothing before the first decision.
    #[must_use]
    pub const fn choice(&self) -> Option<&Choice> {
        self.choice.as_ref()
    }

    /// Looks at a new picture and decides, where there is something to decide.
    fn think(&mut self, ctx: &PolicyContext<'_>, turn: &mut Turn, desk: &mut Desk) {
        let picture = ctx.picture;
        if picture.taken() == self.looked {
            return;
        }
        self.looked = picture.taken();
        let tuning = caps::tuning_of(ctx);
        let running = Running {
            now: ctx.now,
            stage: turn.stage,
            go: ctx.go,
            kernel: ctx.kernel,
        };
        self.memory.observe(&desk.model, picture, &running, &tuning);
        if turn.up.is_none() || turn.leaving.is_some() || is_promised(ctx, turn.stage) {
            return;
        }
        desk.arrivals
            .fill(&desk.model, picture, (ctx.demands, ctx.now), &tuning);
        desk.services
            .fill((ctx.site, ctx.plan), (&desk.model, &self.memory), ctx.now);
        let Some(present) = desk.services.index_of(turn.stage) else {
            return;
        };
        let walks = self.walks(ctx, turn);
        rest::close_missed_walks(ctx, &desk.model, (&mut desk.services, present), walks);
        desk.lay_times(ctx, present);
        self.choose(ctx, turn, (desk, present), &tuning);
    }

    /// Asks the search, inside the bounds that hold, and takes the first step of its answer.
    fn choose(
        &mut self,
        ctx: &PolicyContext<'_>,
        turn: &mut Turn,
        (desk, present): (&mut Desk, usize),
        tuning: &Tuning,
    ) {
        let up_for = turn.up.map_or(Millis::ZERO, |up| ctx.now.since(up));
        let (limit, must_change) = match self.limit(ctx, desk, present, tuning.red_max_s) {
            (Limit::None, _) => match recall::limit(ctx, desk, tuning.red_max_s) {
                Some(bound) => bound,
                None if caps::is_spent(ctx, up_for) => (Limit::GreenMax(turn.stage), true),
                None => (Limit::None, false),
            },
            bound => bound,
        };
        let question = Question {
            arrivals: &desk.arrivals,
            services: &desk.services,
            tuning,
            present,
            change_now_s: &desk.change_now_s,
            tail_s: &desk.tail_s,
            change_s: &desk.change_s,
            green_min_s: &desk.green_min_s,
            allowed: &desk.allowed,
            must_change,
        };
        let answer = desk.search.answer(&question, &mut desk.scores);
        let next = answer
            .next
            .and_then(|at| desk.services.stages.get(at))
            .copied()
            .or_else(|| rest::wanted(ctx, &desk.arrivals, turn.stage));
        if let Some(next) = next
            && let Some(hop) = next_hop(ctx, turn.stage, next, &mut StepBudget::new(1000))
        {
            let starters = ctx.groups_of(hop).difference(ctx.groups_of(turn.stage));
            turn.leaving = Some((hop, ctx.now + change_time(ctx, starters)));
        }
        self.choice = Some(Choice::of(
            ctx,
            (turn.stage, next),
            limit,
            &desk.services.stages,
            &desk.scores,
        ));
    }

    /// Which bound leaves no free choice, and the stages that keep it. A movement is *near* its
    /// bound when one more service of others could break it: then only its own stages may come
    /// next. It is *due* when there is just time enough to reach it: then they must.
    fn limit(
        &self,
        ctx: &PolicyContext<'_>,
        desk: &mut Desk,
        present: usize,
        bound_s: f32,
    ) -> (Limit, bool) {
        desk.allowed.clear();
        desk.allowed.resize(desk.services.stages.len(), true);
        let free = (Limit::None, false);
        let longest = (0..desk.model.movements.len())
            .map(|way| (way, self.memory.red_s(way, ctx.now)))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((way, red_s)) = longest else {
            return free;
        };
        let Some(group) = desk.model.movements.get(way).map(|known| known.group) else {
            return free;
        };
        let serves = |groups: &GroupSet| groups.contains(group);
        if desk.services.groups.get(present).is_some_and(serves) {
            return free;
        }
        let times = desk.services.groups.iter().zip(&desk.change_now_s);
        let reach_s = times.filter(|(groups, _)| serves(groups)).map(|(_, s)| *s);
        let Some(reach_s) = reach_s.reduce(f32::min) else {
            return free;
        };
        // Walkers take longer; the everyday guard, whose bound is wider, has room for them.
        let vehicles = ctx
            .site
            .safety
            .timings()
            .iter()
            .filter(|timing| timing.kind.shows_amber());
        let least = vehicles
            .map(|timing| timing.green_min + timing.lose.total())
            .max();
        let service_s = units::secs(least.unwrap_or_default());
        if red_s + reach_s + service_s < bound_s {
            return free;
        }
        for (allowed, groups) in desk.allowed.iter_mut().zip(&desk.services.groups) {
            *allowed = serves(groups);
        }
        let is_due = red_s + reach_s + 1.0 >= bound_s;
        (
            if is_due {
                Limit::RedMax(group)
            } else {
                Limit::RedNear(group)
            },
            is_due,
        )
    }

    /// True while the next stage has to wait for vehicles that stand inside the junction: a green
    /// across those who cannot leave it would lock it. Who outlasted a whole wait is doubted.
    fn is_box_full(
        &self,
        ctx: &PolicyContext<'_>,
        desk: &Desk,
        turn: &Turn,
        next: StageId,
    ) -> bool {
        let held = turn.held.map_or(Millis::ZERO, |since| ctx.now.since(since));
        let waited_s = units::secs(held);
        let tuning = &ctx.site.tuning;
        let starters = ctx.groups_of(next).difference(ctx.groups_of(turn.stage));
        let in_the_way = ctx.hostile(starters);
        let ways = self.memory.ways.iter().zip(&desk.model.movements);
        ways.into_iter().any(|(way, known)| {
            let longest_s = if way.is_doubted {
                tuning.box_hold_s.min(DOUBTED_S)
            } else {
                tuning.box_hold_s
            };
            way.inside_slow > 0 && in_the_way.contains(known.group) && waited_s < longest_s
        })
    }

    fn wish(&self, ctx: &PolicyContext<'_>, turn: &Turn, budget: &mut StepBudget) -> Wish {
        let (remaining, next) = match turn.leaving {
            Some((next, due)) => (ctx.now.until(due), entering(ctx, next)),
            None => (Millis::MAX, GroupSet::EMPTY),
        };
        let showing = Showing {
            stage: turn.stage,
            elapsed: (ctx.now.since(turn.up.unwrap_or(ctx.now))).max(ctx.now.since(turn.since)),
            remaining,
            remaining_walk: Millis::MAX,
            next,
            walks: self.walks(ctx, turn),
            rest_in_walk: false,
        };
        let mut groups = showing.groups(ctx, budget);
        if turn.held.is_some() {
            groups = groups.difference(next.difference(ctx.go));
        }
        Wish {
            mode: ModeWish::Normal,
            groups,
            stage: Some(turn.stage),
            source: PolicyKind::Adaptive,
            reason: match turn.leaving {
                Some((next, _)) => Reason::LessDelay(next),
                None if turn.up.is_none() => Reason::StageMin(turn.stage),
                None => Reason::Serving(turn.stage),
            },
        }
    }

    /// Walks that may start in the stage now.
    fn walks(&self, ctx: &PolicyContext<'_>, turn: &Turn) -> GroupSet {
        if turn.leaving.is_some() {
            return GroupSet::EMPTY;
        }
        let called = ctx.groups_of(turn.stage).intersection(ctx.demands.walkers);
        let since_up = turn.up.map_or(Millis::ZERO, |up| ctx.now.since(up));
        let others = ctx.demands.all().difference(ctx.groups_of(turn.stage));
        if since_up <= JOIN || others.is_empty() {
            return called;
        }
        let is_bound = self
            .choice
            .is_some_and(|choice| choice.limit != Limit::None);
        if is_bound {
            GroupSet::EMPTY
        } else {
            rest::short_walks(ctx, turn.stage, called)
        }
    }
}

/// True while a service that has begun in the stage has not had its time.
fn is_promised(ctx: &PolicyContext<'_>, stage: StageId) -> bool {
    let running = ctx.groups_of(stage).intersection(ctx.go);
    running.iter().any(|group| ctx.is_promised(group))
}

impl Turn {
    fn begin(ctx: &PolicyContext<'_>, stage: StageId) -> Self {
        Self {
            plan: ctx.plan_id,
            stage,
            since: ctx.now,
            up: None,
            leaving: None,
            held: None,
        }
    }

    /// Notes the moment the stage is up.
    fn look(&mut self, ctx: &PolicyContext<'_>) {
        if self.up.is_some() {
            return;
        }
        let own = ctx.groups_of(self.stage);
        let vehicles = own.difference(ctx.walks_in(own));
        if vehicles.is_subset(ctx.go) || ctx.now.since(self.since) >= START_MAX {
            self.up = Some(ctx.now);
        }
    }
}

impl Policy for Adaptive {
    fn kind(&self) -> PolicyKind {
        PolicyKind::Adaptive
    }

    fn propose(&mut self, ctx: &PolicyContext<'_>, budget: &mut StepBudget) -> Option<Wish> {
        if ctx.picture.source() == PictureSource::None {
            return None;
        }
        let mut turn = match self.turn {
            Some(turn) if ctx.in_control && turn.plan == ctx.plan_id => turn,
            Some(_) | None => Turn::begin(ctx, ctx.nearest_stage()?),
        };
        turn.look(ctx);
        let mut desk = self.desk.take().unwrap_or_else(|| Desk::of(ctx.site));
        self.think(ctx, &mut turn, &mut desk);
        if let Some((next, due)) = turn.leaving
            && ctx.now >= due
        {
            let since = *turn.held.get_or_insert(ctx.now);
            if units::secs(ctx.now.since(since)) >= ctx.site.tuning.box_hold_s {
                self.memory.doubt_who_stands_inside();
            }
            if !self.is_box_full(ctx, &desk, &turn, next) {
                turn = Turn::begin(ctx, next);
            }
        } else if let Some((next, due)) = turn.leaving
            && turn.held.is_none()
            && ctx.now + Millis::from_secs(1) >= due
            && self.is_box_full(ctx, &desk, &turn, next)
        {
            turn.held = Some(due);
        }
        self.desk = Some(desk);
        self.turn = Some(turn);
        Some(self.wish(ctx, &turn, budget))
    }

    fn reset(&mut self) {
        self.turn = None;
    }

    fn choice(&self) -> Option<&Choice> {
        self.choice.as_ref()
    }
}
