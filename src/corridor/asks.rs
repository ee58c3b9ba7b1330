//! What a vehicle asks of a signal, and whether it still can.

use super::claims::Purpose;
use super::passage::{Hold, Passage};
use super::track::way;
use super::{Availability, Crossing, LeaseStep, Mission, MissionState, Settings, SiteBoard};
use crate::units::{Millis, Mono, TICK};

/// A vehicle that has stood so long is not on the point of passing, however near it is.
const STANDS: Millis = Millis::from_secs(5);

impl Mission {
    /// What the crossing should be given now.
    pub(super) fn wish<B: SiteBoard>(
        &self,
        at: usize,
        now: Mono,
        settings: &Settings,
        board: &B,
    ) -> Option<(LeaseStep, &Crossing, &Passage)> {
        let crossing = self.plan.places().nth(at)?;
        let passage = self.passages.get(at)?;
        let is_armed = self.state == MissionState::Staging && !self.is_expected(now);
        let from = self.strayed.map(|(_, from)| from);
        let is_kept =
            from.is_some_and(|from| at >= from) && passage.is_locked() && !self.is_replan_late(now);
        let runs = self.is_driving() || self.state == MissionState::Staging || is_kept;
        let rests = !is_armed && self.tenures.rests(crossing.site, now);
        let late = self.is_too_late(crossing, passage, now);
        let needless = self.purpose(at) == Purpose::Stopping
            && (is_armed || !self.is_beyond_needed((crossing, passage), now, settings));
        let usable =
            runs && crossing.can_be_held() && !passage.taken_out && !rests && !late && !needless;
        let wish = usable.then(|| passage.wish(now, crossing, self.plan.preempts, settings))??;
        let wish = if is_armed { LeaseStep::Prepare } else { wish };
        (board.availability(crossing.site) == Availability::Ready)
            .then_some((wish, crossing, passage))
    }

    /// True if the vehicle has been seen to drive on behind the stop line, the last of its convoy too:
    /// no lock can help it there any more. Who stands may stand at a line that is drawn too early.
    fn is_over_line(&self, crossing: &Crossing, now: Mono) -> bool {
        let drives = self.track.stood(now) == Millis::ZERO && self.track.is_sure();
        let line = crossing.stop_line_at + self.plan.convoy;
        drives && self.track.spot().is_some_and(|spot| spot.along > line)
    }

    /// True if no lock is to begin here any more.
    fn is_too_late(&self, crossing: &Crossing, passage: &Passage, now: Mono) -> bool {
        !passage.is_locked() && self.is_over_line(crossing, now)
    }

    /// True if the vehicle is so near to its locked signal that it must not be taken from it: a
    /// crew that is told to expect red is told in time to stop.
    pub(super) fn is_committed(&self, at: usize, now: Mono, settings: &Settings) -> bool {
        let along = self.track.along(now, settings);
        let near = |crossing: &Crossing| {
            along + way(crossing.approach_speed, settings.warning) >= crossing.decision_at
        };
        let moves = self.track.stood(now) < STANDS;
        moves
            && self.is_driving()
            && self.passages.get(at).is_some_and(Passage::is_locked)
            && self.plan.crossings.get(at).is_some_and(near)
    }

    /// True if the vehicle is on its way to this crossing and will ask for it.
    pub(super) fn is_ahead(&self, at: usize, now: Mono) -> bool {
        let asks = |passage: &Passage| match passage.hold {
            Hold::Idle | Hold::Leased { .. } => true,
            Hold::Paused { until, .. } => until <= now,
            Hold::Done { .. } => false,
        };
        let place = self.plan.crossings.get(at).zip(self.passages.get(at));
        self.is_under_way(now)
            && place.is_some_and(|(crossing, passage)| {
                !passage.taken_out && asks(passage) && !self.is_too_late(crossing, passage, now)
            })
    }

    pub(super) fn note_waiting(&mut self, now: Mono) {
        let stands = self.track.stood(now) > Millis::ZERO;
        let next = self.passages.iter_mut().find(|passage| !passage.is_done());
        if let Some(next) = next.filter(|passage| stands && passage.refused_by.is_some()) {
            next.waited += TICK;
        }
    }

    /// How long the vehicle has stood before its next signal while another went first, in all: what
    /// it has waited counts on while it is its turn, or the turn would go back at once.
    pub(super) fn waited(&self) -> Millis {
        let next = self.passages.iter().find(|passage| !passage.is_done());
        next.map_or(Millis::ZERO, |passage| passage.waited)
    }
}
