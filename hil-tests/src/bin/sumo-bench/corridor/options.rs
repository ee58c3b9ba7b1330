//! What a comparison of corridors is told.

use std::path::PathBuf;

use clap::Args;
use hil_tests::sumo::SumoVersion;
use hil_tests::sumo::corridor::{Fault, Gps, Method};
use hil_tests::sumo::lockstep::Base;
use hil_tests::sumo::sensing::Sensors;
use hil_tests::sumo::signals::Rules;

use crate::options::{Files, seeds};

/// The street is driven at least this long before anything is measured, seconds.
pub(super) const WARM_MIN_S: u32 = 600;
/// And at most this long.
pub(super) const WARM_MAX_S: u32 = 2100;
/// Room for a drive and what comes after it, seconds.
const ROOM_S: u32 = 1400;

/// Who drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vehicles {
    /// One vehicle.
    One,
    /// Two that meet: crossing in even pairs, on opposite ways in odd ones.
    Two,
    /// Three of different classes that meet.
    Three,
    /// Three engines one behind the other, with one corridor.
    Convoy,
}

impl Vehicles {
    fn parse(name: &str) -> Result<Self, String> {
        match name {
            "1" => Ok(Self::One),
            "2" => Ok(Self::Two),
            "3" => Ok(Self::Three),
            "convoy" => Ok(Self::Convoy),
            other => Err(format!("no set of vehicles `{other}`: 1, 2, 3 or convoy")),
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::Two => "2",
            Self::Three => "3",
            Self::Convoy => "convoy",
        }
    }
}

/// What emergency vehicles gain and others pay: every method from the same copy of the street.
#[derive(Clone, Debug, Args)]
pub(crate) struct Corridor {
    /// The network; may be left out if `--routes` names a `.sumocfg`.
    #[arg(long)]
    pub(crate) net: Option<PathBuf>,
    /// Route files, or a `.sumocfg` whose files are taken.
    #[arg(long, value_delimiter = ',', required = true)]
    pub(crate) routes: Vec<PathBuf>,
    /// Additional files.
    #[arg(long, value_delimiter = ',')]
    pub(crate) additional: Vec<PathBuf>,
    /// First second of the window.
    #[arg(long)]
    pub(crate) begin: u32,
    /// Last second of the window: drives begin early enough for what comes after them.
    #[arg(long)]
    pub(crate) end: u32,
    /// Errands, shared out over the seeds.
    #[arg(long, default_value_t = 20)]
    pub(crate) pairs: u32,
    /// Of all these errands only those with the given numbers, to look at them again: `--only 3,17`.
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<u32>,
    /// Ways to help; `none` is always among them, for the others are measured against it.
    #[arg(long, value_delimiter = ',', default_value = "none,ours", value_parser = Method::parse)]
    pub(crate) methods: Vec<Method>,
    /// What drives the signals underneath: `fixed` (the network's own programmes) or `adaptive`.
    #[arg(long, default_value = "fixed", value_parser = Base::parse)]
    pub(crate) base: Base,
    /// Seeds: `1-5`, `3`, or `1,5,9`.
    #[arg(long, default_value = "1-5")]
    pub(crate) seeds: String,
    /// Demand as a share of the files' own.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) demand: f64,
    /// The rules: `field` (1 s all-red) or `resco` (none).
    #[arg(long, default_value = "field", value_parser = Rules::parse)]
    pub(crate) rules: Rules,
    /// The sensors: `resco` (exact, 200 m), `field` (100 m, 5 % missed, late) or `field-dead`.
    #[arg(long, default_value = "resco", value_parser = Sensors::parse)]
    pub(crate) sensors: Sensors,
    /// SUMO's version: 1.28.0 or 1.9.2.
    #[arg(long, default_value = "1.28.0", value_parser = SumoVersion::parse)]
    pub(crate) sumo: SumoVersion,
    /// Seconds from one position of the vehicle to the next.
    #[arg(long, default_value_t = 1)]
    pub(crate) gps_period: u32,
    /// How old a position is when it comes, seconds.
    #[arg(long, default_value_t = 0)]
    pub(crate) gps_lag: u32,
    /// Deviation of a position, metres.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) gps_noise: f64,
    /// Who drives: one vehicle, `2` or `3` that meet, or a `convoy` of three engines.
    #[arg(long, default_value = "1", value_parser = Vehicles::parse)]
    pub(crate) vehicles: Vehicles,
    /// What goes wrong: gpsN, lagN, noiseN, lossN (seconds, metres), wrong-turn, cancel, parked,
    /// lost-signoff, duplicate, replayed, offline, restart.
    #[arg(long, default_value = "none", value_parser = Fault::parse)]
    pub(crate) fault: Fault,
    /// Seconds from the copy, when the corridor is asked for, to the departure.
    #[arg(long, default_value_t = 30)]
    pub(crate) notice: u32,
    /// Seeds that are worked at the same time.
    #[arg(long, default_value_t = 2)]
    pub(crate) jobs: usize,
    /// Where finished runs are kept; `none` keeps none.
    #[arg(long, default_value = "hil-tests/artefacts/sumo-cache")]
    pub(crate) cache: PathBuf,
    /// The folder into which `setup.sh` has brought SUMO.
    #[arg(long, default_value = "hil-tests")]
    pub(crate) peers: PathBuf,
    /// The journal of every run with the corridor engine goes into this folder.
    #[arg(long)]
    pub(crate) journals: Option<PathBuf>,
    /// One line of JSON for each run goes here.
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
}

impl Corridor {
    pub(super) fn files(&self) -> Result<Files, String> {
        let least = WARM_MIN_S + ROOM_S;
        if self.end < self.begin.saturating_add(least) {
            return Err(format!(
                "a window from {} to {} is too short: a drive and what comes after it need {least} s",
                self.begin, self.end
            ));
        }
        if self.pairs == 0 {
            return Err("no pairs: give --pairs 1 or more".to_owned());
        }
        if let Some(beyond) = self.only.iter().find(|pair| **pair >= self.pairs) {
            return Err(format!(
                "--only {beyond}: there are {} errands, numbered from 0",
                self.pairs
            ));
        }
        Files::open(self.net.as_ref(), &self.routes, &self.additional)
    }

    pub(super) fn seeds(&self) -> Result<Vec<u32>, String> {
        seeds(&self.seeds)
    }

    /// True if an errand is to be driven.
    pub(super) fn wants(&self, pair: u32) -> bool {
        self.only.is_empty() || self.only.contains(&pair)
    }

    /// The methods in order, `none` first.
    pub(super) fn methods(&self) -> Vec<Method> {
        let mut methods = vec![Method::None];
        for method in &self.methods {
            if !methods.contains(method) {
                methods.push(*method);
            }
        }
        methods
    }

    pub(super) const fn gps(&self) -> Gps {
        Gps {
            period_s: self.gps_period,
            lag_s: self.gps_lag,
            noise_m: self.gps_noise,
        }
    }

    /// The last second at which the street may be copied.
    pub(super) fn latest(&self) -> u32 {
        (self.begin + WARM_MAX_S).min(self.end - ROOM_S)
    }

    /// Everything that a run depends on besides its files, seed and method.
    pub(super) fn said(&self) -> String {
        format!(
            "corridor {} {} {} {} {} {} {} {} {:?} {} {} {} {}",
            self.begin,
            self.end,
            self.pairs,
            self.seeds,
            self.base.name(),
            self.rules.name(),
            self.sensors.name(),
            self.sumo.name(),
            self.gps(),
            self.demand,
            self.notice,
            self.vehicles.name(),
            self.fault.text()
        )
    }
}
