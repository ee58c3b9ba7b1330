//! The rate rule as a policy of the product: for sites with walkers, riders and clearances of their
//! own, where a table of letters would not do.
//!
//! It chooses by the same index as [`super::rules`], every second, from the same picture and the
//! same buttons as adaptive control. What a change takes and what must not be green together is the
//! kernel's, and nobody waits longer than the everyday bounds allow.

use greenwave::detect::{PictureSource, Sighting};
use greenwave::ids::{GroupId, StageId};
use greenwave::kernel::ModeWish;
use greenwave::plan::CheckedSite;
use greenwave::policy::{Policy, PolicyContext, PolicyKind, Reason, StepBudget, Wish};
use greenwave::signal::GroupSet;
use greenwave::units::{Millis, Mono};

use super::rules::{
    CHANGED_MIN_S, HEADWAY_S, RED_MAX_S, RUNNING_MIN_S, START_S, YIELDING_HEADWAY_S, arrival_s,
};

/// A walk that is called this soon after its stage has come up still starts with it.
const JOIN: Millis = Millis::from_secs(8);
/// Standing vehicles that, with this much of the road taken, make it full: number and per mille.
const FULL: (u8, u16) = (2, 850);

/// One site's rate rule.
#[derive(Clone, Debug, Default)]
pub struct RatePolicy {
    stage: Option<StageId>,
    /// All vehicles of the stage have had green together since.
    up: Option<Mono>,
    leaving: Option<StageId>,
    looked: Mono,
    /// Vehicles that went each way so far, as the sensors told.
    passed: Vec<f64>,
    told: Vec<u16>,
}

impl RatePolicy {
    /// The rule of `site` before its first second.
    #[must_use]
    pub fn new(site: &CheckedSite) -> Self {
        let ways = site.movements().count();
        Self {
            passed: vec![1.0; ways],
            told: vec![0; ways],
            ..Self::default()
        }
    }

    fn look(&mut self, ctx: &PolicyContext<'_>) {
        let ways = ctx.picture.movements().iter();
        for ((seen, told), passed) in ways.zip(&mut self.told).zip(&mut self.passed) {
            *passed += f64::from(seen.departed.wrapping_sub(*told));
            *told = seen.departed;
        }
    }

    /// The stage to leave for, if another one is worth more.
    fn choose(&self, ctx: &PolicyContext<'_>, present: StageId) -> Option<StageId> {
        let overdue =
            |group: &GroupId| ctx.demands.waited(*group, ctx.now) >= Millis::from_secs(RED_MAX_S);
        let waiting = ctx.demands.all().difference(ctx.go);
        if let Some(group) = waiting.iter().find(overdue) {
            let serves = |stage: &StageId| groups_of(ctx, *stage).contains(group);
            return stages(ctx).find(serves).filter(|stage| *stage != present);
        }
        let mut best = (None, self.rate(ctx, present, present));
        for stage in stages(ctx).filter(|stage| *stage != present) {
            let rate = self.rate(ctx, stage, present);
            if rate > best.1 {
                best = (Some(stage), rate);
            }
        }
        best.0
    }

