//! The trip itself, over a real socket in real time.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, sleep_until, timeout};

use super::nmea::sentences;
use super::reports::{Fault, Reporter, Said};
use super::terminal::{Heard, Terminal};
use crate::shell::vehicles::jt808::message::{AckResult, id};
use crate::shell::vehicles::jt808::{Location, Message, Phone, Version};

/// An answer that takes longer is none.
const WITHIN: Duration = Duration::from_secs(10);
/// Positions kept for a batch at most.
const BACKLOG_MAX: usize = 500;
/// A batch holds so many.
const BATCH: usize = 50;

/// What the vehicle speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Speaks {
    /// JT/T 808-2013 over TCP.
    #[value(name = "jt808-2013")]
    Jt808Of2013,
    /// JT/T 808-2019 over TCP.
    #[value(name = "jt808-2019")]
    Jt808Of2019,
    /// NMEA 0183 over TCP.
    NmeaTcp,
    /// NMEA 0183 over UDP.
    NmeaUdp,
}

/// Where to, and as whom.
#[derive(Clone, Debug)]
pub struct Trip {
    /// What it speaks.
    pub speaks: Speaks,
    /// The feed's address.
    pub to: SocketAddr,
    /// The terminal's number; for JT/T 808.
    pub phone: Option<Phone>,
    /// The plate that it registers with.
    pub plate: String,
    /// End after this long, whatever is left of the way.
    pub at_most_s: f64,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Reports sent.
    pub sent: u64,
    /// Reports that were not sent, by order or by chance.
    pub held_back: u64,
    /// Positions sent as history.
    pub history: u64,
    /// Answers that said done.
    pub done: u64,
    /// Answers that said anything else.
    pub not_done: u64,
    /// Orders to report more often.
    pub tracked: u64,
    /// Texts for the crew.
    pub texts: Vec<String>,
}

impl Outcome {
    /// As a JSON object.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "sent": self.sent,
            "held_back": self.held_back,
            "history": self.history,
            "answered_done": self.done,
            "answered_otherwise": self.not_done,
            "tracking_orders": self.tracked,
            "texts": self.texts,
        })
    }
}

/// Drives the trip and tells what happens by `tell`.
///
/// # Errors
/// Nobody listens, or the terminal is not let in.
pub async fn drive(
    trip: &Trip,
    reporter: Reporter,
    tell: &mut (dyn FnMut(&str, Value) + Send),
) -> Result<Outcome, String> {
    match trip.speaks {
        Speaks::NmeaUdp => nmea(trip, reporter, Wire::udp(trip.to).await?).await,
        Speaks::NmeaTcp => nmea(trip, reporter, Wire::tcp(trip.to).await?).await,
        Speaks::Jt808Of2013 => jt808(trip, reporter, Version::V2013, tell).await,
        Speaks::Jt808Of2019 => jt808(trip, reporter, Version::V2019, tell).await,
    }
}

/// The clock of a trip.
#[derive(Clone, Copy, Debug)]
struct Clock {
    began: Instant,
    began_ms: i64,
}

impl Clock {
    fn start() -> Self {
        Self {
            began: Instant::now(),
            began_ms: jiff::Timestamp::now().as_millisecond(),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a trip lasts minutes")]
    fn unix_ms(self, t_s: f64) -> i64 {
        self.began_ms.saturating_add((t_s * 1000.0) as i64)
    }

    fn at(self, t_s: f64) -> Instant {
        self.began + Duration::from_secs_f64(t_s.max(0.0))
    }
}

enum Wire {
    Tcp(TcpStream),
    Udp(UdpSocket),
}

impl Wire {
    async fn tcp(to: SocketAddr) -> Result<Self, String> {
        connect(to).await.map(Self::Tcp)
    }

    async fn udp(to: SocketAddr) -> Result<Self, String> {
        let any: SocketAddr = if to.is_ipv4() {
            ([0, 0, 0, 0], 0).into()
        } else {
            ([0_u16; 8], 0).into()
        };
        let refused = |why: std::io::Error| format!("{to}: {why}");
        let socket = UdpSocket::bind(any).await.map_err(refused)?;
        socket.connect(to).await.map_err(refused)?;
        Ok(Self::Udp(socket))
    }

    async fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.write_all(bytes).await,
            // Nobody there is no concern of a datagram.
            Self::Udp(socket) => socket.send(bytes).await.map(|_| ()).or(Ok(())),
        }
    }
}

