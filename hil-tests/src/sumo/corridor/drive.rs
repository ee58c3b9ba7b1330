//! One drive from a copied street, and the same drive on an empty one.

use std::fs;

use greenwave::corridor::Preview;
use greenwave::shell::sumo::SumoNet;
use serde::{Deserialize, Serialize};

use super::audit::Leases;
use super::fleet::{Driving, fleet_file, id_of};
use super::helped::Helped;
use super::proven::{FOLLOWED_S, Proven};
use super::trips::Errand;
use super::unit::Unit;
use super::watch::{Stand, Watch};
use super::way::Way;
use crate::sumo::error::SumoError;
use crate::sumo::process::Launch;
use crate::sumo::run::{Controller, Run, RunSpec, StreetNow};
use crate::sumo::sensing::Sensors;

/// The others are watched for so long after the arrival, seconds.
pub const AFTER_S: u32 = 900;
/// A vehicle that has not arrived after so long never does, seconds.
pub const DRIVE_MAX_S: u32 = 2400;
/// On an empty street.
const FLOOR_MAX_S: u32 = 3600;

/// One vehicle of a drive in figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UnitDrive {
    /// From the second it was due to set off until it arrived; to the end if it did not.
    pub time_s: u32,
    /// It arrived.
    pub arrived: bool,
    /// How often it stood.
    pub stops: u32,
    /// Seconds it stood.
    pub stopped_s: u32,
    /// Its longest stand.
    pub longest_stand_s: u32,
    /// Where, how long and before what it stood.
    pub stands: Vec<Stand>,
    /// Stop lines on its way that it reached.
    pub signals: usize,
    /// Of these, those that let it go where it would have begun to brake.
    pub greens: usize,
    /// Of these, those with nobody standing before it there.
    pub clear: usize,
    /// Those with both.
    pub ready: usize,
    /// By how much the latest lock was late from the outset.
    pub late_by_s: f64,
    /// What the key was said to do.
    pub preview: Option<Preview>,
    /// What the journal proves that it did.
    pub proven: Option<Proven>,
    /// What its leases did.
    pub leases: Leases,
    /// Seconds from the copy to the second it was due to set off.
    pub notice_s: u32,
}

/// A drive in figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Drive {
    /// Its vehicles.
    pub units: Vec<UnitDrive>,
    /// The longest that anybody at a stop line waited for green.
    pub worst_red_s: u32,
    /// Offences that the referee counted since the copy.
    pub referee: u64,
    /// The first offences, a line each.
    pub offences: Vec<String>,
    /// Mean time a signal of the first vehicle's way was locked.
    pub lock_s_per_signal: f64,
    /// Vehicle-seconds that all others have lost since the copy, at the end of each second.
    pub lost_s: Vec<f64>,
}

impl Drive {
    /// Seconds from the copy to the last arrival.
    #[must_use]
    pub fn arrival_s(&self) -> u32 {
        let arrivals = self.units.iter().map(|unit| unit.notice_s + unit.time_s);
        arrivals.max().unwrap_or(0)
    }
}

