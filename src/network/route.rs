//! Questions to the road graph, and the way it answers.

use thiserror::Error;

use super::graph::{length, metres};
use super::matching::{OFF_ROAD_M, RoadMatch};
use super::{PlanarPoint, RoadGraph};
use crate::ids::{JunctionId, PlaceId, RoadId};
use crate::plan::TurnKind;
use crate::units::{Length, Millis, Speed};

/// An end of a route.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Position {
    /// This far along a directed road.
    Road(RoadId, Length),
    /// A point, with the heading in degrees clockwise from north where it is known.
    Point(PlanarPoint, Option<f64>),
    /// A named place.
    Place(PlaceId),
}

/// What the vehicle needs from a road.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VehicleSize {
    /// Height.
    pub height: Length,
    /// Weight, kilograms.
    pub weight_kg: u32,
    /// Length.
    pub length: Length,
}

/// A question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RouteQuery {
    /// Where the vehicle is.
    pub from: Position,
    /// Where it is wanted.
    pub to: Position,
    /// How big it is.
    pub size: VehicleSize,
    /// When it starts, on whatever clock the costs use; zero if they do not change with time.
    pub depart: Millis,
}

/// Why there is no route.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum NoRoute {
    /// The vehicle is on no road.
    #[error(
        "the vehicle is off the road: the nearest one is {nearest_m:.0} m away, the limit is {OFF_ROAD_M} m"
    )]
    OffRoad {
        /// Distance to the nearest road.
        nearest_m: f64,
    },
    /// The destination lies in water.
    #[error("the destination lies in the water of {name_en} ({name_zh})")]
    InWater {
        /// Name in Chinese.
        name_zh: String,
        /// Name in English.
        name_en: String,
    },
    /// No road leads to the destination.
    #[error(
        "no road reaches the destination: the nearest one is {nearest_m:.0} m away, the limit is {OFF_ROAD_M} m"
    )]
    NoRoadThere {
        /// Distance to the nearest road.
        nearest_m: f64,
    },
    /// The city has no such road or place.
    #[error("the road or place is not in the city's network")]
    Unknown,
    /// Roads exist, but none joins the two ends.
    #[error(
        "the destination cannot be reached from there: every way is one-way against it, banned or missing"
    )]
    Unreachable,
    /// Only roads too low, weak or narrow for this vehicle join the two ends.
    #[error(
        "the vehicle is too high, heavy or long for every way there; the first such road is {road}"
    )]
    LimitsExceeded {
        /// Id of the first road on the way of a smaller vehicle that this one may not use.
        road: String,
    },
}

/// A node that a route goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// The node.
    pub junction: JunctionId,
    /// The road it is entered by.
    pub entering: RoadId,
    /// The road it is left by.
    pub leaving: RoadId,
    /// Its stop line, along the route.
    pub along: Length,
}

/// A point of a route.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinePoint {
    /// Where.
    pub at: PlanarPoint,
    /// How far along the route.
    pub along: Length,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The roads in order.
    pub roads: Vec<RoadId>,
    /// The turns between them: one fewer than roads.
    pub turns: Vec<TurnKind>,
    /// Where on the first road it starts.
    pub starts_at: Length,
    /// Where on the last road it ends.
    pub ends_at: Length,
    /// Its length.
    pub length: Length,
    /// Time at the speed limits, turns included.
    pub free_flow: Millis,
    /// Time by the costs that were asked for.
    pub time: Millis,
    /// The way on the ground.
    pub line: Vec<LinePoint>,
    /// The nodes in order, signalled or not.
    pub passes: Vec<Pass>,
}

/// A road with a place on it.
pub(super) type Spot = (RoadId, Length);

impl RoadGraph {
    /// The fastest way at the speed limits.
    ///
    /// # Errors
    /// Why there is none.
    pub fn route(&self, query: &RouteQuery) -> Result<Route, NoRoute> {
        let fastest = self
            .roads()
            .map(|(_, road)| road.speed)
            .max()
            .unwrap_or_default();
        self.route_with(query, fastest, |road, _| {
            self.road(road).map_or(Millis::MAX, super::Road::free_flow)
        })
    }

    /// The fastest way by `cost`: the time on a whole road for a vehicle that enters it at the given
    /// moment (milliseconds on the clock of [`RouteQuery::depart`]).
    ///
    /// The answer is exact if no vehicle is faster than `fastest` on any road, and if entering a road
    /// later never means leaving it earlier.
    ///
    /// # Errors
    /// Why there is none.
    pub fn route_with(
        &self,
        query: &RouteQuery,
        fastest: Speed,
        cost: impl Fn(RoadId, Millis) -> Millis,
    ) -> Result<Route, NoRoute> {
        let starts = self.starts(query.from)?;
        let goals = self.goals(query.to)?;
        let fits = |road: RoadId| self.fits(road, query.size);
        let found = self.search((&starts, &goals), (query.depart, fastest), &cost, &fits);
        if let Some(found) = found {
            return Ok(self.described(found, query.depart));
        }
        let anyone = self.search((&starts, &goals), (query.depart, fastest), &cost, &|_| true);
        let Some(anyone) = anyone else {
            return Err(NoRoute::Unreachable);
        };
        let narrow = anyone.roads.iter().find(|road| !fits(**road));
        let road = narrow.and_then(|road| self.road(*road));
        Err(
            road.map_or(NoRoute::Unreachable, |road| NoRoute::LimitsExceeded {
                road: road.id.clone(),
            }),
        )
    }

