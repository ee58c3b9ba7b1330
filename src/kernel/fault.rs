//! Faults, what the site does about each, and what has to happen before it stops.

use serde::{Deserialize, Serialize};

use super::Concern;
use super::notes::{Event, Tell};
use crate::ids::GroupId;
use crate::units::{Millis, Mono};

/// Room for active faults. If more come, the stronger ones stay.
pub const FAULTS_MAX: usize = 16;

/// Waits before the site is taken back after the cabinet was lost, by number of losses (I14).
const BACK_OFF: [Millis; 6] = [
    Millis::from_secs(5),
    Millis::from_secs(60),
    Millis::from_secs(120),
    Millis::from_secs(300),
    Millis::from_secs(900),
    Millis::from_secs(1800),
];

/// After this long without a loss the next one counts as the first.
const CALM: Millis = Millis::from_secs(1800);

/// What the site does about a fault, weakest first. Of several the strongest is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Response {
    /// Written down and shown, nothing else.
    Note,
    /// The groups wanted last stay wanted; the last fence still holds.
    HoldStage,
    /// The fixed plan should run. The kernel serves any request all the same.
    FixedTime,
    /// Everything red, reached through legal clearances.
    AllRed,
    /// Flashing amber at once, or dark where the site says so.
    Flash,
    /// Nothing lit.
    Dark,
}

/// What has to happen before a fault stops counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClearWhen {
    /// The cause is gone; after the loss of a cabinet with a growing back-off.
    ConditionGone,
    /// The cause is gone and a person has said so.
    OperatorReset,
    /// The program was started anew, by a person on site.
    PowerCycle,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FaultKind {
    /// The cabinet is silent, starts up or runs its local plan.
    CabinetLost,
    /// The cabinet restarted while it followed us.
    CabinetRestarted,
    /// A person works the panel at the cabinet.
    LocalManual,
    /// The hardware monitor of the cabinet tripped.
    MonitorTripped,
    /// Green was read back on a group that should not have it, or a pattern that may hide one.
    WrongGreen(GroupId),
    /// Both groups were read back with right of way.
    HostileGreens(GroupId, GroupId),
    /// Another wrong indication was read back.
    WrongLamp(GroupId),
    /// The red lamp of the group does not light.
    RedLost(GroupId),
    /// An amber or green lamp of the group does not light.
    LampOut(GroupId),
    /// The kernel's own last look found hostile groups lit together.
    InternalConflict(GroupId, GroupId),
    /// The time given to a step was not later than the time of the step before.
    ClockStuck,
    /// The clock has stood still for many steps.
    ClockLost,
    /// The rest of the program has found something out.
    Reported(Concern),
}

impl FaultKind {
    /// What the site does about it.
    #[must_use]
    pub const fn response(self) -> Response {
        match self {
            Self::LocalManual | Self::LampOut(_) | Self::ClockStuck => Response::Note,
            Self::Reported(Concern::InputsFrozen) => Response::HoldStage,
            Self::Reported(Concern::PolicyFailed) => Response::FixedTime,
            Self::Reported(Concern::SafetyDataChange) => Response::AllRed,
            Self::CabinetLost
            | Self::CabinetRestarted
            | Self::MonitorTripped
            | Self::WrongGreen(_)
            | Self::HostileGreens(..)
            | Self::WrongLamp(_)
            | Self::RedLost(_)
            | Self::ClockLost
            | Self::InternalConflict(..)
            | Self::Reported(Concern::ConfigMismatch) => Response::Flash,
        }
    }

    /// What has to happen before it stops counting.
    #[must_use]
    pub const fn clear_when(self) -> ClearWhen {
        match self {
            Self::CabinetLost
            | Self::CabinetRestarted
            | Self::LocalManual
            | Self::LampOut(_)
            | Self::ClockStuck
            | Self::Reported(
                Concern::InputsFrozen | Concern::PolicyFailed | Concern::SafetyDataChange,
            ) => ClearWhen::ConditionGone,
            Self::MonitorTripped
            | Self::WrongGreen(_)
            | Self::HostileGreens(..)
            | Self::WrongLamp(_)
            | Self::RedLost(_)
            | Self::Reported(Concern::ConfigMismatch) => ClearWhen::OperatorReset,
            Self::InternalConflict(..) | Self::ClockLost => ClearWhen::PowerCycle,
        }
    }

    /// True for the faults that clear by themselves after a back-off.
    #[must_use]
    pub const fn is_loss_of_cabinet(self) -> bool {
        matches!(self, Self::CabinetLost | Self::CabinetRestarted)
    }
}

