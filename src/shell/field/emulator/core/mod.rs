//! The cabinet itself: who drives the lamps, whose commands count, and what happens when nobody
//! commands any more. A state machine that is stepped with a time and knows no clock.

mod command;
mod sensors;

use std::sync::Arc;

use super::StreetInputs;
use super::lamps::Lamps;
use super::programme::LocalRun;
use super::site::{CabinetSite, bit};
use crate::shell::field::map::{COMMAND_WORDS, GROUPS, Mode};
use crate::signal::Indication;

/// What survives a restart.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) boot_count: u16,
    pub(super) epoch: u32,
    pub(super) claim_id: u16,
    pub(super) hb_timeout_ms: u16,
    pub(super) fallback: u16,
    pub(super) fallback_plan: u16,
    pub(super) min_flash_s: u16,
    pub(super) latch_after: u16,
}

/// A step of the start-up sequence (I10, I11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StartStep {
    /// The local programme ends its greens.
    Clearing,
    /// Flashing amber until then.
    Flash(u64),
    /// All red until then.
    Red(u64),
}

/// Who drives the lamps.
#[derive(Clone, Debug)]
enum Drive {
    StartUp(StartStep),
    /// The controller, by one of the modes direct, stage, all-red, flash, dark, hold.
    Remote(Mode, u16),
    /// The cabinet's own programme; true if it was told so, false if it lost its controller.
    Local(LocalRun, bool),
    /// Fallback: all red until then, flash afterwards.
    RedThenFlash(u64),
    FallbackFlash,
    Manual,
    Monitor,
}

/// Faults that a person or a test can put into the cabinet itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ills {
    /// This group's lamps show that, whatever the output stage says.
    pub(super) stuck: Option<(u8, Indication)>,
    /// Two hostile groups are lit green.
    pub(super) conflict: bool,
    /// A person works the panel.
    pub(super) manual: bool,
    /// The switch in the cabinet (or coil 102) asks for flash.
    pub(super) flash_switch: bool,
}

/// An emulated cabinet: interlock, local programme, fallback, monitor, counters.
#[derive(Clone, Debug)]
pub struct CabinetCore {
    pub(super) site: Arc<CabinetSite>,
    pub(super) kept: Kept,
    pub(super) config_hash: u32,
    pub(super) now: u64,
    pub(super) scanned: u64,
    booted: u64,
    pub(super) input_seq: u16,
    pub(super) lamps: Lamps,
    drive: Drive,
    pub(super) reason: u16,
    deadline: Option<u64>,
    /// When the last command was accepted, and how long it lives.
    pub(super) commanded: (u64, u64),
    last: Option<[u16; COMMAND_WORDS]>,
    pub(super) accepted_seq: u16,
    pub(super) last_reject: u16,
    pub(super) reject_count: u16,
    pub(super) comms_faults: u16,
    faults_day: u64,
    pub(super) latched: bool,
    pub(super) monitor: u16,
    pub(super) monitor_groups: u32,
    conflict_since: Option<u64>,
    red_lost_since: Option<u64>,
    pub(super) ills: Ills,
    pub(super) inputs: StreetInputs,
    rising_at: [u64; 32],
    pub(super) held_since: [Option<u64>; 16],
    /// Unix milliseconds at cabinet time zero, and the zone in quarter hours, once told.
    pub(super) wall: Option<(u64, i16)>,
    pub(super) time_block: [u16; 4],
}

impl CabinetCore {
    /// A cabinet that is switched on at `now` (milliseconds of its own clock).
    #[must_use]
    pub fn new(site: Arc<CabinetSite>, now: u64) -> Self {
        let kept = Kept {
            boot_count: 0,
            epoch: 0,
            claim_id: 0,
            hb_timeout_ms: 1000,
            fallback: 1,
            fallback_plan: 0,
            min_flash_s: 10,
            latch_after: 0,
        };
        Self::boot(site, kept, now)
    }

