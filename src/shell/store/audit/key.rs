//! The key that signs heads, and signed heads themselves.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use super::{AuditError, hex, unhex};

/// Ed25519; its seed lies in a file that only the program's own account can read.
#[derive(Debug)]
pub struct AuditKey {
    pair: Ed25519KeyPair,
}

/// A head: the last record so far, signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) seq: u64,
    pub(super) hash: String,
    pub(super) at_ms: i64,
    /// Public key, hexadecimal.
    pub(super) key: String,
    /// Signature, hexadecimal.
    pub(super) sig: String,
}

impl AuditKey {
    /// The key in this file; a new one if there is none yet.
    ///
    /// # Errors
    /// The file cannot be used, or holds something else.
    pub fn load_or_make(path: &Path) -> Result<Self, AuditError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(why) if why.kind() == ErrorKind::NotFound => make(path)?,
            Err(why) => return Err(AuditError::file(path)(why)),
        };
        let seed = unhex(text.trim());
        let pair = seed.and_then(|seed| Ed25519KeyPair::from_seed_unchecked(&seed).ok());
        let pair = pair.ok_or_else(|| AuditError::Key(path.to_path_buf()))?;
        Ok(Self { pair })
    }

    /// The public half, hexadecimal: what a verifier is told beforehand.
    #[must_use]
    pub fn public(&self) -> String {
        hex(self.pair.public_key().as_ref())
    }

    pub(super) fn sign(&self, seq: u64, hash: &str, at_ms: i64) -> Head {
        let sig = self.pair.sign(&signed_bytes(seq, hash, at_ms));
        Head {
            seq,
            hash: hash.to_owned(),
            at_ms,
            key: self.public(),
            sig: hex(sig.as_ref()),
        }
    }
}

fn make(path: &Path) -> Result<String, AuditError> {
    let mut seed = [0_u8; 32];
    getrandom::fill(&mut seed).map_err(|_| AuditError::NoEntropy)?;
    let text = hex(&seed);
    let mut options = fs::OpenOptions::new();
    let options = options.write(true).create_new(true).mode(0o600);
    let write = options.open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    write.map_err(AuditError::file(path))?;
    Ok(text)
}

impl Head {
    /// True if whoever holds the head's key signed it.
    pub(super) fn is_signed(&self) -> bool {
        let (Some(key), Some(sig)) = (unhex(&self.key), unhex(&self.sig)) else {
            return false;
        };
        let bytes = signed_bytes(self.seq, &self.hash, self.at_ms);
        UnparsedPublicKey::new(&ED25519, key)
            .verify(&bytes, &sig)
            .is_ok()
    }

    pub(super) fn line(&self) -> String {
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }
}

fn signed_bytes(seq: u64, hash: &str, at_ms: i64) -> Vec<u8> {
    format!("greenwave audit head 1\n{seq}\n{hash}\n{at_ms}\n").into_bytes()
}
