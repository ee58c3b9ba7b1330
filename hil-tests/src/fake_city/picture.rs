//! The made-up town as a picture.

use greenwave::kernel::CabinetState;
use greenwave::shell::dispatch::world::{
    Alarm, CityView, CorridorState, KeyTimesView, LatLon, LatenessView, LearnedView, LinkView,
    ManualAct, Mode, Names, QueueView, SiteView, StatusView, VehicleView, WaitView,
};
use greenwave::signal::{GroupKind, Indication, Observed};

use super::drive::{Drive, Round, SPEED_MPS, TICK_MS};
use super::town::{Town, bearing_deg, between, distance_m};

impl Drive {
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

    pub(super) fn status(&self) -> StatusView {
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
            ..Alarm::default()
        };
        let sites = self.rounds.len() as u16;
        StatusView {
            lateness: LatenessView::default(),
            key_to_accept: KeyTimesView::default(),
            ticks: self.now_ms / TICK_MS,
            late_ticks: 0,
            missed_ticks: 0,
            mute_ticks: 0,
            scheduler: "ordinary".to_owned(),
            learned: LearnedView::default(),
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

    pub(super) fn vehicle_view(&self, at: usize, id: &str) -> VehicleView {
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

    #[expect(clippy::too_many_lines, reason = "one field after the other")]
    pub(super) fn site_view(&self, at: usize, now: f64) -> SiteView {
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
            plan_since_ms: None,
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

pub(super) fn is_go(shown: Indication) -> bool {
    shown.is_go()
}

/// What a group shows.
pub(super) fn shown(town: &Town, at: usize, round: &Round, group: usize, now: f64) -> Indication {
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
        (true, Some(left)) if walks && left < 3.0 => Indication::FlashingGreen,
        (true, Some(left)) if !walks && left < 3.0 => Indication::Amber,
        (false, _) | (true, Some(_)) => Indication::Red,
        (true, None) => Indication::Green,
    }
}

/// Where one is after `travelled_m`, and which way one looks.
pub(super) fn along_line(line: &[LatLon], travelled_m: f64) -> (LatLon, f64) {
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

pub(super) fn unix_ms() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or_default()
}
