//! How far adaptive control may go in a plan: the rungs, and the caps that hold on each.

use serde::{Deserialize, Serialize};

use crate::units::Millis;

/// A rung of the ladder, the plainest first: each goes on working when the one above it fails.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Every stage its split.
    Fixed,
    /// By demand, inside the plan's cycle if it has one.
    Actuated,
    /// The same with splits and offset moved a little after what was measured.
    Trimmed,
    /// Any stage, any time: the least delay of the arrivals known.
    #[default]
    Free,
}

impl Level {
    /// Every rung, from the plainest up.
    pub const ALL: [Self; 4] = [Self::Fixed, Self::Actuated, Self::Trimmed, Self::Free];

    /// As it is written in files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Actuated => "actuated",
            Self::Trimmed => "trimmed",
            Self::Free => "free",
        }
    }
}

/// What a plan allows adaptive control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdaptiveRules {
    /// The highest rung.
    pub level: Level,
    /// It decides and is measured, but what it decides is not done.
    pub shadow: bool,
    /// Longest green of a stage while somebody waits elsewhere.
    pub green_max: Option<Millis>,
    /// Longest red of a movement somebody waits for, where it is shorter than the city's.
    pub red_max: Option<Millis>,
    /// Most that a split is changed in five minutes, per mille of the plan's.
    pub split_change_per_mille: u16,
    /// Most that the offset is changed in five minutes.
    pub offset_change_max: Millis,
}

impl Default for AdaptiveRules {
    fn default() -> Self {
        Self {
            level: Level::Free,
            shadow: false,
            green_max: None,
            red_max: None,
            split_change_per_mille: 150,
            offset_change_max: Millis::from_secs(4),
        }
    }
}
