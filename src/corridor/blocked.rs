//! A vehicle that stands at its own green, and signals where nothing moves.

use alloc::sync::Arc;

use super::event::{Log, What};
use super::forecast::is_exit_full;
use super::passage::Passage;
use super::settings::JAM_SPACING_MM;
use super::{Crossing, Mission, Settings, SiteBoard};
use crate::units::{Length, Mono};

/// So many vehicles more may stand before a stop line than are counted there.
const QUEUE_SLACK: u32 = 5;
/// Places behind a queue that it blocks: who stands in them cannot get out.
const OWN_PLACES: u32 = 2;

impl Mission {
    /// The vehicle stands before its own green.
    pub(super) fn is_blocked(&self, now: Mono, settings: &Settings) -> bool {
        let mut places = self.plan.crossings.iter().zip(&self.passages);
        let next = places.find(|(_, passage)| !passage.is_done());
        next.is_some_and(|(crossing, passage)| {
            let green = passage.green_since();
            green.is_some_and(|since| now.since(since) > settings.blocked)
                && self.track.stood(now) > settings.blocked
                && self.is_in_queue((crossing, passage), now, settings)
        })
    }

    /// True if the vehicle is where the queue of `crossing` may reach: what it stands for further
    /// away is not the signal.
    fn is_in_queue(
        &self,
        (crossing, passage): (&Crossing, &Passage),
        now: Mono,
        settings: &Settings,
    ) -> bool {
        let queued = passage.forecast.queue_milli / 1000;
        self.is_within(crossing, queued + QUEUE_SLACK, now, settings)
    }

    /// True if the queue of `crossing` reaches back to the vehicle, with a place for itself.
    pub(super) fn is_behind_queue(
        &self,
        (crossing, passage): (&Crossing, &Passage),
        now: Mono,
        settings: &Settings,
    ) -> bool {
        let queued = passage.forecast.queue_milli / 1000;
        queued > 0 && self.is_within(crossing, queued + OWN_PLACES, now, settings)
    }

    /// True if a queue of so many vehicles reaches back to where the vehicle is.
    fn is_within(&self, crossing: &Crossing, places: u32, now: Mono, settings: &Settings) -> bool {
        let reach = Length::from_mm(places.saturating_mul(JAM_SPACING_MM));
        crossing.stop_line_at <= self.track.along(now, settings) + reach
    }

    /// Says once a signal where nothing moves though it is green: the vehicle stands before it, or
    /// the road behind it has been full for as long.
    pub(super) fn note_blocked<B: SiteBoard>(
        &mut self,
        now: Mono,
        settings: &Settings,
        board: &B,
        log: &mut Log<'_>,
    ) {
        let Some(at) = self.passages.iter().position(|passage| !passage.is_done()) else {
            return;
        };
        let plan = Arc::clone(&self.plan);
        let place = plan.crossings.get(at).zip(self.passages.get(at));
        let stands = self.track.stood(now) >= settings.stand
            && place.is_some_and(|place| self.is_in_queue(place, now, settings));
        let (Some(crossing), Some(passage)) = (plan.crossings.get(at), self.passages.get_mut(at))
        else {
            return;
        };
        let is_old = |since: Mono| now.since(since) > settings.stand;
        if passage.blocked || !passage.green_since().is_some_and(is_old) {
            return;
        }
        let ahead = plan.crossings.get(at + 1);
        let full = ahead.is_some_and(|ahead| {
            let queue = board.queue(ahead.site, ahead.approach);
            queue.standing && is_exit_full(ahead, passage.forecast.queue_milli, board)
        });
        if stands || full {
            passage.blocked = true;
            log.add(now, What::Blocked(crossing.site));
        }
    }
}
