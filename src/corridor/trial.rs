//! The draws behind a preview: the same drive with the key and without it, several times over.

use super::branch::{Branch, Luck, seconds};
use super::preview::is_available;
use super::settings::JAM_SPACING_MM;
use super::{CorridorPlan, Crossing, Settings, SiteBoard, SiteSketch};
use crate::units::Millis;

/// Draws. More say no more: what is left out is worth more than the noise of these.
const DRAWS: u32 = 15;
/// What draws cannot know of the price, as a share of the delay that everybody has anyway.
const NOISE_PERCENT: i64 = 20;
/// After the vehicle both branches are run on so long that what was lost has come back.
const SETTLE_S: u32 = 120;
/// A vehicle that has not got over a signal by then is taken to be over it.
const PATIENCE_S: u32 = 400;
/// The pace of the slowest and of the fastest draw, per mille of the free drive's time.
const PACE: (u32, u32) = (970, 1_100);

/// A signal of the way as all draws begin with it.
#[derive(Clone, Debug)]
pub(super) struct Way {
    sketch: SiteSketch,
    can_be_held: bool,
    free_flow: Millis,
    /// Slack and the time over the braking distance.
    early_s: u32,
    lead_max_s: u32,
    /// So long before the arrival the site is told.
    notice_s: u32,
    hold_max_s: u32,
    /// What the lane can store, vehicles.
    storage: u32,
}

impl Way {
    pub(super) fn of<B: SiteBoard>(
        plan: &CorridorPlan,
        (at, crossing): (usize, &Crossing),
        settings: &Settings,
        board: &B,
    ) -> Self {
        let way = (crossing.approach, plan.turn_at(at));
        let sketch = board.sketch(crossing.site, way, crossing.groups);
        let braking = settings.braking_time(crossing.approach_speed);
        Self {
            sketch: sketch.unwrap_or_default(),
            can_be_held: is_available(crossing, board) && plan.preempts,
            free_flow: crossing.free_flow,
            early_s: seconds(settings.margin + braking),
            lead_max_s: seconds(settings.lead_max),
            notice_s: seconds(settings.inhibit.max(crossing.notice.min(settings.lead_max))),
            hold_max_s: seconds(crossing.hold_max),
            storage: crossing.storage.as_mm() / JAM_SPACING_MM,
        }
    }
}

/// What the draws came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Trial {
    /// Travel times, shortest first.
    pub(super) with_key: Vec<Millis>,
    pub(super) without_key: Vec<Millis>,
    saved_ms: Vec<i64>,
    price_milli: Vec<i64>,
    /// Delay of everybody without the key, over all draws.
    delay_milli: i64,
    /// The vehicle sets off so long after the press.
    departs_s: u32,
    places: Vec<Place>,
}

/// What the draws came to at one signal.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    eta: Vec<Millis>,
    delay_without: Vec<Millis>,
    price_milli: Vec<i64>,
    longest_s: u32,
}

/// One drive over one signal.
struct Over {
    with_s: u32,
    without_s: u32,
    price_milli: i64,
    /// Delay of everybody without the key.
    delay_milli: i64,
    longest_s: u32,
    /// Without the key it has waited behind others.
    behind: bool,
}

impl Trial {
    /// The drive of a vehicle that sets off `departs_in` from now.
    pub(super) fn run(
        (plan, departs_in): (&CorridorPlan, Millis),
        ways: &[Way],
        settings: &Settings,
    ) -> Self {
        let mut trial = Self {
            places: vec![Place::default(); ways.len()],
            departs_s: seconds(departs_in),
            ..Self::default()
        };
        for draw in 0..DRAWS {
            trial.drive(plan, ways, settings, draw);
        }
        trial.sort();
        trial
    }

