//! Who may do what: principals, one-time sign-in links, sessions, bearer tokens.
//!
//! Tokens are 256 random bits. Only their SHA-256 is kept, and hashes are compared in constant
//! time, so neither a memory image nor a stopwatch gives a token away. Nothing here survives a
//! restart: a new start prints a new sign-in link.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// How long a session lives after sign-in.
pub const SESSION_LIFE: Duration = Duration::from_hours(12);
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
}

type Hash = [u8; 32];

#[derive(Debug)]
struct Entry {
    token: Hash,
    csrf: Hash,
    principal: Principal,
    until: Instant,
}

#[derive(Debug, Default)]
struct Inner {
    links: Vec<Entry>,
    sessions: Vec<Entry>,
    bearers: Vec<Entry>,
    failures: u32,
    failures_since: Option<Instant>,
}

/// The doorkeeper of the API.
#[derive(Debug, Default)]
pub struct Auth {
    inner: Mutex<Inner>,
}

/// What a redeemed link gives. The two tokens are shown once and never again.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// The link was used, is too old, or never existed.
    #[error("the sign-in link was already used, has expired, or was never given out")]
    BadLink,
    /// Too many failures in the last minute.
    #[error("too many failed sign-ins; wait a minute")]
    TooMany,
    /// The system has no random numbers.
    #[error("the system gave no random numbers")]
    NoEntropy,
}

impl Auth {
    /// A doorkeeper who knows nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
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

    /// A token for the header `Authorization: Bearer`, for machines. Needs no CSRF header, since
    /// no browser sends it by itself.
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
        let (session, csrf) = (random_token()?, random_token()?);
        let now = Instant::now();
        let mut inner = self.inner();
        inner.forget_old(now);
        if inner.failures >= FAILURES_MAX {
            return Err(SignInError::TooMany);
        }
        let hash = hash(link);
        let Some(at) = find(&inner.links, &hash) else {
            inner.failures = inner.failures.saturating_add(1);
            inner.failures_since.get_or_insert(now);
            return Err(SignInError::BadLink);
        };
        let principal = inner.links.swap_remove(at).principal;
        if inner.sessions.len() >= SESSIONS_MAX {
            inner.sessions.remove(0);
        }
        let mut entry = Entry::new(&session, principal.clone(), SESSION_LIFE);
        entry.csrf = self::hash(&csrf);
        inner.sessions.push(entry);
        Ok(SignedIn {
            session,
            csrf,
            principal,
        })
    }

    /// Whose session this is.
    #[must_use]
    pub fn session(&self, token: &str) -> Option<Principal> {
        self.look(token, |inner| &inner.sessions)
            .map(|(principal, _)| principal)
    }

    /// True if `csrf` belongs to the session `token`.
    #[must_use]
    pub fn csrf_fits(&self, token: &str, csrf: &str) -> bool {
        self.look(token, |inner| &inner.sessions)
            .is_some_and(|(_, expected)| bool::from(expected.ct_eq(&hash(csrf))))
    }

    /// A fresh CSRF token for a session, for a console page that was loaded again.
    ///
    /// # Errors
    /// No such session, or the system gave no random numbers.
    pub fn renew_csrf(&self, token: &str) -> Result<String, SignInError> {
        let csrf = random_token()?;
        let mut inner = self.inner();
        let at = find(&inner.sessions, &hash(token)).ok_or(SignInError::BadLink)?;
        let entry = inner.sessions.get_mut(at).ok_or(SignInError::BadLink)?;
        entry.csrf = hash(&csrf);
        Ok(csrf)
    }

    /// Whose bearer token this is.
    #[must_use]
    pub fn bearer(&self, token: &str) -> Option<Principal> {
        self.look(token, |inner| &inner.bearers)
            .map(|(principal, _)| principal)
    }

    /// Ends a session.
    pub fn sign_out(&self, token: &str) {
        let mut inner = self.inner();
        if let Some(at) = find(&inner.sessions, &hash(token)) {
            inner.sessions.swap_remove(at);
        }
    }

    fn look(&self, token: &str, of: fn(&Inner) -> &Vec<Entry>) -> Option<(Principal, Hash)> {
        let mut inner = self.inner();
        inner.forget_old(Instant::now());
        let entries = of(&inner);
        let entry = entries.get(find(entries, &hash(token))?)?;
        Some((entry.principal.clone(), entry.csrf))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn forget_old(&mut self, now: Instant) {
        for entries in [&mut self.links, &mut self.sessions, &mut self.bearers] {
            entries.retain(|entry| entry.until > now);
        }
        if let Some(since) = self.failures_since
            && now.duration_since(since) >= Duration::from_mins(1)
        {
            self.failures = 0;
            self.failures_since = None;
        }
    }
}

impl Entry {
    fn new(token: &str, principal: Principal, life: Duration) -> Self {
        Self {
            token: hash(token),
            csrf: [0; 32],
            principal,
            until: Instant::now() + life,
        }
    }
}

/// Looks at every entry, so that the time taken does not tell which one fits.
fn find(entries: &[Entry], wanted: &Hash) -> Option<usize> {
    let mut found = None;
    for (at, entry) in entries.iter().enumerate() {
        if bool::from(entry.token.ct_eq(wanted)) {
            found = Some(at);
        }
    }
    found
}

fn hash(token: &str) -> Hash {
    Sha256::digest(token.as_bytes()).into()
}

/// 256 random bits in hexadecimal.
fn random_token() -> Result<String, SignInError> {
    use core::fmt::Write as _;
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| SignInError::NoEntropy)?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
