//! One run: SUMO, a controller, the bench's eyes, and what it was worth.

use std::fs;
use std::path::{Path, PathBuf};

use greenwave::shell::sumo::SumoNet;
use serde::{Deserialize, Serialize};

use super::demand::Demand;
use super::error::SumoError;
use super::people::{Loads, People, people};
use super::process::{Launch, SumoProcess, SumoVersion};
use super::roads::Roads;
use super::sensing::{Eyes, Sensors};
use super::traffic::Traffic;
use super::tripinfo::{Outcome, Trips, outcome};
use super::waits::{Clocks, LOCKED_S};
use super::walkers::Kerb;

/// A drained run is ended at last after so long, seconds.
const DRAIN_MAX_S: u32 = 7200;

/// What a controller sees at the beginning of a second.
#[derive(Clone, Copy, Debug)]
pub struct StreetNow<'a> {
    /// The second.
    pub now: u32,
    /// The network.
    pub roads: &'a Roads,
    /// Everybody on it; a fair controller looks at the views only.
    pub traffic: &'a Traffic,
    /// What the sensors tell.
    pub eyes: &'a Eyes,
}

/// What a controller knows of itself at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Offences that the referee counted.
    pub referee: u64,
    /// How long a decision of one site takes, 99 of 100, microseconds.
    pub decision_us_p99: Option<f64>,
}

/// Something that chooses what signals show.
pub trait Controller {
    /// Writes the letters of the second that begins now, one state per signal, or leaves a signal
    /// alone.
    ///
    /// # Errors
    /// The controller cannot go on.
    fn second(
        &mut self,
        street: &StreetNow<'_>,
        lights: &mut [Option<String>],
    ) -> Result<(), SumoError>;

    /// What it knows of itself.
    fn tally(&self) -> Tally {
        Tally::default()
    }

    /// What it wants and believes at this signal, a line each, for who traces a lock-up.
    fn explain(&self, _signal: usize) -> Vec<String> {
        Vec::new()
    }
}

/// SUMO's own programmes: nothing is chosen from outside.
#[derive(Clone, Copy, Debug, Default)]
pub struct Untouched;

impl Controller for Untouched {
    fn second(&mut self, _: &StreetNow<'_>, _: &mut [Option<String>]) -> Result<(), SumoError> {
        Ok(())
    }
}

/// How a run goes.
#[derive(Clone, Debug)]
pub struct RunSpec {
    /// SUMO and its files.
    pub launch: Launch,
    /// The window's end.
    pub end: u32,
    /// Quality of the sensors.
    pub sensors: Sensors,
    /// Go on until everybody has arrived.
    pub drain: bool,
    /// Stop when a junction locks up.
    pub stop_at_lockup: bool,
    /// The longest that walkers may wait before each crossing, by signal and link, seconds.
    pub walk_bounds: Vec<Vec<Option<u32>>>,
}

/// A run in figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// Mean delay of all scheduled vehicles.
    pub delay_s: f64,
    /// The delay that 95 of 100 do not exceed.
    pub p95_s: f64,
    /// The worst delay.
    pub worst_s: f64,
    /// Vehicles due in the window.
    pub scheduled: usize,
    /// Those that arrived.
    pub finished: usize,
    /// Those that never came in.
    pub never_inserted: usize,
    /// The longest that somebody at a stop line waited for a link's green.
    pub longest_red_s: u32,
    /// Offences that the referee counted.
    pub referee: u64,
    /// How long a decision of one site takes, 99 of 100, microseconds.
    pub decision_us_p99: Option<f64>,
    /// When a junction with somebody waiting first passed nobody for two minutes, seconds from
    /// the beginning.
    pub locked_at_s: Option<u32>,
    /// How long the street took to empty after the window, if it was drained.
    pub drained_s: Option<u32>,
    /// Mean delay of all travellers: of those in vehicles, on bicycles and on foot.
    #[serde(default)]
    pub person_delay_s: f64,
    /// The travellers of that mean.
    #[serde(default)]
    pub travellers: f64,
    /// Mean delay of bicycles; none if there are none.
    #[serde(default)]
    pub bicycle_delay_s: Option<f64>,
    /// Mean delay of walkers; none if there are none.
    #[serde(default)]
    pub walk_delay_s: Option<f64>,
    /// The wait at the kerb that 95 of 100 walkers do not exceed.
    #[serde(default)]
    pub walk_wait_p95_s: Option<u32>,
    /// The longest wait at the kerb.
    #[serde(default)]
    pub walk_wait_worst_s: Option<u32>,
    /// The least that was left, from a press to the green that answered it, of the bound of the
    /// crossing; less than nothing if one was broken.
    #[serde(default)]
    pub walk_bound_left_s: Option<i64>,
    /// Wall time of the run, seconds.
    pub wall_s: f64,
}

