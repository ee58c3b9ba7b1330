//! Another way for a vehicle that has to wait for another one: the conflict priced as a road.

use crate::ids::RoadId;
use crate::network::{Position, RoadGraph, Route, RouteQuery, VehicleSize};
use crate::units::{Length, Millis};

/// A way that saves less than this is not worth the crew's attention.
const WORTH: Millis = Millis::from_secs(5);

/// A way around a conflict.
#[derive(Clone, Debug, PartialEq)]
pub struct Detour {
    /// From where the vehicle is now.
    pub route: Route,
    /// What it saves against waiting.
    pub saved: Millis,
}

/// A way for a vehicle that is `along` its `route` and would have to wait at the end of a road: one
/// that is faster than to go on and to wait, and that does not use that road. Both are priced at the
/// speed limits, with their greens. Nothing if there is none, or if the road is behind.
#[must_use]
pub fn detour(
    graph: &RoadGraph,
    (route, along): (&Route, Length),
    size: VehicleSize,
    (road, wait): (RoadId, Millis),
) -> Option<Detour> {
    let at = (route.passes.iter()).position(|pass| pass.along > along);
    let at = at.unwrap_or(route.passes.len());
    let ahead = route.roads.get(at..)?;
    // On the road itself it is too late.
    if !ahead.iter().skip(1).any(|one| *one == road) {
        return None;
    }
    let began = match at
        .checked_sub(1)
        .and_then(|before| route.passes.get(before))
    {
        Some(pass) => along - pass.along.min(along),
        None => route.starts_at + along,
    };
    let (first, last) = (*ahead.first()?, *ahead.last()?);
    let free = |road: RoadId| {
        graph
            .road(road)
            .map_or(Millis::MAX, crate::network::Road::free_flow)
    };
    let left = RouteQuery {
        from: Position::Road(first, began),
        to: Position::Road(last, route.ends_at),
        size,
        depart: Millis::ZERO,
    };
    let go_on = {
        let roads: Millis = ahead
            .iter()
            .map(|one| free(*one))
            .fold(Millis::ZERO, |a, b| a + b);
        let turns = ahead.windows(2).filter_map(|pair| match pair {
            [from, to] => graph.turn(*from, *to).map(|turn| turn.cost),
            _ => None,
        });
        let turns = turns.fold(Millis::ZERO, |a, b| a + b);
        let speed = |one: RoadId| graph.road(one).map(|road| (road.length, road.speed));
        let driven = speed(first).map_or(Millis::ZERO, |(_, speed)| began.time_at(speed));
        let beyond = speed(last).map_or(Millis::ZERO, |(length, speed)| {
            (length - route.ends_at.min(length)).time_at(speed)
        });
        (roads + turns).saturating_sub(driven + beyond)
    };
    let fastest = graph.roads().map(|(_, road)| road.speed).max()?;
    let priced = |one: RoadId, _: Millis| {
        let wait = if one == road { wait } else { Millis::ZERO };
        free(one) + wait
    };
    let found = graph.route_with(&left, fastest, priced).ok()?;
    let saved = (go_on + wait).saturating_sub(found.time);
    let is_around = !found.roads.contains(&road);
    (is_around && saved >= WORTH).then_some(Detour {
        route: found,
        saved,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::checked_files::check_files;
    use crate::shell::store::demo_city_files;

    #[test]
    fn a_long_wait_is_driven_around_and_a_short_one_is_not() {
        let (_, graph) = check_files(&demo_city_files()).city.unwrap();
        let graph = &graph;
        let from = graph.road_by_name("R-J17-J08").unwrap();
        let to = graph.place_by_name("H1").unwrap();
        let query = RouteQuery {
            from: Position::Road(from, Length::from_metres(5)),
            to: Position::Place(to),
            size: VehicleSize::default(),
            depart: Millis::ZERO,
        };
        let route = graph.route(&query).unwrap();
        let here = (&route, Length::from_metres(10));
        let size = VehicleSize::default();
        let mut offered = 0;
        for road in route.roads.iter().skip(1) {
            assert_eq!(
                detour(graph, here, size, (*road, Millis::from_secs(1))),
                None
            );
            if let Some(found) = detour(graph, here, size, (*road, Millis::from_secs(300))) {
                assert!(!found.route.roads.contains(road));
                assert!(found.saved >= WORTH && found.saved <= Millis::from_secs(300));
                assert_eq!(found.route.roads.last(), route.roads.last());
                offered += 1;
            }
        }
        assert!(offered > 0, "no road of the way can be driven around");
        // On the road itself it is too late.
        let wait = Millis::from_secs(300);
        assert_eq!(detour(graph, here, size, (route.roads[0], wait)), None);
    }
}
