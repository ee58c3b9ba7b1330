//! Where the vehicle is on its route, and which positions are believed.

use serde::{Deserialize, Serialize};

use super::{CorridorPlan, Fix, RoutePoint, Settings};
use crate::units::{Length, Millis, Mono, Speed};

/// A position older than this moves no light.
pub const FIX_AGE_MAX: Millis = Millis::from_secs(3);
/// A position further from the route than this is off it.
pub const OFF_ROUTE: Length = Length::from_metres(40);
/// No vehicle is believed to be faster than this.
pub const SPEED_MAX: Speed = Speed::from_mm_per_s(50_000);
/// Along the route, a position may be wrong by this much.
const NOISE: Length = Length::from_metres(30);
/// Off the route this often in a row is a wrong turn.
const OFF_FIXES: u8 = 3;
/// Faster than this for two positions in a row means the vehicle has left.
const MOVING: Speed = Speed::from_mm_per_s(2_000);
/// Slower than this is standing.
const STANDING: Speed = Speed::from_mm_per_s(1_500);
/// Clocks may differ by this much.
const FUTURE_MAX: Millis = Millis::from_secs(1);

/// What became of a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FixVerdict {
    /// Believed and used.
    Accepted,
    /// Not used, for this reason.
    Refused(FixRefusal),
    /// No running corridor is for this vehicle.
    NoMission,
}

/// Why a position is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FixRefusal {
    /// Older than [`FIX_AGE_MAX`].
    Stale,
    /// From a moment that has not come yet.
    Future,
    /// Not newer than the last one: a repeat or a backlog.
    OutOfOrder,
    /// Not a number, or faster than [`SPEED_MAX`].
    Impossible,
    /// Further from the route than [`OFF_ROUTE`].
    OffRoute,
    /// Further along than any vehicle could have come.
    Jump,
    /// Behind where the vehicle was.
    Backwards,
}

/// How many positions were used and how many refused, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixCounts {
    /// Believed and used.
    pub accepted: u32,
    /// Older than [`FIX_AGE_MAX`].
    pub stale: u32,
    /// From a moment that has not come yet.
    pub future: u32,
    /// Repeats and backlog.
    pub out_of_order: u32,
    /// Not a number, or too fast.
    pub impossible: u32,
    /// Off the route.
    pub off_route: u32,
    /// Jumps ahead.
    pub jump: u32,
    /// Jumps back.
    pub backwards: u32,
}

impl FixCounts {
    fn count(&mut self, verdict: Result<(), FixRefusal>) {
        let counter = match verdict {
            Ok(()) => &mut self.accepted,
            Err(FixRefusal::Stale) => &mut self.stale,
            Err(FixRefusal::Future) => &mut self.future,
            Err(FixRefusal::OutOfOrder) => &mut self.out_of_order,
            Err(FixRefusal::Impossible) => &mut self.impossible,
            Err(FixRefusal::OffRoute) => &mut self.off_route,
            Err(FixRefusal::Jump) => &mut self.jump,
            Err(FixRefusal::Backwards) => &mut self.backwards,
        };
        *counter = counter.saturating_add(1);
    }
}

/// The vehicle on its route, at the moment of its last believed position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spot {
    /// When it was there.
    pub at: Mono,
    /// Along the route, smoothed.
    pub along: Length,
    /// Speed over ground.
    pub speed: Speed,
}

/// A position away from where the vehicle was, waiting to be confirmed by others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Elsewhere {
    spot: Spot,
    seen: u8,
}

/// What is known of the vehicle's way so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Track {
    spot: Option<Spot>,
    place: Option<(f64, f64)>,
    good: u8,
    off: u8,
    moving: u8,
    elsewhere: Option<Elsewhere>,
    stood_since: Option<Mono>,
    counts: FixCounts,
}

impl Track {
    /// The vehicle is taken to be at the start of its route; a first position overrules it.
    pub(super) fn at_start(now: Mono, speed: Speed) -> Self {
        Self {
            spot: Some(Spot {
                at: now,
                along: Length::ZERO,
                speed,
            }),
            ..Self::default()
        }
    }

