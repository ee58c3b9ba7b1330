//! Machines of the agencies: tokens with scopes, bound to a client certificate if wanted, and what each agency
//! may ask for.

use super::super::bus::{SCHEME, mac};
use super::token::{hash, is_same, random_token};
use super::{Auth, Entry, PeopleError, Principal, Role, Scope, now_ms};
use crate::shell::store::{StoredToken, TokenUse};

/// What an agency may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Highest priority without somebody's confirmation; 1 is the highest there is.
    pub priority_ceiling: u8,
    /// Corridors at once.
    pub corridors_max: u32,
}

/// An agency for which nothing else was set.
impl Default for Limit {
    fn default() -> Self {
        Self {
            priority_ceiling: 1,
            corridors_max: 8,
        }
    }
}

/// A machine token to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// Name, for people and for revocation.
    pub id: String,
    /// Agency.
    pub agency: String,
    /// System of the agency.
    pub source_system: String,
    /// What it is good for.
    pub scopes: Vec<Scope>,
    /// SHA-256 of the client certificate it is bound to.
    pub certificate: Option<[u8; 32]>,
    /// Days it lives.
    pub days: u32,
}

/// Why a signature is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsigned {
    /// No token of this id, none any more, or it has not signed this.
    Wrong,
    /// The token is worth something only with its client certificate.
    Bound,
}

pub(super) fn entry_of(stored: StoredToken) -> Entry {
    let allows = stored.allows;
    let scopes = allows.scopes.iter().filter_map(|word| Scope::of(word));
    Entry {
        token: stored.token,
        scopes: scopes.collect(),
        certificate: allows.certificate,
        until_ms: allows.until_ms,
        principal: Principal {
            name: format!("machine:{}", allows.id),
            agency: allows.agency,
            source_system: allows.source_system,
            roles: vec![Role::Integration],
        },
        id: allows.id,
    }
}

impl Auth {
    /// Makes a machine token and gives it, once. One of the same name is replaced.
    ///
    /// # Errors
    /// No store, or no random numbers.
    pub fn make_token(&self, wanted: NewToken) -> Result<String, PeopleError> {
        let token = random_token()?;
        let life_ms = i64::from(wanted.days).saturating_mul(24 * 3600 * 1000);
        let scopes = wanted.scopes.iter().map(|scope| scope.name().to_owned());
        let stored = StoredToken {
            token: hash(&token),
            allows: TokenUse {
                scopes: scopes.collect(),
                id: wanted.id,
                agency: wanted.agency,
                source_system: wanted.source_system,
                certificate: wanted.certificate,
                until_ms: now_ms().saturating_add(life_ms),
            },
        };
        self.store()?.keep_token(stored.clone())?;
        let mut inner = self.inner();
        inner.bearers.retain(|entry| entry.id != stored.allows.id);
        inner.bearers.push(entry_of(stored));
        Ok(token)
    }

    /// Who has signed `text`, and what for: `id` names the token whose SHA-256 is the key.
    ///
    /// # Errors
    /// See [`Unsigned`].
    pub fn by_signature(
        &self,
        id: &str,
        (text, signature): (&[u8], &[u8; 32]),
    ) -> Result<(Principal, Vec<Scope>), Unsigned> {
        let mut inner = self.inner();
        inner.forget_old(now_ms());
        let mut entries = inner.bearers.iter();
        let entry = entries.find(|entry| !entry.id.is_empty() && entry.id == id);
        let entry = entry.ok_or(Unsigned::Wrong)?;
        if !is_same(&mac(&entry.token, text), signature) {
            return Err(Unsigned::Wrong);
        }
        if entry.certificate.is_some() {
            return Err(Unsigned::Bound);
        }
        Ok((entry.principal.clone(), entry.scopes.clone()))
    }

    /// Every machine token of the store, without the tokens themselves.
    ///
    /// # Errors
    /// No store.
    pub fn tokens(&self) -> Result<Vec<TokenUse>, PeopleError> {
        let stored = self.store()?.tokens()?;
        Ok(stored.into_iter().map(|one| one.allows).collect())
    }

    /// Revokes a machine token at once. False if there is none of that name.
    ///
    /// # Errors
    /// No store.
    pub fn revoke_token(&self, id: &str) -> Result<bool, PeopleError> {
        let known = self.store()?.forget_token(id)?;
        self.inner()
            .bearers
            .retain(|entry| entry.id.is_empty() || entry.id != id);
        Ok(known)
    }

    /// What an agency may ask for.
    #[must_use]
    pub fn limit(&self, agency: &str) -> Limit {
        self.inner().limits.get(agency).copied().unwrap_or_default()
    }

    /// Sets what an agency may ask for; kept if there is a store.
    ///
    /// # Errors
    /// The store does not answer.
    pub fn set_limit(&self, agency: &str, limit: Limit) -> Result<(), PeopleError> {
        if let Some(records) = &self.records {
            let (ceiling, most) = (limit.priority_ceiling, limit.corridors_max);
            records.keep_agency_limits(agency, ceiling, most)?;
        }
        self.inner().limits.insert(agency.to_owned(), limit);
        Ok(())
    }

    /// Registers a URL that answers of this agency's corridors may be sent to.
    ///
    /// # Errors
    /// The store does not answer.
    pub fn register_reply(&self, agency: &str, url: &str) -> Result<(), PeopleError> {
        if let Some(records) = &self.records {
            records.keep_reply_target(agency, url)?;
        }
        let target = (agency.to_owned(), url.to_owned());
        let mut inner = self.inner();
        if !inner.reply_targets.contains(&target) {
            inner.reply_targets.push(target);
        }
        Ok(())
    }

    /// The addresses that answers of an agency's corridors may be sent to.
    #[must_use]
    pub fn reply_targets(&self, agency: &str) -> Vec<String> {
        let inner = self.inner();
        let own = inner.reply_targets.iter().filter(|(of, _)| of == agency);
        let urls = own.filter(|(_, url)| !url.starts_with(SCHEME));
        urls.map(|(_, url)| url.clone()).collect()
    }

    /// True if answers to an agency's messages may be sent on this topic.
    #[must_use]
    pub fn may_answer_on(&self, agency: &str, topic: &str) -> bool {
        let inner = self.inner();
        let mut own = inner.reply_targets.iter().filter(|(of, _)| of == agency);
        own.any(|(_, url)| url.strip_prefix(SCHEME) == Some(topic))
    }
}
