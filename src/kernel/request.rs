//! What the kernel is asked, and what it answers.

use serde::{Deserialize, Serialize};

use crate::ids::GroupId;
use crate::signal::{GROUPS_MAX, GroupSet, Indication, Observed};
use crate::units::{Millis, Mono};

/// How the site as a whole should be run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModeWish {
    /// Serve groups.
    #[default]
    Normal,
    /// Everything red, reached through legal clearances.
    AllRed,
    /// Flashing amber, reached through all red; left only through the start-up sequence.
    Flash,
}

/// The wish of one cycle. Any value is safe; a bad one is refused with a reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// How the site should be run.
    pub mode: ModeWish,
    /// Groups that should have right of way; all others should not.
    pub groups: GroupSet,
    /// Groups somebody is waiting for: feeds the wait bound (I7) and the hold watchdog (I18).
    pub demands: GroupSet,
    /// A person resets latched faults whose cause is gone.
    pub reset: bool,
}

/// What the cabinet says it is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CabinetState {
    /// Nothing heard yet, or nothing for longer than its time to live.
    #[default]
    Silent,
    /// Follows our commands.
    Following,
    /// In its own start-up sequence.
    StartUp,
    /// Runs its local plan or flashes because it lost us.
    Fallback,
    /// A person works the panel at the cabinet.
    LocalManual,
    /// Its hardware monitor tripped.
    MonitorFault,
}

/// What was read back from the cabinet this cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readback {
    /// What the cabinet says it is doing.
    pub cabinet: CabinetState,
    /// Age of the reading when the cycle began.
    pub age: Millis,
    /// Changes when the cabinet restarted.
    pub boot_count: u16,
    /// One per group, indexed by [`GroupId`].
    pub lamps: [Observed; GROUPS_MAX],
}

impl Default for Readback {
    fn default() -> Self {
        Self {
            cabinet: CabinetState::Silent,
            age: Millis::MAX,
            boot_count: 0,
            lamps: [Observed::NoSensor; GROUPS_MAX],
        }
    }
}

/// What the lamps shall show, made by the kernel and by nothing else.
///
/// ```compile_fail
/// let forged = greenwave::kernel::Outputs { lamps: [Default::default(); 32] };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "lamps that nobody shows are dark"]
pub struct Outputs {
    pub(super) at: Mono,
    pub(super) lamps: [Indication; GROUPS_MAX],
    pub(super) count: u8,
}

impl Outputs {
    /// Nothing lit, for no groups at all: what a kernel without safety data shows.
    pub(super) const fn dark(at: Mono) -> Self {
        Self {
            at,
            lamps: [Indication::Dark; GROUPS_MAX],
            count: 0,
        }
    }

    /// The cycle the outputs belong to.
    #[must_use]
    pub const fn at(&self) -> Mono {
        self.at
    }

    /// What `group` shall show; dark for a group the site does not have (K10).
    #[must_use]
    pub fn indication(&self, group: GroupId) -> Indication {
        self.lamps.get(group.index()).copied().unwrap_or_default()
    }

    /// One per group the map has room for; dark beyond the groups of the site.
    #[must_use]
    pub const fn all_lamps(&self) -> [Indication; GROUPS_MAX] {
        self.lamps
    }

    /// One per group of the site, indexed by [`GroupId`].
    #[must_use]
    pub fn lamps(&self) -> &[Indication] {
        self.lamps
            .get(..usize::from(self.count))
            .unwrap_or_default()
    }
}

/// The numbered invariants of `docs/SAFETY.md` that a request can run into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Invariant {
    /// No hostile groups with right of way together.
    I1,
    /// Amber is never skipped.
    I2,
    /// Clearance between hostile groups.
    I4,
    /// Minimum green and minimum walk.
    I5,
    /// Minimum red.
    I6,
    /// Longest wait of a demand.
    I7,
    /// Pedestrian clearance.
    I8,
    /// Walkers gone and buffer over before hostile traffic starts.
    I9,
    /// Start-up sequence.
    I10,
    /// All red before leaving flash or manual.
    I11,
    /// Read-back agrees.
    I13,
    /// Faults latch.
    I14,
    /// Hold watchdog.
    I18,
    /// Time runs forward.
    I19,
    /// Safety data changes only through a restart.
    I20,
    /// Unknown groups stay dark.
    I21,
}

/// Why a group does not do what was asked, and until when at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The rule that stands in the way.
    pub invariant: Invariant,
    /// The group that cannot do what was asked.
    pub group: GroupId,
    /// The group it waits for, where there is one.
    pub because_of: Option<GroupId>,
    /// The earliest moment the refusal can end; `None` if only a person or a new request ends it.
    pub until: Option<Mono>,
}

/// What a group is doing, by right of way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Interval {
    /// No right of way, since.
    Stop(Mono),
    /// About to get right of way: since.
    Prepare(Mono),
    /// Right of way: since.
    Go(Mono),
    /// Losing right of way: since.
    Clear(Mono),
}