    /// The same vehicle on another route; its place is matched anew.
    pub(super) fn on_new_route(&self, plan: &CorridorPlan) -> Self {
        let found = self.place.and_then(|(x, y)| {
            let near = nearest(&plan.line, (x, y), (Length::ZERO, plan.length))?;
            (near.off <= OFF_ROUTE).then_some(near.along)
        });
        let start = self.place.is_none().then_some(Length::ZERO);
        let spot = match (self.spot, found.or(start)) {
            (Some(spot), Some(along)) => Some(Spot { along, ..spot }),
            (Some(_), None) | (None, _) => None,
        };
        Self {
            spot,
            good: if spot.is_some() { self.good } else { 0 },
            off: 0,
            elsewhere: None,
            ..self.clone()
        }
    }

    /// Judges a position and uses it if it is believable.
    pub(super) fn take(
        &mut self,
        plan: &CorridorPlan,
        fix: &Fix,
        now: Mono,
    ) -> Result<(), FixRefusal> {
        let verdict = self.judge(plan, fix, now);
        self.counts.count(verdict);
        match verdict {
            Ok(()) => self.off = 0,
            Err(FixRefusal::OffRoute) => self.off = self.off.saturating_add(1),
            Err(_) => {}
        }
        verdict
    }

    fn judge(&mut self, plan: &CorridorPlan, fix: &Fix, now: Mono) -> Result<(), FixRefusal> {
        if !(fix.x_m.is_finite() && fix.y_m.is_finite()) || fix.speed > SPEED_MAX {
            return Err(FixRefusal::Impossible);
        }
        if now.since(fix.at) > FIX_AGE_MAX {
            return Err(FixRefusal::Stale);
        }
        if fix.at.since(now) > FUTURE_MAX {
            return Err(FixRefusal::Future);
        }
        let Some(last) = self.spot.filter(|_| self.good > 0) else {
            let near = nearest(&plan.line, (fix.x_m, fix.y_m), (Length::ZERO, plan.length));
            let near = near.filter(|n| n.off <= OFF_ROUTE);
            let along = near.ok_or(FixRefusal::OffRoute)?.along;
            self.accept(fix, along, None);
            return Ok(());
        };
        if fix.at <= last.at {
            return Err(FixRefusal::OutOfOrder);
        }
        let gone = fix.at.since(last.at);
        let reach = last.along + way(SPEED_MAX, gone) + NOISE;
        let window = (last.along - NOISE, reach.min(plan.length));
        if let Some(near) =
            nearest(&plan.line, (fix.x_m, fix.y_m), window).filter(|near| near.off <= OFF_ROUTE)
        {
            self.accept(fix, near.along, Some(last));
            return Ok(());
        }
        self.judge_elsewhere(plan, fix, last)
    }

    /// A position on the route that the vehicle cannot have reached. It is refused until the old
    /// track is silent and the new one has been confirmed often enough.
    fn judge_elsewhere(
        &mut self,
        plan: &CorridorPlan,
        fix: &Fix,
        last: Spot,
    ) -> Result<(), FixRefusal> {
        let near = nearest(&plan.line, (fix.x_m, fix.y_m), (Length::ZERO, plan.length))
            .filter(|near| near.off <= OFF_ROUTE)
            .ok_or(FixRefusal::OffRoute)?;
        let spot = Spot {
            at: fix.at,
            along: near.along,
            speed: fix.speed,
        };
        let seen = match self.elsewhere {
            Some(old) if fix.at > old.spot.at && follows(old.spot, spot) => {
                old.seen.saturating_add(1)
            }
            Some(_) | None => 1,
        };
        self.elsewhere = Some(Elsewhere { spot, seen });
        if seen >= OFF_FIXES && fix.at.since(last.at) >= Millis::from_secs(10) {
            self.accept(fix, near.along, None);
            return Ok(());
        }
        Err(if near.along < last.along {
            FixRefusal::Backwards
        } else {
            FixRefusal::Jump
        })
    }

    fn accept(&mut self, fix: &Fix, measured: Length, last: Option<Spot>) {
        let along = last.map_or(measured, |last| smooth(last, fix, measured));
        let ahead = last.is_none_or(|last| along > last.along);
        self.moving = if fix.speed > MOVING && ahead {
            self.moving.saturating_add(1)
        } else {
            0
        };
        self.stood_since = (fix.speed < STANDING).then(|| self.stood_since.unwrap_or(fix.at));
        self.spot = Some(Spot {
            at: fix.at,
            along,
            speed: fix.speed,
        });
        self.place = Some((fix.x_m, fix.y_m));
        self.good = if last.is_some() {
            self.good.saturating_add(1)
        } else {
            1
        };
        self.elsewhere = None;
    }

