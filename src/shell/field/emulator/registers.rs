//! The map as the cabinet serves it: words and bits by address, and which of them may be written.

use super::core::CabinetCore;
use super::lamps::is_flash_or_dark;
use crate::shell::field::map::{
    self, BUTTONS_AT, CLAIM_AT, CLAIM_WORDS, COMMAND_AT, COMMAND_WORDS, CURRENTS_AT, DETECTORS_AT,
    INPUTS_END, MAGIC, MIRROR_AT, NO_SENSOR, SETTINGS_AT, SETTINGS_WORDS, TIME_AT, TIME_WORDS,
    VERSION,
};
use crate::signal::Indication;

/// Modbus exceptions the cabinet uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exception {
    Function = 1,
    Address = 2,
    Value = 3,
}

impl CabinetCore {
    /// Input registers, whole ranges only.
    pub(super) fn input_words(&self, at: u16, count: u16) -> Result<Vec<u16>, Exception> {
        let end = at.checked_add(count).filter(|end| *end <= INPUTS_END);
        let end = end.ok_or(Exception::Address)?;
        Ok((at..end).map(|address| self.input_word(address)).collect())
    }

    /// Holding registers, whole ranges only.
    pub(super) fn holding_words(&self, at: u16, count: u16) -> Result<Vec<u16>, Exception> {
        let end = at.checked_add(count).ok_or(Exception::Address)?;
        let words = (at..end).map(|address| self.holding_word(address));
        words.collect::<Option<_>>().ok_or(Exception::Address)
    }

    fn input_word(&self, at: u16) -> u16 {
        let [up1, up0] = map::split_u32(wrap_u32(self.uptime_ms()));
        let [epoch1, epoch0] = map::split_u32(self.kept.epoch);
        let [groups1, groups0] = map::split_u32(self.monitor_groups);
        let [det1, det0] = map::split_u32(self.inputs.occupied);
        match at {
            0x00 => MAGIC,
            0x01 => VERSION,
            0x02 => self.kept.boot_count,
            0x03 => self.input_seq,
            0x04 => up1,
            0x05 => up0,
            0x06 => epoch1,
            0x07 => epoch0,
            0x08 => self.accepted_seq,
            0x09 => self.active_mode(),
            0x0A => self.reason,
            0x0B => self.last_reject,
            0x0C => self.reject_count,
            0x0D => self.remaining_ms(),
            0x10..=0x17 => four_nibbles(at - 0x10, |g| self.applied_nibble(g)),
            0x18..=0x1F => four_nibbles(at - 0x18, |g| self.observed_nibble(g)),
            0x20 => self.monitor,
            0x21 => groups1,
            0x22 => groups0,
            0x23 => self.comms_faults,
            0x24 => det1,
            0x25 => det0,
            0x26 => self.inputs.buttons,
            0x30 => 2200,
            0x31 => 150,
            0x32 => 215,
            0x33 => 45,
            BUTTONS_AT..0x50 => word_at(&self.inputs.presses, at - BUTTONS_AT),
            0x50..0x60 => self.held_s(at - 0x50),
            DETECTORS_AT..CURRENTS_AT => self.detector_word(at - DETECTORS_AT),
            CURRENTS_AT..INPUTS_END => self.current_ma(at - CURRENTS_AT),
            _ => 0,
        }
    }

    fn holding_word(&self, at: u16) -> Option<u16> {
        let [epoch1, epoch0] = map::split_u32(self.kept.epoch);
        let [hash1, hash0] = map::split_u32(self.config_hash);
        Some(match at {
            COMMAND_AT..0x10 => word_at(&self.last_command(), at),
            0x20 => epoch1,
            0x21 => epoch0,
            0x22 => self.kept.claim_id,
            0x40 => self.kept.hb_timeout_ms,
            0x41 => self.kept.fallback,
            0x42 => self.kept.fallback_plan,
            0x43 => self.kept.min_flash_s,
            0x44 => self.kept.latch_after,
            0x45 => hash1,
            0x46 => hash0,
            0x47 => 0,
            TIME_AT..0x4C => word_at(&self.time_block, at - TIME_AT),
            MIRROR_AT..0x130 => self.input_word(at - MIRROR_AT),
            _ => return None,
        })
    }

    /// Writes holding registers: the command, claim and time blocks as a whole, settings singly.
    pub(super) fn write_words(
        &mut self,
        now: u64,
        at: u16,
        words: &[u16],
    ) -> Result<(), Exception> {
        match (at, words.len()) {
            (COMMAND_AT, COMMAND_WORDS) => {
                let block = words.try_into().map_err(|_| Exception::Address)?;
                self.command(now, block).map_err(|()| Exception::Value)
            }
            (CLAIM_AT, CLAIM_WORDS) => {
                let epoch = map::join_u32(words[0], words[1]);
                self.claim(now, epoch, words[2])
                    .map_err(|()| Exception::Value)
            }
            (TIME_AT, TIME_WORDS) => self.set_time(now, words),
            (at, count) => {
                let first = at.checked_sub(SETTINGS_AT).map(usize::from);
                let inside = first.is_some_and(|first| first + count <= SETTINGS_WORDS);
                if !inside || count == 0 {
                    return Err(Exception::Address);
                }
                self.write_settings(first.unwrap_or(0), words)
            }
        }
    }

