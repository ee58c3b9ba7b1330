//! Tells a fresh answer from a late one when the wire cannot.
//!
//! On a serial line a late answer looks exactly like the answer to the next question. Three things
//! give it away: `INPUT_SEQ` that does not run forward, a command's `ACCEPTED_SEQ` that is not the
//! one just sent (the session checks that), and `UPTIME_MS`, which dates the scan.

use super::map::{InputBlock, is_newer};
use crate::units::Mono;

/// A scan may be this much older than the question: scan period, and jitter of both clocks.
const SCAN_AGE_MS: i64 = 200;
/// After so many answers the estimate of the cabinet's clock gives way by a millisecond, so that
/// two clocks that run apart by less than 200 ppm never look stale.
const DRIFT_EVERY: u32 = 50;

/// What is known of a cabinet's sequence and clock.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Freshness {
    last: Option<InputBlock>,
    /// Our milliseconds less the cabinet's, at the quickest answer so far.
    offset: Option<i64>,
    answers: u32,
    restarted: bool,
}

impl Freshness {
    /// Judges an answer to a question asked at `asked`, and remembers it if it is fresh.
    pub(super) fn take(&mut self, block: &InputBlock, asked: Mono, got: Mono) -> bool {
        let sample = i64::from(block.uptime_ms);
        let ms = |at: Mono| i64::try_from(at.as_ms()).unwrap_or(i64::MAX);
        let seen = ms(got) - sample;
        if let Some(last) = self.last {
            if last.boot_count == block.boot_count {
                let forward =
                    is_newer(block.input_seq, last.input_seq) || block.input_seq == last.input_seq;
                let wrapped = block.uptime_ms < last.uptime_ms;
                let offset = self.offset.filter(|_| !wrapped).unwrap_or(seen);
                // When the scan was made on our clock, at the latest.
                let made = sample + offset;
                if !forward || made + SCAN_AGE_MS < ms(asked) {
                    return false;
                }
                self.offset = Some(offset.min(seen));
            } else {
                self.restarted = true;
                self.offset = Some(seen);
            }
        } else {
            self.offset = Some(seen);
        }
        self.answers = self.answers.wrapping_add(1);
        if self.answers.is_multiple_of(DRIFT_EVERY) {
            self.offset = self.offset.map(|offset| offset + 1);
        }
        self.last = Some(*block);
        true
    }

    /// True once after the boot count changed.
    pub(super) fn restarted(&mut self) -> bool {
        core::mem::take(&mut self.restarted)
    }

    /// Detectors and buttons of the last answer.
    pub(super) fn snapshot(&self) -> (u32, u16) {
        self.last
            .map_or((0, 0), |last| (last.occupied, last.buttons))
    }
}
