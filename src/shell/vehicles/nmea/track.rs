//! The sentences of one receiver put together: one position a moment.

use super::super::report::{Report, Source};
use super::clock::{date_ms, of_day, unrolled};
use super::sentence::{Course, Gga, Rmc, Sentence};

/// Without RMC for this long, GGA speaks alone, milliseconds.
const RMC_GONE_MS: u64 = 10_000;
/// At the beginning it is waited for so long, milliseconds: GGA comes before RMC, but says less.
const RMC_FIRST_MS: u64 = 2_000;
/// Qualities of GGA that are measured: not estimated, by hand, or simulated.
const MEASURED: [u8; 6] = [1, 2, 3, 4, 5, 9];

/// What a sentence gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Taken {
    /// A position.
    pub report: Option<Report>,
    /// The receiver's weeks had started again and its date was moved.
    pub rolled_over: bool,
}

/// What one receiver has said so far.
#[derive(Debug, Default)]
pub struct Track {
    gga: Option<Gga>,
    course: Course,
    rmc_at: Option<u64>,
    first_at: Option<u64>,
}

impl Track {
    /// Takes a sentence that came at `unix_ms`; `mono_ms` is a clock that only runs forwards.
    pub fn take(&mut self, sentence: Sentence, (mono_ms, unix_ms): (u64, i64)) -> Taken {
        let first_at = *self.first_at.get_or_insert(mono_ms);
        match sentence {
            Sentence::Rmc(rmc) => {
                self.rmc_at = Some(mono_ms);
                self.rmc(&rmc, unix_ms)
            }
            Sentence::Gga(gga) => {
                let alone = match self.rmc_at {
                    Some(at) => mono_ms.saturating_sub(at) >= RMC_GONE_MS,
                    None => mono_ms.saturating_sub(first_at) >= RMC_FIRST_MS,
                };
                let report = if alone {
                    self.gga_alone(&gga, unix_ms)
                } else {
                    None
                };
                self.gga = Some(gga);
                Taken {
                    report,
                    rolled_over: false,
                }
            }
            Sentence::Vtg(course) => {
                self.course = course;
                Taken::default()
            }
            Sentence::Other(_) => Taken::default(),
        }
    }

    fn rmc(&self, rmc: &Rmc, unix_ms: i64) -> Taken {
        let Some(time_ms) = rmc.time_ms else {
            return Taken::default();
        };
        let (t_ms, rolled_over) = match rmc.date.and_then(date_ms) {
            Some(day) => unrolled(day + i64::from(time_ms), unix_ms),
            None => (of_day(time_ms, unix_ms), false),
        };
        let (lat_deg, lon_deg) = rmc.at.unwrap_or_default();
        // A GGA of the same moment says how many satellites, and may take validity away.
        let gga = self.gga.as_ref().filter(|gga| gga.time_ms == rmc.time_ms);
        let good = gga.is_none_or(|gga| MEASURED.contains(&gga.quality));
        Taken {
            rolled_over,
            report: Some(Report {
                t_ms,
                lat_deg,
                lon_deg,
                speed_mps: rmc.course.speed_mps.or(self.course.speed_mps),
                heading_deg: rmc.course.heading_deg.or(self.course.heading_deg),
                valid: rmc.valid && rmc.at.is_some() && good,
                satellites: gga.and_then(|gga| gga.satellites),
                source: Source::Nmea,
            }),
        }
    }

    fn gga_alone(&self, gga: &Gga, unix_ms: i64) -> Option<Report> {
        let t_ms = of_day(gga.time_ms?, unix_ms);
        let (lat_deg, lon_deg) = gga.at.unwrap_or_default();
        Some(Report {
            t_ms,
            lat_deg,
            lon_deg,
            speed_mps: self.course.speed_mps,
            heading_deg: self.course.heading_deg,
            valid: gga.at.is_some() && MEASURED.contains(&gga.quality),
            satellites: gga.satellites,
            source: Source::Nmea,
        })
    }
}
