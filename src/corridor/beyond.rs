//! The signal behind the destination. The vehicle does not pass it, but its queue may stand where
//! the vehicle is going: on the last road, before a hospital's gate.

use super::event::{LeaseEnd, Log, What};
use super::passage::{Hold, Passage};
use super::settings::JAM_SPACING_MM;
use super::{CorridorPlan, Mission, Settings};
use crate::units::{Length, Millis, Mono};

/// So near to the end of its route a vehicle has arrived.
const ARRIVED: Length = Length::from_metres(20);
/// A vehicle that has passed its last signal and stands so long has arrived, wherever it is.
const PARKED: Millis = Millis::from_secs(60);
/// Who goes for its own way goes before who only clears a road to stop on.
const RANK: u8 = u8::MAX;

impl CorridorPlan {
    /// True if so many vehicles before the signal behind the destination, thousandths in the fullest
    /// lane, reach back to it with the next one that comes.
    pub(super) fn is_reached_by(&self, queue_milli: u32) -> bool {
        let queued = queue_milli / 1000;
        let reach = Length::from_mm(queued.saturating_add(1).saturating_mul(JAM_SPACING_MM));
        let beyond = self.beyond.as_ref();
        queued > 0 && beyond.is_some_and(|one| one.stop_line_at <= self.length + reach)
    }
}

impl Mission {
    /// The rank of its claim on a place.
    pub(super) fn rank_at(&self, at: usize) -> u8 {
        if at < self.plan.crossings.len() {
            self.rank
        } else {
            RANK
        }
    }

    /// True if the queue of the signal behind the destination reaches back to there, or has been let
    /// go for it.
    pub(super) fn is_beyond_needed(&self, passage: &Passage) -> bool {
        passage.is_locked() || self.plan.is_reached_by(passage.forecast.queue_milli)
    }

    /// Nothing is held behind the destination any more once the vehicle is there; nor once all its
    /// signals are passed and it has parked, is not heard of or has turned off.
    pub(super) fn note_arrival(&mut self, now: Mono, settings: &Settings, log: &mut Log<'_>) {
        let at = self.plan.crossings.len();
        let Some((crossing, passage)) = self.plan.beyond.as_ref().zip(self.passages.get(at)) else {
            return;
        };
        let before = self.passages.iter().take(at);
        if passage.is_done() || !self.is_driving() || !before.into_iter().all(Passage::is_done) {
            return;
        }
        let is_there = self.track.along(now, settings) + ARRIVED >= self.plan.length;
        let is_gone = self.track.stood(now) >= PARKED
            || self.track.silent(now) > self.track.overdue(settings)
            || self.track.is_off_route();
        if is_there || is_gone {
            if matches!(passage.hold, Hold::Leased { .. }) {
                log.add(now, What::LeaseEnded(crossing.site, LeaseEnd::Over));
            }
            let next = Hold::Done {
                at: now,
                through: is_there,
                in_step: false,
            };
            if let Some(passage) = self.passages.get_mut(at) {
                passage.end(now, next);
            }
        }
    }
}
