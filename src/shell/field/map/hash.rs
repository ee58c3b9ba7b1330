//! The two checks of the map: `GUARD` over a command and `CONFIG_HASH` over the safety data.

use crate::signal::{GroupKind, SafetyTable};
use crate::units::Millis;

/// CRC-16 with polynomial 0x1021, start 0xFFFF, not reflected, no final exclusive-or.
///
/// It is on purpose another polynomial than the one that closes every RTU frame: a gateway that
/// computes the frame check over wrong words must not get this one right as well.
#[must_use]
pub fn crc16(bytes: impl IntoIterator<Item = u8>) -> u16 {
    bytes.into_iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 {
                shifted
            } else {
                shifted ^ 0x1021
            }
        })
    })
}

/// CRC-32 as in Ethernet and zip: polynomial 0x04C11DB7, reflected, start and end inverted.
#[must_use]
pub fn crc32(bytes: impl IntoIterator<Item = u8>) -> u32 {
    !bytes.into_iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            let shifted = crc >> 1;
            if crc & 1 == 0 {
                shifted
            } else {
                shifted ^ 0xEDB8_8320
            }
        })
    })
}

/// `CONFIG_HASH` of the safety data the kernel runs on.
///
/// The cabinet computes the same number from its own reading of the site file. Times go in as
/// milliseconds, and the clearance is the one of the file: from the end of the last go aspect.
#[must_use]
pub fn config_hash(table: &SafetyTable) -> u32 {
    let mut bytes = vec![u8::try_from(table.group_count()).unwrap_or(u8::MAX)];
    for timing in table.timings() {
        let flashing = timing.lose.go_part();
        let rest = timing.lose.total().saturating_sub(flashing);
        bytes.push(kind_code(timing.kind));
        for length in [timing.gain.total(), flashing, rest] {
            bytes.extend(length.as_ms().to_be_bytes());
        }
    }
    for from in table.all_groups() {
        let flashing = table
            .timing(from)
            .map_or(Millis::ZERO, |t| t.lose.go_part());
        for to in table.conflicts().hostile_to(from) {
            bytes.extend([from.number(), to.number()]);
            let clearance = table.conflicts().clearance(from, to);
            bytes.extend(clearance.saturating_sub(flashing).as_ms().to_be_bytes());
        }
    }
    crc32(bytes)
}

const fn kind_code(kind: GroupKind) -> u8 {
    match kind {
        GroupKind::Vehicle => 1,
        GroupKind::Arrow => 2,
        GroupKind::NonMotor => 3,
        GroupKind::Pedestrian => 4,
        GroupKind::WaitingArea => 5,
    }
}