    /// Most people and vehicles served per second of lost time and clearing.
    fn rate(&self, ctx: &PolicyContext<'_>, stage: StageId, present: StageId) -> f64 {
        let (lost_s, least_s) = if stage == present {
            (0.0, RUNNING_MIN_S)
        } else {
            let change = ctx.kernel.entry_time(ctx.now, entering(ctx, stage));
            let change_s = seconds(change.unwrap_or(Millis::from_secs(60)));
            (change_s + START_S, change_s + CHANGED_MIN_S)
        };
        let groups = groups_of(ctx, stage);
        let mut served: Vec<(f64, f64)> = Vec::new();
        let walks = walks_in(ctx, groups).intersection(ctx.demands.walkers);
        let startable = if stage == present {
            self.may_start(ctx, stage)
        } else {
            walks
        };
        let weight = f64::from(ctx.site.tuning.walk_weight);
        served.extend(
            walks
                .intersection(startable)
                .iter()
                .map(|_| (lost_s, weight)),
        );
        self.serve_lanes(ctx, groups, lost_s, &mut served);
        served.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut sum, mut best) = (0.0, 0.0_f64);
        for (gone_s, share) in served {
            sum += share;
            best = best.max(sum / gone_s.max(least_s));
        }
        best
    }

    /// Adds when each vehicle that the groups let go is gone, and how much of one it is.
    fn serve_lanes(
        &self,
        ctx: &PolicyContext<'_>,
        groups: GroupSet,
        lost_s: f64,
        served: &mut Vec<(f64, f64)>,
    ) {
        let mut way = 0;
        let lanes = ctx.site.approaches.iter().flat_map(|a| &a.lanes);
        for (lane, known) in (0_u8..).zip(lanes) {
            let ways = way..way + known.movements.len();
            way = ways.end;
            let queue = ctx.picture.sightings().iter();
            let queue = queue.filter(|seen| seen.lane == lane);
            let own = || known.movements.iter().zip(ways.clone());
            let open = || own().filter(|(way, _)| groups.contains(way.group));
            let mut full = open().map(|(_, at)| is_full(ctx, at));
            if open().next().is_none() || full.all(|full| full) {
                continue;
            }
            let part = |at: usize| self.passed.get(at).copied().unwrap_or(1.0);
            let (passing, all): (f64, f64) = (
                open().map(|(_, at)| part(at)).sum(),
                own().map(|(_, at)| part(at)).sum(),
            );
            let yields = open().all(|(way, _)| {
                let to = ctx.site.yields.get(way.group.index()).copied();
                !to.unwrap_or_default().is_disjoint(groups)
            });
            let headway_s = if yields {
                YIELDING_HEADWAY_S
            } else {
                HEADWAY_S
            };
            let mut coming: Vec<(f64, f64)> = queue.map(arrival).collect();
            coming.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut last_s = lost_s;
            for (at_s, share) in coming {
                last_s = last_s.max(at_s) + headway_s * share;
                served.push((last_s, share * passing / all));
            }
        }
    }

    /// Walks of the stage that may still start in it.
    fn may_start(&self, ctx: &PolicyContext<'_>, stage: StageId) -> GroupSet {
        let groups = groups_of(ctx, stage);
        let others = ctx.demands.all().difference(groups);
        let up_for = self.up.map_or(Millis::ZERO, |up| ctx.now.since(up));
        if up_for <= JOIN || others.is_empty() {
            walks_in(ctx, groups)
        } else {
            GroupSet::EMPTY
        }
    }

    /// True if every service that has begun in the stage has had its time.
    fn may_leave(&self, ctx: &PolicyContext<'_>, stage: StageId) -> bool {
        let running = groups_of(ctx, stage).intersection(ctx.go);
        self.up.is_some() && !running.iter().any(|group| is_promised(ctx, group))
    }

    fn wanted(&self, ctx: &PolicyContext<'_>, stage: StageId) -> GroupSet {
        let own = groups_of(ctx, stage);
        let walks = walks_in(ctx, own);
        let promised: GroupSet = (own.intersection(ctx.go).iter())
            .filter(|group| is_promised(ctx, *group))
            .collect();
        let Some(next) = self.leaving else {
            let starting = (walks.intersection(ctx.demands.walkers))
                .intersection(self.may_start(ctx, stage))
                .difference(ctx.go);
            return own.difference(walks).union(promised).union(starting);
        };
        let starters = entering(ctx, next).difference(own.difference(walks));
        let conflicts = ctx.site.safety.conflicts();
        let due = ctx.kernel.entry_time(ctx.now, starters).unwrap_or_default();
        let stays = |group: &GroupId| {
            let hostile = conflicts.hostile_to(*group).intersection(starters);
            let to = hostile.iter().map(|to| conflicts.clearance(*group, to));
            to.max().is_none_or(|lead| due > lead + Millis::new(100))
        };
        let vehicles = own.difference(walks).intersection(ctx.go);
        let kept: GroupSet = vehicles.iter().filter(stays).collect();
        let kept = kept.union(promised);
        let in_the_way = conflicts.hostile_to_any(starters);
        if kept.is_disjoint(in_the_way) {
            kept.union(starters)
        } else {
            kept
        }
    }
}

impl Policy for RatePolicy {
    fn kind(&self) -> PolicyKind {
        PolicyKind::Adaptive
    }

