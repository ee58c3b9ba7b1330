//! What lamps show.

use serde::{Deserialize, Serialize};

/// What the lamps of one signal group show.
///
/// The numbers are the nibbles of the canonical cabinet map and of the journal.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[repr(u8)]
pub enum Indication {
    /// Nothing lit.
    #[default]
    Dark = 0,
    /// Steady red, or the red man.
    Red = 1,
    /// Steady amber.
    Amber = 2,
    /// Steady green, or the walking man.
    Green = 3,
    /// Red and amber together, before green where the profile has it.
    RedAmber = 4,
    /// Flashing amber: start-up and fallback.
    FlashingAmber = 5,
    /// Flashing green: before amber for vehicles, clearance for pedestrians.
    FlashingGreen = 6,
    /// Flashing red.
    FlashingRed = 7,
}

impl Indication {
    /// All indications, by number.
    pub const ALL: [Self; 8] = [
        Self::Dark,
        Self::Red,
        Self::Amber,
        Self::Green,
        Self::RedAmber,
        Self::FlashingAmber,
        Self::FlashingGreen,
        Self::FlashingRed,
    ];

    /// The nibble on the wire, 0-7.
    #[must_use]
    pub const fn nibble(self) -> u8 {
        match self {
            Self::Dark => 0,
            Self::Red => 1,
            Self::Amber => 2,
            Self::Green => 3,
            Self::RedAmber => 4,
            Self::FlashingAmber => 5,
            Self::FlashingGreen => 6,
            Self::FlashingRed => 7,
        }
    }

    /// The indication of a nibble, if there is one.
    #[must_use]
    pub fn from_nibble(nibble: u8) -> Option<Self> {
        Self::ALL.get(usize::from(nibble)).copied()
    }

    /// True for green, walk and flashing green: somebody may be moving because of this lamp.
    #[must_use]
    pub const fn is_go(self) -> bool {
        match self {
            Self::Green | Self::FlashingGreen => true,
            Self::Dark
            | Self::Red
            | Self::Amber
            | Self::RedAmber
            | Self::FlashingAmber
            | Self::FlashingRed => false,
        }
    }
}

/// What a sensor says that the lamps of one group show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Observed {
    /// Measured.
    Lamps(Indication),
    /// This group has no lamp sensor, or the link has not delivered a reading yet.
    #[default]
    NoSensor,
    /// The sensor reports a pattern that is no legal indication (red and green together, say).
    Nonsense,
}

impl Observed {
    /// True only if a sensor saw a go aspect. A screen may say "green" on this and nothing else.
    #[must_use]
    pub const fn is_go(self) -> bool {
        match self {
            Self::Lamps(shown) => shown.is_go(),
            Self::NoSensor | Self::Nonsense => false,
        }
    }
}
