//! The product at work on emulated cabinets, and everything its clients need to know.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use greenwave::shell::checked_files::check_files;
use greenwave::shell::dispatch::Auth;
use greenwave::shell::dispatch::auth::{Limit, Scope};
use greenwave::shell::store::{Records, demo_city_files};
use greenwave::shell::vehicles::book::{Book, key_of};
use hil_tests::mqtt::make_token;
use serde_json::Value;

use super::line::{Door, Line, address};
use crate::tools::{Bench, Running, copy, feed_counts, path, say};

const CITY: &str = "signal-plans/ankang-demo";
/// The agency of the good dispatch systems.
pub(super) const CAD_AGENCY: &str = "ankang-joint";
/// The one that floods.
pub(super) const FLOOD_AGENCY: &str = "flood-desk";
/// Vehicles with a terminal, and with a dispatch system's own feed.
pub(super) const VEHICLES_MAX: usize = 100;
pub(super) const CADS_MAX: usize = 10;
/// Past the cabinets' start-up sequence.
const SETTLES: Duration = Duration::from_secs(25);
/// After SIGTERM: the hand-over, open requests, and some air for a machine that was loaded.
const ENDS_WITHIN: Duration = Duration::from_secs(20);

pub(super) fn terminal(number: usize) -> String {
    format!("0138{number:08}")
}

pub(super) fn cad_vehicle(number: usize) -> String {
    format!("C{number:03}")
}

/// What clients are given.
pub(super) struct Sign {
    pub(super) door: Door,
    pub(super) gateway: SocketAddr,
    pub(super) book: Book,
    /// Tokens.
    pub(super) console: String,
    pub(super) cads: Vec<String>,
    pub(super) flood: String,
    numbers: AtomicU64,
}

impl Sign {
    /// A number that nobody has had.
    pub(super) fn next(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }
}

/// The product and its cabinets.
pub(super) struct Scene {
    run: Running,
    log: PathBuf,
    _cabinets: Running,
}

impl Scene {
    /// Starts both and waits until every cabinet follows.
    pub(super) async fn start(bench: &Bench) -> Result<(Self, Sign), String> {
        let folder = bench.out.join("load");
        let _old = fs::remove_dir_all(&folder);
        let (city, data) = (folder.join("city"), folder.join("data"));
        fs::create_dir_all(&data).map_err(text)?;
        copy(Path::new(CITY), &city)?;
        enlist(&city)?;
        let (cads, console, flood) = tokens(&data)?;
        let (_, key) = (
            fs::create_dir_all(data.join("vehicles")),
            key_of(&data.join("vehicles")),
        );
        let (checked, _) = check_files(&demo_city_files())
            .city
            .ok_or("the demo city has findings")?;
        let book = Book::new(&checked, key.map_err(text)?);
        let ports = path(&folder.join("ports.json"));
        let (city, data_shown) = (path(&city), path(&data));
        let emulate = ["emulate", "--site", &city, "--ports", &ports, "--json"];
        let mut cabinets = bench.start("load-emulate", &emulate)?;
        cabinets.until(|line| line.contains("\"ready\"").then_some(()))?;
        let run = [
            "run",
            "--site",
            &city,
            "--ports",
            &ports,
            "--listen",
            "127.0.0.1:0",
            "--data",
            &data_shown,
            "--tls",
        ];
        let told = ("GREENWAVE_LOG", "warn,greenwave::shell::cli::station=info");
        let mut run = bench.start_in("load-run", &run, &[told])?;
        let at = run.until(|line| line.split_once("https://").map(|(_, at)| at.to_owned()))?;
        let gateway =
            run.until(|line| line.split_once("listens on ").map(|(_, at)| at.to_owned()))?;
        let door = Door::new(
            at.trim().parse().map_err(text)?,
            &data.join("tls/certificate.pem"),
        )?;
        let sign = Sign {
            door,
            gateway: gateway.trim().parse().map_err(text)?,
            book,
            console,
            cads,
            flood,
            numbers: AtomicU64::new(1),
        };
        let scene = Self {
            run,
            log: bench.out.join("load-run.log"),
            _cabinets: cabinets,
        };
        follow(&sign).await?;
        Ok((scene, sign))
    }

