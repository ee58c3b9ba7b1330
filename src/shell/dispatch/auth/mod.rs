//! Who may do what: people and machines, sign-in, sessions, tokens.
//!
//! Tokens are 256 random bits. Only their SHA-256 is kept, and hashes are compared in constant time, so neither
//! a memory image nor a stopwatch gives a token away. People, sessions and machine tokens live in the store;
//! without one (the demo, tests) nothing survives a restart. There is no default account.

mod machines;
mod people;
mod second_factor;
mod session;
#[cfg(test)]
mod tests;
pub mod totp;

mod password;
mod token;

pub use machines::{Limit, NewToken, Unsigned};
pub use people::{NewPerson, PeopleError, SetUp};
pub use session::{SESSION_IDLE, SESSION_LIFE};

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use session::Session;
use token::random_token;
pub(in crate::shell::dispatch) use token::random_token as random_id;
use token::{Hash, find, hash};

use crate::shell::store::{Records, RecordsError, StoredPrincipal};

/// Sessions kept; the oldest makes room.
const SESSIONS_MAX: usize = 256;
/// Failed sign-ins per minute before the door stays shut for the rest of the minute.
const FAILURES_MAX: u32 = 10;

/// What a caller may do. A route names the roles that may use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Sees the city.
    Viewer,
    /// Requests, confirms and cancels corridors; holds and releases one site at a time.
    Dispatcher,
    /// Drafts and activates plans; no corridor power.
    Engineer,
    /// A machine of an agency: corridors and positions.
    Integration,
    /// Users, keys, topology; no power over signals.
    Admin,
    /// Reads the log.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] = [
        Self::Viewer,
        Self::Dispatcher,
        Self::Engineer,
        Self::Integration,
        Self::Admin,
        Self::Auditor,
    ];

    /// The role's name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Dispatcher => "dispatcher",
            Self::Engineer => "engineer",
            Self::Integration => "integration",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// A role among these that may not be together with `admin`: who makes accounts has no power over
    /// signals, and none over plans.
    #[must_use]
    pub fn clash(roles: &[Self]) -> Option<Self> {
        let power = [Self::Dispatcher, Self::Engineer, Self::Integration];
        let mut with_power = roles.iter().filter(|role| power.contains(role));
        let first = with_power.next().copied();
        first.filter(|_| roles.contains(&Self::Admin))
    }

    /// True for roles whose people sign in with a second factor.
    #[must_use]
    pub const fn needs_second_factor(self) -> bool {
        matches!(self, Self::Engineer | Self::Admin)
    }
}

/// What a machine's token is good for, within its role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Preview, open, change and end its agency's corridors.
    CorridorRequest,
    /// Send positions of its agency's vehicles.
    PositionWrite,
    /// Read.
    StatusRead,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 3] = [Self::CorridorRequest, Self::PositionWrite, Self::StatusRead];

    /// The scope's name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CorridorRequest => "corridor:request",
            Self::PositionWrite => "position:write",
            Self::StatusRead => "status:read",
        }
    }

    /// The scope of this name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Who, for the journal and for rate limits.
    pub name: String,
    /// Agency; a corridor request must name the same.
    pub agency: String,
    /// System of the agency; a corridor request must name the same.
    pub source_system: String,
    /// What it may do.
    pub roles: Vec<Role>,
}

impl Principal {
    /// True if the principal holds any of `roles`.
    #[must_use]
    pub fn holds_any(&self, roles: &[Role]) -> bool {
        self.roles.iter().any(|role| roles.contains(role))
    }

    /// The role words with a blank between them.
    #[must_use]
    pub fn role_words(&self) -> String {
        let words: Vec<&str> = self.roles.iter().map(|role| role.name()).collect();
        words.join(" ")
    }

    fn of_stored(stored: StoredPrincipal) -> Self {
        let roles = stored.roles.iter().filter_map(|word| Role::of(word));
        Self {
            roles: roles.collect(),
            name: stored.name,
            agency: stored.agency,
            source_system: stored.source_system,
        }
    }
}

/// A token that is good for one thing: a one-time link, or a machine's bearer.
#[derive(Debug)]
struct Entry {
    token: Hash,
    principal: Principal,
    scopes: Vec<Scope>,
    /// SHA-256 of the client certificate that must come with it.
    certificate: Option<Hash>,
    until_ms: i64,
    /// Name for revocation; empty for those that end with the program.
    id: String,
}

