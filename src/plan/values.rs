//! Single values of a TOML file: words, numbers, times.

use toml::Spanned;
use toml::de::DeValue;

use super::code::Code;
use super::finding::Sheet;
use super::names::nearest;
use super::tree::At;
use crate::units::Millis;

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

pub(super) fn read_number(
    sheet: &Sheet<'_>,
    key: &str,
    value: &Spanned<DeValue<'_>>,
    signed: bool,
) -> Option<At<f64>> {
    let span = value.span();
    let number = match value.get_ref() {
        DeValue::Integer(whole) => i64::from_str_radix(whole.as_str(), whole.radix())
            .ok()
            .and_then(|whole| i32::try_from(whole).ok())
            .map(f64::from),
        DeValue::Float(float) => float.as_str().parse::<f64>().ok(),
        _ => None,
    };
    let Some(number) = number else {
        let message = format!("`{key}` is not a number this program can use");
        sheet.note(Code::F08, &span, message, "write a plain number");
        return None;
    };
    if !number.is_finite() || (number < 0.0 && !signed) {
        let message = format!("`{key}` is {number}");
        let help = "write a finite number that is not negative";
        sheet.note(Code::F05, &span, message, help);
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

pub(super) fn to_millis(
    sheet: &Sheet<'_>,
    key: &str,
    number: &At<f64>,
    ms: f64,
) -> Option<At<Millis>> {
    let exact = number.value * ms;
    let Some(rounded) = to_u32(exact).filter(|rounded| *rounded <= LONGEST_MS) else {
        let message = format!("`{key}` is longer than a day");
        sheet.note(Code::F08, &number.span, message, "write a shorter time");
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
