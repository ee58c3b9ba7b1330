//! `greenwave simulate`: the whole core against the virtual street, faster than real time.

use std::sync::Arc;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::Failure;
use super::args::Simulate;
use super::desk::{Desk, over_bound};
use super::load::{LoadedCity, load_folder};
use super::out::say;
use crate::controller::{City, CycleInputs};
use crate::corridor::{CorridorPlan, Preview, preview};
use crate::shell::neighbours::feeders;
use crate::shell::store::{Chunk, JournalSink};
use crate::shell::twin::Twin;
use crate::shell::virtual_city::{VirtualCity, counts_json};
use crate::units::{CivilTime, Date, Millis, Mono, TICK};

#[cfg(test)]
mod meetings;

/// The street is driven this long before anything is counted.
pub(super) const WARM_UP: Millis = Millis::from_secs(600);

pub(super) fn simulate(options: &Simulate) -> Result<(), Failure> {
    let loaded = load_folder(&options.site)?;
    let began = Instant::now();
    let mut run = Run::new(&loaded, options)?;
    let bar = ProgressBar::new(u64::from(options.seconds));
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} s  {eta} left") {
        bar.set_style(style);
    }
    run.go(WARM_UP);
    run.world.street.reset_counters();
    run.world.forget_referee();
    let counted_from = run.now;
    let mut desk = Desk::new(&loaded, options)?;
    for second in 0..options.seconds {
        if options.corridors_per_hour > 0 && (second % (3600 / options.corridors_per_hour)) == 120 {
            desk.press(&mut run.world, &mut run.commands, run.now);
        }
        run.go(Millis::from_secs(1));
        desk.follow(&run.city);
        if second.is_multiple_of(60) {
            bar.set_position(u64::from(second));
        }
    }
    bar.finish_and_clear();
    let simulated = run.now.since(counted_from);
    let took = began.elapsed();
    let result = run.result(&desk, simulated, took.as_secs_f64());
    if let Some(journal) = run.journal.take() {
        journal.close();
    }
    if options.json {
        say(&result.to_string());
    } else {
        say(&serde_json::to_string_pretty(&result).unwrap_or_default());
    }
    Ok(())
}

/// A city and its street in virtual time.
pub(super) struct Run {
    city: City,
    world: VirtualCity,
    commands: Vec<crate::controller::Command>,
    journal: Option<JournalSink>,
    recorder: crate::journal::Recorder,
    payload: Vec<u8>,
    now: Mono,
    start_s: u32,
    journal_bytes: u64,
}

impl Run {
    pub(super) fn new(loaded: &LoadedCity, options: &Simulate) -> Result<Self, Failure> {
        let sites: Arc<[_]> = match options.control {
            Some(control) => (loaded.city.sites.iter())
                .map(|site| Arc::new(control.on(site)))
                .collect(),
            None => loaded.city.sites.clone().into(),
        };
        let start_s = options.start_hour * 3600;
        let mut world = VirtualCity::new(
            &loaded.city,
            &loaded.graph,
            &loaded.files,
            (options.seed, start_s),
        )
        .map_err(Failure::Runtime)?;
        world.sees_areas = options.radar;
        let city = City::new(Arc::clone(&sites), loaded.corridor_settings(), Mono::ZERO)
            .with_neighbours(feeders(&loaded.city, &loaded.graph));
        let journal = match &options.journal {
            Some(folder) => {
                std::fs::create_dir_all(folder).map_err(|why| {
                    Failure::Runtime(format!(
                        "{}: cannot keep a journal there: {why}; name a folder that can be written with --journal",
                        folder.display()
                    ))
                })?;
                Some(JournalSink::start(folder))
            }
            None => None,
        };
        let mut run = Self {
            recorder: crate::journal::Recorder::new(sites.len()),
            city,
            world,
            commands: Vec::new(),
            journal,
            payload: Vec::new(),
            now: Mono::ZERO,
            start_s,
            journal_bytes: 0,
        };
        run.snapshot();
        Ok(run)
    }

    /// Closes the journal; the city as it was in the last cycle.
    #[cfg(test)]
    pub(super) fn end(mut self) -> crate::journal::Reached {
        if let Some(journal) = self.journal.take() {
            journal.close();
        }
        crate::journal::Reached {
            now: self.now,
            civil: self.civil(),
            city: self.city,
        }
    }

    /// The moment of the last cycle.
    pub(super) const fn now(&self) -> Mono {
        self.now
    }

