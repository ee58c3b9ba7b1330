//! From a position to the road it lies on.

use super::graph::{length, metres, span};
use super::{PlanarPoint, RoadGraph};
use crate::ids::RoadId;
use crate::units::Length;

/// A vehicle further away than this from every road is off the road, metres.
pub const OFF_ROAD_M: f64 = 40.0;
/// A road whose direction differs more than this from the heading is not driven, degrees.
const HEADING_TOLERANCE_DEG: f64 = 60.0;

/// Where a position lies on a road.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoadMatch {
    /// The road.
    pub road: RoadId,
    /// Distance along it.
    pub along: Length,
    /// Distance from it, metres.
    pub away_m: f64,
}

impl RoadGraph {
    /// The nearest road at any distance; with a heading (degrees clockwise from north) one that runs
    /// that way, within 60 degrees. Equal distances go to the lower id. `None` only if no road fits.
    ///
    /// A scan with bounding boxes: a city of a few thousand roads takes well under a millisecond.
    #[must_use]
    pub fn nearest_road(&self, at: PlanarPoint, heading_deg: Option<f64>) -> Option<RoadMatch> {
        let mut best: Option<RoadMatch> = None;
        for (id, _) in self.roads() {
            let limit_m = best.map_or(f64::INFINITY, |best| best.away_m);
            if let Some(found) = self.match_on(id, at, heading_deg, limit_m) {
                best = Some(found);
            }
        }
        best
    }

    /// Every road as near as the nearest one: both directions of a street share their line.
    #[must_use]
    pub fn nearest_roads(&self, at: PlanarPoint, heading_deg: Option<f64>) -> Vec<RoadMatch> {
        let Some(best) = self.nearest_road(at, heading_deg) else {
            return Vec::new();
        };
        let limit_m = best.away_m + 1.0;
        let ids = self.roads().map(|(id, _)| id);
        ids.filter_map(|id| self.match_on(id, at, heading_deg, limit_m))
            .collect()
    }

    /// Where `at` lies on this road, if it is nearer than `limit_m`.
    fn match_on(
        &self,
        id: RoadId,
        at: PlanarPoint,
        heading_deg: Option<f64>,
        limit_m: f64,
    ) -> Option<RoadMatch> {
        let road = self.road(id)?;
        let scale = metres(road.length) / road.line_m().max(0.001);
        let (mut before_m, mut limit_m) = (0.0, limit_m);
        let mut best = None;
        for pair in road.line.windows(2) {
            let (from, to) = span(pair);
            let piece_m = from.distance_m(to);
            if near_box(from, to, at, limit_m) && runs_along(from, to, heading_deg) {
                let share = share_along(from, to, at);
                let away_m = from.towards(to, share).distance_m(at);
                if away_m < limit_m {
                    limit_m = away_m;
                    best = Some(RoadMatch {
                        road: id,
                        along: length(piece_m.mul_add(share, before_m) * scale),
                        away_m,
                    });
                }
            }
            before_m += piece_m;
        }
        best
    }
}

fn near_box(from: PlanarPoint, to: PlanarPoint, at: PlanarPoint, limit_m: f64) -> bool {
    at.x_m >= from.x_m.min(to.x_m) - limit_m
        && at.x_m <= from.x_m.max(to.x_m) + limit_m
        && at.y_m >= from.y_m.min(to.y_m) - limit_m
        && at.y_m <= from.y_m.max(to.y_m) + limit_m
}

fn share_along(from: PlanarPoint, to: PlanarPoint, at: PlanarPoint) -> f64 {
    let (dx, dy) = (to.x_m - from.x_m, to.y_m - from.y_m);
    let square = dx.mul_add(dx, dy * dy).max(1e-9);
    (((at.x_m - from.x_m) * dx + (at.y_m - from.y_m) * dy) / square).clamp(0.0, 1.0)
}

fn runs_along(from: PlanarPoint, to: PlanarPoint, heading_deg: Option<f64>) -> bool {
    let Some(heading_deg) = heading_deg else {
        return true;
    };
    let bearing_deg = (to.x_m - from.x_m).atan2(to.y_m - from.y_m).to_degrees();
    let off_deg = (bearing_deg - heading_deg).rem_euclid(360.0);
    off_deg.min(360.0 - off_deg) <= HEADING_TOLERANCE_DEG
}
