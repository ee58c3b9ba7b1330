//! What the key would do, before it is pressed: seconds saved, and the price to everyone else.
//!
//! Every signal of the way is run on twice, with the hold and without it, from what the board shows
//! now; and that for several draws of what nobody can know: how fast the vehicle drives, who else
//! comes, where a stage ends. What comes out is a spread and not a figure. See
//! `docs/decisions/0011-worth.md` for what is left out and how far off it is.

use serde::{Deserialize, Serialize};

use super::forecast::{Here, forecast};
use super::pace::Paces;
use super::passage::Passage;
use super::trial::{Trial, Way, sorted_at};
use super::{Availability, CorridorPlan, Corridors, Crossing, OthersDemand, Settings, SiteBoard};
use crate::ids::{CorridorId, SiteId};
use crate::units::{Length, Millis, Mono};

/// A rescue that saves less than this is not worth stopping others for.
const SAVED_MIN: Millis = Millis::from_secs(5);
/// More vehicle-seconds of others than this for one second saved are not worth it.
const PRICE_MAX: i64 = 300;
/// A signal late by less than this is not worth a word.
const LATE_MIN: Millis = Millis::from_secs(2);

/// What the key would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// Travel time with the key that one run in two keeps.
    pub with_key: Millis,
    /// Travel time with the key that nine runs in ten keep.
    pub with_key_p90: Millis,
    /// Travel time without it, obeying the lights, that one run in two keeps.
    pub without_key: Millis,
    /// Travel time without it that nine runs in ten keep.
    pub without_key_p90: Millis,
    /// What the key saves: more in one run of two, less in the other.
    pub saved: Millis,
    /// Delay that all others together have more than without the key, vehicle-seconds: more in one
    /// run of two. Below zero where those who drive along gain more than the others lose.
    pub price_vehicle_s: i64,
    /// Nine runs in ten cost no less than this and no more than `price_high_vehicle_s`.
    pub price_low_vehicle_s: i64,
    /// The other end.
    pub price_high_vehicle_s: i64,
    /// The longest wait anyone will have; `None` if nobody will wait.
    pub longest_wait: Option<LongestWait>,
    /// The crossings in order.
    pub crossings: Vec<CrossingPreview>,
    /// Signals on the way that cannot be held.
    pub unavailable: Vec<SiteId>,
    /// The signal behind the destination, if its queue reaches back to there now: it is opened too if
    /// it still does then. Neither the times nor the price have it in them.
    pub beyond: Option<SiteId>,
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
    /// It comes no earlier in nine runs of ten.
    pub eta_p10: Mono,
    /// It comes no later in nine runs of ten.
    pub eta_p90: Mono,
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
    /// Added delay of others at this signal, vehicle-seconds, as in [`Preview::price_vehicle_s`].
    pub price_vehicle_s: i64,
    /// The longest that a motor vehicle waits here.
    pub longest_vehicle_wait: Millis,
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

/// Previews `plan` for a vehicle that leaves the start of its route when the plan says, or at `now`.
#[must_use]
pub fn preview<B: SiteBoard>(
    plan: &CorridorPlan,
    settings: &Settings,
    board: &B,
    now: Mono,
) -> Preview {
    let mut passages = vec![Passage::default(); plan.places().count()];
    let departs = plan.departs.unwrap_or(now).max(now);
    let here = Here {
        now,
        from: departs,
        paces: &Paces::default(),
        share: 1000,
        along: Length::ZERO,
        clock: Millis::ZERO,
        age: Millis::ZERO,
        blocked: false,
    };
    forecast(plan, &here, settings, board, &mut passages);
    let ways: Vec<Way> = plan
        .crossings
        .iter()
        .enumerate()
        .map(|crossing| Way::of(plan, crossing, settings, board))
        .collect();
    let trial = Trial::run((plan, departs.since(now)), &ways, settings);
    let places = plan.crossings.iter().zip(&passages).enumerate();
    let crossings: Vec<CrossingPreview> = places
        .map(|(at, (crossing, passage))| {
            price_crossing(crossing, passage, (&trial, at), board, now)
        })
        .collect();
    let saved = trial.saved();
    let (price_low_vehicle_s, price_vehicle_s, price_high_vehicle_s) = trial.price();
    let waits = plan.crossings.iter().zip(&crossings);
    Preview {
        with_key: sorted_at(&trial.with_key, 500),
        with_key_p90: sorted_at(&trial.with_key, 900),
        without_key: sorted_at(&trial.without_key, 500),
        without_key_p90: sorted_at(&trial.without_key, 900),
        saved,
        price_vehicle_s,
        price_low_vehicle_s,
        price_high_vehicle_s,
        longest_wait: waits
            .filter(|(_, priced)| priced.available)
            .filter_map(|(crossing, priced)| longest_wait(crossing, priced, board, now))
            .max_by_key(|longest| longest.wait),
        unavailable: crossings
            .iter()
            .filter(|c| !c.available)
            .map(|c| c.site)
            .collect(),
        beyond: opened_beyond(plan, &passages, board),
        advice: advise(saved, price_vehicle_s, &crossings),
        crossings,
    }
}

