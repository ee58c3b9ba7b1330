//! The account: what the vehicle saved and what the others paid, each with an interval.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::drive::TwinDrive;
use super::gate;
use super::gather::{Gathered, gather};
use super::run::{GreenSpan, RunRecord};
use super::street::{QueueStreet, Scatter};
use crate::controller::{City, Command, CycleInputs};
use crate::corridor::Preview;
use crate::ids::{CorridorId, GroupId, SiteId};
use crate::journal::ReplayError;
use crate::plan::CheckedSite;
use crate::units::{Millis, Mono, TICK};

/// Twins on scattered arrivals, beside the one on the arrivals as they were counted.
const SCATTERED: u32 = 6;
/// Arrivals are so uncertain: a lane's loop is some seconds before the place where one brakes.
const SHIFT_MS: u32 = 6_000;
/// Of a thousand vehicles so many are not counted, and as many are counted twice.
const LOST_PER_MILLE: u32 = 50;
/// From one vehicle of a queue to the next over the stop line, milliseconds, and what the drive
/// takes, per mille: nobody measures either without the key. One pair for each scattered twin.
const HEADWAYS_MS: [u32; 6] = [1_900, 2_100, 2_300, 2_500, 2_000, 2_200];
const DRIVES: [u32; 6] = [1_000, 1_050, 970, 1_020, 1_080, 1_000];
/// What the queue model is off by below and above, whatever the scatter says: seconds saved, at least
/// and per cent of the figure. It knows nothing of queues that reach back over the signal before, which
/// nobody is spared without the key: it says too little more often, and by more, than too much.
const SAVED_ERROR: [(i64, i64); 2] = [(25_000, 30), (30_000, 60)];
/// ... and vehicle-seconds paid.
const PAID_ERROR: [(i64, i64); 2] = [(250, 40), (250, 40)];

/// The twin is followed so long after the recording's end.
const DRIVE_ON: Millis = Millis::from_secs(900);

/// Why there is no account.
#[derive(Debug, Error)]
pub enum WorthError {
    /// The journal does not replay.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// Nobody opened it.
    #[error("the journal opens no corridor {0}; `greenwave corridor worth` lists those it has")]
    NotThere(CorridorId),
    /// It was refused.
    #[error("corridor {0} was refused; it never ran")]
    Refused(CorridorId),
}

/// What others were made to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum YieldKind {
    /// A green ended for the corridor.
    GreenCut,
    /// Kept at red while the approach was held.
    KeptRed,
}

/// Where and when others had to yield to the vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Yielded {
    /// Where.
    pub site: SiteId,
    /// Whose signal.
    pub group: GroupId,
    /// What happened to it.
    pub kind: YieldKind,
    /// From.
    pub from: Mono,
    /// To.
    pub to: Mono,
}

/// A figure with its likely range; how often the range holds is in `docs/benchmarks.md` under *worth*.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// The figure.
    pub value: i64,
    /// Not below this.
    pub low: i64,
    /// Not above this.
    pub high: i64,
}

/// What a corridor was worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Worth {
    /// The run as it was.
    pub record: RunRecord,
    /// What the preview said at the press, by itself: nothing that was learned is in it.
    pub said: Preview,
    /// The sites of the city, indexed by [`SiteId`].
    pub sites: Arc<[Arc<CheckedSite>]>,
    /// Seconds that the vehicle saved, milliseconds; nothing if it never set off or passed no signal.
    pub saved_ms: Option<Figure>,
    /// What all others paid together, vehicle-seconds; below zero if they gained.
    pub paid_vehicle_s: Figure,
    /// When the vehicle would have been at each signal and over it without the key.
    pub passes_without: Vec<GreenSpan>,
    /// The journal ends before the others were done: what they paid is a part of it.
    pub is_cut: bool,
}

/// The account of one corridor of a journal, whose files are given in their order. They are gone
/// through twice: for the ways that the corridor was given, then for the run.
///
/// # Errors
/// The journal does not replay, or knows no such corridor.
pub fn worth<F: AsRef<[u8]>>(
    files: impl IntoIterator<Item = F> + Clone,
    corridor: CorridorId,
) -> Result<Worth, WorthError> {
    let gathered = gather(files, corridor)?;
    let plain = pair(&gathered, None);
    let (mut saved, mut paid) = (Vec::new(), Vec::new());
    for seed in 1..=SCATTERED {
        let scattered = pair(&gathered, Some(seed));
        saved.extend(scattered.saved_ms);
        paid.push(scattered.paid_vehicle_s);
    }
    let saved_ms = plain
        .saved_ms
        .map(|value| figure(value, &mut saved, SAVED_ERROR));
    let paid_vehicle_s = figure(plain.paid_vehicle_s, &mut paid, PAID_ERROR);
    Ok(Worth {
        sites: Arc::clone(gathered.city.plans()),
        record: gathered.record,
        said: gathered.said,
        saved_ms,
        paid_vehicle_s,
        passes_without: plain.passes,
        is_cut: gathered.is_cut,
    })
}

