//! Cabinets on Modbus RTU: several units on one pty, with the time that characters take.
//!
//! Framing is by silence and by check: bytes are gathered until a whole valid request is there or
//! the line has been quiet, and then whatever does not start a valid request is thrown away. Noise,
//! half frames and other stations' talk cannot stop it for longer than one pause.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serialport::SerialPort;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_serial::SerialStream;

use super::fleet::Shared;
use super::pdu::request_length;
use super::wire::{Reaction, react};

/// A frame never grows longer than this.
const FRAME_MAX: usize = 256;
/// Silence after which an unfinished frame is given up. Longer than 3.5 characters because a pty
/// hands over bytes in bursts and a busy host may sleep between two of them.
const QUIET: Duration = Duration::from_millis(5);
/// How long a station thinks before it answers.
const TURNAROUND: Duration = Duration::from_millis(1);
/// Bits of one character on the line: start, eight data, parity or second stop, stop.
const BITS: u64 = 11;
/// Bytes written at once while an answer is paced.
const CHUNK: usize = 24;

/// The other end of an emulated bus.
#[derive(Debug)]
pub struct RtuBus {
    path: PathBuf,
    /// Keeps the line up while nobody else has it open.
    _line: SerialStream,
}

impl RtuBus {
    /// The device a master opens.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A pty: the cabinets' end, and the end a master opens by path.
pub(super) fn open_pair() -> io::Result<(SerialStream, RtuBus)> {
    // The line is held without a lock, so that a master may lock it.
    let (cabinets, master) = SerialStream::pair()?;
    let name = master.name().or_else(|| cabinets.name());
    let path = name.map(PathBuf::from).ok_or(io::ErrorKind::NotFound)?;
    let bus = RtuBus {
        path,
        _line: master,
    };
    Ok((cabinets, bus))
}

/// CRC-16 of Modbus RTU: polynomial 0x8005 reflected, start 0xFFFF; sent low byte first.
#[must_use]
pub fn frame_check(bytes: &[u8]) -> u16 {
    let mut crc = 0xFFFF_u16;
    for byte in bytes {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            let carry = crc & 1 == 1;
            crc >>= 1;
            if carry {
                crc ^= 0xA001;
            }
        }
    }
    crc
}

/// Serves until the pty is gone.
pub(super) async fn serve(mut port: SerialStream, cabinets: Vec<Arc<Shared>>, baud: u32) {
    let mut heard: Vec<u8> = Vec::with_capacity(FRAME_MAX);
    let mut began = Instant::now();
    loop {
        let mut bytes = [0_u8; FRAME_MAX];
        let read = if heard.is_empty() {
            port.read(&mut bytes).await.ok()
        } else {
            match timeout(QUIET, port.read(&mut bytes)).await {
                Ok(read) => read.ok(),
                Err(_quiet) => {
                    // Whatever is there did not become a request.
                    heard.clear();
                    continue;
                }
            }
        };
        match read {
            Some(0) | None => tokio::time::sleep(Duration::from_millis(20)).await,
            Some(count) => {
                if heard.is_empty() {
                    began = Instant::now();
                }
                heard.extend(&bytes[..count]);
                while let Some((unit, request)) = next_request(&mut heard) {
                    let line = Line { began, baud };
                    let cabinet = cabinets.iter().find(|cabinet| cabinet.unit == unit);
                    if let Some(cabinet) = cabinet {
                        line.hear(request.len() + 3).await;
                        if let Some(reaction) = react(cabinet, &request) {
                            line.say(&mut port, unit, request.len() + 3, reaction).await;
                        }
                    }
                    began = Instant::now();
                }
                if heard.len() > FRAME_MAX {
                    heard.clear();
                }
            }
        }
    }
}

/// The first valid request among the bytes; bytes before it are thrown away.
pub(super) fn next_request(heard: &mut Vec<u8>) -> Option<(u8, Vec<u8>)> {
    for start in 0..heard.len() {
        let frame = heard.get(start..)?;
        let Some(length) = frame.get(1..).and_then(request_length) else {
            continue;
        };
        let whole = length + 3;
        if length == 0 || frame.len() < whole {
            continue;
        }
        let (body, check) = frame[..whole].split_at(whole - 2);
        if frame_check(body).to_le_bytes() == *check {
            let found = (body[0], body[1..].to_vec());
            heard.drain(..start + whole);
            return Some(found);
        }
    }
    None
}

/// The time things take on a line that is in truth a pipe.
#[derive(Clone, Copy, Debug)]
struct Line {
    began: Instant,
    baud: u32,
}

impl Line {
    fn characters(self, count: usize) -> Duration {
        let bits = u64::try_from(count).unwrap_or(0) * BITS;
        Duration::from_micros(bits * 1_000_000 / u64::from(self.baud.max(1)))
    }

    /// Waits until the last character of a request would have come in, and a little silence.
    async fn hear(self, request: usize) {
        sleep_until(self.began + self.characters(request + 4) + TURNAROUND).await;
    }

    async fn say(self, port: &mut SerialStream, unit: u8, request: usize, reaction: Reaction) {
        if !reaction.delay.is_zero() {
            sleep_until(Instant::now() + reaction.delay).await;
        }
        let from = (self.began + self.characters(request + 4) + TURNAROUND).max(Instant::now());
        let bytes = if reaction.noise {
            vec![0x5A; 40]
        } else {
            let unit = if reaction.wrong_unit {
                unit.wrapping_add(1)
            } else {
                unit
            };
            frame(unit, &reaction.answer)
        };
        let times = if reaction.twice { 2 } else { 1 };
        let mut sent = 0;
        for _ in 0..times {
            for chunk in bytes.chunks(CHUNK) {
                sent += chunk.len();
                sleep_until(from + self.characters(sent)).await;
                if port.write_all(chunk).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn frame(unit: u8, answer: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(answer.len() + 3);
    bytes.push(unit);
    bytes.extend(answer);
    let check = frame_check(&bytes);
    bytes.extend(check.to_le_bytes());
    bytes
}
