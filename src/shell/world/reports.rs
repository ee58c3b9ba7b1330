//! Reports of corridors that are over, reckoned away from everything else.
//!
//! A report replays the journal and runs its twins, which takes seconds: one thread makes one report
//! after the other, and whoever asks meanwhile is told to come again. It reads the journal's files one
//! at a time, from the one that covers the opening of the corridor on; if they do not know it, from the
//! first of this run.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use super::finished::Teacher;
use super::{LiveWorld, lock};
use crate::ids::CorridorId;
use crate::journal::worth::{Worth, WorthError, worth};
use crate::shell::dispatch::world::{Refusal, RefusalClass};
use crate::shell::report::ReportData;
use crate::shell::runtime::give_way;

/// A report whose journal was too short for it is made anew after this.
const AGAIN: Duration = Duration::from_mins(1);
/// Reports kept; the oldest goes first.
const KEPT: usize = 64;
/// Reports that wait for the one in work; whoever asks for more comes again.
const WAITING: usize = 8;
/// A file that was last written so long before a corridor was opened does not hold it: the writer is
/// never further behind.
const BEHIND: Duration = Duration::from_mins(2);

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

/// One report to be made.
#[derive(Debug)]
struct Job {
    corridor: u32,
    /// When the corridor was opened, if anybody remembers.
    opened: Option<SystemTime>,
}

/// The reports, and where the journal lies.
#[derive(Debug)]
pub(super) struct Reports {
    folder: Option<JournalFolder>,
    teacher: Teacher,
    known: Arc<Mutex<BTreeMap<u32, Progress>>>,
    /// The worker's queue; it is started with the first report.
    queue: Mutex<Option<SyncSender<Job>>>,
}

impl Reports {
    pub(super) fn new(folder: Option<JournalFolder>, teacher: Teacher) -> Self {
        Self {
            folder,
            teacher,
            known: Arc::default(),
            queue: Mutex::default(),
        }
    }

    /// True if all that the journal says of this corridor was made, or nothing can be; false if it is
    /// in work, and nothing if it has to be begun.
    fn settled(&self, corridor: u32) -> Option<bool> {
        match lock(&self.known).get(&corridor)? {
            Progress::InWork => Some(false),
            Progress::Failed(_) => Some(true),
            Progress::Done(report, _) => (!report.is_cut).then_some(true),
        }
    }

    /// True if it waits for its turn now; false if too many do.
    fn start(&self, job: Job) -> Result<bool, Refusal> {
        let corridor = job.corridor;
        let Some(folder) = self.folder.clone() else {
            let why = format!("nobody keeps a journal of corridor {corridor}");
            return Err(Refusal::new(RefusalClass::NotFound, "no-report", why));
        };
        let mut known = lock(&self.known);
        let done = |progress: &Progress| !matches!(progress, Progress::InWork);
        while known.len() >= KEPT
            && let Some(oldest) = known.iter().find(|one| done(one.1)).map(|one| *one.0)
        {
            known.remove(&oldest);
        }
        let mut queue = lock(&self.queue);
        let sender = match queue.take() {
            Some(sender) => sender,
            None => begin((folder, self.teacher.clone()), Arc::clone(&self.known))?,
        };
        let sent = sender.try_send(job);
        // A worker that has ended is begun anew by the next who asks.
        if !matches!(sent, Err(TrySendError::Disconnected(_))) {
            *queue = Some(sender);
        }
        if sent.is_ok() {
            known.insert(corridor, Progress::InWork);
        }
        Ok(sent.is_ok())
    }
}

/// Starts the thread that makes the reports; it ends with the last sender.
fn begin(
    (folder, teacher): (JournalFolder, Teacher),
    known: Arc<Mutex<BTreeMap<u32, Progress>>>,
) -> Result<SyncSender<Job>, Refusal> {
    let (sender, jobs) = sync_channel(WAITING);
    let work = move || work((&folder, &teacher), &known, &jobs);
    let thread = std::thread::Builder::new().name("report".to_owned());
    thread.spawn(work).map(|_| sender).map_err(|why| {
        let why = format!("no thread for the report: {why}");
        Refusal::new(RefusalClass::Unavailable, "no-thread", why)
    })
}

