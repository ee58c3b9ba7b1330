//! Where the vehicle is on its route, and which positions are believed.

use serde::{Deserialize, Serialize};

use super::fixes::{FIX_AGE_MAX, FixCounts, FixRefusal, OFF_ROUTE, SPEED_MAX};
use super::near::nearest;
use super::stray::{Off, Stray, is_other_datum, side_way};
use super::{CorridorPlan, Fix, Settings};
use crate::units::{Length, Millis, Mono, Speed};

/// Along the route, a position may be wrong by this much.
const NOISE: Length = Length::from_metres(30);
/// A position from elsewhere on the route is believed when this many agree.
const ELSEWHERE_FIXES: u8 = 3;
/// Faster than this for two positions in a row means the vehicle has left.
const MOVING: Speed = Speed::from_mm_per_s(2_000);
/// Slower than this is standing.
const STANDING: Speed = Speed::from_mm_per_s(1_500);
/// A standing vehicle's position is doubted by so much at most.
const STANDING_DOUBT: Length = Length::from_metres(15);
/// Clocks may differ by this much.
const FUTURE_MAX: Millis = Millis::from_secs(1);
/// Nearer to the route than this, no position speaks for a road that leaves it.
const SIDE_MIN: Length = Length::from_metres(8);
/// ... or this, until so many positions have told how much they scatter.
const SIDE_MIN_AT_FIRST: Length = Length::from_metres(12);
const SCATTER_FIXES: u8 = 8;
/// Scatter is believed to grow by no more than this from one position to the next, beside doubling.
const RESIDUAL_STEP: Length = Length::from_metres(3);
/// Beyond this time since the last one, a position is taken as it is.
const SMOOTH_MAX: Millis = Millis::from_secs(3);
/// No fleet that reports less often than this can be followed.
const PERIOD_MAX: Millis = Millis::from_secs(60);

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
    /// When the last believed position came in.
    heard: Option<Mono>,
    /// The usual time from one position to the next, learned.
    period: Millis,
    good: u8,
    /// How far the positions believed lie from the route, on the average.
    residual: Length,
    /// Positions off the route since the last one on it.
    off: Off,
    moving: u8,
    elsewhere: Option<Elsewhere>,
    stood_since: Option<Mono>,
    counts: FixCounts,
}

impl Track {
    /// The same vehicle on another route; its place is matched anew.
    pub(super) fn on_new_route(&self, plan: &CorridorPlan) -> Self {
        let strayed = self.off.stray();
        let place = strayed.map(|stray| (stray.x_m, stray.y_m)).or(self.place);
        let found = place.and_then(|at| {
            let near = nearest(&plan.line, at, (Length::ZERO, plan.length))?;
            (near.off <= OFF_ROUTE).then_some(near.along)
        });
        let start = place.is_none().then_some(Length::ZERO);
        let spot = match (self.spot, found.or(start)) {
            (Some(spot), Some(along)) => Some(Spot {
                along,
                at: strayed.map_or(spot.at, |stray| stray.at),
                speed: strayed.map_or(spot.speed, |stray| stray.speed),
            }),
            (Some(_), None) | (None, _) => None,
        };
        let heard = strayed.map(|stray| stray.at).or(self.heard);
        Self {
            spot,
            heard,
            good: if spot.is_some() { self.good.max(2) } else { 0 },
            off: Off::default(),
            elsewhere: None,
            ..self.clone()
        }
    }

