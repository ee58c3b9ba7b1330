//! The life of a mission and of each of its crossings, in the words consoles and partners use.

use serde::{Deserialize, Serialize};

/// Where a mission stands.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum MissionState {
    /// Asked for, not yet taken.
    #[default]
    Requested,
    /// Taken, not yet priced.
    Confirmed,
    /// Armed: priced and watched, nothing held until the vehicle moves.
    Staging,
    /// The vehicle is on its way and the crossings ahead are being opened.
    Active,
    /// No fresh position; the expected arrival is held for a short while.
    Holding,
    /// The vehicle is lost or off its way; what it cannot reach has been let go.
    Degraded,
    /// The last crossing is passed; the last leases end.
    Releasing,
    /// The sites get back into step.
    Recovering,
    /// Done.
    Completed,
    /// Ended by a person.
    Cancelled,
    /// Ended by its own deadline.
    Expired,
    /// Ended because it could not be run.
    Failed,
}

impl MissionState {
    /// True for the states that are never left.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Cancelled | Self::Expired | Self::Failed
        )
    }

    /// The word used on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Confirmed => "confirmed",
            Self::Staging => "staging",
            Self::Active => "active",
            Self::Holding => "holding",
            Self::Degraded => "degraded",
            Self::Releasing => "releasing",
            Self::Recovering => "recovering",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Failed => "failed",
        }
    }
}

/// Where one crossing of a mission stands.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum CrossingState {
    /// Nothing is asked yet.
    #[default]
    Pending,
    /// The lock is near: nothing hostile is newly started.
    Requested,
    /// Locked; the others are being cleared.
    Clearing,
    /// The lamps were read back green.
    GreenHeld,
    /// The vehicle is through.
    Passed,
    /// Let go before the vehicle came through.
    Released,
    /// Passed, and the site gets back into step.
    Recovering,
    /// The site states no emergency green, or cannot serve one now.
    Unavailable,
    /// A person works the panel at the cabinet, or took the signal out.
    LocalControl,
    /// Another vehicle holds the crossing, or a bound forbids it: expect red.
    RefusedByGuard,
}

impl CrossingState {
    /// The word used on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Requested => "requested",
            Self::Clearing => "clearing",
            Self::GreenHeld => "green_held",
            Self::Passed => "passed",
            Self::Released => "released",
            Self::Recovering => "recovering",
            Self::Unavailable => "unavailable",
            Self::LocalControl => "local_control",
            Self::RefusedByGuard => "refused_by_guard",
        }
    }
}
