//! Where the way turns, read from its line on the ground.

use super::CorridorPlan;
use crate::plan::TurnKind;
use crate::units::Length;

/// The direction of the way is taken over so much before and behind the junction.
const REACH: Length = Length::from_metres(40);
/// The middle of a junction is at most so far from its stop line.
const JUNCTION: Length = Length::from_metres(20);
/// Over less than this a line has no direction.
const SHORTEST: Length = Length::from_metres(5);

impl CorridorPlan {
    /// How the way goes on behind a crossing's stop line; `None` if the line does not tell.
    #[must_use]
    pub fn turn_at(&self, crossing: usize) -> Option<TurnKind> {
        let stop = self.crossings.get(crossing)?.stop_line_at;
        let into = self.direction(stop - REACH, stop)?;
        // Not beyond the next stop line, behind which the way may turn once more.
        let next = self.crossings.get(crossing + 1);
        let next = next.map_or(self.length, |next| next.stop_line_at);
        let far = (stop + JUNCTION + REACH).min(next.max(stop + JUNCTION + SHORTEST));
        let out = self.direction(stop + JUNCTION, far)?;
        let mut degrees = (out - into).to_degrees();
        if degrees > 180.0 {
            degrees -= 360.0;
        } else if degrees < -180.0 {
            degrees += 360.0;
        }
        Some(if degrees.abs() > 150.0 {
            TurnKind::UTurn
        } else if degrees > 40.0 {
            TurnKind::Left
        } else if degrees < -40.0 {
            TurnKind::Right
        } else {
            TurnKind::Through
        })
    }

    /// The direction from one place of the way to another, radians against the clock from east.
    fn direction(&self, from: Length, to: Length) -> Option<f64> {
        let (from, to) = (self.place(from)?, self.place(to.min(self.length))?);
        let (east, north) = (to.0 - from.0, to.1 - from.1);
        (east.hypot(north) > 1.0).then(|| north.atan2(east))
    }

    /// East and north of a place of the way, metres.
    fn place(&self, at: Length) -> Option<(f64, f64)> {
        let behind = self.line.iter().position(|point| point.at >= at)?;
        let b = self.line.get(behind)?;
        let a = self.line.get(behind.saturating_sub(1))?;
        let span = f64::from((b.at - a.at).as_mm()).max(1.0);
        let share = (f64::from((at - a.at).as_mm()) / span).clamp(0.0, 1.0);
        Some((
            a.x_m + (b.x_m - a.x_m) * share,
            a.y_m + (b.y_m - a.y_m) * share,
        ))
    }
}
