//! All runs of a comparison, several at a time.

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use greenwave::shell::sumo::SumoNet;
use hil_tests::sumo::city::StreetCity;
use hil_tests::sumo::run::{RunResult, make_run, read_net};
use hil_tests::sumo::{Demand, SumoError, cut_routes, departures};
use indicatif::{ProgressBar, ProgressStyle};

use crate::cache::Cache;
use crate::controllers::Name;
use crate::options::{Adaptive, Files};
use crate::report::{self, Line};

/// What every run of a comparison needs.
struct Bench<'a> {
    options: &'a Adaptive,
    files: Files,
    /// Who is due, where that is the same for every seed.
    demand: Demand,
    net: SumoNet,
    city: Option<StreetCity>,
    cache: Cache,
    bar: ProgressBar,
}

/// Makes all runs and reports them.
pub(crate) fn compare(options: &Adaptive) -> Result<(), String> {
    let city = options.open_city()?;
    let files = options.files(city.as_ref())?;
    let window = options.window()?;
    let seeds = options.seeds()?;
    let works: Vec<(Name, u32)> = seeds
        .iter()
        .flat_map(|seed| options.controllers.iter().map(move |name| (*name, *seed)))
        .collect();
    let cache = Cache::of(options, &files)?;
    let probe = options.spec(&files, 0, &files.net)?;
    let net = read_net(&probe.launch).map_err(|why| why.to_string())?;
    let sources: Vec<_> = files
        .routes
        .iter()
        .chain(&files.additional)
        .cloned()
        .collect();
    let demand = departures(&sources, window).map_err(|why| why.to_string())?;
    if city.is_none() && demand.departures.is_empty() && !demand.is_drawn {
        return Err("nobody departs in the window".to_owned());
    }
    let bench = Bench {
        options,
        files,
        demand,
        net,
        city,
        cache,
        bar: bar(works.len()),
    };
    let (lines, failures) = bench.run_all(&works);
    bench.bar.finish_and_clear();
    report::report(options, lines)?;
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures.join("\n"))
    }
}

fn bar(runs: usize) -> ProgressBar {
    let bar = ProgressBar::new(runs as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} runs, {eta} left, {msg}")
    {
        bar.set_style(style);
    }
    bar
}

impl Bench<'_> {
    fn run_all(&self, works: &[(Name, u32)]) -> (Vec<Line>, Vec<String>) {
        let next = AtomicUsize::new(0);
        let done = Mutex::new((Vec::new(), Vec::new()));
        thread::scope(|scope| {
            for _ in 0..self.options.jobs.clamp(1, 64) {
                scope.spawn(|| {
                    while let Some((name, seed)) = works.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let result = self.run_or_recall(*name, *seed);
                        self.bar.set_message(format!("{} {seed}", name.text()));
                        self.bar.inc(1);
                        // A worker that panicked has ended the program already.
                        let Ok(mut done) = done.lock() else { return };
                        match result {
                            Ok(result) => done.0.push(self.line(*name, *seed, result)),
                            Err(why) => done.1.push(format!("{} seed {seed}: {why}", name.text())),
                        }
                    }
                });
            }
        });
        done.into_inner().unwrap_or_default()
    }

    fn run_or_recall(&self, name: Name, seed: u32) -> Result<RunResult, String> {
        if let Some(known) = self.cache.get(name, seed) {
            return Ok(known);
        }
        let result = self.run(name, seed).map_err(|why| why.to_string())?;
        self.cache.put((name, seed), &result)?;
        Ok(result)
    }

    fn run(&self, name: Name, seed: u32) -> Result<RunResult, SumoError> {
        let work = tempfile::tempdir()?;
        let mut spec = self
            .options
            .spec(&self.files, seed, work.path())
            .map_err(SumoError::Controller)?;
        let mut drawn = None;
        if let Some(city) = &self.city {
            let routes = work.path().join("city.rou.xml");
            city.write_routes(seed, &routes)?;
            let window = (spec.launch.begin, spec.end);
            drawn = Some(departures(core::slice::from_ref(&routes), window)?);
            spec.launch.routes = vec![routes];
        }
        let demand = drawn.as_ref().unwrap_or(&self.demand);
        if spec.drain && self.demand.goes_on {
            for (at, route) in spec.launch.routes.iter_mut().enumerate() {
                let cut = work.path().join(format!("cut{at}.rou.xml"));
                cut_routes(route, &cut, spec.end)?;
                *route = cut;
            }
        }
        let on = (&self.net, self.city.as_ref());
        let mut controller = name.make(&mut spec, on, self.options)?;
        let said = Mutex::new(String::new());
        let mut say = |line: &str| {
            if let Ok(mut said) = said.lock() {
                said.push_str(line);
                said.push('\n');
            }
        };
        let result = make_run(&spec, demand, (&self.net, controller.as_mut()), &mut say);
        if let Ok(said) = said.into_inner()
            && !said.is_empty()
        {
            let head = format!("{} seed {seed}: {said}", name.text());
            self.bar.suspend(|| report::say(&head));
        }
        // A folder that stays behind in the system's place for such costs nothing.
        let _left = fs::remove_dir_all(work.path());
        result
    }

    fn line(&self, name: Name, seed: u32, result: RunResult) -> Line {
        Line {
            net: match &self.city {
                Some(city) => city.name.clone(),
                None => report::name_of(&self.files.net),
            },
            controller: name.text().to_owned(),
            seed,
            sumo: self.options.sumo.name().to_owned(),
            rules: self.options.rules.name().to_owned(),
            sensors: self.options.sensors.name().to_owned(),
            demand: self.options.demand,
            gridlocked: false,
            result,
        }
    }
}
