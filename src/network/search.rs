//! A* over directed roads, so that a turn can be banned or cost time.

use alloc::collections::{BTreeMap, BinaryHeap};
use core::cmp::Reverse;

use super::graph::{metres, whole};
use super::route::Spot;
use super::{PlanarPoint, RoadGraph};
use crate::ids::RoadId;
use crate::units::{Length, Millis, Speed};

/// What the search found.
pub(super) struct Found {
    pub(super) roads: Vec<RoadId>,
    pub(super) starts_at: Length,
    pub(super) ends_at: Length,
    /// On the clock of the costs.
    pub(super) arrives: Millis,
}

/// A moment of the search; the order of the fields breaks ties, so equal worlds give equal routes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Open {
    /// The earliest arrival that can come of it.
    hope: Millis,
    /// When this point is reached.
    at: Millis,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// A goal by its index, from this road or straight from the start.
    Goal(usize, Option<RoadId>, Length),
    /// The end of a road.
    End(RoadId),
}

/// How the end of a road was reached.
#[derive(Clone, Copy)]
struct Reached {
    at: Millis,
    from: Option<RoadId>,
    starts_at: Length,
}

struct Search<'a, C, F> {
    graph: &'a RoadGraph,
    goals: &'a [Spot],
    targets: Vec<PlanarPoint>,
    fastest: Speed,
    cost: &'a C,
    fits: &'a F,
    open: BinaryHeap<Reverse<Open>>,
    reached: BTreeMap<RoadId, Reached>,
}

impl RoadGraph {
    /// The earliest arrival at any goal from any start.
    pub(super) fn search<C, F>(
        &self,
        (starts, goals): (&[Spot], &[Spot]),
        (depart, fastest): (Millis, Speed),
        cost: &C,
        fits: &F,
    ) -> Option<Found>
    where
        C: Fn(RoadId, Millis) -> Millis,
        F: Fn(RoadId) -> bool,
    {
        let mut search = Search {
            graph: self,
            goals,
            targets: goals
                .iter()
                .filter_map(|(road, along)| self.point_on(*road, *along))
                .collect(),
            fastest,
            cost,
            fits,
            open: BinaryHeap::new(),
            reached: BTreeMap::new(),
        };
        for start in starts {
            search.begin(*start, depart);
        }
        search.run()
    }
}

impl<C, F> Search<'_, C, F>
where
    C: Fn(RoadId, Millis) -> Millis,
    F: Fn(RoadId) -> bool,
{
    fn begin(&mut self, (road, along): Spot, depart: Millis) {
        let Some(length) = self.graph.road(road).map(|road| road.length) else {
            return;
        };
        if !(self.fits)(road) {
            return;
        }
        let whole = (self.cost)(road, depart);
        for (index, (goal, goal_along)) in self.goals.iter().enumerate() {
            if *goal == road && *goal_along >= along {
                let at = depart + part(whole, *goal_along - along, length);
                self.push(at, at, What::Goal(index, None, along));
            }
        }
        let at = depart + part(whole, length - along, length);
        self.reach(
            road,
            Reached {
                at,
                from: None,
                starts_at: along,
            },
        );
    }

    fn reach(&mut self, road: RoadId, how: Reached) {
        let better = self
            .reached
            .get(&road)
            .is_none_or(|known| how.at < known.at);
        if better {
            self.reached.insert(road, how);
            let hope = how.at + self.least(road);
            self.push(hope, how.at, What::End(road));
        }
    }

    fn push(&mut self, hope: Millis, at: Millis, what: What) {
        self.open.push(Reverse(Open { hope, at, what }));
    }

    fn run(mut self) -> Option<Found> {
        while let Some(Reverse(next)) = self.open.pop() {
            match next.what {
                What::Goal(index, from, starts_at) => {
                    return self.found(index, from, (starts_at, next.at));
                }
                What::End(road) => {
                    if self
                        .reached
                        .get(&road)
                        .is_some_and(|known| known.at == next.at)
                    {
                        self.go_on(road, next.at);
                    }
                }
            }
        }
        None
    }

    fn go_on(&mut self, road: RoadId, now: Millis) {
        let graph = self.graph;
        for turn in graph.turns(road).iter().filter(|turn| !turn.banned) {
            let Some(length) = graph.road(turn.to).map(|road| road.length) else {
                continue;
            };
            if !(self.fits)(turn.to) {
                continue;
            }
            let enters = now + turn.cost;
            let whole = (self.cost)(turn.to, enters);
            for (index, (goal, along)) in self.goals.iter().enumerate() {
                if *goal == turn.to {
                    let at = enters + part(whole, *along, length);
                    self.push(at, at, What::Goal(index, Some(road), Length::ZERO));
                }
            }
            let how = Reached {
                at: enters + whole,
                from: Some(road),
                starts_at: Length::ZERO,
            };
            self.reach(turn.to, how);
        }
    }

    /// Never more than the time from the end of `road` to the nearest goal.
    fn least(&self, road: RoadId) -> Millis {
        let node = self
            .graph
            .road(road)
            .and_then(|road| self.graph.junction(road.to));
        let Some(node) = node else {
            return Millis::ZERO;
        };
        let away = self.targets.iter().map(|target| target.distance_m(node.at));
        let nearest_m = away.fold(f64::INFINITY, f64::min);
        let least_m = (nearest_m - 2.0 * self.graph.end_gap_m).max(0.0) * self.graph.shortest_share;
        let speed_m_s = f64::from(self.fastest.as_mm_per_s()) / 1000.0;
        if !least_m.is_finite() || speed_m_s <= 0.0 {
            return Millis::ZERO;
        }
        // Costs are whole milliseconds rounded down, road by road: give back one for each.
        let roads = self.graph.graph.edge_count();
        let rounding = Millis::new(super::graph::number(roads));
        Millis::new(whole((least_m / speed_m_s * 1000.0).floor())).saturating_sub(rounding)
    }

    fn found(
        &self,
        goal: usize,
        from: Option<RoadId>,
        (starts_at, arrives): (Length, Millis),
    ) -> Option<Found> {
        let (road, ends_at) = *self.goals.get(goal)?;
        let mut found = Found {
            roads: vec![road],
            starts_at,
            ends_at,
            arrives,
        };
        let mut back = from;
        while let Some(road) = back {
            let how = self.reached.get(&road)?;
            found.roads.push(road);
            found.starts_at = how.starts_at;
            back = how.from;
        }
        found.roads.reverse();
        Some(found)
    }
}

/// The share of a road's time that a stretch of it takes.
fn part(whole_road: Millis, stretch: Length, of: Length) -> Millis {
    let share = metres(stretch) / metres(of).max(0.001);
    Millis::new(whole(f64::from(whole_road.as_ms()) * share))
}
