//! An installation as a buyer would have one, on loopback: `greenwave emulate` for cabinets and
//! street, and `greenwave run` over them, with accounts, tokens, a feed for terminals, journal and
//! audit.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::city;
use super::people::{Caller, make_tokens};
use crate::tools::{Bench, Running, number, path};

pub(super) const AGENCY: &str = "ankang-joint";
/// A street that has not moved so long after people should is broken.
const UP_WITHIN: Duration = Duration::from_secs(30);
/// After SIGTERM the program hands over and ends.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// Tokens of the machines.
#[derive(Clone, Debug)]
pub(super) struct Tokens {
    /// Of the dispatch system: it may open corridors.
    pub(super) cad: String,
    /// Of somebody who may only look.
    pub(super) watch: String,
}

/// The product at work.
pub(super) struct Installation {
    pub(super) folder: PathBuf,
    pub(super) city: PathBuf,
    /// The API.
    pub(super) base: String,
    /// The terminals' gateway.
    pub(super) feed: SocketAddr,
    /// The street's door.
    pub(super) street: SocketAddr,
    pub(super) tokens: Tokens,
    run: Running,
    cabinets: Running,
}

/// How an installation is started.
pub(super) struct Start<'s> {
    pub(super) name: &'s str,
    pub(super) seed: u64,
    /// Where it lies.
    pub(super) folder: PathBuf,
    /// A library that is loaded before all others.
    pub(super) preload: Option<&'s Path>,
    /// Tokens of an earlier start over the same data; nobody is set up then.
    pub(super) tokens: Option<Tokens>,
}

impl Installation {
    pub(super) fn start(bench: &Bench, how: Start<'_>) -> Result<Self, String> {
        let Start { name, folder, .. } = how;
        fs::create_dir_all(&folder).map_err(|why| why.to_string())?;
        let (site, data) = (folder.join("city"), folder.join("data"));
        city::write(&site)?;
        let ports = path(&folder.join("ports.json"));
        let (site_path, data_path, seed) = (path(&site), path(&data), how.seed.to_string());
        let emulate = [
            "emulate",
            "--site",
            &site_path,
            "--ports",
            &ports,
            "--seed",
            &seed,
            "--json",
            "--street",
            "127.0.0.1:0",
        ];
        let mut cabinets = bench.start(&format!("accept-{name}-emulate"), &emulate)?;
        let street = cabinets.until(|line| {
            let ready: Value = serde_json::from_str(line).ok()?;
            ready.get("street")?.as_str()?.parse().ok()
        })?;
        let run = [
            "run",
            "--site",
            &site_path,
            "--ports",
            &ports,
            "--data",
            &data_path,
            "--listen",
            "127.0.0.1:0",
        ];
        let preload = how.preload.map(path);
        let mut environment = vec![("GREENWAVE_LOG", "warn,greenwave::shell::cli::station=info")];
        environment.extend(preload.as_deref().map(|library| ("LD_PRELOAD", library)));
        let mut run = bench.start_in(&format!("accept-{name}-run"), &run, &environment)?;
        let base = run.until(|line| {
            let at = line.find("http://")?;
            Some(line.get(at..)?.trim().to_owned())
        })?;
        let feed = run.until(|line| line.rsplit("listens on ").next()?.parse().ok())?;
        let tokens = match how.tokens {
            Some(tokens) => tokens,
            None => first_day(&mut run, &base)?,
        };
        Ok(Self {
            folder,
            city: site,
            base,
            feed,
            street,
            tokens,
            run,
            cabinets,
        })
    }

    /// Waits until every cabinet is driven and people move; how many cabinets.
    pub(super) fn wait_until_it_moves(&mut self) -> Result<u64, String> {
        let (driven, cabinets) = self.cabinets.until(|line| {
            let told: Value = serde_json::from_str(line).ok()?;
            Some((
                told.get("driven")?.as_u64()?,
                told.get("cabinets")?.as_u64()?,
            ))
        })?;
        if driven != cabinets || cabinets == 0 {
            let folder = self.folder.display();
            return Err(format!(
                "{folder}: {driven} of {cabinets} cabinets are driven"
            ));
        }
        let began = Instant::now();
        // The clock shows 0 until the street has told of itself for the first time.
        let mut before = 0.0;
        while began.elapsed() < UP_WITHIN {
            let now = number(&self.account()?, "street_s");
            if before > 0.0 && now > before {
                return Ok(driven);
            }
            before = now;
            std::thread::sleep(Duration::from_millis(200));
        }
        Err(format!(
            "{}: the street does not move",
            self.folder.display()
        ))
    }

    /// What the street has counted.
    pub(super) fn account(&self) -> Result<Value, String> {
        self.ask_street("account")
    }

    /// The street begins counting anew.
    pub(super) fn recount(&self) -> Result<(), String> {
        self.ask_street("recount").map(|_| ())
    }

    fn ask_street(&self, what: &str) -> Result<Value, String> {
        let failed = |why: std::io::Error| format!("the street: {why}");
        let mut stream = TcpStream::connect(self.street).map_err(failed)?;
        let line = format!("{}\n", json!({ "ask": what }));
        stream.write_all(line.as_bytes()).map_err(failed)?;
        let mut answer = String::new();
        let mut lines = BufReader::new(stream);
        lines.read_line(&mut answer).map_err(failed)?;
        serde_json::from_str(&answer).map_err(|why| format!("the street: {why}: {answer}"))
    }

    /// Somebody who looks at the desk.
    pub(super) fn watcher(&self) -> Caller {
        Caller::with_token(&self.base, &self.tokens.watch)
    }

    /// Every corridor the desk knows of.
    pub(super) fn corridors(&self) -> Result<Vec<Value>, String> {
        let list = self.watcher().get("/api/v1/corridors")?;
        match list.body {
            Value::Array(list) if list.iter().all(Value::is_object) => Ok(list),
            other => Err(format!("GET /api/v1/corridors: {} {other}", list.status)),
        }
    }

    /// Ends `run` as a service manager does, and then the cabinets; what is left is in the folder.
    pub(super) fn stop(self) -> Result<(), String> {
        let Self {
            mut run, cabinets, ..
        } = self;
        let status = run.terminate(ENDS_WITHIN);
        let status = status.map_err(|why| format!("run: {why}"))?;
        drop(cabinets);
        if status.success() {
            Ok(())
        } else {
            Err(format!("run ended with {status}"))
        }
    }
}

/// The first start prints a link; the admin makes the machines' tokens.
fn first_day(run: &mut Running, base: &str) -> Result<Tokens, String> {
    let secret = run.until(|line| Some(line.split("/#set-up=").nth(1)?.to_owned()))?;
    let machines: [(&str, &[&str]); 2] = [
        ("cad", &["corridor:request", "status:read"]),
        ("watch", &["status:read"]),
    ];
    let tokens = make_tokens(base, &secret, AGENCY, &machines)?;
    match <[String; 2]>::try_from(tokens) {
        Ok([cad, watch]) => Ok(Tokens { cad, watch }),
        Err(_) => Err("two tokens were asked for".to_owned()),
    }
}
