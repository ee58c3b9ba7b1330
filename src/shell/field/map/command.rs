//! The command block: who commands, in which order, for how long, and what the lamps shall show.

use super::{COMMAND_WORDS, GROUPS, crc16, join_u32, pack_nibbles, split_u32, unpack_nibbles};

/// What a command asks of the cabinet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Heartbeat only; the running mode goes on.
    Keep,
    /// The lamps of the block.
    Direct,
    /// The stage of the block, reached by the cabinet's own clearances.
    Stage,
    /// All red, reached by the cabinet's own clearances.
    AllRed,
    /// Flashing amber.
    Flash,
    /// The cabinet's own programme.
    LocalPlan,
    /// Nothing lit.
    Dark,
    /// The running stage goes on.
    Hold,
}

impl Mode {
    /// The number on the wire.
    #[must_use]
    pub const fn word(self) -> u16 {
        match self {
            Self::Keep => 0,
            Self::Direct => 1,
            Self::Stage => 2,
            Self::AllRed => 3,
            Self::Flash => 4,
            Self::LocalPlan => 5,
            Self::Dark => 6,
            Self::Hold => 7,
        }
    }

    /// The mode of a number, if there is one.
    #[must_use]
    pub const fn from_word(word: u16) -> Option<Self> {
        Some(match word {
            0 => Self::Keep,
            1 => Self::Direct,
            2 => Self::Stage,
            3 => Self::AllRed,
            4 => Self::Flash,
            5 => Self::LocalPlan,
            6 => Self::Dark,
            7 => Self::Hold,
            _ => return None,
        })
    }
}

/// One command, written as a whole or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    /// Fencing token of the controller.
    pub epoch: u32,
    /// One more with each new command; wraps.
    pub seq: u16,
    /// What is asked.
    pub mode: Mode,
    /// The command is void after this; milliseconds.
    pub ttl_ms: u16,
    /// Stage or plan number, for the modes that need one.
    pub stage: u16,
    /// One nibble per group.
    pub lamps: [u8; GROUPS],
    /// 0 automatic, else per cent.
    pub dim: u16,
}

impl Command {
    /// The block on the wire, guard included.
    #[must_use]
    pub fn encode(&self) -> [u16; COMMAND_WORDS] {
        let [epoch_high, epoch_low] = split_u32(self.epoch);
        let mut words = [0; COMMAND_WORDS];
        let head = [
            epoch_high,
            epoch_low,
            self.seq,
            self.mode.word(),
            self.ttl_ms,
            self.stage,
        ];
        let body = head
            .into_iter()
            .chain(pack_nibbles(&self.lamps))
            .chain([self.dim]);
        for (word, value) in words.iter_mut().zip(body) {
            *word = value;
        }
        words[COMMAND_WORDS - 1] = guard(&words);
        words
    }

    /// The command of a block; `None` if the guard or the mode is wrong.
    #[must_use]
    pub fn decode(words: &[u16; COMMAND_WORDS]) -> Option<Self> {
        let [e1, e0, seq, mode, ttl_ms, stage, rest @ ..] = *words;
        let [l0, l1, l2, l3, l4, l5, l6, l7, dim, check] = rest;
        if check != guard(words) {
            return None;
        }
        Some(Self {
            epoch: join_u32(e1, e0),
            seq,
            mode: Mode::from_word(mode)?,
            ttl_ms,
            stage,
            lamps: unpack_nibbles(&[l0, l1, l2, l3, l4, l5, l6, l7]),
            dim,
        })
    }
}

/// `GUARD` over the first fifteen words, high byte first.
fn guard(words: &[u16; COMMAND_WORDS]) -> u16 {
    crc16(
        words
            .iter()
            .take(COMMAND_WORDS - 1)
            .flat_map(|word| word.to_be_bytes()),
    )
}
