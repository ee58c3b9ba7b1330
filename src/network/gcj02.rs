//! GCJ-02, the shifted datum of public Chinese maps.
//!
//! The forward shift is the widely published approximation on the Krasovsky ellipsoid. It has no
//! closed inverse; ours iterates until the shift of the answer is the given position, which takes a
//! handful of rounds and is exact far below a metre (tested).

use core::f64::consts::PI;

use super::LatLon;

/// Semi-major axis of the Krasovsky ellipsoid, metres.
const A_M: f64 = 6_378_245.0;
/// Its first eccentricity, squared.
const E2: f64 = 0.006_693_421_622_965_943;

/// The GCJ-02 position of a WGS-84 one. Outside China nothing is shifted.
#[must_use]
pub fn from_wgs84(at: LatLon) -> LatLon {
    if !shifted_here(at) {
        return at;
    }
    let (x, y) = (at.lon_deg - 105.0, at.lat_deg - 35.0);
    let (sin, cos) = at.lat_deg.to_radians().sin_cos();
    let w = E2.mul_add(-(sin * sin), 1.0);
    let meridian_m = A_M * (1.0 - E2) / (w * w.sqrt());
    let parallel_m = A_M / w.sqrt() * cos;
    LatLon {
        lat_deg: at.lat_deg + (north_m(x, y) / meridian_m).to_degrees(),
        lon_deg: at.lon_deg + (east_m(x, y) / parallel_m).to_degrees(),
    }
}

/// The WGS-84 position of a GCJ-02 one.
#[must_use]
pub fn to_wgs84(at: LatLon) -> LatLon {
    let mut guess = at;
    for _ in 0..8 {
        let there = from_wgs84(guess);
        guess.lat_deg += at.lat_deg - there.lat_deg;
        guess.lon_deg += at.lon_deg - there.lon_deg;
    }
    guess
}

fn shifted_here(at: LatLon) -> bool {
    (0.8293..=55.8271).contains(&at.lat_deg) && (72.004..=137.8347).contains(&at.lon_deg)
}

/// Two slow waves, as both axes of the shift have them.
fn waves(value: f64) -> f64 {
    (20.0 * (value * PI).sin() + 40.0 * (value * PI / 3.0).sin()) * 2.0 / 3.0
}

fn ripple(x: f64) -> f64 {
    (20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin()) * 2.0 / 3.0
}

fn north_m(x: f64, y: f64) -> f64 {
    let base = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * x.abs().sqrt();
    base + ripple(x)
        + waves(y)
        + (160.0 * (y * PI / 12.0).sin() + 320.0 * (y * PI / 30.0).sin()) * 2.0 / 3.0
}

fn east_m(x: f64, y: f64) -> f64 {
    let base = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * x.abs().sqrt();
    base + ripple(x)
        + waves(x)
        + (150.0 * (x * PI / 12.0).sin() + 300.0 * (x * PI / 30.0).sin()) * 2.0 / 3.0
}
