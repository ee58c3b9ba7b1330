//! One crossing of a running mission: what is forecast for it, what is held, how it ended.

use serde::{Deserialize, Serialize};

use super::{Crossing, CrossingState, LeaseStep, Settings, Window};
use crate::ids::CorridorId;
use crate::units::{Millis, Mono, Speed};

/// The speed at which a junction is crossed, for forecasts.
pub(super) const THROUGH: Speed = Speed::from_mm_per_s(8_000);

/// What the last forecast said of a crossing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// When the vehicle is expected at the stop line, as likely earlier as later.
    pub eta: Mono,
    /// When it would be there if no signal and no queue were in its way.
    pub unhindered: Mono,
    /// One drive in ten is there earlier: the lock starts by it.
    pub eta_early: Mono,
    /// One drive in ten is there later: the hold lasts until then, or until the vehicle is through.
    pub eta_late: Mono,
    /// From the expected to the late arrival.
    pub eta_err: Millis,
    /// The latest moment the lock can start and be safe and in time for the early arrival.
    pub start: Mono,
    /// If the vehicle comes as early as it can, its green has to begin then for the queue to be
    /// gone.
    pub green_by: Mono,
    /// Time the queue needs to clear.
    pub flush: Millis,
    /// Time the signal needs to change.
    pub change: Millis,
    /// How much too late the lock would be if it started now and nothing had to wait.
    pub behind: Millis,
    /// Vehicles expected before the vehicle in the fullest lane, thousandths.
    pub queue_milli: u32,
    /// Vehicles of these that are there now.
    pub there: u32,
    /// How much of the expectation is waiting for other corridors at signals before this one.
    pub carried: Millis,
}

/// Why a crossing is not asked for until a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Pause {
    /// The vehicle stood too long before a held green.
    GivenBack,
    /// The hold reached its cap.
    Capped,
    /// The lock has been near for as long as a hold may last: the vehicle does not come. Others go
    /// on as if it were not there, and the lock begins all the same when it is due.
    Relaxed,
}

/// What is asked of the site for this crossing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Hold {
    /// Nothing.
    #[default]
    Idle,
    /// A lease is held: since when at all, as a lock, and read back green.
    Leased {
        since: Mono,
        locked: Option<Mono>,
        green: Option<Mono>,
    },
    /// Nothing, and nothing will be until then.
    Paused { until: Mono, why: Pause },
    /// The vehicle is through, or the crossing was let go for good.
    Done {
        at: Mono,
        through: bool,
        in_step: bool,
    },
}

/// One crossing of a running mission.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Passage {
    pub(super) state: CrossingState,
    pub(super) forecast: Forecast,
    pub(super) hold: Hold,
    pub(super) taken_out: bool,
    pub(super) refused_by: Option<CorridorId>,
    /// How long it has stood here while another went first.
    pub(super) waited: Millis,
    /// What the vehicle will wait here for those who go first.
    pub(super) wait: Millis,
    /// For whom it was last told to wait, and until when.
    pub(super) told: Option<(CorridorId, Mono)>,
    pub(super) late_by: Millis,
    /// It has been said that nothing moves here.
    pub(super) blocked: bool,
    /// Lamps read back green when the driver had to decide; `None` before that.
    pub(super) green_at_decision: Option<bool>,
    /// Time held in all, over every hold of this crossing that has ended.
    pub(super) held: Millis,
}

impl Passage {
    pub(super) const fn is_done(&self) -> bool {
        matches!(self.hold, Hold::Done { .. })
    }

    /// Since when nothing is asked for here any more.
    pub(super) const fn done_at(&self) -> Option<Mono> {
        match self.hold {
            Hold::Done { at, .. } => Some(at),
            Hold::Idle | Hold::Leased { .. } | Hold::Paused { .. } => None,
        }
    }

    pub(super) const fn is_locked(&self) -> bool {
        self.locked_since().is_some()
    }

    pub(super) const fn locked_since(&self) -> Option<Mono> {
        match self.hold {
            Hold::Leased { locked, .. } => locked,
            Hold::Idle | Hold::Paused { .. } | Hold::Done { .. } => None,
        }
    }

    /// Since when the lamps are read back green under the lock.
    pub(super) const fn green_since(&self) -> Option<Mono> {
        match self.hold {
            Hold::Leased { green, .. } => green,
            Hold::Idle | Hold::Paused { .. } | Hold::Done { .. } => None,
        }
    }

