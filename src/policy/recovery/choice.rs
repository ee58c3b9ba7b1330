//! The exits from a corridor's hold, and which was taken and why.

use serde::{Deserialize, Serialize};

use crate::units::{Millis, Mono};

/// How a site gets back into step after a corridor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// The plan's own clock at once: the coordinated stage until the next split.
    #[default]
    Return,
    /// Who has waited longest or has the longest queue first, then the clock.
    Starved,
    /// The plan's stages in turn, a quarter faster or slower, whichever is nearer, until in step.
    Shortway,
    /// The same by a sixth, over a cycle more.
    Smooth,
    /// The coordinated stage until its window ends.
    Dwell,
    /// By queues alone until they are short.
    Free,
    /// Nothing is chosen here: the plan's own search or demand finds the way out and has no cycle
    /// to get back into.
    Own,
}

impl Exit {
    /// Those that are tried, the first wins a tie.
    pub(super) const TRIED: [Self; 6] = [
        Self::Return,
        Self::Starved,
        Self::Shortway,
        Self::Smooth,
        Self::Dwell,
        Self::Free,
    ];

    /// The word used on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Return => "return",
            Self::Starved => "starved-first",
            Self::Shortway => "shortway",
            Self::Smooth => "smooth",
            Self::Dwell => "dwell",
            Self::Free => "free",
            Self::Own => "own",
        }
    }
}

/// What an exit is expected to cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitScore {
    /// Which.
    pub exit: Exit,
    /// Waiting of everybody over the time that was looked ahead, vehicle-seconds.
    pub delay_vehicle_s: u32,
    /// What of it is for queues that reach back too far.
    pub spillback_vehicle_s: u32,
    /// The longest red anybody would have.
    pub red_max: Millis,
    /// Somebody would wait beyond a bound: it is taken only if all are.
    pub breaks_bound: bool,
}

/// One choice of an exit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovered {
    /// When the hold ended.
    pub at: Mono,
    /// What was taken.
    pub exit: Exit,
    /// When the site is in step again by it.
    pub in_step: Mono,
    /// What was tried; empty for [`Exit::Own`].
    pub scores: [Option<ExitScore>; Exit::TRIED.len()],
}