/// Drives from the copy that `launch` begins from, until 15 minutes after the last arrival.
/// `departs` are the seconds at which the vehicles are due.
///
/// # Errors
/// SUMO died, or the copy does not fit.
pub fn drive(
    from: &Run,
    launch: &Launch,
    helped: &mut Helped,
    departs: &[u32],
) -> Result<Drive, SumoError> {
    let mut run = from.branch(launch)?;
    run.clocks.longest_red_s = 0;
    let copied = run.now();
    let before = helped.lockstep.referee().counts().total();
    let mut lost_s = Vec::new();
    let mut start_s = None;
    let mut end = departs.iter().copied().max().unwrap_or(copied) + DRIVE_MAX_S;
    while run.now() < end {
        run.second(helped)?;
        let all_s = run.traffic.loss_s;
        lost_s.push(all_s - *start_s.get_or_insert(all_s));
        for unit in &mut helped.units {
            unit.watch.look(&run.roads, &run.traffic, run.now());
        }
        if helped.all_arrived() {
            let arrived = helped.units.iter().filter_map(|unit| unit.watch.arrived);
            let arrived = arrived.max().unwrap_or(copied);
            end = end.min(arrived + AFTER_S);
            if let Some(journal) = &mut helped.lockstep.journal
                && run.now() >= arrived + FOLLOWED_S
            {
                journal.end();
            }
        }
    }
    let referee = helped.lockstep.referee();
    let offences = referee.counts().total() - before;
    let units = helped.units.iter().zip(departs);
    Ok(Drive {
        units: units
            .map(|(unit, depart)| unit_drive(unit, *depart, (copied, end)))
            .collect(),
        worst_red_s: run.clocks.longest_red_s,
        referee: offences,
        lock_s_per_signal: helped.lock_s_per_signal(),
        offences: if offences > 0 {
            helped.lockstep.offences()
        } else {
            Vec::new()
        },
        lost_s,
    })
}

fn unit_drive(unit: &Unit, depart: u32, (copied, end): (u32, u32)) -> UnitDrive {
    let watch = &unit.watch;
    let met = || watch.met.iter().flatten();
    let crossings = unit.view.iter().flat_map(|view| &view.crossings);
    let late = crossings.map(|crossing| f64::from(crossing.late_by.as_ms()) / 1000.0);
    UnitDrive {
        time_s: watch.arrived.unwrap_or(end) - depart,
        arrived: watch.arrived.is_some(),
        stops: watch.stops,
        stopped_s: watch.stopped_s,
        longest_stand_s: watch.longest_stand_s,
        stands: watch.stands.clone(),
        signals: met().count(),
        greens: met().filter(|met| met.green).count(),
        clear: met().filter(|met| met.clear).count(),
        ready: met().filter(|met| met.green && met.clear).count(),
        late_by_s: late.fold(0.0, f64::max),
        preview: unit.preview.clone(),
        proven: None,
        leases: unit.audit.leases.clone(),
        notice_s: depart - copied,
    }
}

/// Everything is green, always.
struct AllGreen;

impl Controller for AllGreen {
    fn second(
        &mut self,
        street: &StreetNow<'_>,
        lights: &mut [Option<String>],
    ) -> Result<(), SumoError> {
        for (light, signal) in lights.iter_mut().zip(&street.roads.signals) {
            *light = Some("G".repeat(signal.width));
        }
        Ok(())
    }
}

/// How long the same vehicle needs on the empty network with everything green, seconds.
///
/// # Errors
/// SUMO died, or it does not arrive.
pub fn floor_s(launch: &Launch, net: &SumoNet, errand: &Errand) -> Result<u32, SumoError> {
    let mut launch = launch.clone();
    let file = launch.work.join("floor.rou.xml");
    let text = fleet_file(&[(errand, 0)], Driving::Obeys);
    fs::write(&file, text).map_err(|why| SumoError::File {
        path: file.clone(),
        why,
    })?;
    launch.routes = vec![file];
    launch.begin = 0;
    launch.more.clear();
    let spec = RunSpec {
        launch,
        end: FLOOR_MAX_S,
        sensors: Sensors::Resco,
        drain: false,
        stop_at_lockup: false,
        walk_bounds: Vec::new(),
    };
    let mut run = Run::start(&spec, net)?;
    let way = Way::of(&run.roads, errand)?;
    let mut watch = Watch::on(way, id_of(0));
    while run.now() < spec.end {
        run.second(&mut AllGreen)?;
        watch.look(&run.roads, &run.traffic, run.now());
        if let Some(arrived) = watch.arrived {
            return Ok(arrived);
        }
    }
    let why = format!(
        "the vehicle does not arrive on the empty network: {}",
        errand.edges.join(" ")
    );
    Err(SumoError::Network(why))
}
