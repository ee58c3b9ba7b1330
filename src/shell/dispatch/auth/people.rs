//! People: set-up by a one-time secret, sign-in by name, password and second factor.

use std::time::{Duration, Instant};

use super::password::{self, LENGTH_MAX, LENGTH_MIN};
use super::session::Session;
use super::token::{hash, random, random_token};
use super::{Auth, Inner, Principal, Role, SignInError, SignedIn, now_ms, totp};
use crate::shell::store::{Records, StoredPrincipal, StoredSecrets};

/// A set-up secret is worth nothing after this.
const SETUP_LIFE_MS: i64 = 24 * 3600 * 1000;
/// Failures in a row under one name before it must wait.
const PATIENCE: u32 = 5;
/// First wait; it doubles with every further failure.
const WAIT: Duration = Duration::from_secs(30);
/// Longest wait.
const WAIT_MAX: Duration = Duration::from_mins(15);
/// Names that are watched for failures.
const NAMES_MAX: usize = 1024;

/// Somebody to be entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPerson {
    /// Sign-in name.
    pub name: String,
    /// Agency.
    pub agency: String,
    /// Roles.
    pub roles: Vec<Role>,
}

/// What set-up gives: shown once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetUp {
    /// Who was set up.
    pub name: String,
    /// Secret of the second factor in base 32, if a role needs one and no code of it was given yet.
    pub totp_secret: Option<String>,
    /// False while a code of that secret is waited for.
    pub is_done: bool,
}

/// Why somebody was not entered or set up.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// The set-up secret was used, is too old, or never existed.
    #[error("the set-up secret was already used, has expired, or was never given out")]
    BadSecret,
    /// The password is too short or too long.
    #[error("a password has {LENGTH_MIN} to {LENGTH_MAX} characters and is not the name")]
    BadPassword,
    /// Nobody could enter people any more.
    #[error("the last admin cannot be disabled: enter another one first")]
    LastAdmin,
    /// A code that is none of the new second factor.
    #[error("this is no code of the new second factor; is the clock of the telephone right?")]
    BadCode,
    /// The new second factor was never asked for, or too long ago, or guessed at.
    #[error("no new second factor waits for a code; begin again")]
    NoSecretWaits,
    /// Roles that one person may not have together.
    #[error("an admin has no power over signals and cannot be {} too: enter two accounts", .0.name())]
    RolesClash(Role),
    /// Somebody of that name is set up.
    #[error("somebody of that name is there already")]
    NameTaken,
    /// Too many failures, no random numbers, no store.
    #[error(transparent)]
    Door(#[from] SignInError),
}

impl From<crate::shell::store::RecordsError> for PeopleError {
    fn from(why: crate::shell::store::RecordsError) -> Self {
        Self::Door(why.into())
    }
}

impl Auth {
    /// A secret that sets the first admin up, while nobody is set up. It is shown once; another start prints
    /// another one and makes this one worthless.
    ///
    /// # Errors
    /// No store, or no random numbers.
    pub fn first_run_secret(&self, agency: &str) -> Result<Option<String>, PeopleError> {
        let people = self.store()?.principals()?;
        if people.iter().any(is_admin) {
            return Ok(None);
        }
        // A name that was set up and disabled stays taken: it is in the audit.
        let names = (1..).map(|n| {
            if n == 1 {
                "admin".to_owned()
            } else {
                format!("admin-{n}")
            }
        });
        let free = |name: &String| !people.iter().any(|one| one.name == *name && one.is_set_up);
        let name = names.into_iter().find(free).ok_or(PeopleError::NameTaken)?;
        let admin = NewPerson {
            name,
            agency: agency.to_owned(),
            roles: vec![Role::Admin],
        };
        self.enter(admin).map(Some)
    }

