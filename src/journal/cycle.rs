//! One cycle as a record: what came in, what was asked, what was decided.
//!
//! ```text
//! payload  = number, now, civil, commands, inputs, decisions
//! decision = site step, flags, then what changed: request, winner, lamps, policy that lost its turn
//! ```
//! Numbers are varints; requests, winners and commands are postcard. Inputs and decisions are
//! differences to the cycle before.

use serde::{Deserialize, Serialize};

use super::inputs::{first_lamp, push_inputs, read_inputs};
use super::wire::{Malformed, Reader, push_varint};
use crate::controller::{City, Command, CycleInputs};
use crate::detect::FieldInputs;
use crate::kernel::Request;
use crate::policy::{PolicyKind, Why, Wish};
use crate::signal::{GROUPS_MAX, Indication};
use crate::units::{CivilTime, Mono};

const REQUEST: u8 = 1;
const WINNER: u8 = 2;
const LAMPS: u8 = 4;
const BENCHED: u8 = 8;

/// What one site decided, as far as the journal keeps it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Decided {
    pub(super) request: Request,
    pub(super) winner: Wish,
    pub(super) lamps: [Indication; GROUPS_MAX],
    pub(super) benched: Option<(PolicyKind, Why)>,
}

/// Writes cycles as differences; keeps what the last cycle was.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    fields: Vec<FieldInputs>,
    decided: Vec<Option<Decided>>,
}

impl Recorder {
    /// A recorder whose next cycle is written whole: use one after every snapshot.
    #[must_use]
    pub fn new(sites: usize) -> Self {
        Self {
            fields: vec![FieldInputs::default(); sites],
            decided: vec![None; sites],
        }
    }

    /// Appends the payload of the cycle that `city` has just run on `inputs`.
    pub fn push_cycle(&mut self, out: &mut Vec<u8>, inputs: &CycleInputs<'_>, city: &City) {
        push_varint(out, city.cycle_number());
        push_varint(out, inputs.now.as_ms());
        push_postcard(out, &inputs.civil);
        push_varint(
            out,
            u64::try_from(inputs.commands.len()).unwrap_or_default(),
        );
        for command in inputs.commands {
            push_postcard(out, command);
        }
        push_inputs(out, &mut self.fields, inputs.fields);
        self.push_decisions(out, city);
    }

    fn push_decisions(&mut self, out: &mut Vec<u8>, city: &City) {
        let mut last = 0_u64;
        for ((number, site), before) in (0_u64..).zip(city.sites()).zip(self.decided.iter_mut()) {
            let Some(cycle) = site.last() else { continue };
            let now = Decided {
                request: cycle.decision.request,
                winner: cycle.decision.winner,
                lamps: cycle.outputs.all_lamps(),
                benched: cycle.decision.benched,
            };
            if before.as_ref() == Some(&now) {
                continue;
            }
            push_varint(out, number - last + 1);
            last = number;
            push_decided(out, before.as_ref(), &now);
            *before = Some(now);
        }
        push_varint(out, 0);
    }
}

pub(super) fn push_decided(out: &mut Vec<u8>, before: Option<&Decided>, now: &Decided) {
    let flag = |same: bool, bit: u8| if same { 0 } else { bit };
    let flags = flag(before.is_some_and(|b| b.request == now.request), REQUEST)
        | flag(before.is_some_and(|b| b.winner == now.winner), WINNER)
        | flag(before.is_some_and(|b| b.lamps == now.lamps), LAMPS)
        | flag(before.and_then(|b| b.benched) == now.benched, BENCHED);
    out.push(flags);
    if flags & REQUEST != 0 {
        push_postcard(out, &now.request);
    }
    if flags & WINNER != 0 {
        push_postcard(out, &now.winner);
    }
    if flags & LAMPS != 0 {
        for pair in now.lamps.chunks(2) {
            out.push(
                pair.iter()
                    .fold(0, |byte, lamp| (byte << 4) | lamp.nibble()),
            );
        }
    }
    if flags & BENCHED != 0 {
        push_postcard(out, &now.benched);
    }
}

/// The inputs of one recorded cycle.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedCycle {
    /// Cycles since the program began, this one included.
    pub number: u64,
    /// The moment of the cycle.
    pub now: Mono,
    /// What the wall clock showed.
    pub civil: CivilTime,
    /// What people asked.
    pub commands: Vec<Command>,
}

/// Reads the inputs part of a cycle's payload into `fields`.
///
/// # Errors
/// [`Malformed`] if the payload is not a cycle of a city with as many sites.
pub fn read_cycle(payload: &[u8], fields: &mut [FieldInputs]) -> Result<RecordedCycle, Malformed> {
    let mut reader = Reader(payload);
    let cycle = read_head(&mut reader)?;
    read_inputs(&mut reader, fields)?;
    Ok(cycle)
}

/// The commands of a recorded cycle, without its inputs.
pub(super) fn read_commands(payload: &[u8]) -> Result<RecordedCycle, Malformed> {
    read_head(&mut Reader(payload))
}

/// When a recorded cycle was, without its inputs.
pub(super) fn read_moment(payload: &[u8]) -> Result<(Mono, CivilTime), Malformed> {
    let cycle = read_head(&mut Reader(payload))?;
    Ok((cycle.now, cycle.civil))
}

/// Where in a cycle's payload the first lamp that was read back anew lies, if there is one; for
/// tools that damage a journal on purpose.
#[must_use]
pub fn observed_lamp_byte(payload: &[u8]) -> Option<usize> {
    let mut reader = Reader(payload);
    read_head(&mut reader).ok()?;
    let left = first_lamp(&mut reader)?;
    payload.len().checked_sub(left)
}

fn read_head(reader: &mut Reader<'_>) -> Result<RecordedCycle, Malformed> {
    let number = reader.varint()?;
    let now = Mono::from_ms(reader.varint()?);
    let civil = read_postcard(reader)?;
    let count: usize = reader.narrow()?;
    let mut commands = Vec::new();
    for _ in 0..count {
        commands.push(read_postcard(reader)?);
    }
    Ok(RecordedCycle {
        number,
        now,
        civil,
        commands,
    })
}

/// Plain data always serialises; a failure would leave a short record, which replay reports.
fn push_postcard<T: Serialize>(out: &mut Vec<u8>, value: &T) {
    let length = out.len();
    let taken = std::mem::take(out);
    match postcard::to_extend(value, taken) {
        Ok(extended) => *out = extended,
        Err(_) => out.truncate(length),
    }
}

fn read_postcard<'a, T: Deserialize<'a>>(reader: &mut Reader<'a>) -> Result<T, Malformed> {
    let (value, rest) = postcard::take_from_bytes(reader.0).map_err(|_| Malformed)?;
    reader.0 = rest;
    Ok(value)
}
