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

    /// The newest heads, oldest first; those that name `key` only, if one is given.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn heads(&self, most: u32, key: Option<&str>) -> Result<Vec<SignedHead>, RecordsError> {
        let key = key.map(str::to_owned);
        self.ask(move |db| newest(db, most, key.as_deref()))
    }

    /// Forgets the heads at record `first` and later ones; how many those were.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn forget_heads_from(&self, first: u64) -> Result<usize, RecordsError> {
        let first = i64::try_from(first).unwrap_or(i64::MAX);
        self.ask(move |db| db.execute("DELETE FROM audit_heads WHERE seq >= ?1", [first]))
    }

    /// The newest heads of a store that is only looked at, oldest first; it may be in use. Those
    /// that name `key` only, if one is given.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn heads_in(
        path: &Path,
        most: u32,
        key: Option<&str>,
    ) -> Result<Vec<SignedHead>, RecordsError> {
        let opened = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        let read = opened.and_then(|db| newest(&db, most, key));
        read.map_err(|why| open_error(path, why))
    }
}

/// The key is looked for before the limit: an earlier audit's heads may have higher numbers.
fn newest(db: &Connection, most: u32, key: Option<&str>) -> rusqlite::Result<Vec<SignedHead>> {
    let mut query = db.prepare(
        "SELECT seq, hash, line FROM audit_heads WHERE ?2 IS NULL OR instr(line, ?2) > 0
         ORDER BY seq DESC LIMIT ?1",
    )?;
    let rows = query.query_map(params![most, key], |row| {
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
