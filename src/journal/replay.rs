//! Runs a journal again and compares every decision, byte for byte.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::cycle::{Recorder, read_commands, read_cycle};
use super::frame::{FrameError, RecordKind, Records, push_record};
use crate::controller::{City, Command, CycleInputs};
use crate::detect::FieldInputs;
use crate::plan::CheckedSite;

/// Changes whenever the snapshot or the records change their form.
const VERSION: u16 = 10;

/// Everything needed to go on from a moment: the plans and the whole state.
#[derive(Debug, Serialize, Deserialize)]
struct Snapshot {
    version: u16,
    plans: Vec<CheckedSite>,
    city: City,
}

/// A journal does not replay.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The file is damaged.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A snapshot cannot be read.
    #[error("the snapshot cannot be read: it was written by another version, or it is damaged")]
    Snapshot,
    /// The first record is no snapshot.
    #[error("the journal does not begin with a snapshot")]
    NoSnapshot,
    /// A record's payload does not decode.
    #[error("cycle record {0} does not decode")]
    Malformed(u64),
    /// A decision differs from the recorded one.
    #[error("cycle {cycle} differs: the recomputed outputs are not the recorded ones")]
    Differs {
        /// The first cycle that differs.
        cycle: u64,
    },
}

/// What a replay went through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Cycles recomputed and found identical.
    pub cycles: u64,
    /// Sites in the city.
    pub sites: usize,
    /// Bytes of cycle records.
    pub bytes: u64,
}

/// Appends a snapshot record of `city`; false if it cannot be serialised, and nothing is appended.
#[must_use]
pub fn push_snapshot(out: &mut Vec<u8>, city: &City) -> bool {
    let plans = city
        .plans()
        .iter()
        .map(|plan| CheckedSite::clone(plan))
        .collect();
    let snapshot = Snapshot {
        version: VERSION,
        plans,
        city: city.clone(),
    };
    match postcard::to_stdvec(&snapshot) {
        Ok(payload) => {
            push_record(out, RecordKind::Snapshot, &payload);
            true
        }
        Err(_) => false,
    }
}

/// One cycle of a replay, just recomputed and found identical.
#[derive(Clone, Copy, Debug)]
pub struct ReplayStep<'a> {
    /// Bytes of cycle records gone through so far.
    pub bytes: u64,
    /// What the cycle was told.
    pub inputs: &'a CycleInputs<'a>,
    /// The city after it.
    pub city: &'a City,
}

/// Runs every cycle of a journal file again.
///
/// `watch` sees every cycle that was recomputed.
///
/// # Errors
/// Damage, or the first cycle whose decisions differ.
pub fn replay(
    bytes: &[u8],
    mut watch: impl FnMut(&ReplayStep<'_>),
) -> Result<Replayed, ReplayError> {
    let mut done = Replayed::default();
    let mut running: Option<Running> = None;
    for (number, record) in (0_u64..).zip(Records::new(bytes)?) {
        let (kind, payload) = record?;
        match kind {
            RecordKind::Snapshot => running = Some(Running::start(payload)?),
            RecordKind::Cycle => {
                let running = running.as_mut().ok_or(ReplayError::NoSnapshot)?;
                done.cycles += 1;
                done.sites = running.fields.len();
                done.bytes += u64::try_from(payload.len()).unwrap_or_default();
                running.cycle(payload, number, |inputs, city| {
                    watch(&ReplayStep {
                        bytes: done.bytes,
                        inputs,
                        city,
                    });
                })?;
            }
        }
    }
    if running.is_none() {
        return Err(ReplayError::NoSnapshot);
    }
    Ok(done)
}

/// Shows every command of a journal file to `watch`, without running anything again.
///
/// # Errors
/// Damage, or a record that does not decode.
pub fn commands_of(bytes: &[u8], mut watch: impl FnMut(&Command)) -> Result<(), ReplayError> {
    for (number, record) in (0_u64..).zip(Records::new(bytes)?) {
        let (kind, payload) = record?;
        if kind == RecordKind::Cycle {
            let cycle = read_commands(payload).map_err(|_| ReplayError::Malformed(number))?;
            cycle.commands.iter().for_each(&mut watch);
        }
    }
    Ok(())
}

/// A city that is being run again.
pub(super) struct Running {
    city: City,
    recorder: Recorder,
    fields: Vec<FieldInputs>,
    again: Vec<u8>,
}

impl Running {
    pub(super) fn start(payload: &[u8]) -> Result<Self, ReplayError> {
        let snapshot: Snapshot =
            postcard::from_bytes(payload).map_err(|_| ReplayError::Snapshot)?;
        let mut city = snapshot.city;
        let plans: Arc<[Arc<CheckedSite>]> = snapshot.plans.into_iter().map(Arc::new).collect();
        let sites = plans.len();
        if snapshot.version != VERSION || !city.attach(plans) {
            return Err(ReplayError::Snapshot);
        }
        Ok(Self {
            city,
            recorder: Recorder::new(sites),
            fields: vec![FieldInputs::default(); sites],
            again: Vec::new(),
        })
    }

    pub(super) const fn city(&self) -> &City {
        &self.city
    }

    /// What the cabinets told in the last cycle.
    pub(super) fn fields(&self) -> &[FieldInputs] {
        &self.fields
    }

    pub(super) fn into_city(self) -> City {
        self.city
    }

    pub(super) fn cycle(
        &mut self,
        payload: &[u8],
        record: u64,
        watch: impl FnOnce(&CycleInputs<'_>, &City),
    ) -> Result<(), ReplayError> {
        let cycle =
            read_cycle(payload, &mut self.fields).map_err(|_| ReplayError::Malformed(record))?;
        let inputs = CycleInputs {
            now: cycle.now,
            civil: cycle.civil,
            fields: &self.fields,
            commands: &cycle.commands,
        };
        self.city.cycle(&inputs);
        self.again.clear();
        self.recorder
            .push_cycle(&mut self.again, &inputs, &self.city);
        if self.again != payload {
            return Err(ReplayError::Differs {
                cycle: cycle.number,
            });
        }
        watch(&inputs, &self.city);
        Ok(())
    }
}
