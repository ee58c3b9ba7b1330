//! The ways to help an emergency vehicle that are compared, over the same kernels.

use greenwave::corridor::{Crossing, LEASE_TTL, Lease, LeaseStep};
use greenwave::ids::SiteId;
use greenwave::plan::CheckedSite;
use greenwave::shell::planner::Planner;
use greenwave::signal::GroupSet;
use greenwave::units::{Length, Millis, Mono};

use super::unit::Unit;
use crate::sumo::error::SumoError;
use crate::sumo::lockstep::Lockstep;
use crate::sumo::run::{Controller, StreetNow, Tally};

/// Distance at which a local detector calls, metres.
const LOCAL_M: f64 = 250.0;
/// Lead of the trigger by time.
const LEAD: Millis = Millis::from_secs(30);

/// How an emergency vehicle is helped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Not at all; it waits at reds.
    None,
    /// Not at all; it runs reds.
    BlueLight,
    /// Its approach is locked from 250 m before the stop line on.
    Local250,
    /// Its approach is locked from 30 s before the expected arrival on.
    Fixed30,
    /// The corridor engine.
    Ours,
}

/// All of them by name.
pub const METHODS: [(Method, &str); 5] = [
    (Method::None, "none"),
    (Method::BlueLight, "bluelight"),
    (Method::Local250, "local250"),
    (Method::Fixed30, "fixed30"),
    (Method::Ours, "ours"),
];

impl Method {
    /// The method of this name.
    ///
    /// # Errors
    /// There is none, in a sentence.
    pub fn parse(name: &str) -> Result<Self, String> {
        let known = METHODS.iter().find(|(_, known)| *known == name);
        known.map(|(found, _)| *found).ok_or_else(|| {
            let all: Vec<&str> = METHODS.iter().map(|(_, name)| *name).collect();
            format!("no method `{name}`: {}", all.join(", "))
        })
    }

    /// Its name.
    #[must_use]
    pub fn text(self) -> &'static str {
        let known = METHODS.iter().find(|(method, _)| *method == self);
        known.map_or("", |(_, text)| text)
    }
}

/// A city that helps emergency vehicles.
#[derive(Clone, Debug)]
pub struct Helped {
    /// The city.
    pub lockstep: Lockstep,
    /// The vehicles.
    pub units: Vec<Unit>,
    method: Method,
    planner: Planner,
    /// From SUMO's metres to those of the city.
    shift_m: (f64, f64),
    /// Seconds that leases of a trigger have locked sites.
    held_s: u32,
}

impl Helped {
    /// The city from this moment on.
    #[must_use]
    pub fn new(
        lockstep: Lockstep,
        units: Vec<Unit>,
        method: Method,
        (planner, shift_m): (Planner, (f64, f64)),
    ) -> Self {
        Self {
            lockstep,
            units,
            method,
            planner,
            shift_m,
            held_s: 0,
        }
    }

    /// Mean time a signal of the first vehicle's way was locked, seconds.
    #[must_use]
    pub fn lock_s_per_signal(&self) -> f64 {
        let Some(unit) = self.units.first() else {
            return 0.0;
        };
        let crossings = unit.plan.crossings.len().max(1);
        let count = f64::from(u32::try_from(crossings).unwrap_or(1));
        match self.method {
            Method::None | Method::BlueLight => 0.0,
            Method::Local250 | Method::Fixed30 => f64::from(self.held_s) / count,
            Method::Ours => {
                let crossings = unit.view.iter().flat_map(|view| &view.crossings);
                let held = crossings.map(|crossing| f64::from(crossing.held.as_ms()));
                held.sum::<f64>() / 1000.0 / count
            }
        }
    }

    /// True when every vehicle has arrived.
    #[must_use]
    pub fn all_arrived(&self) -> bool {
        self.units.iter().all(|unit| unit.watch.arrived.is_some())
    }

    /// Leases of a simple trigger: every stop line that is near, the nearest first.
    fn trigger(&mut self) {
        let now = self.lockstep.now();
        let mut due: Vec<(SiteId, Lease)> = Vec::new();
        for unit in self.units.iter().filter(|unit| unit.watch.drives()) {
            let along = Length::from_mm(millis(unit.watch.along_m));
            let clock = unit.plan.clock_at(along);
            for crossing in unit.plan.crossings.iter() {
                let mut gates = unit.watch.way.gates.iter();
                let gate = gates.find(|gate| gate.road == crossing.entry_road);
                let Some(gate) = gate.filter(|gate| !unit.watch.is_past(gate)) else {
                    continue;
                };
                let near = match self.method {
                    Method::Local250 => gate.stop_m - unit.watch.along_m <= LOCAL_M,
                    Method::Fixed30 => crossing.free_flow.saturating_sub(clock) <= LEAD,
                    Method::None | Method::BlueLight | Method::Ours => false,
                };
                if !near || crossing.groups.is_empty() {
                    continue;
                }
                let Some((_, held)) = due.iter_mut().find(|(site, _)| *site == crossing.site)
                else {
                    due.push((crossing.site, lease(unit, crossing, now)));
                    continue;
                };
                let site = self.lockstep.city.plans().get(crossing.site.index());
                if site.is_some_and(|site| fits(site, held.groups, crossing.groups)) {
                    held.groups = held.groups.union(crossing.groups);
                    held.beside = held.beside.union(crossing.beside);
                    held.into_exit = held.into_exit.union(crossing.into_exit);
                }
            }
        }
        self.held_s += u32::try_from(due.len()).unwrap_or(0);
        self.lockstep.leases = due;
    }
}

fn lease(unit: &Unit, crossing: &Crossing, now: Mono) -> Lease {
    Lease {
        corridor: unit.plan.corridor,
        groups: crossing.groups,
        beside: crossing.beside,
        into_exit: crossing.into_exit,
        near: GroupSet::EMPTY,
        near_by: now,
        expires: now + LEASE_TTL,
        step: LeaseStep::Lock,
        green_by: now,
        until: now + LEAD,
    }
}

fn fits(site: &CheckedSite, held: GroupSet, more: GroupSet) -> bool {
    let hostile = site.safety.conflicts().hostile_to_any(held);
    hostile.is_disjoint(more)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is clamped before"
)]
pub(super) fn millis(number: f64) -> u32 {
    (number * 1000.0).round().clamp(0.0, f64::from(u32::MAX)) as u32
}

impl Controller for Helped {
    fn second(
        &mut self,
        street: &StreetNow<'_>,
        lights: &mut [Option<String>],
    ) -> Result<(), SumoError> {
        for unit in &mut self.units {
            unit.watch.look(street.roads, street.traffic, street.now);
        }
        match self.method {
            Method::None | Method::BlueLight => {}
            Method::Local250 | Method::Fixed30 => self.trigger(),
            Method::Ours => {
                for unit in &mut self.units {
                    let lockstep = &mut self.lockstep;
                    unit.tell(street.now, lockstep, &self.planner, self.shift_m);
                }
            }
        }
        self.lockstep.second(street, lights)
    }

    fn tally(&self) -> Tally {
        self.lockstep.tally()
    }
}
