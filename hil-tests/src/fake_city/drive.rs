//! What moves in the made-up town.

use greenwave::shell::dispatch::world::{
    Advice, Confirmed, CorridorState, CorridorVehicle, CorridorView, CrossingState, LatLon,
    ManualAct, Names,
};
use greenwave::signal::GroupKind;

use super::picture::{along_line, is_go, shown, unix_ms};
use super::town::{Town, distance_m};

pub(super) const TICK_MS: u64 = 100;
pub(super) const SPEED_MPS: f64 = 15.0;
const STAGE_S: [f64; 4] = [28.0, 16.0, 34.0, 18.0];

/// Where a site is in its round of stages.
#[derive(Clone, Debug, Default)]
pub(super) struct Round {
    pub(super) stage: usize,
    pub(super) since_s: f64,
    pub(super) leaving_s: Option<f64>,
    pub(super) wanted: Option<usize>,
    pub(super) corridor: Option<u32>,
    pub(super) manual: Option<(ManualAct, String, f64)>,
    pub(super) pressed_s: Vec<Option<f64>>,
}

/// One corridor under way.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) view: CorridorView,
    /// Site, its approach, distance along the route.
    pub(super) stops: Vec<(usize, usize, f64)>,
    pub(super) travelled_m: f64,
    pub(super) length_m: f64,
    pub(super) over_s: Option<f64>,
    pub(super) started_s: f64,
}

/// Everything that moves.
#[derive(Debug)]
pub(super) struct Drive {
    pub(super) town: Town,
    pub(super) with_faults: bool,
    pub(super) now_ms: u64,
    pub(super) rounds: Vec<Round>,
    pub(super) runs: Vec<Run>,
    pub(super) next_corridor: u32,
    pub(super) homes: Vec<(i32, i32)>,
}

/// A route: its line, its stops and its length.
pub(super) type Way = (Vec<LatLon>, Vec<(usize, usize, f64)>, f64);

impl Drive {
    pub(super) fn new(town: Town, with_faults: bool) -> Self {
        let rounds = (0..town.city.sites.len())
            .map(|at| Round {
                stage: at % 4,
                since_s: -(at as f64 * 7.3) % 20.0,
                pressed_s: vec![None; town.city.sites[at].groups.len()],
                ..Round::default()
            })
            .collect();
        let homes = vec![
            (0, 0),
            (0, town.rows - 1),
            (town.columns / 2, town.rows - 1),
        ];
        Self {
            town,
            with_faults,
            now_ms: 0,
            rounds,
            runs: Vec::new(),
            next_corridor: 1,
            homes,
        }
    }

    pub(super) const fn opened(&self) -> u32 {
        self.next_corridor - 1
    }

    /// Puts a corridor's vehicle where somebody says it is; never back.
    pub(super) fn place(&mut self, vehicle: &str, at: LatLon) {
        for run in self.runs.iter_mut().filter(|run| run.over_s.is_none()) {
            if run.view.vehicle_id != vehicle {
                continue;
            }
            let steps = (0..=run.length_m as u32).step_by(5).map(f64::from);
            let away = |along: &f64| distance_m(along_line(&run.view.line, *along).0, at);
            let nearest = steps.min_by(|one, other| away(one).total_cmp(&away(other)));
            run.travelled_m = run.travelled_m.max(nearest.unwrap_or(0.0));
        }
    }

    pub(super) fn now_s(&self) -> f64 {
        self.now_ms as f64 / 1000.0
    }

    pub(super) fn step(&mut self) {
        self.now_ms += TICK_MS;
        let now = self.now_s();
        for run in 0..self.runs.len() {
            self.move_run(run, now);
        }
        self.runs
            .retain(|run| run.over_s.is_none_or(|over| now - over < 60.0));
        for at in 0..self.rounds.len() {
            self.step_round(at, now);
        }
    }

