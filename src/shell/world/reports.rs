//! Reports of corridors that are over, reckoned away from everything else.
//!
//! A report replays the journal and runs its twins, which takes seconds: the first who asks starts a
//! thread, and whoever asks meanwhile is told to come again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{LiveWorld, lock};
use crate::ids::CorridorId;
use crate::journal::worth::worth;
use crate::shell::dispatch::world::{Refusal, RefusalClass};
use crate::shell::report::ReportData;

/// A report whose journal was too short for it is made anew after this.
const AGAIN: Duration = Duration::from_mins(1);
/// Reports kept; the oldest goes first.
const KEPT: usize = 64;

/// What became of a report so far.
#[derive(Clone, Debug)]
enum Progress {
    InWork,
    Done(Arc<ReportData>, Instant),
    Failed(String),
}

/// Where the journal of this run of the program lies.
///
/// Numbers of corridors begin anew with the program, so what lies there already is no business of
/// its reports.
#[derive(Clone, Debug)]
pub struct JournalFolder {
    path: PathBuf,
    old: Vec<PathBuf>,
}

impl JournalFolder {
    /// The folder as it is before the journal is begun.
    #[must_use]
    pub fn before_start(path: PathBuf) -> Self {
        let old = files(&path);
        Self { path, old }
    }
}

/// The reports, and where the journal lies.
#[derive(Debug)]
pub(super) struct Reports {
    folder: Option<JournalFolder>,
    known: Arc<Mutex<BTreeMap<u32, Progress>>>,
}

impl Reports {
    pub(super) fn new(folder: Option<JournalFolder>) -> Self {
        Self {
            folder,
            known: Arc::default(),
        }
    }

    fn start(&self, corridor: u32) -> Result<(), Refusal> {
        let Some(folder) = self.folder.clone() else {
            let why = format!("nobody keeps a journal of corridor {corridor}");
            return Err(Refusal::new(RefusalClass::NotFound, "no-report", why));
        };
        let mut known = lock(&self.known);
        while known.len() >= KEPT {
            known.pop_first();
        }
        known.insert(corridor, Progress::InWork);
        let shared = Arc::clone(&self.known);
        let work = move || {
            let made = reckon(&folder, corridor);
            let progress = match made {
                Ok(report) => Progress::Done(Arc::new(report), Instant::now()),
                Err(why) => Progress::Failed(why),
            };
            lock(&shared).insert(corridor, progress);
        };
        let thread = std::thread::Builder::new().name("report".to_owned());
        if let Err(why) = thread.spawn(work) {
            known.remove(&corridor);
            let why = format!("no thread for the report: {why}");
            return Err(Refusal::new(RefusalClass::Unavailable, "no-thread", why));
        }
        Ok(())
    }
}

impl LiveWorld {
    /// The report of a corridor that is over.
    pub(super) fn report_of(&self, corridor: u32) -> Result<Arc<ReportData>, Refusal> {
        let known = lock(&self.reports.known).get(&corridor).cloned();
        match known {
            Some(Progress::Done(report, when)) if !report.is_cut || when.elapsed() < AGAIN => {
                return Ok(report);
            }
            Some(Progress::InWork) => return Err(in_work()),
            Some(Progress::Failed(why)) => {
                lock(&self.reports.known).remove(&corridor);
                return Err(Refusal::new(
                    RefusalClass::Unavailable,
                    "report-failed",
                    why,
                ));
            }
            Some(Progress::Done(..)) => {}
            None => self.is_over(corridor)?,
        }
        self.reports.start(corridor)?;
        Err(in_work())
    }

    fn is_over(&self, corridor: u32) -> Result<(), Refusal> {
        let known = lock(&self.opened).contains_key(&corridor);
        let picture = self.picture()?;
        let mission = picture.city.corridors().mission(CorridorId::new(corridor));
        match mission {
            Some(mission) if !mission.state().is_over() => {
                let why = format!("corridor {corridor} still runs; its report is made afterwards");
                Err(Refusal::new(RefusalClass::Conflict, "corridor-runs", why))
            }
            None if !known => {
                let why = format!("there is no corridor {corridor}");
                Err(Refusal::new(
                    RefusalClass::NotFound,
                    "no-such-corridor",
                    why,
                ))
            }
            Some(_) | None => Ok(()),
        }
    }
}

fn in_work() -> Refusal {
    let why = "the report is being reckoned from the journal; ask again in a few seconds";
    Refusal::new(RefusalClass::Unavailable, "report-in-work", why)
}

fn reckon(folder: &JournalFolder, corridor: u32) -> Result<ReportData, String> {
    let mut journal = Vec::new();
    for file in files(&folder.path) {
        if !folder.old.contains(&file) {
            journal.push(fs::read(&file).map_err(|why| format!("{}: {why}", file.display()))?);
        }
    }
    let worth = worth(&journal, CorridorId::new(corridor)).map_err(|why| why.to_string())?;
    Ok(ReportData::new(&worth))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "journal"))
        .collect();
    files.sort();
    files
}
