//! One vehicle's corridor while it runs.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use super::acts::pass;
use super::drive::Drive;
use super::event::{LeaseEnd, Log, What};
use super::forecast::{Here, forecast};
use super::pace::Paces;
use super::passage::{Hold, Passage, Pause};
use super::shown::{SHOW_PASSED, shown_state};
use super::stray::Stray;
use super::tenure::Tenures;
use super::track::Track;
use super::{
    Availability, CorridorPlan, Crossing, CrossingState, MissionState, Settings, SiteBoard,
};
use crate::units::{Length, Millis, Mono};

/// Time between two forecasts.
const FORECAST_EVERY: Millis = Millis::from_secs(1);
/// After a wrong turn, what every likely way still passes is held this long for a new plan.
const REPLAN_MAX: Millis = Millis::from_secs(3);
/// A signal is said to be later than it was said before from so much on.
const LATE_STEP: Millis = Millis::from_secs(2);
/// A signal late by less than this is not worth a word.
const LATE_MIN: Millis = Millis::from_secs(1);

/// One vehicle's corridor while it runs, and for a while after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mission {
    pub(super) plan: Arc<CorridorPlan>,
    pub(super) state: MissionState,
    /// Since when the state holds.
    pub(super) since: Mono,
    pub(super) opened: Mono,
    pub(super) track: Track,
    pub(super) passages: Vec<Passage>,
    pub(super) next_forecast: Mono,
    pub(super) drive: Drive,
    /// Since when the vehicle is off its route, and the first crossing that is kept for it.
    pub(super) strayed: Option<(Mono, usize)>,
    /// When it was last seen that it could not set off.
    pub(super) hindered: Option<Mono>,
    /// Rank of its class in the city's policy; lower goes first.
    pub(super) rank: u8,
    pub(super) tenures: Tenures,
}

impl Mission {
    pub(super) fn new(plan: Arc<CorridorPlan>, rank: u8, now: Mono) -> Self {
        let passages = vec![Passage::default(); plan.places().count()];
        let mut tenures = Tenures::default();
        tenures.open(plan.places().map(|crossing| crossing.site));
        Self {
            plan,
            state: MissionState::Confirmed,
            since: now,
            opened: now,
            track: Track::default(),
            passages,
            next_forecast: now,
            drive: Drive::default(),
            strayed: None,
            hindered: None,
            rank,
            tenures,
        }
    }

    /// The plan that runs.
    #[must_use]
    pub fn plan(&self) -> &Arc<CorridorPlan> {
        &self.plan
    }

    /// Where the mission stands.
    #[must_use]
    pub const fn state(&self) -> MissionState {
        self.state
    }

    /// Since when the state holds.
    #[must_use]
    pub const fn since(&self) -> Mono {
        self.since
    }

    /// Where the vehicle is if it has left its route and no new plan runs yet.
    #[must_use]
    pub fn stray(&self) -> Option<Stray> {
        self.strayed.and_then(|_| self.track.stray())
    }

    /// A position was believed: what the drive teaches of the roads.
    pub(super) fn learn(&mut self, paces: &mut Paces) {
        if let Some(spot) = self.track.spot() {
            self.drive.follow(&self.plan, spot, paces);
        }
    }

    /// True while crossings may be asked for.
    pub(super) const fn is_driving(&self) -> bool {
        matches!(self.state, MissionState::Active | MissionState::Holding)
    }

    pub(super) fn set_state(&mut self, state: MissionState, now: Mono, log: &mut Log<'_>) {
        if self.state != state {
            log.add(now, What::Mission(self.state, state));
            self.state = state;
            self.since = now;
        }
    }

