//! What moves in the made-up town.

use greenwave::corridor::ServiceClass;
use greenwave::kernel::CabinetState;
use greenwave::shell::dispatch::request::Destination;
use greenwave::shell::dispatch::world::{
    Advice, Alarm, CityView, Confirmed, CorridorRequest, CorridorState, CorridorVehicle,
    CorridorView, CrossingState, CrossingView, LatLon, LinkView, ManualAct, ManualView, Mode,
    Names, PreviewCrossing, PreviewView, PriceView, QueueView, Refusal, RefusalClass, SiteView,
    StatusView, VehicleView, WaitView,
};
use greenwave::signal::{GroupKind, Indication, Observed};

use super::town::{ARMS, Town, bearing_deg, between, distance_m};
use super::{no_place, no_vehicle};

const TICK_MS: u64 = 100;
const SPEED_MPS: f64 = 15.0;
const STAGE_S: [f64; 4] = [28.0, 16.0, 34.0, 18.0];

/// Where a site is in its round of stages.
#[derive(Clone, Debug, Default)]
struct Round {
    stage: usize,
    since_s: f64,
    leaving_s: Option<f64>,
    wanted: Option<usize>,
    corridor: Option<u32>,
    manual: Option<(ManualAct, String, f64)>,
    pressed_s: Vec<Option<f64>>,
}

/// One corridor under way.
#[derive(Clone, Debug)]
struct Run {
    view: CorridorView,
    /// Site, its approach, distance along the route.
    stops: Vec<(usize, usize, f64)>,
    travelled_m: f64,
    length_m: f64,
    over_s: Option<f64>,
    started_s: f64,
}

/// Everything that moves.
#[derive(Debug)]
pub(super) struct Drive {
    town: Town,
    with_faults: bool,
    now_ms: u64,
    rounds: Vec<Round>,
    runs: Vec<Run>,
    next_corridor: u32,
    homes: Vec<(i32, i32)>,
}

