//! All runs of a comparison: a street is warmed up for each seed and copied for each errand.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use greenwave::corridor::CorridorPlan;
use greenwave::shell::sumo::SumoNet;
use greenwave::units::Millis;
use hil_tests::sumo::corridor::dice::Dice;
use hil_tests::sumo::corridor::fleet::id_of;
use hil_tests::sumo::corridor::{
    Drive, Driving, Errand, Errands, Helped, Method, Proven, Unit, Watch, Way, drive, fleet_file,
    floor_s, shift_m,
};
use hil_tests::sumo::journal::Journal;
use hil_tests::sumo::lockstep::{Lockstep, OurCity};
use hil_tests::sumo::run::{Run, RunSpec, read_net};
use hil_tests::sumo::sensing::Sensors;
use hil_tests::sumo::{Launch, SumoError};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};

use super::line::{About, Common, Line, Sortie};
use super::options::{Corridor, WARM_MIN_S};
use super::report::{self, Place};
use super::sets::{Chooser, Sent};
use crate::cache::Cache;
use crate::options::Files;

/// Slower than this in front of the vehicle is a standing queue, m/s.
const STANDS_MPS: f64 = 0.5;

/// Ways that are tried until all vehicles of a set fit.
const TRIES_MAX: usize = 200;

struct Bench<'a> {
    options: &'a Corridor,
    files: Files,
    net: SumoNet,
    ours: OurCity,
    shift_m: (f64, f64),
    methods: Vec<Method>,
    cache: Cache,
    bar: ProgressBar,
}

/// Makes all runs and reports them.
pub(crate) fn compare(options: &Corridor) -> Result<(), String> {
    let files = options.files()?;
    let seeds = options.seeds()?;
    let told = |why: SumoError| why.to_string();
    let net = read_net(&launch(options, &files, 0, &files.net)?).map_err(told)?;
    let ours = OurCity::on(&net, options.rules, options.base).map_err(told)?;
    let methods = options.methods();
    let runs = u64::from(options.pairs) * methods.len() as u64;
    let bar = ProgressBar::new(runs);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} runs, {eta} left, {msg}")
    {
        bar.set_style(style);
    }
    let bench = Bench {
        options,
        cache: Cache::new(Some(&options.cache), &files, &options.said())?,
        shift_m: shift_m(&ours.planner, &net).map_err(told)?,
        files,
        net,
        ours,
        methods,
        bar,
    };
    let (lines, failures) = bench.run_all(&seeds);
    bench.bar.finish_and_clear();
    let place = Place {
        net: crate::report::name_of(&bench.files.net),
        notes: &bench.ours.notes,
    };
    report::report(options, &place, lines)?;
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures.join("\n"))
    }
}

fn launch(options: &Corridor, files: &Files, seed: u32, work: &Path) -> Result<Launch, String> {
    let home = options.sumo.home(&options.peers);
    Ok(Launch {
        version: options.sumo,
        home: home.map_err(|why| why.to_string())?,
        net: files.net.clone(),
        routes: files.routes.clone(),
        additional: files.additional.clone(),
        begin: options.begin,
        seed,
        scale: options.demand,
        work: work.to_owned(),
        // Without its dice a copy would not be one.
        more: vec!["--save-state.rng".to_owned(), "true".to_owned()],
    })
}

