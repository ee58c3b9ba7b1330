//! The number a terminal goes by: 12 (2013) or 20 (2019) decimal digits, packed two to a byte.

use core::fmt;

use super::super::fault::{Fault, FaultKind};

/// Bytes of the longest number.
const BYTES: usize = 10;

/// A terminal's number. Leading zeros do not count: a terminal that moves from the 2013 to the
/// 2019 header keeps its identity.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone([u8; BYTES]);

impl Phone {
    /// From packed digits as a header carries them, which stand at byte `at`.
    ///
    /// # Errors
    /// A half byte is no decimal digit.
    pub(super) fn from_packed(packed: &[u8], at: usize) -> Result<Self, Fault> {
        for (place, byte) in packed.iter().enumerate() {
            if byte >> 4 > 9 || byte & 15 > 9 {
                return Err(Fault::new(
                    FaultKind::Header,
                    (at + place, "terminal phone"),
                    "two decimal digits in a byte",
                    format!("{byte:#04x}"),
                ));
            }
        }
        let mut bytes = [0; BYTES];
        let begin = BYTES.saturating_sub(packed.len());
        for (slot, byte) in bytes.iter_mut().skip(begin).zip(packed) {
            *slot = *byte;
        }
        Ok(Self(bytes))
    }

    /// From digits as files write them: 1 to 20 of them, not all zero.
    #[must_use]
    pub fn from_digits(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > 2 * BYTES || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let mut bytes = [0_u8; BYTES];
        for (place, digit) in text.bytes().rev().enumerate() {
            let slot = bytes.get_mut(BYTES - 1 - place / 2)?;
            let value = digit - b'0';
            *slot |= if place % 2 == 0 { value } else { value << 4 };
        }
        (bytes != [0; BYTES]).then_some(Self(bytes))
    }

    /// The digits as a header of `bytes` bytes carries them; `None` if it has more.
    pub(super) fn packed(&self, bytes: usize) -> Option<&[u8]> {
        let (front, tail) = self.0.split_at_checked(BYTES.checked_sub(bytes)?)?;
        front.iter().all(|byte| *byte == 0).then_some(tail)
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = super::hex(&self.0);
        f.write_str(digits.trim_start_matches('0'))
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone({self})")
    }
}
