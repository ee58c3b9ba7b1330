//! What the key would do, before it is pressed: seconds saved, and the price to everyone else.
//!
//! Deterministic queue formulas on what the board shows now; no simulation. A branch of the whole
//! city gives a better number and takes longer.

use serde::{Deserialize, Serialize};

use super::forecast::{Here, forecast};
use super::pace::Paces;
use super::passage::Passage;
use super::{Availability, CorridorPlan, Crossing, OthersDemand, Rhythm, Settings, SiteBoard};
use crate::ids::SiteId;
use crate::units::{Length, Millis, Mono};

/// A rescue that saves less than this is not worth stopping others for.
const SAVED_MIN: Millis = Millis::from_secs(5);
/// More vehicle-seconds of others than this for one second saved are not worth it.
const PRICE_MAX: u64 = 300;
/// A signal late by less than this is not worth a word.
const LATE_MIN: Millis = Millis::from_secs(2);
/// Flow of the hostile lanes together while they discharge, vehicles per hour.
const DISCHARGE_PER_HOUR: u64 = 3_600;

/// What the key would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// Expected travel time with the key.
    pub with_key: Millis,
    /// Expected travel time without it, obeying the lights.
    pub without_key: Millis,
    /// What the key saves.
    pub saved: Millis,
    /// Delay of all others together, vehicle-seconds.
    pub price_vehicle_s: u64,
    /// The longest wait anyone will have; `None` if nobody will wait.
    pub longest_wait: Option<LongestWait>,
    /// The crossings in order.
    pub crossings: Vec<CrossingPreview>,
    /// Signals on the way that cannot be held.
    pub unavailable: Vec<SiteId>,
    /// In one word.
    pub advice: Advice,
}

/// One crossing of a preview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrossingPreview {
    /// The site.
    pub site: SiteId,
    /// It can be held now.
    pub available: bool,
    /// When the vehicle is expected at the stop line.
    pub eta: Mono,
    /// The latest moment the lock can start and be in time.
    pub start: Mono,
    /// Time the queue needs to clear.
    pub flush: Millis,
    /// From the lock to the vehicle's passing.
    pub hold: Millis,
    /// How much too late the lock would be if the key were pressed now.
    pub late_by: Millis,
    /// Expected delay at this signal without the key.
    pub delay_without: Millis,
    /// Delay of others at this signal, vehicle-seconds.
    pub price_vehicle_s: u64,
    /// Vehicles of others that wait here now and will wait through the hold.
    pub vehicles: u32,
    /// Walkers, at least one per latched button, that wait here now and will wait through it.
    pub walkers: u32,
}

/// The longest wait anyone will have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LongestWait {
    /// Where.
    pub site: SiteId,
    /// Who.
    pub who: Waiting,
    /// How long.
    pub wait: Millis,
    /// The bound that holds for them: walkers' while a corridor is held, motor vehicles' too, or
    /// the everyday one once they wait longer than that for a vehicle on its locked approach. Nobody
    /// waits longer: who would is served, and the hold is broken for it.
    pub bound: Millis,
}

/// Who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    /// People in vehicles.
    Vehicles,
    /// People on foot.
    Walkers,
}

/// A preview in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// Press it.
    WorthIt,
    /// It saves too little for what it costs.
    NotWorth,
    /// Press it, but the first signal will be late by this much.
    LateBy(Millis),
}

/// Previews `plan` for a vehicle that leaves the start of its route at `now`.
#[must_use]
pub fn preview<B: SiteBoard>(
    plan: &CorridorPlan,
    settings: &Settings,
    board: &B,
    now: Mono,
) -> Preview {
    let mut passages = vec![Passage::default(); plan.crossings.len()];
    let here = Here {
        now,
        paces: &Paces::default(),
        share: 1000,
        along: Length::ZERO,
        clock: Millis::ZERO,
        age: Millis::ZERO,
        blocked: false,
    };
    forecast(plan, &here, settings, board, &mut passages);
    let places = plan.crossings.iter().zip(&passages);
    let crossings: Vec<CrossingPreview> = places
        .map(|(crossing, passage)| price_crossing(crossing, passage, board, now))
        .collect();
    let last = plan.crossings.iter().zip(&crossings).next_back();
    let with_key = last.map_or(plan.free_flow, |(crossing, priced)| {
        now.until(priced.eta) + plan.free_flow.saturating_sub(crossing.free_flow)
    });
    let without = |sum: Millis, priced: &CrossingPreview| sum + priced.delay_without;
    let without_key = crossings.iter().fold(plan.free_flow, without).max(with_key);
    let saved = without_key.saturating_sub(with_key);
    let price_vehicle_s = crossings.iter().map(|c| c.price_vehicle_s).sum();
    let waits = plan.crossings.iter().zip(&crossings);
    Preview {
        with_key,
        without_key,
        saved,
        price_vehicle_s,
        longest_wait: waits
            .filter(|(_, priced)| priced.available)
            .filter_map(|(crossing, priced)| longest_wait(crossing, priced, board, now))
            .max_by_key(|longest| longest.wait),
        unavailable: crossings
            .iter()
            .filter(|c| !c.available)
            .map(|c| c.site)
            .collect(),
        advice: advise(saved, price_vehicle_s, &crossings),
        crossings,
    }
}

