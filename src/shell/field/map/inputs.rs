//! The input block: what a cabinet says about itself, its lamps and its detectors.

use super::{GROUPS, INPUT_WORDS, MAGIC, NO_SENSOR, VERSION, join_u32, unpack_nibbles};
use crate::kernel::CabinetState;
use crate::signal::{Indication, Observed};

/// Why a block of words is no input block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// The first word is not the magic number: another device, another map, or shifted addresses.
    #[error("the cabinet map is not there: first word {0:#06x}")]
    Magic(u16),
    /// A major version this program does not know.
    #[error("the cabinet speaks map version {}.{}", .0 >> 8, .0 & 0xFF)]
    Version(u16),
    /// Fewer or more words than asked for.
    #[error("asked for {asked} words, got {got}")]
    Length {
        /// How many were asked for.
        asked: usize,
        /// How many came.
        got: usize,
    },
}

/// What drives the lamps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ActiveMode {
    /// A mode of [`super::Mode`], by number; never 0.
    Commanded(u16),
    /// The cabinet's own start-up sequence.
    #[default]
    StartUp,
    /// On its own because it lost its controller.
    Fallback,
    /// A person works the panel.
    Manual,
    /// The monitor tripped.
    MonitorFault,
    /// A number the map does not have.
    Unknown(u16),
}

impl ActiveMode {
    /// The mode of a number.
    #[must_use]
    pub const fn from_word(word: u16) -> Self {
        match word {
            1..=7 => Self::Commanded(word),
            8 => Self::StartUp,
            9 => Self::Fallback,
            10 => Self::Manual,
            11 => Self::MonitorFault,
            _ => Self::Unknown(word),
        }
    }

    /// What the kernel is told about it.
    #[must_use]
    pub const fn cabinet_state(self) -> CabinetState {
        match self {
            Self::Commanded(5) | Self::Fallback => CabinetState::Fallback,
            Self::Commanded(_) => CabinetState::Following,
            Self::StartUp => CabinetState::StartUp,
            Self::Manual => CabinetState::LocalManual,
            Self::MonitorFault => CabinetState::MonitorFault,
            Self::Unknown(_) => CabinetState::Silent,
        }
    }
}

/// Why the cabinet is in its mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModeReason {
    /// It was told so.
    #[default]
    Commanded,
    /// No valid command for too long.
    CommsLoss,
    /// The monitor.
    Monitor,
    /// The panel.
    Panel,
    /// Power came back.
    Mains,
    /// Its own configuration is bad.
    Config,
    /// Another controller took over.
    Fence,
    /// Its interlock.
    Interlock,
    /// A number the map does not have.
    Unknown(u16),
}

impl ModeReason {
    /// The reason of a number.
    #[must_use]
    pub const fn from_word(word: u16) -> Self {
        match word {
            0 => Self::Commanded,
            1 => Self::CommsLoss,
            2 => Self::Monitor,
            3 => Self::Panel,
            4 => Self::Mains,
            5 => Self::Config,
            6 => Self::Fence,
            7 => Self::Interlock,
            _ => Self::Unknown(word),
        }
    }
}

/// Why the cabinet refused its last refused command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reject {
    /// Nothing refused yet.
    #[default]
    None,
    /// Epoch older than the accepted one, or not claimed.
    StaleEpoch,
    /// Sequence not newer.
    OldSequence,
    /// `GUARD` does not fit.
    Guard,
    /// Hostile groups would have right of way together.
    Conflict,
    /// A green, walk, red or flash would be too short.
    MinimumTime,
    /// An amber, pedestrian clearance or intergreen would be too short, or an aspect left out.
    Clearance,
    /// The configuration does not fit.
    ConfigHash,
    /// A person works the panel.
    Manual,
    /// The comms fault is latched.
    Latched,
    /// Unknown mode, nibble, group or stage.
    Malformed,
    /// A number the map does not have.
    Unknown(u16),
}

