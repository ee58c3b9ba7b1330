//! Field inputs as a difference to the cycle before.
//!
//! A site whose readings did not change costs nothing; one that did costs its number, a mask of
//! what changed and the new values.

use super::area::{push_area, read_area};
use super::wire::{Malformed, Reader, push_varint};
use crate::detect::{BUTTONS_MAX, DETECTORS_MAX, DetectorReading, FieldInputs};
use crate::kernel::CabinetState;
use crate::signal::{GROUPS_MAX, Indication, Observed};
use crate::units::Millis;

const CABINET: u8 = 1;
const AGE: u8 = 2;
const LAMPS: u8 = 4;
const OCCUPIED: u8 = 8;
const BUTTONS: u8 = 16;
const DETECTORS: u8 = 32;
const PRESSES: u8 = 64;
const AREA: u8 = 128;

const CABINET_STATES: [CabinetState; 6] = [
    CabinetState::Silent,
    CabinetState::Following,
    CabinetState::StartUp,
    CabinetState::Fallback,
    CabinetState::LocalManual,
    CabinetState::MonitorFault,
];

const NO_SENSOR: u8 = 14;
const NONSENSE: u8 = 15;

/// Appends what changed from `before` to `now` for every site, and makes `before` equal to `now`.
///
/// **Shape:** both slices hold one entry per site, in the same order.
pub(super) fn push_inputs(out: &mut Vec<u8>, before: &mut [FieldInputs], now: &[FieldInputs]) {
    let mut last = 0_u64;
    for ((site, before), now) in (0_u64..).zip(before.iter_mut()).zip(now) {
        let mask = changes(before, now);
        if mask == 0 {
            continue;
        }
        push_varint(out, site - last + 1);
        last = site;
        out.push(mask);
        push_site(out, mask, before, now);
        before.clone_from(now);
    }
    push_varint(out, 0);
}

/// Applies what [`push_inputs`] wrote to `inputs`.
///
/// # Errors
/// [`Malformed`] if the bytes were not written by [`push_inputs`] for as many sites.
pub(super) fn read_inputs(
    reader: &mut Reader<'_>,
    inputs: &mut [FieldInputs],
) -> Result<(), Malformed> {
    let mut site = 0_usize;
    let mut first = true;
    loop {
        let step: usize = reader.narrow()?;
        if step == 0 {
            return Ok(());
        }
        site = if first {
            step - 1
        } else {
            site.checked_add(step - 1).ok_or(Malformed)?
        };
        first = false;
        let mask = reader.byte()?;
        read_site(reader, mask, inputs.get_mut(site).ok_or(Malformed)?)?;
    }
}

/// Moves `reader` to the first lamp that any site read back anew and tells how many bytes are left
/// there; `None` if this cycle read none.
pub(super) fn first_lamp(reader: &mut Reader<'_>) -> Option<usize> {
    loop {
        if reader.varint().ok()? == 0 {
            return None;
        }
        let mask = reader.byte().ok()?;
        if mask & LAMPS != 0 {
            let before = mask & (CABINET | AGE);
            read_site(reader, before, &mut FieldInputs::default()).ok()?;
            reader.varint().ok()?;
            return Some(reader.left());
        }
        read_site(reader, mask, &mut FieldInputs::default()).ok()?;
    }
}

fn changes(before: &FieldInputs, now: &FieldInputs) -> u8 {
    let (b, n) = (&before.readback, &now.readback);
    let flag = |changed: bool, bit: u8| if changed { bit } else { 0 };
    flag(
        b.cabinet != n.cabinet || b.boot_count != n.boot_count,
        CABINET,
    ) | flag(b.age != n.age, AGE)
        | flag(b.lamps != n.lamps, LAMPS)
        | flag(before.occupied != now.occupied, OCCUPIED)
        | flag(before.buttons_held != now.buttons_held, BUTTONS)
        | flag(before.detectors != now.detectors, DETECTORS)
        | flag(before.presses != now.presses, PRESSES)
        | flag(before.area != now.area, AREA)
}