    /// One cycle up to the wishes: where the vehicle is, what it has passed, what is due.
    pub(super) fn advance<B: SiteBoard>(
        &mut self,
        now: Mono,
        (settings, paces): (&Settings, &Paces),
        board: &B,
        log: &mut Log<'_>,
    ) {
        if self.state.is_over() {
            return;
        }
        self.keep_accounts(now, settings);
        self.note_waiting(now);
        if now >= self.plan.expires {
            self.finish(MissionState::Expired, now, log);
            return;
        }
        self.note_arrival(now, settings, log);
        self.follow_vehicle(now, settings, log);
        if self.is_driving() || self.state == MissionState::Staging {
            self.note_passing(now, settings, log);
        }
        if now >= self.next_forecast && !self.state.is_over() {
            self.forecast(now, (settings, paces), board);
        }
        if self.is_driving() {
            self.note_blocked(now, settings, board, log);
        }
        if self.is_driving() || self.state == MissionState::Staging {
            self.end_holds(now, settings, board, log);
        }
        self.recover(now, settings, board, log);
    }

    fn keep_accounts(&mut self, now: Mono, settings: &Settings) {
        let places = || self.plan.places().zip(&self.passages);
        let locked_since = |site| {
            let own = places().filter(|(crossing, _)| crossing.site == site);
            own.filter_map(|(_, passage)| passage.locked_since()).min()
        };
        self.tenures.look(locked_since, now, settings.reservice);
    }

    /// The moment from which on no lease for this crossing may live: of a lock by what the corridor
    /// has had of the whole controller.
    pub(super) fn cap(&self, (crossing, passage): (&Crossing, &Passage), now: Mono) -> Mono {
        if passage.is_locked() {
            self.tenures.cap(crossing.site, crossing.hold_max, now)
        } else {
            passage.near_cap(crossing, now)
        }
    }

    /// The state machine of the mission as far as the vehicle drives it.
    fn follow_vehicle(&mut self, now: Mono, settings: &Settings, log: &mut Log<'_>) {
        let silent = self.track.silent(now);
        let overdue = self.track.overdue(settings);
        let lost_after = self.lost_after(settings);
        match self.state {
            MissionState::Requested | MissionState::Confirmed => {
                self.set_state(MissionState::Staging, now, log);
            }
            MissionState::Staging => {
                if self.track.has_left() {
                    self.depart(now, log);
                } else if self.is_expected(now) {
                    self.note_hindered(now, settings);
                } else {
                    self.let_go(now, LeaseEnd::NotYet, log);
                }
            }
            MissionState::Active | MissionState::Holding => {
                if self.track.is_off_route() {
                    self.leave_route(now, log);
                    self.set_state(MissionState::Degraded, now, log);
                } else if silent > lost_after {
                    self.let_go(now, LeaseEnd::Lost, log);
                    self.set_state(MissionState::Degraded, now, log);
                } else if silent > overdue {
                    self.set_state(MissionState::Holding, now, log);
                } else {
                    self.set_state(MissionState::Active, now, log);
                }
            }
            MissionState::Degraded => {
                let found = self.track.is_sure() && !self.track.is_off_route();
                if found && silent <= overdue {
                    self.strayed = None;
                    self.set_state(MissionState::Active, now, log);
                    self.next_forecast = now;
                } else if self.is_replan_late(now) {
                    self.let_go(now, LeaseEnd::Lost, log);
                } else if now.since(self.since) > settings.lost_max {
                    self.finish(MissionState::Failed, now, log);
                }
            }
            MissionState::Releasing
            | MissionState::Recovering
            | MissionState::Completed
            | MissionState::Cancelled
            | MissionState::Expired
            | MissionState::Failed => {}
        }
    }

    /// Without a position the expected arrival is held this long; longer where none is expected.
    fn lost_after(&self, settings: &Settings) -> Millis {
        let along = self.track.spot().map_or(Length::ZERO, |spot| spot.along);
        let at = self.plan.links.partition_point(|l| l.ends_at <= along);
        let shadow = self.plan.links.get(at).is_some_and(|link| link.shadow);
        let longer = if shadow {
            settings.shadow
        } else {
            Millis::ZERO
        };
        self.track.lost_after(settings) + longer
    }

