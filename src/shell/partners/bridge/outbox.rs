//! Requests on their way, on the disk before they are sent: a bridge that is killed goes on where it
//! was, with the same ids.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::shell::store::write_whole;

/// Requests that wait for an answer at most; more are left with the old system.
pub const WAITING_MAX: usize = 100;
/// Answers are remembered for so long, milliseconds: the same request within it has the same answer.
pub const REMEMBERED_MS: i64 = 3_600_000;

/// One request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What tells it from others.
    pub key: String,
    /// Name of the file it came in; empty if it was posted.
    pub file: String,
    /// The same for every try.
    pub request_id: String,
    /// When it was first seen, Unix milliseconds of this machine.
    pub first_ms: i64,
    /// Its fields as mapped.
    pub fields: Map<String, Value>,
    /// As it was sent last, byte for byte, and when that was composed.
    pub sent: Option<(String, i64)>,
    /// How it ended.
    pub end: Option<End>,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// True if the corridor was opened.
    pub opened: bool,
    /// The installation's answer, or the reason.
    pub answer: Value,
    /// When, Unix milliseconds of this machine.
    pub at_ms: i64,
}

/// The entries, each a file of its own.
#[derive(Debug)]
pub struct Outbox {
    folder: PathBuf,
    entries: Vec<Entry>,
}

impl Outbox {
    /// Opens the outbox in `folder`; entries that cannot be read are put aside.
    ///
    /// # Errors
    /// The folder cannot be made or read.
    pub fn open(folder: &Path) -> io::Result<Self> {
        make_private(folder)?;
        let mut entries = Vec::new();
        for file in fs::read_dir(folder)? {
            let path = file?.path();
            if path.extension().is_none_or(|ending| ending != "json") {
                continue;
            }
            let text = fs::read(&path)?;
            match serde_json::from_slice::<Entry>(&text) {
                Ok(entry) => entries.push(entry),
                Err(why) => {
                    tracing::warn!(path = %path.display(), %why, "put aside");
                    fs::rename(&path, path.with_extension("broken"))?;
                }
            }
        }
        entries.sort_by_key(|entry| entry.first_ms);
        Ok(Self {
            folder: folder.to_path_buf(),
            entries,
        })
    }

    /// The entry of this key.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Requests without an end, oldest first.
    pub fn waiting(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.end.is_none())
    }

    /// Every entry that came in a file.
    pub fn of_files(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !entry.file.is_empty())
    }

    /// True if no more may wait.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.waiting().count() >= WAITING_MAX
    }

    /// Keeps an entry, on the disk first.
    ///
    /// # Errors
    /// The disk refuses it.
    pub fn keep(&mut self, entry: Entry) -> io::Result<()> {
        let text = serde_json::to_vec(&entry).map_err(io::Error::other)?;
        write_whole(&self.folder.join(format!("{}.json", entry.key)), &text)?;
        match self.entries.iter_mut().find(|one| one.key == entry.key) {
            Some(one) => *one = entry,
            None => self.entries.push(entry),
        }
        Ok(())
    }

    /// Forgets what ended a while ago.
    pub fn forget(&mut self, now_ms: i64) {
        let folder = &self.folder;
        self.entries.retain(|entry| {
            let old = entry
                .end
                .as_ref()
                .is_some_and(|end| now_ms.saturating_sub(end.at_ms) > REMEMBERED_MS);
            if old && let Err(why) = fs::remove_file(folder.join(format!("{}.json", entry.key))) {
                tracing::warn!(%why, "an old entry of the outbox could not be removed");
            }
            !old
        });
    }
}

/// A folder that nobody else can look into.
///
/// # Errors
/// It cannot be made.
pub fn make_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    #[cfg(unix)]
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}