impl Bench<'_> {
    fn run_all(&self, seeds: &[u32]) -> (Vec<Line>, Vec<String>) {
        let next = AtomicUsize::new(0);
        let done = Mutex::new((Vec::new(), Vec::new()));
        thread::scope(|scope| {
            for _ in 0..self.options.jobs.clamp(1, 64) {
                scope.spawn(|| {
                    while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let made = self.run_seed(*seed, seeds);
                        // A worker that panicked has ended the program already.
                        let Ok(mut done) = done.lock() else { return };
                        match made {
                            Ok(lines) => done.0.extend(lines),
                            Err(why) => done.1.push(format!("seed {seed}: {why}")),
                        }
                    }
                });
            }
        });
        done.into_inner().unwrap_or_default()
    }

    /// The errands of a seed, by number, and the second at which each begins.
    fn errands_of(&self, seed: u32, seeds: &[u32]) -> Vec<(u32, u32)> {
        let count = u32::try_from(seeds.len()).unwrap_or(1).max(1);
        let turn = seeds.iter().position(|one| *one == seed).unwrap_or(0);
        let turn = u32::try_from(turn).unwrap_or(0);
        let first = self.options.begin + WARM_MIN_S;
        let span = self.options.latest().saturating_sub(first) + 1;
        let mut dice = Dice::new(seed, 11);
        let pairs = (0..self.options.pairs).filter(|pair| pair % count == turn);
        let mut errands: Vec<(u32, u32)> = pairs
            .map(|pair| {
                // Every errand draws, so that each is the same whether or not the others are driven.
                let after = dice.below(span as usize);
                (first + u32::try_from(after).unwrap_or(0), pair)
            })
            .filter(|(_, pair)| self.options.wants(*pair))
            .collect();
        errands.sort_unstable();
        errands
    }

    fn run_seed(&self, seed: u32, seeds: &[u32]) -> Result<Vec<Line>, SumoError> {
        let errands = self.errands_of(seed, seeds);
        let mut lines = Vec::new();
        let mut street: Option<Street<'_>> = None;
        for (at, pair) in errands {
            if let Some(known) = self.recall(seed, pair) {
                lines.extend(known);
                self.bar.inc(self.methods.len() as u64);
                continue;
            }
            let street = match &mut street {
                Some(street) => street,
                None => street.insert(Street::begin(self, seed)?),
            };
            lines.extend(street.copy_at(at, pair)?);
        }
        Ok(lines)
    }

    /// All runs of a pair, if all were made before.
    fn recall(&self, seed: u32, pair: u32) -> Option<Vec<Line>> {
        let about: About = self.cache.recall((&format!("about {pair}"), seed), true)?;
        let known = |method: &Method| self.recall_drive(*method, seed, pair);
        let drives: Vec<Drive> = self.methods.iter().map(known).collect::<Option<_>>()?;
        Some(self.lines(&about, &drives))
    }

    fn recall_drive(&self, method: Method, seed: u32, pair: u32) -> Option<Drive> {
        if method == Method::Ours && self.options.journals.is_some() {
            // A run that is only remembered writes no journal.
            return None;
        }
        self.cache.recall((&key(method, pair), seed), true)
    }

    fn lines(&self, about: &About, drives: &[Drive]) -> Vec<Line> {
        let Some(twin) = drives.first() else {
            return Vec::new();
        };
        let common = Common {
            net: crate::report::name_of(&self.files.net),
            base: self.options.base.name().to_owned(),
            rules: self.options.rules.name().to_owned(),
            demand: self.options.demand,
            vehicles: self.options.vehicles.name().to_owned(),
            fault: self.options.fault,
            gps_period_s: self.options.gps().under(self.options.fault).period_s,
        };
        let both = self.methods.iter().zip(drives);
        both.flat_map(|(method, drive)| Line::of(&common, method.text(), about, (drive, twin)))
            .collect()
    }
}

fn key(method: Method, pair: u32) -> String {
    format!("{} {pair}", method.text())
}

/// The street of a seed while it is driven on from copy to copy.
struct Street<'a> {
    bench: &'a Bench<'a>,
    seed: u32,
    run: Run,
    lockstep: Lockstep,
    work: tempfile::TempDir,
}

impl<'a> Street<'a> {
    fn begin(bench: &'a Bench<'a>, seed: u32) -> Result<Self, SumoError> {
        let work = tempfile::tempdir()?;
        let spec = RunSpec {
            launch: launch(bench.options, &bench.files, seed, work.path())
                .map_err(SumoError::Controller)?,
            end: bench.options.end,
            sensors: bench.options.sensors,
            drain: false,
            stop_at_lockup: false,
            walk_bounds: Vec::new(),
        };
        let mut run = Run::start(&spec, &bench.net)?;
        run.count_losses();
        let exact = bench.options.sensors == Sensors::Resco;
        let lockstep = Lockstep::new(&bench.net, &run.roads, &bench.ours, exact)?;
        Ok(Self {
            bench,
            seed,
            run,
            lockstep,
            work,
        })
    }

