//! The numbers of adaptive control: one set for every network, with defaults that need no tuning.

use serde::{Deserialize, Serialize};

/// What adaptive control assumes of drivers, and how far it looks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tuning {
    /// Time between two vehicles that leave a queue in a protected movement.
    pub headway_s: f32,
    /// The same in a lane where some vehicles yield.
    pub headway_mixed_s: f32,
    /// The same in a lane where all vehicles yield.
    pub headway_yielding_s: f32,
    /// Lost at the start of green by the first vehicle of a queue.
    pub start_loss_s: f32,
    /// Part of the amber that is driven through by vehicles that were not held up. When they come is
    /// known less well than when a queue leaves.
    pub amber_used_s: f32,
    /// The same for vehicles that leave a queue.
    pub amber_queue_s: f32,
    /// A platoon ends where nobody follows for so long.
    pub gap_s: f32,
    /// The same for the longer of the greens that are tried: the platoon after the first one too.
    pub gap_longer_s: f32,
    /// Longest green that the search plans ahead.
    pub green_max_s: f32,
    /// A delay longer than this is a stop.
    pub stop_threshold_s: f32,
    /// Weight of the time lost by braking and accelerating.
    pub stop_weight: f32,
    /// Speed of free driving as a share of the limit; who drives faster is taken at their own.
    pub cruise: f32,
    /// How drivers accelerate.
    pub acceleration_mps2: f32,
    /// Time until a standing driver moves.
    pub reaction_s: f32,
    /// Longest red of a movement somebody waits for.
    pub red_max_s: f32,
    /// A head that stands on green for so long without anybody leaving is stuck.
    pub stuck_s: f32,
    /// A stuck lane is not counted on for so long.
    pub stuck_block_s: f32,
    /// A movement into a full road is not counted on for so long.
    pub exit_block_s: f32,
    /// The next green waits at most so long for vehicles that stand in the junction.
    pub box_hold_s: f32,
    /// How many persons a walk's demand counts as.
    pub walk_weight: f32,
    /// How strongly a head that does not move on its green is taken to want another one, 0 to 1.
    pub head_evidence: f32,
    /// Stages that complete a candidate sequence.
    pub completion: u8,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            headway_s: 1.7,
            headway_mixed_s: 2.3,
            headway_yielding_s: 3.0,
            start_loss_s: 0.5,
            amber_used_s: 1.0,
            amber_queue_s: 1.5,
            gap_s: 4.0,
            gap_longer_s: 20.0,
            green_max_s: 60.0,
            stop_threshold_s: 1.5,
            stop_weight: 0.7,
            cruise: 0.88,
            acceleration_mps2: 2.6,
            reaction_s: 0.5,
            red_max_s: 120.0,
            stuck_s: 8.0,
            stuck_block_s: 20.0,
            exit_block_s: 8.0,
            box_hold_s: 30.0,
            walk_weight: 5.0,
            head_evidence: 0.6,
            completion: 3,
        }
    }
}
