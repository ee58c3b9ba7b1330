//! The journal's files: a writer thread behind a bounded queue, rotation, and loud failure.
//!
//! The control thread hands over finished records and never waits. A full queue or a disk that
//! cannot be written loses records; both are counted and shown, and control goes on.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use crate::journal::MAGIC;

/// Records waiting for the disk: about a minute of cycles.
const QUEUE: usize = 600;
/// A file is closed when it has grown beyond this.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Closed files kept; the oldest goes first.
const FILES_MAX: usize = 200;

/// A finished record on its way to the disk.
#[derive(Debug)]
pub struct Chunk {
    /// Framed bytes.
    pub bytes: Vec<u8>,
    /// The record is a snapshot: a new file may begin with it.
    pub is_snapshot: bool,
}

/// What the status page tells about the journal.
#[derive(Debug, Default)]
pub struct JournalHealth {
    lost: AtomicU64,
    written: AtomicU64,
    failing: AtomicBool,
    wants_snapshot: AtomicBool,
}

impl JournalHealth {
    /// Records lost to a full queue or an unwritable disk.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Bytes on the disk so far.
    #[must_use]
    pub fn written_bytes(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// True while the disk refuses.
    #[must_use]
    pub fn failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// True if the next record should be a snapshot, so that a new file can begin; asks once.
    #[must_use]
    pub fn take_wants_snapshot(&self) -> bool {
        self.wants_snapshot.swap(false, Ordering::Relaxed)
    }
}

/// Hands records to the writer thread.
#[derive(Debug)]
pub struct JournalSink {
    queue: Option<SyncSender<Chunk>>,
    health: Arc<JournalHealth>,
    thread: Option<JoinHandle<()>>,
}

impl JournalSink {
    /// Starts the writer thread on `folder`, which is made if it is missing.
    ///
    /// # Errors
    /// The folder cannot be made or the thread cannot be started.
    pub fn start(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let health = Arc::new(JournalHealth::default());
        let (queue, chunks) = sync_channel(QUEUE);
        let mut writer = Writer {
            folder: folder.to_path_buf(),
            file: None,
            bytes: 0,
            number: 0,
            health: Arc::clone(&health),
        };
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run(&chunks))?;
        Ok(Self {
            queue: Some(queue),
            health,
            thread: Some(thread),
        })
    }

    /// What the status page tells.
    #[must_use]
    pub fn health(&self) -> Arc<JournalHealth> {
        Arc::clone(&self.health)
    }

    /// Hands over one record; a full queue loses it and asks for a snapshot, never waits.
    pub fn push(&self, chunk: Chunk) {
        let Some(queue) = &self.queue else { return };
        match queue.try_send(chunk) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.health.lost.fetch_add(1, Ordering::Relaxed);
                self.health.wants_snapshot.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Waits until everything handed over is on the disk.
    pub fn close(mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the journal writer ended with a panic; its last records may be lost");
        }
    }
}

struct Writer {
    folder: PathBuf,
    file: Option<File>,
    bytes: u64,
    number: u32,
    health: Arc<JournalHealth>,
}

impl Writer {
    fn run(&mut self, chunks: &Receiver<Chunk>) {
        while let Ok(chunk) = chunks.recv() {
            match self.write(&chunk) {
                Ok(()) => self.health.failing.store(false, Ordering::Relaxed),
                Err(error) => self.fail(&error),
            }
        }
        if let Some(Err(error)) = self.file.as_mut().map(|file| file.sync_all()) {
            self.fail(&error);
        }
    }

    fn write(&mut self, chunk: &Chunk) -> io::Result<()> {
        let full = self.bytes > FILE_BYTES_MAX;
        if chunk.is_snapshot && (full || self.file.is_none()) {
            self.rotate()?;
        } else if full {
            self.health.wants_snapshot.store(true, Ordering::Relaxed);
        }
        // Without a snapshot at its head a file could not be replayed: wait for one.
        let Some(file) = self.file.as_mut() else {
            self.health.lost.fetch_add(1, Ordering::Relaxed);
            self.health.wants_snapshot.store(true, Ordering::Relaxed);
            return Ok(());
        };
        file.write_all(&chunk.bytes)?;
        let count = u64::try_from(chunk.bytes.len()).unwrap_or_default();
        self.bytes += count;
        self.health.written.fetch_add(count, Ordering::Relaxed);
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.file = None;
        while self.folder.join(file_name(self.number)).exists() {
            self.number += 1;
        }
        let mut file = File::create_new(self.folder.join(file_name(self.number)))?;
        file.write_all(&MAGIC)?;
        self.file = Some(file);
        self.bytes = 0;
        self.forget_oldest()
    }

    fn forget_oldest(&self) -> io::Result<()> {
        let mut names: Vec<PathBuf> = fs::read_dir(&self.folder)?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|ending| ending == "journal"))
            .collect();
        names.sort();
        let surplus = names.len().saturating_sub(FILES_MAX);
        names.iter().take(surplus).try_for_each(fs::remove_file)
    }

    /// A half-written record would hide the ones behind it: begin a new file next time.
    fn fail(&mut self, error: &io::Error) {
        self.file = None;
        self.health.lost.fetch_add(1, Ordering::Relaxed);
        self.health.wants_snapshot.store(true, Ordering::Relaxed);
        if !self.health.failing.swap(true, Ordering::Relaxed) {
            let folder = self.folder.display();
            tracing::error!(%folder, %error, "the journal cannot be written; control goes on");
        }
    }
}

fn file_name(number: u32) -> String {
    format!("greenwave-{number:06}.journal")
}
