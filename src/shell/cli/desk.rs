//! The dispatch desk of a simulation: presses the key, sends the vehicle, keeps the account.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Failure;
use super::args::Simulate;
use super::corridor::{all_prepared, prepared};
use super::drives::{Measure, floor, green_share};
use super::load::LoadedCity;
use crate::controller::{City, Command};
use crate::corridor::{AskedBy, MissionState, PlanRequest};
use crate::ids::CorridorId;
use crate::network::Route;
use crate::shell::missions::Mission;
use crate::shell::planner::Planner;
use crate::shell::virtual_city::VirtualCity;
use crate::sim::{Dispatch, StreetStats, VirtualStreet};
use crate::units::{Millis, Mono};

/// A corridor of the simulation ends after this at the latest.
const CORRIDOR_MAX: Millis = Millis::from_secs(1200);

/// Sends the vehicles of the city's prepared missions in turn, and presses the key for them.
#[derive(Debug)]
pub(super) struct Desk {
    planner: Planner,
    missions: Vec<Mission>,
    /// Travel time of each mission on the empty street with everything green.
    floors: Vec<Millis>,
    no_key: bool,
    /// Every vehicle sent, with the place of its mission.
    sent: Vec<(String, usize)>,
    pressed: u32,
    completed: u32,
    failed: u32,
    running: Vec<CorridorId>,
}

impl Desk {
    pub(super) fn new(loaded: &LoadedCity, options: &Simulate) -> Result<Self, Failure> {
        let missions = match &options.mission {
            Some(only) => vec![prepared(loaded, only)?],
            None => all_prepared(loaded),
        };
        let planner = Planner {
            city: Arc::new(loaded.city.clone()),
            graph: Arc::new(loaded.graph.clone()),
        };
        let floor_of = |mission: &Mission| {
            let route = planner
                .route((mission.from, mission.to), planner.size_of(mission.class))
                .ok()?;
            let order = Dispatch::along(&planner.graph, &route, "floor", mission.class);
            floor(loaded, &order)
        };
        let floors = missions.iter().map(|one| floor_of(one).unwrap_or_default());
        Ok(Self {
            floors: floors.collect(),
            missions,
            planner,
            no_key: options.no_key,
            sent: Vec::new(),
            pressed: 0,
            completed: 0,
            failed: 0,
            running: Vec::new(),
        })
    }

    /// Presses the key for the next mission and lets its vehicle set off.
    pub(super) fn press(
        &mut self,
        world: &mut VirtualCity,
        commands: &mut Vec<Command>,
        now: Mono,
    ) {
        let count = u32::try_from(self.missions.len()).unwrap_or(1).max(1);
        let which = usize::try_from(self.pressed % count).unwrap_or(0);
        let Some(mission) = self.missions.get(which) else {
            return;
        };
        self.pressed += 1;
        let vehicle = format!("A{}", self.pressed);
        self.sent.push((vehicle.clone(), which));
        let size = self.planner.size_of(mission.class);
        let Ok(route) = self.planner.route((mission.from, mission.to), size) else {
            self.failed += 1;
            return;
        };
        if self.no_key {
            self.failed += u32::from(!self.send(world, mission, &vehicle, &route));
            return;
        }
        let plan = self
            .planner
            .corridor(&route, self.request(mission, &vehicle, now));
        let (Ok(plan), true) = (plan, self.send(world, mission, &vehicle, &route)) else {
            self.failed += 1;
            return;
        };
        self.running.push(plan.corridor);
        commands.push(Command::OpenCorridor(Arc::new(plan)));
    }

    fn request(&self, mission: &Mission, vehicle: &str, now: Mono) -> PlanRequest {
        PlanRequest {
            corridor: CorridorId::new(self.pressed),
            revision: 1,
            vehicle: vehicle.to_owned(),
            asked_by: AskedBy::default(),
            class: mission.class,
            preempts: self.planner.preempts(mission.class),
            priority: 1,
            convoy: self.planner.size_of(mission.class).length,
            pace_percent: 120,
            expires: now + CORRIDOR_MAX,
            departs: None,
        }
    }

    fn send(&self, world: &mut VirtualCity, mission: &Mission, vehicle: &str, way: &Route) -> bool {
        let order = Dispatch::along(&self.planner.graph, way, vehicle, mission.class);
        world.street.dispatch(&order).is_ok()
    }

    /// Keeps the account of corridors that have ended.
    pub(super) fn follow(&mut self, city: &City) {
        let (completed, failed) = (&mut self.completed, &mut self.failed);
        self.running.retain(|corridor| {
            let state = city
                .corridors()
                .mission(*corridor)
                .map(crate::corridor::Mission::state);
            match state {
                Some(MissionState::Completed) => {
                    *completed += 1;
                    false
                }
                Some(state) if state.is_over() => {
                    *failed += 1;
                    false
                }
                Some(_) | None => true,
            }
        });
    }

    pub(super) fn summary(&self, street: &VirtualStreet) -> Value {
        let measured = self.sent.iter().filter_map(|(vehicle, mission)| {
            let floor = *self.floors.get(*mission)?;
            let drive = street.drives().find(|drive| *drive.vehicle == **vehicle)?;
            (floor > Millis::ZERO).then(|| (Measure::new(drive, floor, street.now()), drive))
        });
        let measured: Vec<_> = measured.collect();
        let mut ratios: Vec<f64> = measured.iter().map(|(measure, _)| measure.ratio).collect();
        ratios.sort_by(f64::total_cmp);
        let at = |percent: usize| {
            let last = ratios.len().saturating_sub(1);
            ratios.get((ratios.len() * percent / 100).min(last))
        };
        let greens: Vec<f64> = measured
            .iter()
            .map(|(_, drive)| green_share(drive))
            .collect();
        json!({
            "pressed": self.pressed, "completed": self.completed, "failed": self.failed,
            "running": self.running.len(),
            "arrived": measured.iter().filter(|(one, _)| one.travel.is_some()).count(),
            "ratio": { "p50": at(50), "p90": at(90), "max": ratios.last() },
            "ratios": measured.iter().map(|(one, _)| one.ratio).collect::<Vec<_>>(),
            "green_at_arrival": greens,
            "stops": measured.iter().map(|(_, drive)| drive.stops).collect::<Vec<_>>(),
        })
    }
}

/// Walkers' groups whose longest wait broke the corridor bound of their site.
pub(super) fn over_bound(stats: &StreetStats, city: &City) -> usize {
    let over = stats.waits.iter().filter(|wait| {
        let site = city.plans().get(wait.site.index());
        site.is_some_and(|site| wait.longest > site.corridor_wait_max)
    });
    over.count()
}
