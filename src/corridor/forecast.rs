//! From the vehicle's place and the queues before it to the moment each crossing must be locked.

use super::passage::{Forecast, Passage};
use super::settings::JAM_SPACING_MM;
use super::{Availability, CorridorPlan, Crossing, Settings, SiteBoard};
use crate::units::{Millis, Mono};

/// The share of the vehicles flushed upstream that stays on the route, per mille.
const STAYS_PER_MILLE: u32 = 500;
/// At most this many upstream vehicles are expected to follow, thousandths.
const STAYS_MAX_MILLI: u32 = 20_000;

/// Where the vehicle is in time, and what it does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Here {
    pub(super) now: Mono,
    /// Free-flow clock of the route at the vehicle's place.
    pub(super) clock: Millis,
    /// Age of the last position.
    pub(super) age: Millis,
    /// The vehicle stands at its own green for too long: open what lies behind it.
    pub(super) blocked: bool,
}

/// Forecasts every crossing not yet done.
///
/// One pass for arrivals, as each crossing can only push later ones back; one for start moments, as
/// a full exit makes the next crossing start no later than this one.
pub(super) fn forecast<B: SiteBoard>(
    plan: &CorridorPlan,
    here: &Here,
    settings: &Settings,
    board: &B,
    passages: &mut [Passage],
) {
    arrivals(plan, here, settings, board, passages);
    open_full_exits(plan, board, passages);
    if here.blocked {
        let ahead = plan.crossings.iter().zip(passages.iter_mut());
        for (crossing, passage) in ahead.filter(|(_, p)| !p.is_done()).skip(1).take(2) {
            open_early(crossing, passage, here.now);
        }
    }
}

fn arrivals<B: SiteBoard>(
    plan: &CorridorPlan,
    here: &Here,
    settings: &Settings,
    board: &B,
    passages: &mut [Passage],
) {
    let braking = settings.braking_time(plan.speed);
    let mut push = Millis::ZERO;
    let mut carried = Millis::ZERO;
    let mut upstream = 0_u32;
    let mut first = true;
    for (crossing, passage) in plan.crossings.iter().zip(passages.iter_mut()) {
        if passage.is_done() {
            continue;
        }
        let free = here.now + crossing.free_flow.saturating_sub(here.clock);
        let mut eta = free + push + carried;
        let usable = is_usable(crossing, passage, board);
        let (queue_milli, green) = if usable {
            queue(crossing, upstream, board)
        } else {
            (0, false)
        };
        upstream = queue_milli;
        let flush = flush(queue_milli, green, settings);
        let change = if usable && !green {
            board
                .entry_time(crossing.site, crossing.groups)
                .unwrap_or_default()
        } else {
            Millis::ZERO
        };
        if usable && (first || passage.is_locked()) {
            let clear = here.now + change + flush;
            push += clear.since(eta);
            eta = eta.max(clear);
        }
        first = false;
        let lead = (flush + change + settings.margin + braking).min(settings.lead_max);
        let eta_err = eta_error(here, eta);
        passage.forecast = Forecast {
            eta,
            eta_err,
            green_by: back(eta, flush + settings.margin + braking + eta_err),
            start: back(eta, lead),
            flush,
            change,
            behind: lead.saturating_sub(free.since(here.now)),
            queue_milli,
            carried,
        };
        carried += passage.wait;
    }
}

fn open_full_exits<B: SiteBoard>(plan: &CorridorPlan, board: &B, passages: &mut [Passage]) {
    let mut before: Option<Forecast> = None;
    for (crossing, passage) in plan.crossings.iter().zip(passages.iter_mut()) {
        if passage.is_done() {
            continue;
        }
        let own = passage.forecast;
        if let Some(before) = before
            && is_exit_full(crossing, before.queue_milli, board)
        {
            open_early(crossing, passage, before.start);
        }
        before = Some(own);
    }
}

/// Starts `passage` at `at` if that is earlier, but never so early that the hold would run into
/// its cap before the vehicle is there.
fn open_early(crossing: &Crossing, passage: &mut Passage, at: Mono) {
    let spare = Millis::from_secs(10) + passage.forecast.eta_err;
    let earliest = back(
        passage.forecast.eta,
        crossing.hold_max.saturating_sub(spare),
    );
    passage.forecast.start = passage.forecast.start.min(at.max(earliest));
}

/// True if the road to `ahead` cannot store what is flushed into it.
fn is_exit_full<B: SiteBoard>(ahead: &Crossing, flushed_milli: u32, board: &B) -> bool {
    let queue = board.queue(ahead.site, ahead.approach);
    let storage = ahead.storage.as_mm() / JAM_SPACING_MM;
    let there = u32::from(queue.vehicles_worst_lane);
    let coming = flushed_milli.saturating_mul(8) / 10_000 + 2;
    coming > storage.saturating_sub(there) || (queue.standing && there * 2 > storage)
}

fn is_usable<B: SiteBoard>(crossing: &Crossing, passage: &Passage, board: &B) -> bool {
    crossing.can_be_held()
        && !passage.taken_out
        && board.availability(crossing.site) == Availability::Ready
}

/// Vehicles before ours, thousandths, and whether the lamps are green. While the signal is red all
/// vehicles count: those that still move will stand when ours arrives.
fn queue<B: SiteBoard>(crossing: &Crossing, upstream: u32, board: &B) -> (u32, bool) {
    let queue = board.queue(crossing.site, crossing.approach);
    let green = board.green_read_back(crossing.site, crossing.groups);
    let there = if green && !queue.standing {
        0
    } else {
        u32::from(queue.vehicles_worst_lane) * 1000
    };
    let follow = upstream.min(STAYS_MAX_MILLI) * STAYS_PER_MILLE / 1000;
    (there + follow, green)
}

/// Time the queue needs from the start of green.
pub(super) fn flush(queue_milli: u32, green: bool, settings: &Settings) -> Millis {
    if queue_milli < 1000 {
        return Millis::ZERO;
    }
    let time = u64::from(settings.headway.as_ms()) * u64::from(queue_milli) / 1000;
    let loss = if green {
        Millis::ZERO
    } else {
        settings.start_loss
    };
    loss + Millis::new(u32::try_from(time).unwrap_or(u32::MAX))
}

/// A second for the position and its smoothing, its age, and a twelfth of the way to go.
fn eta_error(here: &Here, eta: Mono) -> Millis {
    let age = here.age.min(Millis::from_secs(10)).as_ms() / 2;
    Millis::new(1000 + age + here.now.until(eta).as_ms() / 12)
}

fn back(from: Mono, by: Millis) -> Mono {
    Mono::from_ms(from.as_ms().saturating_sub(u64::from(by.as_ms())))
}
