//! What the rest of the program reports to the kernel.

use serde::{Deserialize, Serialize};

/// Something the rest of the program has found out and the kernel should act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Concern {
    /// Nobody can tell who is waiting.
    InputsFrozen,
    /// The everyday strategy failed or overran its budget.
    PolicyFailed,
    /// New safety data is to be taken into use (I20).
    SafetyDataChange,
    /// The cabinet was configured with other safety data than ours.
    ConfigMismatch,
}

impl Concern {
    const ALL: [Self; 4] = [
        Self::InputsFrozen,
        Self::PolicyFailed,
        Self::SafetyDataChange,
        Self::ConfigMismatch,
    ];

    const fn bit(self) -> u8 {
        match self {
            Self::InputsFrozen => 1,
            Self::PolicyFailed => 2,
            Self::SafetyDataChange => 4,
            Self::ConfigMismatch => 8,
        }
    }
}

/// A set of [`Concern`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Concerns(u8);

impl Concerns {
    pub(super) const fn set(&mut self, concern: Concern, present: bool) {
        if present {
            self.0 |= concern.bit();
        } else {
            self.0 &= !concern.bit();
        }
    }

    pub(super) const fn contains(self, concern: Concern) -> bool {
        self.0 & concern.bit() != 0
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Concern> {
        Concern::ALL
            .into_iter()
            .filter(move |concern| self.contains(*concern))
    }
}
