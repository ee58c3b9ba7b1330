//! How records lie in a journal file: kind, length, payload, CRC-32.
//!
//! ```text
//! file   = "GWJ1" record*
//! record = kind u8, length u32 LE, payload, crc32 u32 LE over kind, length and payload
//! ```

use thiserror::Error;

/// The first four bytes of a journal file.
pub const MAGIC: [u8; 4] = *b"GWJ1";
/// A record longer than this is damage, not data: the largest snapshot is far below.
const PAYLOAD_MAX: usize = 256 << 20;
const HEAD: usize = 5;
const TAIL: usize = 4;

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// The whole controller state; cycles after it continue from here.
    Snapshot,
    /// One cycle: commands, inputs, decisions.
    Cycle,
}

impl RecordKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Snapshot => 1,
            Self::Cycle => 2,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Snapshot, Self::Cycle]
            .into_iter()
            .find(|kind| kind.byte() == byte)
    }
}

/// Why a journal cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The file does not begin with the magic bytes.
    #[error(
        "not a journal: it does not begin with GWJ1; journals are the greenwave-*.journal files that a run writes"
    )]
    NotAJournal,
    /// The record's checksum does not match.
    #[error("record {record} at byte {at}: checksum does not match; the file is damaged here")]
    Checksum {
        /// Which record, from 0.
        record: u64,
        /// Where it begins, in bytes from the start of the file.
        at: usize,
    },
    /// The record ends beyond the file: the writer was cut off.
    #[error("record {record} at byte {at}: cut off; the writer stopped here")]
    CutOff {
        /// Which record, from 0.
        record: u64,
        /// Where it begins, in bytes from the start of the file.
        at: usize,
    },
    /// No such kind of record, or an impossible length.
    #[error(
        "record {record} at byte {at}: no such record; the file is damaged or newer than this program"
    )]
    Unknown {
        /// Which record, from 0.
        record: u64,
        /// Where it begins, in bytes from the start of the file.
        at: usize,
    },
}

/// Appends one record to `out`.
pub fn push_record(out: &mut Vec<u8>, kind: RecordKind, payload: &[u8]) {
    let start = out.len();
    out.push(kind.byte());
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(payload);
    let sum = crc32fast::hash(out.get(start..).unwrap_or_default());
    out.extend_from_slice(&sum.to_le_bytes());
}

/// Walks the records of a journal file held in memory.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
    record: u64,
}

impl<'a> Records<'a> {
    /// Starts behind the magic bytes.
    ///
    /// # Errors
    /// [`FrameError::NotAJournal`] if they are missing.
    pub fn new(bytes: &'a [u8]) -> Result<Self, FrameError> {
        if !bytes.starts_with(&MAGIC) {
            return Err(FrameError::NotAJournal);
        }
        Ok(Self {
            bytes,
            at: MAGIC.len(),
            record: 0,
        })
    }

    fn read(&self) -> Result<(RecordKind, &'a [u8], usize), FrameError> {
        let (record, at) = (self.record, self.at);
        let cut_off = FrameError::CutOff { record, at };
        let rest = self.bytes.get(at..).unwrap_or_default();
        let Some((head, _)) = rest.split_first_chunk::<HEAD>() else {
            return Err(cut_off);
        };
        let [kind, l0, l1, l2, l3] = *head;
        let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
        let kind = RecordKind::from_byte(kind).filter(|_| length <= PAYLOAD_MAX);
        let Some(kind) = kind else {
            return Err(FrameError::Unknown { record, at });
        };
        let body_end = HEAD + length;
        let (Some(body), Some(tail)) = (rest.get(..body_end), rest.get(body_end..)) else {
            return Err(cut_off);
        };
        let Some((sum, _)) = tail.split_first_chunk::<TAIL>() else {
            return Err(cut_off);
        };
        if crc32fast::hash(body) != u32::from_le_bytes(*sum) {
            return Err(FrameError::Checksum { record, at });
        }
        Ok((
            kind,
            body.get(HEAD..).unwrap_or_default(),
            at + body_end + TAIL,
        ))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<(RecordKind, &'a [u8]), FrameError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.bytes.len() {
            return None;
        }
        match self.read() {
            Ok((kind, payload, next)) => {
                self.at = next;
                self.record += 1;
                Some(Ok((kind, payload)))
            }
            Err(error) => {
                self.at = self.bytes.len();
                Some(Err(error))
            }
        }
    }
}
