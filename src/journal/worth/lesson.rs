//! What a run teaches of the previews that come after it.
//!
//! The way to the last signal is compared: the journal does not see the vehicle at its destination.

use super::run::RunRecord;
use crate::corridor::{MissionState, Preview};
use crate::units::{Length, Millis};

/// A vehicle that is seen first further along its way has not been seen setting off.
const START: Length = Length::from_metres(100);

/// What a run teaches of the travel time that was stated before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lesson {
    /// It came so much later than was said, per mille of what was said; below zero if earlier.
    Late(i32),
    /// It was cut short: it would have come at least so much later.
    AtLeast(i32),
    /// Nothing.
    Nothing(Untaught),
}

/// Why a run teaches nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untaught {
    /// The journal ends before it is over.
    StillRuns,
    /// It was given another way than the one that was priced.
    OtherWay,
    /// The vehicle never set off, or was not seen doing so.
    NotFromStart,
    /// The vehicle was lost or left its way: nobody knows when it came.
    Lost,
    /// Most of the way lies behind its last signal, where nobody looks.
    LittleSeen,
}

impl Untaught {
    /// The reason in a few words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::StillRuns => "it is not over",
            Self::OtherWay => "it was given another way",
            Self::NotFromStart => "the vehicle was not seen setting off",
            Self::Lost => "the vehicle was lost",
            Self::LittleSeen => "most of its way lies behind the last signal",
        }
    }
}

/// What this run teaches, of which the model `said` this at the press.
#[must_use]
pub fn lesson(said: &Preview, record: &RunRecord) -> Lesson {
    drive(said, record).unwrap_or_else(Lesson::Nothing)
}

fn drive(said: &Preview, record: &RunRecord) -> Result<Lesson, Untaught> {
    if !record.state.is_over() {
        return Err(Untaught::StillRuns);
    }
    if !record.rerouted.is_empty() {
        return Err(Untaught::OtherWay);
    }
    let plan = &record.plan;
    let first = record.track.first().filter(|point| point.along <= START);
    let (departed, _) = (record.departed.zip(first)).ok_or(Untaught::NotFromStart)?;
    let (crossing, signal) =
        (plan.crossings.last().zip(record.signals.last())).ok_or(Untaught::LittleSeen)?;
    let behind = plan.free_flow.saturating_sub(crossing.free_flow);
    let stated = said.with_key.saturating_sub(behind);
    if stated < behind || stated == Millis::ZERO {
        return Err(Untaught::LittleSeen);
    }
    if let Some(passed) = signal.passed_at {
        return Ok(Lesson::Late(off(stated, passed.since(departed))));
    }
    let (seen, at) = (record.seen.zip(record.track.last())).ok_or(Untaught::NotFromStart)?;
    match record.state {
        MissionState::Cancelled | MissionState::Expired => {}
        _ => return Err(Untaught::Lost),
    }
    let ahead = crossing.free_flow.saturating_sub(plan.clock_at(at.along));
    Ok(Lesson::AtLeast(off(stated, seen.since(departed) + ahead)))
}

/// How much later than stated it came, per mille of that.
fn off(stated: Millis, came: Millis) -> i32 {
    let stated = i64::from(stated.as_ms());
    let off = (i64::from(came.as_ms()) - stated) * 1000 / stated;
    i32::try_from(off).unwrap_or(i32::MAX)
}
