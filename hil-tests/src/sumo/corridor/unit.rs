//! One emergency vehicle of a run: what its fleet and its dispatcher tell the city.

use std::collections::VecDeque;
use std::sync::Arc;

use greenwave::controller::Command;
use greenwave::corridor::{
    CancelReason, CorridorPlan, Fix, FixCounts, MissionView, Preview, preview,
};
use greenwave::shell::planner::Planner;
use greenwave::units::{Mono, Speed};

use super::audit::{Audit, Now};
use super::dice::Dice;
use super::fault::Fault;
use super::watch::Watch;
use crate::sumo::lockstep::Lockstep;

/// Positions of so many seconds ago are sent again.
const AGAIN_S: usize = 20;

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

impl Gps {
    /// The same under a fault.
    #[must_use]
    pub fn under(self, fault: Fault) -> Self {
        match fault {
            Fault::Gps(period_s) => Self { period_s, ..self },
            Fault::Lag(lag_s) => Self { lag_s, ..self },
            Fault::Noise(noise_m) => Self {
                noise_m: f64::from(noise_m),
                ..self
            },
            _ => self,
        }
    }
}

/// One vehicle.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Where it is.
    pub watch: Watch,
    /// What it asks for.
    pub plan: Arc<CorridorPlan>,
    /// What the key was said to do, before it was pressed.
    pub preview: Option<Preview>,
    /// Its corridor as it stood last.
    pub view: Option<MissionView>,
    /// What its leases did.
    pub audit: Audit,
    /// It follows another vehicle and asks for nothing itself.
    pub follows: bool,
    fault: Fault,
    gps: Gps,
    dice: Dice,
    underway: VecDeque<(u32, Fix)>,
    sent: VecDeque<Fix>,
    asked: bool,
    half_at: Option<u32>,
}

impl Unit {
    /// A vehicle that will ask for this corridor.
    #[must_use]
    pub fn new(
        watch: Watch,
        plan: Arc<CorridorPlan>,
        (gps, fault, seed): (Gps, Fault, u32),
    ) -> Self {
        Self {
            watch,
            plan,
            preview: None,
            view: None,
            audit: Audit::default(),
            follows: false,
            fault,
            gps: gps.under(fault),
            dice: Dice::new(seed, 3),
            underway: VecDeque::new(),
            sent: VecDeque::new(),
            asked: false,
            half_at: None,
        }
    }

    /// Seconds since the vehicle was halfway; none before.
    fn since_half(&mut self, second: u32) -> Option<u32> {
        if self.half_at.is_none() && self.watch.along_m > self.watch.way.length_m() * 0.45 {
            self.half_at = Some(second);
        }
        self.half_at.map(|half| second - half)
    }

    /// What is told in this second.
    pub fn tell(
        &mut self,
        second: u32,
        lockstep: &mut Lockstep,
        planner: &Planner,
        shift_m: (f64, f64),
    ) {
        if self.follows {
            return;
        }
        let now = lockstep.now();
        if !self.asked {
            self.asked = true;
            let board = lockstep.city.board(now, lockstep.fields());
            let settings = lockstep.city.corridors().settings();
            self.preview = Some(preview(&self.plan, settings, &board, now));
            let open = || Command::OpenCorridor(Arc::clone(&self.plan));
            lockstep.commands.push(open());
            if self.fault == Fault::Duplicate {
                lockstep.commands.push(open());
            }
        }
        let half = self.since_half(second);
        self.act(half, second, lockstep);
        self.tell_place(half, second, lockstep, shift_m);
        self.replan(lockstep, planner);
        let corridors = lockstep.city.corridors();
        if let Some(mission) = corridors.mission(self.plan.corridor) {
            self.view = Some(mission.view(now, corridors));
            self.audit.leases.refused = refused(&mission.fixes());
        }
        self.look(second, lockstep);
    }

