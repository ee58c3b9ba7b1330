//! What a policy wants, and why.

use serde::{Deserialize, Serialize};

use super::recovery::Exit;
use crate::ids::{CorridorId, GroupId, StageId};
use crate::kernel::ModeWish;
use crate::signal::GroupSet;
use crate::units::Millis;

/// Who wants it. Ordered by precedence, weakest first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyKind {
    /// The plan's stages by the clock, because the plan's own policy lost its turn.
    #[default]
    Fallback,
    /// Fixed time by the programme clock.
    Fixed,
    /// Stages by demand.
    Actuated,
    /// Stages by demand inside a fixed cycle.
    Coordinated,
    /// The same with splits and offset trimmed.
    Trimmed,
    /// Adaptive control.
    Adaptive,
    /// The way back into step after a corridor.
    Recovery,
    /// The everyday bound on anybody's wait.
    MaxWait,
    /// A corridor's lease.
    Corridor,
    /// The bound on anybody's wait while a corridor is held.
    CorridorBound,
    /// The operator's act.
    Manual,
    /// A person at the cabinet: seen, not fought.
    LocalPanel,
}

/// Why it is wanted. One line of text can be made of each, in any language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Nothing is known yet: what runs may go on.
    #[default]
    Hold,
    /// The stage has not had its shortest green.
    StageMin(StageId),
    /// Vehicles still use this group's green.
    Extending(GroupId),
    /// A walk of the stage is given its time.
    Walking(GroupId),
    /// The stage ends: nobody uses it any more and somebody waits elsewhere.
    GapOut(StageId),
    /// The stage ends: it has had its longest green while somebody waited elsewhere.
    MaxOut(StageId),
    /// The programme clock stands in this stage's split.
    Split(StageId),
    /// The coordinated stage holds to its window.
    Window(StageId),
    /// Nobody waits elsewhere.
    Rest(StageId),
    /// The arrivals known are served with the least delay if this stage goes on.
    Serving(StageId),
    /// The arrivals known are served with the least delay if this stage comes now.
    LessDelay(StageId),
    /// A walk is given because its everyday bound would be broken otherwise.
    WalkDue(GroupId, Millis),
    /// A vehicle group is given because its bound would be broken otherwise.
    WaitDue(GroupId, Millis),
    /// The corridor's approach is held.
    Corridor(CorridorId),
    /// The corridor is near: nothing hostile to it is newly started.
    CorridorNear(CorridorId),
    /// The operator wants it.
    Manual,
    /// A person works the panel at the cabinet.
    LocalPanel,
    /// A corridor's hold is over: this is the way back into step.
    Recovering(Exit),
}

/// What a policy wants in this cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// How the site as a whole should be run.
    pub mode: ModeWish,
    /// Groups that should have right of way; all others should not.
    pub groups: GroupSet,
    /// The stage the wish follows, where it follows one.
    pub stage: Option<StageId>,
    /// Who wants it.
    pub source: PolicyKind,
    /// Why.
    pub reason: Reason,
}
