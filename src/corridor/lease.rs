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
    /// The emergency green of the vehicle's approach; never empty. At a controller with several
    /// stop lines on the way, that of every one that is asked for now.
    pub groups: GroupSet,
    /// Groups of the same node that may be green with a lock.
    pub beside: GroupSet,
    /// Groups that would fill the road the vehicle leaves by; a lock does not show them.
    pub into_exit: GroupSet,
    /// The emergency green of further stop lines of the same controller whose lock is near.
    pub near: GroupSet,
    /// The groups of `near` have to be green by then.
    pub near_by: Mono,
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
        let of = |lease: &Self| (lease.corridor, lease.groups, lease.near, lease.step);
        of(self) == of(new)
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
pub(super) struct Window {
    /// The lock starts.
    pub from: Mono,
    /// The vehicle is through.
    pub until: Mono,
}

/// Two claims that do not hinder each other share a site: two corridors, or two stop lines of one.
/// What is only near is kept from being hindered beside what is locked.
pub(super) fn share(held: &mut Lease, other: &Lease) {
    if other.step == held.step {
        held.groups = held.groups.union(other.groups);
        held.beside = held.beside.union(other.beside);
        held.into_exit = held.into_exit.union(other.into_exit);
        held.expires = held.expires.min(other.expires);
        held.green_by = held.green_by.min(other.green_by);
        held.until = held.until.max(other.until);
    } else if held.step == LeaseStep::Lock && other.step == LeaseStep::Inhibit {
        held.near_by = if held.near.is_empty() {
            other.green_by
        } else {
            held.near_by.min(other.green_by)
        };
        held.near = held.near.union(other.groups);
    }
}
