//! People: names, roles, passwords as argon2id hashes, second factors.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{Records, RecordsError};

/// A person as stored, without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPrincipal {
    /// Sign-in name.
    pub name: String,
    /// Agency.
    pub agency: String,
    /// System of the agency.
    pub source_system: String,
    /// Role words.
    pub roles: Vec<String>,
    /// True if it may not sign in any more.
    pub disabled: bool,
    /// True once a password was set.
    pub is_set_up: bool,
}

/// What a sign-in is compared with.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredSecrets {
    /// Whose.
    pub principal: StoredPrincipal,
    /// Salt of the password.
    pub salt: Vec<u8>,
    /// Its argon2id hash.
    pub password: Vec<u8>,
    /// Secret of the second factor, if there is one.
    pub totp_secret: Option<Vec<u8>>,
    /// Last step of it that was used.
    pub totp_step: u64,
}

impl core::fmt::Debug for StoredSecrets {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("StoredSecrets")
            .field("principal", &self.principal)
            .finish_non_exhaustive()
    }
}

const COLUMNS: &str = "name, agency, source_system, roles, disabled, password IS NOT NULL";

fn read(row: &Row<'_>) -> rusqlite::Result<StoredPrincipal> {
    let roles: String = row.get(3)?;
    Ok(StoredPrincipal {
        name: row.get(0)?,
        agency: row.get(1)?,
        source_system: row.get(2)?,
        roles: words(&roles),
        disabled: row.get(4)?,
        is_set_up: row.get(5)?,
    })
}

pub(super) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

impl Records {
    /// Everybody, by name.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn principals(&self) -> Result<Vec<StoredPrincipal>, RecordsError> {
        self.ask(|db| {
            let sql = format!("SELECT {COLUMNS} FROM principals ORDER BY name");
            let mut query = db.prepare(&sql)?;
            let rows = query.query_map([], read)?;
            rows.collect()
        })
    }

    /// Enters somebody who has no password yet, with the hash of a set-up secret. False if the name is taken
    /// by somebody who is set up; one who is not gets the new secret.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn add_principal(
        &self,
        who: StoredPrincipal,
        setup: [u8; 32],
        until_ms: i64,
    ) -> Result<bool, RecordsError> {
        self.ask(move |db| {
            let changed = db.execute(
                "INSERT INTO principals (name, agency, source_system, roles, setup_hash, setup_until_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (name) DO UPDATE SET agency = ?2, source_system = ?3, roles = ?4,
                   setup_hash = ?5, setup_until_ms = ?6, disabled = 0 WHERE password IS NULL",
                params![
                    who.name,
                    who.agency,
                    who.source_system,
                    who.roles.join(" "),
                    setup,
                    until_ms
                ],
            )?;
            Ok(changed == 1)
        })
    }

    /// Who may be set up with this secret.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn set_up_by(
        &self,
        setup: [u8; 32],
        now_ms: i64,
    ) -> Result<Option<StoredPrincipal>, RecordsError> {
        self.ask(move |db| {
            let sql = format!(
                "SELECT {COLUMNS} FROM principals WHERE setup_hash = ?1 AND setup_until_ms > ?2 AND disabled = 0"
            );
            db.query_row(&sql, params![setup, now_ms], read).optional()
        })
    }

    /// Sets password and second factor, and uses the set-up secret up. False if somebody was faster.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn finish_set_up(
        &self,
        setup: [u8; 32],
        (salt, password): ([u8; 16], [u8; 32]),
        totp_secret: Option<Vec<u8>>,
    ) -> Result<bool, RecordsError> {
        self.ask(move |db| {
            let changed = db.execute(
                "UPDATE principals SET salt = ?2, password = ?3, totp_secret = ?4, totp_step = 0,
                   setup_hash = NULL, setup_until_ms = 0 WHERE setup_hash = ?1",
                params![setup, salt, password, totp_secret],
            )?;
            Ok(changed == 1)
        })
    }

    /// Another password; every session of this person but `kept` ends.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn change_password(
        &self,
        name: &str,
        (salt, password): ([u8; 16], [u8; 32]),
        kept: Option<[u8; 32]>,
    ) -> Result<bool, RecordsError> {
        let name = name.to_owned();
        self.ask(move |db| {
            let kept = kept.unwrap_or_default();
            let sql = "DELETE FROM sessions WHERE name = ?1 AND token <> ?2";
            db.execute(sql, params![name, kept])?;
            let sql = "UPDATE principals SET salt = ?2, password = ?3 WHERE name = ?1";
            Ok(db.execute(sql, params![name, salt, password])? == 1)
        })
    }

    /// Another second factor.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn change_totp(&self, name: &str, secret: Vec<u8>) -> Result<bool, RecordsError> {
        let name = name.to_owned();
        self.ask(move |db| {
            let sql = "UPDATE principals SET totp_secret = ?2, totp_step = 0 WHERE name = ?1";
            Ok(db.execute(sql, params![name, secret])? == 1)
        })
    }

    /// What a sign-in under this name is compared with; nothing for one who may not sign in.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn secrets(&self, name: &str) -> Result<Option<StoredSecrets>, RecordsError> {
        let name = name.to_owned();
        self.ask(move |db| {
            let sql = format!(
                "SELECT {COLUMNS}, salt, password, totp_secret, totp_step FROM principals
                 WHERE name = ?1 AND disabled = 0 AND password IS NOT NULL"
            );
            let made = db.query_row(&sql, [name], |row| {
                let step: i64 = row.get(9)?;
                Ok(StoredSecrets {
                    principal: read(row)?,
                    salt: row.get(6)?,
                    password: row.get(7)?,
                    totp_secret: row.get(8)?,
                    totp_step: u64::try_from(step).unwrap_or(0),
                })
            });
            made.optional()
        })
    }

    /// Marks a step of the second factor as used. False if it, or a later one, was used already.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn use_totp_step(&self, name: &str, step: u64) -> Result<bool, RecordsError> {
        let name = name.to_owned();
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        self.ask(move |db| {
            let sql = "UPDATE principals SET totp_step = ?2 WHERE name = ?1 AND totp_step < ?2";
            Ok(db.execute(sql, params![name, step])? == 1)
        })
    }

    /// Ends somebody's right to sign in, and every session. False if there is nobody of that name.
    ///
    /// # Errors
    /// See [`RecordsError`].
    pub fn disable_principal(&self, name: &str) -> Result<bool, RecordsError> {
        let name = name.to_owned();
        self.ask(move |db| {
            forget_sessions(db, &name)?;
            let sql = "UPDATE principals SET disabled = 1, setup_hash = NULL WHERE name = ?1";
            Ok(db.execute(sql, [name])? == 1)
        })
    }
}

fn forget_sessions(db: &Connection, name: &str) -> rusqlite::Result<()> {
    db.execute("DELETE FROM sessions WHERE name = ?1", [name])?;
    Ok(())
}