/// A run under way.
#[derive(Debug)]
pub struct Run {
    /// The network.
    pub roads: Roads,
    /// Everybody.
    pub traffic: Traffic,
    /// The sensors.
    pub eyes: Eyes,
    /// The bench's clocks.
    pub clocks: Clocks,
    sumo: SumoProcess,
    tripinfo: PathBuf,
    shown: Vec<Option<String>>,
    now: u32,
}

/// Reads the network of a run, with the programmes of its additional files.
///
/// # Errors
/// A file that cannot be read.
pub fn read_net(launch: &Launch) -> Result<SumoNet, SumoError> {
    let text = |path: &PathBuf| {
        fs::read_to_string(path).map_err(|why| SumoError::File {
            path: path.clone(),
            why,
        })
    };
    let bad = |path: &PathBuf, why: &dyn core::fmt::Display| SumoError::Xml {
        path: path.clone(),
        why: why.to_string(),
    };
    let mut net = SumoNet::parse(&text(&launch.net)?).map_err(|why| bad(&launch.net, &why))?;
    for file in &launch.additional {
        let text = text(file)?;
        // Stops, vehicle types and loops are SUMO's own business.
        if text.contains("<tlLogic") {
            net.add_programmes(&text).map_err(|why| bad(file, &why))?;
        }
    }
    Ok(net)
}

impl Run {
    /// Starts SUMO with this network.
    ///
    /// # Errors
    /// A file is missing, SUMO died, or the network cannot be used.
    pub fn start(spec: &RunSpec, net: &SumoNet) -> Result<Self, SumoError> {
        let roads = Roads::of(net)?;
        let mut sumo = SumoProcess::start(&spec.launch)?;
        let traffic = Traffic::on(&roads);
        // 1.9.2 does not know who sets off on foot.
        let tells_of_walkers = spec.launch.version != SumoVersion::V1_9_2;
        sumo.traci
            .follow_simulation(tells_of_walkers && traffic.walkers.have_crossings());
        for signal in &roads.signals {
            sumo.traci.follow_light(&signal.id);
        }
        Ok(Self {
            traffic,
            eyes: Eyes::new(&roads, spec.sensors, spec.launch.seed),
            clocks: Clocks::on(&roads),
            shown: vec![None; roads.signals.len()],
            tripinfo: spec.launch.tripinfo(),
            now: spec.launch.begin,
            roads,
            sumo,
        })
    }

    /// Counts what everybody loses from the next second on.
    pub fn count_losses(&mut self) {
        self.traffic.counts_losses = true;
        self.sumo.traci.follow_simulation_and_pending();
    }

    /// Writes everything that SUMO knows to a file, its dice included.
    ///
    /// # Errors
    /// SUMO died, or cannot write there.
    pub fn save(&mut self, file: &Path) -> Result<(), SumoError> {
        let saved = self.sumo.traci.save_state(&file.to_string_lossy());
        saved.map_err(|why| self.sumo.explain(why))
    }

    /// The same street in another SUMO, which `launch` lets begin from a copy that was saved now.
    ///
    /// # Errors
    /// A file is missing, or SUMO died.
    pub fn branch(&self, launch: &Launch) -> Result<Self, SumoError> {
        let mut sumo = SumoProcess::start(launch)?;
        sumo.traci.follow_simulation_and_pending();
        for signal in &self.roads.signals {
            sumo.traci.follow_light(&signal.id);
        }
        self.traffic.follow_again(&mut sumo);
        let mut traffic = self.traffic.clone();
        traffic.leave_walkers();
        Ok(Self {
            roads: self.roads.clone(),
            traffic,
            eyes: self.eyes.clone(),
            clocks: self.clocks.clone(),
            // What was shown is shown again: the copy may have forgotten it.
            shown: vec![None; self.shown.len()],
            tripinfo: launch.tripinfo(),
            now: self.now,
            sumo,
        })
    }

    /// The second that comes next.
    #[must_use]
    pub const fn now(&self) -> u32 {
        self.now
    }

    /// One second.
    ///
    /// # Errors
    /// SUMO died or the controller cannot go on.
    pub fn second(&mut self, controller: &mut dyn Controller) -> Result<(), SumoError> {
        let mut lights = vec![None; self.roads.signals.len()];
        let street = StreetNow {
            now: self.now,
            roads: &self.roads,
            traffic: &self.traffic,
            eyes: &self.eyes,
        };
        controller.second(&street, &mut lights)?;
        for (at, state) in lights.into_iter().enumerate() {
            if let Some(state) = &state
                && self.shown[at].as_ref() != Some(state)
            {
                self.sumo.traci.set_light(&self.roads.signals[at].id, state);
            }
            self.shown[at] = state;
        }
        self.traffic.step(&mut self.sumo, &self.roads)?;
        self.now += 1;
        self.eyes.look(&self.roads, &self.traffic, self.now);
        self.clocks
            .watch(&self.roads, &self.traffic, &self.eyes, self.now);
        Ok(())
    }

