//! Queues before a site's stop lines, driven second by second through a programme.

use serde::{Deserialize, Serialize};

use super::super::context::PolicyContext;
use crate::detect::Picture;
use crate::ids::GroupId;
use crate::plan::CheckedSite;
use crate::signal::GroupSet;
use crate::units::{Mono, Speed};

/// One vehicle, in the unit that queues are counted in.
pub(super) const VEHICLE: u32 = 1000;
/// Leaves a queue each second of green.
const SATURATION: u32 = 500;
/// Seconds of green before the first one leaves.
const START_LOSS_S: u32 = 2;
/// A queue longer than this reaches back into other ways.
const STORAGE: u32 = 18 * VEHICLE;
/// Those behind it count so many times more.
const SPILLBACK: u32 = 3;
/// Half a vehicle is nobody.
pub(super) const NOBODY: u32 = 500;
/// Arrivals are averaged over this many seconds.
const AVERAGE_S: u32 = 300;
/// An arrival, in the unit of the average.
const ARRIVAL: u32 = 1_000_000;
/// Slower than this a vehicle stands or will.
const SLOW: Speed = Speed::from_mm_per_s(3_000);
/// Of the arrivals on the arterial, this share comes in the coordinated window, percent.
const PLATOON: u32 = 65;

/// Counted arrivals of every lane, all day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Arrivals {
    looked: Mono,
    lanes: Vec<Counted>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Counted {
    departed: Option<u32>,
    /// Vehicles a second, millionths.
    rate: u32,
}

impl Arrivals {
    pub(super) fn of(site: &CheckedSite) -> Self {
        let lanes = site.approaches.iter().map(|approach| approach.lanes.len());
        Self {
            looked: Mono::ZERO,
            lanes: vec![Counted::default(); lanes.sum()],
        }
    }

    /// Takes a new picture. What leaves over five minutes is what has come.
    pub(super) fn observe(&mut self, picture: &Picture) {
        let seconds = picture.taken().since(self.looked).as_ms() / 1000;
        if seconds == 0 {
            return;
        }
        self.looked = picture.taken();
        for (lane, departed) in self.lanes.iter_mut().zip(picture.departed()) {
            let before = lane.departed.replace(*departed).unwrap_or(*departed);
            let went = departed.wrapping_sub(before);
            // A counter that runs backwards or leaps is no traffic.
            let went = if went > 20 { 0 } else { went };
            let old = seconds.min(AVERAGE_S);
            lane.rate -= lane.rate / AVERAGE_S * old;
            lane.rate += went * (ARRIVAL / AVERAGE_S);
        }
    }
}

/// One lane.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lane {
    pub(super) groups: GroupSet,
    pub(super) queue: u32,
    /// Arrivals a second, millionths of a vehicle.
    pub(super) rate: u32,
    /// On the arterial: its arrivals come in platoons.
    pub(super) main: bool,
    pub(super) carry: u32,
    pub(super) green_s: u32,
    pub(super) red_s: u32,
    pub(super) red_max_s: u32,
    pub(super) bound_s: u32,
}

/// One walk that somebody waits for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    pub(super) group: GroupId,
    pub(super) waits: bool,
    pub(super) red_s: u32,
    pub(super) bound_s: u32,
}

/// What a drive has cost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    /// Thousandths of vehicle-seconds.
    pub(super) delay: u64,
    pub(super) spillback: u64,
    pub(super) red_max_s: u32,
    pub(super) breaks_bound: bool,
}

/// Lanes and walks as they stand. Copied for each exit that is tried, into the same room.
#[derive(Clone, Debug, Default)]
pub(super) struct Street {
    pub(super) lanes: Vec<Lane>,
    pub(super) walks: Vec<Walk>,
    pub(super) cost: Cost,
}

impl Street {
    pub(super) fn of(site: &CheckedSite) -> Self {
        let lanes = site.approaches.iter().map(|approach| approach.lanes.len());
        Self {
            lanes: Vec::with_capacity(lanes.sum()),
            walks: Vec::with_capacity(site.groups.len()),
            cost: Cost::default(),
        }
    }

    pub(super) fn copy(&mut self, other: &Self) {
        self.lanes.clone_from(&other.lanes);
        self.walks.clone_from(&other.walks);
        self.cost = Cost::default();
    }

