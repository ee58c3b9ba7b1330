//! Sessions: only hashes of tokens are kept.

use rusqlite::params;

use super::principals::words;
use super::{Records, RecordsError, StoredPrincipal};

/// One session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    /// SHA-256 of the token.
    pub token: [u8; 32],
    /// SHA-256 of the CSRF token.
    pub csrf: [u8; 32],
    /// Sign-in, Unix milliseconds.
    pub made_ms: i64,
    /// Last use, Unix milliseconds; written at most once a minute.
    pub seen_ms: i64,
    /// Whose.
    pub principal: StoredPrincipal,
}

impl Records {
    /// Every session of somebody who may sign in.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn sessions(&self) -> Result<Vec<StoredSession>, RecordsError> {
        self.ask(|db| {
            let mut query = db.prepare(
                "SELECT s.token, s.csrf, s.made_ms, s.seen_ms, p.name, p.agency, p.source_system, p.roles
                 FROM sessions s JOIN principals p USING (name) WHERE p.disabled = 0 ORDER BY s.made_ms",
            )?;
            let rows = query.query_map([], |row| {
                let roles: String = row.get(7)?;
                Ok(StoredSession {
                    token: row.get(0)?,
                    csrf: row.get(1)?,
                    made_ms: row.get(2)?,
                    seen_ms: row.get(3)?,
                    principal: StoredPrincipal {
                        name: row.get(4)?,
                        agency: row.get(5)?,
                        source_system: row.get(6)?,
                        roles: words(&roles),
                        disabled: false,
                        is_set_up: true,
                    },
                })
            })?;
            rows.collect()
        })
    }

    /// Keeps a session, new or changed.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn keep_session(&self, session: StoredSession) -> Result<(), RecordsError> {
        self.ask(move |db| {
            db.execute(
                "INSERT OR REPLACE INTO sessions (token, csrf, name, made_ms, seen_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    session.token,
                    session.csrf,
                    session.principal.name,
                    session.made_ms,
                    session.seen_ms
                ],
            )?;
            Ok(())
        })
    }

    /// Notes that a session was used; may be lost.
    pub fn saw_session(&self, token: [u8; 32], seen_ms: i64) {
        self.tell(move |db| {
            let sql = "UPDATE sessions SET seen_ms = ?2 WHERE token = ?1";
            db.execute(sql, params![token, seen_ms]).map(|_| ())
        });
    }

    /// Forgets a session.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn forget_session(&self, token: [u8; 32]) -> Result<(), RecordsError> {
        self.ask(move |db| {
            db.execute("DELETE FROM sessions WHERE token = ?1", [token])
                .map(|_| ())
        })
    }
}