    /// The moment from which on nobody is kept from starting because a lock is near.
    pub(super) fn near_cap(&self, crossing: &Crossing, now: Mono) -> Mono {
        match self.hold {
            Hold::Leased { since, .. } => since + crossing.hold_max,
            Hold::Idle | Hold::Paused { .. } | Hold::Done { .. } => now + crossing.hold_max,
        }
    }

    /// What should be asked now; the class decides how far it may go.
    pub(super) fn wish(
        &self,
        now: Mono,
        crossing: &Crossing,
        preempts: bool,
        settings: &Settings,
    ) -> Option<LeaseStep> {
        let start = self.forecast.start;
        let is_near = now + near(crossing, settings) >= start;
        match self.hold {
            Hold::Done { .. } => None,
            Hold::Paused {
                until,
                why: Pause::Relaxed,
            } if now < until => (preempts && now >= start).then_some(LeaseStep::Lock),
            Hold::Paused { until, .. } if now < until => None,
            Hold::Leased {
                locked: Some(_), ..
            } => Some(LeaseStep::Lock),
            Hold::Idle | Hold::Paused { .. } | Hold::Leased { .. } if preempts && now >= start => {
                Some(LeaseStep::Lock)
            }
            Hold::Leased { .. }
                if now + near(crossing, settings) + Millis::from_secs(5) >= start =>
            {
                Some(LeaseStep::Inhibit)
            }
            Hold::Idle | Hold::Paused { .. } | Hold::Leased { .. } => {
                is_near.then_some(LeaseStep::Inhibit)
            }
        }
    }

    /// The same hold for another purpose.
    pub(super) fn held_only(self) -> Self {
        Self {
            hold: self.hold,
            held: self.held,
            taken_out: self.taken_out,
            forecast: self.forecast,
            ..Self::default()
        }
    }

    /// The site was given this step.
    pub(super) fn granted(&mut self, step: LeaseStep, now: Mono) {
        self.refused_by = None;
        self.wait = Millis::ZERO;
        self.told = None;
        if step == LeaseStep::Prepare {
            return;
        }
        let (since, locked, green) = match self.hold {
            Hold::Leased {
                since,
                locked,
                green,
            } => (since, locked, green),
            Hold::Idle | Hold::Paused { .. } | Hold::Done { .. } => (now, None, None),
        };
        let locked = match step {
            LeaseStep::Lock => locked.or(Some(now)),
            LeaseStep::Inhibit | LeaseStep::Prepare => locked,
        };
        self.hold = Hold::Leased {
            since,
            locked,
            green,
        };
    }

    /// Time the running hold has been locked.
    pub(super) fn held_now(&self, now: Mono) -> Millis {
        match self.hold {
            Hold::Leased {
                locked: Some(since),
                ..
            } => now.since(since),
            Hold::Leased { locked: None, .. }
            | Hold::Idle
            | Hold::Paused { .. }
            | Hold::Done { .. } => Millis::ZERO,
        }
    }

    /// Ends a hold, if there is one, in favour of `next`.
    pub(super) fn end(&mut self, now: Mono, next: Hold) {
        self.held += self.held_now(now);
        self.hold = next;
    }

    /// When the crossing is expected to be held.
    pub(super) fn window(&self, crossing: &Crossing) -> Window {
        let from = match self.hold {
            Hold::Leased {
                locked: Some(since),
                ..
            } => since,
            Hold::Leased { locked: None, .. }
            | Hold::Idle
            | Hold::Paused { .. }
            | Hold::Done { .. } => self.forecast.start,
        };
        let tail = (crossing.passed_at - crossing.stop_line_at).time_at(THROUGH);
        Window {
            from,
            until: self.forecast.eta + tail,
        }
    }

    /// When the vehicle is through. Before the lock the latest that can be expected: who is served
    /// then costs it less than who is served at the last moment.
    pub(super) fn through_by(&self, crossing: &Crossing, step: LeaseStep) -> Mono {
        let until = self.window(crossing).until;
        match step {
            LeaseStep::Prepare | LeaseStep::Inhibit => until + self.forecast.eta_err,
            LeaseStep::Lock => until,
        }
    }

    /// When the hold is expected to end, at its cap at the latest; `None` if there is none.
    pub(super) fn hold_until(&self, crossing: &Crossing, now: Mono, cap: Mono) -> Option<Mono> {
        let until = self.window(crossing).until.max(now);
        matches!(self.hold, Hold::Leased { .. }).then(|| until.min(cap))
    }
}

/// How long before the lock the site is told that it comes.
fn near(crossing: &Crossing, settings: &Settings) -> Millis {
    settings.inhibit.max(crossing.notice.min(settings.lead_max))
}