    /// Enters somebody and gives the secret that sets them up, once, within 24 h.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub fn enter(&self, person: NewPerson) -> Result<String, PeopleError> {
        if let Some(role) = Role::clash(&person.roles) {
            return Err(PeopleError::RolesClash(role));
        }
        let secret = random_token()?;
        let stored = StoredPrincipal {
            name: person.name,
            agency: person.agency,
            source_system: "console".to_owned(),
            roles: person
                .roles
                .iter()
                .map(|role| role.name().to_owned())
                .collect(),
            disabled: false,
            is_set_up: false,
        };
        let until_ms = now_ms().saturating_add(SETUP_LIFE_MS);
        if self
            .store()?
            .add_principal(stored, hash(&secret), until_ms)?
        {
            Ok(secret)
        } else {
            Err(PeopleError::NameTaken)
        }
    }

    /// Sets somebody up: their password, and a second factor where a role needs one. That takes two
    /// calls: without a code the factor's secret is given and nothing changes; with a code of it all is done.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub fn set_up(
        &self,
        secret: &str,
        password: &str,
        code: Option<&str>,
    ) -> Result<SetUp, PeopleError> {
        let records = self.store()?;
        let Some(person) = records.set_up_by(hash(secret), now_ms())? else {
            return Err(PeopleError::BadSecret);
        };
        check_password(&person.name, password)?;
        let roles = person.roles.iter().filter_map(|word| Role::of(word));
        let second = roles.into_iter().any(Role::needs_second_factor);
        let stored = match code {
            _ if !second => None,
            None => return self.begin_set_up(secret, person.name),
            Some(code) => {
                let confirmed = self.inner().waiting.confirm(hash(secret), code, now_ms());
                Some(confirmed?.to_vec())
            }
        };
        let hashed = password::hashed(password)?;
        if !records.finish_set_up(hash(secret), hashed, stored)? {
            return Err(PeopleError::BadSecret);
        }
        self.inner().waiting.kept(hash(secret));
        Ok(SetUp {
            name: person.name,
            totp_secret: None,
            is_done: true,
        })
    }

    /// A second factor that waits for a code of it.
    fn begin_set_up(&self, secret: &str, name: String) -> Result<SetUp, PeopleError> {
        let made: [u8; totp::SECRET_LEN] = random()?;
        self.inner().waiting.begin(hash(secret), made, now_ms());
        Ok(SetUp {
            name,
            totp_secret: Some(totp::base32(&made)),
            is_done: false,
        })
    }

    /// Signs in by name and password, and by the code of the second factor if there is one.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub fn sign_in(
        &self,
        name: &str,
        password: &str,
        code: Option<&str>,
    ) -> Result<SignedIn, SignInError> {
        self.inner().is_open()?;
        let secrets = self.prove_as(name, name, password, code);
        if matches!(secrets, Err(SignInError::BadPassword)) {
            self.inner().failed();
        }
        let secrets = secrets?;
        let (session, signed_in) =
            Session::begin(Principal::of_stored(secrets.principal), now_ms())?;
        let session = session.in_store();
        self.store_session(session.stored())?;
        self.inner().keep(session);
        Ok(signed_in)
    }

    /// Whether this is really the person: asked again before a dangerous act. What strangers try at
    /// the door does not keep somebody who is signed in from it.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub fn prove(
        &self,
        name: &str,
        password: &str,
        code: Option<&str>,
    ) -> Result<StoredSecrets, SignInError> {
        self.prove_as(&format!("act of {name}"), name, password, code)
    }

    /// Failures are counted under `who`.
    fn prove_as(
        &self,
        who: &str,
        name: &str,
        password: &str,
        code: Option<&str>,
    ) -> Result<StoredSecrets, SignInError> {
        self.inner().is_patient(who)?;
        let proven = self.compare(name, password, code);
        let mut inner = self.inner();
        match &proven {
            Ok(_) => {
                inner.backoff.remove(who);
            }
            Err(SignInError::BadPassword) => inner.failed_as(who),
            Err(_) => {}
        }
        proven
    }

    fn compare(
        &self,
        name: &str,
        password: &str,
        code: Option<&str>,
    ) -> Result<StoredSecrets, SignInError> {
        let records = self.store()?;
        let Some(secrets) = records.secrets(name)? else {
            password::pretend(password)?;
            return Err(SignInError::BadPassword);
        };
        if !password::fits(password, &secrets.salt, &secrets.password)? {
            return Err(SignInError::BadPassword);
        }
        let Some(secret) = &secrets.totp_secret else {
            return Ok(secrets);
        };
        let code = code.ok_or(SignInError::CodeNeeded)?;
        let unix_s = u64::try_from(now_ms() / 1000).unwrap_or(0);
        let step = totp::step_of(secret, code, unix_s).ok_or(SignInError::BadPassword)?;
        if step <= secrets.totp_step || !records.use_totp_step(name, step)? {
            return Err(SignInError::BadPassword);
        }
        Ok(secrets)
    }

    /// Changes a password; every session of this person but `kept` ends.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub fn change_password(
        &self,
        name: &str,
        password: &str,
        kept: Option<&str>,
    ) -> Result<(), PeopleError> {
        check_password(name, password)?;
        let hashed = password::hashed(password)?;
        let kept = kept.map(hash);
        self.store()?.change_password(name, hashed, kept)?;
        self.inner()
            .sessions
            .retain(|session| session.principal.name != name || kept == Some(session.token));
        Ok(())
    }

    /// Everybody who was entered.
    ///
    /// # Errors
    /// No store.
    pub fn people(&self) -> Result<Vec<StoredPrincipal>, PeopleError> {
        Ok(self.store()?.principals()?)
    }

    /// Who may sign in and has roles that a new account may not have together, with one of them: such
    /// accounts were entered by an earlier release.
    ///
    /// # Errors
    /// No store.
    pub fn clashing(&self) -> Result<Vec<(String, Role)>, PeopleError> {
        let people = self.people()?.into_iter().filter(|one| !one.disabled);
        let clash = |one: StoredPrincipal| {
            let roles: Vec<Role> = one.roles.iter().filter_map(|word| Role::of(word)).collect();
            Some((one.name, Role::clash(&roles)?))
        };
        Ok(people.filter_map(clash).collect())
    }

    /// Ends somebody's right to sign in, and every session. False if there is nobody of that name.
    ///
    /// # Errors
    /// No store.
    pub fn disable(&self, name: &str) -> Result<bool, PeopleError> {
        let people = self.store()?.principals()?;
        let mut admins = people.iter().filter(|one| is_admin(one));
        if admins.clone().any(|one| one.name == name) && admins.all(|one| one.name == name) {
            return Err(PeopleError::LastAdmin);
        }
        let known = self.store()?.disable_principal(name)?;
        self.inner()
            .sessions
            .retain(|session| session.principal.name != name);
        Ok(known)
    }

    pub(super) fn store(&self) -> Result<&Records, SignInError> {
        let none = || SignInError::Store("this program keeps no accounts".to_owned());
        self.records.as_ref().ok_or_else(none)
    }
}

