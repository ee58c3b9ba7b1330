//! Commands: fencing, order, interlock.

use super::super::lamps::{Picture, refuse};
use super::super::programme::LocalRun;
use super::{CabinetCore, Drive};
use crate::shell::field::map::{
    self, CLAIM_JUMP_MAX, COMMAND_WORDS, Command, Mode, TTL_MAX_MS, TTL_MIN_MS, UNCHANGED,
};
use crate::signal::Indication;

impl CabinetCore {
    /// A write of the whole command block. Takes it or says why not.
    pub(in super::super) fn command(
        &mut self,
        now: u64,
        words: &[u16; COMMAND_WORDS],
    ) -> Result<(), ()> {
        self.advance(now);
        let outcome = self.judge(words);
        match outcome {
            Ok(true) => {
                // The output stage has acted: the answer to this very write reads back the result.
                self.scan();
                Ok(())
            }
            Ok(false) => Ok(()),
            Err(reason) => {
                self.last_reject = reason;
                self.reject_count = self.reject_count.wrapping_add(1);
                Err(())
            }
        }
    }

    /// True if taken, false if it only repeats the last one.
    fn judge(&mut self, words: &[u16; COMMAND_WORDS]) -> Result<bool, u16> {
        let Some(command) = Command::decode(words) else {
            let guard_fits = map::crc16(words[..15].iter().flat_map(|word| word.to_be_bytes()));
            let good = guard_fits == words[COMMAND_WORDS - 1];
            return Err(if good {
                refuse::MALFORMED
            } else {
                refuse::GUARD
            });
        };
        if command.epoch != self.kept.epoch || command.epoch == 0 {
            return Err(refuse::STALE_EPOCH);
        }
        if let Some(last) = &self.last {
            if last == words {
                return Ok(false);
            }
            if !map::is_newer(command.seq, self.accepted_seq) {
                return Err(refuse::OLD_SEQUENCE);
            }
        }
        if matches!(self.drive, Drive::Manual) {
            return Err(refuse::MANUAL);
        }
        if self.latched {
            return Err(refuse::LATCHED);
        }
        self.apply(&command)?;
        self.last = Some(*words);
        self.accepted_seq = command.seq;
        let life = command.ttl_ms.clamp(TTL_MIN_MS, TTL_MAX_MS);
        let life = u64::from(life.min(self.kept.hb_timeout_ms));
        self.commanded = (self.now, life);
        self.deadline = Some(self.now + life);
        Ok(true)
    }

    fn apply(&mut self, command: &Command) -> Result<(), u16> {
        let picture = self.wanted(command)?;
        let stages = self.site.stages.len();
        let stage = usize::from(command.stage);
        if command.mode == Mode::Stage && (stage == 0 || stage > stages) {
            return Err(refuse::MALFORMED);
        }
        match (&self.drive, command.mode) {
            (_, Mode::Keep)
            | (Drive::Monitor | Drive::Manual | Drive::StartUp(_), _)
            | (Drive::Local(..) | Drive::RedThenFlash(_) | Drive::FallbackFlash, Mode::LocalPlan) =>
                {}
            (Drive::Local(..) | Drive::RedThenFlash(_) | Drive::FallbackFlash, _) => {
                if !self.ills.flash_switch {
                    self.begin_start_up();
                }
            }
            (Drive::Remote(..), Mode::LocalPlan) => {
                match LocalRun::new(&self.site, command.stage, self.now) {
                    Some(run) => self.drive = Drive::Local(run, true),
                    None => return Err(refuse::MALFORMED),
                }
            }
            (Drive::Remote(..), Mode::Direct) => {
                self.lamps.check(&self.site, &picture, self.now)?;
                for (group, show) in picture.iter().enumerate() {
                    self.lamps.set(group, *show, self.now);
                }
                self.drive = Drive::Remote(Mode::Direct, 0);
            }
            (Drive::Remote(..), mode @ (Mode::Flash | Mode::Dark)) => {
                self.lamps.force(&self.site, mode == Mode::Flash, self.now);
                self.drive = Drive::Remote(mode, 0);
            }
            (Drive::Remote(..), mode @ (Mode::Stage | Mode::AllRed | Mode::Hold)) => {
                self.drive = Drive::Remote(mode, command.stage);
                self.drive_lamps();
            }
        }
        self.reason = match self.drive {
            Drive::Remote(..) | Drive::Local(_, true) => 0,
            _ => self.reason,
        };
        Ok(())
    }

    /// The picture of the block; what is "unchanged" shows what is shown.
    fn wanted(&self, command: &Command) -> Result<Picture, u16> {
        let mut picture = self.lamps.picture();
        if command.mode != Mode::Direct {
            return Ok(picture);
        }
        for (show, nibble) in picture.iter_mut().zip(command.lamps) {
            if nibble != UNCHANGED {
                *show = Indication::from_nibble(nibble).ok_or(refuse::MALFORMED)?;
            }
        }
        Ok(picture)
    }

    /// A claim: a larger epoch takes over, without touching a lamp.
    pub(in super::super) fn claim(&mut self, now: u64, epoch: u32, id: u16) -> Result<(), ()> {
        self.advance(now);
        let held = self.kept.epoch;
        if epoch == held && epoch != 0 && id == self.kept.claim_id {
            return Ok(());
        }
        let jump = epoch.saturating_sub(held);
        if epoch <= held || (held != 0 && jump > CLAIM_JUMP_MAX) {
            self.last_reject = refuse::STALE_EPOCH;
            self.reject_count = self.reject_count.wrapping_add(1);
            return Err(());
        }
        self.kept.epoch = epoch;
        self.kept.claim_id = id;
        self.last = None;
        self.accepted_seq = 0;
        Ok(())
    }

    /// Coil 101: a person with the current epoch takes back the latch.
    pub(in super::super) fn acknowledge(&mut self, epoch: u32) -> Result<(), ()> {
        if epoch != self.kept.epoch {
            return Err(());
        }
        self.latched = false;
        self.comms_faults = 0;
        Ok(())
    }

    /// The block written last, for reading back.
    pub(in super::super) fn last_command(&self) -> [u16; COMMAND_WORDS] {
        self.last.unwrap_or_default()
    }
}
