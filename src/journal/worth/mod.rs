//! What a corridor was worth: its run, told by the journal, against its own twin without it.
//!
//! The journal is replayed up to the opening. From there two cities run on from the same state and
//! on the same arrivals, counted by the recorded detectors: one with everything that was asked, one
//! without this corridor. What differs is what the others paid. The vehicle's own drive is the
//! recorded one; its twin drives the same links and meets the twin's signals and queues. Both are
//! run several times on arrivals that differ by what detectors cannot tell, which gives the interval.
//! See `docs/decisions/0011-worth.md`.

mod account;
mod departure;
mod drive;
mod gate;
mod gather;
mod lesson;
mod run;
mod street;
mod tape;
mod way;
mod yields;

pub use account::{Figure, Worth, WorthError, YieldKind, Yielded, worth};
pub use lesson::{Lesson, Untaught, lesson};
pub use run::{GreenSpan, QueueSample, RunRecord, SignalRun, TrackPoint};