    /// Somebody beside the road has seen the vehicle at `along`: as good as two positions.
    pub(super) fn seen_at(&mut self, along: Length, plan: &CorridorPlan, now: Mono) {
        let is_behind = |spot: &Spot| spot.along < along;
        if self.spot.as_ref().is_none_or(is_behind) {
            let speed = self.spot.map_or(plan.speed, |spot| spot.speed);
            let spot = Spot {
                at: now,
                along,
                speed,
            };
            self.spot = Some(spot);
            self.heard = Some(now);
            self.good = self.good.max(2);
            self.off = Off::default();
            self.elsewhere = None;
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
        let at = (fix.x_m, fix.y_m);
        let Some(last) = self.spot.filter(|_| self.good > 0) else {
            let near = nearest(&plan.line, at, (Length::ZERO, plan.length));
            let Some(near) = near.filter(|near| near.off <= OFF_ROUTE) else {
                return Err(self.judge_off(plan, fix, Length::ZERO));
            };
            self.accept(fix, (near.along, near.off), (None, now));
            return Ok(());
        };
        if fix.at <= last.at {
            return Err(FixRefusal::OutOfOrder);
        }
        let gone = fix.at.since(last.at);
        let reach = last.along + way(SPEED_MAX, gone) + NOISE;
        let window = (last.along - NOISE, reach.min(plan.length));
        let near = nearest(&plan.line, at, window).filter(|near| near.off <= OFF_ROUTE);
        match near {
            Some(near) if self.is_on_side_way(plan, fix, (last, near.off)) => {
                Err(self.judge_off(plan, fix, last.along))
            }
            Some(near) => {
                self.accept(fix, (near.along, near.off), (Some(last), now));
                Ok(())
            }
            None => self.judge_elsewhere(plan, fix, (last, now)),
        }
    }

    /// True if a position that could be on the route lies much better on a road that leaves it, and
    /// gets on along it: one that only stays beside the route is of the route, and of a receiver that
    /// is off.
    fn is_on_side_way(&self, plan: &CorridorPlan, fix: &Fix, (last, off): (Spot, Length)) -> bool {
        let usual = times(self.residual, 3);
        let least = if self.good < SCATTER_FIXES {
            SIDE_MIN_AT_FIRST
        } else {
            SIDE_MIN
        };
        off > least.max(usual)
            && fix.speed > MOVING
            && side_way(plan, (fix.x_m, fix.y_m), (last.along, off))
                .is_some_and(|aside| self.off.may_leave_by(aside))
    }

    /// A position that is not on the route: why, and whether it is a wrong turn.
    fn judge_off(&mut self, plan: &CorridorPlan, fix: &Fix, last: Length) -> FixRefusal {
        let at = (fix.x_m, fix.y_m);
        let near = nearest(&plan.line, at, (Length::ZERO, plan.length));
        let off = near.map_or(Length::from_mm(u32::MAX), |near| near.off);
        let side = side_way(plan, at, (last, off));
        if side.is_none() && is_other_datum(plan, at) {
            return FixRefusal::Datum;
        }
        let clear = off > OFF_ROUTE.max(times(self.residual, 3));
        self.off.add(plan, fix, (side, clear));
        if self.off.is_wrong_turn() {
            self.good = 0;
        }
        if side.is_some() {
            FixRefusal::OffRoute
        } else {
            FixRefusal::OffRoad
        }
    }

    /// A position on the route that the vehicle cannot have reached. It is refused until the old
    /// track is silent and the new one has been confirmed often enough.
    fn judge_elsewhere(
        &mut self,
        plan: &CorridorPlan,
        fix: &Fix,
        (last, now): (Spot, Mono),
    ) -> Result<(), FixRefusal> {
        let near = nearest(&plan.line, (fix.x_m, fix.y_m), (Length::ZERO, plan.length));
        let Some(near) = near.filter(|near| near.off <= OFF_ROUTE) else {
            return Err(self.judge_off(plan, fix, last.along));
        };
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
        if seen >= ELSEWHERE_FIXES && fix.at.since(last.at) >= Millis::from_secs(10) {
            self.accept(fix, (near.along, near.off), (None, now));
            return Ok(());
        }
        Err(if near.along < last.along {
            FixRefusal::Backwards
        } else {
            FixRefusal::Jump
        })
    }

    fn accept(
        &mut self,
        fix: &Fix,
        (measured, off): (Length, Length),
        (last, now): (Option<Spot>, Mono),
    ) {
        if let Some(last) = last {
            self.learn_period(fix.at.since(last.at));
        }
        self.heard = Some(now);
        // One that lies far off is rather on its way off the route than a measure of the receiver.
        let usual = off.min(times(self.residual, 2) + RESIDUAL_STEP);
        let mean = u64::from(self.residual.as_mm()) * 7 + u64::from(usual.as_mm());
        self.residual = Length::from_mm(u32::try_from(mean / 8).unwrap_or(u32::MAX));
        self.off = Off::default();
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

    fn learn_period(&mut self, gap: Millis) {
        let gap = gap.min(PERIOD_MAX).as_ms();
        let period = self.period.as_ms();
        self.period = Millis::new(if period == 0 {
            gap
        } else {
            (period * 3 + gap) / 4
        });
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
        self.off.is_wrong_turn()
    }

    /// Where it was last seen off its route, after a wrong turn.
    pub(super) fn stray(&self) -> Option<Stray> {
        self.off.stray().filter(|_| self.is_off_route())
    }

    /// Where it left the route, along it.
    pub(super) fn left_at(&self, plan: &CorridorPlan) -> Length {
        let side = self.off.side().and_then(|at| plan.side_ways.get(at));
        let last = self.spot.map_or(Length::ZERO, |spot| spot.along + NOISE);
        side.map_or(last, |side| side.at)
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

    /// How long nothing believable has come in.
    pub(super) fn silent(&self, now: Mono) -> Millis {
        self.heard.map_or(Millis::MAX, |heard| now.since(heard))
    }

    /// Nothing for this long is silence: the next position is overdue.
    pub(super) fn overdue(&self, settings: &Settings) -> Millis {
        settings.dead_reckon.max(self.period + Millis::from_secs(3))
    }

    /// Nothing for this long means that the vehicle is lost.
    pub(super) fn lost_after(&self, settings: &Settings) -> Millis {
        let one = Millis::from_secs(1);
        settings.silence + self.period.max(one).saturating_sub(one)
    }

    /// What a position may be old by: its own delay, and the wait for the next one.
    fn forward_max(&self, longest: Millis) -> Millis {
        match (self.spot, self.heard) {
            (Some(spot), Some(heard)) => heard.since(spot.at) + longest,
            _ => longest,
        }
    }

    /// Where the vehicle is now, moved forward at its own speed for a short while.
    pub(super) fn along(&self, now: Mono, settings: &Settings) -> Length {
        let longest = self.forward_max(self.overdue(settings));
        self.spot.map_or(Length::ZERO, |spot| {
            spot.along + way(spot.speed, now.since(spot.at).min(longest))
        })
    }

    /// The free-flow clock of the route where the vehicle is now.
    pub(super) fn clock(&self, plan: &CorridorPlan, now: Mono, settings: &Settings) -> Millis {
        let longest = self.forward_max(self.lost_after(settings));
        self.spot.map_or(Millis::ZERO, |spot| {
            let then = plan.clock_at(spot.along);
            if spot.speed < STANDING {
                then
            } else {
                then + now.since(spot.at).min(longest)
            }
        })
    }

    /// How much further a vehicle that stands must be to have passed a signal: it may as well stand
    /// at the stop line, and its position be wrong by as much as positions are here.
    pub(super) fn standing_doubt(&self, now: Mono) -> Length {
        if self.stood(now) > Millis::ZERO {
            times(self.residual, 3).min(STANDING_DOUBT)
        } else {
            Length::ZERO
        }
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
    if gone > SMOOTH_MAX {
        return measured;
    }
    let mean = u32::midpoint(last.speed.as_mm_per_s(), fix.speed.as_mm_per_s());
    let expected = last.along + way(Speed::from_mm_per_s(mean), gone);
    Length::from_mm(u32::midpoint(expected.as_mm(), measured.as_mm()))
}

fn times(of: Length, by: u32) -> Length {
    Length::from_mm(of.as_mm().saturating_mul(by))
}
