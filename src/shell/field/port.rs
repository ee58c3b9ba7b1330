//! Where the control thread and a link meet: cells that hold the latest value and nothing else.
//!
//! The control thread never waits. Outputs go into one of two slots, whichever is free: the link
//! looks at one at a time, so one always is. Inputs are taken if the cell is free, and are else
//! those of the last look, one cycle older.

use core::fmt;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::map::{ActiveMode, InputBlock, ModeReason, Reject};
use super::metrics::LinkMetrics;
use crate::detect::FieldInputs;
use crate::kernel::{CabinetState, Outputs};
use crate::signal::{GROUPS_MAX, Indication, Observed};
use crate::units::{Millis, Mono};

/// The program's monotonic clock, shared by the control thread and the links.
#[derive(Clone, Copy, Debug)]
pub struct FieldClock {
    origin: Instant,
}

impl FieldClock {
    /// A clock that starts now.
    #[must_use]
    pub fn start() -> Self {
        Self {
            origin: Instant::now(),
        }
    }

    /// Milliseconds since the start.
    #[must_use]
    pub fn now(&self) -> Mono {
        let ms = self.origin.elapsed().as_millis();
        Mono::from_ms(u64::try_from(ms).unwrap_or(u64::MAX))
    }
}

/// What the kernel wants lit, as the link carries it. Made from [`Outputs`] and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) number: u64,
    pub(super) at: Mono,
    pub(super) lamps: [Indication; GROUPS_MAX],
    pub(super) count: usize,
}

/// Whether a link drives its cabinet, and if not, why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinkState {
    /// No connection yet, or lost.
    #[default]
    Down,
    /// Connected, claimed and checked: commands flow.
    Driving,
    /// The cabinet's conflict matrix or clearances differ from ours; nothing is commanded.
    ConfigMismatch {
        /// `CONFIG_HASH` of our site file.
        ours: u32,
        /// `CONFIG_HASH` of the cabinet.
        theirs: u32,
    },
    /// Another controller holds a higher epoch; nothing is commanded.
    Fenced {
        /// That epoch.
        epoch: u32,
    },
    /// The settings did not read back as written; nothing is commanded.
    SettingsRefused,
    /// Handed over to the cabinet's local plan.
    HandedOver,
}

impl fmt::Display for LinkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Down => write!(f, "down"),
            Self::Driving => write!(f, "driving"),
            Self::ConfigMismatch { ours, theirs } => {
                write!(
                    f,
                    "config hash differs: ours {ours:08x}, cabinet {theirs:08x}"
                )
            }
            Self::Fenced { epoch } => write!(f, "fenced out by epoch {epoch}"),
            Self::SettingsRefused => write!(f, "settings not taken"),
            Self::HandedOver => write!(f, "handed over to the local plan"),
        }
    }
}

/// The last publication a cabinet is known to have taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Number of the publication, as [`CabinetPort::publish`] returned it; 0 before the first.
    pub number: u64,
    /// When its answer came.
    pub at: Mono,
}

/// What a link knows of its cabinet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkStatus {
    /// Whether it drives the cabinet.
    pub state: LinkState,
    /// What drives the lamps, by the last answer.
    pub mode: ActiveMode,
    /// Why.
    pub reason: ModeReason,
    /// Why the last refused command was refused.
    pub last_reject: Reject,
    /// The last publication the cabinet took.
    pub accepted: Accepted,
    /// When the last good answer came; `None` before the first.
    pub heard: Option<Mono>,
}

/// What a link last read.
#[derive(Debug, Default)]
struct Readings {
    inputs: FieldInputs,
    status: LinkStatus,
}

/// The cells of one cabinet.
#[derive(Debug)]
pub(super) struct Cells {
    outputs: [Mutex<Option<Picture>>; 2],
    readings: Mutex<Readings>,
    pub(super) wake: Arc<Notify>,
    pub(super) metrics: LinkMetrics,
    silent_after: Millis,
}

impl Cells {
    pub(super) fn new(wake: Arc<Notify>, silent_after: Millis) -> Self {
        Self {
            outputs: [const { Mutex::new(None) }; 2],
            readings: Mutex::default(),
            wake,
            metrics: LinkMetrics::default(),
            silent_after,
        }
    }

    /// The newest publication.
    pub(super) fn newest(&self) -> Option<Picture> {
        let look =
            |slot: &Mutex<Option<Picture>>| *slot.lock().unwrap_or_else(PoisonError::into_inner);
        let [a, b] = self.outputs.each_ref().map(look);
        [a, b]
            .into_iter()
            .flatten()
            .max_by_key(|picture| picture.number)
    }

