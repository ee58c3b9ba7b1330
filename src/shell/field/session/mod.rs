//! What a link and one cabinet have between them: claim, settings, sequence, and the checks that
//! tell a fresh answer from a late one. It uses a connection for one question at a time and never
//! outlives a doubt: any timeout, short or stale answer makes the connection unfit for use.

mod ask;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use tokio_modbus::client::Context;
use tokio_modbus::{ExceptionCode, Request, Response};

use super::freshness::Freshness;
use super::map::{
    self, CLAIM_AT, CLAIM_WORDS, COMMAND_AT, CONFIG_HASH_AT, Command, Counters, INPUT_WORDS,
    InputBlock, MIRROR_AT, Mode, SETTINGS_AT, SETTINGS_WORDS, TIME_AT, UNCHANGED,
};
use super::metrics::Count;
use super::port::{Cells, FieldClock, LinkState, Picture};
use super::set::{FieldOptions, LinkSpec, Wire};
use crate::kernel::CabinetState;
use crate::signal::Indication;
use crate::units::Mono;

pub(super) use ask::LinkError;

/// One cabinet as its link sees it.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) spec: LinkSpec,
    pub(super) cells: Arc<Cells>,
    options: FieldOptions,
    answer_within: Duration,
    ttl_ms: u16,
    seq: u16,
    sent: Option<Picture>,
    fc23: bool,
    driving: bool,
    resumable: bool,
    fresh: Freshness,
    counters: Counters,
    counters_at: u64,
    moved: (u32, u16),
    config_hash: u32,
}

impl Session {
    pub(super) fn new(spec: LinkSpec, cells: Arc<Cells>, options: FieldOptions) -> Self {
        let (answer_within, ttl_ms) = match spec.wire {
            Wire::Tcp(_) => (Duration::from_millis(300), 1000),
            Wire::Rtu { .. } => (Duration::from_millis(150), 2000),
        };
        Self {
            config_hash: map::config_hash(&spec.safety),
            spec,
            cells,
            options,
            answer_within,
            ttl_ms,
            seq: 0,
            sent: None,
            fc23: true,
            driving: false,
            resumable: false,
            fresh: Freshness::default(),
            counters: Counters::default(),
            counters_at: 0,
            moved: (0, 0),
        }
    }

    fn clock(&self) -> FieldClock {
        self.options.clock
    }

    fn now(&self) -> Mono {
        self.options.clock.now()
    }

    /// True if commands flow.
    pub(super) const fn is_driving(&self) -> bool {
        self.driving
    }

    /// True if at least one picture was sent on this connection.
    pub(super) const fn has_driven(&self) -> bool {
        self.sent.is_some()
    }

    /// True if there is a picture whose lamps differ from the last one sent.
    pub(super) fn is_urgent(&self) -> bool {
        let newest = self.cells.newest().filter(|picture| self.is_alive(picture));
        self.driving
            && newest.is_some_and(|newest| Some(newest.lamps) != self.sent.map(|sent| sent.lamps))
    }

    /// True while the picture is not older than a command may live.
    fn is_alive(&self, picture: &Picture) -> bool {
        self.now().since(picture.at).as_ms() < u32::from(self.ttl_ms)
    }

    /// Brings the link up: who is there, is it the same site, take it over, set its watchdog.
    pub(super) async fn open(&mut self, context: &mut Context) -> Result<(), LinkError> {
        self.driving = false;
        self.resumable = false;
        self.fresh = Freshness::default();
        let block = self.read_block(context).await?;
        self.note(&block);
        let hash = self.read_holding(context, CONFIG_HASH_AT, 2).await?;
        let theirs = map::join_u32(hash[0], hash[1]);
        if theirs != self.config_hash {
            let ours = self.config_hash;
            self.cells
                .set_state(LinkState::ConfigMismatch { ours, theirs });
            return Ok(());
        }
        if !self.claim(context, &block).await? || !self.settle(context).await? {
            return Ok(());
        }
        self.set_time(context).await?;
        self.seq = self.seq.wrapping_add(1);
        self.driving = true;
        self.cells.set_state(LinkState::Driving);
        Ok(())
    }

