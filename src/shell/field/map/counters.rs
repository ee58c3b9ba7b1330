//! The slow block: what buttons and detectors have counted since the cabinet was switched on.

use super::{BUTTONS_AT, DETECTORS_AT};
use crate::detect::{BUTTONS_MAX, DETECTORS_MAX, DetectorReading};

/// Rolling counters of one cabinet, filled read by read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Presses of each button so far; wraps.
    pub presses: [u16; BUTTONS_MAX],
    /// Whole seconds each button has been held.
    pub held_s: [u16; BUTTONS_MAX],
    /// One per detector channel.
    pub detectors: [DetectorReading; DETECTORS_MAX],
}

/// Bits of a detector's status word.
pub(in crate::shell::field) const STATUS_FAULTY: u16 = 1;

impl Counters {
    /// Takes in `words` read from input register `at`; words outside the counters are ignored.
    pub fn take(&mut self, at: u16, words: &[u16]) {
        for (offset, word) in words.iter().enumerate() {
            let Ok(offset) = u16::try_from(offset) else {
                return;
            };
            self.take_one(at.saturating_add(offset), *word);
        }
    }

    fn take_one(&mut self, at: u16, word: u16) {
        if let Some(detector) = at.checked_sub(DETECTORS_AT) {
            let Some(reading) = self.detectors.get_mut(usize::from(detector / 4)) else {
                return;
            };
            match detector % 4 {
                0 => reading.count = word,
                1 => reading.occupied_ms = word,
                2 => reading.last_pulse_ms = word,
                _ => reading.faulty = word & STATUS_FAULTY != 0,
            }
        } else if let Some(button) = at.checked_sub(BUTTONS_AT).map(usize::from) {
            if let Some(presses) = self.presses.get_mut(button) {
                *presses = word;
            } else if let Some(held) = button
                .checked_sub(BUTTONS_MAX)
                .and_then(|button| self.held_s.get_mut(button))
            {
                *held = word;
            }
        }
    }
}
