//! One site: its detection, policies and kernel, and what they last decided.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::corridor::Lease;
use crate::detect::{Detection, FieldInputs, Sighting};
use crate::ids::PlanId;
use crate::kernel::{Concern, Event, Kernel, Outputs};
use crate::plan::CheckedSite;
use crate::policy::{DecideContext, Decision, Manual, PolicyKind, SitePolicies};
use crate::units::{CivilTime, Millis, Mono};

/// Seconds of the day at which a detector that is quiet for long is a broken one: 06:00 to 22:00.
const DAY: core::ops::Range<u32> = 21_600..79_200;

/// The state of one site. Plain data: clone it and you have a twin.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SiteState {
    kernel: Kernel,
    detection: Detection,
    policies: SitePolicies,
    plan: PlanId,
    manual: Option<Manual>,
    reset: bool,
    #[serde(skip)]
    last: Option<SiteCycle>,
}

/// What one cycle of one site decided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SiteCycle {
    /// What the policies asked for, who won and who lost.
    pub decision: Decision,
    /// What the kernel made of it.
    pub outputs: Outputs,
}

/// What a site is told at the start of its cycle.
#[derive(Clone, Copy, Debug)]
pub(super) struct SiteTurn<'a> {
    /// The moment of the cycle.
    pub(super) now: Mono,
    /// Milliseconds of the city's coordination clock.
    pub(super) clock_ms: u64,
    /// What the cabinet told us.
    pub(super) inputs: &'a FieldInputs,
    /// The corridor lease in force, if any.
    pub(super) lease: Option<&'a Lease>,
}

impl SiteState {
    /// A site that has not started yet: its kernel begins with the start-up sequence.
    #[must_use]
    pub fn new(site: &CheckedSite, now: Mono) -> Self {
        Self {
            kernel: Kernel::new(Arc::clone(&site.safety), now),
            detection: Detection::new(site),
            policies: SitePolicies::new(site, now),
            plan: PlanId::default(),
            manual: None,
            reset: false,
            last: None,
        }
    }

    /// Gives the kernel its safety table back after the state was read from a snapshot.
    pub fn attach(&mut self, site: &CheckedSite) {
        self.kernel.attach(Arc::clone(&site.safety));
    }

    /// The site's kernel.
    #[must_use]
    pub const fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// The site's detection.
    #[must_use]
    pub const fn detection(&self) -> &Detection {
        &self.detection
    }

    /// The site's policies.
    #[must_use]
    pub const fn policies(&self) -> &SitePolicies {
        &self.policies
    }

    /// The plan that is due.
    #[must_use]
    pub const fn plan(&self) -> PlanId {
        self.plan
    }

    /// The operator's act, if one is in force.
    #[must_use]
    pub const fn manual(&self) -> Option<&Manual> {
        self.manual.as_ref()
    }

    /// What the last cycle decided; nothing before the first one.
    #[must_use]
    pub const fn last(&self) -> Option<&SiteCycle> {
        self.last.as_ref()
    }

    /// True if the plan itself decided the last cycle: no lease, no hand, no bound.
    #[must_use]
    pub fn follows_plan(&self) -> bool {
        self.last
            .as_ref()
            .is_some_and(|cycle| cycle.decision.winner.source < PolicyKind::Recovery)
    }

    pub(super) const fn set_latency(&mut self, latency: Millis) {
        self.kernel.set_latency(latency);
    }

    pub(super) fn set_manual(&mut self, manual: Option<Manual>) {
        self.manual = manual;
    }

    pub(super) const fn ask_reset(&mut self) {
        self.reset = true;
    }

    pub(super) fn choose_plan(&mut self, site: &CheckedSite, civil: CivilTime) {
        self.plan = site.schedule.plan_at(civil);
        self.detection.set_day(DAY.contains(&civil.second_of_day));
    }

    /// Runs this plan instead of the one that is due, until one is chosen again.
    pub(super) const fn run_plan(&mut self, plan: PlanId) {
        self.plan = plan;
    }

    /// Hears who drives to the site beyond what its own detectors see.
    pub(super) fn expect(&mut self, ahead: &[Sighting]) {
        self.detection.expect(ahead);
    }

    /// The six steps of one cycle.
    pub(super) fn cycle(&mut self, site: &CheckedSite, turn: SiteTurn<'_>) {
        let now = turn.now;
        if self
            .manual
            .as_ref()
            .is_some_and(|manual| manual.until <= now)
        {
            self.manual = None;
        }
        self.detection
            .step(now, turn.inputs, site, self.kernel.go_set());
        let mut decision = self.policies.decide(&DecideContext {
            now,
            clock_ms: turn.clock_ms,
            plan: self.plan,
            site,
            demands: self.detection.demands(),
            picture: self.detection.picture(),
            doubts: self.detection.doubts(site),
            kernel: &self.kernel,
            lease: turn.lease,
            manual: self.manual.as_ref(),
        });
        // The arbiter has put the plan below it in force already; the kernel keeps the fault.
        let failed = self.policies.has_fallen_back(now);
        self.kernel.report(Concern::PolicyFailed, failed);
        decision.request.reset = core::mem::take(&mut self.reset);
        let outputs = self
            .kernel
            .step(now, &decision.request, &turn.inputs.readback);
        if self.kernel.events().contains(&Event::InsertAllDemands) {
            self.detection.insert_demands(site);
        }
        self.last = Some(SiteCycle { decision, outputs });
    }
}
