//! The audit: who did what, in a chain that shows every later change.
//!
//! `audit.jsonl` has one record a line, each with the hash of the one before it, so that a changed or missing
//! line breaks the chain from there on. `audit.heads` has signed heads: a file cut at its end is shorter than
//! its last head says. Nothing is ever written over.

mod export;
mod key;
mod log;
mod record;
#[cfg(test)]
mod tests;
mod verify;

pub use export::{Exported, export};
pub use key::AuditKey;
pub use log::AuditLog;
pub use record::{AuditEntry, Record};
pub use verify::{BadAudit, Verified, verify, verify_with};

use std::io;
use std::path::{Path, PathBuf};

/// Copies of heads in the store that are compared: the newest.
pub const COPIES: u32 = 1024;

/// Why the audit cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// A file cannot be used.
    #[error("{path}: {why}; the audit needs a folder that can be written")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// The key file is damaged.
    #[error(
        "{0}: is not the key that signs audit heads; put the right one back, or move the whole audit folder away to begin a new one"
    )]
    Key(PathBuf),
    /// The system gave no random numbers.
    #[error("the system gave no random numbers")]
    NoEntropy,
    /// The records that are there do not fit together.
    #[error("{path}: {why}; keep a copy, then move the whole audit folder away to begin a new one")]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: BadAudit,
    },
}

impl AuditError {
    fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |why| Self::File { path, why }
    }
}

/// The records of an audit folder.
#[must_use]
pub fn records_file(folder: &Path) -> PathBuf {
    folder.join("audit.jsonl")
}

/// The signed heads that belong to a records file: the same name with `.heads` at its end.
#[must_use]
pub fn heads_file(records: &Path) -> PathBuf {
    records.with_extension("heads")
}

fn hex(bytes: &[u8]) -> String {
    use core::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    let pairs = (0..text.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}