fn opened_beyond<B: SiteBoard>(
    plan: &CorridorPlan,
    passages: &[Passage],
    board: &B,
) -> Option<SiteId> {
    let passage = passages.get(plan.crossings.len())?;
    let beyond = plan.beyond.as_ref()?;
    let is_needed = plan.opens_beyond(passage);
    (is_needed && is_available(beyond, board)).then_some(beyond.site)
}

fn advise(saved: Millis, price: i64, crossings: &[CrossingPreview]) -> Advice {
    let saved_s = i64::from(saved.as_ms() / 1000);
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
    (trial, at): (&Trial, usize),
    board: &B,
    now: Mono,
) -> CrossingPreview {
    let forecast = &passage.forecast;
    let available = is_available(crossing, board);
    let window = passage.window(crossing);
    let start = forecast.start.max(now);
    let hold = if available {
        start.until(window.until)
    } else {
        Millis::ZERO
    };
    let others = if hold > Millis::ZERO {
        board.others_demand(crossing.site, crossing.groups)
    } else {
        OthersDemand::default()
    };
    let place = trial.place(at);
    CrossingPreview {
        vehicles: u32::from(others.vehicles),
        walkers: u32::from(others.walkers),
        site: crossing.site,
        available,
        eta: forecast.eta,
        eta_p10: now + place.eta(100),
        eta_p90: now + place.eta(900),
        start,
        flush: forecast.flush,
        hold,
        late_by: forecast.behind,
        delay_without: place.delay_without(),
        price_vehicle_s: place.price(500),
        longest_vehicle_wait: place.longest(),
    }
}

pub(super) fn is_available<B: SiteBoard>(crossing: &Crossing, board: &B) -> bool {
    crossing.can_be_held() && board.availability(crossing.site) == Availability::Ready
}

/// The longest wait at one crossing. Walkers who wait now are served before the hold if the plan has
/// time for a whole cycle; otherwise they wait until it ends, or until their bound is served.
fn longest_wait<B: SiteBoard>(
    crossing: &Crossing,
    priced: &CrossingPreview,
    board: &B,
    now: Mono,
) -> Option<LongestWait> {
    let others = board.others_demand(crossing.site, crossing.groups);
    let before = now.until(priced.start);
    let rhythm = board.rhythm(crossing.site, crossing.groups);
    let walkers = (others.walkers > 0).then(|| {
        let waited = match rhythm {
            Some(rhythm) if before > rhythm.cycle => rhythm.green,
            Some(_) | None => others.walker_wait_max + before,
        };
        (waited + priced.hold, Waiting::Walkers)
    });
    let vehicles = (others.vehicles > 0 || others.vehicles_per_hour > 0)
        .then_some((priced.longest_vehicle_wait, Waiting::Vehicles));
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

/// Another corridor wants a signal of the way at about the same time, and cannot share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clash {
    /// Where.
    pub site: SiteId,
    /// The other corridor.
    pub corridor: CorridorId,
    /// The other one goes first: expect red.
    pub other_first: bool,
}

/// The corridors that run now and want a signal of `plan` while it would be held for it.
#[must_use]
pub fn clashes<B: SiteBoard>(
    plan: &CorridorPlan,
    preview: &Preview,
    corridors: &Corridors,
    board: &B,
    now: Mono,
) -> Vec<Clash> {
    let settings = corridors.settings();
    let mut found = Vec::new();
    let running = corridors
        .missions()
        .filter(|mission| !mission.state().is_over() && mission.plan().corridor != plan.corridor);
    for mission in running {
        let other = mission.view(now, corridors);
        let rank = (settings.rank(other.class), other.priority);
        let first = rank <= (settings.rank(plan.class), plan.priority);
        for (crossing, own) in plan.crossings.iter().zip(&preview.crossings) {
            let hostile = board.hostile_to(crossing.site, crossing.groups);
            let meets = other.crossings.iter().any(|theirs| {
                theirs.site == crossing.site
                    && theirs.passed_at.is_none()
                    && !theirs.groups.is_disjoint(hostile)
                    && theirs.start < own.eta_p90
                    && own.start < theirs.eta + theirs.eta_err
            });
            if meets {
                found.push(Clash {
                    site: crossing.site,
                    corridor: other.corridor,
                    other_first: first,
                });
            }
        }
    }
    found
}
