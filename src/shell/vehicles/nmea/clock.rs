//! Dates of receivers: two digits for the year, and weeks that start again every 1,024.

use jiff::civil::Date;

/// Milliseconds of a day.
pub const MS_PER_DAY: i64 = 86_400_000;
/// Receivers count weeks with ten bits: an old one is wrong by this much, or twice as much.
const ROLLOVER_MS: i64 = 1_024 * 7 * MS_PER_DAY;
/// Rollovers looked back over.
const ROLLOVERS: i64 = 3;

/// Unix milliseconds of the midnight that begins a day; the year is of this century.
#[must_use]
pub fn date_ms((day, month, year): (u8, u8, u8)) -> Option<i64> {
    let part = |number: u8| i8::try_from(number).ok();
    let date = Date::new(2000 + i16::from(year), part(month)?, part(day)?).ok()?;
    let since = date.since(Date::constant(1970, 1, 1)).ok()?;
    Some(i64::from(since.get_days()) * MS_PER_DAY)
}

/// The moment nearest to `now_ms` that has this time of day: for sentences without a date, also
/// around midnight.
#[must_use]
pub fn of_day(time_ms: u32, now_ms: i64) -> i64 {
    let today = now_ms.div_euclid(MS_PER_DAY) * MS_PER_DAY + i64::from(time_ms);
    let off = today - now_ms;
    if off > MS_PER_DAY / 2 {
        today - MS_PER_DAY
    } else if off < -MS_PER_DAY / 2 {
        today + MS_PER_DAY
    } else {
        today
    }
}

/// The moment that a receiver meant whose week counter may have started again, and whether it had:
/// only a shift that brings it within a day of `now_ms` is believed.
pub(super) fn unrolled(at_ms: i64, now_ms: i64) -> (i64, bool) {
    let shifted = (1..=ROLLOVERS).map(|turns| at_ms + turns * ROLLOVER_MS);
    let near = |at: i64| (at - now_ms).abs() <= MS_PER_DAY;
    if near(at_ms) {
        return (at_ms, false);
    }
    let mut found = shifted.filter(|at| near(*at));
    found.next().map_or((at_ms, false), |at| (at, true))
}