    /// Drives on to this second, copies the street and makes all runs of a pair from the copy.
    fn copy_at(&mut self, at: u32, pair: u32) -> Result<Vec<Line>, SumoError> {
        let bench = self.bench;
        bench.bar.set_message(format!("seed {}", self.seed));
        while self.run.now() < at {
            self.run.second(&mut self.lockstep)?;
        }
        let copy = self.work.path().join(format!("copy{pair}.xml.gz"));
        self.run.save(&copy)?;
        let sent = self.choose(pair)?;
        let mut floor = launch(bench.options, &bench.files, self.seed, self.work.path())
            .map_err(SumoError::Controller)?;
        floor.additional.retain(|file| !has_traffic(file));
        let sorties: Result<Vec<Sortie>, SumoError> = sent
            .iter()
            .map(|one| {
                let errand = &one.errand;
                let ends = (errand.edges.first(), errand.edges.last());
                Ok(Sortie {
                    from: ends.0.cloned().unwrap_or_default(),
                    to: ends.1.cloned().unwrap_or_default(),
                    signals: errand.signals,
                    floor_s: floor_s(&floor, &bench.net, errand)?,
                })
            })
            .collect();
        let about = About {
            seed: self.seed,
            pair,
            copied_at: at,
            sorties: sorties?,
        };
        let mut drives = Vec::new();
        for method in &bench.methods {
            let drive = match bench.recall_drive(*method, self.seed, pair) {
                Some(known) => known,
                None => self.drive(*method, (pair, at), &sent, &copy)?,
            };
            drives.push(drive);
            bench.bar.inc(1);
        }
        let kept = bench
            .cache
            .keep((&format!("about {pair}"), self.seed), true, &about);
        kept.map_err(SumoError::Controller)?;
        Ok(bench.lines(&about, &drives))
    }

    /// The vehicles of a pair; the first edge of the first one has no standing queue now.
    fn choose(&self, pair: u32) -> Result<Vec<Sent>, SumoError> {
        let bench = self.bench;
        let seed = self.seed * 1000 + pair;
        let mut errands = Errands::over(&self.bench.ours.planner, &self.bench.net, seed);
        let (roads, traffic) = (&self.run.roads, &self.run.traffic);
        let queued = |errand: &Errand| {
            let first = errand.edges.first().and_then(|edge| roads.edge(edge));
            traffic.live.iter().any(|number| {
                let vehicle = &traffic.all[*number as usize];
                let edge = roads.lanes[vehicle.lane as usize].edge;
                Some(edge) == first && vehicle.speed_mps < STANDS_MPS
            })
        };
        let chooser = Chooser {
            planner: &bench.ours.planner,
            roads,
            vehicles: bench.options.vehicles,
            fault: bench.options.fault,
            now: self.lockstep.now(),
        };
        let mut why = None;
        for _ in 0..TRIES_MAX {
            let Some(errand) = errands.next_errand() else {
                break;
            };
            if queued(&errand) {
                continue;
            }
            match chooser.choose(&errand, &mut errands, pair) {
                Ok(sent) => return Ok(sent),
                Err(other) => why = Some(other),
            }
        }
        if let Some(why) = why {
            return Err(why);
        }
        Err(SumoError::Network(
            "no way over enough signals that begins without a standing queue".to_owned(),
        ))
    }

