//! One question and its answer, and what makes an answer good.

use std::borrow::Cow;

use tokio::time::{Instant, timeout};
use tokio_modbus::client::{Client, Context};
use tokio_modbus::prelude::SlaveContext;
use tokio_modbus::{ExceptionCode, Request, Response, Slave};

use super::Session;
use crate::shell::field::map::{BUTTONS_AT, DETECTORS_AT, INPUT_WORDS, InputBlock, MapError};
use crate::shell::field::metrics::Count;
use crate::units::Mono;

/// Counters are read this often even when nothing moves.
const COUNTERS_EVERY_MS: u64 = 1000;
/// And not more often than this when something does.
const COUNTERS_GAP_MS: u64 = 200;
/// Detectors of the first of two counter reads; the second is shorter, so that their answers
/// cannot be taken for each other.
const FIRST_READ: u16 = 17;

/// Why a connection can no longer be trusted, or what the cabinet would not do.
#[derive(Debug, thiserror::Error)]
pub(in crate::shell::field) enum LinkError {
    #[error("no answer in time")]
    Timeout,
    #[error(transparent)]
    Modbus(#[from] tokio_modbus::Error),
    #[error("the cabinet answered with exception {0:?}")]
    Exception(ExceptionCode),
    #[error(transparent)]
    Map(#[from] MapError),
    #[error("an answer of another kind, length or address than the question")]
    Echo,
    #[error("an answer that belongs to an earlier question")]
    Stale,
    #[error("the cabinet restarted")]
    Restarted,
}

impl LinkError {
    /// True if the wire itself is all right.
    pub(in crate::shell::field) const fn is_answer(&self) -> bool {
        matches!(self, Self::Exception(_) | Self::Restarted)
    }
}

impl Session {
    pub(super) async fn read_counters(&mut self, context: &mut Context) -> Result<(), LinkError> {
        let now = self.clock().now().as_ms();
        let snapshot = self.fresh.snapshot();
        let due = if snapshot == self.moved {
            COUNTERS_EVERY_MS
        } else {
            COUNTERS_GAP_MS
        };
        if self.counters_at != 0 && now.saturating_sub(self.counters_at) < due {
            return Ok(());
        }
        self.moved = snapshot;
        self.counters_at = now.max(1);
        let detectors = u16::from(self.spec.detectors.min(32));
        let first = detectors.min(FIRST_READ);
        let reads = [
            (BUTTONS_AT, 16),
            (DETECTORS_AT, first * 4),
            (DETECTORS_AT + first * 4, (detectors - first) * 4),
        ];
        for (at, count) in reads.into_iter().filter(|(_, count)| *count > 0) {
            let request = Request::ReadInputRegisters(at, count);
            let words = match self.ask(context, request).await? {
                Response::ReadInputRegisters(words) if words.len() == usize::from(count) => words,
                _ => return Err(self.malformed()),
            };
            self.counters.take(at, &words);
        }
        let counters = &self.counters;
        self.cells.update(|inputs, _| {
            inputs.detectors = counters.detectors;
            inputs.presses = counters.presses;
        });
        Ok(())
    }

    pub(super) async fn read_block(
        &mut self,
        context: &mut Context,
    ) -> Result<InputBlock, LinkError> {
        let count = u16::try_from(INPUT_WORDS).unwrap_or(0);
        let asked = self.now();
        match self
            .ask(context, Request::ReadInputRegisters(0, count))
            .await?
        {
            Response::ReadInputRegisters(words) => self.check_block(&words, asked),
            _ => Err(self.malformed()),
        }
    }

    pub(super) fn check_block(
        &mut self,
        words: &[u16],
        asked: Mono,
    ) -> Result<InputBlock, LinkError> {
        let block = match InputBlock::decode(words) {
            Ok(block) => block,
            Err(error) => {
                self.cells.metrics.add(Count::Malformed);
                return Err(error.into());
            }
        };
        if !self.fresh.take(&block, asked, self.now()) {
            self.cells.metrics.add(Count::Stale);
            return Err(LinkError::Stale);
        }
        Ok(block)
    }

    pub(super) async fn read_holding(
        &mut self,
        context: &mut Context,
        at: u16,
        count: usize,
    ) -> Result<Vec<u16>, LinkError> {
        let asked = u16::try_from(count).unwrap_or(0);
        match self
            .ask(context, Request::ReadHoldingRegisters(at, asked))
            .await?
        {
            Response::ReadHoldingRegisters(words) if words.len() == count => Ok(words),
            _ => Err(self.malformed()),
        }
    }

    pub(super) async fn write(
        &mut self,
        context: &mut Context,
        at: u16,
        words: &[u16],
    ) -> Result<(), LinkError> {
        let count = u16::try_from(words.len()).unwrap_or(0);
        let request = Request::WriteMultipleRegisters(at, Cow::Borrowed(words));
        match self.ask(context, request).await? {
            Response::WriteMultipleRegisters(echo_at, echo) if (echo_at, echo) == (at, count) => {
                Ok(())
            }
            _ => Err(self.malformed()),
        }
    }

    pub(super) fn malformed(&self) -> LinkError {
        self.cells.metrics.add(Count::Malformed);
        LinkError::Echo
    }

    /// One question and its answer, timed. The caller drops the connection on any error that is
    /// not an answer.
    pub(super) async fn ask(
        &mut self,
        context: &mut Context,
        request: Request<'_>,
    ) -> Result<Response, LinkError> {
        self.cells.metrics.add(Count::Requests);
        context.set_slave(Slave(self.spec.unit));
        let began = Instant::now();
        let Ok(answer) = timeout(self.answer_within, context.call(request)).await else {
            self.cells.metrics.add(Count::Timeouts);
            return Err(LinkError::Timeout);
        };
        self.cells.metrics.add_round_trip(began.elapsed());
        match answer {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(exception)) => Err(LinkError::Exception(exception)),
            Err(error) => {
                self.cells.metrics.add(Count::Malformed);
                Err(error.into())
            }
        }
    }
}
