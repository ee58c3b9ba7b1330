//! What the search works with, laid out anew every second.

use alloc::sync::Arc;

use super::super::actuated::entering;
use super::super::context::PolicyContext;
use super::super::show::change_time;
use super::arrivals::Arrivals;
use super::model::Model;
use super::search::Search;
use super::service::Services;
use super::units::secs;
use crate::detect::SIGHTINGS_MAX;
use crate::ids::GroupId;
use crate::plan::{CheckedSite, PlanMode};
use crate::signal::GroupSet;
use crate::units::Millis;

/// What the search works with: rebuilt every second, kept so that nothing is allocated.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    pub(super) model: Arc<Model>,
    pub(super) arrivals: Arrivals,
    pub(super) services: Services,
    pub(super) search: Search,
    pub(super) scores: Vec<f32>,
    pub(super) change_now_s: Vec<f32>,
    pub(super) tail_s: Vec<f32>,
    pub(super) change_s: Vec<f32>,
    pub(super) green_min_s: Vec<f32>,
    pub(super) allowed: Vec<bool>,
}

impl Desk {
    /// With room for the fullest picture, so that no cycle allocates; a site without a plan in
    /// adaptive mode never decides and gets none.
    pub(super) fn of(site: &CheckedSite) -> Self {
        let model = Model::of(site);
        let decides = (site.plans.iter()).any(|plan| plan.mode == PlanMode::Adaptive);
        let (stages, lanes, vehicles) = if decides {
            let lanes = model.lanes.len();
            (site.stages.len(), lanes, SIGHTINGS_MAX + lanes)
        } else {
            (0, 0, 0)
        };
        let per_stage = || Vec::with_capacity(stages);
        Self {
            arrivals: Arrivals::with_room(vehicles, lanes),
            services: Services::with_room(stages, lanes),
            search: Search::with_room(vehicles, lanes),
            model: Arc::new(model),
            scores: per_stage(),
            change_now_s: per_stage(),
            tail_s: per_stage(),
            change_s: Vec::with_capacity(stages * stages),
            green_min_s: per_stage(),
            allowed: Vec::with_capacity(stages),
        }
    }

    /// Lays out how long every change and every green has to be, as things stand now.
    pub(super) fn lay_times(&mut self, ctx: &PolicyContext<'_>, present: usize) {
        let count = self.services.stages.len();
        self.change_now_s.clear();
        self.tail_s.clear();
        self.change_s.clear();
        self.green_min_s.clear();
        let own = self
            .services
            .groups
            .get(present)
            .copied()
            .unwrap_or_default();
        for (groups, stage) in self.services.groups.iter().zip(&self.services.stages) {
            let starters = entering(ctx, *stage).difference(own);
            let change = change_time(ctx, starters);
            let vehicles = vehicle_change(ctx, own.difference(*groups), starters);
            self.change_now_s.push(secs(change));
            self.tail_s.push(secs(change.saturating_sub(vehicles)));
            self.green_min_s.push(secs(least_green(ctx, *groups)));
        }
        for from in 0..count {
            for to in 0..count {
                let groups = |at: usize| self.services.groups.get(at).copied().unwrap_or_default();
                let starters = groups(to).difference(groups(from));
                let leaving = groups(from).difference(groups(to));
                self.change_s
                    .push(secs(vehicle_change(ctx, leaving, starters)));
            }
        }
    }
}

/// How long the vehicles of `leaving` need until all of `starters` may be in go.
fn vehicle_change(ctx: &PolicyContext<'_>, leaving: GroupSet, starters: GroupSet) -> Millis {
    let vehicles = leaving.iter().filter(|group| ctx.walk(*group).is_none());
    vehicles
        .map(|group| ctx.lead(group, starters))
        .max()
        .unwrap_or_default()
}

/// The shortest green of a stage for its vehicles: their own, or that of the walks that somebody
/// waits for, with the time the walkers need to clear beyond the vehicles' change.
fn least_green(ctx: &PolicyContext<'_>, groups: GroupSet) -> Millis {
    let others = ctx.site.safety.all_groups().difference(groups);
    let change = vehicle_change(ctx, groups, others);
    let of = |group: GroupId| {
        if ctx.walk(group).is_none() {
            ctx.timing(group)
                .map_or(Millis::ZERO, |timing| timing.green_min)
        } else if ctx.demands.walkers.contains(group) {
            (ctx.service(group) + ctx.lead(group, others)).saturating_sub(change)
        } else {
            Millis::ZERO
        }
    };
    groups.iter().map(of).max().unwrap_or_default()
}
