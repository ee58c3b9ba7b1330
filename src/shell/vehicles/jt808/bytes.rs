//! A body read field by field; every reader knows where it stands.

use super::super::fault::{Fault, FaultKind};

/// Bytes that are read from the front.
#[derive(Clone, Debug)]
pub(super) struct Bytes<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Bytes<'a> {
    /// `bytes`, of which the first stands at `at`.
    pub(super) const fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { rest: bytes, at }
    }

    /// Where the next byte stands.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    pub(super) const fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next `count` bytes.
    pub(super) fn take(&mut self, count: usize, what: &'static str) -> Result<&'a [u8], Fault> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return Err(Fault::new(
                FaultKind::Length,
                (self.at, what),
                format!("{count} bytes"),
                format!("{} bytes to the end of the body", self.rest.len()),
            ));
        };
        self.rest = rest;
        self.at += count;
        Ok(taken)
    }

    /// Everything that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        let taken = self.rest;
        self.at += taken.len();
        self.rest = &[];
        taken
    }

    pub(super) fn u8(&mut self, what: &'static str) -> Result<u8, Fault> {
        let taken = self.take(1, what)?;
        Ok(taken.first().copied().unwrap_or_default())
    }

    pub(super) fn u16(&mut self, what: &'static str) -> Result<u16, Fault> {
        let taken = self.take(2, what)?;
        Ok(taken
            .iter()
            .fold(0, |sum, byte| (sum << 8) | u16::from(*byte)))
    }

    pub(super) fn u32(&mut self, what: &'static str) -> Result<u32, Fault> {
        let taken = self.take(4, what)?;
        Ok(taken
            .iter()
            .fold(0, |sum, byte| (sum << 8) | u32::from(*byte)))
    }

    /// Refuses what a message has no field for.
    pub(super) fn end(&self, what: &'static str) -> Result<(), Fault> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(Fault::new(
            FaultKind::Length,
            (self.at, what),
            "the end of the body",
            format!("{} more bytes", self.rest.len()),
        ))
    }
}
