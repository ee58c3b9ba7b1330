//! The commands, and how each of them ends.

mod args;
mod audit;
mod bridge;
mod calibrate;
mod corridor;
mod demo;
mod desk;
mod drives;
mod emulate;
mod explain;
mod export;
mod import;
mod load;
mod out;
mod partners;
mod replay;
mod retell;
mod run;
mod simulate;
mod station;
mod stop_signal;
mod worth;

use std::error::Error;
use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};

use args::{Audit, Check, Corridor, Export, Import, Plan};
use out::{say, warn};

/// Why a command did not end well.
#[derive(Debug)]
pub enum Failure {
    /// Findings, already printed: exit 1.
    Findings,
    /// A usage error, in a sentence: exit 2.
    Usage(String),
    /// Something at run time, with its chain of causes: exit 3.
    Runtime(String),
}

impl Failure {
    /// A failure at run time, with the whole chain of its causes.
    pub fn runtime(error: &dyn Error) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(why) = cause {
            text.push_str(": ");
            text.push_str(&why.to_string());
            cause = why.source();
        }
        Self::Runtime(text)
    }
}

/// Parses the command line, does what it says and tells how it ended.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("GREENWAVE_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn")),
        )
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let ended = match cli.command.unwrap_or_else(Command::default_demo) {
        Command::Demo(options) => demo::demo(&options),
        Command::Run(options) => run::run(&options),
        Command::Emulate(options) => emulate::emulate(&options),
        Command::Check(options) => check(&options),
        Command::Audit(Audit::Verify(options)) => audit::verify(&options),
        Command::Audit(Audit::Export(options)) => audit::export(&options),
        Command::Plan(Plan::Show { site, signal, plan }) => show(&site, &signal, plan.as_deref()),
        Command::Corridor(Corridor::Preview(options)) => corridor::preview(&options),
        Command::Corridor(Corridor::Routes { site }) => corridor::routes(&site),
        Command::Corridor(Corridor::Calibrate(options)) => calibrate::calibrate(&options),
        Command::Corridor(Corridor::Report(options)) => worth::report(&options),
        Command::Corridor(Corridor::Worth(options)) => worth::sum(&options),
        Command::Simulate(options) => simulate::simulate(&options),
        Command::SimulateVehicle(options) => partners::simulate_vehicle(&options),
        Command::SimulateCad(options) => partners::simulate_cad(&options),
        Command::Bridge(options) => bridge::bridge(&options),
        Command::Decode(what) => partners::decode(&what),
        Command::Replay(options) => replay::replay(&options),
        Command::Explain(options) => explain::explain(&options),
        Command::Export(Export::Sumo(options)) => export::sumo(&options),
        Command::Import(Import::Sumo(options)) => import::sumo(&options),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Findings) => ExitCode::from(1),
        Err(Failure::Usage(why)) => {
            warn(&format!("greenwave: {why}"));
            ExitCode::from(2)
        }
        Err(Failure::Runtime(why)) => {
            warn(&format!("greenwave: {why}"));
            ExitCode::from(3)
        }
    }
}

fn check(options: &Check) -> Result<(), Failure> {
    let files = crate::shell::store::read_city_folder(&options.dir)
        .map_err(|why| Failure::runtime(&why))?;
    let checked = crate::shell::checked_files::check_files(&files);
    if options.json {
        say(&checked.json().to_string());
    } else {
        say(&checked.draw(&files));
        say(&checked.footer());
    }
    if checked.city.is_some() {
        Ok(())
    } else {
        Err(Failure::Findings)
    }
}

fn show(folder: &std::path::Path, signal: &str, plan: Option<&str>) -> Result<(), Failure> {
    let loaded = load::load_folder(folder)?;
    let site = loaded
        .city
        .sites
        .iter()
        .find(|site| site.id == signal)
        .ok_or_else(|| {
            let known: Vec<&str> = loaded.city.sites.iter().map(|s| s.id.as_str()).collect();
            Failure::Usage(format!(
                "no signal {signal} in {}; it has {}",
                folder.display(),
                known.join(", ")
            ))
        })?;
    let mut shown = 0;
    for (number, entry) in (0_u8..).zip(&site.plans) {
        if plan.is_none_or(|wanted| wanted == entry.name) {
            say(&crate::plan::draw(site, crate::ids::PlanId::new(number)));
            shown += 1;
        }
    }
    if shown > 0 {
        return Ok(());
    }
    let known: Vec<&str> = site.plans.iter().map(|plan| plan.name.as_str()).collect();
    Err(Failure::Usage(format!(
        "{signal} has no such plan; it has {}",
        known.join(", ")
    )))
}