async fn connect(to: SocketAddr) -> Result<TcpStream, String> {
    let tried = timeout(WITHIN, TcpStream::connect(to)).await;
    let tried = tried.map_err(|_| format!("nobody answers at {to}"))?;
    tried.map_err(|why| format!("cannot connect to {to}: {why}; does the feed listen there?"))
}

async fn nmea(trip: &Trip, mut reporter: Reporter, mut wire: Wire) -> Result<Outcome, String> {
    let clock = Clock::start();
    let mut outcome = Outcome::default();
    let period_s = reporter.habits().period_s;
    let mut t_s = 0.0;
    while t_s <= trip.at_most_s && !reporter.is_over(t_s) {
        sleep_until(clock.at(t_s + reporter.habits().lag_s)).await;
        if let Some(said) = reporter.at(t_s) {
            let mut text = sentences(&said, clock.unix_ms(said.t_s));
            if reporter.does_wrong(Fault::Checksum, t_s) {
                text = text.replace('A', "B");
            }
            if reporter.does_wrong(Fault::Noise, t_s) {
                text.insert_str(0, "\u{7f}$GP,noise\r\n");
            }
            let twice = reporter.does_wrong(Fault::Duplicate, t_s);
            for _ in 0..if twice { 2 } else { 1 } {
                wire.send(text.as_bytes())
                    .await
                    .map_err(|why| format!("{}: {why}", trip.to))?;
                outcome.sent += 1;
            }
        } else {
            outcome.held_back += 1;
        }
        t_s += period_s;
    }
    reporter.failure().map_or(Ok(outcome), Err)
}

/// The terminal and its connection.
struct Link<'t> {
    stream: TcpStream,
    terminal: Terminal,
    outcome: Outcome,
    tell: &'t mut (dyn FnMut(&str, Value) + Send),
}

async fn jt808(
    trip: &Trip,
    mut reporter: Reporter,
    version: Version,
    tell: &mut (dyn FnMut(&str, Value) + Send),
) -> Result<Outcome, String> {
    let phone = trip
        .phone
        .ok_or("the vehicle has no terminal number; give --phone")?;
    let mut link = Link {
        stream: connect(trip.to).await?,
        terminal: Terminal::new(phone, version),
        outcome: Outcome::default(),
        tell,
    };
    link.sign_on(&trip.plate).await?;
    let clock = Clock::start();
    // While it is tracked, the terminal reports as often as it was told.
    let mut tracked: Option<(f64, f64)> = None;
    let mut backlog: Vec<Location> = Vec::new();
    let mut t_s: f64 = 0.0;
    while t_s <= trip.at_most_s && !reporter.is_over(t_s) {
        let due = clock.at(t_s + reporter.habits().lag_s);
        if let Some((every_s, for_s)) = link.listen_until(due).await? {
            tracked = (every_s > 0).then(|| (f64::from(every_s), t_s + f64::from(for_s)));
        }
        match reporter.at(t_s) {
            None => link.outcome.held_back += 1,
            Some(said) => {
                let location = location_of(&said, clock.unix_ms(said.t_s));
                if reporter.does_wrong(Fault::Backlog, t_s) {
                    if backlog.len() < BACKLOG_MAX {
                        backlog.push(location);
                    }
                    link.outcome.held_back += 1;
                } else {
                    link.report(location, &reporter, t_s).await?;
                }
            }
        }
        if !reporter.does_wrong(Fault::Backlog, t_s) && !backlog.is_empty() {
            link.upload(core::mem::take(&mut backlog)).await?;
        }
        let usual_s = reporter.habits().period_s;
        t_s += tracked
            .filter(|(_, until)| t_s < *until)
            .map_or(usual_s, |(every, _)| every.min(usual_s));
    }
    if !backlog.is_empty() {
        link.upload(backlog).await?;
    }
    let goodbye = link.terminal.frames(&Message::Logout);
    link.send(&goodbye).await?;
    // Answers that are still on their way; the other side then hangs up.
    let _hung_up = link
        .listen_until(Instant::now() + Duration::from_millis(300))
        .await;
    reporter.failure().map_or(Ok(link.outcome), Err)
}

fn location_of(said: &Said, time_ms: i64) -> Location {
    let mut location = Location::at(
        (said.at.lat_deg, said.at.lon_deg),
        said.speed_mps,
        said.heading_deg,
        time_ms,
    );
    if !said.valid {
        location.status &= !2;
    }
    location
}

