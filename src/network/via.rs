//! A way over turns that somebody prescribes.

use super::search::Found;
use super::{NoRoute, Position, RoadGraph, Route, RouteQuery};
use crate::ids::RoadId;
use crate::units::Length;

impl RoadGraph {
    /// The fastest way at the speed limits that takes `turns` in this order, each from the road it
    /// comes in by to the road it goes out by. What lies between them is searched.
    ///
    /// # Errors
    /// Why there is none.
    pub fn route_via(
        &self,
        query: &RouteQuery,
        turns: &[(RoadId, RoadId)],
    ) -> Result<Route, NoRoute> {
        let Some((first, _)) = turns.first() else {
            return self.route(query);
        };
        let stretch = |from, to| self.route(&RouteQuery { from, to, ..*query });
        let start = stretch(query.from, self.end_of(*first))?;
        let (mut roads, mut time) = (start.roads, start.time);
        let mut ends_at = start.ends_at;
        for (at, (entering, leaving)) in turns.iter().enumerate() {
            let turn = self.turn(*entering, *leaving);
            let turn = turn.filter(|turn| !turn.banned);
            time += turn.ok_or(NoRoute::Unreachable)?.cost;
            let next = turns.get(at.saturating_add(1));
            let to = next.map_or(query.to, |(road, _)| self.end_of(*road));
            let on = stretch(Position::Road(*leaving, Length::ZERO), to)?;
            roads.extend(on.roads);
            time += on.time;
            ends_at = on.ends_at;
        }
        let found = Found {
            roads,
            starts_at: start.starts_at,
            ends_at,
            arrives: query.depart + time,
        };
        Ok(self.described(found, query.depart))
    }

    fn end_of(&self, road: RoadId) -> Position {
        let length = self.road(road).map(|road| road.length);
        Position::Road(road, length.unwrap_or(Length::from_mm(u32::MAX)))
    }
}
