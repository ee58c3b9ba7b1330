//! One lane: vehicles in order, what they see, and how they follow each other.

use alloc::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::signal::Indication;

/// Seconds of one step.
pub(super) const DT: f32 = 0.1;
/// Length of a vehicle, metres.
pub(super) const CAR_M: f32 = 4.5;
/// Gap between standing vehicles, metres: with the vehicle, 7 m of queue each.
pub(super) const JAM_GAP_M: f32 = 2.5;
/// Standing vehicles stop this far before the line, metres.
pub(super) const LINE_GAP_M: f32 = 1.0;
/// Slower than this is standing, metres per second.
pub(super) const STANDING_MPS: f32 = 1.0;

const ACCELERATION: f32 = 2.4;
const COMFORT_BRAKE: f32 = 3.0;
const HARD_BRAKE: f32 = 6.0;
/// Nobody drives slower than this without standing, metres per second.
const CRAWL_MPS: f32 = 0.05;
const REACTION_S: f32 = 1.55;

/// A vehicle of everyday traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Car {
    /// Front bumper, metres from the start of the road; negative inside the junction before it.
    pub(super) pos: f32,
    pub(super) speed: f32,
    /// What this driver makes of a speed limit.
    pub(super) zeal: f32,
    /// Exit of this road, and of the road after it.
    pub(super) exit: u8,
    pub(super) next: u8,
    /// Its own dice, for the way it takes.
    pub(super) dice: u32,
}

/// What a driver makes of the lamps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Aspect {
    /// Drive if the way is free.
    #[default]
    Go,
    /// Stop if that is comfortable.
    Amber,
    /// Stop.
    Stop,
    /// No lamp says anything: creep through one after the other.
    Careful,
}

impl Aspect {
    pub(super) const fn of(shown: Indication) -> Self {
        match shown {
            Indication::Green | Indication::FlashingGreen => Self::Go,
            Indication::Amber => Self::Amber,
            Indication::Red | Indication::RedAmber => Self::Stop,
            Indication::Dark | Indication::FlashingAmber | Indication::FlashingRed => Self::Careful,
        }
    }
}

/// The end of whatever drives or stands ahead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Lead {
    /// Its rear end, on the follower's road, metres.
    pub(super) tail: f32,
    pub(super) speed: f32,
}

impl Lead {
    /// Nothing ahead that matters.
    pub(super) const NONE: Self = Self {
        tail: f32::MAX,
        speed: 0.0,
    };

    /// Stop with the front bumper before `at`.
    pub(super) const fn wall(at: f32) -> Self {
        Self {
            tail: at + JAM_GAP_M - LINE_GAP_M,
            speed: 0.0,
        }
    }

    pub(super) fn nearer(self, other: Self) -> Self {
        if other.tail < self.tail { other } else { self }
    }
}

/// A lane and the vehicles in it, the first one first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Lane {
    pub(super) cars: VecDeque<Car>,
    /// Everybody stands behind a red: nothing to do until it changes.
    pub(super) asleep: bool,
    pub(super) aspect: Aspect,
    /// Milliseconds of the street's clock when the aspect began.
    pub(super) since: u64,
    /// Since when somebody has stood here without green.
    pub(super) waiting_since: Option<u64>,
    pub(super) red_max_ms: u64,
    /// Vehicles over the stop line so far.
    pub(super) passed: u16,
}

impl Lane {
    /// Notes what the lamps show now; wakes the lane when they change.
    pub(super) fn see(&mut self, aspect: Aspect, now: u64) {
        if aspect == Aspect::Go {
            self.close_red(now);
        }
        if aspect != self.aspect {
            self.aspect = aspect;
            self.since = now;
            self.asleep = false;
        }
    }

    /// Counts the red so far if somebody waited in it.
    fn close_red(&mut self, now: u64) {
        self.red_max_ms = self.red_max(now);
        self.waiting_since = None;
    }

    /// The longest wait of anybody for green, the present one included.
    pub(super) fn red_max(&self, now: u64) -> u64 {
        let running = self
            .waiting_since
            .map_or(0, |since| now.saturating_sub(since));
        self.red_max_ms.max(running)
    }

    /// Room behind the last vehicle: its rear end and speed.
    pub(super) fn back(&self) -> Lead {
        self.cars.back().map_or(Lead::NONE, |car| Lead {
            tail: car.pos - CAR_M,
            speed: car.speed,
        })
    }

    /// Puts `car` behind the last one, never into it.
    pub(super) fn enter(&mut self, mut car: Car) {
        car.pos = car.pos.min(self.back().tail - 0.1);
        self.cars.push_back(car);
        self.asleep = false;
    }

    /// True if there is no room for one more vehicle, should everybody in it have to stand.
    pub(super) fn is_full(&self, length_m: f32) -> bool {
        let cars = u16::try_from(self.cars.len()).unwrap_or(u16::MAX);
        (f32::from(cars) + 1.0) * (CAR_M + JAM_GAP_M + 0.6) > length_m
    }

    /// Standing vehicles.
    pub(super) fn standing(&self) -> usize {
        self.cars
            .iter()
            .filter(|car| car.speed < STANDING_MPS)
            .count()
    }

    /// True if a vehicle covers the stretch from `from` to `to` metres.
    pub(super) fn covers(&self, from: f32, to: f32) -> bool {
        self.cars
            .iter()
            .take_while(|car| car.pos >= from)
            .any(|car| car.pos - CAR_M <= to)
    }

    /// Vehicles whose front passed `at` in the last step.
    pub(super) fn crossed(&self, at: f32) -> usize {
        self.cars
            .iter()
            .take_while(|car| car.pos >= at)
            .filter(|car| car.speed > 0.0 && car.pos - car.speed * DT < at)
            .count()
    }
}

/// The speed after one step of a vehicle at `pos` that would like to drive `want`.
pub(super) fn follow(pos: f32, speed: f32, want: f32, lead: Lead) -> f32 {
    let gap = lead.tail - pos - JAM_GAP_M;
    if speed <= 0.0 && gap < 1.0 {
        return 0.0;
    }
    let faster = (speed + ACCELERATION * DT).min(want.max(speed - COMFORT_BRAKE * DT));
    if gap > 150.0 {
        return faster;
    }
    let safe = if gap > 0.0 {
        let slack = COMFORT_BRAKE * REACTION_S;
        (slack * slack + lead.speed * lead.speed + 2.0 * COMFORT_BRAKE * gap).sqrt() - slack
    } else {
        0.0
    };
    let speed = faster.min(safe).max(speed - HARD_BRAKE * DT);
    if speed < CRAWL_MPS { 0.0 } else { speed }
}

/// True if a vehicle this fast can stop comfortably within `distance` metres.
pub(super) fn can_stop(speed: f32, distance: f32) -> bool {
    speed * speed <= 2.0 * COMFORT_BRAKE * distance.max(0.0)
}
