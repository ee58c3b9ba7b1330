//! A SUMO of a pinned version as a child process, with a TraCI client on it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::error::SumoError;
use super::traci::Traci;

/// How long SUMO may take to load a network and listen.
const START_MAX: Duration = Duration::from_mins(1);
/// How long it may take to write its files and end.
const END_MAX: Duration = Duration::from_mins(1);
/// Pause between two looks at a child that is not there yet.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// What SUMO says when another program has taken its port in between ...
const PORT_TAKEN: &str = "Address already in use";
/// ... after which it is started again so often.
const PORTS_MAX: usize = 4;
/// Most of SUMO's own words that an error repeats.
const WORDS_MAX: usize = 2000;

/// The versions that runs are made on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SumoVersion {
    /// Published learners were measured on it.
    V1_9_2,
    /// Daily work.
    V1_28_0,
}

impl SumoVersion {
    /// The version of this name.
    ///
    /// # Errors
    /// No such version is pinned, in a sentence.
    pub fn parse(name: &str) -> Result<Self, String> {
        match name {
            "1.9.2" => Ok(Self::V1_9_2),
            "1.28.0" => Ok(Self::V1_28_0),
            other => Err(format!("SUMO `{other}` is not pinned: 1.9.2 or 1.28.0")),
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1_9_2 => "1.9.2",
            Self::V1_28_0 => "1.28.0",
        }
    }

    /// The folder that `setup.sh` makes for it, and what `setup.sh` has to be told.
    const fn folder(self) -> (&'static str, &'static str) {
        match self {
            Self::V1_9_2 => (".venv-sumo-1.9.2", " --sumo-1.9.2"),
            Self::V1_28_0 => (".venv-sumo", ""),
        }
    }

    fn speaks(self, api: i32) -> bool {
        match self {
            Self::V1_9_2 => api == 20,
            Self::V1_28_0 => (21..=22).contains(&api),
        }
    }

    const fn expected(self) -> &'static str {
        match self {
            Self::V1_9_2 => "20",
            Self::V1_28_0 => "21 or 22",
        }
    }

    /// Where this version is installed below the `hil-tests` folder.
    ///
    /// # Errors
    /// `setup.sh` has not brought it in.
    pub fn home(self, hil_tests: &Path) -> Result<PathBuf, SumoError> {
        let (folder, argument) = self.folder();
        let venv = hil_tests.join(folder);
        let missing = || SumoError::NotInstalled {
            version: self.name(),
            looked: venv.clone(),
            argument,
        };
        let entries = fs::read_dir(venv.join("lib")).map_err(|_| missing())?;
        entries
            .flatten()
            .map(|entry| entry.path().join("site-packages/sumo"))
            .find(|home| home.join("bin/sumo").is_file())
            .ok_or_else(missing)
    }
}

/// What a run is made of.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The version.
    pub version: SumoVersion,
    /// Where it is installed.
    pub home: PathBuf,
    /// The network.
    pub net: PathBuf,
    /// Route files, in order.
    pub routes: Vec<PathBuf>,
    /// Additional files, in order.
    pub additional: Vec<PathBuf>,
    /// The first second.
    pub begin: u32,
    /// The seed of SUMO's dice.
    pub seed: u32,
    /// Demand as a share of the files' own.
    pub scale: f64,
    /// An empty folder for what SUMO writes.
    pub work: PathBuf,
    /// More of SUMO's own options.
    pub more: Vec<String>,
}

impl Launch {
    /// Where SUMO writes what became of every vehicle.
    #[must_use]
    pub fn tripinfo(&self) -> PathBuf {
        self.work.join("tripinfo.xml")
    }

    fn words(&self) -> PathBuf {
        self.work.join("stderr.txt")
    }

    fn command(&self, port: u16) -> Command {
        let mut command = Command::new(self.home.join("bin/sumo"));
        command.env("SUMO_HOME", &self.home);
        command.arg("-n").arg(&self.net);
        command.arg("-r").arg(joined(&self.routes));
        if !self.additional.is_empty() {
            command.arg("-a").arg(joined(&self.additional));
        }
        command.args(["-b", &self.begin.to_string()]);
        command.args(["--seed", &self.seed.to_string()]);
        command.args(["--time-to-teleport", "-1", "--step-length", "1"]);
        command.args([
            "--no-step-log",
            "--no-warnings",
            "--xml-validation",
            "never",
        ]);
        command.arg("--tripinfo-output").arg(self.tripinfo());
        // 1.9.2 takes `write-undeparted` for another name of `write-unfinished` and refuses to be
        // told both; it then writes both kinds.
        command.arg("--tripinfo-output.write-undeparted");
        if self.version != SumoVersion::V1_9_2 {
            command.arg("--tripinfo-output.write-unfinished");
        }
        if (self.scale - 1.0).abs() > f64::EPSILON {
            command.args(["--scale", &self.scale.to_string()]);
        }
        command.args(&self.more);
        command.args(["--remote-port", &port.to_string()]);
        command
    }
}