    /// Ends SUMO and weighs the run.
    ///
    /// # Errors
    /// SUMO died or its file cannot be read.
    pub fn finish(self, demand: &Demand, scaled: bool) -> Result<(Outcome, People), SumoError> {
        let end = f64::from(self.now);
        let Self { sumo, tripinfo, .. } = self;
        sumo.finish()?;
        let trips = Trips::read(&tripinfo)?;
        let vehicles = trips.of_vehicles(demand, scaled, end);
        let walkers = trips.of_walkers(demand, end);
        let people = people(&vehicles, &walkers, &Loads::of(demand));
        Ok((outcome(&vehicles), people))
    }
}

/// Makes a whole run. `say` is handed the trace of a lock-up.
///
/// # Errors
/// As [`Run::start`] and [`Run::second`].
pub fn make_run(
    spec: &RunSpec,
    demand: &Demand,
    (net, controller): (&SumoNet, &mut dyn Controller),
    say: &mut dyn FnMut(&str),
) -> Result<RunResult, SumoError> {
    let wall = std::time::Instant::now();
    let mut run = Run::start(spec, net)?;
    let mut drained_s = None;
    while run.now() < spec.end {
        run.second(controller)?;
        if spec.stop_at_lockup && run.clocks.first_lock.is_some() {
            trace(&run, spec, controller, say);
            break;
        }
    }
    if spec.drain {
        while run.traffic.expected > 0 && run.now() < spec.end + DRAIN_MAX_S {
            run.second(controller)?;
        }
        drained_s = Some(run.now() - spec.end.min(run.now()));
    }
    let tally = controller.tally();
    let begin = spec.launch.begin;
    let longest_red_s = run.clocks.longest_red_s;
    let locked_at_s = run.clocks.first_lock.map(|lock| lock.at - begin);
    let scaled = (spec.launch.scale - 1.0).abs() > f64::EPSILON;
    let kerb = Kerb::of(
        &run.traffic.walkers.all_waits(run.traffic.second()),
        &spec.walk_bounds,
    );
    let (worth, people) = run.finish(demand, scaled)?;
    Ok(RunResult {
        delay_s: worth.delay_s,
        p95_s: worth.p95_s,
        worst_s: worth.worst_s,
        scheduled: worth.scheduled,
        finished: worth.finished,
        never_inserted: worth.never_inserted,
        longest_red_s,
        referee: tally.referee,
        decision_us_p99: tally.decision_us_p99,
        locked_at_s,
        drained_s,
        person_delay_s: people.delay_s,
        travellers: people.travellers,
        bicycle_delay_s: people.bicycle_delay_s,
        walk_delay_s: people.walk_delay_s,
        walk_wait_p95_s: kerb.p95_s,
        walk_wait_worst_s: kerb.worst_s,
        walk_bound_left_s: kerb.bound_left_s,
        wall_s: wall.elapsed().as_secs_f64(),
    })
}

fn trace(run: &Run, spec: &RunSpec, controller: &dyn Controller, say: &mut dyn FnMut(&str)) {
    let Some(lock) = run.clocks.first_lock else {
        return;
    };
    let signal = &run.roads.signals[lock.signal];
    let minute = (lock.at - spec.launch.begin) / 60;
    say(&format!(
        "minute {minute}: {} passed nobody for {LOCKED_S} s; it shows {}",
        signal.id, run.traffic.lights[lock.signal]
    ));
    let view = &run.eyes.views()[lock.signal];
    for (number, stop) in signal.lanes.iter().enumerate() {
        let seen = view.seen.iter().filter(|seen| seen.lane == number);
        let standing = seen.clone().filter(|seen| seen.speed_mps < 0.1).count();
        let id = &run.roads.lanes[stop.lane as usize].id;
        say(&format!(
            "  lane {id}: {} seen, {standing} stand",
            seen.count()
        ));
    }
    for (link, seen) in signal.links.iter().zip(&view.links) {
        if seen.inside > 0 || seen.exit_blocked {
            say(&format!(
                "  link {}: {} inside, {} of them slow, exit blocked: {}",
                link.index, seen.inside, seen.inside_slow, seen.exit_blocked
            ));
        }
    }
    for line in controller.explain(lock.signal) {
        say(&format!("  {line}"));
    }
}