fn push_site(out: &mut Vec<u8>, mask: u8, before: &FieldInputs, now: &FieldInputs) {
    let (was, is) = (&before.readback, &now.readback);
    if mask & CABINET != 0 {
        let state = CABINET_STATES
            .iter()
            .position(|state| *state == is.cabinet)
            .unwrap_or(0);
        push_varint(out, u64::try_from(state).unwrap_or_default());
        push_varint(out, u64::from(is.boot_count));
    }
    if mask & AGE != 0 {
        push_varint(out, u64::from(is.age.as_ms()));
    }
    if mask & LAMPS != 0 {
        push_changed(out, &was.lamps, &is.lamps, |out, lamp| {
            out.push(observed_byte(*lamp));
        });
    }
    if mask & OCCUPIED != 0 {
        push_varint(out, u64::from(now.occupied));
    }
    if mask & BUTTONS != 0 {
        push_varint(out, u64::from(now.buttons_held));
    }
    if mask & DETECTORS != 0 {
        push_changed(out, &before.detectors, &now.detectors, |out, reading| {
            push_detector(out, *reading);
        });
    }
    if mask & PRESSES != 0 {
        push_changed(out, &before.presses, &now.presses, |out, n| {
            push_varint(out, u64::from(*n));
        });
    }
    if mask & AREA != 0 {
        push_area(out, &now.area);
    }
}

/// Writes a bit mask of the entries that changed, then those entries.
fn push_changed<T: PartialEq>(
    out: &mut Vec<u8>,
    before: &[T],
    now: &[T],
    mut push: impl FnMut(&mut Vec<u8>, &T),
) {
    let differs = |(at, (b, n)): (u32, (&T, &T))| if b == n { 0 } else { 1_u64 << at };
    let mask = (0..64)
        .zip(before.iter().zip(now))
        .map(differs)
        .fold(0, |mask, bit| mask | bit);
    push_varint(out, mask);
    for (_, entry) in (0..64).zip(now).filter(|(at, _)| mask & (1_u64 << at) != 0) {
        push(out, entry);
    }
}

fn push_detector(out: &mut Vec<u8>, reading: DetectorReading) {
    push_varint(
        out,
        (u64::from(reading.count) << 1) | u64::from(reading.faulty),
    );
    push_varint(out, u64::from(reading.occupied_ms));
    push_varint(out, u64::from(reading.last_pulse_ms));
}

fn read_site(reader: &mut Reader<'_>, mask: u8, inputs: &mut FieldInputs) -> Result<(), Malformed> {
    if mask & CABINET != 0 {
        let state: usize = reader.narrow()?;
        inputs.readback.cabinet = *CABINET_STATES.get(state).ok_or(Malformed)?;
        inputs.readback.boot_count = reader.narrow()?;
    }
    if mask & AGE != 0 {
        inputs.readback.age = Millis::new(reader.narrow()?);
    }
    if mask & LAMPS != 0 {
        read_changed::<_, GROUPS_MAX>(reader, &mut inputs.readback.lamps, |reader| {
            observed_from(reader.byte()?)
        })?;
    }
    if mask & OCCUPIED != 0 {
        inputs.occupied = reader.narrow()?;
    }
    if mask & BUTTONS != 0 {
        inputs.buttons_held = reader.narrow()?;
    }
    if mask & DETECTORS != 0 {
        read_changed::<_, DETECTORS_MAX>(reader, &mut inputs.detectors, read_detector)?;
    }
    if mask & PRESSES != 0 {
        read_changed::<_, BUTTONS_MAX>(reader, &mut inputs.presses, Reader::narrow)?;
    }
    if mask & AREA != 0 {
        read_area(reader, &mut inputs.area)?;
    }
    Ok(())
}

fn read_changed<'a, T, const N: usize>(
    reader: &mut Reader<'a>,
    entries: &mut [T; N],
    mut read: impl FnMut(&mut Reader<'a>) -> Result<T, Malformed>,
) -> Result<(), Malformed> {
    let mask = reader.varint()?;
    for (at, entry) in (0_u32..64).zip(entries.iter_mut()) {
        if mask & (1_u64 << at) != 0 {
            *entry = read(reader)?;
        }
    }
    Ok(())
}

fn read_detector(reader: &mut Reader<'_>) -> Result<DetectorReading, Malformed> {
    let packed = reader.varint()?;
    Ok(DetectorReading {
        count: u16::try_from(packed >> 1).map_err(|_| Malformed)?,
        faulty: packed & 1 != 0,
        occupied_ms: reader.narrow()?,
        last_pulse_ms: reader.narrow()?,
    })
}

const fn observed_byte(observed: Observed) -> u8 {
    match observed {
        Observed::Lamps(shown) => shown.nibble(),
        Observed::NoSensor => NO_SENSOR,
        Observed::Nonsense => NONSENSE,
    }
}

fn observed_from(byte: u8) -> Result<Observed, Malformed> {
    match byte {
        NO_SENSOR => Ok(Observed::NoSensor),
        NONSENSE => Ok(Observed::Nonsense),
        nibble => Indication::from_nibble(nibble)
            .map(Observed::Lamps)
            .ok_or(Malformed),
    }
}