    fn boot(site: Arc<CabinetSite>, mut kept: Kept, now: u64) -> Self {
        kept.boot_count = kept.boot_count.wrapping_add(1);
        let mut lamps = Lamps::dark(site.heads.len());
        lamps.force(&site, true, now);
        let flash_end = now + u64::from(site.start_flash);
        Self {
            config_hash: site.config_hash(),
            kept,
            now,
            scanned: now,
            booted: now,
            input_seq: 0,
            lamps,
            drive: Drive::StartUp(StartStep::Flash(flash_end)),
            reason: 4,
            deadline: None,
            commanded: (0, 0),
            last: None,
            accepted_seq: 0,
            last_reject: 0,
            reject_count: 0,
            comms_faults: 0,
            faults_day: 0,
            latched: false,
            monitor: 0,
            monitor_groups: 0,
            conflict_since: None,
            red_lost_since: None,
            ills: Ills::default(),
            inputs: StreetInputs::default(),
            rising_at: [now; 32],
            held_since: [None; 16],
            wall: None,
            time_block: [0; 4],
            site,
        }
    }

    /// Switches the cabinet off and on again: only what is kept through a power cut survives.
    pub fn restart(&mut self, now: u64) {
        let (inputs, held) = (self.inputs, self.held_since);
        *self = Self::boot(self.site.clone(), self.kept.clone(), now.max(self.now));
        self.inputs = inputs;
        self.held_since = held;
    }

    /// One device scan: time passes, the drive acts, sensors are read. Time that runs backwards
    /// is held.
    pub fn step(&mut self, now: u64) {
        self.advance(now);
        self.scan();
    }

    /// The site this cabinet belongs to.
    #[must_use]
    pub fn site(&self) -> &CabinetSite {
        &self.site
    }

    /// `ACTIVE_MODE` of the map.
    #[must_use]
    pub fn active_mode(&self) -> u16 {
        match &self.drive {
            Drive::StartUp(_) => 8,
            Drive::Remote(mode, _) => mode.word(),
            Drive::Local(_, true) => 5,
            Drive::Local(_, false) | Drive::RedThenFlash(_) | Drive::FallbackFlash => 9,
            Drive::Manual => 10,
            Drive::Monitor => 11,
        }
    }

    /// Milliseconds since it was switched on, at the last scan.
    #[must_use]
    pub fn uptime_ms(&self) -> u64 {
        self.scanned.saturating_sub(self.booted)
    }

    /// Until the running command is void.
    #[must_use]
    pub fn remaining_ms(&self) -> u16 {
        let left = self.deadline.map_or(0, |at| at.saturating_sub(self.now));
        u16::try_from(left).unwrap_or(u16::MAX)
    }

    /// What is lit as a person on the street sees it, lamp faults included.
    #[must_use]
    pub fn observed(&self) -> [Indication; GROUPS] {
        let mut seen = self.lamps.picture();
        if matches!(self.drive, Drive::Monitor) {
            return seen;
        }
        if let Some((group, show)) = self.ills.stuck
            && let Some(lamp) = seen.get_mut(usize::from(group))
        {
            *lamp = show;
        }
        if self.ills.conflict
            && let Some((a, b)) = self.first_hostile_pair()
        {
            seen[a] = Indication::Green;
            seen[b] = Indication::Green;
        }
        seen
    }

    /// What the output stage was told.
    #[must_use]
    pub fn applied(&self) -> [Indication; GROUPS] {
        self.lamps.picture()
    }

    /// A person at the cabinet puts the monitor back.
    pub fn reset_monitor(&mut self, now: u64) {
        self.advance(now);
        self.monitor = 0;
        self.monitor_groups = 0;
        if matches!(self.drive, Drive::Monitor) {
            self.begin_start_up();
        }
    }