    /// A wrong turn: the signal it was taken at and the next one on the route cannot be reached by
    /// it any more; those further on may be, and are kept until a new plan can be there.
    fn leave_route(&mut self, now: Mono, log: &mut Log<'_>) {
        log.add(now, What::Strayed);
        let left_at = self.track.left_at(&self.plan);
        let missed = |crossing: &Crossing| crossing.stop_line_at > left_at;
        let next = self.plan.crossings.iter().position(missed);
        let keeps = next.map_or(usize::MAX, |next| next + 1);
        self.strayed = Some((now, keeps));
        let plan = Arc::clone(&self.plan);
        let lost = plan.places().zip(&mut self.passages).take(keeps);
        for (crossing, passage) in lost {
            if matches!(passage.hold, Hold::Leased { .. }) {
                passage.end(now, Hold::Idle);
                log.add(now, What::LeaseEnded(crossing.site, LeaseEnd::Unreachable));
            }
        }
    }

    pub(super) fn is_replan_late(&self, now: Mono) -> bool {
        self.strayed
            .is_some_and(|(since, _)| now.since(since) > REPLAN_MAX)
    }

    fn depart(&mut self, now: Mono, log: &mut Log<'_>) {
        self.set_state(MissionState::Active, now, log);
        self.next_forecast = now;
    }

    /// Crossings are passed by a position behind the stop line that is moved forward, by its own
    /// speed only, to where the last vehicle of the convoy is out.
    fn note_passing(&mut self, now: Mono, settings: &Settings, log: &mut Log<'_>) {
        let Some(spot) = self.track.spot() else {
            return;
        };
        let along = self.track.along(now, settings);
        let doubt = self.track.standing_doubt(now);
        let plan = Arc::clone(&self.plan);
        for (crossing, passage) in plan.crossings.iter().zip(&mut self.passages) {
            if passage.is_done() {
                continue;
            }
            if passage.green_at_decision.is_none() && along >= crossing.decision_at {
                passage.green_at_decision = Some(passage.state == CrossingState::GreenHeld);
            }
            let out = crossing.passed_at + doubt;
            let over = spot.along >= crossing.stop_line_at && along >= out;
            if over && self.track.is_sure() {
                pass(crossing, passage, now, log);
            }
        }
    }

    pub(super) fn forecast<B: SiteBoard>(
        &mut self,
        now: Mono,
        (settings, paces): (&Settings, &Paces),
        board: &B,
    ) {
        let stands_by = self.state == MissionState::Staging;
        let here = Here {
            now,
            from: self
                .plan
                .departs
                .filter(|_| stands_by)
                .unwrap_or(now)
                .max(now),
            paces,
            share: self.drive.share(),
            along: self.track.along(now, settings),
            clock: self.track.clock(&self.plan, now, settings),
            age: self.track.age(now),
            blocked: self.is_blocked(now, settings),
        };
        forecast(&self.plan, &here, settings, board, &mut self.passages);
        self.next_forecast = now + FORECAST_EVERY;
    }

    /// Ends the holds whose reason or time has run out.
    fn end_holds<B: SiteBoard>(
        &mut self,
        now: Mono,
        settings: &Settings,
        board: &B,
        log: &mut Log<'_>,
    ) {
        let stands = self.track.stood(now) >= settings.stand;
        let plan = Arc::clone(&self.plan);
        for (crossing, passage) in plan.places().zip(&mut self.passages) {
            let Hold::Leased { green, .. } = passage.hold else {
                continue;
            };
            let old = green.is_some_and(|since| now.since(since) > settings.give_back_green);
            let is_spent = if passage.is_locked() {
                now >= self.tenures.cap(crossing.site, crossing.hold_max, now)
                    || self.tenures.rests(crossing.site, now)
            } else {
                now >= passage.near_cap(crossing, now)
            };
            let (end, next) = if is_spent && passage.is_locked() {
                let until = now + settings.reservice;
                let why = Pause::Capped;
                self.tenures.rest(crossing.site, until);
                (LeaseEnd::Capped, Hold::Paused { until, why })
            } else if is_spent {
                let until = now + settings.give_back_off;
                let why = Pause::Relaxed;
                (LeaseEnd::NotYet, Hold::Paused { until, why })
            } else if stands && old {
                let until = now + settings.give_back_off;
                let why = Pause::GivenBack;
                (LeaseEnd::GivenBack, Hold::Paused { until, why })
            } else if board.availability(crossing.site) != Availability::Ready {
                (LeaseEnd::Unavailable, Hold::Idle)
            } else {
                continue;
            };
            passage.end(now, next);
            log.add(now, What::LeaseEnded(crossing.site, end));
        }
    }