    pub(super) fn step_round(&mut self, at: usize, now: f64) {
        let crossing = self.town.city.sites[at].crossing;
        let walks: Vec<usize> = (0..self.town.city.sites[at].groups.len())
            .filter(|group| self.town.city.sites[at].groups[*group].kind == GroupKind::Pedestrian)
            .collect();
        let round = &mut self.rounds[at];
        if round.manual.as_ref().is_some_and(|manual| manual.2 <= now) {
            round.manual = None;
            round.wanted = None;
        }
        for group in walks {
            let calm = !(now as usize / 9 + at * 5 + group * 3).is_multiple_of(7);
            if round.pressed_s[group].is_none() && !calm {
                round.pressed_s[group] = Some(now);
            }
            if is_go(shown(&self.town, at, round, group, now)) {
                round.pressed_s[group] = None;
            }
        }
        let count = if crossing { 2 } else { 4 };
        let length = if crossing {
            [40.0, 14.0][round.stage % 2]
        } else {
            STAGE_S[round.stage % 4]
        };
        let elapsed = now - round.since_s;
        if let Some(leaving) = round.leaving_s {
            if now - leaving >= 5.0 {
                round.stage = round.wanted.unwrap_or((round.stage + 1) % count);
                round.since_s = now;
                round.leaving_s = None;
            }
        } else if let Some(wanted) = round.wanted {
            if wanted != round.stage && elapsed > 8.0 {
                round.leaving_s = Some(now);
            }
        } else if elapsed >= length {
            round.leaving_s = Some(now);
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one vehicle along its signals, told in order"
    )]
    pub(super) fn move_run(&mut self, at: usize, now: f64) {
        let mut run = self.runs[at].clone();
        if run.over_s.is_some() {
            return;
        }
        let moving = now - run.started_s > 4.0;
        let next = run
            .stops
            .iter()
            .position(|(_, _, along)| *along > run.travelled_m);
        let mut limit = run.length_m;
        for (order, (site, approach, along)) in run.stops.clone().into_iter().enumerate() {
            let crossing = &mut run.view.crossings[order];
            if crossing.state == CrossingState::LocalControl {
                continue;
            }
            if along <= run.travelled_m {
                if crossing.state != CrossingState::Passed {
                    crossing.state = CrossingState::Passed;
                    crossing.eta_s = None;
                    self.let_go(site);
                }
                continue;
            }
            let eta = (along - run.travelled_m) / SPEED_MPS + if moving { 0.0 } else { 4.0 };
            crossing.eta_s = Some(eta);
            crossing.eta_err_s = 1.0 + eta * 0.06;
            let silent = self.is_silent(site);
            if silent {
                crossing.state = CrossingState::Unavailable;
                crossing.fault = Some(Names::new("机柜无应答", "the cabinet does not answer"));
                continue;
            }
            let green = self.approach_is_green(site, approach, now);
            if eta < 28.0 && moving {
                let stage = self.stage_of(site, approach);
                self.rounds[site].wanted = Some(stage);
                self.rounds[site].corridor = Some(run.view.id);
                crossing.state = if green {
                    CrossingState::GreenHeld
                } else if self.rounds[site].leaving_s.is_some() {
                    CrossingState::Clearing
                } else {
                    CrossingState::Requested
                };
                crossing.confirmed_by = Some(if green {
                    Confirmed::LampReadback
                } else {
                    Confirmed::CommandAck
                });
                crossing.hold_until_ms = Some(unix_ms() + (eta * 1000.0) as i64 + 6000);
                crossing.late = !green && eta < 4.0;
            }
            if !green && along - 8.0 > run.travelled_m - 1.0 {
                limit = limit.min(along - 8.0);
            }
        }
        if moving && run.travelled_m < limit {
            run.travelled_m = (run.travelled_m + SPEED_MPS * 0.1).min(limit);
        }
        run.view.state = if moving {
            CorridorState::Active
        } else {
            CorridorState::Staging
        };
        let place = along_line(&run.view.line, run.travelled_m);
        run.view.vehicle = Some(CorridorVehicle {
            at: place.0,
            speed_mps: if moving { SPEED_MPS } else { 0.0 },
            age_ms: 400,
            next: next.map(|order| run.view.crossings[order].site.clone()),
            eta_s: Some((run.length_m - run.travelled_m) / SPEED_MPS),
            arrival_s: Some((
                (run.length_m - run.travelled_m) / SPEED_MPS * 0.94,
                (run.length_m - run.travelled_m) / SPEED_MPS * 1.15,
            )),
            on_route: true,
        });
        run.view.others_wait_s = run
            .stops
            .iter()
            .map(|(site, _, _)| self.wait_max(*site, now))
            .max()
            .unwrap_or_default();
        run.view.waits.walkers_s = run.view.others_wait_s;
        run.view.waits.vehicles_s = run.view.others_wait_s / 2;
        run.view.warnings = run
            .view
            .crossings
            .iter()
            .filter(|crossing| crossing.late)
            .map(|crossing| Advice {
                code: "late-green".to_owned(),
                text: Names::new("绿灯可能晚于车辆到达", "green may come after the vehicle"),
                site: Some(crossing.site.clone()),
            })
            .collect();
        if run.travelled_m >= run.length_m - 1.0 {
            run.view.state = CorridorState::Completed;
            run.over_s = Some(now);
        }
        self.runs[at] = run;
    }

    pub(super) fn let_go(&mut self, site: usize) {
        self.rounds[site].wanted = None;
        self.rounds[site].corridor = None;
    }

    pub(super) fn is_silent(&self, site: usize) -> bool {
        self.with_faults && self.town.city.sites[site].id == "P07"
    }

    pub(super) fn stage_of(&self, site: usize, approach: usize) -> usize {
        let built = &self.town.city.sites[site];
        match built.approaches[approach].name.as_str() {
            "E" | "W" => 2,
            _ => 0,
        }
    }

    pub(super) fn approach_is_green(&self, site: usize, approach: usize, now: f64) -> bool {
        let groups = &self.town.city.sites[site].approaches[approach].groups;
        groups.first().is_some_and(|group| {
            is_go(shown(
                &self.town,
                site,
                &self.rounds[site],
                usize::from(*group),
                now,
            ))
        })
    }

    pub(super) fn wait_max(&self, site: usize, now: f64) -> u32 {
        let presses = self.rounds[site].pressed_s.iter().flatten();
        presses.map(|at| (now - at) as u32).max().unwrap_or(0)
    }
}
