//! A judge that sees nothing but lamps and the clock, and knows the rules from the table alone.
//!
//! It shares no code with the kernel: it keeps its own history of every lamp.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "a test may stop at an overflow"
)]

use alloc::sync::Arc;

use crate::ids::GroupId;
use crate::signal::{GROUPS_MAX, Indication, SafetyTable};
use crate::units::{Millis, Mono};

use Indication as I;

#[derive(Clone, Copy, Debug)]
struct Seen {
    lamp: Indication,
    since: Mono,
    /// Which lose step is shown, counted from 1; 0 outside the lose steps.
    lose: u8,
    /// Steady green ended.
    go_end: Option<Mono>,
}

/// Watches the lamps of one site over time and panics at the first breach.
#[derive(Clone, Debug)]
pub(super) struct Checker {
    table: Arc<SafetyTable>,
    seen: [Seen; GROUPS_MAX],
    last: Option<Mono>,
    flash_since: Option<Mono>,
    all_red_since: Option<Mono>,
    /// Flash may come at any moment: there are faults about.
    pub(super) flash_may_come: bool,
    /// Every cycle is on time, so aspects are exact and not only long enough.
    pub(super) is_exact: bool,
}

impl Checker {
    /// Begins with a site whose groups have all been red for ever.
    pub(super) fn new(table: Arc<SafetyTable>) -> Self {
        let seen = Seen {
            lamp: I::Red,
            since: Mono::ZERO,
            lose: 0,
            go_end: None,
        };
        Self {
            table,
            seen: [seen; GROUPS_MAX],
            last: None,
            flash_since: None,
            all_red_since: None,
            flash_may_come: false,
            is_exact: false,
        }
    }

    pub(super) fn see(&mut self, now: Mono, lamps: &[Indication]) {
        assert_eq!(lamps.len(), self.table.group_count());
        if self.last.is_some_and(|last| now <= last) {
            assert!(self.flash_may_come || self.is_unchanged(lamps), "I19");
            return;
        }
        self.last = Some(now);
        let is_flash = lamps
            .iter()
            .any(|lamp| matches!(lamp, I::FlashingAmber | I::Dark));
        if is_flash {
            self.see_flash(now, lamps);
            return;
        }
        if let Some(since) = self.flash_since.take() {
            let lasted = now.since(since);
            assert!(lasted >= self.table.start_up().flash, "I10 flash {lasted}");
            assert!(lamps.iter().all(|lamp| *lamp == I::Red), "I11 {lamps:?}");
            self.all_red_since = Some(now);
            for seen in &mut self.seen {
                *seen = Seen {
                    lamp: I::Red,
                    since: now,
                    lose: 0,
                    go_end: None,
                };
            }
        }
        for (group, lamp) in self.table.all_groups().iter().zip(lamps) {
            self.see_group(now, group, *lamp);
        }
        self.judge_conflicts(lamps);
    }

    /// Makes everything seen so far older by `time`.
    pub(super) fn shift(&mut self, time: Millis) {
        let back = |at: Mono| at.back(time);
        self.last = self.last.map(back);
        self.flash_since = self.flash_since.map(back);
        self.all_red_since = self.all_red_since.map(back);
        for seen in &mut self.seen {
            seen.since = back(seen.since);
            seen.go_end = seen.go_end.map(back);
        }
    }

    fn is_unchanged(&self, lamps: &[Indication]) -> bool {
        self.flash_since.is_some() || lamps.iter().zip(&self.seen).all(|(l, s)| *l == s.lamp)
    }

    fn see_flash(&mut self, now: Mono, lamps: &[Indication]) {
        for (timing, lamp) in self.table.timings().iter().zip(lamps) {
            let expected = if timing.kind.shows_amber() {
                I::FlashingAmber
            } else {
                I::Dark
            };
            assert_eq!(*lamp, expected, "I10 all groups flash together");
        }
        if self.flash_since.is_none() && !self.flash_may_come {
            let is_red = self.seen.iter().all(|seen| seen.lamp == I::Red);
            assert!(is_red, "I11 flash comes out of all red");
        }
        self.flash_since.get_or_insert(now);
    }

    fn see_group(&mut self, now: Mono, group: GroupId, lamp: Indication) {
        let seen = self.seen[group.index()];
        if lamp == seen.lamp {
            return;
        }
        let timing = self.table.timing(group).unwrap();
        let lasted = now.since(seen.since);
        let mut next = Seen {
            lamp,
            since: now,
            lose: 0,
            ..seen
        };
        let first_lose = timing.lose.iter().next().map_or(I::Red, |step| step.show);
        match seen.lamp {
            I::Red => {
                let gain = timing.gain.iter().next().map_or(I::Green, |step| step.show);
                assert_eq!(lamp, gain, "{group} gains");
                assert!(lasted >= timing.red_min, "I6 {group} {lasted}");
                let red = self.all_red_since.map(|since| now.since(since));
                let needed = self.table.start_up().all_red;
                assert!(red.is_none_or(|red| red >= needed), "I10 all red");
            }
            I::RedAmber => {
                assert_eq!(lamp, I::Green, "{group} after red-amber");
                self.judge_length(group, lasted, timing.gain.total());
            }
            I::Green => {
                assert_eq!(lamp, first_lose, "I2 {group} loses");
                assert!(lasted >= timing.green_min, "I5 {group} {lasted}");
                next.go_end = Some(now);
                next.lose = u8::from(lamp != I::Red);
            }
            I::FlashingGreen | I::Amber => {
                let step = timing.lose.get(seen.lose - 1).unwrap();
                let then = timing.lose.get(seen.lose).map_or(I::Red, |step| step.show);
                assert_eq!(lamp, then, "I2 {group} after {:?}", seen.lamp);
                self.judge_length(group, lasted, step.lasts);
                next.lose = if lamp == I::Red { 0 } else { seen.lose + 1 };
            }
            I::Dark | I::FlashingAmber | I::FlashingRed => panic!("I21 {group} {:?}", seen.lamp),
        }
        if lamp == I::Green {
            self.judge_clearances(now, group);
        }
        self.seen[group.index()] = next;
    }

    fn judge_length(&self, group: GroupId, lasted: Millis, needed: Millis) {
        assert!(lasted >= needed, "I2 I8 {group} cut: {lasted} of {needed}");
        assert!(
            !self.is_exact || lasted == needed,
            "{group} too long: {lasted}"
        );
    }

    fn judge_clearances(&self, now: Mono, group: GroupId) {
        for other in self.table.conflicts().hostile_to(group) {
            let needed = self.table.conflicts().clearance(other, group);
            if let Some(end) = self.seen[other.index()].go_end {
                let lasted = now.since(end);
                assert!(
                    lasted >= needed,
                    "I4 {other} to {group}: {lasted} of {needed}"
                );
            }
        }
    }

    fn judge_conflicts(&self, lamps: &[Indication]) {
        for (group, lamp) in self.table.all_groups().iter().zip(lamps) {
            if !matches!(lamp, I::Green | I::FlashingGreen | I::RedAmber) {
                continue;
            }
            for other in self.table.conflicts().hostile_to(group) {
                let shown = lamps[other.index()];
                assert_eq!(shown, I::Red, "I1 {group} {lamp:?} against {other}");
            }
        }
    }
}
