//! NMEA 0183 over TCP, UDP and serial lines. A sentence does not say whose it is: the address it
//! comes from does, or the device.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};
use tokio_serial::SerialPortBuilderExt;

use super::bucket::Bucket;
use super::hub::{FeedState, Hub};
use super::nmea::{Track, parse};
use crate::plan::FeedSource;

/// Longest line that is held; a longer one is dropped whole.
const LINE_MAX: usize = 256;
/// Sentences a second of one receiver, on average and at once: ten kinds ten times a second.
const PER_S: u64 = 100;
const BURST: u64 = 300;
/// A datagram is not longer.
const DATAGRAM_MAX: usize = 2_048;
/// Pauses between tries to open a device.
const AGAIN: Duration = Duration::from_secs(5);

/// One receiver: its lines put together and judged.
#[derive(Debug)]
pub struct Receiver {
    vehicle: String,
    track: Track,
    line: Vec<u8>,
    too_long: bool,
    bucket: Bucket,
    began: Instant,
}

impl Receiver {
    /// A receiver of this vehicle that has said nothing yet.
    #[must_use]
    pub fn new(vehicle: &str) -> Self {
        Self {
            vehicle: vehicle.to_owned(),
            track: Track::default(),
            line: Vec::new(),
            too_long: false,
            bucket: Bucket::new(PER_S, BURST, 0),
            began: Instant::now(),
        }
    }

    /// Takes bytes as they came; a line ends with a line feed.
    pub fn bytes(&mut self, bytes: &[u8], (hub, feed): (&Hub, &FeedState)) {
        for byte in bytes {
            if *byte == b'\n' {
                self.end_of_line((hub, feed));
            } else if self.line.len() < LINE_MAX {
                self.line.push(*byte);
            } else {
                self.too_long = true;
            }
        }
    }

    /// Takes what was said so far as a line.
    pub fn end_of_line(&mut self, (hub, feed): (&Hub, &FeedState)) {
        let line = core::mem::take(&mut self.line);
        let too_long = core::mem::take(&mut self.too_long);
        if line.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        let mono_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        if !self.bucket.take(mono_ms) {
            feed.counts.refused("too-often");
            return;
        }
        if too_long {
            hub.refused(feed, &self.vehicle, "oversize");
            return;
        }
        match parse(&line) {
            Ok(sentence) => {
                feed.counts.frame();
                let unix_ms = jiff::Timestamp::now().as_millisecond();
                let taken = self.track.take(sentence, (mono_ms, unix_ms));
                if taken.rolled_over {
                    feed.counts.refused("week-rollover-mended");
                }
                if let Some(report) = taken.report {
                    hub.report(feed, &self.vehicle, &report, unix_ms);
                }
            }
            Err(fault) => hub.broken(feed, &self.vehicle, &line, &fault),
        }
    }
}

fn vehicle_of(sources: &[FeedSource], from: IpAddr) -> Option<&str> {
    let from = from.to_canonical();
    let source = sources.iter().find(|source| source.from == from);
    source.map(|source| source.vehicle.as_str())
}

/// Takes receivers in that call over TCP, until the task is stopped.
pub async fn serve_tcp(
    listener: TcpListener,
    sources: Vec<FeedSource>,
    (hub, feed): (Arc<Hub>, Arc<FeedState>),
) {
    let room = Arc::new(Semaphore::new(usize::from(feed.feed.connections_max)));
    loop {
        let (stream, from) = match listener.accept().await {
            Ok(one) => one,
            Err(why) => {
                tracing::warn!(%why, feed = feed.feed.id, "a receiver could not be taken in");
                sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        let Some(vehicle) = vehicle_of(&sources, from.ip()) else {
            hub.refused(&feed, &from.to_string(), "unknown-source");
            continue;
        };
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
            hub.refused(&feed, &from.to_string(), "too-many-connections");
            continue;
        };
        let receiver = Receiver::new(vehicle);
        let (hub, feed) = (Arc::clone(&hub), Arc::clone(&feed));
        tokio::spawn(async move {
            listen(stream, receiver, (&hub, &feed)).await;
            drop(place);
        });
    }
}

/// Reads until the other end is silent for too long or leaves.
async fn listen(
    mut stream: impl AsyncRead + Unpin,
    mut receiver: Receiver,
    (hub, feed): (&Hub, &FeedState),
) {
    let idle = Duration::from_millis(u64::from(feed.feed.idle.as_ms()));
    let mut read = vec![0; 1_024];
    loop {
        match timeout(idle, stream.read(&mut read)).await {
            Ok(Ok(count)) if count > 0 => {
                receiver.bytes(read.get(..count).unwrap_or_default(), (hub, feed));
            }
            _ => return,
        }
    }
}

/// Takes datagrams, until the task is stopped.
pub async fn serve_udp(
    socket: UdpSocket,
    sources: Vec<FeedSource>,
    (hub, feed): (Arc<Hub>, Arc<FeedState>),
) {
    let mut receivers: BTreeMap<IpAddr, Receiver> = BTreeMap::new();
    let mut read = vec![0; DATAGRAM_MAX];
    loop {
        let (count, from) = match socket.recv_from(&mut read).await {
            Ok(one) => one,
            Err(why) => {
                tracing::warn!(%why, feed = feed.feed.id, "a datagram could not be read");
                sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        let ip = from.ip().to_canonical();
        let Some(vehicle) = vehicle_of(&sources, ip) else {
            // Counted only: anybody can send datagrams, and a file would fill.
            feed.counts.refused("unknown-source");
            continue;
        };
        let receiver = receivers
            .entry(ip)
            .or_insert_with(|| Receiver::new(vehicle));
        receiver.bytes(read.get(..count).unwrap_or_default(), (&hub, &feed));
        // A datagram holds whole lines.
        receiver.end_of_line((&hub, &feed));
    }
}

/// Reads a serial device and opens it again when it is gone, until the task is stopped.
pub async fn serve_serial(
    (device, baud, vehicle): (String, u32, String),
    (hub, feed): (Arc<Hub>, Arc<FeedState>),
) {
    let mut told = false;
    loop {
        match tokio_serial::new(&device, baud).open_native_async() {
            Ok(port) => {
                told = false;
                hub.note(&feed, "opened", &json!({ "device": device }));
                listen(port, Receiver::new(&vehicle), (&hub, &feed)).await;
            }
            Err(why) if !told => {
                told = true;
                tracing::warn!(%why, device, "a device cannot be opened; it is tried on");
                hub.refused(&feed, &device, "device-closed");
            }
            Err(_) => {}
        }
        sleep(AGAIN).await;
    }
}
