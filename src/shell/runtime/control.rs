//! The control thread: read the cabinets, run the cycle, write the lamps, keep the journal.
//!
//! It waits for nothing but its own deadline. What others want arrives in the mailbox, what others
//! may see leaves as a picture, what is kept leaves through a bounded queue. A panic in here ends
//! the process on purpose: the cabinets' own time to live then puts their local plans in force.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;

use super::end_on_panic::EndOnPanic;
use super::keys::KeyTimes;
use super::lateness::Histogram;
use super::mailbox::{Inbox, Posted};
use super::pace::{Grants, Pace, ask_for_real_time};
use crate::controller::{City, Command, CycleInputs};
use crate::detect::FieldInputs;
use crate::journal::{RecordKind, Recorder, push_record, push_snapshot};
use crate::kernel::Outputs;
use crate::shell::store::{Chunk, JournalSink};
use crate::units::{CivilTime, Mono};

/// A cycle that begins later than this commands nothing: the cabinets' time to live decides.
const LATE_MAX: Duration = Duration::from_millis(500);
/// A picture for the API every so many cycles: five a second.
const PICTURE_EVERY: u64 = 2;
/// A fresh snapshot in the journal every so many cycles: every ten minutes.
const SNAPSHOT_EVERY: u64 = 6000;
/// One that the journal asks for, at most every so many cycles: once a second.
const ASKED_EVERY: u64 = 10;

/// The cabinets as the control thread sees them: latest values, never a wait.
pub trait Cabinets: Send {
    /// Writes the newest readings of the site with this number into `inputs`.
    fn read(&mut self, site: usize, now: Mono, inputs: &mut FieldInputs);
    /// Hands over what the lamps shall show. The only lamp write of the program.
    fn write(&mut self, site: usize, outputs: &Outputs);
    /// A mark of what was handed over last, to be compared with [`Cabinets::accepted`].
    fn mark(&self, site: usize) -> u64;
    /// When the cabinet accepted the hand-over with this mark or a later one.
    fn accepted(&self, site: usize, mark: u64) -> Option<Mono>;
    /// Gives every cabinet to its local plan; bounded in time.
    fn hand_over(&mut self);
}

/// What a wall clock is, for the control thread.
pub type WallClock = Box<dyn Fn() -> CivilTime + Send>;

/// The city as it stood after a cycle, for everybody who may be late.
#[derive(Debug)]
pub struct Picture {
    /// The moment of the cycle.
    pub now: Mono,
    /// The same moment on the clock of this process.
    pub taken: Instant,
    /// What the wall clock showed.
    pub civil: CivilTime,
    /// The whole state.
    pub city: City,
    /// One per site: what the cabinets said.
    pub fields: Vec<FieldInputs>,
    /// How late cycles began.
    pub lateness: Histogram,
    /// Cycles that were slept through.
    pub missed: u64,
    /// Cycles that commanded nothing because they began too late.
    pub mute: u64,
    /// Times from a key press to a cabinet's acceptance.
    pub keys: KeyTimes,
}

/// What the control thread works with.
pub struct ControlParts {
    /// The city at its start.
    pub city: City,
    /// The cabinets.
    pub cabinets: Box<dyn Cabinets>,
    /// The mailbox's end.
    pub inbox: Inbox,
    /// Where records go, if a journal is kept.
    pub journal: Option<JournalSink>,
    /// What the wall clock shows.
    pub wall: WallClock,
    /// The deadlines; their clock is the one the field links use.
    pub pace: Pace,
}

impl std::fmt::Debug for ControlParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ControlParts")
            .field("sites", &self.city.sites().len())
            .finish_non_exhaustive()
    }
}

/// The running control thread.
#[derive(Debug)]
pub struct Control {
    picture: Arc<ArcSwapOption<Picture>>,
    grants: Arc<ArcSwapOption<Grants>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Control {
    /// Starts the control thread.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn start(parts: ControlParts) -> io::Result<Self> {
        let picture = Arc::new(ArcSwapOption::empty());
        let grants = Arc::new(ArcSwapOption::empty());
        let stop = Arc::new(AtomicBool::new(false));
        let journal = parts.journal.as_ref().map(JournalSink::health);
        let loop_ = Loop::new(parts, Arc::clone(&picture));
        let (seen, asked) = (Arc::clone(&stop), Arc::clone(&grants));
        let thread = std::thread::Builder::new()
            .name("control".to_owned())
            .spawn(move || {
                let _guard = EndOnPanic { journal };
                let mut loop_ = loop_;
                asked.store(Some(Arc::new(ask_for_real_time())));
                loop_.run(&seen);
            })?;
        Ok(Self {
            picture,
            grants,
            stop,
            thread: Some(thread),
        })
    }

    /// The newest picture; nothing before the first cycle.
    #[must_use]
    pub fn picture(&self) -> Option<Arc<Picture>> {
        self.picture.load_full()
    }

    /// The cell the pictures appear in, for those who look often.
    #[must_use]
    pub fn pictures(&self) -> Arc<ArcSwapOption<Picture>> {
        Arc::clone(&self.picture)
    }

    /// What the operating system granted the thread.
    #[must_use]
    pub fn grants(&self) -> Option<Arc<Grants>> {
        self.grants.load_full()
    }

