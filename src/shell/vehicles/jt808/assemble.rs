//! Puts the parts of a long message together, within bounds.

use super::super::fault::{Fault, FaultKind};
use super::frame::{Header, Part};

/// Messages of one terminal that may be in parts at once; more drop the oldest.
const OPEN_MAX: usize = 4;
/// Parts that do not come within this time are given up, milliseconds.
const WAIT_MS: u64 = 60_000;

/// A message put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// The header of its first part, without the part.
    pub header: Header,
    /// The bodies in order.
    pub body: Vec<u8>,
}

#[derive(Debug)]
struct Open {
    id: u16,
    first_serial: u16,
    since_ms: u64,
    missing: u16,
    parts: Vec<Option<Vec<u8>>>,
}

/// The long messages of one terminal that are not whole yet.
#[derive(Debug, Default)]
pub struct Assembler {
    open: Vec<Open>,
}

impl Assembler {
    /// Takes one part at `now_ms` of a clock that only runs forwards; the message, once it is whole.
    ///
    /// # Errors
    /// The part contradicts the others of its message.
    pub fn take(
        &mut self,
        header: &Header,
        part: Part,
        body: &[u8],
        now_ms: u64,
    ) -> Result<Option<Whole>, Fault> {
        self.open
            .retain(|open| now_ms.saturating_sub(open.since_ms) < WAIT_MS);
        // Parts are numbered on: the serial of the first one names the message.
        let first_serial = header.serial.wrapping_sub(part.index.wrapping_sub(1));
        let known = |open: &Open| open.id == header.id && open.first_serial == first_serial;
        let at = self.open.iter().position(known).unwrap_or_else(|| {
            if self.open.len() >= OPEN_MAX {
                self.open.remove(0);
            }
            self.open.push(Open {
                id: header.id,
                first_serial,
                since_ms: now_ms,
                missing: part.total,
                parts: vec![None; usize::from(part.total)],
            });
            self.open.len() - 1
        });
        let Some(open) = self.open.get_mut(at) else {
            return Ok(None);
        };
        let total = open.parts.len();
        let slot = open
            .parts
            .get_mut(usize::from(part.index).saturating_sub(1));
        let Some(slot) = slot.filter(|_| total == usize::from(part.total)) else {
            return Err(Fault::new(
                FaultKind::Part,
                (0, "number of parts"),
                format!("{total}, as the other parts said"),
                part.total.to_string(),
            ));
        };
        if slot.is_none() {
            *slot = Some(body.to_vec());
            open.missing = open.missing.saturating_sub(1);
        }
        if open.missing > 0 {
            return Ok(None);
        }
        let done = self.open.remove(at);
        Ok(Some(Whole {
            header: Header {
                serial: first_serial,
                part: None,
                ..*header
            },
            body: done.parts.into_iter().flatten().flatten().collect(),
        }))
    }
}