    async fn claim(
        &mut self,
        context: &mut Context,
        block: &InputBlock,
    ) -> Result<bool, LinkError> {
        let [high, low] = map::split_u32(self.options.epoch);
        let words = [high, low, self.options.controller_id];
        let fenced = LinkState::Fenced {
            epoch: block.accepted_epoch,
        };
        if block.accepted_epoch > self.options.epoch {
            self.cells.set_state(fenced);
            return Ok(false);
        }
        match self.write(context, CLAIM_AT, &words).await {
            Ok(()) => {}
            Err(LinkError::Exception(_)) => {
                self.cells.set_state(fenced);
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
        let back = self.read_holding(context, CLAIM_AT, CLAIM_WORDS).await?;
        if back != words {
            self.cells.set_state(fenced);
            return Ok(false);
        }
        Ok(true)
    }

    /// After a drained line: one fresh look decides whether this is still the cabinet that was
    /// driven, with our epoch and without a restart. If so commands flow on; if not the link is
    /// opened anew.
    pub(super) async fn resume(&mut self, context: &mut Context) -> Result<(), LinkError> {
        if !core::mem::take(&mut self.resumable) {
            return self.open(context).await;
        }
        let block = self.read_block(context).await?;
        self.note(&block);
        let restarted = self.fresh.restarted();
        if restarted {
            self.cells.metrics.add(Count::Restarts);
        }
        if restarted || block.accepted_epoch != self.options.epoch {
            return self.open(context).await;
        }
        self.driving = true;
        self.cells.set_state(LinkState::Driving);
        Ok(())
    }

    /// Watchdog and fallback, written and read back at each link up.
    async fn settle(&mut self, context: &mut Context) -> Result<bool, LinkError> {
        let settings = [self.ttl_ms, self.spec.fallback.word(), 0, 10, 0];
        match self.write(context, SETTINGS_AT, &settings).await {
            Ok(()) => {}
            Err(LinkError::Exception(_)) => {
                self.cells.set_state(LinkState::SettingsRefused);
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
        let back = self
            .read_holding(context, SETTINGS_AT, SETTINGS_WORDS)
            .await?;
        let taken = back == settings;
        if !taken {
            self.cells.set_state(LinkState::SettingsRefused);
        }
        Ok(taken)
    }

    async fn set_time(&mut self, context: &mut Context) -> Result<(), LinkError> {
        let unix_ms = jiff::Timestamp::now().as_millisecond();
        let seconds = u32::try_from(unix_ms.div_euclid(1000)).unwrap_or(0);
        let ms = u16::try_from(unix_ms.rem_euclid(1000)).unwrap_or(0);
        let [high, low] = map::split_u32(seconds);
        let zone = u16::from_be_bytes(self.options.zone_quarters.to_be_bytes());
        match self.write(context, TIME_AT, &[high, low, ms, zone]).await {
            // A cabinet without a clock of its own is no reason not to drive it.
            Ok(()) | Err(LinkError::Exception(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// One round: the newest picture if there is a new one, else only a look; then counters.
    pub(super) async fn tick(&mut self, context: &mut Context) -> Result<(), LinkError> {
        let picture = self.cells.newest().filter(|picture| {
            let new = self.sent.map(|sent| sent.number) != Some(picture.number);
            self.driving && new && self.is_alive(picture)
        });
        if let Some(picture) = picture {
            self.drive(context, picture).await?;
        } else {
            let block = self.read_block(context).await?;
            self.note(&block);
        }
        self.read_counters(context).await?;
        if self.fresh.restarted() {
            self.cells.metrics.add(Count::Restarts);
            return Err(LinkError::Restarted);
        }
        Ok(())
    }

    async fn drive(&mut self, context: &mut Context, picture: Picture) -> Result<(), LinkError> {
        let command = self.command_of(&picture);
        self.sent = Some(picture);
        if let Some(block) = self.send(context, &command).await? {
            self.note(&block);
            let at = self.now();
            self.cells.metrics.add(Count::Accepted);
            self.cells.update(|_, status| {
                status.accepted.number = picture.number;
                status.accepted.at = at;
            });
        }
        Ok(())
    }

    /// Sends one command. The block of the answer if it was taken, nothing if it was refused.
    async fn send(
        &mut self,
        context: &mut Context,
        command: &Command,
    ) -> Result<Option<InputBlock>, LinkError> {
        self.seq = command.seq.wrapping_add(1);
        match self.write_command(context, command).await {
            Ok(block) => {
                let ours = block.accepted_epoch == command.epoch;
                if ours && block.accepted_seq == command.seq {
                    return Ok(Some(block));
                }
                self.cells.metrics.add(Count::Stale);
                Err(LinkError::Stale)
            }
            Err(LinkError::Exception(ExceptionCode::IllegalDataValue)) => {
                self.cells.metrics.add(Count::Rejects);
                let block = self.read_block(context).await?;
                self.note(&block);
                if block.accepted_epoch != self.options.epoch {
                    self.driving = false;
                    self.cells.set_state(LinkState::Fenced {
                        epoch: block.accepted_epoch,
                    });
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn write_command(
        &mut self,
        context: &mut Context,
        command: &Command,
    ) -> Result<InputBlock, LinkError> {
        let words = command.encode();
        if self.fc23 {
            let count = u16::try_from(INPUT_WORDS).unwrap_or(0);
            let request = Request::ReadWriteMultipleRegisters(
                MIRROR_AT,
                count,
                COMMAND_AT,
                Cow::Borrowed(&words),
            );
            let asked = self.now();
            match self.ask(context, request).await {
                Ok(Response::ReadWriteMultipleRegisters(words)) => {
                    return self.check_block(&words, asked);
                }
                Ok(_) => return Err(self.malformed()),
                Err(LinkError::Exception(ExceptionCode::IllegalFunction)) => self.fc23 = false,
                Err(error) => return Err(error),
            }
        }
        self.write(context, COMMAND_AT, &words).await?;
        self.read_block(context).await
    }

    fn command_of(&self, picture: &Picture) -> Command {
        let lamps = picture.lamps.iter().take(picture.count);
        let dark = lamps.clone().all(|show| *show == Indication::Dark);
        let flash = lamps
            .clone()
            .all(|show| matches!(show, Indication::Dark | Indication::FlashingAmber));
        let age = self.now().since(picture.at).as_ms();
        let left = u32::from(self.ttl_ms).saturating_sub(age);
        Command {
            epoch: self.options.epoch,
            seq: self.seq,
            mode: match (dark, flash) {
                (true, _) => Mode::Dark,
                (false, true) => Mode::Flash,
                (false, false) => Mode::Direct,
            },
            ttl_ms: u16::try_from(left)
                .unwrap_or(self.ttl_ms)
                .max(map::TTL_MIN_MS),
            stage: 0,
            lamps: picture.lamps.map(Indication::nibble),
            dim: 0,
        }
    }

    /// Tells the cabinet to run its local plan. True if it took it.
    pub(super) async fn hand_over(&mut self, context: &mut Context) -> Result<bool, LinkError> {
        if !self.driving {
            return Ok(false);
        }
        let command = Command {
            epoch: self.options.epoch,
            seq: self.seq,
            mode: Mode::LocalPlan,
            ttl_ms: self.ttl_ms,
            stage: 0,
            lamps: [UNCHANGED; map::GROUPS],
            dim: 0,
        };
        let taken = self.send(context, &command).await?;
        if let Some(block) = &taken {
            self.note(block);
            self.driving = false;
            self.cells.set_state(LinkState::HandedOver);
        }
        Ok(taken.is_some())
    }

    /// Publishes a good answer.
    fn note(&self, block: &InputBlock) {
        let state = if block.accepted_epoch > self.options.epoch {
            // It follows somebody, but not us.
            CabinetState::Fallback
        } else {
            block.mode.cabinet_state()
        };
        self.cells.heard(block, state, self.now());
    }

    /// The connection is gone: nothing is driven until it is opened anew.
    pub(super) fn lost(&mut self) {
        self.resumable |= self.driving;
        self.driving = false;
        self.sent = None;
        self.cells.metrics.add(Count::Reconnects);
        let state = self.cells.status().state;
        if state != LinkState::HandedOver {
            self.cells.set_state(LinkState::Down);
        }
    }
}
