//! Judges one vehicle's positions before anything else sees them.
//!
//! Only a live, valid, possible position in a believable datum goes on. What came late is history,
//! whatever it says: it never moves anything.

use serde::Serialize;

use super::report::Report;
use crate::network::{LatLon, gcj02};
use crate::plan::Datum;

/// Older than this a position is history, milliseconds. Corridors ask for far fresher ones.
pub const LIVE_MS: i64 = 30_000;
/// Clocks may differ by this much, milliseconds.
const FUTURE_MS: i64 = 1_000;
/// No vehicle is believed to be faster, metres a second.
const SPEED_MAX_MPS: f64 = 70.0;
/// A position may be wrong by this much, metres.
const NOISE_M: f64 = 60.0;
/// So many positions in a row that agree with each other are a vehicle that is really there.
const CONFIRM: u8 = 3;
/// Faster than this, the same place again and again is a receiver that hangs.
const FROZEN_MPS: f64 = 5.0;
/// How often it may say so before it counts as hanging.
const FROZEN_AFTER: u8 = 3;
/// Positions of one vehicle go on at most this often, milliseconds.
const EVERY_MS: i64 = 200;
/// How the positions of a vehicle lie on the roads is looked at this often, milliseconds.
const LOOK_MS: i64 = 1_000;
/// Further from every road than this a position is on none, metres.
const ON_ROAD_M: f64 = 40.0;
/// In the other datum it would lie this near to one, metres.
const OTHER_M: f64 = 15.0;
/// Slower than this a vehicle may stand in a yard, metres a second.
const DRIVES_MPS: f64 = 3.0;
/// Looks remembered.
const LOOKS: u32 = 10;
/// So many of them make a datum suspected, and so many clear it again.
const SUSPECT_LOOKS: u32 = 6;

/// Why a position is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// The receiver does not stand by it.
    NoFix,
    /// From a moment that has not come yet.
    Future,
    /// Not newer than the last one.
    OutOfOrder,
    /// Faster than any vehicle, or no number.
    Impossible,
    /// Further away than any vehicle could have come.
    Jump,
    /// The receiver hangs: it drives and does not move.
    Frozen,
    /// Sooner after the last one than anybody needs.
    Thinned,
    /// It lies beside the roads just as if it were in the other datum.
    Datum,
}

/// What becomes of a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Goes on to the corridors.
    Live,
    /// Kept as history.
    History,
    /// Counted, and nothing else.
    Refused(Refused),
}

/// How a place, in WGS-84, lies on the city's roads: the distance to the nearest one that runs that
/// way, metres.
pub type Away<'a> = &'a dyn Fn(LatLon, Option<f64>) -> Option<f64>;

/// What is remembered of one vehicle.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    last: Option<Seen>,
    elsewhere: Option<(Seen, u8)>,
    frozen: u8,
    passed_ms: Option<i64>,
    looked_ms: Option<i64>,
    /// One bit a look, the newest lowest: set if the other datum fits and this one does not.
    looks: u32,
    suspected: bool,
    seq: u32,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    t_ms: i64,
    at: LatLon,
}

impl Gate {
    /// True while the vehicle's positions look as if they were in the other datum.
    #[must_use]
    pub const fn suspected(&self) -> bool {
        self.suspected
    }

    /// The number of the last position that went on.
    #[must_use]
    pub const fn seq(&self) -> u32 {
        self.seq
    }

