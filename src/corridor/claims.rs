//! Who gets a site when more than one corridor wants it.

use core::cmp::Reverse;

use super::{LeaseStep, SiteBoard};
use crate::ids::{CorridorId, SiteId};
use crate::signal::GroupSet;
use crate::units::Mono;

/// What one corridor wants of one site in this cycle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) site: SiteId,
    /// The vehicle is inside its stopping distance of its held green.
    pub(super) committed: bool,
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
    pub(super) expires: Mono,
    pub(super) green_by: Mono,
    pub(super) until: Mono,
}

/// The order of claims; the smallest goes first.
pub(super) type Order = (
    SiteId,
    bool,
    Reverse<LeaseStep>,
    (u8, u8),
    bool,
    Mono,
    (CorridorId, usize),
);

impl Claim {
    /// By site; then a vehicle that could no longer stop, a lock before a lock that is only near,
    /// class, priority, the present holder, arrival, and at last the corridor's number.
    pub(super) fn order(&self) -> Order {
        (
            self.site,
            !self.committed,
            Reverse(self.step),
            (self.rank, self.priority),
            !self.holds,
            self.eta,
            (self.corridor, self.crossing),
        )
    }
}

/// Walks the sorted claims: the first of each site wins, those compatible with all granted before
/// them share, the others are refused in favour of the winner.
pub(super) fn grant<B: SiteBoard>(claims: &mut [Claim], board: &B) {
    let mut winner: Option<Claim> = None;
    let mut given = GroupSet::EMPTY;
    for claim in claims {
        match winner.filter(|winner| winner.site == claim.site) {
            None => {
                winner = Some(*claim);
                given = claim.groups;
            }
            Some(first) => {
                if board
                    .hostile_to(claim.site, given)
                    .is_disjoint(claim.groups)
                {
                    given = given.union(claim.groups);
                } else {
                    claim.refused_by = Some(first.corridor);
                }
            }
        }
    }
}
