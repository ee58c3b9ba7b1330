//! Runs the product as its users do and judges what it says of itself.
//!
//! ```text
//! rig [--greenwave PATH] [--out DIR] demo --seeds 1-5 | simulate | replay | kill | latency
//! rig accept [hospital] [replay] [audit] --seed 1
//! rig load --seconds 60 | fuzz-frames --count 10000000 | gateway-load | mqtt --messages 100000 | mqtt-city
//! ```

mod accept;
mod demo;
mod fuzz;
mod gateway_load;
mod kill;
mod latency;
mod load;
mod mqtt;
mod mqtt_city;
mod replay;
mod simulate;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Runs the product as its users do and judges what it says of itself.
#[derive(Debug, Parser)]
struct Cli {
    /// The program under test.
    #[arg(long, default_value = "target/release/greenwave")]
    greenwave: PathBuf,
    /// Where outputs are kept.
    #[arg(long, default_value = "hil-tests/artefacts")]
    out: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The headless demo with and without the key.
    Demo {
        /// First and last seed.
        #[arg(long, default_value = "1-1")]
        seeds: String,
        /// Length of each run.
        #[arg(long, default_value_t = 240)]
        seconds: u32,
        /// How often a seed may be driven until the corridor's targets are reached: ratio at most
        /// 1.12 with the key, at least 1.4 without it, green at every arrival. Everything else
        /// has to hold in every run.
        #[arg(long, default_value_t = 1)]
        tries: u32,
    },
    /// The whole core against the virtual street.
    Simulate {
        /// How much simulated time.
        #[arg(long, default_value_t = 7200)]
        seconds: u32,
        /// Corridors that must have been run.
        #[arg(long, default_value_t = 2)]
        corridors: u64,
    },
    /// A journal replayed, and replayed again with one input byte changed.
    Replay,
    /// `emulate` and `run` as two processes, and a kill -9 between them.
    Kill,
    /// Random and mutated frames of JT/T 808 and NMEA 0183 through the codecs: no panic.
    FuzzFrames {
        /// How many.
        #[arg(long, default_value_t = 1_000_000)]
        count: u64,
        /// The seed of everything random.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// How many positions a second the JT/T 808 gateway takes on one core.
    GatewayLoad {
        /// Terminals in all.
        #[arg(long, default_value_t = 2_000)]
        terminals: u32,
        /// Connections at once.
        #[arg(long, default_value_t = 200)]
        at_once: u32,
    },
    /// Hostile messages over a broker with TLS and an access list: none has an effect.
    Mqtt {
        /// How many.
        #[arg(long, default_value_t = 100_000)]
        messages: u64,
    },
    /// A corridor by messages over a broker, with `emulate` and `run --mqtt`.
    MqttCity,
    /// Demonstrations for a buyer: a hospital's corridor over 17 signals, its traffic sent again, one
    /// byte changed in its audit.
    Accept {
        /// Which of them; all in this order if none is named.
        parts: Vec<accept::Part>,
        /// The seed of both streets.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// `replay`: wait an hour instead of setting the program's clock.
        #[arg(long)]
        wait_an_hour: bool,
    },
    /// Ten times the normal load, slow clients and a flood: lateness, answers, refusals, memory.
    Load {
        /// How long the normal load lasts, and the other.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// Missed targets of times fail too.
        #[arg(long)]
        targets: bool,
    },
    /// The time from a key press to the cabinet's acceptance.
    Latency {
        /// How often the key is pressed.
        #[arg(long, default_value_t = 200)]
        presses: u32,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let bench = tools::Bench {
        greenwave: cli.greenwave,
        out: cli.out,
    };
    let result = match cli.what {
        What::Demo {
            seeds,
            seconds,
            tries,
        } => demo::judge(&bench, &seeds, (seconds, tries)),
        What::Simulate { seconds, corridors } => simulate::judge(&bench, seconds, corridors),
        What::Replay => replay::judge(&bench),
        What::Kill => kill::judge(&bench),
        What::FuzzFrames { count, seed } => fuzz::judge(count, seed),
        What::GatewayLoad { terminals, at_once } => gateway_load::judge(terminals, at_once),
        What::Mqtt { messages } => mqtt::judge(messages),
        What::MqttCity => mqtt_city::judge(&bench),
        What::Accept {
            parts,
            seed,
            wait_an_hour,
        } => accept::judge(&bench, &parts, (seed, wait_an_hour)),
        What::Load { seconds, targets } => load::judge(&bench, seconds, targets),
        What::Latency { presses } => latency::judge(&bench, presses),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            tools::say(&format!("rig: {why}"));
            ExitCode::FAILURE
        }
    }
}
