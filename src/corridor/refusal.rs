//! Why a corridor is not opened, and why an act on it has no effect.

use crate::ids::CorridorId;
use crate::units::Millis;

/// The most corridors kept, those that are over included.
pub const MISSIONS_MAX: usize = 256;
/// The most crossings of one corridor.
pub const CROSSINGS_MAX: usize = 128;

/// Why a corridor is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenRefusal {
    /// The corridor is already open.
    #[error("corridor {0} is already open")]
    AlreadyOpen(CorridorId),
    /// The vehicle already has a running corridor.
    #[error("the vehicle already runs corridor {0}")]
    VehicleBusy(CorridorId),
    /// The end lies in the past.
    #[error("the corridor would have ended before it began")]
    AlreadyExpired,
    /// The end lies too far ahead.
    #[error("a corridor lasts at most {0}")]
    TooLong(Millis),
    /// The route passes no signal.
    #[error("the route passes no signal")]
    NoSignals,
    /// The route passes too many signals.
    #[error("a corridor passes at most {CROSSINGS_MAX} signals")]
    TooManySignals,
    /// Too many corridors run.
    #[error("at most {MISSIONS_MAX} corridors can run")]
    TooManyCorridors,
}

/// Why an act on a corridor has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActRefusal {
    /// No such corridor.
    #[error("no such corridor")]
    Unknown,
    /// The corridor is over.
    #[error("the corridor is over")]
    Over,
    /// The corridor does not pass this signal, or has passed it.
    #[error("the signal is not ahead on this corridor")]
    NotAhead,
    /// The new plan is for another vehicle, or not newer than the one that runs.
    #[error("the new plan is not a later revision for the same vehicle")]
    NotNewer,
    /// The new plan would not be opened.
    #[error("the new plan cannot be opened")]
    Plan(#[source] OpenRefusal),
}
