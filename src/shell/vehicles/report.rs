//! One position as a feed reports it, whatever it spoke.

use serde::Serialize;

/// How a position came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// JT/T 808.
    Jt808,
    /// NMEA 0183.
    Nmea,
}

/// A position in the feed's own datum, not yet judged.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// When it was true, Unix milliseconds.
    pub t_ms: i64,
    /// Degrees north.
    pub lat_deg: f64,
    /// Degrees east.
    pub lon_deg: f64,
    /// Over ground, metres a second.
    pub speed_mps: Option<f64>,
    /// Clockwise from north, degrees.
    pub heading_deg: Option<f64>,
    /// True if the receiver stands by it.
    pub valid: bool,
    /// In use.
    pub satellites: Option<u8>,
    /// How it came in.
    pub source: Source,
}
