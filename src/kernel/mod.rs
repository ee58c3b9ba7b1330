//! The safety kernel: the only maker of lamp [`Outputs`].
//!
//! It is right for *every* request: random, late, missing. [`Kernel::step`] takes what somebody
//! wants and what the cabinet says, and returns what the lamps shall show. What it does not do it
//! refuses with a reason. `docs/SAFETY.md` lists the invariants; each is one named function in
//! `guard.rs` or beside the state it guards. The kernel knows nothing of plans, policies,
//! detectors or other sites, reads no clock and never fails.

#![deny(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::alloc_instead_of_core
)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::indexing_slicing
)]
#![deny(clippy::as_conversions)]
#![deny(
    clippy::wildcard_enum_match_arm,
    clippy::match_wildcard_for_single_variants
)]

mod ask;
mod concern;
mod entry;
mod fault;
mod fence;
mod guard;
mod mode;
mod notes;
mod readback;
mod request;
mod street;
mod supervise;

#[cfg(test)]
mod checker;
#[cfg(test)]
mod exhaustive;
#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

pub use concern::Concern;
pub use fault::{ClearWhen, FAULTS_MAX, Fault, FaultKind, Response};
pub use mode::{Mode, StartUpPart};
pub use notes::Event;
pub use readback::ReadbackTolerance;
pub use request::*;

use concern::Concerns;
use fault::Faults;
use notes::{Notes, Tell};
use readback::Watch;
use street::Street;

use crate::signal::{GROUPS_MAX, GroupSet, Indication, SafetyTable};
use crate::units::{Millis, Mono};

/// So many steps in a row without progress of the clock and the clock counts as lost.
const STALLED_MAX: u16 = 30;

/// The safety kernel of one site.
///
/// Plain data. The safety table is not part of a snapshot: after deserialising call
/// [`Kernel::attach`]; until then every lamp is dark.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Kernel {
    street: Street,
    watch: Watch,
    mode: Mode,
    last: Option<Mono>,
    stalled: u16,
    cabinet: CabinetState,
    boot_count: u16,
    has_followed: bool,
    was_ours: bool,
    concerns: Concerns,
    faults: Faults,
    fingerprint: u64,
    #[serde(skip)]
    table: Option<Arc<SafetyTable>>,
    #[serde(skip)]
    notes: Notes,
}

impl Kernel {
    /// A kernel that has not heard of its cabinet yet: it waits in start-up.
    #[must_use]
    pub fn new(table: Arc<SafetyTable>, now: Mono) -> Self {
        Self {
            street: Street::at_rest(table.all_groups(), now),
            watch: Watch::new(now),
            mode: Mode::Starting(StartUpPart::Waiting),
            last: None,
            stalled: 0,
            cabinet: CabinetState::Silent,
            boot_count: 0,
            has_followed: false,
            was_ours: false,
            concerns: Concerns::default(),
            faults: Faults::none(),
            fingerprint: guard::i20_fingerprint(&table),
            table: Some(table),
            notes: Notes::default(),
        }
    }

    /// Gives a deserialised kernel its safety table back. With the table it was made with it goes
    /// on where it was; with any other one it comes up from the start (I20).
    pub fn attach(&mut self, table: Arc<SafetyTable>) {
        if self.fingerprint == guard::i20_fingerprint(&table) {
            self.table = Some(table);
        } else {
            *self = Self::new(table, self.last.unwrap_or_default());
        }
    }

    /// How far read-back may lag behind on this site's link.
    pub const fn set_tolerance(&mut self, tolerance: ReadbackTolerance) {
        self.watch.set_tolerance(tolerance);
    }

    /// The usual case of [`Kernel::set_tolerance`]: only the latency of the link is special.
    pub const fn set_latency(&mut self, latency: Millis) {
        let tolerance = self.watch.tolerance();
        self.watch.set_tolerance(ReadbackTolerance {
            latency,
            ..tolerance
        });
    }

    /// Something the rest of the program has found out is there, or is gone again.
    pub const fn report(&mut self, concern: Concern, is_present: bool) {
        self.concerns.set(concern, is_present);
    }

