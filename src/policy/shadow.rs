//! What it cost not to do what adaptive control would have done.

use serde::{Deserialize, Serialize};

use super::adaptive::Choice;
use crate::ids::StageId;
use crate::units::{Millis, Mono};

/// What is older than this counts half, so that the figure follows the day.
const REMEMBERED: Millis = Millis::from_secs(7200);
/// Two decisions lie a second apart; a longer pause is no time that was decided on.
const STEP_MAX: Millis = Millis::from_secs(2);

/// The difference between what ran and the best that the search had scored, second by second.
///
/// The scores are the search's own forecast, and it does not reckon hopeless futures to their end:
/// a regret is an estimate from below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regret {
    /// Vehicle-seconds, in thousandths.
    lost_ms: u64,
    /// Time that was looked at.
    over_ms: u64,
    last: Option<Mono>,
}

impl Regret {
    /// Counts a decision, once, against the stage that really ran.
    pub(super) fn count(&mut self, choice: &Choice, ran: Option<StageId>) {
        let Some(before) = self.last.replace(choice.at) else {
            return;
        };
        let passed = choice.at.since(before);
        if passed == Millis::ZERO || passed > STEP_MAX {
            return;
        }
        let score = |stage: StageId| {
            let mut scores = choice.scores.iter().flatten();
            scores
                .find(|(known, _)| *known == stage)
                .map(|found| found.1)
        };
        let best = choice.scores.iter().flatten().map(|(_, cost)| *cost).min();
        let (Some(best), Some(cost)) = (best, score(ran.unwrap_or(choice.running))) else {
            return;
        };
        self.lost_ms += u64::from(cost.saturating_sub(best).as_ms());
        self.over_ms += u64::from(passed.as_ms());
        if self.over_ms > u64::from(REMEMBERED.as_ms()) {
            self.lost_ms /= 2;
            self.over_ms /= 2;
        }
    }

    /// Vehicle-seconds an hour; nothing before a minute was looked at.
    #[must_use]
    pub fn per_hour(&self) -> Option<u32> {
        (self.over_ms >= 60_000)
            .then(|| u32::try_from(self.lost_ms.saturating_mul(3600) / self.over_ms))
            .map(|rate| rate.unwrap_or(u32::MAX))
    }
}
