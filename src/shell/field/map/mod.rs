//! The canonical cabinet map, version 1.0, as `docs/api/cabinet-map.md` specifies it.
//!
//! Pure functions over arrays of words; nothing here knows a transport. A command is one block of
//! sixteen holding registers, the answer one block of forty-eight; counters are read apart.

mod command;
mod counters;
mod hash;
mod inputs;
#[cfg(test)]
mod tests;

pub use command::{Command, Mode};
pub use counters::Counters;
pub use hash::{config_hash, crc16, crc32};
pub use inputs::{ActiveMode, InputBlock, MapError, ModeReason, Reject};

/// First word of the command block (holding).
pub const COMMAND_AT: u16 = 0x0000;
/// Length of the command block.
pub const COMMAND_WORDS: usize = 16;
/// `CLAIM_EPOCH` (two words) and `CLAIM_ID` (holding), written together.
pub const CLAIM_AT: u16 = 0x0020;
/// Length of the claim block.
pub const CLAIM_WORDS: usize = 3;
/// `HB_TIMEOUT_MS`, `FALLBACK`, `FALLBACK_PLAN`, `MIN_FLASH_S`, `LATCH_AFTER` (holding).
pub const SETTINGS_AT: u16 = 0x0040;
/// Length of the writable settings.
pub const SETTINGS_WORDS: usize = 5;
/// `CONFIG_HASH`, two words, read only (holding).
pub const CONFIG_HASH_AT: u16 = 0x0045;
/// `TIME_SET`: Unix seconds (two words), milliseconds, zone in quarter hours (holding).
pub const TIME_AT: u16 = 0x0048;
/// Length of the time block.
pub const TIME_WORDS: usize = 4;
/// Length of the input block.
pub const INPUT_WORDS: usize = 48;
/// Where the input block is mirrored among the holding registers, for FC23.
pub const MIRROR_AT: u16 = 0x0100;
/// Press counters and seconds held, 16 + 16 words (input).
pub const BUTTONS_AT: u16 = 0x0040;
/// Four words per detector (input).
pub const DETECTORS_AT: u16 = 0x0080;
/// Three lamp currents per group (input).
pub const CURRENTS_AT: u16 = 0x0100;
/// One past the last input register.
pub const INPUTS_END: u16 = 0x0160;
/// What the word `MAGIC` holds.
pub const MAGIC: u16 = 0x5443;
/// Major version in the high byte, minor in the low one.
pub const VERSION: u16 = 0x0100;
/// Groups of one cabinet unit.
pub const GROUPS: usize = 32;
/// Nibble: this group is left as it is.
pub const UNCHANGED: u8 = 15;
/// Nibble: no lamp sensor.
pub const NO_SENSOR: u8 = 14;
/// Nibble: the sensor sees a pattern that is no indication.
pub const NONSENSE: u8 = 13;
/// Shortest lifetime a cabinet keeps, milliseconds.
pub const TTL_MIN_MS: u16 = 300;
/// Longest lifetime a cabinet keeps, milliseconds.
pub const TTL_MAX_MS: u16 = 10_000;
/// A claim may not run further ahead of the accepted epoch than this.
pub const CLAIM_JUMP_MAX: u32 = 1000;

/// Packs 32 nibbles into eight words, group 0 in the highest nibble of the first word.
#[must_use]
pub fn pack_nibbles(nibbles: &[u8; GROUPS]) -> [u16; 8] {
    let mut words = [0_u16; 8];
    for (word, four) in words.iter_mut().zip(nibbles.chunks(4)) {
        *word = four
            .iter()
            .fold(0, |word, nibble| (word << 4) | u16::from(nibble & 15));
    }
    words
}

/// The 32 nibbles of eight words.
#[must_use]
pub fn unpack_nibbles(words: &[u16; 8]) -> [u8; GROUPS] {
    let mut nibbles = [0_u8; GROUPS];
    for (four, word) in nibbles.chunks_mut(4).zip(words) {
        for (nibble, shift) in four.iter_mut().zip([12_u16, 8, 4, 0]) {
            *nibble = u8::try_from((word >> shift) & 15).unwrap_or(0);
        }
    }
    nibbles
}

/// A 32-bit value as two words, high word first.
#[must_use]
pub fn split_u32(value: u32) -> [u16; 2] {
    let [a, b, c, d] = value.to_be_bytes();
    [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])]
}

/// Two words, high word first, as a 32-bit value.
#[must_use]
pub fn join_u32(high: u16, low: u16) -> u32 {
    (u32::from(high) << 16) | u32::from(low)
}

/// True if `candidate` comes after `reference` in a counter that wraps at 2^16.
#[must_use]
pub fn is_newer(candidate: u16, reference: u16) -> bool {
    let ahead = candidate.wrapping_sub(reference);
    ahead != 0 && ahead < 0x8000
}
