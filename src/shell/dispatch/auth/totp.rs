//! The second factor: six digits that change every 30 s (RFC 6238 over RFC 4226, HMAC-SHA-1, as every
//! authenticator program knows it).

use sha1::{Digest, Sha1};

/// Seconds a code is shown.
const STEP_S: u64 = 30;
/// Codes of so many steps before and after are taken: clocks of telephones differ.
const DRIFT: u64 = 1;
/// Length of a secret, bytes.
pub(super) const SECRET_LEN: usize = 20;
const BLOCK: usize = 64;

/// The step whose code this is, if it is one of those shown about now.
#[must_use]
pub fn step_of(secret: &[u8], code: &str, unix_s: u64) -> Option<u64> {
    let is_code = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
    let code: u32 = code.parse().ok().filter(|_| is_code)?;
    let now = unix_s / STEP_S;
    let steps = now.saturating_sub(DRIFT)..=now.saturating_add(DRIFT);
    // Every step is looked at: the time taken tells nothing.
    steps.fold(None, |found, step| {
        (hotp(secret, step, 6) == code).then_some(step).or(found)
    })
}

/// The code shown at a moment.
#[must_use]
pub fn code_at(secret: &[u8], unix_s: u64) -> String {
    format!("{:06}", hotp(secret, unix_s / STEP_S, 6))
}

/// RFC 4226, 5.3.
fn hotp(secret: &[u8], counter: u64, digits: u32) -> u32 {
    let mac = hmac_sha1(secret, &counter.to_be_bytes());
    let at = usize::from(mac[19] & 0x0f);
    let cut = mac.get(at..at + 4).unwrap_or(&[0; 4]);
    let number = cut
        .iter()
        .fold(0_u32, |all, byte| all << 8 | u32::from(*byte));
    (number & 0x7fff_ffff) % 10_u32.pow(digits)
}

/// RFC 2104.
fn hmac_sha1(key: &[u8], message: &[u8]) -> [u8; 20] {
    let mut block = [0_u8; BLOCK];
    if key.len() > BLOCK {
        block[..20].copy_from_slice(&Sha1::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha1::new()
        .chain_update(block.map(|byte| byte ^ 0x36))
        .chain_update(message)
        .finalize();
    let outer = Sha1::new()
        .chain_update(block.map(|byte| byte ^ 0x5c))
        .chain_update(inner);
    outer.finalize().into()
}

/// RFC 4648 base 32 without padding, as authenticator programs take secrets.
#[must_use]
pub fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits = bytes.len() * 8;
    let bit = |at: usize| {
        let byte = bytes.get(at / 8).copied().unwrap_or(0);
        usize::from(byte >> (7 - at % 8) & 1)
    };
    let letters = (0..bits).step_by(5).map(|at| {
        let index = (at..at + 5).fold(0, |index, at| index << 1 | bit(at));
        char::from(LETTERS.get(index).copied().unwrap_or(b'A'))
    });
    letters.collect()
}

/// What [`base32`] wrote, as an authenticator program reads it.
#[must_use]
pub fn unbase32(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        (held, bits) = (held << 5 | u32::from(value), bits + 5);
        if bits >= 8 {
            bits -= 8;
            bytes.extend(u8::try_from(held >> bits & 0xff));
            held &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    /// RFC 6238, appendix B, the rows for SHA-1 (eight digits).
    #[test]
    fn the_vectors_of_rfc_6238() {
        let rows = [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ];
        for (unix_s, code) in rows {
            assert_eq!(hotp(SECRET, unix_s / STEP_S, 8), code, "{unix_s}");
        }
    }

    /// RFC 4226, appendix D.
    #[test]
    fn the_vectors_of_rfc_4226() {
        let codes = [
            755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871,
            520_489,
        ];
        for (counter, code) in (0..).zip(codes) {
            assert_eq!(hotp(SECRET, counter, 6), code);
        }
    }

    #[test]
    fn codes_of_the_steps_beside_are_taken_and_no_others() {
        for (at, fits) in [(0, false), (30, true), (60, true), (90, true), (120, false)] {
            let code = code_at(SECRET, at);
            assert_eq!(step_of(SECRET, &code, 60).is_some(), fits, "{at}");
        }
        for code in ["", "12345", "1234567", "abcdef", "-12345", "+28708"] {
            assert_eq!(step_of(SECRET, code, 60), None, "{code}");
        }
    }

    /// RFC 4648, 10.
    #[test]
    fn the_vectors_of_base_32() {
        for (text, coded) in [("f", "MY"), ("foob", "MZXW6YQ"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(base32(text.as_bytes()), coded);
            assert_eq!(unbase32(coded).as_deref(), Some(text.as_bytes()));
        }
    }
}