    /// Judges a position that came at `now_ms`, Unix time.
    pub fn judge(&mut self, report: &Report, datum: Datum, now_ms: i64, away: Away<'_>) -> Verdict {
        let number = report.lat_deg.is_finite() && report.lon_deg.is_finite();
        let speed_mps = report.speed_mps.unwrap_or(0.0);
        let possible = (0.0..=SPEED_MAX_MPS).contains(&speed_mps);
        if report.valid && !(number && possible) {
            return Verdict::Refused(Refused::Impossible);
        }
        if now_ms.saturating_sub(report.t_ms) > LIVE_MS {
            return Verdict::History;
        }
        if !report.valid {
            return Verdict::Refused(Refused::NoFix);
        }
        if report.t_ms > now_ms.saturating_add(FUTURE_MS) {
            return Verdict::Refused(Refused::Future);
        }
        let seen = Seen {
            t_ms: report.t_ms,
            at: LatLon {
                lat_deg: report.lat_deg,
                lon_deg: report.lon_deg,
            },
        };
        if let Err(why) = self.moved(seen, speed_mps) {
            return Verdict::Refused(why);
        }
        self.look(seen, datum, (speed_mps, report.heading_deg), away);
        if self.suspected {
            return Verdict::Refused(Refused::Datum);
        }
        let soon = |passed: i64| seen.t_ms.saturating_sub(passed) < EVERY_MS;
        if self.passed_ms.is_some_and(soon) {
            return Verdict::Refused(Refused::Thinned);
        }
        self.passed_ms = Some(seen.t_ms);
        self.seq = self.seq.wrapping_add(1);
        Verdict::Live
    }

    /// Compares a position with the one before.
    fn moved(&mut self, seen: Seen, speed_mps: f64) -> Result<(), Refused> {
        let Some(last) = self.last else {
            self.last = Some(seen);
            return Ok(());
        };
        if seen.t_ms <= last.t_ms {
            return Err(Refused::OutOfOrder);
        }
        if !reaches(last, seen) {
            let confirmed = match self.elsewhere {
                Some((other, count)) if other.t_ms < seen.t_ms && reaches(other, seen) => count + 1,
                _ => 1,
            };
            if confirmed < CONFIRM {
                self.elsewhere = Some((seen, confirmed));
                return Err(Refused::Jump);
            }
        }
        self.elsewhere = None;
        let still = metres_between(last.at, seen.at) < 0.01;
        self.frozen = if still && speed_mps > FROZEN_MPS {
            self.frozen.saturating_add(1)
        } else {
            0
        };
        self.last = Some(seen);
        if self.frozen >= FROZEN_AFTER {
            return Err(Refused::Frozen);
        }
        Ok(())
    }

    /// Looks how the position lies on the roads in this datum and in the other.
    fn look(
        &mut self,
        seen: Seen,
        datum: Datum,
        (speed_mps, heading_deg): (f64, Option<f64>),
        away: Away<'_>,
    ) {
        let soon = |looked: i64| seen.t_ms.saturating_sub(looked) < LOOK_MS;
        if speed_mps < DRIVES_MPS || self.looked_ms.is_some_and(soon) {
            return;
        }
        self.looked_ms = Some(seen.t_ms);
        let (own, other) = match datum {
            Datum::Gcj02 => (gcj02::to_wgs84(seen.at), seen.at),
            Datum::Wgs84 | Datum::Cgcs2000 => (seen.at, gcj02::to_wgs84(seen.at)),
        };
        let Some(own_m) = away(own, heading_deg) else {
            return;
        };
        let shifted =
            own_m > ON_ROAD_M && away(other, heading_deg).is_some_and(|other_m| other_m <= OTHER_M);
        self.looks = (self.looks << 1 | u32::from(shifted)) & ((1 << LOOKS) - 1);
        let shifted = self.looks.count_ones();
        // Cleared only once most looks of late lie on a road in the declared datum.
        self.suspected = shifted
            >= if self.suspected {
                LOOKS - SUSPECT_LOOKS
            } else {
                SUSPECT_LOOKS
            };
    }
}

fn reaches(from: Seen, to: Seen) -> bool {
    let seconds = f64::from(u32::try_from(to.t_ms - from.t_ms).unwrap_or(u32::MAX)) / 1000.0;
    metres_between(from.at, to.at) <= SPEED_MAX_MPS.mul_add(seconds, NOISE_M)
}

/// Good enough over a city: the earth is flat there.
fn metres_between(from: LatLon, to: LatLon) -> f64 {
    const M_PER_DEG: f64 = 111_320.0;
    let north = (to.lat_deg - from.lat_deg) * M_PER_DEG;
    let east = (to.lon_deg - from.lon_deg) * M_PER_DEG * from.lat_deg.to_radians().cos();
    north.hypot(east)
}

#[cfg(test)]
mod tests;
