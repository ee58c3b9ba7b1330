//! The city's local metre grid.
//!
//! East and north of the city's origin, in metres, on the WGS-84 ellipsoid: along the parallel of
//! the point to the origin's meridian, then along the meridian, with the bend of the parallel put
//! back. Against the tangent plane at the origin the error is under 0.05 m within 5 km and under
//! 0.5 m within 15 km (tested), which is far below what a GPS fix knows.

use serde::{Deserialize, Serialize};

/// Semi-major axis of WGS-84, metres.
const A_M: f64 = 6_378_137.0;
/// First eccentricity of WGS-84, squared.
const E2: f64 = 6.694_379_990_141_317e-3;

/// A place on the globe, WGS-84.
///
/// **Units:** degrees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LatLon {
    /// North of the equator.
    pub lat_deg: f64,
    /// East of Greenwich.
    pub lon_deg: f64,
}

/// A place on the city's grid.
///
/// **Units:** metres from the city's origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanarPoint {
    /// East of the origin.
    pub x_m: f64,
    /// North of the origin.
    pub y_m: f64,
}

impl PlanarPoint {
    /// Straight distance to `other`, metres.
    #[must_use]
    pub fn distance_m(self, other: Self) -> f64 {
        (other.x_m - self.x_m).hypot(other.y_m - self.y_m)
    }

    /// The point this share (0 to 1) of the way to `other`.
    #[must_use]
    pub fn towards(self, other: Self, share: f64) -> Self {
        Self {
            x_m: (other.x_m - self.x_m).mul_add(share, self.x_m),
            y_m: (other.y_m - self.y_m).mul_add(share, self.y_m),
        }
    }
}

/// Turns degrees into metres of one city and back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LocalGrid {
    origin: LatLon,
    /// Radius of curvature along the meridian at the origin, metres.
    meridian_m: f64,
}

impl LocalGrid {
    /// The grid around `origin`.
    #[must_use]
    pub fn new(origin: LatLon) -> Self {
        let sin = origin.lat_deg.to_radians().sin();
        let w = E2.mul_add(-(sin * sin), 1.0);
        Self {
            origin,
            meridian_m: A_M * (1.0 - E2) / (w * w.sqrt()),
        }
    }

    /// The origin of the grid.
    #[must_use]
    pub const fn origin(&self) -> LatLon {
        self.origin
    }

    /// Where `at` is on the grid.
    #[must_use]
    pub fn to_planar(&self, at: LatLon) -> PlanarPoint {
        let (sin, cos) = at.lat_deg.to_radians().sin_cos();
        let prime_m = A_M / E2.mul_add(-(sin * sin), 1.0).sqrt();
        let dlon = (at.lon_deg - self.origin.lon_deg).to_radians();
        let dlat = (at.lat_deg - self.origin.lat_deg).to_radians();
        let x_m = prime_m * cos * dlon;
        let bend_m = x_m * dlon * sin / 2.0;
        PlanarPoint {
            x_m,
            y_m: self.meridian_m.mul_add(dlat, bend_m),
        }
    }

    /// Where on the globe `at` is: the inverse of [`Self::to_planar`], to a tenth of a millimetre
    /// within 15 km.
    #[must_use]
    pub fn to_lat_lon(&self, at: PlanarPoint) -> LatLon {
        let mut guess = self.origin;
        for _ in 0..4 {
            let there = self.to_planar(guess);
            let (sin, cos) = guess.lat_deg.to_radians().sin_cos();
            let prime_m = A_M / E2.mul_add(-(sin * sin), 1.0).sqrt();
            guess.lat_deg += ((at.y_m - there.y_m) / self.meridian_m).to_degrees();
            guess.lon_deg += ((at.x_m - there.x_m) / (prime_m * cos)).to_degrees();
        }
        guess
    }
}