    /// One cycle: what the lamps shall show from `now` on.
    ///
    /// Total: never fails, never blocks, allocates nothing. A step whose `now` is not later than
    /// that of the step before changes nothing (I19).
    pub fn step(&mut self, now: Mono, request: &Request, readback: &Readback) -> Outputs {
        self.notes.clear();
        let Some(table) = self.table.take() else {
            return Outputs::dark(now);
        };
        let outputs = match guard::i19_elapsed(self.last, now) {
            Some(elapsed) => self.run(&table, (now, elapsed), request, readback),
            None => self.stall(&table),
        };
        self.table = Some(table);
        outputs
    }

    fn run(
        &mut self,
        table: &SafetyTable,
        (now, elapsed): (Mono, Millis),
        request: &Request,
        readback: &Readback,
    ) -> Outputs {
        self.last = Some(now);
        self.stalled = 0;
        self.hear(readback, now);
        let (faults, notes) = (&mut self.faults, &mut self.notes);
        self.watch.observe(table, (now, elapsed), readback, |kind| {
            faults.raise(kind, now, notes);
        });
        self.settle(now, request.reset);
        self.change_mode(table, now, request.mode);
        let demands = request.demands.intersection(table.all_groups());
        self.street.remember(table, demands, now);
        match self.mode {
            Mode::Normal => {
                self.accept(table, request.groups);
                self.street.step(table, now, &mut self.notes);
            }
            Mode::AllRed => self.street.step_to_red(table, now, &mut self.notes),
            Mode::Starting(_) | Mode::Flashing(_) | Mode::Dark => {
                for group in request.groups.intersection(table.all_groups()) {
                    let refusal = self.mode_refusal(table, group);
                    self.notes.refuse(refusal);
                }
            }
        }
        self.light(table, now)
    }

    /// The clock did not advance: the lamps stay, and after many such steps the site goes to flash.
    fn stall(&mut self, table: &SafetyTable) -> Outputs {
        let now = self.last.unwrap_or_default();
        self.stalled = self.stalled.saturating_add(1);
        self.faults
            .raise(FaultKind::ClockStuck, now, &mut self.notes);
        if self.stalled >= STALLED_MAX {
            self.faults
                .raise(FaultKind::ClockLost, now, &mut self.notes);
            self.change_mode(table, now, ModeWish::Normal);
        }
        self.light(table, now)
    }

    /// Takes a wish as the new target if it is one; else the last good one stays.
    fn accept(&mut self, table: &SafetyTable, wish: GroupSet) {
        if self.holds_stage() {
            return;
        }
        for refusal in guard::i21_known(table, wish) {
            self.notes.refuse(refusal);
        }
        let known = wish.intersection(table.all_groups());
        match guard::i01_no_hostile_pair(table, known) {
            None => self.street.target = known,
            Some(refusal) => self.notes.refuse(refusal),
        }
    }

    /// Turns mode and intervals into lamps, looks at them once more and hands them out.
    fn light(&mut self, table: &SafetyTable, now: Mono) -> Outputs {
        let mut outputs = self.lamps(table, now);
        if let Some((a, b)) = guard::i01_lamps_agree(table, outputs.lamps()) {
            self.faults
                .raise(FaultKind::InternalConflict(a, b), now, &mut self.notes);
            self.change_mode(table, now, ModeWish::Normal);
            outputs = self.lamps(table, now);
        }
        for (group, show) in table.all_groups().iter().zip(outputs.lamps) {
            self.watch.command(group, show, now);
        }
        outputs
    }

    fn lamps(&self, table: &SafetyTable, now: Mono) -> Outputs {
        let mut lamps = [Indication::Dark; GROUPS_MAX];
        let groups = table.all_groups().iter().zip(table.timings());
        for ((group, timing), lamp) in groups.zip(&mut lamps) {
            *lamp = match self.mode {
                Mode::Normal | Mode::AllRed => self.street.lamp(table, group),
                Mode::Starting(StartUpPart::AllRed(_)) => Indication::Red,
                Mode::Starting(StartUpPart::Waiting | StartUpPart::Flash(_))
                | Mode::Flashing(_)
                    if timing.kind.shows_amber() =>
                {
                    Indication::FlashingAmber
                }
                Mode::Starting(StartUpPart::Waiting | StartUpPart::Flash(_))
                | Mode::Flashing(_)
                | Mode::Dark => Indication::Dark,
            };
        }
        Outputs {
            at: now,
            lamps,
            count: u8::try_from(table.group_count()).unwrap_or_default(),
        }
    }
}
