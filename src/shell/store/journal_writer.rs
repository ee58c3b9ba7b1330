//! The journal's files: rotation, and what happens while the disk refuses.
//!
//! A file that could not be begun is taken away again, so that failures never push real files out
//! of the folder, and the next try waits longer than the last one. Old files go only once a new one
//! holds its snapshot.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use super::{Chunk, JournalHealth};
use crate::journal::MAGIC;

/// A file is closed when it has grown beyond this.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Files kept; the oldest goes first.
const FILES_MAX: usize = 200;
/// After a failure the disk is left alone for this long; twice as long after every further one ...
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// ... up to this. A file that was written for this long ends the trouble.
const PAUSE_MAX: Duration = Duration::from_mins(1);

/// Makes a new file; to flush it means to bring it onto the disk.
type Create = Box<dyn FnMut(&Path) -> io::Result<Box<dyn Write + Send>> + Send>;

/// A file that is being written.
struct Open {
    file: Box<dyn Write + Send>,
    path: PathBuf,
    bytes: u64,
    since: Instant,
    /// It holds its snapshot, so that it can be replayed.
    begun: bool,
}

/// Writes records into the files of one folder.
pub(super) struct Writer {
    folder: PathBuf,
    create: Create,
    open: Option<Open>,
    pause: Duration,
    not_before: Option<Instant>,
    health: Arc<JournalHealth>,
}

impl Writer {
    /// A writer of real files.
    pub(super) fn on_disk(folder: &Path, health: Arc<JournalHealth>) -> Self {
        let create = |path: &Path| -> io::Result<Box<dyn Write + Send>> {
            Ok(Box::new(OnDisk(File::create_new(path)?)))
        };
        Self::new(folder, Box::new(create), health)
    }

    fn new(folder: &Path, create: Create, health: Arc<JournalHealth>) -> Self {
        Self {
            folder: folder.to_path_buf(),
            create,
            open: None,
            pause: PAUSE_MIN,
            not_before: None,
            health,
        }
    }

    /// Writes until nobody can hand anything over any more.
    pub(super) fn run(&mut self, chunks: &Receiver<Chunk>) {
        while let Ok(chunk) = chunks.recv() {
            self.take(&chunk, Instant::now());
            self.health.taken(chunk.bytes.len());
        }
        if let Some(Err(error)) = self.open.as_mut().map(|open| open.file.flush()) {
            self.fail(&error, Instant::now());
        }
    }

    /// Writes one record or counts it as lost.
    fn take(&mut self, chunk: &Chunk, now: Instant) {
        match self.write(chunk, now) {
            Ok(true) => self.written(now),
            Ok(false) => self.health.add_lost(),
            Err(error) => {
                self.health.add_lost();
                self.fail(&error, now);
            }
        }
    }

    /// False if there is no file to write to and none may be begun now.
    fn write(&mut self, chunk: &Chunk, now: Instant) -> io::Result<bool> {
        let full = self
            .open
            .as_ref()
            .is_none_or(|open| open.bytes > FILE_BYTES_MAX);
        // Without a snapshot at its head a file could not be replayed: wait for one.
        if full && self.not_before.is_none_or(|at| now >= at) {
            if chunk.is_snapshot {
                self.rotate(now)?;
            } else {
                self.health.ask_for_snapshot();
            }
        }
        let Some(open) = self.open.as_mut() else {
            return Ok(false);
        };
        open.file.write_all(&chunk.bytes)?;
        let count = u64::try_from(chunk.bytes.len()).unwrap_or_default();
        open.bytes += count;
        self.health.add_written(count);
        if !open.begun {
            open.begun = true;
            self.forget_oldest();
        }
        Ok(true)
    }

    fn rotate(&mut self, now: Instant) -> io::Result<()> {
        self.open = None;
        fs::create_dir_all(&self.folder)?;
        let newest = self
            .names()?
            .iter()
            .filter_map(|path| number_of(path))
            .max();
        let number = newest.map_or(0, |newest| newest.saturating_add(1));
        let path = self.folder.join(file_name(number));
        let file = (self.create)(&path)?;
        let open = self.open.insert(Open {
            file,
            path,
            bytes: 0,
            since: now,
            begun: false,
        });
        open.file.write_all(&MAGIC)
    }

    fn names(&self) -> io::Result<Vec<PathBuf>> {
        let mut names: Vec<PathBuf> = fs::read_dir(&self.folder)?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|ending| ending == "journal"))
            .collect();
        names.sort();
        Ok(names)
    }

    /// A folder that is too full is no reason to write nothing.
    fn forget_oldest(&self) {
        let forgotten = self.names().and_then(|names| {
            let surplus = names.len().saturating_sub(FILES_MAX);
            names.iter().take(surplus).try_for_each(fs::remove_file)
        });
        if let Err(error) = forgotten {
            let folder = self.folder.display();
            tracing::warn!(%folder, %error, "the oldest journal cannot be removed");
        }
    }

    fn written(&mut self, now: Instant) {
        if self.health.set_failing(false) {
            let lost = self.health.lost();
            tracing::warn!(lost, "the journal is written again; records were lost");
        }
        let since = self.open.as_ref().map(|open| open.since);
        if since.is_some_and(|since| now.saturating_duration_since(since) >= PAUSE_MAX) {
            self.pause = PAUSE_MIN;
            self.not_before = None;
        }
    }

    /// A half-written record would hide the ones behind it: begin a new file, but not at once.
    fn fail(&mut self, error: &io::Error, now: Instant) {
        if let Some(open) = self.open.take()
            && !open.begun
            && let Err(error) = fs::remove_file(&open.path)
        {
            let file = open.path.display();
            tracing::warn!(%file, %error, "a journal that was not begun cannot be removed");
        }
        self.not_before = Some(now + self.pause);
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        if !self.health.set_failing(true) {
            let folder = self.folder.display();
            tracing::error!(%folder, %error, "the journal cannot be written; control goes on");
        }
    }
}

struct OnDisk(File);

impl Write for OnDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.sync_all()
    }
}

fn file_name(number: u32) -> String {
    format!("greenwave-{number:06}.journal")
}

fn number_of(path: &Path) -> Option<u32> {
    let name = path.file_stem()?.to_str()?;
    name.strip_prefix("greenwave-")?.parse().ok()
}

#[cfg(test)]
mod tests;
