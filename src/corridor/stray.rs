//! Positions off the route: a wrong turn, a bad receiver, or another datum.

use serde::{Deserialize, Serialize};

use super::fixes::{OFF_ROUTE, SPEED_MAX};
use super::near::{length, nearest, nearest_on};
use super::track::way;
use super::{CorridorPlan, Fix};
use crate::units::{Length, Millis, Mono, Speed};

/// On the same road that leaves the route this often in a row is a wrong turn.
const SIDE_FIXES: u8 = 2;
/// Off the route this often in a row, all on one side of it, is a wrong turn.
const OFF_FIXES: u8 = 3;
/// A position further from a road than this is not on it, metres.
const ON_ROAD_M: f64 = 30.0;
/// This near to the node, a position does not tell which road it is on, metres.
const NODE_M: f64 = 10.0;
/// On a road that it has turned into, a vehicle gets on by at least this much from one position to
/// the next: scattered positions do not, metres.
const GETS_ON_M: f64 = 2.0;
/// Ways off the route are looked for from so far behind the last place on it ...
const BEHIND: Length = Length::from_metres(60);
/// ... to where a vehicle may have come since.
const REACH: Millis = Millis::from_secs(8);
/// A shorter shift between two datums could be noise, metres.
const SHIFT_MIN_M: f64 = 100.0;

/// Where a vehicle is that has left its route.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stray {
    /// When it was there.
    pub at: Mono,
    /// East of the origin, metres.
    pub x_m: f64,
    /// North of the origin, metres.
    pub y_m: f64,
    /// Speed over ground.
    pub speed: Speed,
    /// Where it drives, degrees clockwise from north; `None` before it has moved.
    pub heading_deg: Option<f64>,
}

/// A place on a way off the route.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Aside {
    /// Number of the way.
    way: u16,
    /// From where it leaves the route.
    along_m: f64,
    /// Away from the route.
    off: Length,
}

impl Aside {
    /// True if it is further along the same way, and further from the route unless it is clear of it:
    /// on a road beside the route, a constant error of the receiver gets on too.
    fn gets_on_from(self, old: Self) -> bool {
        let gap = length(GETS_ON_M);
        self.way == old.way
            && self.along_m >= old.along_m + GETS_ON_M
            && (self.off > OFF_ROUTE || self.off >= old.off + gap)
    }
}

/// Positions off the route since the last one on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Off {
    seen: u8,
    /// Sum of the places seen, for their middle.
    sum: (f64, f64),
    /// The way off the route that the last ones lay on, further each time, and how many in a row.
    side: Option<(Aside, u8)>,
    last: Option<Stray>,
    wrong_turn: bool,
}

impl Off {
    /// Takes in one more: the way off the route it lies on, and whether it is clear of the route.
    pub(super) fn add(
        &mut self,
        plan: &CorridorPlan,
        fix: &Fix,
        (side, clear): (Option<Aside>, bool),
    ) {
        let before = self.last.map(|last| (last.x_m, last.y_m));
        let heading = before.map(|(x, y)| (fix.x_m - x).atan2(fix.y_m - y).to_degrees());
        let moved = before.is_some_and(|(x, y)| (fix.x_m - x).hypot(fix.y_m - y) > 3.0);
        self.last = Some(Stray {
            at: fix.at,
            x_m: fix.x_m,
            y_m: fix.y_m,
            speed: fix.speed,
            heading_deg: heading.filter(|_| moved).map(|deg| deg.rem_euclid(360.0)),
        });
        self.side = match (self.side, side) {
            (Some((old, votes)), Some(new)) if new.gets_on_from(old) => {
                Some((new, votes.saturating_add(1)))
            }
            (_, Some(new)) => Some((new, 1)),
            (_, None) => None,
        };
        if clear {
            self.seen = self.seen.saturating_add(1);
            self.sum = (self.sum.0 + fix.x_m, self.sum.1 + fix.y_m);
        }
        let voted = self.side.is_some_and(|(_, votes)| votes >= SIDE_FIXES);
        self.wrong_turn |= voted || (self.seen >= OFF_FIXES && self.is_one_sided(plan));
    }

    /// True if the middle of the places seen is off the route too: noise lies on both sides of it.
    fn is_one_sided(&self, plan: &CorridorPlan) -> bool {
        let count = f64::from(self.seen.max(1));
        let middle = (self.sum.0 / count, self.sum.1 / count);
        let near = nearest(&plan.line, middle, (Length::ZERO, plan.length));
        near.is_none_or(|near| near.off > OFF_ROUTE)
    }

    pub(super) const fn is_wrong_turn(&self) -> bool {
        self.wrong_turn
    }

    /// True if a vehicle that was last seen where it was may have left the route by this way.
    pub(super) fn may_leave_by(&self, aside: Aside) -> bool {
        self.side
            .is_none_or(|(old, _)| old.way != aside.way || aside.gets_on_from(old))
    }

    /// The way off the route it was last seen on.
    pub(super) fn side(&self) -> Option<usize> {
        self.side.map(|(aside, _)| usize::from(aside.way))
    }

    pub(super) const fn stray(&self) -> Option<Stray> {
        self.last
    }
}

/// The way off the route that `at` lies on much better than on the route itself, `off` away.
pub(super) fn side_way(
    plan: &CorridorPlan,
    at: (f64, f64),
    (last, off): (Length, Length),
) -> Option<Aside> {
    let within = (last - BEHIND, last + way(SPEED_MAX, REACH));
    let ways = (0_u16..).zip(plan.side_ways.iter());
    let ways = ways.filter(|(_, way)| way.at >= within.0 && way.at <= within.1);
    let lies = ways.filter_map(|(number, way)| {
        let (along_m, off_m) = nearest_on(&way.line, at)?;
        let aside = Aside {
            way: number,
            along_m,
            off,
        };
        let better = length(off_m * 2.0) < off;
        (along_m > NODE_M && off_m <= ON_ROAD_M && better).then_some((aside, off_m))
    });
    lies.min_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(aside, _)| aside)
}

/// True if `at` would be on the route in the other datum.
pub(super) fn is_other_datum(plan: &CorridorPlan, at: (f64, f64)) -> bool {
    let (east, north) = plan.datum_shift_m;
    let on_route = |at| {
        let near = nearest(&plan.line, at, (Length::ZERO, plan.length));
        near.is_some_and(|near| near.off <= OFF_ROUTE)
    };
    east.hypot(north) > SHIFT_MIN_M
        && (on_route((at.0 - east, at.1 - north)) || on_route((at.0 + east, at.1 + north)))
}
