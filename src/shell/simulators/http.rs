//! One HTTP request over a socket of its own, as a plain dispatch system would send it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use serde_json::Value;

/// An answer that takes longer is none.
const WITHIN: Duration = Duration::from_secs(12);
/// An answer is not longer: a city of thousands of roads has a few megabytes.
const ANSWER_MAX: u64 = 64 << 20;

/// Who asks: headers that go with every request.
#[derive(Clone, Debug)]
pub(super) struct Client {
    host: String,
    to: SocketAddr,
    headers: Vec<(String, String)>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) cookie: Option<String>,
    pub(super) body: Value,
}

impl Client {
    /// A client of `http://HOST:PORT`.
    pub(super) fn new(base: &str) -> Result<Self, String> {
        let host = base
            .strip_prefix("http://")
            .map(|rest| rest.trim_end_matches('/'));
        let host = host.ok_or_else(|| format!("{base} does not begin with http://"))?;
        let mut found = host
            .to_socket_addrs()
            .map_err(|why| format!("{host}: {why}"))?;
        let to = found
            .next()
            .ok_or_else(|| format!("{host} has no address"))?;
        Ok(Self {
            host: host.to_owned(),
            to,
            headers: Vec::new(),
        })
    }

    /// Sends this header with every request from now on.
    pub(super) fn carry(&mut self, name: &str, value: String) {
        self.headers.push((name.to_owned(), value));
    }

    pub(super) fn get(&self, path: &str) -> Result<Answer, String> {
        self.ask("GET", path, None)
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Answer, String> {
        self.ask("POST", path, Some(&body.to_string()))
    }

    fn ask(&self, method: &str, path: &str, body: Option<&str>) -> Result<Answer, String> {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
            self.host
        );
        for (name, value) in &self.headers {
            request.extend([name.as_str(), ": ", value.as_str(), "\r\n"]);
        }
        if let Some(body) = body {
            let head = format!(
                "Content-Type: application/json\r\nContent-Length: {}\r\n",
                body.len()
            );
            request.push_str(&head);
        }
        request.push_str("\r\n");
        request.push_str(body.unwrap_or_default());
        let talk = || -> std::io::Result<Vec<u8>> {
            let mut stream = TcpStream::connect_timeout(&self.to, WITHIN)?;
            stream.set_read_timeout(Some(WITHIN))?;
            stream.set_write_timeout(Some(WITHIN))?;
            stream.write_all(request.as_bytes())?;
            let mut answer = Vec::new();
            stream.take(ANSWER_MAX).read_to_end(&mut answer)?;
            Ok(answer)
        };
        let answer = talk().map_err(|why| format!("{method} {path} at {}: {why}", self.to))?;
        read(&answer).ok_or_else(|| format!("{method} {path}: the answer is no HTTP"))
    }
}

fn read(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = core::str::from_utf8(answer.get(..end)?).ok()?;
    let body = answer.get(end + 4..)?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let (mut cookie, mut chunked) = (None, false);
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("set-cookie") {
            cookie = value.split(';').next().map(str::to_owned);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            chunked = value.eq_ignore_ascii_case("chunked");
        }
    }
    let body = if chunked {
        unchunked(body)?
    } else {
        body.to_vec()
    };
    Some(Answer {
        status,
        cookie,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    })
}

fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = core::str::from_utf8(rest.get(..line)?).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        rest = rest.get(line + 2..)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size.checked_add(2)?..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_both_forms_are_read() {
        let plain = b"HTTP/1.1 201 Created\r\nset-cookie: gw=abc; Path=/\r\ncontent-length: 9\r\n\r\n{\"a\": [1]}";
        let answer = read(plain).unwrap();
        assert_eq!(
            (answer.status, answer.cookie.as_deref()),
            (201, Some("gw=abc"))
        );
        assert_eq!(answer.body["a"][0], 1);
        let parts = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n3\r\n 2}\r\n0\r\n\r\n";
        assert_eq!(read(parts).unwrap().body["a"], 2);
        assert!(read(b"junk").is_none());
    }
}