    /// After the leases are given: what is shown, what was late, what comes next.
    pub(super) fn settle<B: SiteBoard>(&mut self, now: Mono, board: &B, log: &mut Log<'_>) {
        let lost = self.state == MissionState::Degraded || self.state.is_over();
        let drives = self.is_driving() || self.state == MissionState::Staging;
        let plan = Arc::clone(&self.plan);
        for (at, (crossing, passage)) in plan.places().zip(&mut self.passages).enumerate() {
            if let Hold::Leased { green, locked, .. } = &mut passage.hold {
                let shown =
                    locked.is_some() && board.green_read_back(crossing.site, crossing.groups);
                *green = if shown { green.or(Some(now)) } else { None };
            }
            let behind = passage.forecast.behind;
            let said = passage.late_by;
            let is_news = behind > LATE_MIN && (said == Millis::ZERO || behind > said + LATE_STEP);
            let waits = drives && !passage.is_done() && passage.green_since().is_none();
            if is_news && waits && crossing.can_be_held() && at < plan.crossings.len() {
                passage.late_by = behind;
                log.add(now, What::Late(crossing.site, behind));
            }
            let state = shown_state(crossing, passage, now, board);
            let state = if lost && state == CrossingState::Pending {
                CrossingState::Released
            } else {
                state
            };
            if state != passage.state {
                log.add(now, What::Crossing(crossing.site, passage.state, state));
                passage.state = state;
            }
        }
    }

    /// From the last crossing to the end: release, recovery, completion.
    fn recover<B: SiteBoard>(
        &mut self,
        now: Mono,
        settings: &Settings,
        board: &B,
        log: &mut Log<'_>,
    ) {
        let plan = Arc::clone(&self.plan);
        let mut all_done = true;
        let mut all_in_step = true;
        for (crossing, passage) in plan.places().zip(&mut self.passages) {
            if let Hold::Done { at, in_step, .. } = &mut passage.hold {
                let waited = now.since(*at);
                *in_step |= waited > SHOW_PASSED && board.in_step(crossing.site)
                    || waited > settings.recovery_max;
                all_in_step &= *in_step;
            } else {
                all_done = false;
            }
        }
        if self.is_driving() && all_done {
            self.set_state(MissionState::Releasing, now, log);
        } else if self.state == MissionState::Releasing {
            self.set_state(MissionState::Recovering, now, log);
        } else if self.state == MissionState::Recovering && all_in_step {
            self.set_state(MissionState::Completed, now, log);
        }
    }

    /// Ends every hold; crossings not passed may be asked for again.
    pub(super) fn let_go(&mut self, now: Mono, why: LeaseEnd, log: &mut Log<'_>) {
        let plan = Arc::clone(&self.plan);
        for (crossing, passage) in plan.places().zip(&mut self.passages) {
            if matches!(passage.hold, Hold::Leased { .. }) {
                passage.end(now, Hold::Idle);
                log.add(now, What::LeaseEnded(crossing.site, why));
            }
        }
    }

    /// Ends the mission for good.
    pub(super) fn finish(&mut self, state: MissionState, now: Mono, log: &mut Log<'_>) {
        self.let_go(now, LeaseEnd::Over, log);
        self.set_state(state, now, log);
    }
}
