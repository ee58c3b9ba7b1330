//! Area reports: written whole when they change, once a second at most.

use super::wire::{Malformed, Reader, push_varint};
use crate::detect::{AreaReport, MovementReport, SIGHTINGS_MAX, Sighting};
use crate::units::{Length, Millis, Speed};

/// Movements of one site: their number is a byte nearly everywhere.
const MOVEMENTS_MAX: usize = 1024;

pub(super) fn push_area(out: &mut Vec<u8>, area: &AreaReport) {
    push_varint(out, u64::from(area.age.as_ms()));
    let sightings = area.sightings.iter().take(SIGHTINGS_MAX);
    push_varint(out, u64::try_from(sightings.len()).unwrap_or_default());
    for seen in sightings {
        push_varint(out, u64::from(seen.lane));
        push_varint(out, u64::from(seen.distance.as_mm()));
        push_varint(out, u64::from(seen.speed.as_mm_per_s()));
        push_varint(out, u64::from(seen.share));
    }
    let movements = area.movements.iter().take(MOVEMENTS_MAX);
    push_varint(out, u64::try_from(movements.len()).unwrap_or_default());
    for way in movements {
        push_varint(out, u64::from(way.departed));
        out.extend([way.inside, way.inside_slow, way.exit_standing]);
        let exit = (u64::from(way.exit_taken) << 1) | u64::from(way.exit_blocked);
        push_varint(out, exit);
    }
}

pub(super) fn read_area(reader: &mut Reader<'_>, area: &mut AreaReport) -> Result<(), Malformed> {
    area.age = Millis::new(reader.narrow()?);
    area.sightings.clear();
    for _ in 0..bounded(reader, SIGHTINGS_MAX)? {
        area.sightings.push(Sighting {
            lane: reader.narrow()?,
            distance: Length::from_mm(reader.narrow()?),
            speed: Speed::from_mm_per_s(reader.narrow()?),
            share: reader.narrow()?,
        });
    }
    area.movements.clear();
    for _ in 0..bounded(reader, MOVEMENTS_MAX)? {
        let departed = reader.narrow()?;
        let (inside, inside_slow, exit_standing) = (reader.byte()?, reader.byte()?, reader.byte()?);
        let exit: u32 = reader.narrow()?;
        area.movements.push(MovementReport {
            departed,
            inside,
            inside_slow,
            exit_standing,
            exit_taken: u16::try_from(exit >> 1).map_err(|_| Malformed)?,
            exit_blocked: exit & 1 != 0,
        });
    }
    Ok(())
}

fn bounded(reader: &mut Reader<'_>, most: usize) -> Result<usize, Malformed> {
    let count: usize = reader.narrow()?;
    if count <= most {
        Ok(count)
    } else {
        Err(Malformed)
    }
}
