//! The vehicle's sentences: RMC and GGA of a receiver of several systems.

use super::reports::Said;
use crate::shell::vehicles::nmea::checksum;

const KNOT_OF_MPS: f64 = 3600.0 / 1852.0;

/// RMC and GGA with their line ends.
pub(super) fn sentences(said: &Said, unix_ms: i64) -> String {
    let moment = jiff::Timestamp::from_millisecond(unix_ms).unwrap_or_default();
    let moment = moment.to_zoned(jiff::tz::TimeZone::UTC);
    let time = format!(
        "{:02}{:02}{:02}.{:03}",
        moment.hour(),
        moment.minute(),
        moment.second(),
        moment.millisecond()
    );
    let date = format!(
        "{:02}{:02}{:02}",
        moment.day(),
        moment.month(),
        moment.year() % 100
    );
    let lat = degrees(said.at.lat_deg, 2, ["N", "S"]);
    let lon = degrees(said.at.lon_deg, 3, ["E", "W"]);
    let (status, mode, quality) = if said.valid {
        ("A", "A", 1)
    } else {
        ("V", "N", 0)
    };
    let knots = said.speed_mps * KNOT_OF_MPS;
    let gga = format!("GNGGA,{time},{lat},{lon},{quality},12,0.8,250.0,M,-30.0,M,,");
    let rmc = format!(
        "GNRMC,{time},{status},{lat},{lon},{knots:.1},{:.1},{date},,,{mode}",
        said.heading_deg
    );
    format!("{}{}", line(&gga), line(&rmc))
}

fn line(inner: &str) -> String {
    format!("${inner}*{:02X}\r\n", checksum(inner.as_bytes()))
}

/// Degrees and minutes run together, with the letter.
fn degrees(value: f64, digits: usize, [plus, minus]: [&str; 2]) -> String {
    let letter = if value < 0.0 { minus } else { plus };
    let minutes = (value.abs() * 60.0 * 1e4).round() / 1e4;
    let whole = (minutes / 60.0).floor();
    format!(
        "{whole:0digits$}{:07.4},{letter}",
        60.0_f64.mul_add(-whole, minutes)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::LatLon;
    use crate::shell::vehicles::nmea::{Track, parse};

    #[test]
    fn what_is_said_is_understood() {
        let said = Said {
            at: LatLon {
                lat_deg: 32.691_234,
                lon_deg: 109.029_999,
            },
            speed_mps: 13.9,
            heading_deg: 271.5,
            t_s: 0.0,
            valid: true,
        };
        let (mut track, mut report) = (Track::default(), None);
        let at = 1_795_680_000_500;
        for line in sentences(&said, at).lines() {
            report = track
                .take(parse(line.as_bytes()).unwrap(), (0, at))
                .report
                .or(report);
        }
        let report = report.unwrap();
        assert_eq!(
            (report.t_ms, report.valid, report.satellites),
            (at, true, Some(12))
        );
        assert!((report.lat_deg - 32.691_234).abs() < 2e-6);
        assert!((report.lon_deg - 109.029_999).abs() < 2e-6);
        assert!((report.speed_mps.unwrap() - 13.9).abs() < 0.03);
    }
}