    pub(super) fn store(&self, picture: Picture) {
        for slot in &self.outputs {
            match slot.try_lock() {
                Ok(mut slot) => {
                    *slot = Some(picture);
                    break;
                }
                Err(TryLockError::Poisoned(slot)) => {
                    *slot.into_inner() = Some(picture);
                    break;
                }
                Err(TryLockError::WouldBlock) => {}
            }
        }
        self.wake.notify_one();
    }

    pub(super) fn update(&self, change: impl FnOnce(&mut FieldInputs, &mut LinkStatus)) {
        let mut readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        let readings = &mut *readings;
        change(&mut readings.inputs, &mut readings.status);
    }

    /// Takes in a good answer.
    pub(super) fn heard(&self, block: &InputBlock, state: CabinetState, at: Mono) {
        self.update(|inputs, status| {
            inputs.readback.cabinet = state;
            inputs.readback.boot_count = block.boot_count;
            inputs.readback.lamps = block.lamps();
            inputs.occupied = block.occupied;
            inputs.buttons_held = block.buttons;
            status.mode = block.mode;
            status.reason = block.reason;
            status.last_reject = block.last_reject;
            status.heard = Some(at);
        });
    }

    pub(super) fn set_state(&self, state: LinkState) {
        self.update(|_, status| status.state = state);
    }

    pub(super) fn status(&self) -> LinkStatus {
        self.readings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .status
    }
}

/// The control thread's end of one cabinet's link.
#[derive(Debug)]
pub struct CabinetPort {
    cells: Arc<Cells>,
    published: u64,
    inputs: FieldInputs,
    status: LinkStatus,
}

impl CabinetPort {
    pub(super) fn new(cells: Arc<Cells>) -> Self {
        Self {
            cells,
            published: 0,
            inputs: FieldInputs::default(),
            status: LinkStatus::default(),
        }
    }

    /// Hands the outputs of this cycle to the link and returns the number of the publication.
    /// Never waits; an older publication that was not sent yet is forgotten.
    pub fn publish(&mut self, outputs: &Outputs) -> u64 {
        let mut lamps = [Indication::Dark; GROUPS_MAX];
        for (lamp, show) in lamps.iter_mut().zip(outputs.lamps()) {
            *lamp = *show;
        }
        self.put(outputs.at(), lamps, outputs.lamps().len())
    }

    pub(super) fn put(&mut self, at: Mono, lamps: [Indication; GROUPS_MAX], count: usize) -> u64 {
        self.published += 1;
        self.cells.store(Picture {
            number: self.published,
            at,
            lamps,
            count,
        });
        self.published
    }

    /// What the cabinet last said, with its age at `now`. Past the cabinet's time to live the
    /// reading is [`CabinetState::Silent`] and no lamp is claimed to be seen. Never waits.
    pub fn latest(&mut self, now: Mono) -> &FieldInputs {
        if let Ok(readings) = self.cells.readings.try_lock() {
            self.inputs.clone_from(&readings.inputs);
            self.status = readings.status;
        }
        let readback = &mut self.inputs.readback;
        readback.age = self
            .status
            .heard
            .map_or(Millis::MAX, |heard| now.since(heard));
        if readback.age > self.cells.silent_after {
            readback.cabinet = CabinetState::Silent;
            readback.lamps = [Observed::NoSensor; GROUPS_MAX];
        }
        &self.inputs
    }

    /// The link's own state as of the last [`CabinetPort::latest`].
    #[must_use]
    pub fn status(&self) -> LinkStatus {
        self.status
    }

    /// Number of the last publication; 0 before the first.
    #[must_use]
    pub fn published(&self) -> u64 {
        self.published
    }

    /// Round trips and counts.
    #[must_use]
    pub fn metrics(&self) -> &LinkMetrics {
        &self.cells.metrics
    }

    /// A view for other threads: status and metrics.
    #[must_use]
    pub fn monitor(&self) -> PortMonitor {
        PortMonitor {
            cells: self.cells.clone(),
        }
    }
}

/// Looks at a link from outside the control thread.
#[derive(Clone, Debug)]
pub struct PortMonitor {
    cells: Arc<Cells>,
}

impl PortMonitor {
    /// The link's state now.
    #[must_use]
    pub fn status(&self) -> LinkStatus {
        self.cells.status()
    }

    /// Round trips and counts.
    #[must_use]
    pub fn metrics(&self) -> &LinkMetrics {
        &self.cells.metrics
    }
}
