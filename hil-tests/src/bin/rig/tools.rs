//! Starting programs, reading their last line, asserting with all findings at once.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The program under test and where outputs go.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) greenwave: PathBuf,
    pub(crate) out: PathBuf,
}

/// Prints one line to the standard output.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // A closed pipe ends the report, not the judgement.
    let _closed = writeln!(out, "{line}");
}

impl Bench {
    /// Runs the program to its end and returns the JSON object on its last line.
    pub(crate) fn last_object(&self, name: &str, arguments: &[&str]) -> Result<Value, String> {
        let (code, text) = self.run(name, arguments)?;
        if code != 0 {
            return Err(format!(
                "greenwave {} ended with {code}:\n{text}",
                arguments.join(" ")
            ));
        }
        let last = text
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .unwrap_or_default();
        serde_json::from_str(last)
            .map_err(|why| format!("the last line is no object: {why}: {last}"))
    }

    /// Runs the program to its end; its exit code and its standard output, kept in a file too.
    pub(crate) fn run(&self, name: &str, arguments: &[&str]) -> Result<(i32, String), String> {
        fs::create_dir_all(&self.out).map_err(|why| why.to_string())?;
        let errors = fs::File::create(self.out.join(format!("{name}.log")))
            .map_err(|why| why.to_string())?;
        let output = Command::new(&self.greenwave)
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(errors)
            .output()
            .map_err(|why| format!("{} does not start: {why}", self.greenwave.display()))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        fs::write(self.out.join(format!("{name}.out")), &text).map_err(|why| why.to_string())?;
        Ok((output.status.code().unwrap_or(-1), text))
    }

    /// Starts the program in the background with its standard output piped.
    pub(crate) fn start(&self, name: &str, arguments: &[&str]) -> Result<Running, String> {
        self.start_in(name, arguments, &[])
    }

    /// The same with these environment variables.
    pub(crate) fn start_in(
        &self,
        name: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<Running, String> {
        fs::create_dir_all(&self.out).map_err(|why| why.to_string())?;
        let errors = fs::File::create(self.out.join(format!("{name}.log")))
            .map_err(|why| why.to_string())?;
        let mut child = Command::new(&self.greenwave)
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(|why| format!("{} does not start: {why}", self.greenwave.display()))?;
        let lines = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        Ok(Running { child, lines })
    }
}

/// A program in the background; ended when dropped.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Running {
    /// The next line of its standard output; `None` at its end.
    pub(crate) fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.lines.read_line(&mut line) {
            Ok(count) if count > 0 => Some(line.trim_end().to_owned()),
            Ok(_) | Err(_) => None,
        }
    }

    /// Reads on until a line that `wanted` turns into something.
    pub(crate) fn until<T>(&mut self, wanted: impl Fn(&str) -> Option<T>) -> Result<T, String> {
        while let Some(line) = self.line() {
            if let Some(found) = wanted(&line) {
                return Ok(found);
            }
        }
        Err("the program ended before it said what was expected".to_owned())
    }
}

impl Running {
    /// Ends it as a service manager does, with SIGTERM, and waits for that.
    pub(crate) fn terminate(&mut self, within: Duration) -> Result<ExitStatus, String> {
        let told = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        let told = told.map_err(|why| format!("kill does not start: {why}"))?;
        if !told.success() {
            return Err(format!("kill -TERM ended with {told}"));
        }
        let began = Instant::now();
        loop {
            match self.child.try_wait().map_err(|why| why.to_string())? {
                Some(status) => return Ok(status),
                None if began.elapsed() > within => {
                    return Err(format!("it did not end within {within:?} of SIGTERM"));
                }
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already ended is as good.
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// Collects everything that does not hold, so that one run tells all.
#[derive(Debug, Default)]
pub(crate) struct Verdict(Vec<String>);

impl Verdict {
    /// Notes `what` unless it `holds`.
    pub(crate) fn hold(&mut self, holds: bool, what: impl Into<String>) {
        if !holds {
            self.0.push(what.into());
        }
    }

    /// Takes over what another verdict noted.
    pub(crate) fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// True if nothing was noted.
    pub(crate) fn holds(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything that does not hold, as one error.
    pub(crate) fn close(self) -> Result<(), String> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(format!("does not hold:\n  {}", self.0.join("\n  ")))
        }
    }
}

/// The number at `path` (keys joined with dots), or not-a-number, which no comparison accepts.
pub(crate) fn number(object: &Value, path: &str) -> f64 {
    path.split('.')
        .try_fold(object, |at, key| at.get(key))
        .and_then(Value::as_f64)
        .unwrap_or(f64::NAN)
}

/// A path as an argument.
pub(crate) fn path(of: &Path) -> String {
    of.to_string_lossy().into_owned()
}

/// Copies a folder and everything in it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let failed = |why: std::io::Error| format!("{} to {}: {why}", from.display(), to.display());
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let target = to.join(entry.file_name());
        if entry.file_type().map_err(failed)?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target).map_err(failed)?;
        }
    }
    Ok(())
}

/// What the feeds of `run` counted, as its log says at its end.
pub(crate) fn feed_counts(log: &Path) -> Result<Value, String> {
    let text = fs::read_to_string(log).map_err(|why| format!("{}: {why}", log.display()))?;
    let counts = text.lines().rev().find_map(|line| {
        let (_, counts) = line.split_once("counts=")?;
        serde_json::from_str(counts).ok()
    });
    counts.ok_or_else(|| format!("{}: the feeds told no counts", log.display()))
}
