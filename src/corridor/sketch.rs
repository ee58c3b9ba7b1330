//! A site drawn with few lines: what a preview needs to run it on for a few minutes.

use serde::{Deserialize, Serialize};

use crate::signal::GroupSet;
use crate::units::Millis;

/// One lane of a site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneSketch {
    /// The groups its vehicles obey.
    pub groups: GroupSet,
    /// Whom they yield to while both are green.
    pub yields: GroupSet,
    /// It belongs to the vehicle's approach.
    pub own: bool,
    /// It leads where the vehicle goes.
    pub leads: bool,
    /// Vehicles that wait now.
    pub queue: u16,
    /// Vehicles that arrive, per hour.
    pub flow_per_h: u32,
    /// How long its first vehicle has waited.
    pub waited: Millis,
}

/// One stage of the plan that is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageSketch {
    /// The groups with right of way.
    pub groups: GroupSet,
    /// Its shortest green.
    pub green_min: Millis,
    /// Its green in a plan with a cycle, its longest green otherwise.
    pub green: Millis,
    /// The change to the next stage, for those who drive.
    pub change: Millis,
    /// So long after its start everybody who set off on foot is across, and nothing but the change
    /// stands in the way of the held groups; zero if nobody walks against them.
    pub walked: Millis,
    /// It comes in every round, wanted or not.
    pub recall: bool,
}

/// A site as a preview runs it on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteSketch {
    /// Its lanes.
    pub lanes: Vec<LaneSketch>,
    /// The stages of the plan that is due, in order.
    pub stages: Vec<StageSketch>,
    /// Stages last as long as the plan says, and not as long as they are wanted.
    pub clocked: bool,
    /// The place of the running stage and the time since its start; `None` if nobody knows, so that
    /// every moment of the round is as likely as any other.
    pub at: Option<(usize, Millis)>,
    /// What has right of way while the vehicle is let through.
    pub held: GroupSet,
}
