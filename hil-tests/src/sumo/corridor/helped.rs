//! The ways to help an emergency vehicle that are compared, over the same kernels.

use std::collections::VecDeque;
use std::sync::Arc;

use greenwave::controller::Command;
use greenwave::corridor::{
    CorridorPlan, Fix, LEASE_TTL, Lease, LeaseStep, MissionView, Preview, preview,
};
use greenwave::ids::{CorridorId, SiteId};
use greenwave::plan::CheckedSite;
use greenwave::signal::GroupSet;
use greenwave::units::{Length, Millis, Mono, Speed};

use super::dice::Dice;
use super::watch::Watch;
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

/// How well the vehicle tells where it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gps {
    /// Seconds from one position to the next.
    pub period_s: u32,
    /// How old a position is when it comes, seconds.
    pub lag_s: u32,
    /// Deviation of a position, metres.
    pub noise_m: f64,
}

/// A city that helps one emergency vehicle.
#[derive(Debug)]
pub struct Helped {
    /// The city.
    pub lockstep: Lockstep,
    /// The vehicle.
    pub watch: Watch,
    /// What the key was said to do, before it was pressed.
    pub preview: Option<Preview>,
    /// The corridor as it stood last.
    pub view: Option<MissionView>,
    method: Method,
    plan: Arc<CorridorPlan>,
    /// From SUMO's metres to those of the city.
    shift_m: (f64, f64),
    gps: Gps,
    dice: Dice,
    underway: VecDeque<(u32, Fix)>,
    asked: bool,
    opened: Mono,
    /// Seconds that leases of a trigger have locked sites.
    held_s: u32,
}

impl Helped {
    /// The city from this moment on.
    #[must_use]
    pub fn new(
        lockstep: Lockstep,
        watch: Watch,
        method: Method,
        (plan, shift_m): (Arc<CorridorPlan>, (f64, f64)),
        (gps, seed): (Gps, u32),
    ) -> Self {
        let opened = lockstep.now();
        Self {
            lockstep,
            watch,
            preview: None,
            view: None,
            method,
            plan,
            shift_m,
            gps,
            dice: Dice::new(seed, 3),
            underway: VecDeque::new(),
            asked: false,
            opened,
            held_s: 0,
        }
    }

    /// When the corridor was asked for, on the city's clock.
    #[must_use]
    pub const fn opened(&self) -> Mono {
        self.opened
    }

    /// Mean time a signal of the way was locked, seconds.
    #[must_use]
    pub fn lock_s_per_signal(&self) -> f64 {
        let count = f64::from(u32::try_from(self.plan.crossings.len()).unwrap_or(1).max(1));
        match self.method {
            Method::None | Method::BlueLight => 0.0,
            Method::Local250 | Method::Fixed30 => f64::from(self.held_s) / count,
            Method::Ours => {
                let crossings = self.view.iter().flat_map(|view| &view.crossings);
                let held = crossings.map(|crossing| f64::from(crossing.held.as_ms()));
                held.sum::<f64>() / 1000.0 / count
            }
        }
    }

    /// By how much the latest lock was late from the outset, seconds.
    #[must_use]
    pub fn late_by_s(&self) -> f64 {
        let crossings = self.view.iter().flat_map(|view| &view.crossings);
        let late = crossings.map(|crossing| f64::from(crossing.late_by.as_ms()) / 1000.0);
        late.fold(0.0, f64::max)
    }

    /// Opens the corridor, and tells where the vehicle is.
    fn tell(&mut self, second: u32) {
        let now = self.lockstep.now();
        if !self.asked {
            self.asked = true;
            self.opened = now;
            let board = self.lockstep.city.board(now, self.lockstep.fields());
            let settings = self.lockstep.city.corridors().settings();
            self.preview = Some(preview(&self.plan, settings, &board, now));
            let open = Command::OpenCorridor(Arc::clone(&self.plan));
            self.lockstep.commands.push(open);
        }
        if self.watch.arrived.is_none() && second.is_multiple_of(self.gps.period_s.max(1)) {
            let fix = self.fix(now);
            self.underway.push_back((second + self.gps.lag_s, fix));
        }
        while let Some((due, fix)) = self.underway.front().copied() {
            if due > second {
                break;
            }
            self.underway.pop_front();
            let vehicle = self.plan.vehicle.clone();
            self.lockstep.commands.push(Command::Fix(vehicle, fix));
        }
        let corridors = self.lockstep.city.corridors();
        let mission = corridors.mission(self.plan.corridor);
        if let Some(mission) = mission {
            self.view = Some(mission.view(now, corridors));
        }
    }

