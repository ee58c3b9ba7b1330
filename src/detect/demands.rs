//! Who is waiting, and since when.

use serde::{Deserialize, Serialize};

use crate::ids::GroupId;
use crate::signal::{GROUPS_MAX, GroupSet};
use crate::units::{Millis, Mono};

/// The demands of one site as detection last saw them.
///
/// A group with right of way is never demanded: whoever is behind it is being served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demands {
    /// Vehicle groups somebody waits for, recalled ones included.
    pub vehicles: GroupSet,
    /// Pedestrian groups somebody waits for, recalled ones included.
    pub walkers: GroupSet,
    /// Vehicle groups whose passage timer still runs: the green is still being used.
    pub extending: GroupSet,
    /// Groups called every round because nothing can call them or what calls them is broken.
    pub recall_min: GroupSet,
    /// Groups whose broken detector asks for their maximum every round.
    pub recall_max: GroupSet,
    /// Walks that somebody asked to be longer, until the end of that one service.
    pub long_press: GroupSet,
    /// The oldest call of each demanded group, indexed by [`GroupId`]; else without meaning.
    pub since: [Mono; GROUPS_MAX],
}

/// Which detectors and buttons of a site cannot be believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Doubts {
    /// How many.
    pub faulty: u16,
    /// Of how many.
    pub all: u16,
    /// The groups they should speak for.
    pub groups: GroupSet,
}

impl Demands {
    /// Every demanded group.
    #[must_use]
    pub const fn all(&self) -> GroupSet {
        self.vehicles.union(self.walkers)
    }

    /// The oldest call of `group`, if it is demanded.
    #[must_use]
    pub fn oldest(&self, group: GroupId) -> Option<Mono> {
        if self.all().contains(group) {
            self.since.get(group.index()).copied()
        } else {
            None
        }
    }

    /// How long the oldest call of `group` has waited; zero if nobody waits.
    #[must_use]
    pub fn waited(&self, group: GroupId, now: Mono) -> Millis {
        self.oldest(group)
            .map_or(Millis::ZERO, |since| now.since(since))
    }

    /// Takes the calls of this cycle; a group called before keeps the age of its oldest call.
    pub(super) fn renew(&mut self, now: Mono, vehicles: GroupSet, walkers: GroupSet) {
        let fresh = vehicles.union(walkers).difference(self.all());
        for group in fresh {
            if let Some(since) = self.since.get_mut(group.index()) {
                *since = now;
            }
        }
        self.vehicles = vehicles;
        self.walkers = walkers;
    }
}
