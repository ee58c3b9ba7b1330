//! Which groups may never have right of way together, and what must lie between them.

use alloc::boxed::Box;
use alloc::vec;

use serde::{Deserialize, Serialize};

use super::{GROUPS_MAX, GroupSet};
use crate::ids::GroupId;
use crate::units::Millis;

/// How two signal groups stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Relation {
    /// Their paths do not meet.
    Compatible,
    /// They may be green together and one yields: turning traffic and walkers, for example.
    Permissive,
    /// Never both at once; the times are clearances between them, see [`Conflicts::clearance`].
    Hostile {
        /// From the end of the first group's go to the start of the second one's go.
        forward: Millis,
        /// From the end of the second group's go to the start of the first one's go.
        back: Millis,
    },
}

/// Hostile and permissive pairs of one site with the directed clearances between hostile ones.
///
/// Symmetric and irreflexive by construction: it is filled pair by pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflicts {
    count: usize,
    hostile: Box<[GroupSet]>,
    permissive: Box<[GroupSet]>,
    clearance: Box<[Millis]>,
}

impl Conflicts {
    /// `count` groups (at most [`GROUPS_MAX`]) that are all compatible.
    #[must_use]
    pub fn all_compatible(count: usize) -> Self {
        let count = count.min(GROUPS_MAX);
        Self {
            count,
            hostile: vec![GroupSet::EMPTY; count].into(),
            permissive: vec![GroupSet::EMPTY; count].into(),
            clearance: vec![Millis::ZERO; count.saturating_mul(count)].into(),
        }
    }

    /// Declares how `a` and `b` stand to each other. A group has no relation to itself and unknown
    /// groups have none at all: such calls change nothing.
    pub fn declare(&mut self, a: GroupId, b: GroupId, relation: Relation) {
        if a == b || a.index() >= self.count || b.index() >= self.count {
            return;
        }
        let (hostile, permissive, forward, back) = match relation {
            Relation::Compatible => (false, false, Millis::ZERO, Millis::ZERO),
            Relation::Permissive => (false, true, Millis::ZERO, Millis::ZERO),
            Relation::Hostile { forward, back } => (true, false, forward, back),
        };
        for (from, to, time) in [(a, b, forward), (b, a, back)] {
            set_member(&mut self.hostile, from, to, hostile);
            set_member(&mut self.permissive, from, to, permissive);
            let cell = from
                .index()
                .saturating_mul(self.count)
                .saturating_add(to.index());
            if let Some(cell) = self.clearance.get_mut(cell) {
                *cell = time;
            }
        }
    }

    /// Number of groups.
    #[must_use]
    pub const fn group_count(&self) -> usize {
        self.count
    }

    /// The groups that may never have right of way together with `group`.
    #[must_use]
    pub fn hostile_to(&self, group: GroupId) -> GroupSet {
        self.hostile.get(group.index()).copied().unwrap_or_default()
    }

    /// The groups that yield to `group` or that it yields to.
    #[must_use]
    pub fn permissive_with(&self, group: GroupId) -> GroupSet {
        self.permissive
            .get(group.index())
            .copied()
            .unwrap_or_default()
    }

    /// The groups hostile to at least one member of `set`.
    #[must_use]
    pub fn hostile_to_any(&self, set: GroupSet) -> GroupSet {
        set.iter().fold(GroupSet::EMPTY, |all, group| {
            all.union(self.hostile_to(group))
        })
    }

    /// The lowest pair of hostile groups inside `set`, if there is one.
    #[must_use]
    pub fn hostile_pair_in(&self, set: GroupSet) -> Option<(GroupId, GroupId)> {
        set.iter().find_map(|a| {
            self.hostile_to(a)
                .intersection(set)
                .iter()
                .next()
                .map(|b| (a, b))
        })
    }

    /// Time from the *end of go* of `from` (the moment it begins to clear) to the earliest *start
    /// of go* of `to`. It contains the lose steps of `from`, any all-red and the gain steps of `to`.
    ///
    /// In plan files the intergreen counts from the last go *aspect*, flashing green included; the
    /// plan loader adds that part once.
    #[must_use]
    pub fn clearance(&self, from: GroupId, to: GroupId) -> Millis {
        if from.index() >= self.count || to.index() >= self.count {
            return Millis::ZERO;
        }
        let cell = from
            .index()
            .saturating_mul(self.count)
            .saturating_add(to.index());
        self.clearance.get(cell).copied().unwrap_or_default()
    }
}

fn set_member(rows: &mut [GroupSet], row: GroupId, member: GroupId, present: bool) {
    if let Some(row) = rows.get_mut(row.index()) {
        *row = if present {
            row.with(member)
        } else {
            row.without(member)
        };
    }
}