fn work(
    (folder, teacher): (&JournalFolder, &Teacher),
    known: &Mutex<BTreeMap<u32, Progress>>,
    jobs: &Receiver<Job>,
) {
    give_way();
    for job in jobs {
        let progress = progress_of(|| {
            let worth = reckon(folder, &job)?;
            teacher.take(&worth);
            Ok(ReportData::new(&worth))
        });
        // A run that has no report has taught the engine speeds even so.
        teacher.write();
        lock(known).insert(job.corridor, progress);
    }
}

/// A panic fails this report and no other.
fn progress_of(reckon: impl FnOnce() -> Result<ReportData, String>) -> Progress {
    match catch_unwind(AssertUnwindSafe(reckon)) {
        Ok(Ok(report)) => Progress::Done(Arc::new(report), Instant::now()),
        Ok(Err(why)) => Progress::Failed(why),
        Err(_) => {
            tracing::error!("a report ended with a panic; this is a fault of the program");
            Progress::Failed("the report broke off by a fault of the program".to_owned())
        }
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
        self.start_report(corridor)?;
        Err(in_work())
    }

    /// True if the account of this corridor, which is over, is made or will be, or cannot be made; has
    /// it made if it was not, or from a journal that was too short for it.
    pub(super) fn is_accounted(&self, corridor: u32) -> bool {
        let known = self.reports.settled(corridor);
        known.unwrap_or_else(|| self.start_report(corridor).unwrap_or(true))
    }

    fn start_report(&self, corridor: u32) -> Result<bool, Refusal> {
        let when = lock(&self.opened).get(&corridor).map(|opened| opened.when);
        let opened = when.and_then(|when| SystemTime::now().checked_sub(when.elapsed()));
        self.reports.start(Job { corridor, opened })
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

fn reckon(folder: &JournalFolder, job: &Job) -> Result<Worth, String> {
    let corridor = CorridorId::new(job.corridor);
    let chosen = covering(folder, job.opened);
    let all = covering(folder, None);
    let made = in_chosen_or_all(&chosen, &all, |files| worth_in(files, corridor));
    made.map_err(|unmade| match unmade {
        Unmade::NotThere(why) | Unmade::Failed(why) => why,
    })
}

/// A clock that was set may choose the wrong files, or none: then all are gone through, once.
fn in_chosen_or_all<T>(
    chosen: &[PathBuf],
    all: &[PathBuf],
    make: impl Fn(&[PathBuf]) -> Result<T, Unmade>,
) -> Result<T, Unmade> {
    if chosen.is_empty() {
        return make(all);
    }
    match make(chosen) {
        Err(Unmade::NotThere(_)) if chosen != all => make(all),
        made => made,
    }
}

/// Why there is no report.
#[derive(Debug)]
enum Unmade {
    /// The files do not know the corridor.
    NotThere(String),
    Failed(String),
}

fn worth_in(files: &[PathBuf], corridor: CorridorId) -> Result<Worth, Unmade> {
    let unread = RefCell::new(None);
    // One file is in memory at a time, however often they are gone through.
    let journal = files.iter().map_while(|file| {
        let read = fs::read(file).map_err(|why| format!("{}: {why}", file.display()));
        read.map_err(|why| *unread.borrow_mut() = Some(why)).ok()
    });
    let worth = worth(journal, corridor);
    match (worth, unread.take()) {
        // What the files before it held is told even so.
        (Ok(worth), _) => Ok(worth),
        (Err(_), Some(why)) => Err(Unmade::Failed(why)),
        (Err(why @ WorthError::NotThere(_)), None) => Err(Unmade::NotThere(why.to_string())),
        (Err(why), None) => Err(Unmade::Failed(why.to_string())),
    }
}

/// The files of this run that may hold something of a corridor that was opened then.
fn covering(folder: &JournalFolder, opened: Option<SystemTime>) -> Vec<PathBuf> {
    let since = opened.and_then(|opened| opened.checked_sub(BEHIND));
    let holds = |file: &PathBuf| {
        let written = fs::metadata(file).and_then(|about| about.modified()).ok();
        since
            .zip(written)
            .is_none_or(|(since, written)| written >= since)
    };
    let mut files = files(&folder.path);
    files.retain(|file| !folder.old.contains(file) && holds(file));
    files
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::checked_files::check_files;
    use crate::shell::store::demo_city_files;

    #[test]
    fn only_files_that_may_hold_the_corridor_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let file = |name: &str, ago_s: u64| {
            let path = folder.path().join(name);
            let made = fs::File::create(&path).unwrap();
            made.set_modified(now - Duration::from_secs(ago_s)).unwrap();
            path
        };
        let _before = file("greenwave-000000.journal", 9_000);
        let journal = JournalFolder::before_start(folder.path().to_path_buf());
        let all = [
            file("greenwave-000001.journal", 7_200),
            file("greenwave-000002.journal", 3_000),
            file("greenwave-000003.journal", 0),
        ];
        assert_eq!(covering(&journal, None), all);
        let opened = now.checked_sub(Duration::from_hours(1));
        assert_eq!(covering(&journal, opened), all[1..]);
        assert_eq!(covering(&journal, Some(now)), all[2..]);
    }

    #[test]
    fn a_report_that_breaks_off_is_told_and_the_next_is_made() {
        let failed = progress_of(|| panic!("a fault"));
        assert!(matches!(failed, Progress::Failed(why) if why.contains("fault")));
        let failed = progress_of(|| Err("no journal".to_owned()));
        assert!(matches!(failed, Progress::Failed(why) if why == "no journal"));
    }

    #[test]
    fn files_that_do_not_know_the_corridor_are_not_the_last_word() {
        let all = ["1", "2", "3"].map(PathBuf::from);
        let opened_in_first = |files: &[PathBuf]| {
            let knows = files.contains(&all[0]);
            let why = || Unmade::NotThere("no corridor".to_owned());
            knows.then_some(files.len()).ok_or_else(why)
        };
        for (chosen, read) in [(&all[1..], 3), (&all[3..], 3), (&all[..2], 2)] {
            let made = in_chosen_or_all(chosen, &all, opened_in_first);
            assert_eq!(made.unwrap(), read);
        }
        let broken = |_: &[PathBuf]| Err::<(), _>(Unmade::Failed("a bad disk".to_owned()));
        let made = in_chosen_or_all(&all[1..], &all, broken);
        assert!(matches!(made, Err(Unmade::Failed(_))));
    }

    #[test]
    fn more_reports_than_may_wait_are_asked_for_again() {
        let folder = tempfile::tempdir().unwrap();
        let journal = JournalFolder::before_start(folder.path().to_path_buf());
        let (_, graph) = check_files(&demo_city_files()).city.unwrap();
        let teacher = Teacher {
            lessons: Arc::default(),
            graph: Arc::new(graph),
            pictures: Arc::default(),
        };
        let reports = Reports::new(Some(journal), teacher);
        // A worker that does not get on.
        let (sender, jobs) = sync_channel(WAITING);
        *lock(&reports.queue) = Some(sender);
        for corridor in 1..20 {
            let job = Job {
                corridor,
                opened: None,
            };
            let waits = reports.start(job).unwrap();
            assert_eq!(waits, usize::try_from(corridor).unwrap() <= WAITING);
            assert_eq!(reports.settled(corridor), waits.then_some(false));
        }
        let done = |is_cut| {
            let report = ReportData {
                is_cut,
                ..ReportData::default()
            };
            Progress::Done(Arc::new(report), Instant::now())
        };
        let failed = Progress::Failed("a fault".to_owned());
        // A report that was asked for before the others had settled is made once more, no other is.
        for (progress, settled) in [
            (done(true), None),
            (done(false), Some(true)),
            (failed, Some(true)),
        ] {
            lock(&reports.known).insert(1, progress);
            assert_eq!(reports.settled(1), settled);
        }
        assert_eq!(
            lock(&reports.known).len(),
            WAITING,
            "the others are asked again"
        );
        assert_eq!(jobs.try_iter().count(), WAITING);
        drop(jobs);
        let job = Job {
            corridor: 30,
            opened: None,
        };
        reports.start(job).unwrap();
        assert!(lock(&reports.queue).is_none(), "begun anew by the next");
    }
}
