//! What can stand in lockstep with SUMO: the whole city of the product, or the same city with
//! another rule in the place of adaptive control.

use std::sync::Arc;

use greenwave::controller::{City, CycleInputs};
use greenwave::corridor::Lease;
use greenwave::detect::{Detection, FieldInputs};
use greenwave::ids::{PlanId, SiteId};
use greenwave::kernel::{Event, Kernel, Outputs};
use greenwave::plan::CheckedSite;
use greenwave::policy::{DecideContext, Policy, SitePolicies};
use greenwave::sim::SiteLamps;
use greenwave::units::Mono;

/// Everything that decides about the lamps of a city.
pub trait Core {
    /// One cycle of 100 ms; `leases` are those that no corridor of the core's own asks for.
    fn cycle(&mut self, inputs: &CycleInputs<'_>, leases: &[(SiteId, Lease)]);

    /// Writes the lamps of every site.
    fn show(&self, lamps: &mut [SiteLamps]);

    /// What a site wants and believes, a line each.
    fn explain(&self, site: usize, field: &FieldInputs) -> Vec<String>;

    /// The city, for whoever keeps a journal of it; nothing keeps one of any other core.
    fn recorded(&self) -> Option<&City> {
        None
    }
}

impl Core for City {
    fn recorded(&self) -> Option<&City> {
        Some(self)
    }

    fn cycle(&mut self, inputs: &CycleInputs<'_>, leases: &[(SiteId, Lease)]) {
        self.cycle_with(inputs, leases);
    }

    fn show(&self, lamps: &mut [SiteLamps]) {
        for (lamps, site) in lamps.iter_mut().zip(self.sites()) {
            if let Some(cycle) = site.last() {
                *lamps = cycle.outputs.all_lamps();
            }
        }
    }

    fn explain(&self, site: usize, field: &FieldInputs) -> Vec<String> {
        let mut lines = Vec::new();
        let (Some(state), Some(plan)) = (self.sites().get(site), self.plans().get(site)) else {
            return lines;
        };
        lines.push(format!("site {}", plan.id));
        if let Some(cycle) = state.last() {
            lines.push(format!("decision {:?}", cycle.decision));
        }
        let choice = state.policies().adaptive().choice();
        lines.push(format!("choice {choice:?}"));
        let ways = plan.movements().zip(&field.area.movements);
        for ((approach, lane, way), seen) in ways {
            let approach = plan.approaches.get(approach.index());
            let road = approach.map_or("", |approach| approach.road.as_str());
            let group = plan.groups.get(way.group.index());
            let group = group.map_or("", |group| group.name.as_str());
            lines.push(format!(
                "way {road}_{lane} {group} {:?} {seen:?}",
                way.turns
            ));
        }
        lines
    }
}

/// One site of [`RuledCity`].
#[derive(Clone, Debug)]
struct RuledSite<P> {
    site: Arc<CheckedSite>,
    kernel: Kernel,
    detection: Detection,
    policies: SitePolicies<P>,
    plan: PlanId,
    outputs: Option<Outputs>,
}

/// The sites of a city with `P` where the product has adaptive control: the same detection, the
/// same bounds on everybody's wait, the same kernel.
#[derive(Clone, Debug)]
pub struct RuledCity<P> {
    sites: Vec<RuledSite<P>>,
}

impl<P: Policy> RuledCity<P> {
    /// The city before its first cycle; `rule` makes the policy of a site.
    #[must_use]
    pub fn new(sites: &[Arc<CheckedSite>], rule: impl Fn(&CheckedSite) -> P) -> Self {
        let begin = |site: &Arc<CheckedSite>| RuledSite {
            kernel: Kernel::new(Arc::clone(&site.safety), Mono::ZERO),
            detection: Detection::new(site),
            policies: SitePolicies::with_adaptive(site, Mono::ZERO, rule(site)),
            plan: PlanId::default(),
            outputs: None,
            site: Arc::clone(site),
        };
        Self {
            sites: sites.iter().map(begin).collect(),
        }
    }
}

impl<P: Policy> Core for RuledCity<P> {
    fn cycle(&mut self, inputs: &CycleInputs<'_>, _: &[(SiteId, Lease)]) {
        for (site, field) in self.sites.iter_mut().zip(inputs.fields) {
            site.plan = site.site.schedule.plan_at(inputs.civil);
            site.cycle(inputs.now, field);
        }
    }

    fn show(&self, lamps: &mut [SiteLamps]) {
        for (lamps, site) in lamps.iter_mut().zip(&self.sites) {
            if let Some(outputs) = &site.outputs {
                *lamps = outputs.all_lamps();
            }
        }
    }

    fn explain(&self, _: usize, _: &FieldInputs) -> Vec<String> {
        Vec::new()
    }
}

impl<P: Policy> RuledSite<P> {
    fn cycle(&mut self, now: Mono, field: &FieldInputs) {
        let (site, kernel) = (self.site.as_ref(), &mut self.kernel);
        self.detection.step(now, field, site, kernel.go_set());
        let decision = self.policies.decide(&DecideContext {
            now,
            clock_ms: now.as_ms(),
            plan: self.plan,
            site,
            demands: self.detection.demands(),
            picture: self.detection.picture(),
            doubts: self.detection.doubts(site),
            kernel,
            lease: None,
            manual: None,
        });
        self.outputs = Some(kernel.step(now, &decision.request, &field.readback));
        if kernel.events().contains(&Event::InsertAllDemands) {
            self.detection.insert_demands(site);
        }
    }
}

#[cfg(test)]
#[path = "core_tests.rs"]
mod tests;
