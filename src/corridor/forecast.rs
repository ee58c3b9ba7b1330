//! From the vehicle's place and the queues before it to the moment each crossing must be locked.

use super::pace::Paces;
use super::passage::{Forecast, Passage};
use super::run::Run;
use super::settings::JAM_SPACING_MM;
use super::{Availability, CorridorPlan, Crossing, Settings, SiteBoard};
use crate::units::{Length, Millis, Mono};

/// The share of the vehicles flushed upstream that stays on the route, per mille.
const STAYS_PER_MILLE: u32 = 500;
/// At most this many upstream vehicles are expected to follow, thousandths.
const STAYS_MAX_MILLI: u32 = 20_000;

/// A position older than this makes the arrivals no less sure: it is held or let go.
const AGE_MAX: Millis = Millis::from_secs(40);

/// A vehicle seen this near to where ours is believed may be ours.
const OWN_PLACE: Length = Length::from_metres(10);

/// Where the vehicle is in time, and what it does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Here<'a> {
    pub(super) now: Mono,
    /// When it drives on from where it is: now, or when it is said to set off.
    pub(super) from: Mono,
    /// How fast its class drives the roads.
    pub(super) paces: &'a Paces,
    /// How the drive has gone against its plan so far, per mille.
    pub(super) share: u32,
    /// Where it is, along the route.
    pub(super) along: Length,
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
    here: &Here<'_>,
    settings: &Settings,
    board: &B,
    passages: &mut [Passage],
) {
    arrivals(plan, here, settings, board, passages);
    open_full_exits(plan, board, passages);
    if here.blocked {
        let ahead = plan.places().zip(passages.iter_mut());
        for (crossing, passage) in ahead.filter(|(_, p)| !p.is_done()).skip(1).take(2) {
            open_early(crossing, passage, here.now);
        }
    }
}

fn arrivals<B: SiteBoard>(
    plan: &CorridorPlan,
    here: &Here<'_>,
    settings: &Settings,
    board: &B,
    passages: &mut [Passage],
) {
    let mut run = Run::from(plan, (here.paces, here.share), here.clock);
    let mut push = Millis::ZERO;
    let mut carried = Millis::ZERO;
    let mut upstream = 0_u32;
    let mut first = true;
    for (crossing, passage) in plan.places().zip(passages.iter_mut()) {
        if passage.is_done() {
            continue;
        }
        let braking = settings.braking_time(crossing.approach_speed);
        let times = run.to(crossing.free_flow);
        let free = here.from + times.middle;
        let mut eta = free + push + carried;
        let usable = is_usable(crossing, passage, board);
        let (queue_milli, there, green) = if usable {
            let way = crossing.stop_line_at - (here.along + OWN_PLACE);
            queue((crossing, way), upstream, board)
        } else {
            (0, 0, false)
        };
        upstream = queue_milli;
        let flush = flush(queue_milli, green, settings);
        // Shown already, the green may still have to stop once for a turn that yields to it.
        let change = if usable {
            board
                .entry_time(crossing.site, crossing.groups)
                .unwrap_or_default()
        } else {
            Millis::ZERO
        };
        if usable && (first || passage.is_locked()) {
            // Nobody stops a green for a vehicle that only has priority.
            let stays = green && !plan.preempts;
            let change = if stays { Millis::ZERO } else { change };
            let clear = here.now + change + flush;
            push += clear.since(eta);
            eta = eta.max(clear);
        }
        first = false;
        let lead = (flush + change + settings.margin + braking).min(settings.lead_max);
        let place = place_error(here);
        let eta_early = back(eta, times.middle.saturating_sub(times.early) + place).max(here.now);
        let queue_err = Millis::new(flush.as_ms() / 4);
        let eta_err = times.late.saturating_sub(times.middle) + place + queue_err;
        passage.forecast = Forecast {
            eta,
            unhindered: free,
            eta_early,
            eta_late: eta + eta_err,
            eta_err,
            green_by: back(eta_early, flush + settings.margin + braking),
            start: back(eta_early, lead),
            flush,
            change,
            behind: lead.saturating_sub(free.since(here.now)),
            queue_milli,
            there,
            carried,
        };
        carried += passage.wait;
    }
}

fn open_full_exits<B: SiteBoard>(plan: &CorridorPlan, board: &B, passages: &mut [Passage]) {
    let mut before: Option<Forecast> = None;
    for (crossing, passage) in plan.places().zip(passages.iter_mut()) {
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
    let sooner = passage.forecast.eta.since(passage.forecast.eta_early);
    let spare = Millis::from_secs(10) + sooner;
    let earliest = back(
        passage.forecast.eta,
        crossing.hold_max.saturating_sub(spare),
    );
    passage.forecast.start = passage.forecast.start.min(at.max(earliest));
}

/// True if the road to `ahead` cannot store what is flushed into it.
pub(super) fn is_exit_full<B: SiteBoard>(ahead: &Crossing, flushed_milli: u32, board: &B) -> bool {
    let queue = board.queue(ahead.site, ahead.approach);
    let storage = ahead.storage.as_mm() / JAM_SPACING_MM;
    let there = u32::from(queue.vehicles_worst_lane);
    let coming = flushed_milli.saturating_mul(8) / 10_000 + 2;
    let standing = u32::from(queue.slow_worst_lane);
    coming > storage.saturating_sub(there) || standing * 2 > storage
}

fn is_usable<B: SiteBoard>(crossing: &Crossing, passage: &Passage, board: &B) -> bool {
    crossing.can_be_held()
        && !passage.taken_out
        && board.availability(crossing.site) == Availability::Ready
}

/// Vehicles on the last stretch `way` before the stop line, thousandths, with those that will follow
/// from the signal before; how many are there; and whether the lamps are green. While the signal is red all vehicles count: those that still move will stand when ours
/// arrives.
fn queue<B: SiteBoard>(
    (crossing, way): (&Crossing, Length),
    upstream: u32,
    board: &B,
) -> (u32, u32, bool) {
    let queue = board.queue_before(crossing.site, crossing.approach, way);
    let green = board.green_read_back(crossing.site, crossing.groups);
    let there = if green {
        queue.slow_worst_lane
    } else {
        queue.vehicles_worst_lane
    };
    let there = u32::from(there);
    let follow = upstream.min(STAYS_MAX_MILLI) * STAYS_PER_MILLE / 1000;
    (there * 1000 + follow, there, green)
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

/// A second for the position and its smoothing, and a quarter of its age.
fn place_error(here: &Here<'_>) -> Millis {
    Millis::new(1000 + here.age.min(AGE_MAX).as_ms() / 4)
}

fn back(from: Mono, by: Millis) -> Mono {
    Mono::from_ms(from.as_ms().saturating_sub(u64::from(by.as_ms())))
}
