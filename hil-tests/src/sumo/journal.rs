//! The journal of a run against SUMO, kept in memory: the same bytes that a station writes.

use greenwave::controller::{City, CycleInputs};
use greenwave::journal::{MAGIC, RecordKind, Recorder, push_record, push_snapshot};

/// A journal that begins with the city as it stood.
#[derive(Clone, Debug)]
pub struct Journal {
    bytes: Vec<u8>,
    recorder: Recorder,
    ended: bool,
}

impl Journal {
    /// A journal of `city` from its next cycle on.
    #[must_use]
    pub fn of(city: &City) -> Self {
        let mut bytes = MAGIC.to_vec();
        let _plain_data_serialises = push_snapshot(&mut bytes, city);
        Self {
            bytes,
            recorder: Recorder::new(city.sites().len()),
            ended: false,
        }
    }

    /// Adds the cycle that `city` has just run, unless the journal has ended.
    pub(super) fn cycle(&mut self, inputs: &CycleInputs<'_>, city: &City) {
        if self.ended {
            return;
        }
        let mut payload = Vec::new();
        self.recorder.push_cycle(&mut payload, inputs, city);
        push_record(&mut self.bytes, RecordKind::Cycle, &payload);
    }

    /// Nothing is added any more.
    pub const fn end(&mut self) {
        self.ended = true;
    }

    /// The file.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
