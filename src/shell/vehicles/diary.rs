//! What the feeds keep: history and everything that was refused, one JSON object a line, a file a
//! day. A bounded queue and a thread of its own: a full disk costs lines, never a connection.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::shell::store::Budget;

/// Lines that may wait.
const QUEUE: usize = 8_192;
/// Bytes of them: one batch of history may be a line of some hundred kilobytes.
const QUEUE_BYTES: usize = 16 << 20;
/// A day's file is not written beyond this, bytes.
const DAY_MAX: u64 = 256 << 20;
/// Positions are personal data: files older than this are removed, days.
const KEEP_DAYS: i64 = 30;

/// Writes lines.
#[derive(Clone, Debug)]
pub struct Diary {
    lines: Option<SyncSender<String>>,
    lost: Arc<AtomicU64>,
    waiting: Arc<Budget>,
}

impl Diary {
    /// A diary in `folder`. It begins with the first line; what cannot be written is counted.
    #[must_use]
    pub fn start(folder: &Path) -> Self {
        let (sender, receiver) = sync_channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        let waiting = Arc::new(Budget::new(QUEUE_BYTES));
        let writer = Writer {
            folder: folder.to_path_buf(),
            lost: Arc::clone(&lost),
            waiting: Arc::clone(&waiting),
            open: None,
        };
        let started = thread::Builder::new()
            .name("vehicle-diary".to_owned())
            .spawn(move || writer.run(&receiver));
        if let Err(why) = &started {
            tracing::error!(%why, "the diary of the feeds has no thread; nothing is kept");
        }
        Self {
            lines: started.is_ok().then_some(sender),
            lost,
            waiting,
        }
    }

    /// A diary that keeps nothing: for tests and measurements.
    #[must_use]
    pub fn none() -> Self {
        Self {
            lines: None,
            lost: Arc::default(),
            waiting: Arc::new(Budget::new(0)),
        }
    }

    /// Adds a line.
    pub fn line(&self, line: &Value) {
        let Some(lines) = &self.lines else { return };
        let line = line.to_string();
        let bytes = line.len();
        if self.waiting.take(bytes) {
            if lines.try_send(line).is_ok() {
                return;
            }
            self.waiting.give(bytes);
        }
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// Lines that could not be kept so far.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

struct Writer {
    folder: PathBuf,
    lost: Arc<AtomicU64>,
    waiting: Arc<Budget>,
    /// The day, its file, and how long that is.
    open: Option<(String, File, u64)>,
}

impl Writer {
    fn run(mut self, lines: &Receiver<String>) {
        for line in lines {
            if self.write(&line).is_none() {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
            self.waiting.give(line.len());
        }
    }

    fn write(&mut self, line: &str) -> Option<()> {
        let day = day_of(Timestamp::now());
        if self.open.as_ref().is_none_or(|(open, _, _)| *open != day) {
            self.open = None;
            fs::create_dir_all(&self.folder).ok()?;
            self.forget();
            let path = self.folder.join(format!("feeds-{day}.jsonl"));
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .ok()?;
            let size = file.metadata().ok()?.len();
            self.open = Some((day, file, size));
        }
        let (_, file, size) = self.open.as_mut()?;
        let bytes = u64::try_from(line.len()).unwrap_or(u64::MAX) + 1;
        if size.saturating_add(bytes) > DAY_MAX {
            return None;
        }
        let written = writeln!(file, "{line}").ok();
        *size += bytes;
        if written.is_none() {
            self.open = None;
        }
        written
    }

    /// Removes what has been kept long enough.
    fn forget(&self) {
        let since = Timestamp::now() - SignedDuration::from_hours(24 * KEEP_DAYS);
        let oldest = format!("feeds-{}.jsonl", day_of(since));
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let ending = Path::new(&name).extension();
            let ours = name.starts_with("feeds-") && ending.is_some_and(|end| end == "jsonl");
            if ours
                && name < oldest
                && let Err(why) = fs::remove_file(entry.path())
            {
                tracing::warn!(%why, name, "an old file of the feeds cannot be removed");
            }
        }
    }
}

fn day_of(at: Timestamp) -> String {
    at.to_string().get(..10).unwrap_or("unknown").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_bounded_in_bytes() {
        let (sender, receiver) = sync_channel(QUEUE);
        let diary = Diary {
            lines: Some(sender),
            lost: Arc::default(),
            waiting: Arc::new(Budget::new(1_000)),
        };
        let line = Value::String("x".repeat(398));
        for _ in 0..4 {
            diary.line(&line);
        }
        assert_eq!(diary.lost(), 2, "400 bytes each");
        assert_eq!(receiver.try_iter().count(), 2);
    }
}
