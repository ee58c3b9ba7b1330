//! Requests that were seen: ids, nonces, answers. A replay after a restart finds them again.

use rusqlite::params;

use super::{Records, RecordsError};

/// A corridor request that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRequest {
    /// `agency/request_id`.
    pub key: String,
    /// Its nonce.
    pub nonce: String,
    /// SHA-256 of its body.
    pub body: [u8; 32],
    /// When, Unix milliseconds.
    pub at_ms: i64,
    /// The answer as JSON; nothing if the program ended before there was one.
    pub answer: Option<String>,
}

impl Records {
    /// Requests seen since `from_ms`, oldest first; older ones are forgotten.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn requests_since(&self, from_ms: i64) -> Result<Vec<SeenRequest>, RecordsError> {
        self.ask(move |db| {
            db.execute("DELETE FROM requests WHERE at_ms < ?1", [from_ms])?;
            let mut query =
                db.prepare("SELECT key, nonce, body, at_ms, answer FROM requests ORDER BY at_ms")?;
            let rows = query.query_map([], |row| {
                Ok(SeenRequest {
                    key: row.get(0)?,
                    nonce: row.get(1)?,
                    body: row.get(2)?,
                    at_ms: row.get(3)?,
                    answer: row.get(4)?,
                })
            })?;
            rows.collect()
        })
    }

    /// Enters a request before anything is done about it. False if id or nonce were seen.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn enter_request(&self, seen: SeenRequest) -> Result<bool, RecordsError> {
        self.ask(move |db| {
            let changed = db.execute(
                "INSERT OR IGNORE INTO requests (key, nonce, body, at_ms, answer) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![seen.key, seen.nonce, seen.body, seen.at_ms, seen.answer],
            )?;
            Ok(changed == 1)
        })
    }

    /// Adds the answer.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn answer_request(&self, key: &str, answer: String) -> Result<(), RecordsError> {
        let key = key.to_owned();
        self.ask(move |db| {
            let sql = "UPDATE requests SET answer = ?2 WHERE key = ?1";
            db.execute(sql, params![key, answer]).map(|_| ())
        })
    }

    /// Forgets a request whose refusal was only for the moment.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn forget_request(&self, key: &str) -> Result<(), RecordsError> {
        let key = key.to_owned();
        self.ask(move |db| {
            db.execute("DELETE FROM requests WHERE key = ?1", [key])
                .map(|_| ())
        })
    }

    /// Forgets requests older than `before_ms`; may be lost.
    pub fn forget_requests_before(&self, before_ms: i64) {
        self.tell(move |db| {
            let sql = "DELETE FROM requests WHERE at_ms < ?1";
            db.execute(sql, [before_ms]).map(|_| ())
        });
    }
}
