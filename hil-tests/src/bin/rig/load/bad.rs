//! Clients as they should not be: slow ones, and an agency that floods.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::good::live;
use super::line::{Line, address};
use super::scene::{CAD_AGENCY, Sign};
use super::tally::Tally;

/// Slow clients of each kind.
pub(super) const EACH: u64 = 20;
/// Connections of the flooding agency, and requests a second of all: ten times its quota of 50.
const FLOOD_LINES: usize = 10;
const FLOOD_PER_S: u32 = 500;
/// Connections that one address tries to hold at once, and how many it may have.
pub(super) const CROWD: u64 = 160;
pub(super) const CROWD_MAX: u64 = 128;
/// Calls that one address makes to the gateway at once without signing on, and how many it may have.
pub(super) const CALLS: u64 = 60;
pub(super) const CALLS_MAX: u64 = 32;
/// What a connection was that came about and was cut at once.
pub(super) const REFUSED: &str = "refused";
/// Whoever is not dropped by then is not going to be.
pub(super) const DROPPED_WITHIN: Duration = Duration::from_mins(2);

/// What a slow client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slow {
    /// Sends a header byte by byte.
    Header,
    /// Opens a live stream and never reads.
    Stream,
    /// Promises a body and stops in it.
    Body,
    /// Opens a connection and begins no TLS.
    Handshake,
    /// Calls the gateway and says nothing.
    Terminal,
}

impl Slow {
    pub(super) const ALL: [Self; 5] = [
        Self::Header,
        Self::Stream,
        Self::Body,
        Self::Handshake,
        Self::Terminal,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Header => "header byte by byte",
            Self::Stream => "live stream never read",
            Self::Body => "body that stops",
            Self::Handshake => "TLS never begun",
            Self::Terminal => "terminal that is silent",
        }
    }
}

/// All slow clients of one kind: how long each was borne until it was dropped.
pub(super) async fn slow(sign: Arc<Sign>, kind: Slow) -> Tally {
    let mut all = JoinSet::new();
    for (number, _) in (0..EACH).enumerate() {
        let sign = Arc::clone(&sign);
        all.spawn(async move {
            let mut tally = Tally {
                sent: 1,
                ..Tally::default()
            };
            let began = Instant::now();
            match timeout(DROPPED_WITHIN, one(&sign, kind, number)).await {
                Ok(Ok(())) => tally.answered(began.elapsed()),
                Ok(Err(why)) => tally.other(why),
                Err(_) => tally.other("not dropped"),
            }
            tally
        });
    }
    sum(all).await
}

/// One slow client, until it is dropped.
async fn one(sign: &Sign, kind: Slow, number: usize) -> Result<(), String> {
    let from = address(20, number);
    let head = |method: &str, path: &str, rest: &str| {
        let token = &sign.console;
        format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{rest}"
        )
    };
    match kind {
        Slow::Handshake => until_cut(sign.door.plain(from, false).await?).await,
        Slow::Terminal => until_cut(call(sign, address(21, number)).await?).await,
        Slow::Header => {
            let mut wire = sign.door.secret(from, false).await?;
            for byte in head("GET", "/api/v1/status", "").bytes() {
                if wire.write_all(&[byte]).await.is_err() || wire.flush().await.is_err() {
                    return Ok(());
                }
                let mut read = [0; 512];
                if let Ok(Ok(0) | Err(_)) =
                    timeout(Duration::from_secs(1), wire.read(&mut read)).await
                {
                    return Ok(());
                }
            }
            Err("a whole header was taken".to_owned())
        }
        Slow::Body => {
            let mut wire = sign.door.secret(from, false).await?;
            let rest = "Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"vehicle";
            let begun = head("POST", "/api/v1/positions", rest);
            wire.write_all(begun.as_bytes())
                .await
                .map_err(|why| why.to_string())?;
            wire.flush().await.map_err(|why| why.to_string())?;
            until_cut(wire).await
        }
        Slow::Stream => {
            let stream = live(&sign.door, &sign.console, from, true).await?;
            let (wire, _) = stream.get_ref().get_ref();
            let own = wire.local_addr().map_err(|why| why.to_string())?;
            while is_established(sign.door.at, own)? {
                sleep(Duration::from_millis(500)).await;
            }
            Ok(())
        }
    }
}

