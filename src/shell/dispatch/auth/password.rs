//! Passwords, as argon2id hashes.

use argon2::{Algorithm, Argon2, Params, Version};

use super::SignInError;
use super::token::{is_same, random};

/// Memory in KiB, passes, lanes: OWASP's first choice for argon2id.
const COST: (u32, u32, u32) = (19_456, 2, 1);

/// Shortest password, characters; length counts for more than kinds of signs.
pub(super) const LENGTH_MIN: usize = 12;
/// Longest password, characters.
pub(super) const LENGTH_MAX: usize = 128;

/// Salt and hash.
pub(super) type Hashed = ([u8; 16], [u8; 32]);

pub(super) fn hashed(password: &str) -> Result<Hashed, SignInError> {
    let salt = random()?;
    Ok((salt, derive(password, &salt)?))
}

pub(super) fn fits(password: &str, salt: &[u8], expected: &[u8]) -> Result<bool, SignInError> {
    Ok(is_same(&derive(password, salt)?, expected))
}

/// Takes as long as a real comparison, for names that nobody has.
pub(super) fn pretend(password: &str) -> Result<(), SignInError> {
    derive(password, &[0; 16]).map(|_| ())
}

fn derive(password: &str, salt: &[u8]) -> Result<[u8; 32], SignInError> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, Some(32));
    let mut out = [0; 32];
    params
        .and_then(|params| {
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
                password.as_bytes(),
                salt,
                &mut out,
            )
        })
        .map_err(|why| SignInError::Store(why.to_string()))?;
    Ok(out)
}
