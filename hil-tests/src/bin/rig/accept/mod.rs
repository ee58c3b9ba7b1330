//! Demonstrations that a sceptical buyer can run: the hospital's corridor over 17 signals, its
//! traffic sent again, and one byte changed in its audit.
//!
//! Every part of the product is a process of its own, as it is shipped: cabinets and street, the
//! controller with its desk, the dispatch system, the vehicle's terminal.

mod audit;
mod city;
mod clock;
mod holds;
mod hospital;
mod installation;
mod people;
mod replay;
mod sent_again;
mod tables;
mod tap;
mod verdict;
mod watch;

use clap::ValueEnum;

use crate::tools::{Bench, say};

/// One demonstration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// One request, 17 signals, with the key and without it.
    Hospital,
    /// What was captured then is sent again: at once, and an hour later. Needs `hospital` before.
    Replay,
    /// One byte of the audit changed, and its tail cut off, without its heads and with them. Needs `hospital` before.
    Audit,
}

/// Runs the parts; all of them if none is named.
pub(crate) fn judge(
    bench: &Bench,
    parts: &[Part],
    (seed, waits): (u64, bool),
) -> Result<(), String> {
    let all = [Part::Hospital, Part::Replay, Part::Audit];
    for part in if parts.is_empty() { &all } else { parts } {
        match part {
            Part::Hospital => {
                say("== a hospital's corridor over 17 signals");
                hospital::judge(bench, seed)?;
            }
            Part::Replay => {
                say("== the captured traffic sent again");
                replay::judge(bench, waits)?;
            }
            Part::Audit => {
                say("== the audit, with one byte changed");
                audit::judge(bench)?;
            }
        }
    }
    Ok(())
}