impl Reject {
    /// The reason of a number.
    #[must_use]
    pub const fn from_word(word: u16) -> Self {
        match word {
            0 => Self::None,
            1 => Self::StaleEpoch,
            2 => Self::OldSequence,
            3 => Self::Guard,
            4 => Self::Conflict,
            5 => Self::MinimumTime,
            6 => Self::Clearance,
            7 => Self::ConfigHash,
            8 => Self::Manual,
            9 => Self::Latched,
            10 => Self::Malformed,
            _ => Self::Unknown(word),
        }
    }
}

/// The 48 words of one poll, understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputBlock {
    /// Changes when the cabinet restarted.
    pub boot_count: u16,
    /// One more with each device scan; wraps.
    pub input_seq: u16,
    /// When the scan was made, milliseconds since the cabinet started; wraps.
    pub uptime_ms: u32,
    /// Whose commands it takes.
    pub accepted_epoch: u32,
    /// The last command it took.
    pub accepted_seq: u16,
    /// What drives the lamps.
    pub mode: ActiveMode,
    /// Why.
    pub reason: ModeReason,
    /// Why the last refused command was refused.
    pub last_reject: Reject,
    /// Commands refused so far; wraps.
    pub reject_count: u16,
    /// Until the running command is void, milliseconds.
    pub remaining_ms: u16,
    /// Nibbles: what the output stage was told.
    pub applied: [u8; GROUPS],
    /// Nibbles: what the sensors see.
    pub observed: [u8; GROUPS],
    /// Monitor bits.
    pub monitor: u16,
    /// Groups the monitor complains of.
    pub monitor_groups: u32,
    /// Times it lost its controller today.
    pub comms_faults: u16,
    /// Occupied detectors, one bit per channel.
    pub occupied: u32,
    /// Buttons held, one bit per channel.
    pub buttons: u16,
}

impl InputBlock {
    /// Reads a block.
    ///
    /// # Errors
    /// When the words are no input block of a known version.
    pub fn decode(words: &[u16]) -> Result<Self, MapError> {
        let words: &[u16; INPUT_WORDS] = words.try_into().map_err(|_| MapError::Length {
            asked: INPUT_WORDS,
            got: words.len(),
        })?;
        if words[0] != MAGIC {
            return Err(MapError::Magic(words[0]));
        }
        if words[1] >> 8 != VERSION >> 8 {
            return Err(MapError::Version(words[1]));
        }
        Ok(Self {
            boot_count: words[2],
            input_seq: words[3],
            uptime_ms: join_u32(words[4], words[5]),
            accepted_epoch: join_u32(words[6], words[7]),
            accepted_seq: words[8],
            mode: ActiveMode::from_word(words[9]),
            reason: ModeReason::from_word(words[10]),
            last_reject: Reject::from_word(words[11]),
            reject_count: words[12],
            remaining_ms: words[13],
            applied: nibbles_at(words, 0x10),
            observed: nibbles_at(words, 0x18),
            monitor: words[0x20],
            monitor_groups: join_u32(words[0x21], words[0x22]),
            comms_faults: words[0x23],
            occupied: join_u32(words[0x24], words[0x25]),
            buttons: words[0x26],
        })
    }

    /// What the sensors see, one per group.
    #[must_use]
    pub fn lamps(&self) -> [Observed; GROUPS] {
        self.observed.map(|nibble| match nibble {
            NO_SENSOR => Observed::NoSensor,
            nibble => Indication::from_nibble(nibble).map_or(Observed::Nonsense, Observed::Lamps),
        })
    }
}

fn nibbles_at(words: &[u16; INPUT_WORDS], at: usize) -> [u8; GROUPS] {
    let mut eight = [0; 8];
    for (to, from) in eight.iter_mut().zip(words.iter().skip(at)) {
        *to = *from;
    }
    unpack_nibbles(&eight)
}
