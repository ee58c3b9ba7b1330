//! Whether a vehicle that has said when it sets off is still waited for.

use super::{Mission, MissionState, Settings};
use crate::units::{Millis, Mono};

/// A vehicle that does not set off as it said is waited for so long, once nothing is in its way.
const DEPART_SLACK: Millis = Millis::from_secs(20);
/// It is waited for no longer than this, whatever is in its way.
const DEPART_MAX: Millis = Millis::from_secs(120);

impl Mission {
    /// True while it drives, and before if it has said when it sets off.
    pub(super) fn is_under_way(&self, now: Mono) -> bool {
        self.is_driving() || (self.state == MissionState::Staging && self.is_expected(now))
    }

    /// True if the vehicle is said to set off and may still do so as it said.
    pub(super) fn is_expected(&self, now: Mono) -> bool {
        self.plan.departs.is_some_and(|at| {
            let free_since = self.hindered.unwrap_or(at).max(at);
            now.since(free_since) <= DEPART_SLACK && now.since(at) <= DEPART_MAX
        })
    }

    /// Notes a vehicle that should have set off and cannot: another one goes first at its first
    /// signal, or the queue there reaches back to it.
    pub(super) fn note_hindered(&mut self, now: Mono, settings: &Settings) {
        let mut places = self.plan.crossings.iter().zip(&self.passages);
        let next = places.find(|(_, passage)| !passage.is_done());
        let is_hindered = next.is_some_and(|(crossing, passage)| {
            passage.refused_by.is_some() || self.is_behind_queue((crossing, passage), now, settings)
        });
        if is_hindered {
            self.hindered = Some(now);
        }
    }
}