    fn drive(&mut self, plan: &CorridorPlan, ways: &[Way], settings: &Settings, draw: u32) {
        let pace = PACE.0 + (PACE.1 - PACE.0) * (draw * 7 % DRAWS) / (DRAWS - 1);
        let (mut lost_with, mut lost_without, mut price) = (0_u32, 0_u32, 0_i64);
        let (mut follows, mut before) = (false, Millis::ZERO);
        for ((number, way), place) in (0_u32..).zip(ways).zip(&mut self.places) {
            let free_s = self.departs_s + seconds(scaled(way.free_flow, pace));
            let luck = luck(draw, number);
            if follows {
                // Who has waited behind others drives on among them.
                let way_on = seconds(way.free_flow.saturating_sub(before));
                lost_without += way_on * plan.pace_percent.saturating_sub(100) / 100;
            }
            before = way.free_flow;
            let over = cross(
                way,
                luck,
                settings,
                (free_s + lost_with, free_s + lost_without),
            );
            place.eta.push(Millis::from_secs(free_s + lost_with));
            let lost = over.without_s.saturating_sub(free_s + lost_without);
            place.delay_without.push(Millis::from_secs(lost));
            place.price_milli.push(over.price_milli);
            place.longest_s = place.longest_s.max(over.longest_s);
            lost_with = over.with_s.saturating_sub(free_s);
            lost_without = over.without_s.saturating_sub(free_s);
            follows = over.behind;
            price += over.price_milli;
            self.delay_milli += over.delay_milli;
        }
        let free = scaled(plan.free_flow, pace);
        let with_key = free + Millis::from_secs(lost_with);
        let without_key = free + Millis::from_secs(lost_without);
        self.saved_ms
            .push(i64::from(without_key.as_ms()) - i64::from(with_key.as_ms()));
        self.with_key.push(with_key);
        self.without_key.push(without_key);
        self.price_milli.push(price);
    }

    fn sort(&mut self) {
        self.with_key.sort_unstable();
        self.without_key.sort_unstable();
        self.saved_ms.sort_unstable();
        self.price_milli.sort_unstable();
        for place in &mut self.places {
            place.eta.sort_unstable();
            place.delay_without.sort_unstable();
            place.price_milli.sort_unstable();
        }
    }

    /// The saving of the middle draw; nothing if it loses.
    pub(super) fn saved(&self) -> Millis {
        let middle = sorted_at(&self.saved_ms, 500).max(0);
        Millis::new(u32::try_from(middle).unwrap_or(u32::MAX))
    }

    /// The price in the middle draw, and the ends of an interval that holds nine runs of ten,
    /// vehicle-seconds.
    ///
    /// The draws know nothing of what follows from what: who is held at one signal comes late to the
    /// next, and traffic that has lost its order costs more, or less, than all signals of the way
    /// added up. That is worth a share of the delay that everybody there has anyway.
    pub(super) fn price(&self) -> (i64, i64, i64) {
        let at = |per_mille| sorted_at(&self.price_milli, per_mille) / 1000;
        let (low, middle, high) = (at(50), at(500), at(950));
        let noise = self.delay_milli / i64::from(DRAWS) / 1000 * NOISE_PERCENT / 100;
        let half = |reach: i64| (reach * reach + noise * noise).isqrt();
        (
            middle - half(middle - low),
            middle,
            middle + half(high - middle),
        )
    }

    pub(super) fn place(&self, at: usize) -> Place {
        self.places.get(at).cloned().unwrap_or_default()
    }
}

impl Place {
    pub(super) fn eta(&self, per_mille: usize) -> Millis {
        sorted_at(&self.eta, per_mille)
    }

    /// The mean: the sum over the signals is then the drive's.
    pub(super) fn delay_without(&self) -> Millis {
        let all: u64 = self
            .delay_without
            .iter()
            .map(|one| u64::from(one.as_ms()))
            .sum();
        let mean = all / u64::from(DRAWS);
        Millis::new(u32::try_from(mean).unwrap_or(u32::MAX))
    }

    pub(super) fn price(&self, per_mille: usize) -> i64 {
        sorted_at(&self.price_milli, per_mille) / 1000
    }

    pub(super) fn longest(&self) -> Millis {
        Millis::from_secs(self.longest_s)
    }
}

