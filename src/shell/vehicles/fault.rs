//! What is wrong with a frame or a sentence: where, what was expected there, what was found.

use serde::Serialize;
use thiserror::Error;

/// What kind of mistake a frame holds; each kind has a counter of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// No start or end mark, or a mark in the middle.
    Mark,
    /// An escape byte with nothing that may follow it.
    Escape,
    /// The checksum does not fit.
    Checksum,
    /// Shorter or longer than it says or needs.
    Length,
    /// A header that cannot be.
    Header,
    /// A field that cannot hold this.
    Field,
    /// Encrypted, and nobody has the key.
    Encrypted,
    /// A part of a longer message that does not fit the others.
    Part,
}

impl FaultKind {
    /// Every kind, in the order of its counters.
    pub const ALL: [Self; 8] = [
        Self::Mark,
        Self::Escape,
        Self::Checksum,
        Self::Length,
        Self::Header,
        Self::Field,
        Self::Encrypted,
        Self::Part,
    ];

    /// The word of logs and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mark => "mark",
            Self::Escape => "escape",
            Self::Checksum => "checksum",
            Self::Length => "length",
            Self::Header => "header",
            Self::Field => "field",
            Self::Encrypted => "encrypted",
            Self::Part => "part",
        }
    }
}

/// Why a frame or a sentence is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("byte {at} ({what}): expected {expected}, found {found}")]
pub struct Fault {
    /// What kind of mistake it is.
    pub kind: FaultKind,
    /// Byte of the frame as it came in, from 0.
    pub at: usize,
    /// The field that stands there.
    pub what: &'static str,
    /// What could stand there.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

impl Fault {
    /// A fault at byte `at`.
    pub fn new(
        kind: FaultKind,
        (at, what): (usize, &'static str),
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            at,
            what,
            expected: expected.into(),
            found: found.into(),
        }
    }
}