    fn starts(&self, from: Position) -> Result<Vec<Spot>, NoRoute> {
        let Position::Point(at, heading_deg) = from else {
            return self.spot(from).map(|spot| vec![spot]);
        };
        self.near(at, heading_deg)
            .map_err(|nearest_m| NoRoute::OffRoad { nearest_m })
    }

    fn goals(&self, to: Position) -> Result<Vec<Spot>, NoRoute> {
        let Position::Point(at, _) = to else {
            return self.spot(to).map(|spot| vec![spot]);
        };
        self.near(at, None).map_err(|nearest_m| {
            let water = self.water_at(at);
            water.map_or(NoRoute::NoRoadThere { nearest_m }, |water| {
                NoRoute::InWater {
                    name_zh: water.name_zh.clone(),
                    name_en: water.name_en.clone(),
                }
            })
        })
    }

    fn spot(&self, at: Position) -> Result<Spot, NoRoute> {
        let (id, along) = match at {
            Position::Road(road, along) => (road, along),
            Position::Place(place) => {
                let place = self.place(place).ok_or(NoRoute::Unknown)?;
                (place.road, place.along)
            }
            Position::Point(..) => return Err(NoRoute::Unknown),
        };
        let road = self.road(id).ok_or(NoRoute::Unknown)?;
        Ok((id, along.min(road.length)))
    }

    /// The roads at a point, or the distance to the nearest one.
    fn near(&self, at: PlanarPoint, heading_deg: Option<f64>) -> Result<Vec<Spot>, f64> {
        let found = self.nearest_roads(at, heading_deg);
        let near = |found: &[RoadMatch]| {
            found
                .first()
                .is_some_and(|first| first.away_m <= OFF_ROAD_M)
        };
        let found = if near(&found) {
            found
        } else {
            self.nearest_roads(at, None)
        };
        if near(&found) {
            Ok(found
                .iter()
                .map(|found| (found.road, found.along))
                .collect())
        } else {
            Err(found.first().map_or(f64::INFINITY, |first| first.away_m))
        }
    }

    fn fits(&self, road: RoadId, size: VehicleSize) -> bool {
        let Some(road) = self.road(road) else {
            return false;
        };
        let limits = road.limits;
        limits.height.is_none_or(|most| size.height <= most)
            && limits.weight_kg.is_none_or(|most| size.weight_kg <= most)
            && limits.length.is_none_or(|most| size.length <= most)
    }

    pub(super) fn described(&self, found: super::search::Found, depart: Millis) -> Route {
        let last = found.roads.len().saturating_sub(1);
        let mut route = Route {
            turns: Vec::new(),
            starts_at: found.starts_at,
            ends_at: found.ends_at,
            length: Length::ZERO,
            free_flow: Millis::ZERO,
            time: found.arrives.saturating_sub(depart),
            line: Vec::new(),
            passes: Vec::new(),
            roads: found.roads,
        };
        let roads = route.roads.clone();
        for (at, id) in roads.iter().enumerate() {
            let Some(road) = self.road(*id) else { continue };
            let begin = if at == 0 {
                route.starts_at
            } else {
                Length::ZERO
            };
            let end = if at == last {
                route.ends_at
            } else {
                road.length
            };
            self.draw(*id, (begin, end), &mut route);
            route.length = route.length + (end - begin);
            route.free_flow += (end - begin).time_at(road.speed);
            if let Some(next) = roads.get(at.saturating_add(1)) {
                let turn = self.turn(*id, *next);
                route.free_flow += turn.map_or(Millis::ZERO, |turn| turn.cost);
                route.turns.extend(turn.map(|turn| turn.kind));
                route.passes.push(Pass {
                    junction: road.to,
                    entering: *id,
                    leaving: *next,
                    along: route.length,
                });
            }
        }
        route
    }

    /// Adds the stretch of a road to the line of a route that is as long as its `length` so far.
    fn draw(&self, id: RoadId, (begin, end): (Length, Length), route: &mut Route) {
        let Some(road) = self.road(id) else { return };
        let scale = metres(road.length) / road.line_m().max(0.001);
        let before = route.length;
        let mut push = |at: PlanarPoint, along: Length| {
            let along = before + (along - begin);
            if route
                .line
                .last()
                .is_none_or(|last| last.along < along || last.at != at)
            {
                route.line.push(LinePoint { at, along });
            }
        };
        if let Some(at) = self.point_on(id, begin) {
            push(at, begin);
        }
        let mut drawn_m = 0.0;
        for pair in road.line.windows(2) {
            let (from, to) = super::graph::span(pair);
            drawn_m += from.distance_m(to);
            let along = length(drawn_m * scale);
            if along > begin && along < end {
                push(to, along);
            }
        }
        if let Some(at) = self.point_on(id, end) {
            push(at, end);
        }
    }
}