    fn propose(&mut self, ctx: &PolicyContext<'_>, _: &mut StepBudget) -> Option<Wish> {
        if ctx.picture.source() == PictureSource::None {
            return None;
        }
        let mut stage = match self.stage {
            Some(stage) if ctx.in_control => stage,
            Some(_) | None => {
                (self.up, self.leaving) = (None, None);
                nearest(ctx)?
            }
        };
        if let Some(next) = self.leaving
            && is_up(ctx, next)
        {
            (stage, self.up, self.leaving) = (next, None, None);
        }
        if self.up.is_none() && is_up(ctx, stage) {
            self.up = Some(ctx.now);
        }
        if ctx.picture.taken() != self.looked {
            self.looked = ctx.picture.taken();
            self.look(ctx);
            if self.leaving.is_none() && self.may_leave(ctx, stage) {
                self.leaving = self.choose(ctx, stage);
            }
        }
        self.stage = Some(stage);
        Some(Wish {
            mode: ModeWish::Normal,
            groups: self.wanted(ctx, stage),
            stage: Some(stage),
            source: PolicyKind::Adaptive,
            reason: Reason::Serving(stage),
        })
    }

    fn reset(&mut self) {
        self.stage = None;
    }
}

fn stages<'a>(ctx: &PolicyContext<'a>) -> impl Iterator<Item = StageId> + use<'a> {
    ctx.plan.sequence.iter().map(|entry| entry.stage)
}

fn groups_of(ctx: &PolicyContext<'_>, stage: StageId) -> GroupSet {
    let info = ctx.site.stages.get(stage.index());
    info.map_or(GroupSet::EMPTY, |info| info.stage.groups)
}

fn walks_in(ctx: &PolicyContext<'_>, groups: GroupSet) -> GroupSet {
    let walks = |group: &GroupId| {
        let info = ctx.site.groups.get(group.index());
        info.is_some_and(|info| info.walk.is_some())
    };
    groups.iter().filter(walks).collect()
}

fn vehicles_of(ctx: &PolicyContext<'_>, stage: StageId) -> GroupSet {
    let groups = groups_of(ctx, stage);
    groups.difference(walks_in(ctx, groups))
}

/// True if all vehicles of the stage have green; where there are none, its walks that somebody
/// waits for.
fn is_up(ctx: &PolicyContext<'_>, stage: StageId) -> bool {
    let vehicles = vehicles_of(ctx, stage);
    if vehicles.is_empty() {
        entering(ctx, stage).is_subset(ctx.go)
    } else {
        vehicles.is_subset(ctx.go)
    }
}

/// The stage's vehicles and those of its walks that somebody waits for or that run.
fn entering(ctx: &PolicyContext<'_>, stage: StageId) -> GroupSet {
    let groups = groups_of(ctx, stage);
    let walks = walks_in(ctx, groups);
    let called = walks.intersection(ctx.demands.walkers.union(ctx.go));
    groups.difference(walks).union(called)
}

/// True while a service that has begun has not had its shortest green or its walk.
fn is_promised(ctx: &PolicyContext<'_>, group: GroupId) -> bool {
    let least = ctx.site.safety.timing(group).map(|timing| timing.green_min);
    let info = ctx.site.groups.get(group.index());
    let walk = info.and_then(|info| info.walk).map(|walk| walk.walk);
    let service = walk.unwrap_or_default().max(least.unwrap_or_default());
    let green = ctx.kernel.green_for(group, ctx.now);
    green.is_some_and(|green| green < service)
}

/// The stage that shares most with what has right of way.
fn nearest(ctx: &PolicyContext<'_>) -> Option<StageId> {
    stages(ctx).max_by_key(|stage| groups_of(ctx, *stage).intersection(ctx.go).len())
}

/// True if the road that a movement leads into is full.
fn is_full(ctx: &PolicyContext<'_>, way: usize) -> bool {
    ctx.picture.movements().get(way).is_some_and(|seen| {
        let (standing, taken) = FULL;
        seen.exit_blocked || (seen.exit_standing >= standing && seen.exit_taken > taken)
    })
}

fn arrival(seen: &Sighting) -> (f64, f64) {
    let metres = f64::from(seen.distance.as_mm()) / 1000.0;
    let speed_mps = f64::from(seen.speed.as_mm_per_s()) / 1000.0;
    (arrival_s(metres, speed_mps), f64::from(seen.share) / 1000.0)
}

fn seconds(time: Millis) -> f64 {
    f64::from(time.as_ms()) / 1000.0
}