    /// The cell the grants appear in once the thread has asked.
    #[must_use]
    pub fn grants_cell(&self) -> Arc<ArcSwapOption<Grants>> {
        Arc::clone(&self.grants)
    }

    /// True while the thread runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.thread
            .as_ref()
            .is_some_and(|thread| !thread.is_finished())
    }

    /// Ends the thread; every cabinet is handed to its local plan first.
    pub fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic in it would have ended the process.
            let _ended = thread.join();
        }
    }
}

struct Loop {
    parts: ControlParts,
    picture: Arc<ArcSwapOption<Picture>>,
    fields: Vec<FieldInputs>,
    taken: Vec<Posted>,
    commands: Vec<Command>,
    recorder: Recorder,
    /// No snapshot is made because it is asked for before this cycle.
    next_asked: u64,
    lateness: Histogram,
    missed: u64,
    mute: u64,
    keys: KeyTimes,
    payload: Vec<u8>,
}

impl Loop {
    fn new(parts: ControlParts, picture: Arc<ArcSwapOption<Picture>>) -> Self {
        let sites = parts.city.sites().len();
        Self {
            parts,
            picture,
            fields: vec![FieldInputs::default(); sites],
            taken: Vec::new(),
            commands: Vec::new(),
            recorder: Recorder::new(sites),
            next_asked: 0,
            lateness: Histogram::default(),
            missed: 0,
            mute: 0,
            keys: KeyTimes::default(),
            payload: Vec::new(),
        }
    }

    fn run(&mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let beat = self.parts.pace.wait();
            self.lateness.add(beat.late);
            self.missed += u64::from(beat.missed);
            self.one_cycle(beat.now, beat.late);
        }
        self.parts.cabinets.hand_over();
        if let Some(journal) = self.parts.journal.take() {
            journal.close();
        }
    }

    fn one_cycle(&mut self, now: Mono, late: Duration) {
        for (site, inputs) in self.fields.iter_mut().enumerate() {
            self.parts.cabinets.read(site, now, inputs);
        }
        self.parts.inbox.take(&mut self.taken);
        self.commands.clear();
        self.commands
            .extend(self.taken.iter().map(|posted| posted.command.clone()));
        let civil = (self.parts.wall)();
        self.snapshot_if_due();
        let inputs = CycleInputs {
            now,
            civil,
            fields: &self.fields,
            commands: &self.commands,
        };
        self.parts.city.cycle(&inputs);
        self.keep(now, civil);
        if late > LATE_MAX {
            self.mute += 1;
            tracing::warn!(
                late_ms = late.as_millis(),
                "cycle too late: nothing commanded"
            );
        } else {
            for (site, state) in self.parts.city.sites().iter().enumerate() {
                if let Some(cycle) = state.last() {
                    self.parts.cabinets.write(site, &cycle.outputs);
                }
            }
        }
        for (posted, answer) in self.taken.iter().zip(self.parts.city.answers()) {
            self.keys
                .pressed((posted, now), answer, self.parts.cabinets.as_ref());
            posted.answer(answer.clone());
        }
        self.keys.look(now, self.parts.cabinets.as_ref());
        if self.parts.city.cycle_number().is_multiple_of(PICTURE_EVERY) {
            self.show(now, civil);
        }
    }

    /// A snapshot stands for the state before the cycle that follows it.
    fn snapshot_if_due(&mut self) {
        let Some(journal) = &self.parts.journal else {
            return;
        };
        let cycle = self.parts.city.cycle_number();
        // Taken first: a regular snapshot answers the wish too, and no second one need follow.
        let asked = cycle >= self.next_asked && journal.health().take_wants_snapshot();
        if !cycle.is_multiple_of(SNAPSHOT_EVERY) && !asked {
            return;
        }
        self.next_asked = cycle + ASKED_EVERY;
        let mut bytes = Vec::new();
        if push_snapshot(&mut bytes, &self.parts.city) {
            self.recorder = Recorder::new(self.fields.len());
            journal.push(Chunk {
                bytes,
                is_snapshot: true,
            });
        }
    }

    fn keep(&mut self, now: Mono, civil: CivilTime) {
        let Some(journal) = &self.parts.journal else {
            return;
        };
        let inputs = CycleInputs {
            now,
            civil,
            fields: &self.fields,
            commands: &self.commands,
        };
        self.payload.clear();
        self.recorder
            .push_cycle(&mut self.payload, &inputs, &self.parts.city);
        let mut bytes = Vec::with_capacity(self.payload.len() + 16);
        push_record(&mut bytes, RecordKind::Cycle, &self.payload);
        journal.push(Chunk {
            bytes,
            is_snapshot: false,
        });
    }

    fn show(&self, now: Mono, civil: CivilTime) {
        self.picture.store(Some(Arc::new(Picture {
            now,
            taken: Instant::now(),
            civil,
            city: self.parts.city.clone(),
            fields: self.fields.clone(),
            lateness: self.lateness.clone(),
            missed: self.missed,
            mute: self.mute,
            keys: self.keys.clone(),
        })));
    }
}

#[cfg(test)]
mod tests;
