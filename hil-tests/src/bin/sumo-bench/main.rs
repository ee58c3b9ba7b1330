//! Measures controllers on networks of the traffic simulator SUMO, by one set of rules.
//!
//! ```text
//! sumo-bench adaptive --net F --routes F[,F] [--additional F[,F]] --begin B --end E --seeds 1-10
//!     --rules resco|field --sensors resco|field|field-dead --sumo 1.9.2|1.28.0
//!     --controllers ours,fixed,actuated,delay_based,max_pressure,max_wave,rate_index --json OUT
//! sumo-bench adaptive --city FOLDER --seeds 1-5 --controllers ours,fixed,coordinated,actuated,rate_index
//! sumo-bench corridor --net F --routes F[,F] [--additional F[,F]] --begin B --end E --pairs 20
//!     --methods none,bluelight,local250,fixed30,ours --base fixed|adaptive --seeds 1-5
//!     --vehicles 1|2|3|convoy --fault none|gps10|lag3|noise15|loss30|wrong-turn|... --json OUT
//! sumo-bench calibration OUT [OUT] [--journals DIR]
//! sumo-bench judge OUT
//! ```
//!
//! `hil-tests/setup.sh` brings SUMO in (1.9.2 with `--sumo-1.9.2`).

mod cache;
mod controllers;
mod corridor;
mod jobs;
mod judge;
mod lines;
mod options;
mod report;

use std::path::PathBuf;
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
    /// What emergency vehicles gain and others pay: every method from the same copy of the street.
    Corridor(Box<corridor::Corridor>),
    /// What was said before the key and proven after it, in files that `corridor --json` wrote.
    Calibration {
        /// One line of JSON for each run.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The folder that `corridor --journals` filled: everything is said and proven anew.
        #[arg(long)]
        journals: Option<PathBuf>,
        /// The lines go here.
        #[arg(long)]
        json: Option<PathBuf>,
    },
    /// Whether the product won in a file that `adaptive --json` wrote: no offence, no gridlock, and
    /// less delay than everybody else.
    Judge {
        /// One line of JSON for each run.
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().what {
        What::Adaptive(options) => jobs::compare(&options),
        What::Corridor(options) => corridor::compare(&options),
        What::Calibration {
            files,
            journals,
            json,
        } => corridor::recount(&files, journals.as_deref(), json.as_deref()),
        What::Judge { file } => judge::judge_file(&file),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            report::say(&format!("sumo-bench: {why}"));
            ExitCode::FAILURE
        }
    }
}
