//! mosquitto's own clients as partners: what they hear, what they publish.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Mosquitto, program, text};

/// A message that is not there by then will not come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A message as `mosquitto_sub` shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// True if it was retained.
    pub retained: bool,
    /// Message expiry, seconds.
    pub expiry_s: Option<u32>,
    /// Its topic.
    pub topic: String,
    /// Its payload.
    pub payload: Value,
}

impl Heard {
    fn of(line: &str) -> Option<Self> {
        let mut parts = line.splitn(4, '\t');
        let (retained, expiry) = (parts.next()? == "1", parts.next()?);
        Some(Self {
            retained,
            expiry_s: expiry.parse().ok(),
            topic: parts.next()?.to_owned(),
            payload: serde_json::from_str(parts.next()?).ok()?,
        })
    }
}

/// Somebody who listens.
#[derive(Debug)]
pub struct Listener {
    child: Child,
    lines: Receiver<String>,
}

/// Somebody who publishes on one topic, a line a message.
#[derive(Debug)]
pub struct Publisher {
    child: Child,
    lines: Option<ChildStdin>,
}

impl Mosquitto {
    fn client(&self, tool: &str, who: &str) -> Command {
        let mut command = Command::new(program(tool));
        command
            .args(["-V", "mqttv5", "-h", "127.0.0.1", "-p"])
            .arg(self.port().to_string())
            .arg("--cafile")
            .arg(self.file("ca.pem"))
            .arg("--cert")
            .arg(self.file(&format!("{who}.pem")))
            .arg("--key")
            .arg(self.file(&format!("{who}.key")));
        command
    }

    /// Listens as `who`, and returns once it hears the controller's sign of life.
    ///
    /// # Errors
    /// It does not start, or hears nothing.
    pub fn listen(&self, who: &str, filter: &str) -> Result<Listener, String> {
        let mut child = self
            .client("mosquitto_sub", who)
            .args(["-q", "1", "-F", "%r\t%E\t%t\t%p", "-t", filter])
            .args(["-t", "greenwave/v1/+/state"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(text)?;
        let output = child.stdout.take().ok_or("no output")?;
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(output).lines();
            for line in lines.map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let listener = Listener { child, lines };
        listener.until(|heard| heard.topic.ends_with("/state").then_some(()))?;
        Ok(listener)
    }

    /// Publishes as `who` on one topic; `flags` are those of `mosquitto_pub`.
    ///
    /// # Errors
    /// It does not start.
    pub fn publisher(&self, who: &str, topic: &str, flags: &[&str]) -> Result<Publisher, String> {
        let mut child = self
            .client("mosquitto_pub", who)
            .args(["-q", "1", "-l", "-t", topic])
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(text)?;
        let lines = child.stdin.take();
        Ok(Publisher { child, lines })
    }

    /// Publishes one message as `who`.
    ///
    /// # Errors
    /// It does not start.
    pub fn publish(&self, who: &str, (topic, payload): (&str, &str)) -> Result<(), String> {
        let mut publisher = self.publisher(who, topic, &[])?;
        publisher.line(payload)?;
        publisher.end()
    }
}

impl Listener {
    /// Waits for a message that `wanted` makes something of.
    ///
    /// # Errors
    /// None comes in time.
    pub fn until<T>(&self, wanted: impl Fn(&Heard) -> Option<T>) -> Result<T, String> {
        let began = Instant::now();
        let mut seen = 0_u32;
        loop {
            let left = PATIENCE.saturating_sub(began.elapsed());
            let line = self
                .lines
                .recv_timeout(left)
                .map_err(|_| format!("not heard in {PATIENCE:?}, among {seen} messages"))?;
            seen = seen.saturating_add(1);
            if let Some(found) = Heard::of(&line).as_ref().and_then(&wanted) {
                return Ok(found);
            }
        }
    }

    /// A message that has come already, if there is one.
    #[must_use]
    pub fn waiting(&self) -> Option<Heard> {
        let mut lines = self.lines.try_iter();
        lines.find_map(|line| Heard::of(&line))
    }

    /// The answer to the message with this nonce: its status and body.
    ///
    /// # Errors
    /// None comes in time.
    pub fn answer(&self, nonce: &str) -> Result<(u64, Value), String> {
        self.until(|heard| {
            let ours = heard.payload["nonce"] == nonce;
            ours.then(|| {
                let status = heard.payload["status"].as_u64().unwrap_or_default();
                (status, heard.payload["body"].clone())
            })
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Already ended is as good.
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

impl Publisher {
    /// One message.
    ///
    /// # Errors
    /// The client has ended.
    pub fn line(&mut self, payload: &str) -> Result<(), String> {
        let lines = self.lines.as_mut().ok_or("the client has ended")?;
        writeln!(lines, "{payload}").map_err(text)
    }

    /// Waits until all is published.
    ///
    /// # Errors
    /// The client cannot be waited for.
    pub fn end(mut self) -> Result<(), String> {
        drop(self.lines.take());
        self.child.wait().map(|_| ()).map_err(text)
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        drop(self.lines.take());
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}
