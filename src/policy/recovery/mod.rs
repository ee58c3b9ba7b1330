//! Recovery: the way back into step after a corridor's hold, computed and not configured.
//!
//! When a lock ends, a few exits are driven through the same queues for some cycles: the plan's
//! clock at once, who is starved first, the short way round, smoothly, dwelling, or by queues. Owed
//! walkers come first in all of them; who would break somebody's bound is out; the least delay with
//! what spills back wins. The exit is then a wish above the plan and below every guard and corridor,
//! and over when the plan's clock is met. A plan without a cycle, and adaptive control, have no step
//! to get back into: their own demand or search is the exit, which the choice says.

mod choice;
mod exits;
mod street;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use choice::{Exit, ExitScore, Recovered};

use self::exits::{Programme, Scene};
use self::street::{Arrivals, Street};
use super::actuated::entering;
use super::budget::StepBudget;
use super::context::PolicyContext;
use super::show::Showing;
use super::wish::{PolicyKind, Reason, Wish};
use crate::ids::{PlanId, StageId};
use crate::kernel::ModeWish;
use crate::plan::{CheckedSite, PlanMode};
use crate::signal::GroupSet;
use crate::units::{Millis, Mono};

/// Cycles that are looked ahead.
const CYCLES: u32 = 4;
/// And no longer than this, seconds.
const AHEAD_MAX_S: u32 = 480;
/// Another exit than the plan's own has to save this many vehicle-seconds, and one in so many of what
/// the plan's own costs: a queue model sees neither the neighbours nor the end of a long queue.
const WORTH_FIXED: (u64, u64) = (50, 10);
/// The same of a coordinated plan, whose main road has what the others leave: measured, the lower bar
/// cost more there than it brought.
const WORTH_COORDINATED: (u64, u64) = (100, 5);
/// A lock shorter than this has left nothing to recover from.
const SHORT_LOCK: Millis = Millis::from_secs(5);
/// Most stages of an exit that is under way.
const SHOWN_MAX: usize = 24;

/// The recovery of one site. Plain data; the room of a search is made anew when needed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Recovery {
    arrivals: Arrivals,
    locked_since: Option<Mono>,
    running: Option<Running>,
    last: Option<Recovered>,
    #[serde(skip)]
    desk: Option<Desk>,
}

/// Two states are the same if they go on alike; the desk holds nothing that lasts.
impl PartialEq for Recovery {
    fn eq(&self, other: &Self) -> bool {
        self.arrivals == other.arrivals
            && self.locked_since == other.locked_since
            && self.running == other.running
            && self.last == other.last
    }
}

impl Eq for Recovery {}

#[derive(Clone, Debug)]
struct Desk {
    now: Street,
    tried: Street,
}

/// An exit under way: stages with the moment each is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Running {
    plan: PlanId,
    exit: Exit,
    began: Mono,
    stages: [Option<(StageId, Mono)>; SHOWN_MAX],
}

impl Recovery {
    pub(super) fn new(site: &CheckedSite) -> Self {
        Self {
            arrivals: Arrivals::of(site),
            desk: Some(Desk::of(site)),
            ..Self::default()
        }
    }

    /// The last choice of an exit; nothing before the first corridor.
    #[must_use]
    pub const fn last(&self) -> Option<&Recovered> {
        self.last.as_ref()
    }

    pub(super) fn reset(&mut self) {
        self.running = None;
        self.locked_since = None;
    }

    /// Notes what came and whether a corridor holds the site; what the exit under way wants.
    /// `plan` is the wish of the plan.
    pub(super) fn wish(
        &mut self,
        ctx: &PolicyContext<'_>,
        is_locked: bool,
        plan: &Wish,
        budget: &mut StepBudget,
    ) -> Option<Wish> {
        self.arrivals.observe(ctx.picture);
        if is_locked {
            self.running = None;
            self.locked_since = self.locked_since.or(Some(ctx.now));
            return None;
        }
        if let Some(since) = self.locked_since.take()
            && ctx.now.since(since) >= SHORT_LOCK
        {
            self.choose(ctx, plan, budget);
        }
        self.show(ctx, budget)
    }

    fn choose(&mut self, ctx: &PolicyContext<'_>, plan: &Wish, budget: &mut StepBudget) {
        self.running = None;
        let has_cycle = matches!(ctx.plan.mode, PlanMode::Coordinated | PlanMode::Fixed)
            && ctx.plan.cycle > Millis::ZERO;
        let scene = if has_cycle {
            Scene::of(ctx, plan.source == PolicyKind::Coordinated)
        } else {
            None
        };
        let mut recovered = Recovered {
            at: ctx.now,
            exit: Exit::Own,
            in_step: ctx.now,
            ..Recovered::default()
        };
        if let Some(mut scene) = scene {
            let mut desk = self.desk.take().unwrap_or_else(|| Desk::of(ctx.site));
            desk.now.lay_out(ctx, &self.arrivals, scene.place(0).groups);
            scene.find_owed(&desk.now);
            let best = desk.compare(&scene, &mut recovered, budget);
            self.desk = Some(desk);
            if let Some((exit, programme)) = best {
                recovered.exit = exit;
                recovered.in_step = ctx.now + Millis::from_secs(programme.seconds());
                let is_the_plans = exit == Exit::Return && !scene.owes();
                self.running = (!is_the_plans).then(|| Running {
                    plan: ctx.plan_id,
                    exit,
                    began: ctx.now,
                    stages: stages_of(&scene, &programme, ctx.now),
                });
            }
        }
        self.last = Some(recovered);
    }

