//! The command line as people type it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::bridge::BridgeOf;
use super::emulate::{FaultOrder, fault_help};
use super::partners::{Decode, SimulateCad, SimulateVehicle};
use crate::journal::Moment;
use crate::plan::{CheckedSite, PlanMode};
use crate::units::Millis;

/// Real-time traffic-signal controller with emergency green-wave corridors.
///
/// Without a command it runs the demo: a synthetic city on emulated cabinets over real Modbus
/// frames, and a console in the browser.
#[derive(Debug, Parser)]
#[command(name = "greenwave", version, propagate_version = true)]
pub(super) struct Cli {
    /// What to do; the demo if nothing is said.
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// Everything the program can do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// The main job on embedded defaults: demo city, virtual street, emulated cabinets, console.
    Demo(Demo),
    /// The real thing, from a city folder.
    Run(Run),
    /// The city's cabinets, emulated, with a virtual street, as a process of their own.
    Emulate(Emulate),
    /// Every finding of a city folder at once; exit 0 fine, 1 findings, 2 usage, 3 runtime.
    Check(Check),
    /// The record of who did what: verify and export it.
    #[command(subcommand)]
    Audit(Audit),
    /// Look at signal plans.
    #[command(subcommand)]
    Plan(Plan),
    /// Look at corridors before the key is pressed.
    #[command(subcommand)]
    Corridor(Corridor),
    /// The whole core against the virtual street, faster than real time.
    Simulate(Simulate),
    /// A vehicle that drives and reports, over JT/T 808 or NMEA, to a feed of a running `run`.
    SimulateVehicle(SimulateVehicle),
    /// A dispatch centre that opens missions over the API of a running `run` or `demo`.
    SimulateCad(SimulateCad),
    /// Requests of an old dispatch system, from a folder or a plain POST, to an installation.
    Bridge(BridgeOf),
    /// One frame or sentence of a vehicle taken apart; exit 1 if it is broken.
    #[command(subcommand)]
    Decode(Decode),
    /// Run a journal again and compare every output, bit for bit.
    Replay(Replay),
    /// Why a signal did what it did at one moment of a journal.
    Explain(Explain),
    /// Write a city out for other programs.
    #[command(subcommand)]
    Export(Export),
    /// Make a city folder from somebody else's files.
    #[command(subcommand)]
    Import(Import),
}

#[derive(Debug, Parser)]
struct DemoOnly {
    #[command(flatten)]
    demo: Demo,
}

impl Command {
    /// What runs if nothing is said.
    #[must_use]
    pub(super) fn default_demo() -> Self {
        Self::Demo(DemoOnly::parse_from(["greenwave"]).demo)
    }
}

/// Options of `demo`.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(super) struct Demo {
    /// Tell the run to yourself: no browser needed, ends by itself.
    #[arg(long)]
    pub(super) headless: bool,
    /// How long a headless run lasts.
    #[arg(long, default_value_t = 240, value_parser = clap::value_parser!(u32).range(30..=86_400))]
    pub(super) seconds: u32,
    /// The seed that everything random on the street comes from.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Headless: press the key for the demo mission.
    #[arg(long, conflicts_with = "no_key")]
    pub(super) press_key: bool,
    /// Headless: drive the same mission without the key.
    #[arg(long)]
    pub(super) no_key: bool,
    /// Print the result object on the last line.
    #[arg(long)]
    pub(super) json: bool,
    /// Where the console listens; if the port is busy, the next free one is taken and said.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub(super) listen: SocketAddr,
    /// Take JT/T 808 terminals on this port of 127.0.0.1; a vehicle whose terminal has signed on is
    /// where it says, and no vehicle of the virtual street. WGS-84.
    #[arg(long, value_name = "PORT")]
    pub(super) vehicle_port: Option<u16>,
    /// Take and send messages over the MQTT 5 broker that this file describes (docs/operating/mqtt.md).
    #[arg(long, value_name = "FILE")]
    pub(super) mqtt: Option<PathBuf>,
    /// Where the journal and the store are written; a folder of its own under the system's
    /// temporary folder if absent.
    #[arg(long)]
    pub(super) data: Option<PathBuf>,
}

