//! Who gets a site when more than one corridor wants it.

use core::cmp::Reverse;

use super::several::{At, Orders};
use super::{LeaseStep, SiteBoard};
use crate::ids::{CorridorId, SiteId};
use crate::signal::GroupSet;
use crate::units::{Millis, Mono};

/// What a signal is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The vehicle passes it.
    Passing = 0,
    /// It stands behind the destination, and its queue where the vehicle is going.
    Stopping = 1,
}

/// What one corridor wants of one site in this cycle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) site: SiteId,
    /// The vehicle is inside its stopping distance of its held green.
    pub(super) committed: bool,
    pub(super) purpose: Purpose,
    pub(super) step: LeaseStep,
    pub(super) rank: u8,
    pub(super) priority: u8,
    /// It holds the site already: an arrival a second earlier does not take it away.
    pub(super) holds: bool,
    pub(super) eta: Mono,
    pub(super) corridor: CorridorId,
    pub(super) groups: GroupSet,
    pub(super) mission: usize,
    pub(super) crossing: usize,
    pub(super) refused_by: Option<CorridorId>,
    /// The vehicle will meet a red because of it.
    pub(super) expects_red: bool,
    pub(super) expires: Mono,
    pub(super) green_by: Mono,
    pub(super) until: Mono,
}

/// The order of claims; the smallest goes first.
pub(super) type Order = (
    SiteId,
    bool,
    u8,
    Reverse<LeaseStep>,
    (u8, u8),
    bool,
    Mono,
    (CorridorId, usize),
);

impl Claim {
    const fn at(&self) -> At {
        At {
            corridor: self.corridor,
            crossing: self.crossing,
        }
    }

    /// Who passes here and asks for something, who only stops before it, who only prepares.
    fn kind(&self) -> u8 {
        if self.step == LeaseStep::Prepare {
            2
        } else {
            self.purpose as u8
        }
    }

    /// By site; then a vehicle that could no longer stop, who passes before who only stops, a lock
    /// before a lock that is only near, class, priority, the present holder, arrival, and at last the corridor's number.
    pub(super) fn order(&self) -> Order {
        (
            self.site,
            !self.committed,
            self.kind(),
            Reverse(self.step),
            (self.rank, self.priority),
            !self.holds,
            self.eta,
            (self.corridor, self.crossing),
        )
    }
}

/// Walks the sorted claims. Who has to let another go first waits for it, whether or not that one
/// asks yet, and who asks early waits for those that are through before; of the others the first of
/// each site wins, those compatible with all granted before them share, the rest are refused in
/// favour of the winner.
///
/// The sort decides only where nothing was found: for vehicles that have not set off and have not
/// said when they will.
pub(super) fn grant<B: SiteBoard>(claims: &mut [Claim], orders: &Orders, board: &B) {
    for claim in claims.iter_mut().filter(|claim| !claim.committed) {
        if let Some(before) = orders.waits_for(claim.corridor, claim.crossing) {
            claim.refused_by = Some(before.first.corridor);
            claim.expects_red = before.wait > Millis::ZERO;
        }
    }
    let_sooner_ones_by(claims, orders, board);
    let mut winner: Option<Claim> = None;
    let mut given = GroupSet::EMPTY;
    for claim in claims.iter_mut().filter(|claim| claim.refused_by.is_none()) {
        let Some(first) = winner.filter(|winner| winner.site == claim.site) else {
            winner = Some(*claim);
            given = claim.groups;
            continue;
        };
        let hostile = board.hostile_to(claim.site, given);
        if hostile.is_disjoint(claim.groups) {
            given = given.union(claim.groups);
        } else {
            claim.refused_by = Some(first.corridor);
            claim.expects_red = !orders.know(first.at(), claim.at());
        }
    }
}

/// A lock that was asked for early, because of a long queue or a full exit, stands in nobody's way
/// who is through before its vehicle comes, whatever the ranks of the two; nor in its own vehicle's
/// at a stop line before.
fn let_sooner_ones_by<B: SiteBoard>(claims: &mut [Claim], orders: &Orders, board: &B) {
    for at in 0..claims.len() {
        let claim = claims.get(at).copied();
        let Some(early) = claim.filter(|claim| claim.refused_by.is_none()) else {
            continue;
        };
        let hostile = board.hostile_to(early.site, early.groups);
        let from = claims.partition_point(|claim| claim.site < early.site);
        let from_site = claims.iter().skip(from);
        let mut beside = from_site.take_while(|claim| claim.site == early.site);
        let sooner = beside.find(|claim| {
            let is_own = claim.corridor == early.corridor && claim.crossing < early.crossing;
            claim.step == LeaseStep::Lock
                && claim.refused_by.is_none()
                && !hostile.is_disjoint(claim.groups)
                && (is_own || !early.committed && orders.is_through_before(claim.at(), early.at()))
        });
        let by = sooner.map(|claim| claim.corridor);
        if let Some(claim) = claims.get_mut(at) {
            claim.refused_by = by;
        }
    }
}
