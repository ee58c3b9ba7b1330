//! How far this machine's clock is from the installation's, by the `date` of its answers.

use jiff::fmt::rfc2822::DateTimeParser;

/// The header is cut to whole seconds: on average half a second is lost.
const CUT_MS: i64 = 500;

/// The offset as it was measured last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    offset_ms: Option<i64>,
}

impl Clock {
    /// Learns from an answer that was asked for at `asked_ms`, came at `came_ms` and says `date`.
    pub fn learn(&mut self, asked_ms: i64, came_ms: i64, date: Option<&str>) {
        let parser = DateTimeParser::new();
        let Some(theirs) = date.and_then(|date| parser.parse_timestamp(date).ok()) else {
            return;
        };
        let middle = asked_ms.midpoint(came_ms);
        self.offset_ms = Some(theirs.as_millisecond() + CUT_MS - middle);
    }

    /// What the installation's clock shows when this machine's shows `own_ms`.
    #[must_use]
    pub fn theirs(&self, own_ms: i64) -> i64 {
        own_ms + self.offset_ms.unwrap_or(0)
    }

    /// Theirs less ours, milliseconds; nothing before the first answer.
    #[must_use]
    pub const fn offset_ms(&self) -> Option<i64> {
        self.offset_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_wrong_is_corrected_to_half_a_second() {
        let mut clock = Clock::default();
        assert_eq!(clock.theirs(1_000), 1_000);
        // Ours is an hour slow; theirs showed 08:15:30.2 in the middle of the talk.
        let theirs = 1_777_882_530_200_i64;
        let ours = theirs - 3_600_000;
        let date = "Mon, 04 May 2026 08:15:30 GMT";
        clock.learn(ours - 40, ours + 40, Some(date));
        assert!((clock.theirs(ours) - theirs).abs() <= 500, "{clock:?}");
        let before = clock;
        clock.learn(0, 1, Some("yesterday"));
        clock.learn(0, 1, None);
        assert_eq!(clock, before);
    }
}
