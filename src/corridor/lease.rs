//! What the corridor engine hands to a site: a wish with an end.

use serde::{Deserialize, Serialize};

use crate::ids::{CorridorId, SiteId};
use crate::signal::GroupSet;
use crate::units::{Millis, Mono};

/// How long a lease lives if nobody renews it. The engine renews it every second.
pub const LEASE_TTL: Millis = Millis::from_secs(3);

/// What a site is asked to do for a vehicle that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaseStep {
    /// The vehicle has not set off. Nothing is held and nothing is kept from starting; only who
    /// would wait too long by the end of a hold is served first.
    Prepare,
    /// The lock is near. Nothing is cut: what has right of way keeps it as long as the plan says.
    /// Who would wait too long by the end of the hold is served first. No group hostile to the
    /// lease's groups is newly started unless it can be over in time, and when the plan would
    /// leave its stage for such a group the lease's groups are asked for instead.
    Inhibit,
    /// The lease's groups are asked for now, with whatever cannot hurt them.
    Lock,
}

/// A wish of the corridor engine for one site. It ends by itself unless it is renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// For which corridor.
    pub corridor: CorridorId,
    /// The emergency green of the vehicle's approach; never empty.
    pub groups: GroupSet,
    /// From this moment on the lease means nothing.
    pub expires: Mono,
    /// What is asked.
    pub step: LeaseStep,
    /// The groups have to be green by then, before any queue of theirs.
    pub green_by: Mono,
    /// The vehicle is expected to be through by then.
    pub until: Mono,
}

impl Lease {
    /// True while the lease still means something.
    #[must_use]
    pub fn is_live(&self, now: Mono) -> bool {
        now < self.expires
    }

    /// True if `new` asks the same for the same corridor.
    pub(super) fn says(&self, new: &Self) -> bool {
        (self.corridor, self.groups, self.step) == (new.corridor, new.groups, new.step)
    }

    /// True if this lease need not be renewed by `new` yet.
    pub(super) fn keeps(&self, new: &Self, now: Mono) -> bool {
        let rest = Millis::from_secs(2);
        self.says(new) && self.expires <= new.expires && now.until(self.expires) > rest
    }
}

/// A lease and the site it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SiteLease {
    pub(super) site: SiteId,
    pub(super) lease: Lease,
}

/// The time a site is expected to be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The lock starts.
    pub from: Mono,
    /// The vehicle is through.
    pub until: Mono,
}

/// Two compatible corridors share a site: both sets are asked for, for as long as both want it.
pub(super) fn share(held: &mut Lease, other: &Lease) {
    if other.step == held.step {
        held.groups = held.groups.union(other.groups);
        held.expires = held.expires.min(other.expires);
        held.green_by = held.green_by.min(other.green_by);
        held.until = held.until.max(other.until);
    }
}