    /// Lays out the street as it is now; `main` are the groups of the coordinated stage.
    pub(super) fn lay_out(&mut self, ctx: &PolicyContext<'_>, arrivals: &Arrivals, main: GroupSet) {
        self.lanes.clear();
        self.walks.clear();
        self.cost = Cost::default();
        let red_bound_s = ctx.site.corridor_red_max.as_ms() / 1000;
        let lanes = (ctx.site.approaches.iter()).flat_map(|approach| &approach.lanes);
        let mut seen = ctx.picture.sightings().iter().peekable();
        for (number, info) in lanes.enumerate() {
            let groups = GroupSet::only(info.group());
            let is_green = !groups.is_disjoint(ctx.go);
            let mut queue = 0;
            while let Some(one) = seen.next_if(|one| usize::from(one.lane) <= number) {
                let waits = one.speed <= SLOW || !is_green;
                if usize::from(one.lane) == number && waits {
                    queue += u32::from(one.share);
                }
            }
            let waited = groups
                .iter()
                .map(|group| ctx.demands.waited(group, ctx.now));
            let red_s = waited.max().unwrap_or_default().as_ms() / 1000;
            let is_called = !groups.is_disjoint(ctx.demands.vehicles);
            let counted = arrivals.lanes.get(number).copied().unwrap_or_default();
            self.lanes.push(Lane {
                groups,
                queue: if is_called { queue.max(VEHICLE) } else { queue },
                rate: counted.rate,
                main: !groups.is_disjoint(main),
                carry: 0,
                green_s: if is_green { START_LOSS_S } else { 0 },
                red_s,
                red_max_s: red_s,
                bound_s: red_bound_s,
            });
        }
        for group in ctx.demands.walkers.difference(ctx.go) {
            let bound = ctx
                .walk(group)
                .map_or(ctx.site.corridor_wait_max, |w| w.wait_max);
            self.walks.push(Walk {
                group,
                waits: true,
                red_s: ctx.demands.waited(group, ctx.now).as_ms() / 1000,
                bound_s: bound.as_ms() / 1000,
            });
        }
    }

    /// One second with these groups green. `window` is how long the coordinated window is of a
    /// cycle, and whether it is open.
    pub(super) fn second(&mut self, green: GroupSet, window: (u32, u32, bool)) {
        for lane in &mut self.lanes {
            lane.carry += lane.arrivals(window);
            lane.queue += lane.carry / (ARRIVAL / VEHICLE);
            lane.carry %= ARRIVAL / VEHICLE;
            if lane.groups.is_disjoint(green) {
                lane.green_s = 0;
                if lane.queue >= NOBODY {
                    lane.red_s += 1;
                }
            } else {
                lane.green_s += 1;
                lane.red_s = 0;
                if lane.green_s > START_LOSS_S {
                    lane.queue = lane.queue.saturating_sub(SATURATION);
                }
            }
            lane.red_max_s = lane.red_max_s.max(lane.red_s);
            self.cost.red_max_s = self.cost.red_max_s.max(lane.red_s);
            self.cost.breaks_bound |= lane.red_s > lane.bound_s;
            let beyond = u64::from(lane.queue.saturating_sub(STORAGE) * SPILLBACK);
            self.cost.spillback += beyond;
            self.cost.delay += u64::from(lane.queue) + beyond;
        }
        for walk in self.walks.iter_mut().filter(|walk| walk.waits) {
            if green.contains(walk.group) {
                walk.waits = false;
            } else {
                walk.red_s += 1;
                self.cost.red_max_s = self.cost.red_max_s.max(walk.red_s);
                self.cost.breaks_bound |= walk.red_s > walk.bound_s;
                self.cost.delay += u64::from(VEHICLE);
            }
        }
    }

    /// The longest queue of a lane that `groups` serve.
    pub(super) fn queue(&self, groups: GroupSet) -> u32 {
        let served = (self.lanes.iter()).filter(|lane| !lane.groups.is_disjoint(groups));
        served.map(|lane| lane.queue).max().unwrap_or_default()
    }

    /// The longest red of somebody whom `groups` serve.
    pub(super) fn red_s(&self, groups: GroupSet) -> u32 {
        let lanes = (self.lanes.iter())
            .filter(|lane| lane.queue >= NOBODY && !lane.groups.is_disjoint(groups))
            .map(|lane| lane.red_s);
        let walks = (self.walks.iter())
            .filter(|walk| walk.waits && groups.contains(walk.group))
            .map(|walk| walk.red_s);
        lanes.chain(walks).max().unwrap_or_default()
    }

    /// True if `groups` serve anybody.
    pub(super) fn wants(&self, groups: GroupSet) -> bool {
        self.queue(groups) >= NOBODY
            || (self.walks.iter()).any(|walk| walk.waits && groups.contains(walk.group))
    }
}

impl Lane {
    fn arrivals(&self, (length_s, cycle_s, is_open): (u32, u32, bool)) -> u32 {
        if !self.main || length_s == 0 || length_s >= cycle_s {
            return self.rate;
        }
        let (share, over) = if is_open {
            (PLATOON, length_s)
        } else {
            (100 - PLATOON, cycle_s - length_s)
        };
        let whole = u64::from(self.rate) * u64::from(cycle_s) * u64::from(share) / 100;
        u32::try_from(whole / u64::from(over)).unwrap_or(u32::MAX)
    }
}
