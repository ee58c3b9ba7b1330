//! Time, length and speed as integers that cannot be mixed up.
//!
//! The program knows three kinds of time. [`Mono`] is a moment on a clock that only runs forward,
//! [`Millis`] is a length of time, and [`CivilTime`] is what the clock on the wall says. Only
//! monotonic time measures anything; civil time picks the plan of the day and nothing else.

#![deny(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::alloc_instead_of_core
)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::indexing_slicing
)]
#![deny(clippy::as_conversions)]

use core::fmt;
use core::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Serialize};

/// The length of one control cycle.
pub const TICK: Millis = Millis(100);

/// A length of time.
///
/// **Units:** milliseconds. Arithmetic saturates.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Millis(u32);

impl Millis {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest length that can be told.
    pub const MAX: Self = Self(u32::MAX);

    /// A length in milliseconds.
    #[must_use]
    pub const fn new(ms: u32) -> Self {
        Self(ms)
    }

    /// A length in whole seconds.
    #[must_use]
    pub const fn from_secs(s: u32) -> Self {
        Self(s.saturating_mul(1000))
    }

    /// A length in tenths of a second, the unit of GB/T 20999 and of most data sheets.
    #[must_use]
    pub const fn from_deciseconds(ds: u32) -> Self {
        Self(ds.saturating_mul(100))
    }

    /// The length in milliseconds.
    #[must_use]
    pub const fn as_ms(self) -> u32 {
        self.0
    }

    /// True if the length is a whole number of control cycles.
    #[must_use]
    pub const fn is_whole_ticks(self) -> bool {
        self.0.is_multiple_of(TICK.0)
    }

    /// The length less `other`, never below zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// This length rounded up to whole control cycles.
    #[must_use]
    pub const fn ceil_to_tick(self) -> Self {
        Self(self.0.div_ceil(TICK.0).saturating_mul(TICK.0))
    }
}

impl Add for Millis {
    type Output = Self;
    fn add(self, rhs: Self) -> Self {
        Self(self.0.saturating_add(rhs.0))
    }
}

impl AddAssign for Millis {
    fn add_assign(&mut self, rhs: Self) {
        *self = *self + rhs;
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} s", self.0 / 1000, (self.0 % 1000) / 100)
    }
}

/// A moment on the monotonic clock.
///
/// **Units:** milliseconds since the program started. Arithmetic saturates.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Mono(u64);

impl Mono {
    /// The start of the program.
    pub const ZERO: Self = Self(0);

    /// The moment `ms` milliseconds after the start.
    #[must_use]
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the start.
    #[must_use]
    pub const fn as_ms(self) -> u64 {
        self.0
    }

    /// Time from `earlier` to this moment; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Millis {
        Millis(u32::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(u32::MAX))
    }

    /// The moment `length` before this one; the start of the program if that is earlier.
    #[must_use]
    pub fn back(self, length: Millis) -> Self {
        Self(self.0.saturating_sub(u64::from(length.0)))
    }

    /// Time from this moment until `later`; zero if it has passed.
    #[must_use]
    pub fn until(self, later: Self) -> Millis {
        later.since(self)
    }
}

impl Add<Millis> for Mono {
    type Output = Self;
    fn add(self, rhs: Millis) -> Self {
        Self(self.0.saturating_add(u64::from(rhs.0)))
    }
}

impl Sub for Mono {
    type Output = Millis;
    fn sub(self, rhs: Self) -> Millis {
        self.since(rhs)
    }
}

impl fmt::Display for Mono {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} s", self.0 / 1000, (self.0 % 1000) / 100)
    }
}

/// What the clock on the wall shows in the city's time zone.
///
/// It has no subtraction on purpose: a wall clock can be set, so it never measures a length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CivilTime {
    /// Year, month (1-12) and day (1-31).
    pub date: Date,
    /// Seconds since local midnight, 0-86399.
    pub second_of_day: u32,
}

/// A calendar date; orders by time.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Date {
    /// Year of the common era.
    pub year: u16,
    /// Month, 1-12.
    pub month: u8,
    /// Day of the month, 1-31.
    pub day: u8,
}

/// A length on the ground.
///
/// **Units:** millimetres.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Length(u32);

impl Length {
    /// No length.
    pub const ZERO: Self = Self(0);

    /// A length in millimetres.
    #[must_use]
    pub const fn from_mm(mm: u32) -> Self {
        Self(mm)
    }

    /// A length in whole metres.
    #[must_use]
    pub const fn from_metres(m: u32) -> Self {
        Self(m.saturating_mul(1000))
    }

    /// The length in millimetres.
    #[must_use]
    pub const fn as_mm(self) -> u32 {
        self.0
    }

    /// Time to travel this length at `speed`; [`Millis::MAX`] at a standstill.
    #[must_use]
    pub fn time_at(self, speed: Speed) -> Millis {
        let ms = u64::from(self.0)
            .saturating_mul(1000)
            .checked_div(u64::from(speed.0));
        Millis(ms.and_then(|ms| u32::try_from(ms).ok()).unwrap_or(u32::MAX))
    }
}

impl Add for Length {
    type Output = Self;
    fn add(self, rhs: Self) -> Self {
        Self(self.0.saturating_add(rhs.0))
    }
}

impl Sub for Length {
    type Output = Self;
    fn sub(self, rhs: Self) -> Self {
        Self(self.0.saturating_sub(rhs.0))
    }
}

/// A speed.
///
/// **Units:** millimetres per second.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Speed(u32);

impl Speed {
    /// Standstill.
    pub const ZERO: Self = Self(0);

    /// A speed in millimetres per second.
    #[must_use]
    pub const fn from_mm_per_s(mm_per_s: u32) -> Self {
        Self(mm_per_s)
    }

    /// A speed in whole kilometres per hour, rounded down to a millimetre per second.
    #[must_use]
    pub const fn from_kmh(kmh: u32) -> Self {
        Self(kmh.saturating_mul(10_000) / 36)
    }

    /// The speed in millimetres per second.
    #[must_use]
    pub const fn as_mm_per_s(self) -> u32 {
        self.0
    }
}
