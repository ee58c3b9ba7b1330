//! The journal behind a bounded queue, and what the status page tells about it.
//!
//! The control thread hands over finished records and never waits. A full queue or a disk that
//! cannot be written loses records; both are counted and shown, and control goes on. Behind a loss
//! nothing can be replayed until a snapshot is there, so nothing else is taken until then.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
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
    /// Bytes of the last snapshot that was handed over.
    snapshot: AtomicUsize,
    /// Records on their way to the writer. The queue bounds them too, but does not tell whether
    /// there is room, which whoever asks for a snapshot must know before.
    records: Budget,
    /// Bytes on their way to the writer.
    waiting: Budget,
}

impl Default for JournalHealth {
    fn default() -> Self {
        Self {
            lost: AtomicU64::default(),
            written: AtomicU64::default(),
            failing: AtomicBool::default(),
            closed: AtomicBool::default(),
            wants_snapshot: AtomicBool::default(),
            snapshot: AtomicUsize::default(),
            records: Budget::new(QUEUE),
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

    /// True if the next record should be a snapshot, so that a new file can begin, or what comes
    /// after a loss can be replayed; asks once, and not while one of the last one's size has no room.
    #[must_use]
    pub fn take_wants_snapshot(&self) -> bool {
        let bytes = self.snapshot.load(Ordering::Relaxed);
        self.records.has_room(1)
            && self.waiting.has_room(bytes)
            && self.wants_snapshot.swap(false, Ordering::Relaxed)
    }

    /// False if there is no room.
    fn hand_over(&self, queue: &SyncSender<Chunk>, chunk: Chunk) -> bool {
        let bytes = chunk.bytes.len();
        if !self.records.take(1) {
            return false;
        }
        if !self.waiting.take(bytes) {
            self.records.give(1);
            return false;
        }
        let is_sent = queue.try_send(chunk).is_ok();
        if !is_sent {
            self.taken(bytes);
        }
        is_sent
    }

    /// A record of so many bytes waits no longer.
    pub(super) fn taken(&self, bytes: usize) {
        self.waiting.give(bytes);
        self.records.give(1);
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
    /// A record was lost and no snapshot came after it.
    gap: AtomicBool,
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
            gap: AtomicBool::default(),
            thread: thread.ok(),
        }
    }

    /// What the status page tells.
    #[must_use]
    pub fn health(&self) -> Arc<JournalHealth> {
        Arc::clone(&self.health)
    }

    /// Hands over one record and never waits; a full queue loses it, and every other one until it
    /// takes a snapshot.
    pub fn push(&self, chunk: Chunk) {
        let Some(queue) = &self.queue else { return };
        let is_snapshot = chunk.is_snapshot;
        if is_snapshot {
            let bytes = chunk.bytes.len();
            self.health.snapshot.store(bytes, Ordering::Relaxed);
        }
        let may = is_snapshot || !self.gap.load(Ordering::Relaxed);
        if may && self.health.hand_over(queue, chunk) {
            if is_snapshot {
                self.gap.store(false, Ordering::Relaxed);
            }
            return;
        }
        self.gap.store(true, Ordering::Relaxed);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_loss_nothing_but_a_snapshot_is_taken() {
        let health = Arc::new(JournalHealth::default());
        let (queue, chunks) = sync_channel(QUEUE);
        let sink = JournalSink {
            queue: Some(queue),
            health: Arc::clone(&health),
            gap: AtomicBool::default(),
            thread: None,
        };
        let push = |bytes: usize, is_snapshot: bool| {
            sink.push(Chunk {
                bytes: vec![0; bytes],
                is_snapshot,
            });
        };
        let written = || {
            let chunk = chunks.try_recv().unwrap();
            health.taken(chunk.bytes.len());
            chunk.is_snapshot
        };
        let mib = |count: usize| count << 20;
        push(mib(8), true);
        (0..15).for_each(|_| push(mib(8), false));
        assert_eq!(health.lost(), 0);
        push(1, false);
        assert_eq!(health.lost(), 1);
        assert!(!health.take_wants_snapshot(), "there is no room for one");
        assert!(written());
        push(1, false);
        assert_eq!(health.lost(), 2, "there is room, but a gap too");
        assert!(health.take_wants_snapshot());
        assert!(!health.take_wants_snapshot(), "asks once");
        push(mib(8), true);
        assert!(!written());
        push(1, false);
        assert_eq!(health.lost(), 2);
    }
}