    fn drive(
        &self,
        method: Method,
        (pair, at): (u32, u32),
        sent: &[Sent],
        copy: &Path,
    ) -> Result<Drive, SumoError> {
        let bench = self.bench;
        let work = tempfile::tempdir()?;
        let mut launch = launch(bench.options, &bench.files, self.seed, work.path())
            .map_err(SumoError::Controller)?;
        launch.begin = at;
        let load = ["--load-state".to_owned(), copy.display().to_string()];
        launch.more.extend(load);
        let due = |one: &Sent| at + bench.options.notice + one.after_s;
        let departs: Vec<u32> = sent.iter().map(due).collect();
        let driving = match method {
            Method::BlueLight => Driving::BlueLight,
            _ => Driving::Obeys,
        };
        let fleet = work.path().join("fleet.rou.xml");
        let list: Vec<_> = sent.iter().map(|one| (&one.errand, due(one))).collect();
        fs::write(&fleet, fleet_file(&list, driving))?;
        // A route file would be passed over: the copy has read that far ahead already.
        launch.additional.push(fleet);
        let asked = (bench.options.gps(), bench.options.fault);
        let units: Result<Vec<Unit>, SumoError> = (0_u32..)
            .zip(sent)
            .map(|(number, one)| {
                let mut watch = Watch::on(
                    Way::of(&self.run.roads, &one.errand)?,
                    id_of(number as usize),
                );
                watch.off_from = one.errand.off_from;
                let seed = (self.seed * 1000 + pair) * 10 + number;
                let mut plan = CorridorPlan::clone(&one.plan);
                let said = Millis::from_secs(due(one).saturating_sub(at));
                plan.departs = Some(self.lockstep.now() + said);
                let mut unit = Unit::new(watch, Arc::new(plan), (asked.0, asked.1, seed));
                unit.follows = one.follows;
                Ok(unit)
            })
            .collect();
        let mut helped = Helped::new(
            self.lockstep.clone(),
            units?,
            method,
            (bench.ours.planner.clone(), bench.shift_m),
        );
        if method == Method::Ours {
            helped.lockstep.journal = Some(Journal::of(&helped.lockstep.city));
        }
        let mut made = drive(&self.run, &launch, &mut helped, &departs)?;
        if let Some(journal) = helped.lockstep.journal.take() {
            self.prove(&journal.into_bytes(), &mut made, (&helped, pair))?;
        }
        let kept = bench
            .cache
            .keep((&key(method, pair), self.seed), true, &made);
        kept.map_err(SumoError::Controller)?;
        Ok(made)
    }

    /// What the journal of a run says of each vehicle that asked for a corridor.
    fn prove(
        &self,
        journal: &[u8],
        made: &mut Drive,
        (helped, pair): (&Helped, u32),
    ) -> Result<(), SumoError> {
        let options = self.bench.options;
        if let Some(folder) = &options.journals {
            fs::create_dir_all(folder)?;
            let name = JournalName {
                net: &crate::report::name_of(&self.bench.files.net),
                demand: options.demand,
                base: options.base.name(),
                rules: options.rules.name(),
                vehicles: options.vehicles.name(),
                fault: &options.fault.text(),
                which: (self.seed, pair),
            };
            fs::write(folder.join(name.under(&options.said())), journal)?;
        }
        let asked = helped.units.iter().zip(&mut made.units);
        for (unit, made) in asked.filter(|(unit, _)| !unit.follows) {
            match Proven::of(journal, unit.plan.corridor) {
                Ok(proven) => made.proven = Some(proven),
                Err(why) => {
                    let text = format!("seed {} pair {pair}: nothing is proven: {why}", self.seed);
                    self.bench.bar.suspend(|| crate::report::say(&text));
                }
            }
        }
        Ok(())
    }
}

/// What the file of a run's journal is called by.
pub(super) struct JournalName<'a> {
    pub(super) net: &'a str,
    pub(super) demand: f64,
    pub(super) base: &'a str,
    pub(super) rules: &'a str,
    pub(super) vehicles: &'a str,
    pub(super) fault: &'a str,
    /// Seed and pair.
    pub(super) which: (u32, u32),
}

impl JournalName<'_> {
    /// How the name begins: by all that a line of JSON tells.
    pub(super) fn start(&self) -> String {
        format!(
            "{}-{}-{}-{}-{}-{}-{}-{}-",
            self.net,
            self.demand,
            self.base,
            self.rules,
            self.vehicles,
            self.fault,
            self.which.0,
            self.which.1
        )
    }

    /// The whole name of a run with these options, which say more than a line does.
    fn under(&self, said: &str) -> String {
        let hash = Sha256::digest(said.as_bytes());
        let hash = hash.iter().take(4);
        let hash = hash.fold(0, |all, byte| all << 8 | u32::from(*byte));
        format!("{}{hash:08x}.gwj", self.start())
    }
}

/// True if an additional file brings vehicles of its own.
fn has_traffic(file: &Path) -> bool {
    let text = fs::read_to_string(file).unwrap_or_default();
    ["<vehicle ", "<flow ", "<trip ", "<person"]
        .iter()
        .any(|tag| text.contains(tag))
}
