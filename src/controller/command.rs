//! What people and dispatch systems may ask of a running city. Read once, at the start of a cycle.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::corridor::{CancelReason, CorridorPlan, Fix};
use crate::ids::{CorridorId, PlanId, SiteId};
use crate::policy::Manual;
use crate::units::{Millis, Mono};

/// More commands than this in one cycle wait for the next one.
pub const COMMANDS_MAX: usize = 16;

/// One act. It carries everything it needs, so that the journal can repeat it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Open a corridor, armed until its vehicle moves.
    OpenCorridor(Arc<CorridorPlan>),
    /// Follow a new revision of a corridor's plan.
    ReplaceCorridor(Arc<CorridorPlan>),
    /// End a corridor; every site returns to its plan.
    CancelCorridor(CorridorId, CancelReason),
    /// Take one site out of a corridor, for the rest of it.
    TakeOut(CorridorId, SiteId),
    /// The crew says it has passed a site.
    Passed(CorridorId, SiteId),
    /// A position of a vehicle.
    Fix(String, Fix),
    /// Put a site under the operator's hand; this also takes it out of any corridor.
    Manual(SiteId, Manual),
    /// Give a site back to its plan.
    ReleaseManual(SiteId),
    /// Let the sites of an arterial run a plan made for each other, for a bounded time.
    Wave(Arc<Wave>),
    /// End a wave before its time.
    EndWave(String),
    /// A person on site resets latched faults.
    ResetFaults(SiteId),
}

/// A wave of an arterial: plain coordination, for a bounded time. Nobody is preempted, and every
/// bound on anybody's wait holds as always.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wave {
    /// Name in `city.toml`.
    pub id: String,
    /// The sites, and the plan that each of them runs instead of the one that is due.
    pub sites: Vec<(SiteId, PlanId)>,
    /// When it ends by itself.
    pub until: Mono,
}

/// No wave lasts longer than this.
pub const WAVE_MAX: Millis = Millis::from_secs(4 * 3600);

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Carried out.
    Done,
    /// Refused, and nothing was changed: a code and what it is about.
    Refused(String),
}
