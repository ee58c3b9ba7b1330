//! A second copy of the signed audit heads, so that a lost heads file does not hide a lost tail.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, params};

use super::{Records, RecordsError, open_error};

/// A signed head, as the heads file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHead {
    /// Number of the last record it speaks for.
    pub seq: u64,
    /// That record's hash, hexadecimal.
    pub hash: String,
    /// The whole line with the signature.
    pub line: String,
}

impl Records {
    /// Keeps a head; may be lost, the heads file is the first copy.
    pub fn keep_head(&self, head: SignedHead) {
        self.tell(move |db| {
            db.execute(
                "INSERT OR REPLACE INTO audit_heads (seq, hash, line) VALUES (?1, ?2, ?3)",
                params![
                    i64::try_from(head.seq).unwrap_or(i64::MAX),
                    head.hash,
                    head.line
                ],
            )
            .map(|_| ())
        });
    }

    /// The newest heads, oldest first.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn heads(&self, most: u32) -> Result<Vec<SignedHead>, RecordsError> {
        self.ask(move |db| newest(db, most))
    }

    /// The newest heads of a store that is only looked at, oldest first; it may be in use.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn heads_in(path: &Path, most: u32) -> Result<Vec<SignedHead>, RecordsError> {
        let opened = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        let read = opened.and_then(|db| newest(&db, most));
        read.map_err(|why| open_error(path, why))
    }
}

fn newest(db: &Connection, most: u32) -> rusqlite::Result<Vec<SignedHead>> {
    let mut query =
        db.prepare("SELECT seq, hash, line FROM audit_heads ORDER BY seq DESC LIMIT ?1")?;
    let rows = query.query_map([most], |row| {
        let seq: i64 = row.get(0)?;
        Ok(SignedHead {
            seq: u64::try_from(seq).unwrap_or(0),
            hash: row.get(1)?,
            line: row.get(2)?,
        })
    })?;
    let mut heads: Vec<SignedHead> = rows.collect::<Result<_, _>>()?;
    heads.reverse();
    Ok(heads)
}
