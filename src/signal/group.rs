//! Signal groups: lamp sets that always show one thing.

use serde::{Deserialize, Serialize};

use super::Indication;
use crate::units::Millis;

/// What kind of street user a signal group speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GroupKind {
    /// Round vehicle signal; may have yielding (permissive) partners.
    Vehicle,
    /// Arrow signal; its stream is protected, so it has no permissive partner (GB 14886 4.3).
    Arrow,
    /// Bicycles and e-bikes with a signal of their own.
    NonMotor,
    /// Walkers. Go is walk, clear is the flashing green man.
    Pedestrian,
    /// Left-turn waiting area (待转区): lets vehicles advance into the junction and wait there.
    /// Its clearance is counted from the waiting place, so it has intergreens of its own.
    WaitingArea,
}

impl GroupKind {
    /// True for the kinds that drive or ride and are shown amber.
    #[must_use]
    pub const fn shows_amber(self) -> bool {
        match self {
            Self::Vehicle | Self::Arrow | Self::NonMotor | Self::WaitingArea => true,
            Self::Pedestrian => false,
        }
    }
}

/// One aspect on the way into or out of right of way, and how long it is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AspectStep {
    /// What the lamps show.
    pub show: Indication,
    /// For how long, whole ticks.
    pub lasts: Millis,
}

/// Up to three aspects in a row, as GB/T 20999 and the UK practice store them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AspectSteps {
    steps: [AspectStep; 3],
    count: u8,
}

impl AspectSteps {
    /// No aspect at all: the change is immediate.
    pub const NONE: Self = Self {
        steps: [AspectStep {
            show: Indication::Dark,
            lasts: Millis::ZERO,
        }; 3],
        count: 0,
    };

    /// The steps in order; `None` if there are more than three.
    #[must_use]
    pub fn new(steps: &[AspectStep]) -> Option<Self> {
        let mut made = Self::NONE;
        for step in steps {
            *made.steps.get_mut(usize::from(made.count))? = *step;
            made.count = made.count.saturating_add(1);
        }
        Some(made)
    }

    /// The step with this number, counted from 0.
    #[must_use]
    pub fn get(&self, step: u8) -> Option<AspectStep> {
        if step < self.count {
            self.steps.get(usize::from(step)).copied()
        } else {
            None
        }
    }

    /// The length of the steps after the one with this number.
    #[must_use]
    pub fn total_after(&self, step: u8) -> Millis {
        self.iter()
            .skip(usize::from(step).saturating_add(1))
            .fold(Millis::ZERO, |sum, step| sum + step.lasts)
    }

    /// The steps in order.
    pub fn iter(&self) -> impl Iterator<Item = AspectStep> + '_ {
        self.steps.iter().take(usize::from(self.count)).copied()
    }

    /// True if there is no step.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The length of all steps together.
    #[must_use]
    pub fn total(&self) -> Millis {
        self.iter().fold(Millis::ZERO, |sum, step| sum + step.lasts)
    }

    /// Time from the first step to the end of the last step that still is a go aspect.
    #[must_use]
    pub fn go_part(&self) -> Millis {
        let (mut sum, mut go) = (Millis::ZERO, Millis::ZERO);
        for step in self.iter() {
            sum += step.lasts;
            if step.show.is_go() {
                go = sum;
            }
        }
        go
    }

    /// What is shown `elapsed` after the first step began; `None` once all steps are over.
    #[must_use]
    pub fn at(&self, elapsed: Millis) -> Option<Indication> {
        let mut end = Millis::ZERO;
        for step in self.iter() {
            end += step.lasts;
            if elapsed < end {
                return Some(step.show);
            }
        }
        None
    }
}

/// The safety timing of one signal group. Nothing above the kernel can shorten any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupTiming {
    /// What kind of street user the group speaks to.
    pub kind: GroupKind,
    /// Aspects between stop and go: red-amber where the profile has it.
    pub gain: AspectSteps,
    /// Aspects between go and stop: flashing green, amber; for walkers the flashing man.
    pub lose: AspectSteps,
    /// Shortest go (I5); for walkers the shortest steady walk (I8).
    pub green_min: Millis,
    /// Longest go while a hostile group is demanded (I18).
    pub green_max: Millis,
    /// Shortest stop after losing right of way (I6).
    pub red_min: Millis,
    /// Longest time a demand may wait before the kernel itself serves it (I7).
    pub wait_max: Millis,
}
