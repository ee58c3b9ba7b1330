//! Machines: their tokens, their agencies' limits, and where answers may be sent.

use rusqlite::params;

use super::principals::words;
use super::{Records, RecordsError};

/// What a machine may use a token for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenUse {
    /// Name of the token, for people and for revocation.
    pub id: String,
    /// Agency.
    pub agency: String,
    /// System of the agency.
    pub source_system: String,
    /// Scope words.
    pub scopes: Vec<String>,
    /// SHA-256 of the client certificate it is bound to.
    pub certificate: Option<[u8; 32]>,
    /// Worth nothing afterwards, Unix milliseconds.
    pub until_ms: i64,
}

/// A token as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredToken {
    /// SHA-256 of the token.
    pub token: [u8; 32],
    /// What it is good for.
    pub allows: TokenUse,
}

impl Records {
    /// Every token.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn tokens(&self) -> Result<Vec<StoredToken>, RecordsError> {
        self.ask(|db| {
            let mut query = db.prepare(
                "SELECT token, id, agency, source_system, scopes, certificate, until_ms FROM tokens ORDER BY id",
            )?;
            let rows = query.query_map([], |row| {
                let scopes: String = row.get(4)?;
                Ok(StoredToken {
                    token: row.get(0)?,
                    allows: TokenUse {
                        id: row.get(1)?,
                        agency: row.get(2)?,
                        source_system: row.get(3)?,
                        scopes: words(&scopes),
                        certificate: row.get(5)?,
                        until_ms: row.get(6)?,
                    },
                })
            })?;
            rows.collect()
        })
    }

    /// Keeps a token; one of the same name is replaced.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn keep_token(&self, stored: StoredToken) -> Result<(), RecordsError> {
        self.ask(move |db| {
            db.execute(
                "INSERT OR REPLACE INTO tokens (id, token, agency, source_system, scopes, certificate, until_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    stored.allows.id,
                    stored.token,
                    stored.allows.agency,
                    stored.allows.source_system,
                    stored.allows.scopes.join(" "),
                    stored.allows.certificate,
                    stored.allows.until_ms
                ],
            )?;
            Ok(())
        })
    }

    /// Revokes a token. False if there is none of that name.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn forget_token(&self, id: &str) -> Result<bool, RecordsError> {
        let id = id.to_owned();
        self.ask(move |db| Ok(db.execute("DELETE FROM tokens WHERE id = ?1", [id])? == 1))
    }

    /// Agencies with limits of their own: id, highest priority (1 is highest), corridors at once.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn agency_limits(&self) -> Result<Vec<(String, u8, u32)>, RecordsError> {
        self.ask(|db| {
            let mut query =
                db.prepare("SELECT id, priority_ceiling, corridors_max FROM agencies")?;
            let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            rows.collect()
        })
    }

    /// Sets an agency's limits.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn keep_agency_limits(
        &self,
        agency: &str,
        priority_ceiling: u8,
        corridors_max: u32,
    ) -> Result<(), RecordsError> {
        let agency = agency.to_owned();
        self.ask(move |db| {
            let sql = "INSERT OR REPLACE INTO agencies (id, priority_ceiling, corridors_max) VALUES (?1, ?2, ?3)";
            db.execute(sql, params![agency, priority_ceiling, corridors_max])?;
            Ok(())
        })
    }

    /// Where answers may be sent: agency and URL.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn reply_targets(&self) -> Result<Vec<(String, String)>, RecordsError> {
        self.ask(|db| {
            let mut query = db.prepare("SELECT agency, url FROM reply_targets")?;
            let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })
    }

    /// Registers a reply target.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn keep_reply_target(&self, agency: &str, url: &str) -> Result<(), RecordsError> {
        let (agency, url) = (agency.to_owned(), url.to_owned());
        self.ask(move |db| {
            let sql = "INSERT OR IGNORE INTO reply_targets (agency, url) VALUES (?1, ?2)";
            db.execute(sql, [agency, url]).map(|_| ())
        })
    }
}