    fn write_settings(&mut self, first: usize, words: &[u16]) -> Result<(), Exception> {
        let mut kept = self.kept.clone();
        for (offset, word) in words.iter().enumerate() {
            let (place, range) = match first + offset {
                0 => (&mut kept.hb_timeout_ms, map::TTL_MIN_MS..=map::TTL_MAX_MS),
                1 => (&mut kept.fallback, 1..=3),
                2 => (&mut kept.fallback_plan, 0..=255),
                3 => (&mut kept.min_flash_s, 5..=60),
                _ => (&mut kept.latch_after, 0..=100),
            };
            if !range.contains(word) {
                return Err(Exception::Value);
            }
            *place = *word;
        }
        self.kept = kept;
        Ok(())
    }

    fn set_time(&mut self, now: u64, words: &[u16]) -> Result<(), Exception> {
        let [high, low, ms, zone] = *words else {
            return Err(Exception::Address);
        };
        let zone = i16::from_be_bytes(zone.to_be_bytes());
        if ms >= 1000 || !(-48..=56).contains(&zone) {
            return Err(Exception::Value);
        }
        self.advance(now);
        let unix_ms = u64::from(map::join_u32(high, low)) * 1000 + u64::from(ms);
        self.wall = Some((unix_ms.saturating_sub(self.now), zone));
        self.time_block = [high, low, ms, words[3]];
        Ok(())
    }

    /// Coils: a mirror of the output stage, and three that act.
    pub(super) fn coil(&self, at: u16) -> Option<bool> {
        match at {
            0..96 => {
                let show = self.lamps.show(usize::from(at / 3));
                Some(lamp_lit(show, at % 3))
            }
            96..=101 => Some(false),
            102 => Some(self.ills.flash_switch),
            _ => None,
        }
    }

    /// Writes one coil: 101 takes back the latch, 102 demands flash. Lamp coils are read only.
    pub(super) fn write_coil(&mut self, at: u16, on: bool) -> Result<(), Exception> {
        match at {
            101 if on => {
                let [high, low, ..] = self.last_command();
                self.acknowledge(map::join_u32(high, low))
                    .map_err(|()| Exception::Value)
            }
            101 => Ok(()),
            102 => {
                self.ills.flash_switch = on;
                Ok(())
            }
            _ => Err(Exception::Address),
        }
    }

    /// Discrete inputs.
    pub(super) fn discrete(&self, at: u16) -> Option<bool> {
        Some(match at {
            0..32 => self.inputs.occupied & (1 << at) != 0,
            32..48 => self.inputs.buttons & (1 << (at - 32)) != 0,
            49 => self.ills.manual,
            50 => self.ills.flash_switch,
            52 => self.active_mode() == 11,
            53 => self.monitor & 1 != 0,
            54 => self.monitor & 2 != 0,
            55 => !self.flashing(),
            60 => self.active_mode() == 9,
            61 => self.latched,
            48 | 51 | 56..=59 | 62..72 => false,
            _ => return None,
        })
    }

    fn flashing(&self) -> bool {
        (0..self.site.heads.len()).all(|group| is_flash_or_dark(self.lamps.show(group)))
    }

    fn applied_nibble(&self, group: usize) -> u8 {
        self.lamps.show(group).nibble()
    }

    fn observed_nibble(&self, group: usize) -> u8 {
        if group >= self.site.heads.len() {
            return NO_SENSOR;
        }
        self.observed()
            .get(group)
            .map_or(NO_SENSOR, |show| show.nibble())
    }

    fn held_s(&self, button: u16) -> u16 {
        let since = self.held_since.get(usize::from(button)).copied().flatten();
        let held = since.map_or(0, |since| self.now.saturating_sub(since) / 1000);
        u16::try_from(held).unwrap_or(u16::MAX)
    }

    fn detector_word(&self, offset: u16) -> u16 {
        let Some(reading) = self.inputs.detectors.get(usize::from(offset / 4)) else {
            return 0;
        };
        match offset % 4 {
            0 => reading.count,
            1 => reading.occupied_ms,
            2 => reading.last_pulse_ms,
            _ => u16::from(reading.faulty),
        }
    }

    fn current_ma(&self, offset: u16) -> u16 {
        let group = usize::from(offset / 3);
        let show = self.observed().get(group).copied().unwrap_or_default();
        let installed = group < self.site.heads.len();
        if installed && lamp_lit(show, offset % 3) {
            310
        } else {
            0
        }
    }
}

/// Whether the red (0), amber (1) or green (2) lamp of an indication is lit or flashes.
fn lamp_lit(show: Indication, lamp: u16) -> bool {
    match show {
        Indication::Dark => false,
        Indication::Red | Indication::FlashingRed => lamp == 0,
        Indication::Amber | Indication::FlashingAmber => lamp == 1,
        Indication::Green | Indication::FlashingGreen => lamp == 2,
        Indication::RedAmber => lamp < 2,
    }
}

fn four_nibbles(word: u16, nibble: impl Fn(usize) -> u8) -> u16 {
    let first = usize::from(word) * 4;
    (first..first + 4).fold(0, |word, group| (word << 4) | u16::from(nibble(group) & 15))
}

fn word_at(words: &[u16], at: u16) -> u16 {
    words.get(usize::from(at)).copied().unwrap_or(0)
}

fn wrap_u32(value: u64) -> u32 {
    u32::try_from(value & 0xFFFF_FFFF).unwrap_or(0)
}
