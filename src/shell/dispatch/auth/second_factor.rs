//! A second factor is switched on once a code of it has been shown: a secret that was entered wrongly
//! would shut its owner out.

use std::collections::BTreeMap;

use super::people::PeopleError;
use super::token::{Hash, hash, random};
use super::{Auth, now_ms, totp};

/// A secret that nobody has confirmed is forgotten after this.
const LIFE_MS: i64 = 15 * 60_000;
/// Wrong codes until it is forgotten.
const TRIES: u8 = 5;
/// Secrets that wait at once; the oldest goes first.
const WAITING_MAX: usize = 256;

type Secret = [u8; totp::SECRET_LEN];

/// Secrets that wait for a code.
#[derive(Debug, Default)]
pub(super) struct Waiting(BTreeMap<Hash, One>);

#[derive(Debug)]
struct One {
    secret: Secret,
    until_ms: i64,
    tries: u8,
}

impl Waiting {
    /// Lets a secret wait; an older one of the same owner goes.
    pub(super) fn begin(&mut self, of: Hash, secret: Secret, now_ms: i64) {
        self.0.retain(|_, one| one.until_ms > now_ms);
        let oldest = self.0.iter().min_by_key(|(_, one)| one.until_ms);
        if self.0.len() >= WAITING_MAX
            && let Some(oldest) = oldest.map(|(of, _)| *of)
        {
            self.0.remove(&oldest);
        }
        let one = One {
            secret,
            until_ms: now_ms.saturating_add(LIFE_MS),
            tries: 0,
        };
        self.0.insert(of, one);
    }

    /// The secret that waits, if this is a code of it. Nobody has signed in with that code: it may do so
    /// still. It waits on until it [is kept](Self::kept).
    pub(super) fn confirm(
        &mut self,
        of: Hash,
        code: &str,
        now_ms: i64,
    ) -> Result<Secret, PeopleError> {
        let waits = self.0.get_mut(&of).filter(|one| one.until_ms > now_ms);
        let one = waits.ok_or(PeopleError::NoSecretWaits)?;
        let unix_s = u64::try_from(now_ms / 1000).unwrap_or(0);
        let secret = one.secret;
        if totp::step_of(&secret, code, unix_s).is_some() {
            return Ok(secret);
        }
        one.tries += 1;
        if one.tries >= TRIES {
            self.0.remove(&of);
        }
        Err(PeopleError::BadCode)
    }

    /// The store has the secret: it waits no longer.
    pub(super) fn kept(&mut self, of: Hash) {
        self.0.remove(&of);
    }
}

fn owner(name: &str) -> Hash {
    hash(&format!("second factor of {name}"))
}

impl Auth {
    /// A second factor in base 32 that is none until it is confirmed; what there was goes on until then.
    ///
    /// # Errors
    /// No random numbers.
    pub fn new_second_factor(&self, name: &str) -> Result<String, PeopleError> {
        let secret: Secret = random()?;
        self.inner().waiting.begin(owner(name), secret, now_ms());
        Ok(totp::base32(&secret))
    }

    /// Switches the new second factor on; the old one ends.
    ///
    /// # Errors
    /// No code of it, nothing waits, or no store.
    pub fn confirm_second_factor(&self, name: &str, code: &str) -> Result<(), PeopleError> {
        let store = self.store()?;
        let confirmed = self.inner().waiting.confirm(owner(name), code, now_ms());
        store.change_totp(name, confirmed?.to_vec())?;
        self.inner().waiting.kept(owner(name));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_waits_for_a_code_of_its_own_and_not_for_ever() {
        let mut waiting = Waiting::default();
        let (li, wang, now) = ([1; 32], [2; 32], 1_000_000_000);
        let code = |secret: &Secret, at_ms: i64| {
            totp::code_at(secret, u64::try_from(at_ms / 1000).unwrap())
        };
        waiting.begin(li, [7; 20], now);
        let right = code(&[7; 20], now);
        let wrong = waiting.confirm(li, &code(&[8; 20], now), now);
        assert!(matches!(wrong, Err(PeopleError::BadCode)));
        let other = waiting.confirm(wang, &right, now);
        assert!(matches!(other, Err(PeopleError::NoSecretWaits)));
        for _ in 0..2 {
            // The store may have failed the first time.
            assert_eq!(waiting.confirm(li, &right, now).unwrap(), [7; 20]);
        }
        waiting.kept(li);
        let again = waiting.confirm(li, &right, now);
        assert!(matches!(again, Err(PeopleError::NoSecretWaits)), "once");

        waiting.begin(li, [7; 20], now);
        let late = now + LIFE_MS;
        let late = waiting.confirm(li, &code(&[7; 20], late), late);
        assert!(matches!(late, Err(PeopleError::NoSecretWaits)));
        waiting.begin(li, [7; 20], now);
        for _ in 0..TRIES {
            assert!(waiting.confirm(li, "12345", now).is_err());
        }
        assert!(
            waiting.confirm(li, &right, now).is_err(),
            "guessed too often"
        );
        for number in 0..300_u32 {
            waiting.begin(hash(&number.to_string()), [7; 20], now);
        }
        assert_eq!(waiting.0.len(), WAITING_MAX);
    }
}
