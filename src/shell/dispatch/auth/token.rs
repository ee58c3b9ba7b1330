//! Random tokens and their hashes.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::SignInError;

pub(super) type Hash = [u8; 32];

/// Looks at every entry, so that the time taken does not tell which one fits.
pub(super) fn find<'a>(entries: impl Iterator<Item = &'a Hash>, wanted: &Hash) -> Option<usize> {
    let mut found = None;
    for (at, entry) in entries.enumerate() {
        if is_same(entry, wanted) {
            found = Some(at);
        }
    }
    found
}

pub(super) fn is_same(one: &[u8], other: &[u8]) -> bool {
    bool::from(one.ct_eq(other))
}

pub(super) fn hash(token: &str) -> Hash {
    Sha256::digest(token.as_bytes()).into()
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], SignInError> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes).map_err(|_| SignInError::NoEntropy)?;
    Ok(bytes)
}

/// 256 random bits in hexadecimal.
pub(in crate::shell::dispatch) fn random_token() -> Result<String, SignInError> {
    use core::fmt::Write as _;
    let bytes: [u8; 32] = random()?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
