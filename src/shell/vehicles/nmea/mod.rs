//! NMEA 0183: sentences of a position receiver to positions, without any input or output.

mod clock;
mod sentence;
mod track;

pub use clock::{MS_PER_DAY, date_ms, of_day};
pub use sentence::{Course, Gga, Rmc, Sentence, checksum, parse};
pub use track::{Taken, Track};

use serde_json::{Value, json};

use super::fault::Fault;

/// One sentence as a JSON object.
///
/// # Errors
/// Where the sentence is broken.
pub fn sentence_json(line: &[u8]) -> Result<Value, Fault> {
    let parsed = parse(line)?;
    Ok(match parsed {
        Sentence::Rmc(rmc) => json!({
            "talker": rmc.talker,
            "sentence": "RMC",
            "valid": rmc.valid,
            "time_of_day_ms": rmc.time_ms,
            "date": rmc.date.map(|(day, month, year)| format!("20{year:02}-{month:02}-{day:02}")),
            "lat_deg": rmc.at.map(|at| at.0),
            "lon_deg": rmc.at.map(|at| at.1),
            "speed_mps": rmc.course.speed_mps,
            "heading_deg": rmc.course.heading_deg,
        }),
        Sentence::Gga(gga) => json!({
            "talker": gga.talker,
            "sentence": "GGA",
            "valid": gga.quality > 0,
            "time_of_day_ms": gga.time_ms,
            "lat_deg": gga.at.map(|at| at.0),
            "lon_deg": gga.at.map(|at| at.1),
            "quality": gga.quality,
            "satellites": gga.satellites,
            "hdop": gga.hdop,
            "altitude_m": gga.altitude_m,
        }),
        Sentence::Vtg(course) => json!({
            "sentence": "VTG",
            "speed_mps": course.speed_mps,
            "heading_deg": course.heading_deg,
        }),
        Sentence::Other(name) => json!({ "sentence": name }),
    })
}

#[cfg(test)]
mod tests;
