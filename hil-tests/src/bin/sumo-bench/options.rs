//! What the bench is told, and the runs that follow from it.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::ArgPredicate;
use greenwave::plan::Tuning;
use hil_tests::sumo::city::StreetCity;
use hil_tests::sumo::run::RunSpec;
use hil_tests::sumo::sensing::Sensors;
use hil_tests::sumo::signals::Rules;
use hil_tests::sumo::{Launch, SumoVersion, read_config};

use crate::controllers::Name;

/// Where finished runs and the networks of cities are kept.
const CACHE: &str = "hil-tests/artefacts/sumo-cache";
/// Seeds of one comparison at most.
const SEEDS_MAX: usize = 1000;

/// Delay of everybody who is scheduled, for several controllers and seeds.
#[derive(Clone, Debug, Args)]
pub(crate) struct Adaptive {
    /// The network; may be left out if `--routes` names a `.sumocfg`.
    #[arg(long)]
    pub(crate) net: Option<PathBuf>,
    /// A city folder in place of a network: it is exported, and its traffic is drawn anew for each
    /// seed.
    #[arg(long, conflicts_with_all = ["net", "routes", "additional"])]
    pub(crate) city: Option<PathBuf>,
    /// Route files, or a `.sumocfg` whose files are taken.
    #[arg(long, value_delimiter = ',', required_unless_present = "city")]
    pub(crate) routes: Vec<PathBuf>,
    /// Additional files.
    #[arg(long, value_delimiter = ',')]
    pub(crate) additional: Vec<PathBuf>,
    /// First second of the window; of a city, seconds after midnight.
    #[arg(long, default_value_if("city", ArgPredicate::IsPresent, "28800"))]
    #[arg(required_unless_present = "city")]
    pub(crate) begin: Option<u32>,
    /// The second at which the window is cut.
    #[arg(long, default_value_if("city", ArgPredicate::IsPresent, "32400"))]
    #[arg(required_unless_present = "city")]
    pub(crate) end: Option<u32>,
    /// Seeds: `1-10`, `3`, or `1,5,9`.
    #[arg(long, default_value = "1-3")]
    pub(crate) seeds: String,
    /// The rules of the comparison: `resco` (no all-red) or `field` (1 s all-red).
    #[arg(long, default_value = "resco", value_parser = Rules::parse)]
    pub(crate) rules: Rules,
    /// The sensors: `resco` (exact, 200 m), `field` (100 m, 5 % missed, late) or `field-dead`.
    #[arg(long, default_value = "resco", value_parser = Sensors::parse)]
    pub(crate) sensors: Sensors,
    /// SUMO's version: 1.28.0 or 1.9.2.
    #[arg(long, default_value = "1.28.0", value_parser = SumoVersion::parse)]
    pub(crate) sumo: SumoVersion,
    /// Who is compared.
    #[arg(long, value_delimiter = ',', default_value = "fixed", value_parser = Name::parse)]
    pub(crate) controllers: Vec<Name>,
    /// Demand as a share of the files' own. Scheduled is then who SUMO itself tells of, those who
    /// never came in included.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) demand: f64,
    /// Go on after the window, without new departures, until everybody arrived or 2 h have passed.
    #[arg(long)]
    pub(crate) drain: bool,
    /// Stop a run when a junction with somebody waiting passes nobody for 120 s, and say why.
    #[arg(long)]
    pub(crate) stop_at_lockup: bool,
    /// Other numbers for adaptive control than the program's own: a TOML file with the keys of
    /// `adaptive.toml`. One set holds for all networks; this is for finding it.
    #[arg(long, value_parser = read_tuning)]
    pub(crate) tuning: Option<Tuning>,
    /// Runs at the same time.
    #[arg(long, default_value_t = 2)]
    pub(crate) jobs: usize,
    /// Where finished runs are kept; `none` keeps none.
    #[arg(long, default_value = CACHE)]
    pub(crate) cache: PathBuf,
    /// The folder into which `setup.sh` has brought SUMO.
    #[arg(long, default_value = "hil-tests")]
    pub(crate) peers: PathBuf,
    /// One line of JSON for each run goes here.
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
}

