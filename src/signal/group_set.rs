//! A set of signal groups of one site.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::GroupId;

/// The largest number of signal groups of one cabinet unit: the canonical map carries 32 nibbles.
pub const GROUPS_MAX: usize = 32;

/// A set of signal groups of one site, one bit per group.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GroupSet(u32);

impl GroupSet {
    /// The set with no group.
    pub const EMPTY: Self = Self(0);

    /// The set whose bit `n` is group `n`.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// One bit per group.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The set of the groups `0..count`.
    #[must_use]
    pub const fn first(count: usize) -> Self {
        if count >= GROUPS_MAX {
            Self(u32::MAX)
        } else {
            let mut bits = 0_u32;
            let mut n = 0;
            while n < count {
                bits = (bits << 1) | 1;
                n = n.saturating_add(1);
            }
            Self(bits)
        }
    }

    /// The set with only `group`; empty if the id is beyond the largest number of groups.
    #[must_use]
    #[expect(clippy::as_conversions, reason = "widening, and `From` is not const")]
    pub const fn only(group: GroupId) -> Self {
        match 1_u32.checked_shl(group.number() as u32) {
            Some(bits) => Self(bits),
            None => Self(0),
        }
    }

    /// True if `group` is in the set.
    #[must_use]
    pub const fn contains(self, group: GroupId) -> bool {
        self.0 & Self::only(group).0 != 0
    }

    /// This set and `group`.
    #[must_use]
    pub const fn with(self, group: GroupId) -> Self {
        Self(self.0 | Self::only(group).0)
    }

    /// This set without `group`.
    #[must_use]
    pub const fn without(self, group: GroupId) -> Self {
        Self(self.0 & !Self::only(group).0)
    }

    /// Groups in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Groups in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Groups of this set that are not in `other`.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// True if no group is in both sets.
    #[must_use]
    pub const fn is_disjoint(self, other: Self) -> bool {
        self.0 & other.0 == 0
    }

    /// True if every group of this set is in `other`.
    #[must_use]
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// True if the set has no group.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Number of groups in the set.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// The groups, lowest id first.
    #[must_use]
    pub const fn iter(self) -> GroupSetIter {
        GroupSetIter(self.0)
    }
}

impl IntoIterator for GroupSet {
    type Item = GroupId;
    type IntoIter = GroupSetIter;
    fn into_iter(self) -> GroupSetIter {
        self.iter()
    }
}

impl FromIterator<GroupId> for GroupSet {
    fn from_iter<I: IntoIterator<Item = GroupId>>(groups: I) -> Self {
        groups.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl fmt::Debug for GroupSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(GroupId::number))
            .finish()
    }
}

/// Walks a [`GroupSet`], lowest id first.
#[derive(Clone, Debug)]
pub struct GroupSetIter(u32);

impl Iterator for GroupSetIter {
    type Item = GroupId;
    fn next(&mut self) -> Option<GroupId> {
        if self.0 == 0 {
            return None;
        }
        let lowest = self.0.trailing_zeros();
        self.0 &= self.0.wrapping_sub(1);
        u8::try_from(lowest).ok().map(GroupId::new)
    }
}