fn joined(files: &[PathBuf]) -> String {
    let names: Vec<_> = files.iter().map(|file| file.to_string_lossy()).collect();
    names.join(",")
}

/// A running SUMO. Dropped, it is ended.
#[derive(Debug)]
pub struct SumoProcess {
    child: Child,
    /// The client.
    pub traci: Traci,
    words: PathBuf,
}

impl SumoProcess {
    /// Starts SUMO, connects and checks its version.
    ///
    /// # Errors
    /// A file of the run is missing, SUMO died, or another version answered.
    pub fn start(launch: &Launch) -> Result<Self, SumoError> {
        let files = [&launch.net].into_iter();
        for file in files.chain(&launch.routes).chain(&launch.additional) {
            if !file.is_file() {
                return Err(SumoError::MissingFile(file.clone()));
            }
        }
        let words = launch.words();
        let mut begun = begin(launch, &words);
        for _ in 0..PORTS_MAX {
            match &begun {
                Err(why) if why.to_string().contains(PORT_TAKEN) => begun = begin(launch, &words),
                Ok(_) | Err(_) => break,
            }
        }
        let (child, stream) = begun?;
        let mut process = Self {
            child,
            traci: Traci::new(stream)?,
            words,
        };
        let (api, name) = process
            .traci
            .version()
            .map_err(|why| process.explain(why))?;
        if !launch.version.speaks(api) {
            return Err(SumoError::WrongVersion {
                wanted: launch.version.name(),
                expected: launch.version.expected(),
                api,
                name,
            });
        }
        Ok(process)
    }

    /// The same error, in SUMO's own words if it died of it.
    pub fn explain(&mut self, why: SumoError) -> SumoError {
        if !matches!(why, SumoError::Lost(_)) {
            return why;
        }
        match wait(&mut self.child, Duration::from_secs(2)) {
            Ok(Some(status)) => died(&self.words, status),
            _ => why,
        }
    }

    /// Lets SUMO write its files and waits until it has ended.
    ///
    /// # Errors
    /// It died or did not end.
    pub fn finish(mut self) -> Result<(), SumoError> {
        if let Err(why) = self.traci.close() {
            return Err(self.explain(why));
        }
        match wait(&mut self.child, END_MAX)? {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(died(&self.words, status)),
            None => Err(SumoError::Died("it does not end".to_owned())),
        }
    }
}

impl Drop for SumoProcess {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn end(child: &mut Child) {
    // A child that is gone already cannot be ended again, and that is all that can fail here.
    let _gone = child.kill();
    let _status = child.wait();
}

/// Starts the program once, and calls it.
fn begin(launch: &Launch, words: &Path) -> Result<(Child, TcpStream), SumoError> {
    let port = free_port()?;
    let errors = File::create(words).map_err(|why| SumoError::File {
        path: words.to_owned(),
        why,
    })?;
    let mut child = launch
        .command(port)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(errors)
        .spawn()
        .map_err(SumoError::Spawn)?;
    match connect(&mut child, port) {
        Ok(stream) => Ok((child, stream)),
        Err(why) => {
            end(&mut child);
            Err(told(words, why))
        }
    }
}

/// Asks the system for a port that nobody uses. Another program may take it in the moment between;
/// SUMO then says so and dies, and is given another.
fn free_port() -> Result<u16, SumoError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

enum NoConnection {
    Ended(ExitStatus),
    Late(io::Error),
}

fn connect(child: &mut Child, port: u16) -> Result<TcpStream, NoConnection> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let since = Instant::now();
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Err(NoConnection::Ended(status));
        }
        match TcpStream::connect(address) {
            Ok(stream) => return Ok(stream),
            Err(why) if since.elapsed() > START_MAX => return Err(NoConnection::Late(why)),
            Err(_) => thread::sleep(LOOK_EVERY),
        }
    }
}

fn told(words: &Path, why: NoConnection) -> SumoError {
    match why {
        NoConnection::Ended(status) => died(words, status),
        NoConnection::Late(why) => SumoError::Lost(why),
    }
}

fn wait(child: &mut Child, patience: Duration) -> Result<Option<ExitStatus>, SumoError> {
    let since = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if since.elapsed() > patience {
            return Ok(None);
        }
        thread::sleep(LOOK_EVERY);
    }
}

fn died(words: &Path, status: ExitStatus) -> SumoError {
    let mut said = String::new();
    if let Ok(file) = File::open(words) {
        // What cannot be read cannot be repeated; the status is told all the same.
        let _unreadable = file.take(WORDS_MAX as u64).read_to_string(&mut said);
    }
    let errors: Vec<&str> = said
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("pj_obj_create"))
        .collect();
    SumoError::Died(format!("{} ({status})", errors.join(" | ")))
}
