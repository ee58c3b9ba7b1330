//! What both wires share: one request through the cabinet and its faults.

use std::time::Duration;

use super::fleet::Shared;
use super::pdu;

/// How an answer goes out, faults of the wire included.
#[derive(Debug)]
pub(super) struct Reaction {
    pub(super) delay: Duration,
    pub(super) answer: Vec<u8>,
    pub(super) twice: bool,
    pub(super) noise: bool,
    pub(super) wrong_unit: bool,
}

/// Puts one request to a cabinet; `None` if nothing comes back.
pub(super) fn react(cabinet: &Shared, request: &[u8]) -> Option<Reaction> {
    let (mut inner, now) = cabinet.lock_now();
    if inner.faults.silent {
        return None;
    }
    let fc23 = !inner.faults.no_fc23;
    let mut answer = pdu::answer(&mut inner.core, now, fc23, request);
    inner.note();
    let faults = &mut inner.faults;
    if spend(&mut faults.drop_next) {
        return None;
    }
    if spend(&mut faults.short_next) {
        shorten(&mut answer);
    }
    let late = if spend(&mut faults.late_next) {
        faults.late_by
    } else {
        Duration::ZERO
    };
    Some(Reaction {
        delay: faults.delay + late,
        answer,
        twice: spend(&mut faults.duplicate_next),
        noise: spend(&mut faults.noise_next),
        wrong_unit: spend(&mut faults.wrong_unit_next),
    })
}

fn spend(left: &mut u32) -> bool {
    let some = *left > 0;
    *left = left.saturating_sub(1);
    some
}

/// Takes the last word off an answer and counts it right: well framed, but too short.
fn shorten(answer: &mut Vec<u8>) {
    if answer.len() < 6 {
        return;
    }
    answer.truncate(answer.len() - 2);
    if let Some(count) = answer.get_mut(1) {
        *count = count.saturating_sub(2);
    }
}
