//! The end that is read: finds the first record that is not as it was written.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;

use super::AuditError;
use super::key::Head;
use super::record::{GENESIS, Record};
use crate::shell::store::SignedHead;

/// Longest line; ours are far shorter.
const LINE_MAX: usize = 64 * 1024;

/// What a whole audit says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Records, all in order.
    pub records: u64,
    /// Heads, all signed.
    pub heads: u64,
    /// Copies of heads in the store, all signed, that were compared too.
    pub copies: u64,
    /// The last record that a head speaks for; later ones could be cut off unseen.
    pub signed: u64,
    /// Hash of the last record.
    pub hash: String,
    /// Public key of the heads; empty without one.
    pub key: String,
}

/// The first thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAudit {
    /// A line that is no record.
    #[error("record {0} cannot be read")]
    Unreadable(u64),
    /// A record whose content is not what was hashed.
    #[error("record {0} was changed after it was written")]
    Changed(u64),
    /// A record that does not follow the one before.
    #[error("record {expected} is missing: number {found} stands in its place")]
    Gap {
        /// The number that should stand there.
        expected: u64,
        /// The one that does.
        found: u64,
    },
    /// A record that names another hash before it.
    #[error("record {0} does not follow the one before it")]
    Unlinked(u64),
    /// The file ends before a signed head.
    #[error(
        "record {first} is missing: the file ends there, but a head was signed at record {signed}"
    )]
    Cut {
        /// The first that is missing.
        first: u64,
        /// The last that was signed.
        signed: u64,
    },
    /// A head that does not fit the record it was signed at.
    #[error("record {0} is not the one that was signed")]
    NotTheSigned(u64),
    /// A head that nobody signed.
    #[error("head {0} of the heads file has no valid signature")]
    BadHead(u64),
    /// A copy in the store that nobody signed.
    #[error("the store's copy of the head at record {0} has no valid signature")]
    BadCopy(u64),
    /// A head of another key than was expected.
    #[error("head {0} of the heads file was signed by another key")]
    OtherKey(u64),
}

/// Verifies records against heads. Without `key`, all heads must have the key of the first.
///
/// # Errors
/// A file cannot be read.
pub fn verify(
    records: &Path,
    heads: &Path,
    key: Option<&str>,
) -> Result<Result<Verified, BadAudit>, AuditError> {
    verify_with(records, (heads, &[]), key)
}

/// The same against the store's copies of heads too: records that were cut off together with their
/// heads are missed by them. Copies of another key are of an earlier audit and say nothing.
///
/// # Errors
/// A file cannot be read.
pub fn verify_with(
    records: &Path,
    (heads, copies): (&Path, &[SignedHead]),
    key: Option<&str>,
) -> Result<Result<Verified, BadAudit>, AuditError> {
    let mut heads = match read_heads(heads, key).map_err(AuditError::file(heads))? {
        Ok(heads) => heads,
        Err(bad) => return Ok(Err(bad)),
    };
    let in_file = heads.len();
    if let Err(bad) = add_copies(&mut heads, copies, key) {
        return Ok(Err(bad));
    }
    let lines = read_records(records).map_err(AuditError::file(records))?;
    let count = |heads: usize| u64::try_from(heads).unwrap_or(u64::MAX);
    Ok(follow(lines, &heads).map(|found| Verified {
        heads: count(in_file),
        copies: count(heads.len() - in_file),
        ..found
    }))
}

/// Puts the copies among the heads that are compared.
fn add_copies(
    heads: &mut Vec<Head>,
    copies: &[SignedHead],
    key: Option<&str>,
) -> Result<(), BadAudit> {
    let mut expected = key
        .map(str::to_owned)
        .or_else(|| heads.first().map(|head| head.key.clone()));
    // The newest first: without any head in the file it says whose audit this is.
    for copy in copies.iter().rev() {
        let head = head_of(copy).ok_or(BadAudit::BadCopy(copy.seq))?;
        if *expected.get_or_insert_with(|| head.key.clone()) == head.key {
            heads.push(head);
        }
    }
    heads.sort_by_key(|head| head.seq);
    Ok(())
}

/// True if somebody signed this copy.
pub(super) fn is_signed_copy(copy: &SignedHead) -> bool {
    head_of(copy).is_some()
}

fn head_of(copy: &SignedHead) -> Option<Head> {
    let head: Option<Head> = serde_json::from_str(&copy.line).ok();
    head.filter(Head::is_signed)
}

fn follow(
    lines: impl Iterator<Item = Result<Record, u64>>,
    heads: &[Head],
) -> Result<Verified, BadAudit> {
    let mut found = Verified {
        heads: u64::try_from(heads.len()).unwrap_or(u64::MAX),
        signed: heads.iter().map(|head| head.seq).max().unwrap_or(0),
        hash: GENESIS.to_owned(),
        key: heads
            .first()
            .map(|head| head.key.clone())
            .unwrap_or_default(),
        records: 0,
        copies: 0,
    };
    for line in lines {
        let record = line.map_err(BadAudit::Unreadable)?;
        let expected = found.records + 1;
        if !record.is_whole() {
            return Err(BadAudit::Changed(expected));
        }
        if record.seq != expected {
            return Err(BadAudit::Gap {
                expected,
                found: record.seq,
            });
        }
        if record.prev != found.hash {
            return Err(BadAudit::Unlinked(expected));
        }
        let at = heads.partition_point(|head| head.seq < expected);
        let here = heads
            .iter()
            .skip(at)
            .take_while(|head| head.seq == expected);
        if here.into_iter().any(|head| head.hash != record.hash) {
            return Err(BadAudit::NotTheSigned(expected));
        }
        found.records = expected;
        found.hash = record.hash;
    }
    if found.signed > found.records {
        return Err(BadAudit::Cut {
            first: found.records + 1,
            signed: found.signed,
        });
    }
    Ok(found)
}

fn read_heads(path: &Path, key: Option<&str>) -> io::Result<Result<Vec<Head>, BadAudit>> {
    let mut heads: Vec<Head> = Vec::new();
    let mut expected = key.map(str::to_owned);
    for (number, line) in (1_u64..).zip(BufReader::new(File::open(path)?).lines()) {
        let head: Option<Head> = serde_json::from_str(&line?).ok();
        let Some(head) = head.filter(Head::is_signed) else {
            return Ok(Err(BadAudit::BadHead(number)));
        };
        if *expected.get_or_insert_with(|| head.key.clone()) != head.key {
            return Ok(Err(BadAudit::OtherKey(number)));
        }
        heads.push(head);
    }
    heads.sort_by_key(|head| head.seq);
    Ok(Ok(heads))
}

/// The records of a file; a line that is none gives its number.
pub(super) fn read_records(
    path: &Path,
) -> io::Result<impl Iterator<Item = Result<Record, u64>> + use<>> {
    let lines = (1_u64..).zip(BufReader::new(File::open(path)?).lines());
    Ok(lines.map(|(number, line)| {
        let line = line.ok().filter(|line| line.len() <= LINE_MAX);
        line.and_then(|line| serde_json::from_str(&line).ok())
            .ok_or(number)
    }))
}
