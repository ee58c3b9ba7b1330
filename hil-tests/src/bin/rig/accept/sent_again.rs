//! Sends captured bytes again, and tells what the installation made of them.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use super::installation::Installation;
use crate::tools::{Verdict, say};

/// The gateway takes 20 frames a second of a terminal; so each is judged by what it says.
const FRAME_EVERY: Duration = Duration::from_millis(52);
/// The API reads 50 requests a second of a machine; so each is judged by what it asks.
const REQUEST_EVERY: Duration = Duration::from_millis(22);
/// An answer that is not there by then does not come.
const WITHIN: Duration = Duration::from_secs(10);
/// The mark around each frame of JT/T 808.
const MARK: u8 = 0x7e;

/// What came of the desk's requests.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// Method, status and code, and how often.
    answers: BTreeMap<String, usize>,
    /// Acts among them.
    posts: usize,
    /// The same corridor request byte for byte: status, and whether it named a corridor.
    verbatim: Vec<(u16, Value)>,
    /// The same under another request id: status and answer.
    renamed: Vec<(u16, Value)>,
}

impl Sent {
    pub(super) fn add(&mut self, other: Self) {
        for (what, count) in other.answers {
            *self.answers.entry(what).or_default() += count;
        }
        self.posts += other.posts;
        self.verbatim.extend(other.verbatim);
        self.renamed.extend(other.renamed);
    }

    pub(super) const fn posts(&self) -> usize {
        self.posts
    }

    pub(super) fn print(&self) {
        for (what, count) in &self.answers {
            say(&format!("  {count:4} times {what}"));
        }
    }

    /// The same bytes get the answer of then; another id is refused, with this status and reason.
    pub(super) fn judge(&self, verdict: &mut Verdict, (status, reason): (u16, &str)) {
        verdict.hold(
            !self.verbatim.is_empty(),
            "no corridor request was captured",
        );
        for (got, body) in &self.verbatim {
            verdict.hold(
                *got == 201 && body["corridor_id"].is_u64(),
                format!("the captured request got {got} {body}"),
            );
        }
        for (got, body) in &self.renamed {
            verdict.hold(
                *got == status && body.to_string().contains(reason),
                format!("under another id the request got {got} {body}, not {status} {reason}"),
            );
        }
    }
}

/// Sends what a dispatch system said, connection by connection; and each corridor request once more
/// under another id, as somebody would who has understood what an id is for.
pub(super) fn desk(at: &Installation, said: &[Vec<u8>]) -> Result<Sent, String> {
    let to: SocketAddr = at
        .base
        .trim_start_matches("http://")
        .parse()
        .map_err(|_| at.base.clone())?;
    let mut sent = Sent::default();
    for bytes in said {
        let (status, body) = ask(to, bytes)?;
        let line = String::from_utf8_lossy(bytes)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned();
        let opens = line.starts_with("POST /api/v1/corridors ");
        sent.note(&line, "", (status, &body));
        if opens {
            sent.verbatim.push((status, body));
            let (status, body) = ask(to, &renamed(bytes)?)?;
            sent.note(&line, ", another request id", (status, &body));
            sent.renamed.push((status, body));
        }
    }
    Ok(sent)
}

impl Sent {
    fn note(&mut self, line: &str, how: &str, (status, body): (u16, &Value)) {
        let mut words = line.split(' ');
        let (method, path) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        self.posts += usize::from(method == "POST");
        let kind = body["type"]
            .as_str()
            .and_then(|kind| kind.rsplit(':').next());
        let field = body["errors"][0]["field"].as_str();
        let corridor = body["corridor_id"].as_u64().filter(|_| method == "POST");
        let mut what = format!("{method} {path}{how}: {status}");
        for word in kind.into_iter().chain(field) {
            what.extend([" ", word]);
        }
        if let Some(number) = corridor {
            let number = number.to_string();
            what.extend([" (the answer of then: corridor ", &number, ")"]);
        }
        *self.answers.entry(what).or_default() += 1;
    }
}

fn ask(to: SocketAddr, bytes: &[u8]) -> Result<(u16, Value), String> {
    let failed = |why: std::io::Error| format!("{to}: {why}");
    let mut stream = TcpStream::connect(to).map_err(failed)?;
    stream.set_read_timeout(Some(WITHIN)).map_err(failed)?;
    stream.write_all(bytes).map_err(failed)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(failed)?;
    std::thread::sleep(REQUEST_EVERY);
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").ok_or("the answer is no HTTP")?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let from = body.find(['{', '[']).unwrap_or(body.len());
    let to = body.rfind(['}', ']']).map_or(from, |at| at + 1);
    let object = body.get(from..to).unwrap_or_default();
    let object = serde_json::from_str(object).unwrap_or(Value::Null);
    Ok((status.ok_or("the answer has no status")?, object))
}

/// The same bytes, but the last digit of the request id.
fn renamed(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let key = b"\"request_id\":\"";
    let found = bytes.windows(key.len()).position(|part| part == key);
    let last = found.ok_or("a request without an id")? + key.len() + 35;
    let mut bytes = bytes.to_vec();
    let digit = bytes.get_mut(last).ok_or("a request that ends early")?;
    *digit = if *digit == b'0' { b'1' } else { b'0' };
    Ok(bytes)
}

/// Sends what terminals said, frame by frame.
pub(super) fn terminal(at: &Installation, said: &[Vec<u8>]) -> Result<(), String> {
    let failed = |why: std::io::Error| format!("{}: {why}", at.feed);
    for bytes in said {
        let mut stream = TcpStream::connect(at.feed).map_err(failed)?;
        let mut answers = stream.try_clone().map_err(failed)?;
        std::thread::spawn(move || std::io::copy(&mut answers, &mut std::io::sink()));
        for frame in bytes
            .split(|byte| *byte == MARK)
            .filter(|frame| !frame.is_empty())
        {
            let whole = [&[MARK], frame, &[MARK]].concat();
            // A gateway that has had enough hangs up: that is an answer, too.
            if stream.write_all(&whole).is_err() {
                break;
            }
            std::thread::sleep(FRAME_EVERY);
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    Ok(())
}
