//! One record, and the hash that ties it to the one before.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::hex;

/// The hash before the first record.
pub(super) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What is to be recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Wall clock, Unix milliseconds; information only, the order is that of the chain.
    pub at_ms: i64,
    /// Who.
    pub who: String,
    /// For which agency.
    pub agency: String,
    /// With which roles.
    pub roles: String,
    /// What was asked, as `POST /api/v1/corridors`.
    pub act: String,
    /// What it was about: ids and numbers, no free text of a caller.
    pub about: String,
    /// SHA-256 of the request's body, hexadecimal; empty without one.
    pub body: String,
    /// HTTP status of the answer.
    pub status: u16,
}

/// A record of the chain, as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Counts from 1 without a gap.
    pub seq: u64,
    /// What happened.
    pub entry: AuditEntry,
    /// Hash of the record before.
    pub prev: String,
    /// SHA-256 over number, entry and `prev`.
    pub hash: String,
}

impl Record {
    pub(super) fn new(seq: u64, entry: AuditEntry, prev: &str) -> Self {
        let hash = hash_of(seq, &entry, prev);
        Self {
            seq,
            entry,
            prev: prev.to_owned(),
            hash,
        }
    }

    /// True if the hash is that of the content.
    pub(super) fn is_whole(&self) -> bool {
        self.hash == hash_of(self.seq, &self.entry, &self.prev)
    }

    /// The line in the file, with its end.
    pub(super) fn line(&self) -> String {
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }
}

/// Every text goes in with its length before it, so that no two entries have the same bytes.
fn hash_of(seq: u64, entry: &AuditEntry, prev: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"greenwave audit 1");
    hash.update(seq.to_be_bytes());
    hash.update(entry.at_ms.to_be_bytes());
    hash.update(entry.status.to_be_bytes());
    let texts = [
        &entry.who,
        &entry.agency,
        &entry.roles,
        &entry.act,
        &entry.about,
        &entry.body,
    ];
    for text in texts.into_iter().map(String::as_str).chain([prev]) {
        hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(text);
    }
    hex(&hash.finalize())
}