/// Options of `run`.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// The city folder.
    #[arg(long)]
    pub(super) site: PathBuf,
    /// Where the console listens; loopback unless told otherwise.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub(super) listen: SocketAddr,
    /// Where the journal and the store are written.
    #[arg(long, default_value = "greenwave-data")]
    pub(super) data: PathBuf,
    /// Take and send messages over the MQTT 5 broker that this file describes (docs/operating/mqtt.md).
    #[arg(long, value_name = "FILE")]
    pub(super) mqtt: Option<PathBuf>,
    /// The ports file that `greenwave emulate` wrote, to drive its cabinets.
    #[arg(long)]
    pub(super) ports: Option<PathBuf>,
    /// The agency of city.toml that the first admin belongs to; the first one if absent.
    #[arg(long)]
    pub(super) agency: Option<String>,
    /// Print a one-time link that signs a dispatcher in without an account.
    #[arg(long)]
    pub(super) dispatcher_link: bool,
    #[command(flatten)]
    pub(super) tls: TlsOf,
    /// Listen beyond this machine without TLS: only behind a proxy that has it.
    #[arg(long)]
    pub(super) plain_http: bool,
    /// End after this many seconds.
    #[arg(long)]
    pub(super) seconds: Option<u32>,
}

/// TLS of the console and the API.
#[derive(Debug, Args)]
pub(super) struct TlsOf {
    /// TLS with a certificate that is made in the data folder; its SHA-256 is printed.
    #[arg(long)]
    pub(super) tls: bool,
    /// TLS with this certificate chain, PEM.
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_key",
        conflicts_with = "tls"
    )]
    pub(super) tls_cert: Option<PathBuf>,
    /// The certificate's private key, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(super) tls_key: Option<PathBuf>,
    /// Authorities whose client certificates are taken, PEM; machine tokens can be bound to theirs.
    #[arg(long, value_name = "FILE")]
    pub(super) client_ca: Option<PathBuf>,
}

/// The record of who did what.
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Whether every record is as it was written; names the first that is not. Exit 1 if so.
    Verify(AuditVerify),
    /// Verify, and copy records and signed heads for somebody else.
    Export(AuditExport),
}

/// Options of `audit verify`.
#[derive(Debug, Args)]
pub(super) struct AuditVerify {
    /// The records, as audit.jsonl of the data folder or of an export.
    pub(super) file: PathBuf,
    /// The signed heads; the same name with `.heads` if absent.
    #[arg(long, value_name = "FILE")]
    pub(super) heads: Option<PathBuf>,
    /// The store with the copies of the heads; store.sqlite of the data folder if the records lie in
    /// its folder `audit`.
    #[arg(long, value_name = "FILE")]
    pub(super) store: Option<PathBuf>,
    /// The public key that must have signed them, 64 hexadecimal digits.
    #[arg(long, value_name = "HEX")]
    pub(super) key: Option<String>,
    /// Print the result as a JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

/// Options of `audit export`.
#[derive(Debug, Args)]
pub(super) struct AuditExport {
    /// The data folder of `greenwave run`.
    #[arg(long, default_value = "greenwave-data")]
    pub(super) data: PathBuf,
    /// The file to write; its heads go beside it. Neither may exist.
    #[arg(long)]
    pub(super) out: PathBuf,
}

/// Options of `emulate`.
#[derive(Debug, Args)]
pub(super) struct Emulate {
    /// The city folder.
    #[arg(long)]
    pub(super) site: PathBuf,
    /// Write here which port or pty each cabinet listens on.
    #[arg(long, default_value = "greenwave-ports.json")]
    pub(super) ports: PathBuf,
    /// The seed of the virtual street.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Print each change of a cabinet's mode, and each fault, as a JSON line.
    #[arg(long)]
    pub(super) json: bool,
    /// Make a cabinet misbehave; `--help` lists the kinds.
    #[arg(
        long,
        value_name = "ID=KIND[@SECONDS[..SECONDS]]",
        value_parser = FaultOrder::parse,
        long_help = fault_help()
    )]
    pub(super) fault: Vec<FaultOrder>,
    /// Let vehicles of `simulate-vehicle --street ADDRESS` drive on the virtual street, and tell what
    /// it has counted; a port of 127.0.0.1, 0 for any free one. People stand until every cabinet is
    /// driven, or for a minute.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) street: Option<SocketAddr>,
    /// End after this many seconds.
    #[arg(long)]
    pub(super) seconds: Option<u32>,
}

/// Options of `check`.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The city folder.
    pub(super) dir: PathBuf,
    /// Findings as one JSON array.
    #[arg(long)]
    pub(super) json: bool,
}

/// Where a city folder may come from.
#[derive(Debug, Subcommand)]
pub(super) enum Import {
    /// From a network of the traffic simulator SUMO.
    ///
    /// A map of `OpenStreetMap` becomes a network first: `netconvert --osm-files MAP.osm
    /// --tls.guess-signals -o NAME.net.xml`, with SUMO's own netconvert.
    Sumo(ImportSumo),
}