/// A route: its line, its stops and its length.
type Way = (Vec<LatLon>, Vec<(usize, usize, f64)>, f64);

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

    fn now_s(&self) -> f64 {
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

    fn step_round(&mut self, at: usize, now: f64) {
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
            let calm = (now as usize / 9 + at * 5 + group * 3) % 7 != 0;
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

    fn move_run(&mut self, at: usize, now: f64) {
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
            on_route: true,
        });
        run.view.others_wait_s = run
            .stops
            .iter()
            .map(|(site, _, _)| self.wait_max(*site, now))
            .max()
            .unwrap_or_default();
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

    fn let_go(&mut self, site: usize) {
        self.rounds[site].wanted = None;
        self.rounds[site].corridor = None;
    }

    fn is_silent(&self, site: usize) -> bool {
        self.with_faults && self.town.city.sites[site].id == "P07"
    }

    fn stage_of(&self, site: usize, approach: usize) -> usize {
        let built = &self.town.city.sites[site];
        match built.approaches[approach].name.as_str() {
            "E" | "W" => 2,
            _ => 0,
        }
    }

    fn approach_is_green(&self, site: usize, approach: usize, now: f64) -> bool {
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

    fn wait_max(&self, site: usize, now: f64) -> u32 {
        let presses = self.rounds[site].pressed_s.iter().flatten();
        presses.map(|at| (now - at) as u32).max().unwrap_or(0)
    }

    pub(super) fn corridor(&mut self, id: u32) -> Result<&mut CorridorView, Refusal> {
        self.run(id).map(|run| &mut run.view)
    }

    fn run(&mut self, id: u32) -> Result<&mut Run, Refusal> {
        let found = self.runs.iter_mut().find(|run| run.view.id == id);
        found.ok_or_else(|| {
            let detail = format!("there is no corridor {id}");
            Refusal::new(RefusalClass::NotFound, "no-such-corridor", detail)
        })
    }

    pub(super) fn end(&mut self, id: u32, state: CorridorState) -> Result<CorridorView, Refusal> {
        let now = self.now_s();
        let run = self.run(id)?;
        if run.over_s.is_some() {
            let detail = "the corridor is over already";
            return Err(Refusal::new(
                RefusalClass::Conflict,
                "corridor-over",
                detail,
            ));
        }
        run.view.state = state;
        run.over_s = Some(now);
        for crossing in &mut run.view.crossings {
            if crossing.state != CrossingState::Passed {
                crossing.state = CrossingState::Released;
            }
        }
        let (view, stops) = (run.view.clone(), run.stops.clone());
        for (site, _, _) in stops {
            self.let_go(site);
        }
        Ok(view)
    }

    pub(super) fn take_out(&mut self, id: u32, site: &str) -> Result<CorridorView, Refusal> {
        let view = self.mark(id, site, CrossingState::LocalControl)?;
        let at = self.site(site)?;
        self.let_go(at);
        Ok(view)
    }

    pub(super) fn passed(&mut self, id: u32, site: &str) -> Result<CorridorView, Refusal> {
        let view = self.mark(id, site, CrossingState::Passed)?;
        let at = self.site(site)?;
        self.let_go(at);
        Ok(view)
    }

    fn mark(&mut self, id: u32, site: &str, to: CrossingState) -> Result<CorridorView, Refusal> {
        let run = self.run(id)?;
        let crossings = &mut run.view.crossings;
        let crossing = crossings.iter_mut().find(|crossing| crossing.site == site);
        let Some(crossing) = crossing else {
            let detail = format!("{site} is not in corridor {id}");
            return Err(
                Refusal::new(RefusalClass::NotFound, "not-in-corridor", detail)
                    .blaming("site", "a signal of the corridor"),
            );
        };
        crossing.state = to;
        crossing.eta_s = None;
        Ok(run.view.clone())
    }

    fn site(&self, id: &str) -> Result<usize, Refusal> {
        let at = self.town.city.sites.iter().position(|site| site.id == id);
        at.ok_or_else(|| {
            let detail = format!("there is no site {id}");
            Refusal::new(RefusalClass::NotFound, "no-such-site", detail)
        })
    }

    pub(super) fn manual(
        &mut self,
        site: &str,
        act: &ManualAct,
        lease_ms: u32,
        by: &str,
    ) -> Result<ManualView, Refusal> {
        let at = self.site(site)?;
        let until = self.now_s() + f64::from(lease_ms) / 1000.0;
        if let ManualAct::Stage(name) = act {
            let stages = &self.town.city.sites[at].stages;
            let Some(stage) = stages.iter().position(|stage| stage == name) else {
                let detail = format!("{site} has no stage {name}");
                return Err(
                    Refusal::new(RefusalClass::Unprocessable, "no-such-stage", detail)
                        .blaming("stage", stages.join(", ")),
                );
            };
            self.rounds[at].wanted = Some(stage);
        }
        self.rounds[at].manual = Some((act.clone(), by.to_owned(), until));
        Ok(self.manual_view(at).unwrap_or_default())
    }

    fn manual_view(&self, at: usize) -> Option<ManualView> {
        let (act, by, until) = self.rounds[at].manual.as_ref()?;
        let (word, stage) = match act {
            ManualAct::Stage(stage) => ("stage", Some(stage.clone())),
            ManualAct::AllRed => ("all-red", None),
            ManualAct::Flash => ("flash", None),
        };
        Some(ManualView {
            act: word.to_owned(),
            stage,
            by: by.clone(),
            left_s: (until - self.now_s()).max(0.0) as u32,
        })
    }

    pub(super) fn release(&mut self, site: &str) -> Result<(), Refusal> {
        let at = self.site(site)?;
        self.rounds[at].manual = None;
        self.rounds[at].wanted = None;
        Ok(())
    }

    /// Walks the grid: east or west first, then over the next bridge, then to the column.
    fn way(&self, vehicle: usize, destination: &Destination) -> Result<(Way, Names), Refusal> {
        let city = &self.town.city;
        let (goal, names) = match destination {
            Destination::Place(id) => city
                .places
                .iter()
                .find(|place| place.id == *id)
                .map(|place| (place.at, place.names.clone()))
                .ok_or_else(|| {
                    let detail = format!("there is no place {id}");
                    Refusal::new(RefusalClass::NotFound, "no-such-place", detail)
                        .blaming("destination.facility_id", "a place of GET /api/v1/places")
                })?,
            Destination::At(point, name) => (point.at, Names::new(name, name)),
        };
        let cells = (0..self.town.rows)
            .flat_map(|row| (0..self.town.columns).map(move |column| (column, row)));
        let near = |cell: &(i32, i32)| distance_m(Town::at(cell.0, cell.1), goal);
        let end = cells
            .min_by(|a, b| near(a).total_cmp(&near(b)))
            .filter(|cell| near(cell) < 240.0)
            .ok_or_else(|| no_place(destination))?;
        let path = self.path(self.homes[vehicle % self.homes.len()], end);
        Ok((self.measure(&path), names))
    }

    /// Breadth-first over the grid.
    fn path(&self, from: (i32, i32), to: (i32, i32)) -> Vec<(i32, i32)> {
        let mut queue = vec![vec![from]];
        let mut seen = vec![from];
        let mut at = 0;
        while let Some(path) = queue.get(at).cloned() {
            at += 1;
            let here = path[path.len() - 1];
            if here == to {
                return path;
            }
            for (_, east, north, _) in [ARMS[1], ARMS[0], ARMS[3], ARMS[2]] {
                let next = (here.0 + east, here.1 + north);
                if self.town.joined(here.0, here.1, east, north) && !seen.contains(&next) {
                    seen.push(next);
                    let mut longer = path.clone();
                    longer.push(next);
                    queue.push(longer);
                }
            }
        }
        vec![from]
    }

    fn measure(&self, path: &[(i32, i32)]) -> Way {
        let line: Vec<LatLon> = path.iter().map(|(c, r)| Town::at(*c, *r)).collect();
        let mut stops = Vec::new();
        let mut along = 0.0;
        for (pair, cells) in line.windows(2).zip(path.windows(2)) {
            let length = distance_m(pair[0], pair[1]);
            let middle = between(pair[0], pair[1], 0.5);
            let sites = &self.town.city.sites;
            if let Some(site) = sites
                .iter()
                .position(|site| site.crossing && distance_m(site.at, middle) < 10.0)
            {
                stops.push((site, 0, along + length / 2.0));
            }
            along += length;
            let site = self.town.index(cells[1].0, cells[1].1);
            let step = (cells[0].0 - cells[1].0, cells[0].1 - cells[1].1);
            let arm = ARMS.iter().find(|arm| (arm.1, arm.2) == step);
            let name = arm.map_or("", |arm| arm.0);
            let approaches = &sites[site].approaches;
            let approach = approaches.iter().position(|approach| approach.name == name);
            stops.push((site, approach.unwrap_or_default(), along - 12.0));
        }
        (line, stops, along)
    }

    fn vehicle(&self, id: &str) -> Result<usize, Refusal> {
        let at = self.town.city.vehicles.iter().position(|one| one.id == id);
        at.ok_or_else(|| no_vehicle(id))
    }

    pub(super) fn preview(&self, id: &str, to: &Destination) -> Result<PreviewView, Refusal> {
        let ((line, stops, length_m), destination) = self.way(self.vehicle(id)?, to)?;
        let free_flow_s = length_m / SPEED_MPS;
        let crossings = stops
            .iter()
            .map(|(site, approach, along)| {
                let queue = ((site * 5 + approach * 3) % 9) as u16;
                let (eta_s, flush_s) = (along / SPEED_MPS, f64::from(queue) * 2.0 + 2.0);
                PreviewCrossing {
                    site: self.town.city.sites[*site].id.clone(),
                    approach: self.town.city.sites[*site].approaches[*approach]
                        .name
                        .clone(),
                    movement: "through".to_owned(),
                    eta_s,
                    latest_start_s: (eta_s - flush_s - 11.0).max(0.0),
                    flush_s,
                    queue,
                    hold_s: flush_s + 14.0,
                    unavailable: self
                        .is_silent(*site)
                        .then(|| Names::new("机柜无应答", "the cabinet does not answer")),
                }
            })
            .collect();
        let signals = stops.len() as u32;
        Ok(PreviewView {
            line,
            destination,
            length_m,
            free_flow_s,
            with_key_s: free_flow_s * 1.06,
            without_key_s: free_flow_s + f64::from(signals) * 14.5,
            crossings,
            price: PriceView {
                delay_veh_s: f64::from(signals) * 96.0,
                vehicles: signals * 7,
                walkers: signals * 2,
                wait_max_s: 84.0,
                wait_max_site: self.town.city.sites[stops[0].0].id.clone(),
                bound_s: 120,
            },
            advice: vec![Advice {
                code: "press-now".to_owned(),
                text: Names::new(
                    "现在按下：排队可在车辆到达前清空。",
                    "Press now: the queues clear before the vehicle arrives.",
                ),
                site: None,
            }],
        })
    }

    pub(super) fn open(&mut self, request: &CorridorRequest) -> Result<u32, Refusal> {
        let vehicle = self.vehicle(&request.vehicle.id)?;
        let ((line, stops, length_m), destination) = self.way(vehicle, &request.destination)?;
        let busy = |run: &Run| run.over_s.is_none() && run.view.vehicle_id == request.vehicle.id;
        if self.runs.iter().any(busy) {
            let detail = "this vehicle has a corridor already";
            return Err(Refusal::new(RefusalClass::Conflict, "vehicle-busy", detail)
                .blaming("vehicle.id", "a vehicle without a running corridor"));
        }
        let id = self.next_corridor;
        self.next_corridor += 1;
        let crossings = stops
            .iter()
            .map(|(site, approach, along)| CrossingView {
                site: self.town.city.sites[*site].id.clone(),
                approach: self.town.city.sites[*site].approaches[*approach]
                    .name
                    .clone(),
                movement: "through".to_owned(),
                eta_s: Some(along / SPEED_MPS),
                ..CrossingView::default()
            })
            .collect();
        self.runs.push(Run {
            view: CorridorView {
                id,
                request_id: request.request_id.clone(),
                revision: 1,
                state: CorridorState::Staging,
                control_authority: 1,
                class: ServiceClass::Ambulance,
                priority: request.priority,
                vehicle_id: request.vehicle.id.clone(),
                vehicle: None,
                destination,
                line,
                crossings,
                est_saved_s: stops.len() as f64 * 14.5,
                others_wait_s: 0,
                others_bound_s: 120,
                expires_ms: request.expires_at_ms,
                warnings: Vec::new(),
            },
            stops,
            travelled_m: 0.0,
            length_m,
            over_s: None,
            started_s: self.now_s(),
        });
        Ok(id)
    }

    pub(super) fn view(&self) -> CityView {
        let now = self.now_s();
        let vehicles = self.town.city.vehicles.iter().enumerate();
        CityView {
            at_ms: self.now_ms,
            unix_ms: unix_ms(),
            civil: "2026-05-04 08:15:30".to_owned(),
            status: self.status(),
            sites: (0..self.rounds.len())
                .map(|at| self.site_view(at, now))
                .collect(),
            vehicles: vehicles
                .map(|(at, one)| self.vehicle_view(at, &one.id))
                .collect(),
            corridors: self.runs.iter().map(|run| run.view.clone()).collect(),
        }
    }

    fn status(&self) -> StatusView {
        let link = |id: &str, cabinets, up| LinkView {
            id: id.to_owned(),
            cabinets,
            up,
            round_trip_ms: Some(3),
        };
        let alarm = Alarm {
            code: "cabinet-silent".to_owned(),
            serious: true,
            text: Names::new("P07 机柜无应答", "P07: the cabinet does not answer"),
            site: Some("P07".to_owned()),
        };
        let sites = self.rounds.len() as u16;
        StatusView {
            ticks: self.now_ms / TICK_MS,
            late_ticks: 0,
            scheduler: "ordinary".to_owned(),
            links: vec![
                link(
                    "tcp-local",
                    sites - 4,
                    sites - 4 - u16::from(self.with_faults),
                ),
                link("rtu-1", 4, 4),
            ],
            alarms: if self.with_faults {
                vec![alarm]
            } else {
                Vec::new()
            },
        }
    }

    fn vehicle_view(&self, at: usize, id: &str) -> VehicleView {
        let run = self.runs.iter().rev().find(|run| run.view.vehicle_id == id);
        let (column, row) = self.homes[at % self.homes.len()];
        let home = (Town::at(column, row), 0.0);
        let (place, heading_deg) =
            run.map_or(home, |run| along_line(&run.view.line, run.travelled_m));
        let moving = run.is_some_and(|run| run.view.state == CorridorState::Active);
        VehicleView {
            id: id.to_owned(),
            at: place,
            heading_deg,
            speed_mps: if moving { SPEED_MPS } else { 0.0 },
            age_ms: 400,
            corridor: run
                .filter(|run| run.over_s.is_none())
                .map(|run| run.view.id),
        }
    }

    fn site_view(&self, at: usize, now: f64) -> SiteView {
        let (built, round) = (&self.town.city.sites[at], &self.rounds[at]);
        let silent = self.is_silent(at);
        let lamp = |group| {
            if silent {
                Observed::NoSensor
            } else {
                Observed::Lamps(shown(&self.town, at, round, group, now))
            }
        };
        let waits = round
            .pressed_s
            .iter()
            .enumerate()
            .filter_map(|(group, pressed)| {
                Some(WaitView {
                    group: group as u8,
                    waited_s: (now - (*pressed)?) as u32,
                    bound_s: 90,
                })
            });
        let queue = |(approach, _): (usize, _)| {
            let red = !self.approach_is_green(at, approach, now);
            let vehicles = if red {
                (now as usize / 4 + at * 3 + approach * 5) % 9
            } else {
                0
            };
            QueueView {
                approach: approach as u8,
                vehicles: vehicles as u16,
                length_m: vehicles as u16 * 7,
            }
        };
        let held = round.corridor.is_some();
        SiteView {
            cabinet: if silent {
                CabinetState::Silent
            } else {
                CabinetState::Following
            },
            mode: Mode::Normal,
            lamps: (0..built.groups.len()).map(lamp).collect(),
            age_ms: Some(if silent {
                self.now_ms as u32
            } else {
                80 + (at as u32 % 5) * 20
            }),
            stage: built.stages.get(round.stage).cloned(),
            plan: "off-peak".to_owned(),
            winner: if held { "corridor" } else { "actuated" }.to_owned(),
            reason: if held {
                Names::new("绿波走廊：车辆将至", "corridor: the vehicle is coming")
            } else {
                Names::new(
                    "仍有车辆到达，延长绿灯",
                    "vehicles still arriving: green extended",
                )
            },
            waits: waits.collect(),
            wait_max_s: self.wait_max(at, now),
            queues: built.approaches.iter().enumerate().map(queue).collect(),
            corridor: round.corridor,
            manual: self.manual_view(at),
            faults: Vec::new(),
        }
    }
}

fn is_go(shown: Indication) -> bool {
    shown.is_go()
}

/// What a group shows.
fn shown(town: &Town, at: usize, round: &Round, group: usize, now: f64) -> Indication {
    let site = &town.city.sites[at];
    let built = &site.groups[group];
    let walks = built.kind == GroupKind::Pedestrian;
    match round.manual.as_ref().map(|manual| &manual.0) {
        Some(ManualAct::AllRed) => return Indication::Red,
        Some(ManualAct::Flash) if walks => return Indication::Dark,
        Some(ManualAct::Flash) => return Indication::FlashingAmber,
        Some(ManualAct::Stage(_)) | None => {}
    }
    let east_west = built.name.starts_with(['E', 'W']);
    let served = if site.crossing {
        (round.stage == 0) != walks
    } else if walks {
        // Walkers over an arm go with the traffic of the other street.
        round.stage == if east_west { 0 } else { 2 }
    } else {
        let left = usize::from(built.kind == GroupKind::Arrow);
        round.stage == if east_west { 2 } else { 0 } + left
    };
    let leaving = round.leaving_s.map(|since| now - since);
    match (served, leaving) {
        (false, _) => Indication::Red,
        (true, Some(left)) if walks && left < 3.0 => Indication::FlashingGreen,
        (true, Some(left)) if !walks && left < 3.0 => Indication::Amber,
        (true, Some(_)) => Indication::Red,
        (true, None) => Indication::Green,
    }
}

/// Where one is after `travelled_m`, and which way one looks.
fn along_line(line: &[LatLon], travelled_m: f64) -> (LatLon, f64) {
    let mut left = travelled_m;
    let mut last = (line.first().copied().unwrap_or_default(), 0.0);
    for pair in line.windows(2) {
        let length = distance_m(pair[0], pair[1]);
        let heading = bearing_deg(pair[0], pair[1]);
        if left <= length {
            return (between(pair[0], pair[1], left / length.max(0.1)), heading);
        }
        left -= length;
        last = (pair[1], heading);
    }
    last
}

fn unix_ms() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or_default()
}
