//! What people and dispatch systems may ask of a running city. Read once, at the start of a cycle.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::corridor::{CancelReason, CorridorPlan, Fix};
use crate::ids::{CorridorId, SiteId};
use crate::policy::Manual;

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
    /// A person on site resets latched faults.
    ResetFaults(SiteId),
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Carried out.
    Done,
    /// Refused, and nothing was changed: a code and what it is about.
    Refused(String),
}
