//! What a running station has learned, corrects its previews by, and keeps on its disk.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Kind, Learned, Town, text};
use crate::corridor::{CorridorPlan, Paces, Preview};
use crate::journal::worth::{Lesson, Worth, lesson};
use crate::network::RoadGraph;
use crate::shell::store::write_whole;
use crate::units::Mono;

/// Corridors that are remembered to have taught what they could; numbers only rise.
const TAUGHT_MAX: usize = 4_096;

/// What a running station has learned.
#[derive(Debug, Default)]
pub struct Lessons {
    learned: Mutex<Learned>,
    taught: Mutex<BTreeSet<u32>>,
    /// Where it is kept, and of which city.
    file: Option<(PathBuf, String)>,
    is_failing: AtomicBool,
    /// One writes at a time.
    writing: Mutex<()>,
}

impl Lessons {
    /// What was known at the start, kept in `path` from now on for the city with this id.
    #[must_use]
    pub fn new(learned: Learned, path: PathBuf, city: &str) -> Self {
        Self {
            file: Some((path, city.to_owned())),
            ..Self::only(learned)
        }
    }

    /// The same, kept nowhere.
    #[must_use]
    pub fn only(learned: Learned) -> Self {
        Self {
            learned: Mutex::new(learned),
            ..Self::default()
        }
    }

    /// What has been learned so far.
    #[must_use]
    pub fn learned(&self) -> Learned {
        lock(&self.learned).clone()
    }

    /// What the model `said` of `plan` at `now`, corrected by the runs of its kind, and how many.
    #[must_use]
    pub fn correct(&self, said: &Preview, plan: &CorridorPlan, now: Mono) -> (Preview, u32) {
        let departs = plan.departs.unwrap_or(now).max(now);
        let learned = lock(&self.learned);
        let errors = learned.of(Kind::of(plan));
        (errors.known().correct_from(said, departs), errors.counted())
    }

    /// A run was accounted for: it teaches once, and only when it is over.
    pub fn take(&self, worth: &Worth) {
        let corridor = worth.record.plan.corridor;
        if !worth.record.state.is_over() || !self.is_new(corridor.number()) {
            return;
        }
        let kind = Kind::of(&worth.record.plan);
        let lesson = lesson(&worth.said, &worth.record);
        let learned = lock(&self.learned).learn(kind, lesson);
        match lesson {
            Lesson::Late(late) => {
                tracing::info!(%corridor, late_per_mille = late, "a run taught the previews");
            }
            Lesson::AtLeast(late) => {
                tracing::info!(%corridor, at_least_per_mille = late, learned, "a run was cut short");
            }
            Lesson::Nothing(why) => {
                tracing::info!(%corridor, why = why.words(), "a run taught the previews nothing");
            }
        }
    }

    fn is_new(&self, corridor: u32) -> bool {
        let mut taught = lock(&self.taught);
        // What is lower than everything that is remembered of so many has been forgotten.
        let is_forgotten = taught.len() >= TAUGHT_MAX && taught.first() > Some(&corridor);
        let is_new = !is_forgotten && taught.insert(corridor);
        if taught.len() > TAUGHT_MAX {
            taught.pop_first();
        }
        is_new
    }

    /// Writes all of it, with the speeds of the roads. What cannot be written is told once, and again
    /// when it can.
    pub fn write(&self, paces: &Paces, graph: &RoadGraph) {
        let Some((path, city)) = &self.file else {
            return;
        };
        let _alone = lock(&self.writing);
        let town = Town { id: city, graph };
        let text = text(&self.learned(), paces, town).map_err(io::Error::from);
        let written = text.and_then(|text| write_whole(path, text.as_bytes()));
        let was_failing = self.is_failing.swap(written.is_err(), Ordering::Relaxed);
        let file = path.display();
        match written {
            Err(why) if !was_failing => tracing::error!(
                %file, %why,
                "what runs taught cannot be kept: make room, or make the folder writable"
            ),
            Ok(()) if was_failing => tracing::warn!(%file, "what runs taught is kept again"),
            Ok(()) | Err(_) => {}
        }
    }

    /// True if what was learned last is not on the disk.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
