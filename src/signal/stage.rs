//! Stages: sets of groups that have right of way together.

use alloc::boxed::Box;

use serde::{Deserialize, Serialize};

use super::GroupSet;
use crate::ids::GroupId;
use crate::units::Millis;

/// A set of groups that have right of way together, with groups that start late or end early.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// The groups of the stage.
    pub groups: GroupSet,
    /// Groups that start this long after the stage does: a leading walk is a late vehicle group.
    pub late_start: Box<[(GroupId, Millis)]>,
    /// Groups that end this long before the stage does.
    pub early_end: Box<[(GroupId, Millis)]>,
}

impl Stage {
    /// The groups wanted `elapsed` after the stage began and `remaining` before it ends.
    #[must_use]
    pub fn wanted(&self, elapsed: Millis, remaining: Millis) -> GroupSet {
        let late = self.late_start.iter().filter(|(_, by)| elapsed < *by);
        let early = self.early_end.iter().filter(|(_, by)| remaining < *by);
        late.chain(early)
            .fold(self.groups, |set, (group, _)| set.without(*group))
    }
}
