//! Single values of a TOML file: words, numbers, times.

use toml::Spanned;
use toml::de::DeValue;

use super::code::Code;
use super::finding::Sheet;
use super::names::nearest;
use super::tree::At;
use crate::units::{Length, Millis};

pub(super) fn read_word<T: Copy>(
    sheet: &Sheet<'_>,
    key: &str,
    value: &Spanned<DeValue<'_>>,
    words: &[(&str, T)],
) -> Option<At<T>> {
    let found = value.get_ref().as_str();
    if let Some((_, meaning)) = words.iter().find(|(word, _)| Some(*word) == found) {
        return Some(At::new(*meaning, value.span()));
    }
    let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let message = format!("`{key}` is none of the words it may be");
    let help = match found.and_then(|found| nearest(found, allowed.iter().copied())) {
        Some(word) => format!("did you mean \"{word}\"? Allowed: {}", allowed.join(", ")),
        None => format!("one of: {}", allowed.join(", ")),
    };
    sheet.note(Code::F08, &value.span(), message, &help);
    None
}

/// A number as it stands; `range` is what a person is told to keep to, and the caller checks it.
pub(super) fn read_number(
    sheet: &Sheet<'_>,
    key: &str,
    value: &Spanned<DeValue<'_>>,
    signed: bool,
    range: &str,
) -> Option<At<f64>> {
    let span = value.span();
    let number = match value.get_ref() {
        DeValue::Integer(whole) => i128::from_str_radix(whole.as_str(), whole.radix())
            .ok()
            .and_then(|whole| whole.to_string().parse::<f64>().ok()),
        DeValue::Float(float) => float.as_str().parse::<f64>().ok(),
        _ => None,
    };
    let Some(number) = number else {
        let message = format!("`{key}` is not a number {range}");
        let help = format!("write a number {range}");
        sheet.note(Code::F08, &span, message, &help);
        return None;
    };
    if !number.is_finite() || (number < 0.0 && !signed) {
        let message = format!("`{key}` is {number}");
        let help = format!("write a number {range}");
        sheet.note(Code::F05, &span, message, &help);
        return None;
    }
    Some(At::new(number, span))
}

/// The nearest whole number, if it fits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked before"
)]
pub(super) fn to_u32(number: f64) -> Option<u32> {
    let rounded = number.round();
    (0.0..=f64::from(u32::MAX))
        .contains(&rounded)
        .then_some(rounded as u32)
}

/// The longest time a file may name: a day.
const LONGEST_MS: u32 = 86_400_000;

/// The times a key may name; `ms` is what one unit of the key is worth.
pub(super) fn time_range(ms: f64) -> String {
    let unit = match ms {
        1.0 => "milliseconds",
        1000.0 => "seconds",
        _ => "minutes",
    };
    format!("from 0 to {} ({unit})", f64::from(LONGEST_MS) / ms)
}

/// The longest length a file may name: 10 km.
const LONGEST_MM: u32 = 10_000_000;

pub(super) fn to_length(sheet: &Sheet<'_>, key: &str, metres: &At<f64>) -> Option<At<Length>> {
    let mm = to_u32(metres.value * 1000.0).filter(|mm| *mm <= LONGEST_MM);
    if mm.is_none() {
        let message = format!("`{key}` is not a length of at most 10000 m");
        let help = "write a number from 0 to 10000 (metres)";
        sheet.note(Code::F08, &metres.span, message, help);
    }
    mm.map(|mm| At::new(Length::from_mm(mm), metres.span.clone()))
}

pub(super) fn to_millis(
    sheet: &Sheet<'_>,
    key: &str,
    number: &At<f64>,
    ms: f64,
) -> Option<At<Millis>> {
    let exact = number.value * ms;
    let Some(rounded) = to_u32(exact).filter(|rounded| *rounded <= LONGEST_MS) else {
        let message = format!("`{key}` is longer than a day");
        let help = format!("write a number {}", time_range(ms));
        sheet.note(Code::F08, &number.span, message, &help);
        return None;
    };
    let time = Millis::new(rounded);
    if !time.is_whole_ticks() || (exact - f64::from(rounded)).abs() > 0.001 {
        let message = format!("`{key}` is not a whole number of control cycles");
        let help = "a time is a multiple of 0.1 s, because lamps change once per control cycle";
        sheet.note(Code::F09, &number.span, message, help);
        return None;
    }
    Some(At::new(time, number.span.clone()))
}