/// The middle of all draws, and how far they and the model's own error reach.
fn figure(plain: i64, scattered: &mut Vec<i64>, [below, above]: [(i64, i64); 2]) -> Figure {
    scattered.push(plain);
    scattered.sort_unstable();
    let count = i64::try_from(scattered.len()).unwrap_or(1).max(1);
    let value = scattered.iter().sum::<i64>() / count;
    let (low, high) = (
        scattered.first().copied().unwrap_or(value),
        scattered.last().copied().unwrap_or(value),
    );
    let half = |reach: i64, (least, per_cent): (i64, i64)| {
        let own = least + value.abs() * per_cent / 100;
        (reach * reach + own * own).isqrt()
    };
    Figure {
        value,
        low: value - half(value - low, below),
        high: value + half(high - value, above),
    }
}

/// One pair of twins.
struct Pair {
    saved_ms: Option<i64>,
    paid_vehicle_s: i64,
    passes: Vec<GreenSpan>,
}

fn pair(gathered: &Gathered, seed: Option<u32>) -> Pair {
    let draw = |seed: u32, of: [u32; 6]| {
        let at = usize::try_from(seed).unwrap_or_default() % of.len();
        of.get(at).copied().unwrap_or_default()
    };
    let scatter = seed.map(|seed| Scatter {
        seed,
        shift_ms: SHIFT_MS,
        lost_per_mille: LOST_PER_MILLE,
        headway: Millis::new(draw(seed, HEADWAYS_MS)),
    });
    let drives = seed.map_or(1_000, |seed| draw(seed, DRIVES));
    let (paid_with, _) = run(gathered, (scatter, drives), true);
    let (paid_without, drive) = run(gathered, (scatter, drives), false);
    let record = &gathered.record;
    let last = record
        .signals
        .iter()
        .rev()
        .find_map(|signal| signal.passed_at);
    let saved_ms = drive.as_ref().and_then(|drive| {
        let slow = i64::try_from(drive.arrived?.as_ms()).ok()?;
        let stood = |at| gate::lost(&record.track, at, record.plan.length);
        let own = record.beyond.as_ref().and(last).map_or(Millis::ZERO, stood);
        let quick = last? + own;
        Some(slow - i64::try_from(quick.as_ms()).ok()?)
    });
    let ms = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    Pair {
        saved_ms,
        paid_vehicle_s: (ms(paid_with) - ms(paid_without)) / 1000,
        passes: drive.map(|drive| drive.passes).unwrap_or_default(),
    }
}

/// Runs a twin over the whole recording: the delay of everybody, and the vehicle's drive without the
/// key.
fn run(
    gathered: &Gathered,
    (scatter, drives): (Option<Scatter>, u32),
    with_key: bool,
) -> (u64, Option<TwinDrive>) {
    let record = &gathered.record;
    let corridor = record.plan.corridor;
    let mut city = gathered.city.clone();
    let mut street = QueueStreet::new(&gathered.tape, city.sites().len(), scatter);
    let mut drive = if with_key {
        None
    } else {
        TwinDrive::new(record, city.plans(), drives)
    };
    for cycle in &gathered.tape.cycles {
        street.step(cycle.now, &city);
        let commands: Vec<Command> = (cycle.commands.iter())
            .filter(|command| with_key || !speaks_of(command, corridor))
            .cloned()
            .collect();
        city.cycle(&CycleInputs {
            now: cycle.now,
            civil: cycle.civil,
            fields: &street.fields,
            commands: &commands,
        });
        if let Some(drive) = drive.as_mut() {
            drive.step(cycle.now, record, &street);
        }
    }
    let delay_ms = street.delay_ms();
    if let Some(drive) = drive.as_mut() {
        drive_on(gathered, (&mut city, &mut street), drive);
    }
    (delay_ms, drive)
}

/// The twin may be slower than the recording is long: it drives on over streets that nobody enters
/// any more, which flatters it.
fn drive_on(
    gathered: &Gathered,
    (city, street): (&mut City, &mut QueueStreet<'_>),
    drive: &mut TwinDrive,
) {
    let Some(last) = gathered.tape.cycles.last() else {
        return;
    };
    let mut now = last.now;
    while drive.arrived.is_none() && now.since(last.now) < DRIVE_ON {
        now = now + TICK;
        street.step(now, city);
        city.cycle(&CycleInputs {
            now,
            civil: last.civil,
            fields: &street.fields,
            commands: &[],
        });
        drive.step(now, &gathered.record, street);
    }
}

/// True for what would not have been asked without this corridor.
fn speaks_of(command: &Command, corridor: CorridorId) -> bool {
    match command {
        Command::OpenCorridor(plan) | Command::ReplaceCorridor(plan) => plan.corridor == corridor,
        Command::CancelCorridor(id, _) | Command::TakeOut(id, _) | Command::Passed(id, _) => {
            *id == corridor
        }
        Command::Fix(..)
        | Command::Manual(..)
        | Command::ReleaseManual(_)
        | Command::ResetFaults(_)
        | Command::Wave(_)
        | Command::EndWave(_) => false,
    }
}
