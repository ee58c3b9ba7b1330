//! How the site as a whole is run, and the only ways from one mode to another.

use serde::{Deserialize, Serialize};

use super::guard;
use super::{ModeWish, Response};
use crate::signal::{FallbackShow, SafetyTable};
use crate::units::Mono;

/// How far a start-up has come (I10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StartUpPart {
    /// The street is not ours: the cabinet is silent or follows somebody else. Shows flash.
    Waiting,
    /// Flashing amber until.
    Flash(Mono),
    /// All red until.
    AllRed(Mono),
}

/// How the site as a whole is run.
///
/// ```text
///   Starting: Waiting -> Flash -> AllRed ----> Normal <----> AllRed (wish, fault)
///      ^                   ^                                   |  wish: flash
///      | cabinet lost      | min flash, then all red           v
///   any mode               +------------------------------ Flashing <---- fault, any mode
///                          +------------------------------ Dark     <---- fault, any mode
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Coming up, or waiting for the cabinet.
    Starting(StartUpPart),
    /// Serves groups.
    Normal,
    /// Brings everything to red through legal clearances and keeps it there.
    AllRed,
    /// Flashing amber since.
    Flashing(Mono),
    /// Nothing lit.
    Dark,
}

/// What the next mode depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct ModeInputs {
    pub(super) now: Mono,
    pub(super) wish: ModeWish,
    /// The strongest response but those to a lost cabinet.
    pub(super) response: Option<Response>,
    /// The cabinet follows us and has done so long enough.
    pub(super) is_ours: bool,
    /// Every group has been in stop for the length of a start-up's all-red.
    pub(super) is_all_red: bool,
}

impl Mode {
    /// True if the groups run through their intervals in this mode.
    #[must_use]
    pub const fn serves(self) -> bool {
        match self {
            Self::Normal | Self::AllRed => true,
            Self::Starting(_) | Self::Flashing(_) | Self::Dark => false,
        }
    }

    /// The mode that follows this one now.
    pub(super) fn next(self, table: &SafetyTable, inputs: ModeInputs) -> Self {
        let now = inputs.now;
        match inputs.response {
            Some(Response::Dark) => return Self::Dark,
            Some(Response::Flash) => return self.fallback(table, inputs),
            None
            | Some(Response::Note | Response::HoldStage | Response::FixedTime | Response::AllRed) =>
                {}
        }
        if !inputs.is_ours {
            return Self::Starting(StartUpPart::Waiting);
        }
        let flash = table.start_up().flash;
        let must_stop = inputs.response == Some(Response::AllRed);
        match self {
            Self::Starting(StartUpPart::Waiting) | Self::Dark => Self::flash_until(now + flash),
            Self::Starting(StartUpPart::Flash(until)) => match inputs.wish {
                ModeWish::Flash => Self::Flashing(now),
                ModeWish::Normal | ModeWish::AllRed if guard::i10_flash_over(until, now) => {
                    Self::Starting(StartUpPart::AllRed(now + table.start_up().all_red))
                }
                ModeWish::Normal | ModeWish::AllRed => self,
            },
            Self::Starting(StartUpPart::AllRed(until)) if !guard::i11_all_red_over(until, now) => {
                self
            }
            Self::Flashing(since) => match inputs.wish {
                ModeWish::Flash => self,
                ModeWish::Normal | ModeWish::AllRed => Self::flash_until(since + flash),
            },
            Self::AllRed if inputs.wish == ModeWish::Flash && inputs.is_all_red => {
                Self::Flashing(now)
            }
            Self::Starting(StartUpPart::AllRed(_)) | Self::Normal | Self::AllRed => {
                match inputs.wish {
                    ModeWish::Normal if !must_stop => Self::Normal,
                    ModeWish::Normal | ModeWish::AllRed | ModeWish::Flash => Self::AllRed,
                }
            }
        }
    }

    const fn flash_until(until: Mono) -> Self {
        Self::Starting(StartUpPart::Flash(until))
    }

    /// The flash of a street that is not ours counts from the moment it is ours again.
    fn fallback(self, table: &SafetyTable, inputs: ModeInputs) -> Self {
        match (table.fallback(), self) {
            (FallbackShow::Dark, _) => Self::Dark,
            (FallbackShow::FlashAmber, Self::Flashing(since)) if inputs.is_ours => {
                Self::Flashing(since)
            }
            (FallbackShow::FlashAmber, _) => Self::Flashing(inputs.now),
        }
    }
}
