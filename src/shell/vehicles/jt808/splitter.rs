//! Frames out of a stream of bytes, whatever the network made of their borders.

use super::frame::{MARK, RAW_MAX};

/// Collects bytes until a frame is whole.
///
/// Two frames may share a mark, and noise before a mark is dropped and counted. It never holds more
/// than one frame.
#[derive(Debug, Default)]
pub struct Splitter {
    held: Vec<u8>,
    /// Bytes that belonged to no frame.
    noise: u64,
    /// Frames dropped because they were longer than any frame can be.
    oversize: u64,
}

impl Splitter {
    /// Takes one byte; the frame that it completes, marks included, can then be read from
    /// [`Splitter::frame`] until the next byte comes.
    pub fn take(&mut self, byte: u8) -> bool {
        let ended = self.held.len() > 1 && self.held.last() == Some(&MARK);
        if ended {
            // The end of a frame may be the start of the next.
            self.held.truncate(0);
            self.held.push(MARK);
        }
        match (self.held.is_empty(), byte == MARK) {
            (true, true) => self.held.push(MARK),
            (true, false) => self.noise = self.noise.saturating_add(1),
            // Marks in a row enclose nothing.
            (false, true) if self.held.len() == 1 => {}
            (false, true) => {
                self.held.push(MARK);
                return true;
            }
            (false, false) if self.held.len() >= RAW_MAX - 1 => {
                self.oversize = self.oversize.saturating_add(1);
                self.held.clear();
            }
            (false, false) => self.held.push(byte),
        }
        false
    }

    /// The frame that the last byte completed.
    #[must_use]
    pub fn frame(&self) -> &[u8] {
        &self.held
    }

    /// Bytes that belonged to no frame so far.
    #[must_use]
    pub const fn noise(&self) -> u64 {
        self.noise
    }

    /// Frames that were longer than any frame can be so far.
    #[must_use]
    pub const fn oversize(&self) -> u64 {
        self.oversize
    }
}
