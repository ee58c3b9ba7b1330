//! The terminal's clock: six packed bytes, year with two digits, always eight hours east.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::super::fault::{Fault, FaultKind};

const EIGHT_EAST: i8 = 8;

/// Unix milliseconds of six packed bytes that stand at byte `at`.
///
/// # Errors
/// A byte that is not two digits, or a moment that no calendar has.
pub fn unix_ms(packed: &[u8], at: usize) -> Result<i64, Fault> {
    let bad = || {
        Fault::new(
            FaultKind::Field,
            (at, "time"),
            "YYMMDDhhmmss in packed digits, at +08:00",
            super::hex(packed),
        )
    };
    let mut parts = [0_i8; 6];
    for (slot, byte) in parts.iter_mut().zip(packed) {
        let (tens, ones) = (byte >> 4, byte & 15);
        if tens > 9 || ones > 9 {
            return Err(bad());
        }
        *slot = i8::try_from(tens * 10 + ones).unwrap_or_default();
    }
    let [year, month, day, hour, minute, second] = parts;
    let civil = DateTime::new(2000 + i16::from(year), month, day, hour, minute, second, 0);
    let zone = TimeZone::fixed(Offset::constant(EIGHT_EAST));
    let moment = civil.and_then(|civil| civil.to_zoned(zone));
    moment
        .map(|moment| moment.timestamp().as_millisecond())
        .map_err(|_| bad())
}

/// The six packed bytes of a moment; the year 2000 for one that two digits cannot write.
#[must_use]
pub fn bcd_time(unix_ms: i64) -> [u8; 6] {
    let zone = TimeZone::fixed(Offset::constant(EIGHT_EAST));
    let moment = Timestamp::from_millisecond(unix_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let moment = moment.to_zoned(zone);
    let year = i8::try_from(moment.year() - 2000)
        .ok()
        .filter(|year| (0..=99).contains(year));
    let parts = [
        year.unwrap_or(0),
        moment.month(),
        moment.day(),
        moment.hour(),
        moment.minute(),
        moment.second(),
    ];
    parts.map(|part| {
        let part = u8::try_from(part).unwrap_or_default();
        ((part / 10) << 4) | (part % 10)
    })
}