fn read_tuning(path: &str) -> Result<Tuning, String> {
    let text = std::fs::read_to_string(path).map_err(|why| format!("{path}: {why}"))?;
    let read = |text: &str| -> Result<Tuning, toml::de::Error> {
        let mut table: toml::Table = toml::from_str(text)?;
        table.remove("schema");
        table.try_into()
    };
    read(&text).map_err(|why| format!("{path}: {why}"))
}

/// The files of a comparison, `.sumocfg`s opened.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    pub(crate) net: PathBuf,
    pub(crate) routes: Vec<PathBuf>,
    pub(crate) additional: Vec<PathBuf>,
}

impl Adaptive {
    /// The files of the comparison.
    pub(crate) fn files(&self, city: Option<&StreetCity>) -> Result<Files, String> {
        let net = city.map(|city| &city.net_file).or(self.net.as_ref());
        Files::open(net, &self.routes, &self.additional)
    }

    /// The window, seconds.
    pub(crate) fn window(&self) -> Result<(u32, u32), String> {
        let (begin, end) = (self.begin.unwrap_or(0), self.end.unwrap_or(0));
        if end <= begin {
            return Err(format!("a window from {begin} to {end} is empty"));
        }
        Ok((begin, end))
    }

    /// The city, if there is one: read, exported, its network made or found in the cache.
    pub(crate) fn open_city(&self) -> Result<Option<StreetCity>, String> {
        let Some(folder) = &self.city else {
            return Ok(None);
        };
        if self.sumo != SumoVersion::V1_28_0 {
            return Err(
                "a city runs on SUMO 1.28.0 only: older ones do not tell of walkers".to_owned(),
            );
        }
        let home = self.sumo.home(&self.peers).map_err(|why| why.to_string())?;
        let kept = if self.cache == Path::new("none") {
            Path::new(CACHE)
        } else {
            &self.cache
        };
        let city = StreetCity::open(folder, (kept, &home), self.window()?);
        city.map(Some).map_err(|why| why.to_string())
    }

    /// The seeds, in order.
    pub(crate) fn seeds(&self) -> Result<Vec<u32>, String> {
        seeds(&self.seeds)
    }

    /// How one run goes; `work` is a folder of its own.
    pub(crate) fn spec(&self, files: &Files, seed: u32, work: &Path) -> Result<RunSpec, String> {
        let home = self.sumo.home(&self.peers).map_err(|why| why.to_string())?;
        let (begin, end) = self.window()?;
        Ok(RunSpec {
            launch: Launch {
                version: self.sumo,
                home,
                net: files.net.clone(),
                routes: files.routes.clone(),
                additional: files.additional.clone(),
                begin,
                seed,
                scale: self.demand,
                work: work.to_owned(),
                more: Vec::new(),
            },
            end,
            sensors: self.sensors,
            drain: self.drain,
            stop_at_lockup: self.stop_at_lockup,
            walk_bounds: Vec::new(),
        })
    }
}

impl Files {
    /// The files that are named, `.sumocfg`s opened.
    pub(crate) fn open(
        net: Option<&PathBuf>,
        routes: &[PathBuf],
        additional: &[PathBuf],
    ) -> Result<Self, String> {
        let mut files = Self {
            net: net.cloned().unwrap_or_default(),
            routes: Vec::new(),
            additional: additional.to_vec(),
        };
        for route in routes {
            if route.extension().is_some_and(|ending| ending == "sumocfg") {
                let config = read_config(route).map_err(|why| why.to_string())?;
                files.routes.extend(config.routes);
                files.additional.splice(0..0, config.additional);
                if net.is_none() {
                    files.net = config.net;
                }
            } else {
                files.routes.push(route.clone());
            }
        }
        if files.net.as_os_str().is_empty() {
            return Err("no network: give --net or a .sumocfg".to_owned());
        }
        Ok(files)
    }
}

/// The seeds of `1-10`, `3`, or `1,5,9`, in order.
pub(crate) fn seeds(told: &str) -> Result<Vec<u32>, String> {
    let bad = || format!("`{told}` are no seeds: 1-10, or 1,5,9");
    let mut seeds = Vec::new();
    for part in told.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let first: u32 = first.trim().parse().map_err(|_| bad())?;
        let last: u32 = last.trim().parse().map_err(|_| bad())?;
        seeds.extend((first..=last).take(SEEDS_MAX));
    }
    if seeds.is_empty() || seeds.len() > SEEDS_MAX {
        return Err(bad());
    }
    Ok(seeds)
}
