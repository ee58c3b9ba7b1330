//! When each vehicle of the picture could be at its stop line.

use super::model::Model;
use super::units::{metres, secs, thousandths};
use crate::detect::{Demands, Picture, Sighting};
use crate::plan::Tuning;
use crate::signal::GroupSet;
use crate::units::Mono;

/// In a lane that nobody sees, somebody is taken to come so often, seconds.
const UNSEEN_HEADWAY_S: f32 = 8.0;
/// And so many are taken to stand there at most.
const UNSEEN_MAX: f32 = 8.0;

/// One vehicle, or those who wait for a walk, as the search counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Arrival {
    /// When it could pass the stop line if nobody were in its way, seconds from now.
    pub(super) at_s: f32,
    /// How much of a vehicle it is: less than 1 if it may take another way.
    pub(super) mass: f32,
    /// What a stop costs it, seconds.
    pub(super) stop_s: f32,
}

/// The arrivals of a site, lane by lane.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Arrivals {
    pub(super) list: Vec<Arrival>,
    /// Where each lane begins in `list`, and one past the last.
    pub(super) starts: Vec<usize>,
}

impl Arrivals {
    /// With room for so many vehicles and walks in so many lanes.
    pub(super) fn with_room(vehicles: usize, lanes: usize) -> Self {
        Self {
            list: Vec::with_capacity(vehicles),
            starts: Vec::with_capacity(lanes + 1),
        }
    }

    /// Where the arrivals of a lane begin and end in the list, in the order they come.
    pub(super) fn range(&self, lane: usize) -> (usize, usize) {
        let at = |index: usize| self.starts.get(index).copied().unwrap_or(self.list.len());
        (at(lane), at(lane + 1))
    }

    /// Reckons anew from the picture and from those who wait for a walk.
    pub(super) fn fill(
        &mut self,
        model: &Model,
        picture: &Picture,
        (demands, now): (&Demands, Mono),
        tuning: &Tuning,
    ) {
        self.list.clear();
        self.starts.clear();
        let mut seen = picture.sightings().iter().peekable();
        for (number, lane) in model.lanes.iter().enumerate() {
            self.starts.push(self.list.len());
            if lane.is_walk {
                let waiting = (lane.groups.iter()).any(|walk| demands.walkers.contains(walk));
                if waiting {
                    self.list.push(Arrival {
                        at_s: 0.0,
                        mass: tuning.walk_weight,
                        stop_s: 0.0,
                    });
                }
                continue;
            }
            while let Some(vehicle) = seen.next_if(|seen| usize::from(seen.lane) <= number) {
                if usize::from(vehicle.lane) == number {
                    self.list.push(arrival(vehicle, lane.speed_mps, tuning));
                }
            }
            if self.starts.last() == Some(&self.list.len())
                && let Some(mass) = unseen(lane.groups, demands, now)
            {
                self.list.push(Arrival {
                    at_s: 0.0,
                    mass,
                    stop_s: 0.0,
                });
            }
        }
        self.starts.push(self.list.len());
    }
}

/// Who may stand in a lane that nobody sees: its detectors are not believed, so its groups are called
/// every round. The longer the red, the more there may be.
fn unseen(groups: GroupSet, demands: &Demands, now: Mono) -> Option<f32> {
    let recalled = demands.recall_min.union(demands.recall_max);
    let called = groups.intersection(recalled).intersection(demands.vehicles);
    let waited = called
        .iter()
        .map(|group| demands.waited(group, now))
        .max()?;
    Some((1.0 + secs(waited) / UNSEEN_HEADWAY_S).min(UNSEEN_MAX))
}

/// The free drive of one vehicle to its stop line.
fn arrival(seen: &Sighting, limit_mps: f32, tuning: &Tuning) -> Arrival {
    let (way, speed) = (
        metres(seen.distance.as_mm()),
        metres(seen.speed.as_mm_per_s()),
    );
    let limit = (limit_mps * tuning.cruise)
        .max(5.0)
        .max(speed.min(limit_mps));
    let a = tuning.acceleration_mps2;
    let speed_now = speed.min(limit);
    let until_limit = (limit * limit - speed_now * speed_now) / (2.0 * a);
    let mut at_s = if way <= until_limit {
        (speed_now.mul_add(speed_now, 2.0 * a * way).sqrt() - speed_now) / a
    } else {
        (limit - speed_now) / a + (way - until_limit) / limit
    };
    if speed < 0.3 {
        at_s += tuning.reaction_s;
    }
    let stop_s = if speed < 1.0 {
        0.0
    } else {
        (limit / (2.0 * a) + limit / 9.0) * (speed / limit).min(1.0) * tuning.stop_weight
    };
    Arrival {
        at_s,
        mass: thousandths(u32::from(seen.share)),
        stop_s,
    }
}
