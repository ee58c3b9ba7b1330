//! The safety data of one site: all that the kernel ever reasons over.

use alloc::boxed::Box;

use serde::{Deserialize, Serialize};

use super::{AspectStep, Conflicts, GROUPS_MAX, GroupSet, GroupTiming, Indication};
use crate::ids::GroupId;
use crate::units::Millis;

/// How the site comes up (I10): flash, then all red, then the first stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartUp {
    /// Flashing amber for vehicles, dark for walkers.
    pub flash: Millis,
    /// All groups red.
    pub all_red: Millis,
}

/// What a latched fault shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FallbackShow {
    /// Flashing amber for vehicles, dark for walkers.
    FlashAmber,
    /// Nothing lit.
    Dark,
}

/// Why a [`SafetyTable`] could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableError {
    /// No group, or more than [`GROUPS_MAX`].
    GroupCount(usize),
    /// The conflict data speaks of another number of groups than the timings.
    ConflictCount(usize),
    /// A time of this group is not a whole number of control cycles.
    NotWholeTicks(GroupId),
    /// The clearance between these groups is shorter than the first one's lose steps and the
    /// second one's gain steps together.
    ClearanceTooShort(GroupId, GroupId),
    /// A group that shows amber loses right of way without steady amber at the end (I2).
    NoAmber(GroupId),
    /// A lose or gain step shows an aspect that has no place there.
    BadStep(GroupId, Indication),
}

/// Groups, conflicts and start-up of one site, checked for the things the kernel takes for granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SafetyTable {
    groups: Box<[GroupTiming]>,
    conflicts: Conflicts,
    start_up: StartUp,
    fallback: FallbackShow,
    readback_green: Millis,
    readback_other: Millis,
}

impl SafetyTable {
    /// Joins timings and conflicts.
    ///
    /// # Errors
    /// The first thing that would make the kernel's reasoning wrong. The plan loader has reported
    /// all of them as findings before; this is the last gate.
    pub fn new(
        groups: &[GroupTiming],
        conflicts: Conflicts,
        start_up: StartUp,
        fallback: FallbackShow,
        readback: (Millis, Millis),
    ) -> Result<Self, TableError> {
        if groups.is_empty() || groups.len() > GROUPS_MAX {
            return Err(TableError::GroupCount(groups.len()));
        }
        if conflicts.group_count() != groups.len() {
            return Err(TableError::ConflictCount(conflicts.group_count()));
        }
        let table = Self {
            groups: groups.into(),
            conflicts,
            start_up,
            fallback,
            readback_green: readback.0,
            readback_other: readback.1,
        };
        for group in table.all_groups() {
            table.check_group(group)?;
        }
        Ok(table)
    }

    /// Number of groups.
    #[must_use]
    pub fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// Every group of the site.
    #[must_use]
    pub fn all_groups(&self) -> GroupSet {
        GroupSet::first(self.groups.len())
    }

    /// The timing of `group`, if the site has it.
    #[must_use]
    pub fn timing(&self, group: GroupId) -> Option<&GroupTiming> {
        self.groups.get(group.index())
    }

    /// The timings, one per group, indexed by [`GroupId`].
    #[must_use]
    pub fn timings(&self) -> &[GroupTiming] {
        &self.groups
    }

    /// Hostile and permissive pairs with their clearances.
    #[must_use]
    pub const fn conflicts(&self) -> &Conflicts {
        &self.conflicts
    }

    /// How the site comes up.
    #[must_use]
    pub const fn start_up(&self) -> StartUp {
        self.start_up
    }

    /// What a latched fault shows.
    #[must_use]
    pub const fn fallback(&self) -> FallbackShow {
        self.fallback
    }

    /// How long a wrong green may be read back before the site goes to flash (I13).
    #[must_use]
    pub const fn readback_green(&self) -> Millis {
        self.readback_green
    }

    /// How long a wrong red or amber may be read back before the site goes to flash (I13).
    #[must_use]
    pub const fn readback_other(&self) -> Millis {
        self.readback_other
    }

    fn check_group(&self, group: GroupId) -> Result<(), TableError> {
        let Some(timing) = self.timing(group) else {
            return Ok(());
        };
        let times = [
            timing.green_min,
            timing.green_max,
            timing.red_min,
            timing.wait_max,
        ];
        let steps = timing
            .gain
            .iter()
            .chain(timing.lose.iter())
            .map(|step| step.lasts);
        if !times.into_iter().chain(steps).all(Millis::is_whole_ticks) {
            return Err(TableError::NotWholeTicks(group));
        }
        if let Some(step) = timing
            .gain
            .iter()
            .find(|step| step.show != Indication::RedAmber)
        {
            return Err(TableError::BadStep(group, step.show));
        }
        if let Some(step) = timing.lose.iter().find(|step| !may_lose(timing, *step)) {
            return Err(TableError::BadStep(group, step.show));
        }
        let last = timing.lose.iter().last();
        if timing.kind.shows_amber()
            && !last.is_some_and(|s| s.show == Indication::Amber && s.lasts > Millis::ZERO)
        {
            return Err(TableError::NoAmber(group));
        }
        for to in self.conflicts.hostile_to(group) {
            let needed =
                timing.lose.total() + self.timing(to).map_or(Millis::ZERO, |t| t.gain.total());
            let given = self.conflicts.clearance(group, to);
            if given < needed || !given.is_whole_ticks() {
                return Err(TableError::ClearanceTooShort(group, to));
            }
        }
        Ok(())
    }
}

fn may_lose(timing: &GroupTiming, step: AspectStep) -> bool {
    match step.show {
        Indication::FlashingGreen => true,
        Indication::Amber => timing.kind.shows_amber(),
        Indication::Dark
        | Indication::Red
        | Indication::Green
        | Indication::RedAmber
        | Indication::FlashingAmber
        | Indication::FlashingRed => false,
    }
}