    /// What the key would do now.
    pub(super) fn preview(&self, plan: &CorridorPlan) -> Preview {
        let board = self.city.board(self.now, self.world.fields());
        preview(plan, self.city.corridors().settings(), &board, self.now)
    }

    /// The city and its street branched at the last cycle.
    pub(super) fn branch(&self) -> Twin {
        let (street, _) = self.world.clone().into_street();
        let fields = self.world.fields().to_vec();
        Twin::branch(self.city.clone(), fields, street, (self.now, self.civil()))
    }

    fn snapshot(&mut self) {
        let Some(journal) = &self.journal else { return };
        let mut bytes = Vec::new();
        if crate::journal::push_snapshot(&mut bytes, &self.city) {
            journal.push(Chunk {
                bytes,
                is_snapshot: true,
            });
            self.recorder = crate::journal::Recorder::new(self.city.sites().len());
        }
    }

    /// Lets `time` pass, cycle by cycle.
    pub(super) fn go(&mut self, time: Millis) {
        let end = self.now + time;
        while self.now < end {
            self.now = self.now + TICK;
            let civil = self.civil();
            self.world.step(self.now, &mut self.commands);
            let inputs = CycleInputs {
                now: self.now,
                civil,
                fields: self.world.fields(),
                commands: &self.commands,
            };
            self.city.cycle(&inputs);
            if let Some(journal) = &self.journal {
                self.payload.clear();
                self.recorder
                    .push_cycle(&mut self.payload, &inputs, &self.city);
                let mut bytes = Vec::with_capacity(self.payload.len() + 16);
                crate::journal::push_record(
                    &mut bytes,
                    crate::journal::RecordKind::Cycle,
                    &self.payload,
                );
                self.journal_bytes += u64::try_from(bytes.len()).unwrap_or_default();
                journal.push(Chunk {
                    bytes,
                    is_snapshot: false,
                });
            }
            self.commands.clear();
            self.world.show(&self.city);
        }
    }

    /// Simulated days are working days in a row, so that every day is alike.
    fn civil(&self) -> CivilTime {
        let seconds = u64::from(self.start_s) + self.now.as_ms() / 1000;
        CivilTime {
            date: Date {
                year: 2026,
                month: 11,
                day: 23,
            },
            second_of_day: u32::try_from(seconds % 86_400).unwrap_or_default(),
        }
    }

    /// The group of `waits` whose users waited longest, as `J07 WL`.
    fn worst(&self, waits: &[crate::sim::GroupWait]) -> Option<String> {
        let worst = waits.iter().max_by_key(|wait| wait.longest)?;
        let site = self.city.plans().get(worst.site.index())?;
        let group = site.groups.get(worst.group.index())?;
        Some(format!("{} {}", site.id, group.name))
    }

    fn result(&self, desk: &Desk, simulated: Millis, wall_s: f64) -> Value {
        let stats = self.world.street.stats();
        let referee = counts_json(self.world.referee());
        let simulated_s = f64::from(simulated.as_ms()) / 1000.0;
        let all_s = f64::from(self.now.since(Mono::ZERO).as_ms()) / 1000.0;
        let sites = self.city.sites().len();
        json!({
            "simulated_s": simulated_s,
            "wall_s": (wall_s * 10.0).round() / 10.0,
            "speedup": (all_s / wall_s * 10.0).round() / 10.0,
            "sites": sites,
            "corridors": desk.summary(&self.world.street),
            "referee": referee,
            "sightings": self.world.referee().sightings().iter()
                .map(|seen| format!("{seen:?}"))
                .collect::<Vec<_>>(),
            "waits": {
                "pedestrian_max_s": f64::from(stats.pedestrian_wait_max.as_ms()) / 1000.0,
                "red_max_s": f64::from(stats.red_max.as_ms()) / 1000.0,
                "over_bound": over_bound(&stats, &self.city),
                "red_worst": self.worst(&stats.reds),
                "pedestrian_worst": self.worst(&stats.waits),
            },
            "served": {
                "vehicles": stats.vehicles, "walkers": stats.walkers, "riders": stats.riders,
                "requests": stats.requests,
            },
            "present": stats.present,
            "outside": stats.outside,
            "delay": { "vehicle_s": stats.vehicle_delay_s.round(),
                       "people_s": stats.people_delay_s.round(),
                       "riders_s": stats.rider_delay_s.round() },
            "journal_bytes_per_site_hour": self.journal_bytes.saturating_mul(3600)
                / u64::try_from(sites).unwrap_or(1).max(1)
                / (self.now.as_ms() / 1000).max(1),
        })
    }
}