    /// Two positions in a row were faster than walking pace and led on.
    pub(super) const fn has_left(&self) -> bool {
        self.moving >= 2
    }

    /// Two positions in a row agreed, so that a crossing may be called passed.
    pub(super) const fn is_sure(&self) -> bool {
        self.good >= 2
    }

    /// The vehicle took a wrong turn.
    pub(super) const fn is_off_route(&self) -> bool {
        self.off >= OFF_FIXES
    }

    /// The last believed position.
    pub(super) const fn spot(&self) -> Option<Spot> {
        self.spot
    }

    /// Positions used and refused so far.
    pub(super) const fn counts(&self) -> FixCounts {
        self.counts
    }

    /// Age of the last believed position.
    pub(super) fn age(&self, now: Mono) -> Millis {
        self.spot.map_or(Millis::MAX, |spot| now.since(spot.at))
    }

    /// Where the vehicle is now, moved forward at its own speed for a short while.
    pub(super) fn along(&self, now: Mono, settings: &Settings) -> Length {
        self.spot.map_or(Length::ZERO, |spot| {
            spot.along + way(spot.speed, now.since(spot.at).min(settings.dead_reckon))
        })
    }

    /// The free-flow clock of the route where the vehicle is now.
    pub(super) fn clock(&self, plan: &CorridorPlan, now: Mono, settings: &Settings) -> Millis {
        self.spot.map_or(Millis::ZERO, |spot| {
            let then = plan.clock_at(spot.along);
            if spot.speed < STANDING {
                then
            } else {
                then + now.since(spot.at).min(settings.silence)
            }
        })
    }

    /// How long the vehicle has stood.
    pub(super) fn stood(&self, now: Mono) -> Millis {
        self.stood_since
            .map_or(Millis::ZERO, |since| now.since(since))
    }
}

/// The way covered at `speed` in `time`.
pub(super) fn way(speed: Speed, time: Millis) -> Length {
    let mm = u64::from(speed.as_mm_per_s()) * u64::from(time.as_ms()) / 1000;
    Length::from_mm(u32::try_from(mm).unwrap_or(u32::MAX))
}

fn follows(old: Spot, new: Spot) -> bool {
    let expected = old.along + way(new.speed, new.at.since(old.at));
    let off = (expected - new.along).max(new.along - expected);
    off <= NOISE + NOISE
}

/// Halfway between where the last position leads to and where this one says: noise of a standing
/// vehicle does not add up, and a vehicle reported at 1 Hz is followed without lag.
fn smooth(last: Spot, fix: &Fix, measured: Length) -> Length {
    let gone = fix.at.since(last.at);
    if gone > FIX_AGE_MAX {
        return measured;
    }
    let mean = u32::midpoint(last.speed.as_mm_per_s(), fix.speed.as_mm_per_s());
    let expected = last.along + way(Speed::from_mm_per_s(mean), gone);
    Length::from_mm(u32::midpoint(expected.as_mm(), measured.as_mm()))
}

/// The nearest place of a line.
#[derive(Clone, Copy, Debug)]
struct Near {
    along: Length,
    off: Length,
}

/// The place of `line` nearest to `at`, looking only `within` a stretch of it.
fn nearest(line: &[RoutePoint], at: (f64, f64), within: (Length, Length)) -> Option<Near> {
    let mut best: Option<Near> = None;
    for (a, b) in line.iter().zip(line.iter().skip(1)) {
        if b.at < within.0 || a.at > within.1 {
            continue;
        }
        let (dx, dy) = (b.x_m - a.x_m, b.y_m - a.y_m);
        let square = dx * dx + dy * dy;
        let foot = if square > 0.0 {
            (((at.0 - a.x_m) * dx + (at.1 - a.y_m) * dy) / square).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let (from, to) = (within.0.max(a.at), within.1.min(b.at));
        let part = foot.max(part_of(from - a.at, b.at - a.at));
        let part = part.min(part_of(to - a.at, b.at - a.at));
        let along = a.at + share(b.at - a.at, part);
        let (ex, ey) = (a.x_m + part * dx - at.0, a.y_m + part * dy - at.1);
        let off = length((ex * ex + ey * ey).sqrt());
        if best.is_none_or(|best| off < best.off) {
            best = Some(Near { along, off });
        }
    }
    best
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