/// Whether the product still holds its end, as the kernel lists it: whoever does not read sees no end.
fn is_established(product: SocketAddr, client: SocketAddr) -> Result<bool, String> {
    let shown = |at: SocketAddr| match at.ip() {
        IpAddr::V4(ip) => format!("{:08X}:{:04X}", u32::from(ip).swap_bytes(), at.port()),
        IpAddr::V6(_) => String::new(),
    };
    let row = format!("{} {} 01", shown(product), shown(client));
    let table = std::fs::read_to_string("/proc/net/tcp").map_err(|why| why.to_string())?;
    Ok(table.contains(&row))
}

/// Reads until the other side has gone.
async fn until_cut(mut wire: impl AsyncRead + Unpin) -> Result<(), String> {
    let mut read = vec![0; 65_536];
    loop {
        match wire.read(&mut read).await {
            Ok(0) | Err(_) => return Ok(()),
            Ok(_) => {}
        }
    }
}

async fn call(sign: &Sign, from: Ipv4Addr) -> Result<TcpStream, String> {
    let text = |why: std::io::Error| why.to_string();
    let socket = TcpSocket::new_v4().map_err(text)?;
    socket.bind((from, 0).into()).map_err(text)?;
    socket.connect(sign.gateway).await.map_err(text)
}

/// One address tries to take every place, of the API and of the gateway: how many it is refused.
pub(super) async fn crowd(sign: Arc<Sign>) -> (Tally, Tally) {
    let api = (0..CROWD).map(|_| sign.door.plain(address(22, 0), false));
    let gateway = (0..CALLS).map(|_| call(&sign, address(23, 0)));
    let (api, gateway) = (
        futures_util::future::join_all(api).await,
        futures_util::future::join_all(gateway).await,
    );
    (cut_at_once(api).await, cut_at_once(gateway).await)
}

async fn cut_at_once(opened: Vec<Result<TcpStream, String>>) -> Tally {
    let mut tally = Tally::default();
    let mut all = JoinSet::new();
    for stream in opened {
        all.spawn(async move {
            let mut stream = stream?;
            // Well before any time limit of a connection that was taken in.
            let cut = timeout(Duration::from_millis(1500), stream.read(&mut [0; 16])).await;
            Ok::<bool, String>(cut.is_ok())
        });
    }
    while let Some(ended) = all.join_next().await {
        tally.sent += 1;
        match ended {
            Ok(Ok(false)) => tally.done += 1,
            Ok(Ok(true)) => tally.other(REFUSED),
            Ok(Err(why)) => tally.other(format!("no connection: {why}")),
            Err(why) => tally.other(why.to_string()),
        }
    }
    tally
}

/// An agency that asks ten times as often as it may; every refusal has its documented answer.
pub(super) async fn flood(sign: Arc<Sign>, until: Instant) -> Tally {
    let mut all = JoinSet::new();
    for number in 0..FLOOD_LINES {
        let sign = Arc::clone(&sign);
        all.spawn(async move { pour(&sign, number, until).await });
    }
    sum(all).await
}

async fn pour(sign: &Sign, number: usize, until: Instant) -> Tally {
    let mut line = Line::new(&sign.door, address(24, number), &sign.flood);
    let lines = u32::try_from(FLOOD_LINES).unwrap_or(1);
    let mut clock = interval(Duration::from_secs(1) * lines / FLOOD_PER_S);
    clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut tally = Tally::default();
    // Somebody else's corridors: not its own agency's, so never done.
    let foreign = json!({ "agency": CAD_AGENCY });
    for turn in 0_u32.. {
        clock.tick().await;
        if Instant::now() >= until {
            break;
        }
        tally.sent += 1;
        let sent = Instant::now();
        let answer = if turn.is_multiple_of(2) {
            line.ask("GET", "/api/v1/corridors", None).await
        } else {
            line.ask("POST", "/api/v1/corridors", Some(&foreign)).await
        };
        match answer {
            Ok((200 | 400, _)) => tally.answered(sent.elapsed()),
            Ok((status, body)) => {
                let kind = body["type"].as_str().unwrap_or_default();
                tally.other(format!(
                    "{status} {}",
                    kind.trim_start_matches("urn:greenwave:problem:")
                ));
            }
            Err(why) => tally.other(why),
        }
    }
    tally
}

pub(super) async fn sum(mut all: JoinSet<Tally>) -> Tally {
    let mut whole = Tally::default();
    while let Some(tally) = all.join_next().await {
        match tally {
            Ok(tally) => whole.add(tally),
            Err(why) => whole.other(why.to_string()),
        }
    }
    whole
}
