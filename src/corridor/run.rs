//! The time a vehicle needs along its route, as the tenth, fiftieth and ninetieth of a hundred
//! drives would.

use super::pace::{Pace, Paces};
use super::{CorridorPlan, Link};
use crate::units::Millis;

/// The way ahead, walked once from the vehicle to the last crossing.
#[derive(Debug)]
pub(super) struct Run<'a> {
    plan: &'a CorridorPlan,
    paces: &'a Paces,
    /// What a road that nobody has learned of is driven by: as this drive has gone so far.
    usual: Pace,
    /// The planned free-flow clock up to which has been walked.
    clock: u64,
    link: usize,
    middle: u64,
    /// Sums of the differences to the early and the late value, and of their squares: half of what
    /// makes a drive fast or slow lies with the driver and goes with him from road to road.
    early: Spread,
    late: Spread,
}

#[derive(Clone, Copy, Debug, Default)]
struct Spread {
    sum: u64,
    squares: u64,
}

impl Spread {
    const fn add(&mut self, part: u64) {
        self.sum += part;
        self.squares += part * part;
    }

    const fn total(self) -> u64 {
        u64::isqrt(u64::midpoint(self.squares, self.sum * self.sum))
    }
}

/// A time as three drives of a hundred need it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) early: Millis,
    pub(super) middle: Millis,
    pub(super) late: Millis,
}

impl<'a> Run<'a> {
    /// The way ahead of a vehicle at this place of the planned free-flow clock.
    /// `share` is how its drive has gone against its plan so far, per mille.
    pub(super) fn from(
        plan: &'a CorridorPlan,
        (paces, share): (&'a Paces, u32),
        clock: Millis,
    ) -> Self {
        let done = |link: &Link| link.free_flow <= clock;
        Self {
            plan,
            paces,
            usual: Pace::PRIOR.at(share),
            clock: u64::from(clock.as_ms()),
            link: plan.links.partition_point(done),
            middle: 0,
            early: Spread::default(),
            late: Spread::default(),
        }
    }

    /// Time from the vehicle to `clock`, which may not lie before the last one asked for.
    pub(super) fn to(&mut self, clock: Millis) -> Times {
        let goal = u64::from(clock.as_ms());
        while self.clock < goal {
            let link = self.plan.links.get(self.link);
            let end = link.map_or(goal, |link| u64::from(link.free_flow.as_ms()));
            let learned = link.and_then(|link| self.paces.learned(link.road, self.plan.class));
            let pace = learned.unwrap_or(self.usual);
            let piece = end.min(goal).saturating_sub(self.clock);
            self.middle += piece * u64::from(pace.middle) / 1000;
            self.early
                .add(piece * u64::from(pace.middle.saturating_sub(pace.early)) / 1000);
            self.late
                .add(piece * u64::from(pace.late.saturating_sub(pace.middle)) / 1000);
            self.clock += piece;
            if end <= goal {
                self.link += 1;
            }
            if link.is_none() {
                break;
            }
        }
        let ms = |ms: u64| Millis::new(u32::try_from(ms).unwrap_or(u32::MAX));
        Times {
            early: ms(self.middle.saturating_sub(self.early.total())),
            middle: ms(self.middle),
            late: ms(self.middle + self.late.total()),
        }
    }
}