/// Options of `import sumo`.
#[derive(Debug, Args)]
pub(super) struct ImportSumo {
    /// The network, as NAME.net.xml; unpack it first if it is packed.
    pub(super) net: PathBuf,
    /// Files with signal programmes, in the order SUMO would load them: the last one of a signal
    /// is in force.
    #[arg(long, value_delimiter = ',', value_name = "F[,F]")]
    pub(super) additional: Vec<PathBuf>,
    /// What the sites are held to; `field` and `resco` are for comparison on a simulated street,
    /// and `greenwave run` refuses them.
    #[arg(long, default_value = "cn", value_parser = ["cn", "field", "resco"])]
    pub(super) profile: String,
    /// The folder to write; it must not exist yet, or be empty.
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
}

/// Looking at signal plans.
#[derive(Debug, Subcommand)]
pub(super) enum Plan {
    /// The cycle drawn as bars, one row per group.
    Show {
        /// The city folder.
        #[arg(long)]
        site: PathBuf,
        /// The site, as `J07`.
        #[arg(long)]
        signal: String,
        /// The plan, as `peak`; every plan if absent.
        #[arg(long)]
        plan: Option<String>,
    },
}

/// Looking at corridors.
#[derive(Debug, Subcommand)]
pub(super) enum Corridor {
    /// Route, times with and without the key, and the price, in a city driven warm by the virtual
    /// street.
    Preview(PreviewOf),
    /// The prepared routes and the waves of arterials that one key starts.
    Routes {
        /// The city folder.
        #[arg(long)]
        site: PathBuf,
    },
    /// How far previews are off: the virtual street is branched at every press, with the key and
    /// without it, and compared with what was said before.
    Calibrate(Calibrate),
    /// What one run came to, from its journal: a page, an object, and the list of exemptions.
    Report(ReportOf),
    /// What every run of a journal was worth, and the sums by route and by agency.
    Worth(WorthOf),
}

/// Options of `corridor report`.
#[derive(Debug, Args)]
pub(super) struct ReportOf {
    /// Journal files in their order, or folders of them.
    #[arg(required = true)]
    pub(super) journal: Vec<PathBuf>,
    /// The number of the corridor.
    #[arg(long, value_name = "N")]
    pub(super) corridor: u32,
    /// The folder to write; files of the same names in it are replaced.
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
}

