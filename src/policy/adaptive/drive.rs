//! How one lane leaves under one green of an imagined future.

use super::search::Question;
use super::service::Service;
use crate::plan::Tuning;

/// Mass below which a vehicle counts as gone.
pub(super) const GONE: f32 = 0.02;

/// How far one imagined future has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Future {
    /// For each lane its first vehicle that is not gone, and the earliest next departure.
    pub(super) lanes: Vec<(usize, f32)>,
    /// What is left of each vehicle.
    pub(super) mass: Vec<f32>,
    pub(super) stage: usize,
    /// The end of the green so far.
    pub(super) at_s: f32,
    pub(super) cost_s: f32,
}

/// A green of one stage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Green {
    pub(super) stage: usize,
    pub(super) from_s: f32,
    pub(super) to_s: f32,
}

impl Future {
    pub(super) fn with_room(vehicles: usize, lanes: usize) -> Self {
        Self {
            lanes: Vec::with_capacity(lanes),
            mass: Vec::with_capacity(vehicles),
            ..Self::default()
        }
    }

    pub(super) fn copy_from(&mut self, other: &Self) {
        self.lanes.clone_from(&other.lanes);
        self.mass.clone_from(&other.mass);
        self.stage = other.stage;
        self.at_s = other.at_s;
        self.cost_s = other.cost_s;
    }
}

/// What a look at a lane under one green shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Platoons {
    /// The last departure before a gap; negative infinity if nobody departs.
    pub(super) ends_s: f32,
    /// The last departure before a longer gap.
    pub(super) longer_ends_s: f32,
    /// How many depart before the longer gap.
    pub(super) served: f32,
    /// How many were looked at.
    pub(super) looked: u32,
}

/// One lane under one green.
pub(super) struct LaneDrive {
    pub(super) service: Service,
    lane: usize,
    /// The first departure is not before this.
    start_s: f32,
    /// A queue loses so much at the start.
    loss_s: f32,
    end_s: f32,
    /// The same for one that comes up to the stop line without having been held up.
    end_free_s: f32,
    is_walk: bool,
}

impl LaneDrive {
    pub(super) fn new(
        ask: &Question<'_>,
        future: &Future,
        lane: usize,
        green: &Green,
        platoon_end: f32,
    ) -> Self {
        let service = ask.services.get(green.stage, lane);
        let goes_on = ask.services.get(future.stage, lane).head > 0.0;
        let mut start_s = if goes_on {
            future.at_s.min(green.from_s)
        } else {
            green.from_s
        };
        if service.yields {
            start_s = start_s.max((platoon_end + 1.0).min(green.to_s - 2.0));
        }
        let is_walk = service.headway_s <= 0.0;
        Self {
            service,
            lane,
            start_s: start_s.max(service.from_s),
            loss_s: if goes_on {
                0.0
            } else {
                ask.tuning.start_loss_s
            },
            end_s: if is_walk {
                green.to_s
            } else {
                green.to_s + ask.tuning.amber_queue_s
            },
            end_free_s: if is_walk {
                green.to_s
            } else {
                green.to_s + ask.tuning.amber_used_s
            },
            is_walk,
        }
    }

    /// When a vehicle that could arrive at `at_s` departs.
    fn departs(&self, at_s: f32, last_s: f32) -> f32 {
        let departs = at_s.max(last_s).max(self.start_s);
        if at_s < self.start_s + self.loss_s && !self.is_walk {
            departs.max(self.start_s + self.loss_s)
        } else {
            departs
        }
    }

    /// True if the signal closes before a vehicle that could arrive at `at_s` departs.
    fn is_over(&self, departs_s: f32, at_s: f32) -> bool {
        let end_s = if departs_s > at_s {
            self.end_s
        } else {
            self.end_free_s
        };
        departs_s > end_s
    }

    /// Looks at the platoons of the lane without serving them: where the first ends for each of two
    /// gaps, the longer one last.
    pub(super) fn dry(
        &self,
        ask: &Question<'_>,
        future: &Future,
        (gap_s, longer_s): (f32, f32),
    ) -> Platoons {
        let (first, mut last_s) = future.lanes.get(self.lane).copied().unwrap_or_default();
        let (_, end) = ask.arrivals.range(self.lane);
        let mut seen = Platoons {
            ends_s: f32::NEG_INFINITY,
            longer_ends_s: f32::NEG_INFINITY,
            served: 0.0,
            looked: 0,
        };
        let (mut flow, mut is_first, mut is_one) = (1.0_f32, true, true);
        let mut platoon_end = self.start_s;
        let arrivals = ask.arrivals.list.get(first..end).unwrap_or_default();
        let masses = future.mass.get(first..end).unwrap_or_default();
        for (arrival, mass) in arrivals.iter().zip(masses) {
            if *mass <= GONE {
                continue;
            }
            seen.looked += 1;
            flow *= if is_first {
                self.service.head
            } else {
                self.service.rest
            };
            is_first = false;
            let departs = self.departs(arrival.at_s, last_s);
            let is_after = |gap_s: f32| departs > platoon_end + gap_s + self.loss_s;
            if flow < GONE || self.is_over(departs, arrival.at_s) || is_after(longer_s) {
                break;
            }
            is_one &= !is_after(gap_s);
            last_s = departs + self.service.headway_s * mass * flow;
            platoon_end = departs;
            seen.served += mass * flow;
            seen.longer_ends_s = departs;
            if is_one {
                seen.ends_s = departs;
            }
        }
        seen
    }

    /// Serves the lane; where its first platoon ends, and how many were looked at.
    pub(super) fn wet(&self, ask: &Question<'_>, future: &mut Future) -> (f32, u32) {
        let Some((first, mut last_s)) = future.lanes.get(self.lane).copied() else {
            return (self.start_s, 0);
        };
        let (_, end) = ask.arrivals.range(self.lane);
        let (mut flow, mut looked, mut first_left) = (1.0_f32, 0, end);
        let (mut platoon_end, mut is_platoon, mut is_first) = (self.start_s, true, true);
        let arrivals = ask.arrivals.list.get(first..end).unwrap_or_default();
        let masses = future.mass.get_mut(first..end).unwrap_or_default();
        for (at, (arrival, mass)) in (first..end).zip(arrivals.iter().zip(masses)) {
            if *mass <= GONE {
                continue;
            }
            looked += 1;
            flow *= if is_first {
                self.service.head
            } else {
                self.service.rest
            };
            is_first = false;
            let departs = self.departs(arrival.at_s, last_s);
            if flow < GONE || self.is_over(departs, arrival.at_s) {
                first_left = first_left.min(at);
                break;
            }
            let gone = *mass * flow;
            let delay = departs - arrival.at_s;
            future.cost_s += gone * (delay + stop_cost(delay, arrival.stop_s, ask.tuning));
            last_s = departs + self.service.headway_s * gone;
            is_platoon &= departs <= platoon_end + ask.tuning.gap_s + self.loss_s;
            if is_platoon {
                platoon_end = departs;
            }
            *mass -= gone;
            if *mass > GONE {
                first_left = first_left.min(at);
            }
        }
        if let Some(kept) = future.lanes.get_mut(self.lane) {
            *kept = (first_left, last_s);
        }
        (platoon_end, looked)
    }
}

/// What a stop costs a vehicle that is delayed so long, seconds.
pub(super) fn stop_cost(delay_s: f32, stop_s: f32, tuning: &Tuning) -> f32 {
    if delay_s > tuning.stop_threshold_s {
        stop_s
    } else {
        0.0
    }
}
