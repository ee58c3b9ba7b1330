//! Looks after the site as a whole: cabinet, faults, mode.

use super::mode::ModeInputs;
use super::notes::{Event, Tell};
use super::{CabinetState, FaultKind, Kernel, Mode, ModeWish, Readback, StartUpPart};
use crate::signal::SafetyTable;
use crate::units::Mono;

impl Kernel {
    /// What the cabinet says about itself, turned into faults.
    pub(super) fn hear(&mut self, readback: &Readback, now: Mono) {
        let cabinet = readback.cabinet;
        if cabinet != self.cabinet {
            self.cabinet = cabinet;
            self.notes.event(Event::Cabinet(cabinet));
        }
        let kind = match cabinet {
            CabinetState::Following if self.has_followed => {
                (readback.boot_count != self.boot_count).then_some(FaultKind::CabinetRestarted)
            }
            CabinetState::Following => None,
            CabinetState::LocalManual => Some(FaultKind::LocalManual),
            CabinetState::MonitorFault => Some(FaultKind::MonitorTripped),
            CabinetState::Silent | CabinetState::Fallback | CabinetState::StartUp => {
                self.has_followed.then_some(FaultKind::CabinetLost)
            }
        };
        if cabinet == CabinetState::Following {
            self.has_followed = true;
            self.boot_count = readback.boot_count;
        }
        if let Some(kind) = kind {
            self.faults.raise(kind, now, &mut self.notes);
        }
        for concern in self.concerns.iter() {
            self.faults
                .raise(FaultKind::Reported(concern), now, &mut self.notes);
        }
    }

    /// Lets go of the faults that may be let go.
    pub(super) fn settle(&mut self, now: Mono, reset: bool) {
        if self.faults.active().is_empty() {
            return;
        }
        let (cabinet, concerns, watch) = (self.cabinet, self.concerns, &self.watch);
        let is_present = |kind: FaultKind| match kind {
            FaultKind::CabinetLost => cabinet != CabinetState::Following,
            FaultKind::LocalManual => cabinet == CabinetState::LocalManual,
            FaultKind::MonitorTripped => cabinet == CabinetState::MonitorFault,
            FaultKind::Reported(concern) => concerns.contains(concern),
            FaultKind::InternalConflict(..) => true,
            FaultKind::CabinetRestarted | FaultKind::ClockStuck | FaultKind::ClockLost => false,
            FaultKind::WrongGreen(_)
            | FaultKind::HostileGreens(..)
            | FaultKind::WrongLamp(_)
            | FaultKind::RedLost(_)
            | FaultKind::LampOut(_) => watch.is_present(kind).unwrap_or(true),
        };
        self.faults.settle(now, reset, is_present, &mut self.notes);
    }

    /// Goes on to the mode that follows, with what that means for the groups.
    pub(super) fn change_mode(&mut self, table: &SafetyTable, now: Mono, wish: ModeWish) {
        let is_ours = self.cabinet == CabinetState::Following
            && !self.faults.has(FaultKind::is_loss_of_cabinet);
        if is_ours && !self.was_ours {
            self.watch.begin(now);
        }
        self.was_ours = is_ours;
        let inputs = ModeInputs {
            now,
            wish,
            response: self.faults.strongest(|kind| !kind.is_loss_of_cabinet()),
            is_ours,
            is_all_red: wish == ModeWish::Flash && self.is_all_red(table, now),
        };
        let next = self.mode.next(table, inputs);
        if next == self.mode {
            return;
        }
        let was = self.mode;
        self.mode = next;
        if !(was.serves() && next.serves()) && next != Mode::Normal {
            self.street.stop_all(table.all_groups(), now);
        }
        if let Mode::Starting(StartUpPart::AllRed(_)) = was
            && next.serves()
        {
            self.notes.event(Event::InsertAllDemands);
        }
        let is_same_flash = matches!((was, next), (Mode::Flashing(_), Mode::Flashing(_)));
        if !is_same_flash {
            self.notes.event(Event::Mode(next));
        }
    }

    fn is_all_red(&self, table: &SafetyTable, now: Mono) -> bool {
        let all = table.all_groups();
        let lasts = table.start_up().all_red;
        self.street.stop == all
            && all
                .iter()
                .all(|group| now.since(self.street.state(group).since) >= lasts)
    }
}