/// The value that so many of a thousand do not exceed.
pub(super) fn sorted_at<T: Copy + Default>(sorted: &[T], per_mille: usize) -> T {
    let last = sorted.len().saturating_sub(1);
    sorted
        .get((last * per_mille + 500) / 1000)
        .copied()
        .unwrap_or_default()
}

/// Draws spread evenly, each signal in another order.
fn luck(draw: u32, signal: u32) -> Luck {
    let even =
        |stride: u32, offset: u32| ((draw * stride + signal * offset) % DRAWS) * 1000 / (DRAWS - 1);
    Luck {
        flow: 700 + even(4, 3) * 6 / 10,
        queue: 800 + even(2, 5) * 4 / 10,
        moment: even(1, 8),
    }
}

fn scaled(time: Millis, per_mille: u32) -> Millis {
    let ms = u64::from(time.as_ms()) * u64::from(per_mille) / 1000;
    Millis::new(u32::try_from(ms).unwrap_or(u32::MAX))
}

/// Runs one signal on, with the hold and without it, for a vehicle that arrives then and then.
fn cross(way: &Way, luck: Luck, settings: &Settings, (with_at, without_at): (u32, u32)) -> Over {
    let mut without = Branch::new(&way.sketch, luck, settings);
    if way.sketch.stages.is_empty() {
        return Over {
            with_s: with_at,
            without_s: without_at,
            price_milli: 0,
            delay_milli: 0,
            longest_s: 0,
            behind: false,
        };
    }
    // Until the site is told of the vehicle both are one.
    let notice = if way.can_be_held {
        way.notice_s.max(way.early_s)
    } else {
        0
    };
    run_to(&mut without, with_at.saturating_sub(notice).min(without_at));
    let mut with = without.clone();
    // What was waited until here is nobody's doing.
    with.begin_waits();
    let before = without.delay_milli;
    if way.can_be_held {
        with.expect(with_at.saturating_sub(with.at_s + way.early_s));
        while with.at_s + lead_s(way, &with) < with_at {
            with.step();
        }
        with.hold();
    }
    let (with_s, _) = until_through(
        &mut with,
        with_at,
        way.can_be_held.then_some(way.hold_max_s),
    );
    let (without_s, behind) = until_through(&mut without, without_at, None);
    let end = with.at_s.max(without.at_s) + SETTLE_S;
    run_to(&mut with, end);
    run_to(&mut without, end);
    let milli = |branch: &Branch<'_>| i64::try_from(branch.delay_milli).unwrap_or(i64::MAX);
    Over {
        with_s,
        without_s,
        price_milli: milli(&with) - milli(&without),
        delay_milli: milli(&without) - i64::try_from(before).unwrap_or(i64::MAX),
        longest_s: with.longest_s(),
        behind,
    }
}

/// How long before the arrival the hold has to begin.
fn lead_s(way: &Way, branch: &Branch<'_>) -> u32 {
    let (change, flush) = branch.change_and_flush(way.storage);
    (change + flush + way.early_s).min(way.lead_max_s)
}

/// Runs on until the vehicle is over the signal; the moment of that, and whether others were before it.
/// A hold ends then, or at its cap.
fn until_through(branch: &mut Branch<'_>, arrives: u32, hold_max_s: Option<u32>) -> (u32, bool) {
    let capped = hold_max_s.map(|most| branch.at_s + most);
    let give_up = arrives + PATIENCE_S;
    run_to(branch, arrives);
    let behind = branch.vehicle_arrives();
    let mut held = capped.is_some();
    while !branch.is_free() && branch.at_s < give_up {
        branch.step();
        if held && capped.is_some_and(|cap| branch.at_s >= cap) {
            branch.release();
            held = false;
        }
    }
    if held {
        branch.release();
    }
    (branch.at_s + branch.vehicle_leaves(), behind)
}

fn run_to(branch: &mut Branch<'_>, end: u32) {
    while branch.at_s < end {
        branch.step();
    }
}
