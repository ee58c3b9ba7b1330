//! The signature of a delivery: whoever has the secret can tell that it is ours, and how old.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header that carries it.
pub const SIGNATURE_HEADER: &str = "x-greenwave-signature";

/// `t=SECONDS,v1=HEX`: HMAC-SHA256 under `secret` over the seconds in decimal, a full stop and the
/// body. The time is signed too, so that an old delivery cannot be sent again as a new one.
#[must_use]
pub fn signature(secret: &str, unix_s: i64, body: &[u8]) -> String {
    let mut text = format!("t={unix_s},v1=");
    // A key of any length is taken.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        mac.update(unix_s.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        for byte in mac.finalize().into_bytes() {
            use core::fmt::Write as _;
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::signature;

    /// Computed with `printf '1764226800.{}' | openssl dgst -sha256 -hmac SECRET`.
    #[test]
    fn the_signature_is_what_openssl_says() {
        assert_eq!(
            signature("0123456789abcdef0123456789abcdef", 1_764_226_800, b"{}"),
            "t=1764226800,v1=bbd4f7a8b2b4f1b04bed367ad1f4eaf90add4a63ebb22c046b73d5ab70499efe"
        );
    }
}
