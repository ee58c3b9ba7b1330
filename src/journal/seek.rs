//! To one moment of a journal: looked up first, then run again from the last snapshot before it.

use thiserror::Error;

use super::cycle::read_moment;
use super::frame::{RecordKind, Records};
use super::replay::{ReplayError, Running};
use crate::controller::City;
use crate::units::{CivilTime, Mono};

/// A cycle that was missed does not hide the moment: so much earlier is still the same moment.
const NEAR_S: u32 = 60;

/// A moment of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// By the journal's own clock.
    At(Mono),
    /// By the wall clock: second of the local day, the first day that shows it.
    Clock(u32),
}

/// A moment cannot be reached.
#[derive(Debug, Error)]
pub enum SeekError {
    /// The journal is damaged before it, or does not replay.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The journal holds no cycle at that moment.
    #[error(
        "the journal does not hold that moment: it runs from {} to {} s, by the clock {} to {}",
        .from.0.as_ms() / 1000, .to.0.as_ms() / 1000, clock(.from.1), clock(.to.1)
    )]
    Outside {
        /// Its first cycle.
        from: (Mono, CivilTime),
        /// Its last cycle.
        to: (Mono, CivilTime),
    },
    /// There is no cycle in it.
    #[error("the journal holds no cycle")]
    Empty,
}

/// The city right after the last cycle at or before a moment.
#[derive(Debug)]
pub struct Reached {
    /// The moment of that cycle.
    pub now: Mono,
    /// What the wall clock showed.
    pub civil: CivilTime,
    /// The city.
    pub city: City,
}

/// Runs a journal again up to the last cycle at or before `moment`.
///
/// # Errors
/// Damage before it, a cycle whose decisions differ, or a moment that the journal does not hold.
pub fn replay_to(bytes: &[u8], moment: Moment) -> Result<Reached, SeekError> {
    let found = look_up(bytes, moment)?;
    let mut running: Option<Running> = None;
    let mut reached = None;
    for (number, record) in (0_u64..).zip(Records::new(bytes).map_err(ReplayError::from)?) {
        if number < found.snapshot {
            continue;
        }
        let (kind, payload) = record.map_err(ReplayError::from)?;
        match kind {
            RecordKind::Snapshot => running = Some(Running::start(payload)?),
            RecordKind::Cycle => {
                let running = running.as_mut().ok_or(ReplayError::NoSnapshot)?;
                running.cycle(payload, number, |inputs, _| {
                    reached = Some((inputs.now, inputs.civil));
                })?;
            }
        }
        if number >= found.cycle {
            break;
        }
    }
    match (running, reached) {
        (Some(running), Some((now, civil))) => Ok(Reached {
            now,
            civil,
            city: running.into_city(),
        }),
        _ => Err(SeekError::Empty),
    }
}

/// Where a moment lies: the record of its cycle, and of the snapshot to begin with.
#[derive(Clone, Copy, Debug)]
struct Place {
    snapshot: u64,
    cycle: u64,
}

fn look_up(bytes: &[u8], moment: Moment) -> Result<Place, SeekError> {
    let mut snapshot = None;
    let mut found: Option<(u32, Place)> = None;
    let mut seen: Option<((Mono, CivilTime), (Mono, CivilTime))> = None;
    for (number, record) in (0_u64..).zip(Records::new(bytes).map_err(ReplayError::from)?) {
        let (kind, payload) = match record {
            Ok(record) => record,
            // What is damaged behind the moment does not matter to it.
            Err(_) if found.is_some_and(|(off, _)| off == 0) => break,
            Err(why) => return Err(ReplayError::from(why).into()),
        };
        if kind == RecordKind::Snapshot {
            snapshot = Some(number);
            continue;
        }
        let snapshot = snapshot.ok_or(ReplayError::NoSnapshot)?;
        let (now, civil) = read_moment(payload).map_err(|_| ReplayError::Malformed(number))?;
        seen = Some((seen.map_or((now, civil), |(from, _)| from), (now, civil)));
        let place = Place {
            snapshot,
            cycle: number,
        };
        match moment {
            Moment::At(at) if now <= at => {
                let off = u32::from(at.since(now).as_ms() > 1000);
                found = Some((off, place));
            }
            Moment::At(_) => break,
            Moment::Clock(second) => {
                let off = second
                    .checked_sub(civil.second_of_day)
                    .filter(|off| *off <= NEAR_S);
                match (off, found) {
                    (Some(off), _) if found.is_none_or(|(best, _)| off <= best) => {
                        found = Some((off, place));
                    }
                    // The first day that shows the moment is the one that is meant.
                    (None, Some((0, _))) => break,
                    _ => {}
                }
            }
        }
    }
    let (from, to) = seen.ok_or(SeekError::Empty)?;
    let is_behind = match moment {
        Moment::At(at) => at.since(to.0).as_ms() > 1000 && at > to.0,
        Moment::Clock(_) => false,
    };
    match found {
        Some((_, place)) if !is_behind => Ok(place),
        _ => Err(SeekError::Outside { from, to }),
    }
}

fn clock(civil: CivilTime) -> String {
    let second = civil.second_of_day;
    format!(
        "{:02}:{:02}:{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}
