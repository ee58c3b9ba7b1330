//! What the runs of a city have taught of its previews, and how it is kept.
//!
//! Emergency drives and all others are two kinds: an error of the one says nothing of the other.
//! See `docs/decisions/0011-worth.md`.

mod file;
mod lessons;

pub use file::{FILE_BYTES_MAX, LearnedError, Town, read, text};
pub use lessons::Lessons;

use crate::corridor::{Calibration, CorridorPlan, Preview, ServiceClass};
use crate::journal::worth::Lesson;
use crate::units::Millis;

/// What kind of a drive it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An emergency vehicle for which signals are locked.
    Emergency,
    /// An escort, or anybody who has priority only: with the pace of a convoy, or without siren.
    Other,
}

impl Kind {
    /// The kind of a corridor's drive.
    #[must_use]
    pub fn of(plan: &CorridorPlan) -> Self {
        if plan.preempts && plan.class != ServiceClass::Escort {
            Self::Emergency
        } else {
            Self::Other
        }
    }
}

/// The errors of one kind of drives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Errors {
    known: Calibration,
    runs: u32,
}

impl Errors {
    /// Runs that taught something, those that are forgotten again included.
    #[must_use]
    pub const fn runs(&self) -> u32 {
        self.runs
    }

    /// Of them those that are still counted with.
    #[must_use]
    pub fn counted(&self) -> u32 {
        self.runs.min(Calibration::RUNS_KEPT)
    }

    /// What corrects a preview of this kind.
    #[must_use]
    pub const fn known(&self) -> &Calibration {
        &self.known
    }

    /// True if it taught something.
    fn learn(&mut self, lesson: Lesson) -> bool {
        let learned = match lesson {
            Lesson::Late(per_mille) => {
                self.known.learn_late(per_mille);
                true
            }
            Lesson::AtLeast(per_mille) => self.known.learn_at_least(per_mille),
            Lesson::Nothing(_) => false,
        };
        self.runs = self.runs.saturating_add(u32::from(learned));
        learned
    }

    /// As a station goes on with it in a city that has a calibration of its own.
    fn over(self, city: &Self) -> Self {
        let known = if self.runs == 0 {
            Some(city.known.clone())
        } else {
            // A street without the key is seen by no station: prices are the city's.
            let prices = city.known.prices().to_vec();
            Calibration::of(self.known.arrivals().to_vec(), prices)
        };
        Self {
            known: known.unwrap_or(self.known),
            runs: self.runs,
        }
    }
}

/// What the runs of a city have taught of its previews.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    emergency: Errors,
    other: Errors,
}

impl Learned {
    /// The errors of drives of this kind.
    #[must_use]
    pub const fn of(&self, kind: Kind) -> &Errors {
        match kind {
            Kind::Emergency => &self.emergency,
            Kind::Other => &self.other,
        }
    }

    const fn of_mut(&mut self, kind: Kind) -> &mut Errors {
        match kind {
            Kind::Emergency => &mut self.emergency,
            Kind::Other => &mut self.other,
        }
    }

    /// What a run has taught; true if it was anything.
    pub fn learn(&mut self, kind: Kind, lesson: Lesson) -> bool {
        self.of_mut(kind).learn(lesson)
    }

    /// A branched street knows both: what came of the arrival, milliseconds after setting off, and of
    /// the price, vehicle-seconds.
    pub fn learn_branched(&mut self, kind: Kind, said: &Preview, came: (Millis, i64)) {
        let errors = self.of_mut(kind);
        errors.known.learn_arrival(said, came.0);
        errors.known.learn_price(said, came.1);
        errors.runs = errors.runs.saturating_add(1);
    }

    /// What a station begins with that kept this, in a city with such a calibration of its own: of a
    /// kind of which no run was seen everything is the city's, and prices always are.
    #[must_use]
    pub fn over(self, city: &Self) -> Self {
        Self {
            emergency: self.emergency.over(&city.emergency),
            other: self.other.over(&city.other),
        }
    }
}

#[cfg(test)]
mod tests;
