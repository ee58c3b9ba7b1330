//! Measures controllers on networks of the traffic simulator SUMO, by one set of rules.
//!
//! ```text
//! sumo-bench adaptive --net F --routes F[,F] [--additional F[,F]] --begin B --end E --seeds 1-10
//!     --rules resco|field --sensors resco|field|field-dead --sumo 1.9.2|1.28.0
//!     --controllers ours,fixed,actuated,delay_based,max_pressure,max_wave,rate_index --json OUT
//! ```
//!
//! `hil-tests/setup.sh` brings SUMO in (1.9.2 with `--sumo-1.9.2`).

mod cache;
mod controllers;
mod jobs;
mod options;
mod report;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures controllers on networks of the traffic simulator SUMO.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Delay of everybody who is scheduled, for several controllers and seeds.
    Adaptive(Box<options::Adaptive>),
}

fn main() -> ExitCode {
    let What::Adaptive(options) = Cli::parse().what;
    match jobs::compare(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            report::say(&format!("sumo-bench: {why}"));
            ExitCode::FAILURE
        }
    }
}