impl Link<'_> {
    async fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        let sent = timeout(WITHIN, self.stream.write_all(bytes)).await;
        let sent = sent.map_err(|_| "the gateway takes nothing".to_owned())?;
        sent.map_err(|why| format!("the gateway hung up: {why}"))
    }

    async fn sign_on(&mut self, plate: &str) -> Result<(), String> {
        let hello = self.terminal.register(plate);
        self.send(&hello).await?;
        let code = loop {
            match self.next().await?.as_slice() {
                [Heard::Code(code), ..] => break code.clone(),
                [Heard::NoCode(why), ..] => return Err(format!("registration refused: {why}")),
                _ => {}
            }
        };
        (self.tell)(
            "registered",
            json!({ "phone": self.terminal.phone.to_string() }),
        );
        let show = self.terminal.frames(&Message::Authenticate(code));
        self.send(&show).await?;
        loop {
            for heard in self.next().await? {
                if let Heard::Answered(ack) = heard
                    && ack.id == id::AUTHENTICATE
                {
                    return if ack.result == AckResult::Done {
                        (self.tell)("signed-on", json!({}));
                        Ok(())
                    } else {
                        Err("the code was refused".to_owned())
                    };
                }
            }
        }
    }

    /// What comes in next.
    async fn next(&mut self) -> Result<Vec<Heard>, String> {
        let mut read = [0; 2_048];
        let got = timeout(WITHIN, self.stream.read(&mut read)).await;
        let got = got.map_err(|_| "the gateway does not answer".to_owned())?;
        let count = got.map_err(|why| format!("the gateway hung up: {why}"))?;
        if count == 0 {
            return Err("the gateway hung up".to_owned());
        }
        let (heard, answers) = self.terminal.hear(read.get(..count).unwrap_or_default());
        self.send(&answers).await?;
        Ok(heard)
    }

    /// Listens until a moment; an order to report more often, if one came.
    async fn listen_until(&mut self, due: Instant) -> Result<Option<(u16, u32)>, String> {
        let mut order = None;
        loop {
            let heard = tokio::select! {
                () = sleep_until(due) => return Ok(order),
                heard = self.next_forever() => heard?,
            };
            for one in heard {
                match one {
                    Heard::Answered(ack) if ack.result == AckResult::Done => self.outcome.done += 1,
                    Heard::Answered(_) => self.outcome.not_done += 1,
                    Heard::Track(every_s, for_s) => {
                        self.outcome.tracked += 1;
                        order = Some((every_s, for_s));
                        (self.tell)("tracking", json!({ "every_s": every_s, "for_s": for_s }));
                    }
                    Heard::Text(text) => {
                        (self.tell)("text", json!({ "text": text }));
                        self.outcome.texts.push(text);
                    }
                    Heard::Code(_) | Heard::NoCode(_) | Heard::Other => {}
                }
            }
        }
    }

    /// What comes in next, however long that takes.
    async fn next_forever(&mut self) -> Result<Vec<Heard>, String> {
        self.stream
            .readable()
            .await
            .map_err(|why| why.to_string())?;
        self.next().await
    }

    async fn report(
        &mut self,
        location: Location,
        reporter: &Reporter,
        t_s: f64,
    ) -> Result<(), String> {
        let mut raw = self.terminal.location(location);
        if reporter.does_wrong(Fault::Checksum, t_s)
            && let Some(byte) = raw.get_mut(20)
        {
            *byte ^= 1;
        }
        if reporter.does_wrong(Fault::Noise, t_s) {
            raw.splice(0..0, *b"noise");
        }
        if reporter.does_wrong(Fault::Duplicate, t_s) {
            let again = raw.clone();
            raw.extend(again);
        }
        self.outcome.sent += 1;
        self.send(&raw).await
    }

    async fn upload(&mut self, backlog: Vec<Location>) -> Result<(), String> {
        for items in backlog.chunks(BATCH) {
            self.outcome.history += u64::try_from(items.len()).unwrap_or_default();
            let batch = Message::Batch {
                resent: true,
                items: items.to_vec(),
            };
            let raw = self.terminal.frames(&batch);
            self.send(&raw).await?;
        }
        (self.tell)(
            "uploaded-history",
            json!({ "positions": self.outcome.history }),
        );
        Ok(())
    }
}