    /// Memory of the product, KiB: now, and the most there ever was.
    pub(super) fn memory_kib(&self) -> Result<(u64, u64), String> {
        let path = format!("/proc/{}/status", self.run.child.id());
        let status = fs::read_to_string(&path).map_err(text)?;
        let of = |key: &str| {
            let line = status.lines().find(|line| line.starts_with(key))?;
            line.split_whitespace().nth(1)?.parse().ok()
        };
        of("VmRSS:")
            .zip(of("VmHWM:"))
            .ok_or_else(|| format!("{path}: no memory"))
    }

    /// Ends the product as a service manager would; what its feeds counted.
    pub(super) fn stop(mut self) -> Result<Value, String> {
        let status = self.run.terminate(ENDS_WITHIN);
        let status = status.map_err(|why| format!("the product: {why}"))?;
        if !status.success() {
            return Err(format!("the product ended with {status}"));
        }
        feed_counts(&self.log)
    }
}

/// Waits until every cabinet answers and has been through its start-up.
async fn follow(sign: &Sign) -> Result<(), String> {
    let mut line = Line::new(&sign.door, address(1, 0), &sign.console);
    let began = Instant::now();
    loop {
        let (_, status) = line.ask("GET", "/api/v1/status", None).await?;
        let links = status["links"].as_array().into_iter().flatten();
        let silent = links.filter(|link| link["up"] != link["cabinets"]).count();
        if silent == 0 && status["ticks"].as_u64() > Some(10) {
            break;
        }
        if began.elapsed() > Duration::from_mins(1) {
            return Err(format!("cabinets are silent: {}", status["links"]));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    say(&format!(
        "all cabinets answer; {} s for their start-up",
        SETTLES.as_secs()
    ));
    tokio::time::sleep(SETTLES).await;
    Ok(())
}

fn tokens(data: &Path) -> Result<(Vec<String>, String, String), String> {
    let records = Records::open(&data.join("store.sqlite")).map_err(text)?;
    let auth = Auth::over(records).map_err(text)?;
    // Every dispatch system has a corridor at the same time.
    let limit = Limit {
        corridors_max: 32,
        ..Limit::default()
    };
    auth.set_limit(CAD_AGENCY, limit).map_err(text)?;
    let cads =
        (0..CADS_MAX).map(|at| make_token(&auth, &format!("cad-{at}"), CAD_AGENCY, &Scope::ALL));
    let cads = cads.collect::<Result<_, _>>()?;
    let console = make_token(&auth, "console", CAD_AGENCY, &[Scope::StatusRead])?;
    Ok((
        cads,
        console,
        make_token(&auth, "flood", FLOOD_AGENCY, &Scope::ALL)?,
    ))
}

/// The second agency, the fleet and the gateway.
fn enlist(city: &Path) -> Result<(), String> {
    let file = city.join("city.toml");
    let mut told = fs::read_to_string(&file).map_err(text)?;
    let _written = write!(
        told,
        "\n[[agency]]\nid = \"{FLOOD_AGENCY}\"\nname_zh = \"洪流（演示）\"\nname_en = \"Flood (demo)\"\n"
    );
    fs::write(&file, told).map_err(text)?;
    let mut fleet = "id,plate,terminal,class,agency,height_m,weight_t,length_m\n".to_owned();
    for number in 0..VEHICLES_MAX {
        let terminal = terminal(number);
        let _written = writeln!(
            fleet,
            "L{number:03},,{terminal},ambulance,{CAD_AGENCY},2.8,4.5,6.0"
        );
    }
    for number in 0..CADS_MAX {
        let id = cad_vehicle(number);
        let _written = writeln!(fleet, "{id},,,ambulance,{CAD_AGENCY},2.8,4.5,6.0");
    }
    fs::write(city.join("fleet.csv"), fleet).map_err(text)?;
    let feed = "schema = 1\n[[feed]]\nid = \"load\"\nkind = \"jt808\"\nlisten = \"127.0.0.1:0\"\n\
                datum = \"wgs84\"\nidle_s = 30\nconnections_max = 400\n";
    fs::write(city.join("feeds.toml"), feed).map_err(text)
}

fn text(why: impl core::fmt::Display) -> String {
    why.to_string()
}
