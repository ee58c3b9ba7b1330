//! A rig that runs the small junction of detection's tests in virtual time.

use std::sync::Arc;

pub(super) use crate::detect::testing::*;

use super::*;
use crate::corridor::Lease;
use crate::detect::{Detection, FieldInputs};
use crate::ids::PlanId;
use crate::kernel::{CabinetState, Event, Kernel, Mode, Readback};
use crate::plan::CheckedSite;
use crate::signal::{GroupSet, Indication, Observed};
use crate::units::{Millis, Mono, TICK};

/// A site that runs: field inputs, detection, policies, kernel and a cabinet that obeys.
#[derive(Clone)]
pub(super) struct Rig<P = Adaptive> {
    pub(super) site: CheckedSite,
    pub(super) kernel: Kernel,
    pub(super) detection: Detection,
    pub(super) policies: SitePolicies<P>,
    pub(super) inputs: FieldInputs,
    pub(super) plan: PlanId,
    pub(super) now: Mono,
    /// What the city's cycle clock is ahead of the monotonic clock.
    pub(super) clock_ahead: u64,
    pub(super) lease: Option<Lease>,
    pub(super) manual: Option<Manual>,
    pub(super) last: Decision,
    /// Longest wait from demand to go seen so far, per group.
    pub(super) waits: [Millis; 32],
    /// The groups with right of way after each cycle that changed them.
    pub(super) shown: Vec<GroupSet>,
}

impl Rig {
    /// A rig in normal operation, at a moment when its programme clock stands at zero.
    pub(super) fn new(plan: PlanId) -> Self {
        Self::with(junction(), plan)
    }

    pub(super) fn with(site: CheckedSite, plan: PlanId) -> Self {
        let policies = SitePolicies::new(&site, Mono::ZERO);
        Rig::of(site, plan, policies)
    }
}

impl<P: Policy> Rig<P> {
    pub(super) fn of(site: CheckedSite, plan: PlanId, policies: SitePolicies<P>) -> Self {
        let mut rig = Self {
            kernel: Kernel::new(Arc::clone(&site.safety), Mono::ZERO),
            detection: Detection::new(&site),
            policies,
            inputs: FieldInputs::default(),
            plan,
            now: Mono::ZERO,
            clock_ahead: 0,
            lease: None,
            manual: None,
            last: Decision::default(),
            waits: [Millis::ZERO; 32],
            shown: Vec::new(),
            site,
        };
        while rig.kernel.mode() != Mode::Normal {
            rig.tick();
        }
        rig
    }

    /// Two drawings of the next 150 s: as it is, and after `change`.
    pub(super) fn draw_after(&mut self, change: impl FnOnce(&mut Self)) -> (String, String) {
        let mut twin = self.clone();
        change(&mut twin);
        (self.draw(150), twin.draw(150))
    }

    /// Runs until the programme clock of the cycle of 100 s stands at `second`.
    pub(super) fn run_to_second(&mut self, second: u64) {
        while !(self.now.as_ms() + self.clock_ahead + 100_000 - second * 1000)
            .is_multiple_of(100_000)
        {
            self.tick();
        }
    }

    pub(super) fn tick(&mut self) {
        self.now = self.now + TICK;
        let mut lamps = [Observed::NoSensor; 32];
        for (group, lamp) in self.site.safety.all_groups().iter().zip(&mut lamps) {
            *lamp = Observed::Lamps(self.kernel.shown(group));
        }
        self.inputs.readback = Readback {
            cabinet: CabinetState::Following,
            age: TICK,
            boot_count: 1,
            lamps,
        };
        let before = self.kernel.go_set();
        self.detection
            .step(self.now, &self.inputs, &self.site, before);
        self.last = self.policies.decide(&DecideContext {
            now: self.now,
            clock_ms: self.now.as_ms() + self.clock_ahead,
            plan: self.plan,
            site: &self.site,
            demands: self.detection.demands(),
            picture: self.detection.picture(),
            doubts: self.detection.doubts(&self.site),
            kernel: &self.kernel,
            lease: self.lease.as_ref(),
            manual: self.manual.as_ref(),
        });
        let _ = (self.kernel).step(self.now, &self.last.request, &self.inputs.readback);
        if self.kernel.events().contains(&Event::InsertAllDemands) {
            self.detection.insert_demands(&self.site);
        }
        for (group, longest) in self.site.safety.all_groups().iter().zip(&mut self.waits) {
            let waited = self.detection.demands().waited(group, self.now);
            *longest = waited.max(*longest);
        }
        if self.kernel.go_set() != before {
            self.shown.push(self.kernel.go_set());
        }
    }

    pub(super) fn run(&mut self, seconds: u32) {
        for _ in 0..seconds * 10 {
            self.tick();
        }
    }

    /// Puts a vehicle on a detector channel, or takes it away.
    pub(super) fn occupy(&mut self, channel: u8, occupied: bool) {
        if occupied {
            self.inputs.occupied |= 1 << channel;
        } else {
            self.inputs.occupied &= !(1 << channel);
        }
    }

    pub(super) fn press(&mut self, channel: u8) {
        let presses = &mut self.inputs.presses[usize::from(channel)];
        *presses = presses.wrapping_add(1);
    }

    /// One row per group, one letter per second: `G` go, `a` amber, `f` flashing green, `.` red.
    pub(super) fn draw(&mut self, seconds: u32) -> String {
        let mut rows = vec![String::new(); self.site.groups.len()];
        for _ in 0..seconds {
            for (row, group) in rows.iter_mut().zip(self.site.safety.all_groups()) {
                row.push(match self.kernel.shown(group) {
                    Indication::Green => 'G',
                    Indication::Amber => 'a',
                    Indication::FlashingGreen => 'f',
                    Indication::Red => '.',
                    other => panic!("{other:?} in normal operation"),
                });
            }
            self.run(1);
        }
        rows.join("\n")
    }
}
