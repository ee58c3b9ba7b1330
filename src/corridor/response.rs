//! The state of a crossing in the words of vehicle-to-roadside interfaces.

use super::{CrossingState, CrossingView};

/// The answer to a priority request, as SAE J2735 and ETSI TS 103 301 number it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Response {
    /// Nothing to say: not asked for, or over.
    #[default]
    Unknown = 0,
    /// Taken, nothing done yet.
    Requested = 1,
    /// Being worked on; no promise.
    Processing = 2,
    /// Another vehicle goes first: expect red.
    WatchOtherTraffic = 3,
    /// The lamps were read back green.
    Granted = 4,
    /// The signal cannot be had.
    Rejected = 5,
    /// The longest hold has been reached.
    MaxPresence = 6,
    /// Not again so soon.
    ReserviceLocked = 7,
}

impl CrossingView {
    /// What the vehicle is answered for this crossing.
    #[must_use]
    pub const fn response(&self) -> Response {
        match self.state {
            CrossingState::Pending => Response::Requested,
            CrossingState::Requested | CrossingState::Clearing => Response::Processing,
            CrossingState::GreenHeld => Response::Granted,
            CrossingState::RefusedByGuard if self.refused_by.is_some() => {
                Response::WatchOtherTraffic
            }
            // The hold has met its cap, and the crossing is locked against the next one.
            CrossingState::RefusedByGuard => Response::ReserviceLocked,
            CrossingState::Released => Response::MaxPresence,
            CrossingState::Unavailable | CrossingState::LocalControl => Response::Rejected,
            CrossingState::Passed | CrossingState::Recovering => Response::Unknown,
        }
    }
}