#[derive(Debug, Default)]
struct Inner {
    links: Vec<Entry>,
    /// Second factors that wait for a code of theirs.
    waiting: second_factor::Waiting,
    sessions: Vec<Session>,
    bearers: Vec<Entry>,
    limits: BTreeMap<String, Limit>,
    reply_targets: Vec<(String, String)>,
    failures: u32,
    failures_since: Option<Instant>,
    /// Failures in a row by name, and the moment before which no more is tried.
    backoff: BTreeMap<String, (u32, Instant)>,
}

/// The doorkeeper of the API.
#[derive(Debug, Default)]
pub struct Auth {
    inner: Mutex<Inner>,
    records: Option<Records>,
}

/// What a sign-in gives. The two tokens are shown once and never again.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Goes into the `HttpOnly` cookie.
    pub session: String,
    /// Goes into the CSRF header of every act.
    pub csrf: String,
    /// Who signed in.
    pub principal: Principal,
}

/// Why a sign-in failed.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The link was used, is too old, or never existed.
    #[error("the sign-in link was already used, has expired, or was never given out")]
    BadLink,
    /// Name, password or code do not fit; it is not said which.
    #[error("name, password or code do not fit")]
    BadPassword,
    /// The password fits, and a code of the second factor is wanted.
    #[error("this account needs the six digits of its second factor")]
    CodeNeeded,
    /// Too many failures in the last minute, or too many in a row under this name.
    #[error("too many failed sign-ins; wait a minute")]
    TooMany,
    /// The system has no random numbers.
    #[error("the system gave no random numbers")]
    NoEntropy,
    /// The store does not answer, or there is none.
    #[error("nobody can sign in by name now: {0}")]
    Store(String),
}

impl From<RecordsError> for SignInError {
    fn from(why: RecordsError) -> Self {
        Self::Store(why.to_string())
    }
}