fn check_password(name: &str, password: &str) -> Result<(), PeopleError> {
    let length = password.chars().count();
    if (LENGTH_MIN..=LENGTH_MAX).contains(&length) && !password.contains(name) {
        return Ok(());
    }
    Err(PeopleError::BadPassword)
}

fn is_admin(one: &StoredPrincipal) -> bool {
    one.is_set_up && !one.disabled && one.roles.iter().any(|role| role == Role::Admin.name())
}

impl Inner {
    fn is_patient(&self, name: &str) -> Result<(), SignInError> {
        match self.backoff.get(name) {
            Some((_, until)) if *until > Instant::now() => Err(SignInError::TooMany),
            _ => Ok(()),
        }
    }

    fn failed_as(&mut self, name: &str) {
        if self.backoff.len() >= NAMES_MAX {
            let now = Instant::now();
            self.backoff.retain(|_, (_, until)| *until > now);
        }
        let entry = self.backoff.entry(name.to_owned());
        let (failures, until) = entry.or_insert((0, Instant::now()));
        *failures = failures.saturating_add(1);
        if let Some(more) = failures.checked_sub(PATIENCE) {
            let wait = WAIT.saturating_mul(1 << more.min(5)).min(WAIT_MAX);
            *until = Instant::now() + wait;
        }
    }
}
