//! The way as the vehicle drives it.

use crate::network::{LatLon, RoadGraph, Route};

/// A way on the globe.
#[derive(Clone, Debug)]
pub struct Course {
    /// Place in WGS-84 and distance from the start, metres.
    points: Vec<(LatLon, f64)>,
}

impl Course {
    /// The way of a route.
    #[must_use]
    pub fn along(graph: &RoadGraph, route: &Route) -> Self {
        let points = route.line.iter().map(|point| {
            let along_m = f64::from(point.along.as_mm()) / 1000.0;
            (graph.grid().to_lat_lon(point.at), along_m)
        });
        Self {
            points: points.collect(),
        }
    }

    /// A way without any length, for tests.
    #[cfg(test)]
    pub(super) const fn nowhere() -> Self {
        Self { points: Vec::new() }
    }

    /// Its length, metres.
    #[must_use]
    pub fn length_m(&self) -> f64 {
        self.points.last().map_or(0.0, |(_, along)| *along)
    }

    /// The place so far along, and the heading there in degrees clockwise from north.
    #[must_use]
    pub fn at(&self, along_m: f64) -> (LatLon, f64) {
        let along_m = along_m.clamp(0.0, self.length_m());
        let mut pairs = self.points.windows(2).filter_map(|pair| match pair {
            [from, to] => Some((*from, *to)),
            _ => None,
        });
        let on = pairs.find(|(from, to)| to.1 >= along_m && to.1 > from.1);
        let Some(((from, begin_m), (to, end_m))) = on else {
            let at = self.points.first().map_or(
                LatLon {
                    lat_deg: 0.0,
                    lon_deg: 0.0,
                },
                |point| point.0,
            );
            return (at, 0.0);
        };
        let share = ((along_m - begin_m) / (end_m - begin_m)).clamp(0.0, 1.0);
        let north = to.lat_deg - from.lat_deg;
        let east = to.lon_deg - from.lon_deg;
        let at = LatLon {
            lat_deg: north.mul_add(share, from.lat_deg),
            lon_deg: east.mul_add(share, from.lon_deg),
        };
        let heading = (east * from.lat_deg.to_radians().cos())
            .atan2(north)
            .to_degrees();
        (at, heading.rem_euclid(360.0))
    }
}