    /// What people and machines do at half way.
    fn act(&mut self, half: Option<u32>, second: u32, lockstep: &mut Lockstep) {
        if half != Some(0) {
            return;
        }
        match self.fault {
            Fault::Cancel => {
                let corridor = self.plan.corridor;
                self.audit.cancelled = Some(second);
                let cancel = Command::CancelCorridor(corridor, CancelReason::Dispatch);
                lockstep.commands.push(cancel);
            }
            Fault::Restart => lockstep.down_s = super::fault::DOWN_S,
            Fault::Offline => {
                let ahead = self.watch.way.gates.iter().find(|g| !self.watch.is_past(g));
                let signal = ahead.map(|gate| gate.signal);
                let sites = 0..lockstep.city.sites().len();
                let site = sites
                    .into_iter()
                    .find(|s| Some(lockstep.street.signal(*s)) == signal);
                lockstep.silent = site.map(|site| (site, super::fault::OFFLINE_S));
            }
            _ => {}
        }
    }

    fn is_mute(&self, half: Option<u32>) -> bool {
        match (self.fault, half) {
            (Fault::Loss(lasts), Some(gone)) => gone < lasts,
            (Fault::LostSignOff, Some(_)) => true,
            _ => false,
        }
    }

    fn tell_place(
        &mut self,
        half: Option<u32>,
        second: u32,
        lockstep: &mut Lockstep,
        shift_m: (f64, f64),
    ) {
        let due = second.is_multiple_of(self.gps.period_s.max(1));
        if self.watch.arrived.is_none() && due && !self.is_mute(half) {
            let fix = self.fix(lockstep.now(), shift_m);
            self.underway.push_back((second + self.gps.lag_s, fix));
        }
        while let Some((due, fix)) = self.underway.front().copied() {
            if due > second {
                break;
            }
            self.underway.pop_front();
            self.audit.heard = Some(second);
            let say = |fix| Command::Fix(self.plan.vehicle.clone(), fix);
            lockstep.commands.push(say(fix));
            if self.fault == Fault::Duplicate {
                lockstep.commands.push(say(fix));
            }
            self.sent.push_back(fix);
            if self.sent.len() > AGAIN_S
                && let Some(old) = self.sent.pop_front()
                && self.fault == Fault::Replayed
            {
                lockstep.commands.push(say(old));
                // And once more as if it were new.
                lockstep.commands.push(say(Fix { at: fix.at, ..old }));
            }
        }
    }

    fn fix(&mut self, at: Mono, shift_m: (f64, f64)) -> Fix {
        let start = self.plan.line.first();
        let start = start.map_or((0.0, 0.0), |point| (point.x_m, point.y_m));
        let shifted = |(x, y): (f64, f64)| (x + shift_m.0, y + shift_m.1);
        let (x_m, y_m) = self.watch.at_m.map_or(start, shifted);
        let noise_m = self.gps.noise_m;
        let mut off = || noise_m * self.dice.normal();
        let (east_m, north_m) = (off(), off());
        Fix {
            at,
            x_m: x_m + east_m,
            y_m: y_m + north_m,
            speed: Speed::from_mm_per_s(super::helped::millis(self.watch.speed_mps)),
        }
    }

    /// The centre plans anew for a vehicle that has left its way.
    fn replan(&mut self, lockstep: &mut Lockstep, planner: &Planner) {
        let mission = lockstep.city.corridors().mission(self.plan.corridor);
        let Some(mission) = mission else { return };
        let asked = self.plan.revision > mission.plan().revision;
        let Some(stray) = mission.stray().filter(|_| !asked) else {
            return;
        };
        if let Ok((plan, _)) = planner.replan(
            mission.plan(),
            &stray,
            planner.size_of_vehicle(mission.plan()),
        ) {
            self.plan = Arc::new(plan);
            let replace = Command::ReplaceCorridor(Arc::clone(&self.plan));
            lockstep.commands.push(replace);
        }
    }

    fn look(&mut self, second: u32, lockstep: &Lockstep) {
        let now = Now {
            lockstep,
            watch: &self.watch,
            corridor: self.plan.corridor,
            second,
            astray: self.fault == Fault::WrongTurn && self.watch.is_off_the_plan(),
            // What is asked for now is taken in the next cycle.
            replanned: self.plan.revision > 1,
        };
        self.audit.look(&now);
        if let Some(view) = &self.view {
            self.audit.leases.end = format!("{:?}", view.state).to_lowercase();
        }
    }
}

fn refused(fixes: &FixCounts) -> u32 {
    let places = fixes.off_route + fixes.off_road + fixes.datum + fixes.jump + fixes.backwards;
    places + fixes.stale + fixes.future + fixes.out_of_order + fixes.impossible
}
