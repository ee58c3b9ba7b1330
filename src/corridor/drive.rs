//! What a running drive teaches of the roads it uses.

use serde::{Deserialize, Serialize};

use super::pace::Paces;
use super::track::Spot;
use super::{CorridorPlan, Link};
use crate::units::{Length, Millis, Mono, Speed};

/// Shorter times on a road teach nothing.
const TIME_MIN: Millis = Millis::from_secs(3);
/// Positions further apart do not tell when a road was left.
const GAP_MAX: Millis = Millis::from_secs(5);
/// The plan is believed as if it had been kept for so long.
const SHARE_PRIOR: Millis = Millis::from_secs(5);
/// No vehicle is believed to be faster or slower than its plan by more, per mille of its time.
const SHARES: (u32, u32) = (700, 2_000);
/// Slower than this, signals or queues hold the vehicle up: that is not the road's pace.
const HELD_UP: Speed = Speed::from_mm_per_s(4_000);

/// The drive on the road the vehicle is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Drive {
    last: Option<Spot>,
    /// When it came onto the road; `None` if that was not seen, or it was held up since.
    entered: Option<Mono>,
    /// Time driven unhindered, and what the plan gave for it; older time weighs less.
    real: Millis,
    planned: Millis,
}

impl Drive {
    /// Takes in the next believed place.
    pub(super) fn follow(&mut self, plan: &CorridorPlan, spot: Spot, paces: &mut Paces) {
        let before = self.last.replace(spot);
        let Some(before) = before.filter(|before| spot.at.since(before.at) <= GAP_MAX) else {
            self.entered = None;
            return;
        };
        if spot.speed < HELD_UP {
            self.entered = None;
        } else if before.speed >= HELD_UP {
            let planned = plan
                .clock_at(spot.along)
                .saturating_sub(plan.clock_at(before.along));
            self.real = faded(self.real) + spot.at.since(before.at);
            self.planned = faded(self.planned) + planned;
        }
        let on = |along: Length| plan.links.partition_point(|link| link.ends_at <= along);
        for at in on(before.along)..on(spot.along) {
            let Some(link) = plan.links.get(at) else {
                return;
            };
            let left = passed(before, spot, link.ends_at);
            if let Some(entered) = self.entered {
                let planned = link.free_flow.saturating_sub(begins(plan, at));
                let took = u64::from(left.since(entered).as_ms()) * 1000;
                let share = took.checked_div(u64::from(planned.as_ms()));
                if let Some(share) = share.filter(|_| planned >= TIME_MIN) {
                    let share = u32::try_from(share).unwrap_or(u32::MAX);
                    paces.learn(link.road, plan.class, share);
                }
            }
            self.entered = (spot.speed >= HELD_UP).then_some(left);
        }
    }
}

impl Drive {
    /// How this drive goes against its plan where nothing holds it up: time needed for a thousand of
    /// the planned. As planned until it has been seen for a while.
    pub(super) fn share(&self) -> u32 {
        let real = u64::from((self.real + SHARE_PRIOR).as_ms()) * 1000;
        let share = real / u64::from((self.planned + SHARE_PRIOR).as_ms()).max(1);
        u32::try_from(share)
            .unwrap_or(1000)
            .clamp(SHARES.0, SHARES.1)
    }
}

fn faded(time: Millis) -> Millis {
    Millis::new(time.as_ms() / 20 * 19)
}

/// The planned free-flow clock where a link begins.
fn begins(plan: &CorridorPlan, at: usize) -> Millis {
    let before = at.checked_sub(1).and_then(|at| plan.links.get(at));
    before.map_or(Millis::ZERO, |link: &Link| link.free_flow)
}

/// When the vehicle was at `along`, in proportion.
fn passed(before: Spot, after: Spot, along: Length) -> Mono {
    let way = u64::from((after.along - before.along).as_mm());
    let part = u64::from((along - before.along).as_mm());
    let time = u64::from(after.at.since(before.at).as_ms());
    let ms = (time * part).checked_div(way).unwrap_or(time);
    before.at + Millis::new(u32::try_from(ms).unwrap_or(u32::MAX))
}
