//! Other ways to the same place, by the penalty method.
//!
//! The roads of the ways found so far are made dearer and the search is asked again. A way is kept
//! if it is different enough to be a choice, and not so long that nobody would take it.

use alloc::collections::BTreeSet;

use super::{NoRoute, RoadGraph, Route, RouteQuery};
use crate::ids::RoadId;
use crate::units::{Length, Millis};

/// A road that a way found so far uses costs this much more, per cent.
const PENALTY_PERCENT: u64 = 140;
/// Nobody takes a way that lasts longer than this share of the best one, per cent.
const LONGEST_PERCENT: u64 = 150;
/// A way that shares more than this of its length with one found before is no choice, per cent.
const SHARED_PERCENT: u64 = 75;
/// Searches at most.
const TRIES: usize = 6;

impl RoadGraph {
    /// The fastest way, and after it at most `count` others, fastest first.
    ///
    /// # Errors
    /// Why there is no way at all.
    pub fn routes(&self, query: &RouteQuery, count: usize) -> Result<Vec<Route>, NoRoute> {
        let best = self.route(query)?;
        let longest = u64::from(best.free_flow.as_ms()) * LONGEST_PERCENT / 100;
        let mut used: Vec<RoadId> = best.roads.clone();
        let mut found = vec![best];
        let fastest = self.roads().map(|(_, road)| road.speed).max();
        for _ in 0..TRIES {
            if found.len() > count {
                break;
            }
            let cost = |road: RoadId, _: Millis| {
                let free = self.road(road).map_or(Millis::MAX, super::Road::free_flow);
                let times = used.iter().filter(|one| **one == road).count();
                dearer(free, times)
            };
            let next = self.route_with(query, fastest.unwrap_or_default(), cost)?;
            let is_short = u64::from(next.free_flow.as_ms()) <= longest;
            let is_new = found.iter().all(|known| !self.is_like(&next, known));
            used.extend(&next.roads);
            if is_short && is_new {
                found.push(next);
            }
        }
        if let Some(others) = found.get_mut(1..) {
            others.sort_by_key(|route| route.free_flow);
        }
        Ok(found)
    }

    /// True if so much of `one` lies on `other` that it is the same way.
    fn is_like(&self, one: &Route, other: &Route) -> bool {
        let there: BTreeSet<RoadId> = other.roads.iter().copied().collect();
        let length = |road: &RoadId| {
            let length = self.road(*road).map_or(Length::ZERO, |road| road.length);
            u64::from(length.as_mm())
        };
        let all: u64 = one.roads.iter().map(length).sum();
        let shared = one.roads.iter().filter(|road| there.contains(road));
        shared.map(length).sum::<u64>() * 100 > all * SHARED_PERCENT
    }
}

fn dearer(free: Millis, times: usize) -> Millis {
    let ms = (0..times.min(4)).fold(u64::from(free.as_ms()), |ms, _| ms * PENALTY_PERCENT / 100);
    Millis::new(u32::try_from(ms).unwrap_or(u32::MAX))
}
