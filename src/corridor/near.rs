//! The place of a line nearest to a position.

use super::RoutePoint;
use crate::units::Length;

/// The nearest place of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Near {
    pub(super) along: Length,
    pub(super) off: Length,
}

/// The place of `line` nearest to `at`, looking only `within` a stretch of it.
pub(super) fn nearest(
    line: &[RoutePoint],
    at: (f64, f64),
    within: (Length, Length),
) -> Option<Near> {
    let mut best: Option<Near> = None;
    for (a, b) in line.iter().zip(line.iter().skip(1)) {
        if b.at < within.0 || a.at > within.1 {
            continue;
        }
        let foot = foot((a.x_m, a.y_m), (b.x_m, b.y_m), at);
        let (from, to) = (within.0.max(a.at), within.1.min(b.at));
        let part = foot.max(part_of(from - a.at, b.at - a.at));
        let part = part.min(part_of(to - a.at, b.at - a.at));
        let along = a.at + share(b.at - a.at, part);
        let on = (
            a.x_m + part * (b.x_m - a.x_m),
            a.y_m + part * (b.y_m - a.y_m),
        );
        let off = length((on.0 - at.0).hypot(on.1 - at.1));
        if best.is_none_or(|best| off < best.off) {
            best = Some(Near { along, off });
        }
    }
    best
}

/// The place of a bare line nearest to `at`: how far along it, and how far away, metres.
pub(super) fn nearest_on(line: &[(f64, f64)], at: (f64, f64)) -> Option<(f64, f64)> {
    let mut best: Option<(f64, f64)> = None;
    let mut before = 0.0;
    for (a, b) in line.iter().zip(line.iter().skip(1)) {
        let part = foot(*a, *b, at);
        let piece = (b.0 - a.0).hypot(b.1 - a.1);
        let on = (a.0 + part * (b.0 - a.0), a.1 + part * (b.1 - a.1));
        let off = (on.0 - at.0).hypot(on.1 - at.1);
        if best.is_none_or(|best| off < best.1) {
            best = Some((part.mul_add(piece, before), off));
        }
        before += piece;
    }
    best
}

/// Where the foot of `at` lies between `a` and `b`, 0 to 1.
fn foot(a: (f64, f64), b: (f64, f64), at: (f64, f64)) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let square = dx * dx + dy * dy;
    if square > 0.0 {
        (((at.0 - a.0) * dx + (at.1 - a.1) * dy) / square).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

fn part_of(part: Length, of: Length) -> f64 {
    if of == Length::ZERO {
        0.0
    } else {
        f64::from(part.as_mm()) / f64::from(of.as_mm())
    }
}

fn share(of: Length, part: f64) -> Length {
    length(f64::from(of.as_mm()) / 1000.0 * part)
}

/// Metres as a [`Length`]; what does not fit is the longest or no length.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float cast saturates, which is what is wanted here"
)]
pub(super) fn length(metres: f64) -> Length {
    Length::from_mm((metres * 1000.0).round() as u32)
}