    fn first_hostile_pair(&self) -> Option<(usize, usize)> {
        let count = self.site.heads.len();
        let pairs = (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b)));
        pairs.into_iter().find(|(a, b)| self.site.hostile(*a, *b))
    }

    /// Lets time pass: voids old commands, runs the drive.
    pub(super) fn advance(&mut self, now: u64) {
        self.now = self.now.max(now);
        self.new_day();
        self.obey_panel();
        if self.deadline.is_some_and(|at| at <= self.now) {
            self.deadline = None;
            if matches!(self.drive, Drive::Remote(..)) {
                self.comms_faults = self.comms_faults.saturating_add(1);
                let limit = self.kept.latch_after;
                self.latched |= limit > 0 && self.comms_faults >= limit;
                self.fall_back();
            }
        }
        self.drive_lamps();
    }

    fn drive_lamps(&mut self) {
        let (site, now) = (self.site.clone(), self.now);
        match &mut self.drive {
            Drive::StartUp(_) => self.start_up_step(),
            Drive::Local(run, _) => {
                let target = run.target(&site, now);
                self.lamps.walk(&site, target, now);
            }
            Drive::Remote(Mode::Stage, stage) => {
                let at = usize::from(*stage).saturating_sub(1);
                let target = site.stages.get(at).map_or(0, |stage| stage.green);
                self.lamps.walk(&site, target, now);
            }
            Drive::Remote(Mode::AllRed, _) => self.lamps.walk(&site, 0, now),
            Drive::Remote(Mode::Hold, _) => self.hold(),
            Drive::RedThenFlash(until) => {
                if now >= *until {
                    self.lamps.force(&site, true, now);
                    self.drive = Drive::FallbackFlash;
                } else {
                    self.lamps.walk(&site, 0, now);
                }
            }
            Drive::Remote(..) | Drive::FallbackFlash | Drive::Manual | Drive::Monitor => {}
        }
    }

    /// What is green stays green, what is clearing ends clearing.
    fn hold(&mut self) {
        let green = (0..self.site.heads.len())
            .filter(|group| self.lamps.show(*group) == Indication::Green)
            .fold(0, |set, group| set | bit(group));
        self.lamps.walk(&self.site, green, self.now);
    }

    fn start_up_step(&mut self) {
        let Drive::StartUp(step) = self.drive else {
            return;
        };
        let (site, now) = (self.site.clone(), self.now);
        match step {
            StartStep::Clearing => {
                self.lamps.walk(&site, 0, now);
                if self.lamps.all(Indication::Red) {
                    self.lamps.force(&site, true, now);
                    self.drive = Drive::StartUp(StartStep::Flash(now + self.flash_length()));
                }
            }
            StartStep::Flash(until) if now >= until => {
                let all_red = now + u64::from(site.start_red);
                self.lamps.walk(&site, 0, now);
                self.drive = Drive::StartUp(StartStep::Red(all_red));
            }
            StartStep::Red(until) if now >= until => {
                self.reason = 0;
                if self.deadline.is_some() && !self.latched {
                    self.drive = Drive::Remote(Mode::Direct, 0);
                } else {
                    self.fall_back();
                }
            }
            StartStep::Flash(_) | StartStep::Red(_) => {}
        }
    }

    fn flash_length(&self) -> u64 {
        let kept = u64::from(self.kept.min_flash_s) * 1000;
        kept.max(u64::from(self.site.start_flash))
    }

    /// The way back from flash or a local programme to the controller: never straight.
    fn begin_start_up(&mut self) {
        let flashing = matches!(self.drive, Drive::FallbackFlash | Drive::Monitor);
        self.drive = Drive::StartUp(if flashing {
            StartStep::Flash(self.now + self.flash_length())
        } else {
            StartStep::Clearing
        });
    }

    fn fall_back(&mut self) {
        self.reason = 1;
        let run = LocalRun::new(&self.site, self.kept.fallback_plan, self.now);
        self.drive = match (self.kept.fallback, run) {
            (1, Some(run)) => Drive::Local(run, false),
            (3, _) => Drive::RedThenFlash(self.now + 5000),
            _ => {
                self.lamps.force(&self.site, true, self.now);
                Drive::FallbackFlash
            }
        };
    }

    fn obey_panel(&mut self) {
        let manual = matches!(self.drive, Drive::Manual);
        if self.ills.manual && !manual && !matches!(self.drive, Drive::Monitor) {
            self.drive = Drive::Manual;
            self.reason = 3;
        } else if !self.ills.manual && manual {
            self.begin_start_up();
        }
        if self.ills.flash_switch && matches!(self.drive, Drive::Remote(..) | Drive::Local(..)) {
            self.reason = 3;
            self.lamps.force(&self.site, true, self.now);
            self.drive = Drive::FallbackFlash;
        }
    }

    fn new_day(&mut self) {
        let day = match self.wall {
            Some((unix_ms, quarters)) => {
                let local = unix_ms.saturating_add(self.now);
                local.saturating_add_signed(i64::from(quarters) * 900_000) / 86_400_000
            }
            None => self.now / 86_400_000,
        };
        if day != self.faults_day {
            self.faults_day = day;
            self.comms_faults = 0;
        }
    }
}
