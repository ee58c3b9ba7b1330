//! A policy's turn, counted in steps instead of time so that a replay counts the same.

use serde::{Deserialize, Serialize};

/// Steps a policy may take in one turn. The plan's own policies take a few hundred at most.
pub const STEPS_MAX: u32 = 10_000;

/// Why a policy lost its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// It panicked.
    Panicked,
    /// It spent more steps than it was given.
    Overspent,
}

/// What is left of a policy's turn. Spend at least one step per round of every loop.
#[derive(Clone, Copy, Debug)]
pub struct StepBudget {
    left: u32,
    is_overspent: bool,
}

impl StepBudget {
    /// A turn of this many steps.
    #[must_use]
    pub const fn new(steps: u32) -> Self {
        Self {
            left: steps,
            is_overspent: false,
        }
    }

    /// Takes `steps`; false once there are not so many left, and then the turn is lost.
    pub const fn spend(&mut self, steps: u32) -> bool {
        if let Some(left) = self.left.checked_sub(steps) {
            self.left = left;
        } else {
            self.left = 0;
            self.is_overspent = true;
        }
        !self.is_overspent
    }

    /// True once more was asked for than there was.
    #[must_use]
    pub const fn is_overspent(&self) -> bool {
        self.is_overspent
    }
}