impl Auth {
    /// A doorkeeper who knows nobody and forgets everybody when the program ends.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A doorkeeper over the store: knows its people, sessions and tokens.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn over(records: Records) -> Result<Self, RecordsError> {
        let mut inner = Inner::default();
        for stored in records.sessions()? {
            inner.sessions.push(Session::of_stored(stored));
        }
        for stored in records.tokens()? {
            inner.bearers.push(machines::entry_of(stored));
        }
        for (agency, ceiling, corridors_max) in records.agency_limits()? {
            let limit = Limit {
                priority_ceiling: ceiling,
                corridors_max,
            };
            inner.limits.insert(agency, limit);
        }
        inner.reply_targets = records.reply_targets()?;
        Ok(Self {
            inner: Mutex::new(inner),
            records: Some(records),
        })
    }

    /// A token that signs `principal` in once, within `life`.
    ///
    /// # Errors
    /// The system gave no random numbers.
    pub fn issue_link(&self, principal: Principal, life: Duration) -> Result<String, SignInError> {
        let token = random_token()?;
        self.inner().links.push(Entry::new(&token, principal, life));
        Ok(token)
    }

    /// A token for the header `Authorization: Bearer` that ends with the program and has every scope. Needs no
    /// CSRF header, since no browser sends it by itself.
    ///
    /// # Errors
    /// The system gave no random numbers.
    pub fn issue_bearer(
        &self,
        principal: Principal,
        life: Duration,
    ) -> Result<String, SignInError> {
        let token = random_token()?;
        self.inner()
            .bearers
            .push(Entry::new(&token, principal, life));
        Ok(token)
    }

    /// Signs in by a one-time link; the link is gone afterwards.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub fn redeem(&self, link: &str) -> Result<SignedIn, SignInError> {
        let mut inner = self.inner();
        inner.forget_old(now_ms());
        let entries = inner.links.iter().map(|entry| &entry.token);
        // Not counted: nobody guesses 256 bits, and a count would let strangers shut the door.
        let Some(at) = find(entries, &hash(link)) else {
            return Err(SignInError::BadLink);
        };
        let principal = inner.links.swap_remove(at).principal;
        let (session, signed_in) = Session::begin(principal, now_ms())?;
        inner.keep(session);
        Ok(signed_in)
    }

    /// Whose session this is; using it keeps it alive.
    #[must_use]
    pub fn session(&self, token: &str) -> Option<Principal> {
        let now = now_ms();
        let mut inner = self.inner();
        inner.forget_old(now);
        let session = inner.session_mut(token)?;
        if session.touch(now)
            && let Some(records) = &self.records
        {
            records.saw_session(session.token, now);
        }
        Some(session.principal.clone())
    }

    /// True if `csrf` belongs to the session `token`.
    #[must_use]
    pub fn csrf_fits(&self, token: &str, csrf: &str) -> bool {
        let mut inner = self.inner();
        inner
            .session_mut(token)
            .is_some_and(|session| session.csrf_fits(csrf))
    }

    /// A fresh CSRF token for a session, for a console page that was loaded again.
    ///
    /// # Errors
    /// No such session, or the system gave no random numbers.
    pub fn renew_csrf(&self, token: &str) -> Result<String, SignInError> {
        let csrf = random_token()?;
        let mut inner = self.inner();
        let session = inner.session_mut(token).ok_or(SignInError::BadLink)?;
        session.csrf = hash(&csrf);
        let stored = session.stored();
        drop(inner);
        self.store_session(stored)?;
        Ok(csrf)
    }

    /// Whose bearer token this is, and what it is good for; `certificate` is the SHA-256 of the client
    /// certificate of the connection.
    #[must_use]
    pub fn bearer(
        &self,
        token: &str,
        certificate: Option<&[u8; 32]>,
    ) -> Option<(Principal, Vec<Scope>)> {
        let mut inner = self.inner();
        inner.forget_old(now_ms());
        let entries = inner.bearers.iter().map(|entry| &entry.token);
        let entry = inner.bearers.get(find(entries, &hash(token))?)?;
        let bound = entry.certificate.as_ref();
        let fits = bound.is_none() || bound == certificate;
        fits.then(|| (entry.principal.clone(), entry.scopes.clone()))
    }

    /// Ends a session.
    pub fn sign_out(&self, token: &str) {
        let token = hash(token);
        self.inner()
            .sessions
            .retain(|session| session.token != token);
        if let Some(records) = &self.records
            && let Err(why) = records.forget_session(token)
        {
            tracing::error!(%why, "a session that was ended is still in the store");
        }
    }

    fn store_session(
        &self,
        session: Option<crate::shell::store::StoredSession>,
    ) -> Result<(), SignInError> {
        match (&self.records, session) {
            (Some(records), Some(session)) => Ok(records.keep_session(session)?),
            _ => Ok(()),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn session_mut(&mut self, token: &str) -> Option<&mut Session> {
        let at = find(self.sessions.iter().map(|one| &one.token), &hash(token))?;
        self.sessions.get_mut(at)
    }

    fn keep(&mut self, session: Session) {
        if self.sessions.len() >= SESSIONS_MAX {
            self.sessions.remove(0);
        }
        self.sessions.push(session);
    }

    fn forget_old(&mut self, now: i64) {
        for entries in [&mut self.links, &mut self.bearers] {
            entries.retain(|entry| entry.until_ms > now);
        }
        self.sessions.retain(|session| !session.is_over(now));
    }

    /// Whether sign-ins are tried at all.
    fn is_open(&mut self) -> Result<(), SignInError> {
        if let Some(since) = self.failures_since
            && since.elapsed() >= Duration::from_mins(1)
        {
            self.failures = 0;
            self.failures_since = None;
        }
        if self.failures >= FAILURES_MAX {
            return Err(SignInError::TooMany);
        }
        Ok(())
    }

    fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
        self.failures_since.get_or_insert_with(Instant::now);
    }
}

impl Entry {
    fn new(token: &str, principal: Principal, life: Duration) -> Self {
        let life = i64::try_from(life.as_millis()).unwrap_or(i64::MAX);
        Self {
            token: hash(token),
            principal,
            scopes: Scope::ALL.to_vec(),
            certificate: None,
            until_ms: now_ms().saturating_add(life),
            id: String::new(),
        }
    }
}

/// Wall clock, Unix milliseconds: sessions and tokens outlive the program's own clock.
fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
