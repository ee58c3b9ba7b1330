//! One HTTP request to our own API, over a real socket, as a dispatch system would send it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// An answer that takes longer is none.
const WITHIN: Duration = Duration::from_secs(10);

/// Posts `body` and returns the answer's status and object.
pub(super) fn post(
    to: SocketAddr,
    path: &str,
    bearer: &str,
    body: &Value,
) -> Result<(u16, Value), String> {
    let body = body.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {to}\r\nAuthorization: Bearer {bearer}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let talk = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&to, WITHIN)?;
        stream.set_read_timeout(Some(WITHIN))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    };
    let answer = talk().map_err(|why| format!("POST {path}: {why}"))?;
    let text = String::from_utf8_lossy(&answer);
    let status = text
        .split(' ')
        .nth(1)
        .and_then(|word| word.parse().ok())
        .unwrap_or(0);
    let object = text
        .find('{')
        .and_then(|start| Some((start, text.rfind('}')?)))
        .and_then(|(start, end)| serde_json::from_str(text.get(start..=end)?).ok());
    Ok((status, object.unwrap_or(Value::Null)))
}