/// Options of `corridor worth`.
#[derive(Debug, Args)]
pub(super) struct WorthOf {
    /// Journal files in their order, or folders of them.
    #[arg(required = true)]
    pub(super) journal: Vec<PathBuf>,
    /// Write what was planned and what came, link by link, into this file.
    #[arg(long, value_name = "FILE")]
    pub(super) corrections: Option<PathBuf>,
    /// Print the result as a JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

/// Options of `corridor calibrate`.
#[derive(Debug, Args)]
pub(super) struct Calibrate {
    /// The city folder.
    #[arg(long)]
    pub(super) site: PathBuf,
    /// How many runs; the prepared missions of city.toml take turns.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) runs: u32,
    /// Start at this hour of the local day.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(0..=23))]
    pub(super) start_hour: u32,
    /// The first seed of the street; each further hour of runs takes the next one.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Run every plan of every site by this control instead of its own.
    #[arg(long, value_enum)]
    pub(super) control: Option<Control>,
    /// Write what the runs taught into this file; as `calibration.json` in the city folder a station
    /// begins with it.
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Print every run as a JSON line, and the summary as the last one.
    #[arg(long)]
    pub(super) json: bool,
}

/// Options of `corridor preview`.
#[derive(Debug, Args)]
pub(super) struct PreviewOf {
    /// The city folder.
    #[arg(long)]
    pub(super) site: PathBuf,
    /// A prepared mission of city.toml; `demo` if nothing else is said.
    #[arg(long, value_name = "ID", conflicts_with = "from")]
    pub(super) mission: Option<String>,
    /// The road the vehicle starts on, as R-J17-J08.
    #[arg(long, value_name = "ROAD", requires = "to")]
    pub(super) from: Option<String>,
    /// How far along that road, metres.
    #[arg(long, default_value_t = 0.0, requires = "from")]
    pub(super) at_m: f64,
    /// The place it goes to, as H1.
    #[arg(long, value_name = "PLACE", requires = "from")]
    pub(super) to: Option<String>,
    /// What drives.
    #[arg(long, default_value = "ambulance", value_parser = ["ambulance", "fire", "rescue", "police", "escort"])]
    pub(super) class: String,
    /// At this hour of the local day.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(0..=23))]
    pub(super) start_hour: u32,
    /// The seed that everything random on the street comes from.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Print the result as a JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

impl Simulate {
    /// A simulation that presses no key and writes nothing.
    pub(super) fn quiet(site: PathBuf, seed: u64, start_hour: u32) -> Self {
        Self {
            site,
            seconds: 60,
            seed,
            start_hour,
            corridors_per_hour: 0,
            mission: None,
            no_key: true,
            control: None,
            radar: false,
            journal: None,
            json: false,
        }
    }
}

/// Options of `simulate`.
#[derive(Debug, Args)]
pub(super) struct Simulate {
    /// The city folder.
    #[arg(long)]
    pub(super) site: PathBuf,
    /// How much simulated time.
    #[arg(long, default_value_t = 3600, value_parser = clap::value_parser!(u32).range(60..=31_536_000))]
    pub(super) seconds: u32,
    /// The seed that everything random on the street comes from.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Start at this hour of the local day.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=23))]
    pub(super) start_hour: u32,
    /// Emergency missions per hour.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=60))]
    pub(super) corridors_per_hour: u32,
    /// Only this prepared mission of city.toml, instead of all of them in turn.
    #[arg(long, value_name = "ID")]
    pub(super) mission: Option<String>,
    /// Send the vehicles without pressing the key.
    #[arg(long)]
    pub(super) no_key: bool,
    /// Run every plan of every site by this control instead of its own; fixed and coordinated
    /// control only where a plan has a cycle.
    #[arg(long, value_enum)]
    pub(super) control: Option<Control>,
    /// Give every site radar that sees each vehicle to 200 m, beside its loops.
    #[arg(long)]
    pub(super) radar: bool,
    /// Write the journal into this folder.
    #[arg(long)]
    pub(super) journal: Option<PathBuf>,
    /// Print the result object on the last line.
    #[arg(long)]
    pub(super) json: bool,
}

/// How plans are driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Control {
    /// Every stage its split, every cycle.
    Fixed,
    /// Demand, extension and maximum.
    Actuated,
    /// Fixed cycle and offset, stages by demand inside.
    Coordinated,
    /// The least delay of the arrivals known.
    Adaptive,
}

impl Control {
    /// `site` with its plans driven so.
    pub(super) fn on(self, site: &CheckedSite) -> CheckedSite {
        let mut site = site.clone();
        for plan in &mut site.plans {
            let has_cycle = plan.cycle > Millis::ZERO;
            plan.mode = match self {
                Self::Fixed if has_cycle => PlanMode::Fixed,
                Self::Coordinated if has_cycle => PlanMode::Coordinated,
                Self::Adaptive => PlanMode::Adaptive,
                Self::Fixed | Self::Coordinated | Self::Actuated => PlanMode::Actuated,
            };
        }
        site
    }
}

/// Options of `replay`.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The journal file.
    pub(super) file: PathBuf,
    /// Tell what happened to every corridor, one line each.
    #[arg(long)]
    pub(super) events: bool,
    /// Tell what this signal showed and why, one line a second: its id, as J06.
    #[arg(long, value_name = "ID")]
    pub(super) signal: Option<String>,
    /// Print the result as a JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

/// Options of `explain`.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The journal file.
    pub(super) file: PathBuf,
    /// The moment: seconds of the journal's own clock, as 29720.5, or local time, as 13:05:20.
    #[arg(long, value_name = "T", value_parser = super::explain::parse_moment)]
    pub(super) at: Moment,
    /// The signal, as J06.
    #[arg(long, value_name = "ID")]
    pub(super) signal: String,
    /// A table: every stage with its score, and every lane with what was known of it.
    #[arg(long)]
    pub(super) full: bool,
    /// Print the result as a JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

/// Writing a city out.
#[derive(Debug, Subcommand)]
pub(super) enum Export {
    /// As plain files of the traffic simulator SUMO, with an hour of traffic.
    Sumo(ExportSumo),
}

/// Options of `export sumo`.
#[derive(Debug, Args)]
pub(super) struct ExportSumo {
    /// The city folder.
    pub(super) dir: PathBuf,
    /// The folder to write; it must not exist yet, or be empty.
    #[arg(long)]
    pub(super) out: PathBuf,
    /// How much traffic is written.
    #[arg(long, default_value_t = 3600, value_parser = clap::value_parser!(u32).range(60..=86_400))]
    pub(super) seconds: u32,
    /// Start at this hour of the local day; the plans due then become SUMO's programmes.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(0..=23))]
    pub(super) start_hour: u32,
    /// The seed that everything random of the traffic comes from.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// SUMO's netconvert: makes the network at once and checks it against the city.
    #[arg(long, value_name = "PROGRAM")]
    pub(super) netconvert: Option<PathBuf>,
}
