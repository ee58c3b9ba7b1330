//! The signal behind the destination. The vehicle does not pass it, but its queue may stand where
//! the vehicle is going: on the last road, before a hospital's gate.

use super::claims::Purpose;
use super::event::{LeaseEnd, Log, What};
use super::passage::{Hold, Passage};
use super::settings::JAM_SPACING_MM;
use super::{CorridorPlan, Crossing, Forecast, Mission, MissionState, Settings};
use crate::units::{Length, Millis, Mono};

/// So near to the end of its route a vehicle has arrived.
pub const ARRIVED: Length = Length::from_metres(20);
/// A vehicle that has passed its last signal and then stands so long behind no queue has arrived,
/// wherever it is.
const PARKED: Millis = Millis::from_secs(60);
/// The same whatever it stands behind.
const PARKED_IN_QUEUE: Millis = Millis::from_secs(180);
/// Vehicles that are still to come until ours is there.
const TO_COME: u32 = 1;
/// What is asked for is asked for on until the queue ends so many places before the destination.
const KEPT: u32 = 3;

impl CorridorPlan {
    /// True if the vehicles that are expected before the signal behind the destination, and so many
    /// more, reach back to it. Those that may follow from the signal before count only behind some
    /// that are there.
    fn is_reached(&self, forecast: &Forecast, more: u32) -> bool {
        let queued = forecast.queue_milli / 1000;
        let reach = Length::from_mm(queued.saturating_add(more).saturating_mul(JAM_SPACING_MM));
        let beyond = self.beyond.as_ref();
        forecast.there > 0 && beyond.is_some_and(|one| one.stop_line_at <= self.length + reach)
    }

    /// True if the signal behind the destination would be opened as things stand.
    pub(super) fn opens_beyond(&self, passage: &Passage) -> bool {
        self.is_reached(&passage.forecast, TO_COME)
    }
}

impl Mission {
    /// What a place of the plan is wanted for.
    pub(super) fn purpose(&self, at: usize) -> Purpose {
        if at < self.plan.crossings.len() {
            Purpose::Passing
        } else {
            Purpose::Stopping
        }
    }

    /// True if the signal behind the destination is to be asked for: its queue reaches back to there,
    /// or has been let go for it. What the vehicle passes at the same controller goes before it, and
    /// nothing is begun for a vehicle that may be there by now.
    pub(super) fn is_beyond_needed(
        &self,
        (crossing, passage): (&Crossing, &Passage),
        now: Mono,
        settings: &Settings,
    ) -> bool {
        let may_be_there = self.state == MissionState::Holding
            || self.track.along(now, settings) + ARRIVED >= self.plan.length;
        let more = match passage.hold {
            Hold::Leased { .. } => KEPT,
            Hold::Idle | Hold::Paused { .. } | Hold::Done { .. } => TO_COME,
        };
        let mut ways = self.plan.crossings.iter().zip(&self.passages);
        let is_passed = ways.all(|(way, own)| way.site != crossing.site || own.is_done());
        is_passed
            && (passage.is_locked()
                || !may_be_there && self.plan.is_reached(&passage.forecast, more))
    }

    /// Nothing is held behind the destination any more once the vehicle is there; nor once all its
    /// signals are passed and it has parked, is not heard of or has turned off.
    pub(super) fn note_arrival(&mut self, now: Mono, settings: &Settings, log: &mut Log<'_>) {
        let at = self.plan.crossings.len();
        let Some((crossing, passage)) = self.plan.beyond.as_ref().zip(self.passages.get(at)) else {
            return;
        };
        let ends = self.passages.iter().take(at).map(Passage::done_at);
        let Some(last) = ends
            .reduce(|a, b| a.zip(b).map(|(a, b)| a.max(b)))
            .flatten()
        else {
            return;
        };
        if passage.is_done() || !self.is_driving() {
            return;
        }
        let spot = self.track.spot().filter(|_| self.track.is_sure());
        let is_there = spot.is_some_and(|spot| spot.along + ARRIVED >= self.plan.length);
        let stood = self.track.stood(now).min(now.since(last));
        let waits = self.is_behind_queue((crossing, passage), now, settings);
        let is_parked = stood >= if waits { PARKED_IN_QUEUE } else { PARKED };
        let is_gone =
            self.track.silent(now) > self.track.overdue(settings) || self.track.is_off_route();
        if is_there || is_parked || is_gone {
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
            self.set_state(MissionState::Releasing, now, log);
        }
    }
}