/// An active fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// Active since.
    pub since: Mono,
    /// The cause is gone since; `None` while it persists.
    pub gone: Option<Mono>,
}

/// The active faults of a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Faults {
    active: [Fault; FAULTS_MAX],
    count: u8,
    losses: u8,
    lost_last: Mono,
    dropped: u32,
}

impl Faults {
    pub(super) fn none() -> Self {
        let filler = Fault {
            kind: FaultKind::ClockStuck,
            since: Mono::ZERO,
            gone: None,
        };
        Self {
            active: [filler; FAULTS_MAX],
            count: 0,
            losses: 0,
            lost_last: Mono::ZERO,
            dropped: 0,
        }
    }

    pub(super) fn active(&self) -> &[Fault] {
        self.active
            .get(..usize::from(self.count))
            .unwrap_or_default()
    }

    pub(super) const fn dropped(&self) -> u32 {
        self.dropped
    }

    /// The strongest response of the active faults that `counts` accepts.
    pub(super) fn strongest(&self, counts: impl Fn(FaultKind) -> bool) -> Option<Response> {
        let kinds = self.active().iter().map(|fault| fault.kind);
        kinds
            .filter(|kind| counts(*kind))
            .map(FaultKind::response)
            .max()
    }

    pub(super) fn has(&self, counts: impl Fn(FaultKind) -> bool) -> bool {
        self.active().iter().any(|fault| counts(fault.kind))
    }

    /// The cause of `kind` is there.
    pub(super) fn raise(&mut self, kind: FaultKind, now: Mono, tell: &mut impl Tell) {
        let count = usize::from(self.count);
        let known = self.active.iter_mut().take(count).find(|f| f.kind == kind);
        if let Some(fault) = known {
            fault.gone = None;
            return;
        }
        if kind.is_loss_of_cabinet() && !self.has(FaultKind::is_loss_of_cabinet) {
            let calm = now.since(self.lost_last) >= CALM;
            self.losses = if calm {
                1
            } else {
                self.losses.saturating_add(1)
            };
        }
        let fault = Fault {
            kind,
            since: now,
            gone: None,
        };
        let weaker = |f: &&mut Fault| f.kind.response() < kind.response();
        if let Some(place) = self.active.get_mut(count) {
            *place = fault;
            self.count = self.count.saturating_add(1);
        } else if let Some(place) = self.active.iter_mut().find(weaker) {
            *place = fault;
            self.dropped = self.dropped.saturating_add(1);
        } else {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        tell.event(Event::FaultRaised(fault));
    }

    /// Marks the faults whose cause is gone and drops those that may be cleared (I14).
    pub(super) fn settle(
        &mut self,
        now: Mono,
        reset: bool,
        is_present: impl Fn(FaultKind) -> bool,
        tell: &mut impl Tell,
    ) {
        let mut at = 0;
        while at < usize::from(self.count) {
            let back_off = self.back_off();
            let Some(fault) = self.active.get_mut(at) else {
                return;
            };
            fault.gone = match fault.gone {
                _ if is_present(fault.kind) => None,
                None => Some(now),
                since => since,
            };
            if i14_may_clear(*fault, now, reset, back_off) {
                let fault = *fault;
                self.remove(at);
                if fault.kind.is_loss_of_cabinet() {
                    self.lost_last = now;
                }
                tell.event(Event::FaultCleared(fault));
            } else {
                at = at.saturating_add(1);
            }
        }
    }

    fn back_off(&self) -> Millis {
        let level = usize::from(self.losses.saturating_sub(1));
        let last = BACK_OFF.last().copied().unwrap_or(CALM);
        BACK_OFF.get(level).copied().unwrap_or(last)
    }

    fn remove(&mut self, at: usize) {
        let count = usize::from(self.count);
        if let Some(rest) = self.active.get_mut(at..count) {
            rest.rotate_left(1);
            self.count = self.count.saturating_sub(1);
        }
    }
}

/// I14: a fault stays until its own rule lets it go.
fn i14_may_clear(fault: Fault, now: Mono, reset: bool, back_off: Millis) -> bool {
    let Some(gone) = fault.gone else {
        return false;
    };
    match fault.kind.clear_when() {
        ClearWhen::ConditionGone if fault.kind.is_loss_of_cabinet() => now.since(gone) >= back_off,
        ClearWhen::ConditionGone => true,
        ClearWhen::OperatorReset => reset,
        ClearWhen::PowerCycle => false,
    }
}