    /// The groups of the exit that is under way.
    fn show(&mut self, ctx: &PolicyContext<'_>, budget: &mut StepBudget) -> Option<Wish> {
        let running = self.running.filter(|running| running.plan == ctx.plan_id);
        let mut began = running.map_or(ctx.now, |running| running.began);
        let stages = running.map(|running| running.stages).unwrap_or_default();
        let mut stages = stages.into_iter().flatten().peekable();
        let found = loop {
            let Some((stage, until)) = stages.next() else {
                break None;
            };
            if ctx.now < until {
                break Some((stage, until, stages.peek().map(|(next, _)| *next)));
            }
            began = until;
        };
        let (Some(running), Some((stage, until, next))) = (running, found) else {
            self.running = None;
            return None;
        };
        let own = ctx.groups_of(stage);
        let showing = Showing {
            stage,
            elapsed: ctx.now.since(began),
            remaining: next.map_or(Millis::MAX, |_| ctx.now.until(until)),
            remaining_walk: Millis::MAX,
            next: next.map_or(GroupSet::EMPTY, |next| entering(ctx, next)),
            walks: ctx.walks_in(own).intersection(ctx.demands.walkers),
            rest_in_walk: false,
        };
        Some(Wish {
            mode: ModeWish::Normal,
            groups: showing.groups(ctx, budget),
            stage: Some(stage),
            source: PolicyKind::Recovery,
            reason: Reason::Recovering(running.exit),
        })
    }
}

fn stages_of(
    scene: &Scene,
    programme: &Programme,
    now: Mono,
) -> [Option<(StageId, Mono)>; SHOWN_MAX] {
    let mut stages = [None; SHOWN_MAX];
    let mut at = 0;
    for slot in &mut stages {
        let Some((place, _, ends, _)) = programme.entry(at) else {
            break;
        };
        *slot = Some((scene.place(place).stage, now + Millis::from_secs(ends)));
        at = ends;
    }
    stages
}

impl Desk {
    fn of(site: &CheckedSite) -> Self {
        Self {
            now: Street::of(site),
            tried: Street::of(site),
        }
    }

    /// Scores every exit; the best one with its programme.
    fn compare(
        &mut self,
        scene: &Scene,
        recovered: &mut Recovered,
        budget: &mut StepBudget,
    ) -> Option<(Exit, Programme)> {
        let mut best: Option<((bool, u64), Exit, Programme)> = None;
        let (least, part) = if scene.by_demand {
            WORTH_COORDINATED
        } else {
            WORTH_FIXED
        };
        let mut worth = 0;
        for (slot, exit) in recovered.scores.iter_mut().zip(Exit::TRIED) {
            self.tried.copy(&self.now);
            let programme = scene.programme(exit, &mut self.tried);
            self.tried.copy(&self.now);
            if !self.drive(scene, &programme, budget) {
                break;
            }
            let cost = self.tried.cost;
            let vehicle_s = |milli: u64| u32::try_from(milli / 1000).unwrap_or(u32::MAX);
            *slot = Some(ExitScore {
                exit,
                delay_vehicle_s: vehicle_s(cost.delay),
                spillback_vehicle_s: vehicle_s(cost.spillback),
                red_max: Millis::from_secs(cost.red_max_s),
                breaks_bound: cost.breaks_bound,
            });
            let key = (cost.breaks_bound, cost.delay + worth);
            if best.is_none_or(|(found, _, _)| key < found) {
                best = Some((key, exit, programme));
            }
            if exit == Exit::Return {
                worth = (least * 1000).max(cost.delay / part);
            }
        }
        best.map(|(_, exit, programme)| (exit, programme))
    }

    /// Drives the street through the programme and then the plan; false if the turn is spent.
    fn drive(&mut self, scene: &Scene, programme: &Programme, budget: &mut StepBudget) -> bool {
        let ahead = (scene.cycle_s * CYCLES).min(AHEAD_MAX_S);
        let mut shown: Option<usize> = None;
        let mut groups = scene.go;
        let mut entering_until = 0;
        let mut split = usize::MAX;
        let mut passed_over = false;
        for at in 0..ahead {
            if !budget.spend(1) {
                return false;
            }
            let wanted = if let Some((place, ..)) = programme.entry(at) {
                place
            } else {
                let (place, _) = scene.by_clock(at);
                if split != place {
                    split = place;
                    passed_over = false;
                }
                // Who is not wanted gives the rest of its split to the coordinated stage.
                passed_over |= scene.by_demand
                    && place != 0
                    && at >= entering_until
                    && !self.tried.wants(scene.place(place).groups);
                if passed_over { 0 } else { place }
            };
            let info = scene.place(wanted);
            if shown != Some(wanted) {
                let change = shown.map_or(info.enter_s, |last| scene.place(last).change_s);
                entering_until = at + change;
                shown = Some(wanted);
            }
            let green = if at < entering_until {
                groups.intersection(info.groups)
            } else {
                groups = info.groups;
                info.groups
            };
            self.tried.second(green, scene.window(at));
        }
        true
    }
}
