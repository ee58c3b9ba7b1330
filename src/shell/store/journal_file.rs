//! The journal behind a bounded queue, and what the status page tells about it.
//!
//! The control thread hands over finished records and never waits. A full queue or a disk that
//! cannot be written loses records; both are counted and shown, and control goes on.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use super::Budget;
use super::journal_writer::Writer;

/// Records waiting for the disk: about a minute of cycles.
const QUEUE: usize = 600;
/// Bytes of them: a large city's cycles are some hundred kilobytes each, its snapshot some megabytes.
const QUEUE_BYTES: usize = 128 << 20;

/// A finished record on its way to the disk.
#[derive(Debug)]
pub struct Chunk {
    /// Framed bytes.
    pub bytes: Vec<u8>,
    /// The record is a snapshot: a new file may begin with it.
    pub is_snapshot: bool,
}

/// What the status page tells about the journal.
#[derive(Debug)]
pub struct JournalHealth {
    lost: AtomicU64,
    written: AtomicU64,
    failing: AtomicBool,
    closed: AtomicBool,
    wants_snapshot: AtomicBool,
    /// Bytes on their way to the writer.
    pub(super) waiting: Budget,
}

impl Default for JournalHealth {
    fn default() -> Self {
        Self {
            lost: AtomicU64::default(),
            written: AtomicU64::default(),
            failing: AtomicBool::default(),
            closed: AtomicBool::default(),
            wants_snapshot: AtomicBool::default(),
            waiting: Budget::new(QUEUE_BYTES),
        }
    }
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

    /// True once everything handed over is on the disk, or lost, and the file is closed.
    #[must_use]
    pub fn closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// True if the next record should be a snapshot, so that a new file can begin; asks once.
    #[must_use]
    pub fn take_wants_snapshot(&self) -> bool {
        self.wants_snapshot.swap(false, Ordering::Relaxed)
    }

    pub(super) fn ask_for_snapshot(&self) {
        self.wants_snapshot.store(true, Ordering::Relaxed);
    }

    pub(super) fn add_written(&self, bytes: u64) {
        self.written.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_lost(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// Sets whether the disk refuses; what it was before.
    pub(super) fn set_failing(&self, failing: bool) -> bool {
        self.failing.swap(failing, Ordering::Relaxed)
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
    /// Starts the writer thread on `folder`, which is made if it is missing. A folder that cannot
    /// be made is failure like a full disk: told by [`JournalHealth::failing`] and tried again.
    #[must_use]
    pub fn start(folder: &Path) -> Self {
        let health = Arc::new(JournalHealth::default());
        let (queue, chunks) = sync_channel(QUEUE);
        let mut writer = Writer::on_disk(folder, Arc::clone(&health));
        let at_end = Arc::clone(&health);
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || {
                writer.run(&chunks);
                at_end.closed.store(true, Ordering::Relaxed);
            });
        if let Err(error) = &thread {
            tracing::error!(%error, "no thread for the journal; control goes on");
            let _before = health.set_failing(true);
        }
        Self {
            queue: Some(queue),
            health,
            thread: thread.ok(),
        }
    }

    /// What the status page tells.
    #[must_use]
    pub fn health(&self) -> Arc<JournalHealth> {
        Arc::clone(&self.health)
    }

    /// Hands over one record; a full queue loses it and asks for a snapshot, never waits.
    pub fn push(&self, chunk: Chunk) {
        let Some(queue) = &self.queue else { return };
        let bytes = chunk.bytes.len();
        if self.health.waiting.take(bytes) {
            match queue.try_send(chunk) {
                Ok(()) => return,
                Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                    self.health.waiting.give(bytes);
                }
            }
        }
        self.health.add_lost();
        self.health.ask_for_snapshot();
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