    fn fix(&mut self, at: Mono) -> Fix {
        let start = self.plan.line.first();
        let start = start.map_or((0.0, 0.0), |point| (point.x_m, point.y_m));
        let shifted = |(x, y): (f64, f64)| (x + self.shift_m.0, y + self.shift_m.1);
        let (x_m, y_m) = self.watch.at_m.map_or(start, shifted);
        let off = |dice: &mut Dice| self.gps.noise_m * dice.normal();
        Fix {
            at,
            x_m: x_m + off(&mut self.dice),
            y_m: y_m + off(&mut self.dice),
            speed: Speed::from_mm_per_s(millis(self.watch.speed_mps)),
        }
    }

    /// Leases of a simple trigger: every stop line that is near, the nearest first.
    fn trigger(&mut self) {
        self.lockstep.leases.clear();
        if !self.watch.drives() {
            return;
        }
        let now = self.lockstep.now();
        let clock = self
            .plan
            .clock_at(Length::from_mm(millis(self.watch.along_m)));
        let mut due: Vec<(SiteId, GroupSet)> = Vec::new();
        for crossing in self.plan.crossings.iter() {
            let gate = self.watch.way.gates.iter();
            let gate = gate.clone().find(|gate| gate.road == crossing.entry_road);
            let Some(gate) = gate.filter(|gate| !self.watch.is_past(gate)) else {
                continue;
            };
            let near = match self.method {
                Method::Local250 => gate.stop_m - self.watch.along_m <= LOCAL_M,
                Method::Fixed30 => crossing.free_flow.saturating_sub(clock) <= LEAD,
                Method::None | Method::BlueLight | Method::Ours => false,
            };
            if !near || crossing.groups.is_empty() {
                continue;
            }
            match due.iter_mut().find(|(site, _)| *site == crossing.site) {
                None => due.push((crossing.site, crossing.groups)),
                Some((_, groups)) => {
                    let site = self.lockstep.city.plans().get(crossing.site.index());
                    if site.is_some_and(|site| fits(site, *groups, crossing.groups)) {
                        *groups = groups.union(crossing.groups);
                    }
                }
            }
        }
        self.held_s += u32::try_from(due.len()).unwrap_or(0);
        let lease = |groups| Lease {
            corridor: CorridorId::new(1),
            groups,
            beside: GroupSet::EMPTY,
            into_exit: GroupSet::EMPTY,
            near: GroupSet::EMPTY,
            near_by: now,
            expires: now + LEASE_TTL,
            step: LeaseStep::Lock,
            green_by: now,
            until: now + LEAD,
        };
        let leases = due.into_iter().map(|(site, groups)| (site, lease(groups)));
        self.lockstep.leases.extend(leases);
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
fn millis(number: f64) -> u32 {
    (number * 1000.0).round().clamp(0.0, f64::from(u32::MAX)) as u32
}

impl Controller for Helped {
    fn second(
        &mut self,
        street: &StreetNow<'_>,
        lights: &mut [Option<String>],
    ) -> Result<(), SumoError> {
        self.watch.look(street.roads, street.traffic, street.now);
        match self.method {
            Method::None | Method::BlueLight => {}
            Method::Local250 | Method::Fixed30 => self.trigger(),
            Method::Ours => self.tell(street.now),
        }
        self.lockstep.second(street, lights)
    }

    fn tally(&self) -> Tally {
        self.lockstep.tally()
    }
}
