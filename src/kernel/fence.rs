//! The last fence: nobody waits for ever and nobody holds for ever, whatever is asked (I7, I18).
//!
//! The policies keep the everyday bounds. If they fail, the kernel itself puts the group that has
//! waited out its bound into the target until that group has had its shortest green.

use serde::{Deserialize, Serialize};

use super::guard;
use super::notes::{Event, Tell};
use super::street::Street;
use crate::ids::GroupId;
use crate::signal::{GroupKind, GroupSet, GroupTiming, SafetyTable};
use crate::units::Mono;

/// Who waits, who is forced, and when to look again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fence {
    /// Groups somebody waits for since [`super::street::GroupState::waiting`].
    pub(super) demanded: GroupSet,
    /// The group the kernel serves against the wish.
    pub(super) forced: Option<GroupId>,
    /// No bound can run out before this moment; `None` if nobody waits.
    pub(super) look_at: Option<Mono>,
    /// `look_at` has to be worked out again.
    is_stale: bool,
}

impl Fence {
    /// Nobody is forced any more; who waits still waits.
    pub(super) const fn forget(&mut self) {
        self.forced = None;
        self.is_stale = true;
    }

    /// `group` has right of way now: nobody waits for it.
    pub(super) const fn served(&mut self, group: GroupId) {
        self.demanded = self.demanded.without(group);
        self.is_stale = true;
    }

    /// The set of groups with right of way has changed.
    pub(super) const fn stale(&mut self) {
        self.is_stale = true;
    }

    /// The target with what is forced on it.
    pub(super) fn apply(
        street: &mut Street,
        table: &SafetyTable,
        now: Mono,
        tell: &mut impl Tell,
    ) -> GroupSet {
        if let Some(group) = street.fence.forced
            && street.go.contains(group)
            && guard::i05_green_min(table, street, group, now).is_none()
        {
            street.fence.forget();
            street.fence_refresh(table);
        }
        if street.fence.forced.is_none() && street.fence.look_at.is_some_and(|at| now >= at) {
            street.fence.forced = overdue(street, table, now, tell);
            street.fence.stale();
        }
        match street.fence.forced {
            Some(group) => {
                let hostile = table.conflicts().hostile_to(group);
                street.target.difference(hostile).with(group)
            }
            None => street.target,
        }
    }
}

/// The group whose wait is over its bound the longest, or else the one that waits longest for a
/// group that is held too long.
fn overdue(
    street: &Street,
    table: &SafetyTable,
    now: Mono,
    tell: &mut impl Tell,
) -> Option<GroupId> {
    let waited = street
        .fence
        .demanded
        .iter()
        .filter_map(|group| Some((guard::i07_wait_ends(table, street, group)?, group)))
        .min();
    if let Some((end, group)) = waited
        && now >= end
    {
        tell.event(Event::WaitForced(
            group,
            now.since(street.state(group).waiting),
        ));
        return Some(group);
    }
    let (_, held) = street
        .go
        .iter()
        .filter_map(|group| Some((guard::i18_hold_ends(table, street, group)?, group)))
        .min()
        .filter(|(end, _)| now >= *end)?;
    let waiting = table
        .conflicts()
        .hostile_to(held)
        .intersection(street.fence.demanded);
    let next = waiting.iter().min_by_key(|g| street.state(*g).waiting)?;
    tell.event(Event::HoldEnded(held, next));
    Some(next)
}

impl Street {
    /// Starts the waiting clocks of groups that are newly demanded and have no right of way.
    ///
    /// A walker who pressed waits until served, whatever is said later. A vehicle may have turned
    /// on red: once nobody says that it waits, it does not, unless it is being served already.
    pub(super) fn remember(&mut self, table: &SafetyTable, demands: GroupSet, now: Mono) {
        let fresh = demands.difference(self.go).difference(self.fence.demanded);
        let gone = self.fence.demanded.difference(demands).iter();
        let left: GroupSet = gone
            .filter(|group| {
                let is_walk = |t: &GroupTiming| t.kind == GroupKind::Pedestrian;
                !table.timing(*group).is_some_and(is_walk) && self.fence.forced != Some(*group)
            })
            .collect();
        if fresh.is_empty() && left.is_empty() {
            return;
        }
        for group in fresh {
            if let Some(state) = self.groups.get_mut(group.index()) {
                state.waiting = now;
            }
        }
        self.fence.demanded = self.fence.demanded.union(fresh).difference(left);
        self.fence.is_stale = true;
    }

    /// Works out when a bound can run out next, if anything has changed.
    pub(super) fn fence_refresh(&mut self, table: &SafetyTable) {
        if !self.fence.is_stale {
            return;
        }
        let waits = self
            .fence
            .demanded
            .iter()
            .filter_map(|group| guard::i07_wait_ends(table, self, group));
        let holds = self
            .go
            .iter()
            .filter_map(|group| guard::i18_hold_ends(table, self, group));
        self.fence.look_at = waits.chain(holds).min();
        self.fence.is_stale = false;
    }
}
