//! One session: kept on the server, so that it can be ended at once.

use std::time::Duration;

use super::token::{Hash, hash, is_same, random_token};
use super::{Principal, SignInError, SignedIn};
use crate::shell::store::{StoredPrincipal, StoredSession};

/// How long a session lives after sign-in, used or not.
pub const SESSION_LIFE: Duration = Duration::from_hours(12);
/// How long a session lives without use. An open console uses it all the time.
pub const SESSION_IDLE: Duration = Duration::from_mins(30);
/// Uses are written to the store at most this often.
const NOTED_EVERY_MS: i64 = 60_000;

#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) token: Hash,
    pub(super) csrf: Hash,
    pub(super) principal: Principal,
    pub(super) made_ms: i64,
    pub(super) seen_ms: i64,
    noted_ms: i64,
    /// True for people of the store; sessions of one-time links end with the program.
    is_stored: bool,
}

impl Session {
    pub(super) fn begin(
        principal: Principal,
        now_ms: i64,
    ) -> Result<(Self, SignedIn), SignInError> {
        let (session, csrf) = (random_token()?, random_token()?);
        let made = Self {
            token: hash(&session),
            csrf: hash(&csrf),
            principal: principal.clone(),
            made_ms: now_ms,
            seen_ms: now_ms,
            noted_ms: now_ms,
            is_stored: false,
        };
        let signed_in = SignedIn {
            session,
            csrf,
            principal,
        };
        Ok((made, signed_in))
    }

    pub(super) fn of_stored(stored: StoredSession) -> Self {
        Self {
            token: stored.token,
            csrf: stored.csrf,
            principal: Principal::of_stored(stored.principal),
            made_ms: stored.made_ms,
            seen_ms: stored.seen_ms,
            noted_ms: stored.seen_ms,
            is_stored: true,
        }
    }

    pub(super) fn in_store(mut self) -> Self {
        self.is_stored = true;
        self
    }

    /// What the store keeps of it; nothing for sessions of one-time links.
    pub(super) fn stored(&self) -> Option<StoredSession> {
        self.is_stored.then(|| StoredSession {
            token: self.token,
            csrf: self.csrf,
            made_ms: self.made_ms,
            seen_ms: self.seen_ms,
            principal: StoredPrincipal {
                name: self.principal.name.clone(),
                agency: self.principal.agency.clone(),
                source_system: self.principal.source_system.clone(),
                roles: Vec::new(),
                disabled: false,
                is_set_up: true,
            },
        })
    }

    /// Over by age, by idleness, or because the clock says it was made in the future.
    pub(super) fn is_over(&self, now_ms: i64) -> bool {
        let ms = |life: Duration| i64::try_from(life.as_millis()).unwrap_or(i64::MAX);
        let age = now_ms.saturating_sub(self.made_ms);
        let idle = now_ms.saturating_sub(self.seen_ms);
        // A clock that was set back by a little is nobody's fault.
        age < -60_000 || age >= ms(SESSION_LIFE) || idle >= ms(SESSION_IDLE)
    }

    /// Notes a use; true if the store should know.
    pub(super) fn touch(&mut self, now_ms: i64) -> bool {
        self.seen_ms = now_ms.max(self.seen_ms);
        let due = self.is_stored && now_ms.saturating_sub(self.noted_ms) >= NOTED_EVERY_MS;
        if due {
            self.noted_ms = now_ms;
        }
        due
    }

    pub(super) fn csrf_fits(&self, csrf: &str) -> bool {
        is_same(&self.csrf, &hash(csrf))
    }
}
