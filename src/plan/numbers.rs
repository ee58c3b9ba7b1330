//! The numbers of a section, each with the range it may have.

use core::ops::Range;

use super::code::Code;
use super::tree::{At, Section};
use super::values::{read_number, time_range, to_length, to_millis, to_u32};
use crate::units::{Length, Millis, Speed};

/// A second, in the milliseconds times are kept in.
const SECOND_MS: f64 = 1000.0;
/// A minute, likewise.
const MINUTE_MS: f64 = 60_000.0;
/// The lengths a file may name.
const LENGTHS: &str = "from 0 to 10000 (metres)";

impl Section<'_> {
    /// A number as it stands, finite and not negative unless `signed`; `range` is what a person is
    /// told to keep to.
    fn number(&self, key: &str, signed: bool, range: &str) -> Option<At<f64>> {
        let (value, _) = self.find(key)?;
        read_number(self.sheet, key, value, signed, range)
    }

    /// A number that may be negative: coordinates. The range has its end.
    pub(super) fn signed(&self, key: &str, range: &Range<f64>) -> Option<At<f64>> {
        let wants = format!("from {} to {}", range.start, range.end);
        let number = self.number(key, true, &wants)?;
        if (range.start..=range.end).contains(&number.value) {
            return Some(number);
        }
        self.wrong(key, &number.span, &format!("a number {wants}"));
        None
    }

    pub(super) fn ratio(&self, key: &str) -> Option<At<f64>> {
        self.signed(key, &(0.0..1.0))
    }

    pub(super) fn whole(&self, key: &str, range: Range<u32>) -> Option<At<u32>> {
        let wants = format!("from {} to {}", range.start, range.end.saturating_sub(1));
        let number = self.number(key, false, &wants)?;
        let whole = to_u32(number.value).filter(|whole| range.contains(whole));
        let whole = whole.filter(|_| number.value.fract() == 0.0);
        if whole.is_none() {
            self.wrong(key, &number.span, &format!("a whole number {wants}"));
        }
        whole.map(|whole| At::new(whole, number.span))
    }

    fn time(&self, key: &str, ms: f64) -> Option<At<Millis>> {
        let number = self.number(key, false, &time_range(ms))?;
        to_millis(self.sheet, key, &number, ms)
    }

    pub(super) fn secs(&self, key: &str) -> Option<At<Millis>> {
        self.time(key, SECOND_MS)
    }

    pub(super) fn secs_needed(&self, key: &str) -> Option<At<Millis>> {
        if !self.has(key) {
            self.missing(key, &format!("add `{key} = ...` in seconds"));
        }
        self.secs(key)
    }

    /// A bound in seconds: a bound of nothing would forbid what it bounds, and no file means that.
    pub(super) fn secs_above_zero(&self, key: &str) -> Option<At<Millis>> {
        self.above_zero(key, self.secs(key), SECOND_MS)
    }

    /// A bound in minutes, likewise.
    pub(super) fn minutes_above_zero(&self, key: &str) -> Option<At<Millis>> {
        self.above_zero(key, self.minutes(key), MINUTE_MS)
    }

    fn above_zero(&self, key: &str, time: Option<At<Millis>>, ms: f64) -> Option<At<Millis>> {
        let time = time?;
        if time.value > Millis::ZERO {
            return Some(time);
        }
        let message = format!("`{key}` is 0, which would forbid every corridor");
        let help = format!("write a number {}, but not 0", time_range(ms));
        self.sheet.note(Code::F08, &time.span, message, &help);
        None
    }

    pub(super) fn minutes(&self, key: &str) -> Option<At<Millis>> {
        self.time(key, MINUTE_MS)
    }

    pub(super) fn millis(&self, key: &str) -> Option<At<Millis>> {
        self.time(key, 1.0)
    }

    /// Metres, at most 10 km.
    pub(super) fn metres(&self, key: &str) -> Option<At<Length>> {
        let number = self.number(key, false, LENGTHS)?;
        to_length(self.sheet, key, &number)
    }

    /// A speed above zero; `mm_per_s` is what one unit of the key is worth.
    pub(super) fn speed(&self, key: &str, mm_per_s: f64) -> Option<At<Speed>> {
        let number = self.number(key, false, "above 0 and below 216 km/h")?;
        let speed = to_u32(number.value * mm_per_s).filter(|mm| (1..=60_000).contains(mm));
        if speed.is_none() {
            self.wrong(key, &number.span, "a speed above 0 and below 216 km/h");
        }
        speed.map(|mm| At::new(Speed::from_mm_per_s(mm), number.span))
    }

    /// A table from names to times in seconds, in the order of the file.
    pub(super) fn secs_by_name(&self, key: &str) -> Vec<(At<String>, At<Millis>)> {
        self.by_name(key, |name, value| {
            let number = read_number(self.sheet, name, value, false, &time_range(SECOND_MS))?;
            to_millis(self.sheet, name, &number, SECOND_MS)
        })
    }

    /// A table from names to lengths in metres, in the order of the file.
    pub(super) fn metres_by_name(&self, key: &str) -> Vec<(At<String>, At<Length>)> {
        self.by_name(key, |name, value| {
            let number = read_number(self.sheet, name, value, false, LENGTHS)?;
            to_length(self.sheet, name, &number)
        })
    }
}
