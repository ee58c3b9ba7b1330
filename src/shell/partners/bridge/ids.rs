//! Ids of requests that stay the same however often a request is tried.

use sha2::{Digest, Sha256};

use crate::shell::vehicles::jt808::hex;

/// What tells one request of the old system from another: its name and all it says.
#[must_use]
pub fn key_of(name: &str, content: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(name.as_bytes());
    hash.update([0]);
    hash.update(content);
    hex(hash.finalize().get(..16).unwrap_or_default())
}

/// A UUID of version 7: the moment the request was first seen, Unix milliseconds, and its key.
#[must_use]
pub fn request_id(first_ms: i64, key: &str) -> String {
    let hash: [u8; 32] = Sha256::digest(format!("{first_ms}/{key}").as_bytes()).into();
    let mut bytes = [0_u8; 16];
    for (to, from) in bytes.iter_mut().skip(6).zip(hash) {
        *to = from;
    }
    for (to, from) in bytes.iter_mut().zip(first_ms.to_be_bytes().iter().skip(2)) {
        *to = *from;
    }
    bytes[6] = bytes[6] & 0x0f | 0x70;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex(&bytes);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default().to_owned();
    [
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ]
    .join("-")
}

/// 128 random bits in hexadecimal; nothing if the system has none.
#[must_use]
pub fn nonce() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(hex(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_request_has_the_same_id_and_another_another() {
        let key = key_of("a.json", b"{}");
        assert_eq!(key, key_of("a.json", b"{}"));
        assert_ne!(key, key_of("a.jso", b"n{}"));
        let id = request_id(0x0190_b6a2_7d3e, &key);
        assert_eq!(id, request_id(0x0190_b6a2_7d3e, &key));
        assert_ne!(id, request_id(0x0190_b6a2_7d3f, &key));
        assert!(id.starts_with("0190b6a2-7d3e-7"), "{id}");
        assert!(matches!(id.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
        assert_eq!(id.len(), 36);
    }
}