fn advise(saved: Millis, price: u64, crossings: &[CrossingPreview]) -> Advice {
    let saved_s = u64::from(saved.as_ms() / 1000);
    if saved < SAVED_MIN || price > saved_s * PRICE_MAX {
        return Advice::NotWorth;
    }
    match crossings.iter().find(|c| c.available).map(|c| c.late_by) {
        Some(late) if late > LATE_MIN => Advice::LateBy(late),
        Some(_) | None => Advice::WorthIt,
    }
}

fn price_crossing<B: SiteBoard>(
    crossing: &Crossing,
    passage: &Passage,
    board: &B,
    now: Mono,
) -> CrossingPreview {
    let forecast = &passage.forecast;
    let available =
        crossing.can_be_held() && board.availability(crossing.site) == Availability::Ready;
    let rhythm = board.rhythm(crossing.site, crossing.groups);
    let window = passage.window(crossing);
    let start = forecast.start.max(now);
    let hold = if available {
        start.until(window.until)
    } else {
        Millis::ZERO
    };
    let queue = board.queue(crossing.site, crossing.approach);
    let others = if hold > Millis::ZERO {
        board.others_demand(crossing.site, crossing.groups)
    } else {
        OthersDemand::default()
    };
    CrossingPreview {
        vehicles: u32::from(others.vehicles),
        walkers: u32::from(others.walkers),
        site: crossing.site,
        available,
        eta: forecast.eta,
        start,
        flush: forecast.flush,
        hold,
        late_by: forecast.behind,
        delay_without: rhythm.map_or(forecast.change, |rhythm| {
            red_delay(rhythm, u32::from(queue.vehicles_worst_lane))
        }),
        price_vehicle_s: price(&others, hold, rhythm),
    }
}

/// Expected delay of a vehicle that arrives at a random moment of the cycle behind `queue`
/// vehicles: half the red, as often as it is red, and the queue's discharge with it; a queue that
/// needs more than one green costs a red more for each.
fn red_delay(rhythm: Rhythm, queue: u32) -> Millis {
    let cycle = u64::from(rhythm.cycle.as_ms());
    let green = u64::from(rhythm.green.as_ms()).min(cycle);
    let red = cycle - green;
    let discharge = if queue == 0 {
        0
    } else {
        2_000 + u64::from(queue) * 2_000
    };
    let wait = (red * red / 2 + red * discharge).checked_div(cycle);
    let again = discharge.checked_div(green).unwrap_or(0) * red;
    let ms = wait.unwrap_or(0) + again;
    Millis::new(u32::try_from(ms).unwrap_or(u32::MAX))
}

/// Delay of the others over a hold: those who wait now wait through it, those who arrive wait half
/// of it, less what they would have waited anyway, stretched by the queue's discharge afterwards.
fn price(others: &OthersDemand, hold: Millis, rhythm: Option<Rhythm>) -> u64 {
    let hold = u64::from(hold.as_ms());
    let flow = u64::from(others.vehicles_per_hour);
    let there = u64::from(others.vehicles) * hold;
    let arrivals = flow * hold / 3_600_000 * hold / 2 + flow * hold % 3_600_000 * hold / 7_200_000;
    let anyway = rhythm.map_or(0, |rhythm| {
        let green = u64::from(rhythm.green.as_ms()) * 1000;
        green
            .checked_div(u64::from(rhythm.cycle.as_ms()))
            .unwrap_or(0)
            .min(1000)
    });
    let spare = DISCHARGE_PER_HOUR.saturating_sub(flow).max(360);
    (there + arrivals) * (1000 - anyway) / 1000 * DISCHARGE_PER_HOUR / spare / 1000
}

/// The longest wait at one crossing. Who waits now is served before the hold if the plan has time
/// for a whole cycle; otherwise they wait until it ends, or until their bound is served.
fn longest_wait<B: SiteBoard>(
    crossing: &Crossing,
    priced: &CrossingPreview,
    board: &B,
    now: Mono,
) -> Option<LongestWait> {
    let others = board.others_demand(crossing.site, crossing.groups);
    let before = now.until(priced.start);
    let rhythm = board.rhythm(crossing.site, crossing.groups);
    let wait = |so_far: Millis| {
        let waited = match rhythm {
            Some(rhythm) if before > rhythm.cycle => rhythm.green,
            Some(_) | None => so_far + before,
        };
        waited + priced.hold
    };
    let vehicles = (others.vehicles > 0 || others.vehicles_per_hour > 0)
        .then(|| (wait(others.vehicle_wait_max), Waiting::Vehicles));
    let walkers = (others.walkers > 0).then(|| (wait(others.walker_wait_max), Waiting::Walkers));
    let bounded = |(wait, who): (Millis, Waiting)| {
        let bound = match who {
            Waiting::Vehicles if wait > crossing.red_max => crossing.red_ever,
            Waiting::Vehicles => crossing.red_max,
            Waiting::Walkers => crossing.wait_max,
        };
        LongestWait {
            site: crossing.site,
            who,
            wait: wait.min(bound),
            bound,
        }
    };
    let all = vehicles.into_iter().chain(walkers).map(bounded);
    all.max_by_key(|longest| longest.wait)
}
