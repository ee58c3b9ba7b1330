//! What the cabinet senses: lamps for its monitor, detectors and buttons for its counters.

use super::super::lamps::Picture;
use super::super::site::bit;
use super::super::{Channel, StreetInputs};
use super::{CabinetCore, Drive};
use crate::signal::Indication;

impl CabinetCore {
    /// Reads the sensors: monitor, counters, sequence.
    pub(super) fn scan(&mut self) {
        self.scanned = self.now;
        self.input_seq = self.input_seq.wrapping_add(1);
        let seen = self.observed();
        let conflicting = self.conflicting(&seen);
        self.conflict_since = since(conflicting != 0, self.conflict_since, self.now);
        let lost = self.red_lost(&seen);
        self.red_lost_since = since(lost != 0, self.red_lost_since, self.now);
        if over(self.conflict_since, self.now, 200) {
            self.trip(1, conflicting);
        } else if over(self.red_lost_since, self.now, 1000) {
            self.monitor |= 2;
            self.monitor_groups |= lost;
            if self.site.red_loss_flashes {
                self.trip(2, lost);
            }
        }
    }

    fn conflicting(&self, seen: &Picture) -> u32 {
        let count = self.site.heads.len();
        let pairs = (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b)));
        pairs
            .filter(|(a, b)| seen[*a].is_go() && seen[*b].is_go() && self.site.hostile(*a, *b))
            .fold(0, |set, (a, b)| set | bit(a) | bit(b))
    }

    fn red_lost(&self, seen: &Picture) -> u32 {
        (0..self.site.heads.len())
            .filter(|group| {
                self.lamps.show(*group) == Indication::Red && seen[*group] == Indication::Dark
            })
            .fold(0, |set, group| set | bit(group))
    }

    /// The hardware monitor drops its relay: the flasher takes the lamps.
    fn trip(&mut self, cause: u16, groups: u32) {
        if matches!(self.drive, Drive::Monitor) {
            return;
        }
        self.monitor |= cause;
        self.monitor_groups |= groups;
        self.reason = 2;
        self.lamps.force(&self.site, true, self.now);
        self.drive = Drive::Monitor;
    }

    /// Takes over detectors and buttons whose counters somebody else keeps (a virtual street).
    pub fn set_inputs(&mut self, inputs: StreetInputs) {
        for (button, since) in self.held_since.iter_mut().enumerate() {
            let held = inputs.buttons & (1 << button) != 0;
            *since = held.then(|| since.unwrap_or(self.now));
        }
        self.inputs = inputs;
    }

    /// Takes over raw contacts and counts their edges itself.
    pub fn set_contacts(&mut self, now: u64, occupied: u32, buttons: u16) {
        self.now = self.now.max(now);
        let (was, pressed) = (self.inputs.occupied, self.inputs.buttons);
        let mut next = self.inputs;
        for (channel, reading) in next.detectors.iter_mut().enumerate() {
            let mask = bit(channel);
            if occupied & mask != 0 && was & mask == 0 {
                reading.count = reading.count.wrapping_add(1);
                self.rising_at[channel] = self.now;
            } else if occupied & mask == 0 && was & mask != 0 {
                end_pulse(reading, self.now - self.rising_at[channel]);
            }
        }
        for (button, count) in next.presses.iter_mut().enumerate() {
            if buttons & !pressed & (1 << button) != 0 {
                *count = count.wrapping_add(1);
            }
        }
        next.occupied = occupied;
        next.buttons = buttons;
        self.set_inputs(next);
    }
}

fn since(now_true: bool, was: Option<u64>, now: u64) -> Option<u64> {
    now_true.then(|| was.unwrap_or(now))
}

fn over(since: Option<u64>, now: u64, limit: u64) -> bool {
    since.is_some_and(|at| now.saturating_sub(at) >= limit)
}

fn end_pulse(reading: &mut Channel, lasted: u64) {
    let lasted = u16::try_from(lasted).unwrap_or(u16::MAX);
    reading.last_pulse_ms = lasted;
    reading.occupied_ms = reading.occupied_ms.wrapping_add(lasted);
}
