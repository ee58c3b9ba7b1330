//! The gateway under load. One thread runs the whole gateway: sockets, sessions, gates, and the look
//! at the demo city's roads that every position of a moving vehicle costs. Another thread is all the
//! terminals: each registers, signs on and reports 25 positions, one a second of its own clock, and
//! waits for its answers. Counted is the CPU time of the gateway's thread, as the kernel keeps it;
//! wall time is printed beside it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use greenwave::network::{LatLon, RoadGraph};
use greenwave::plan::{CheckedCity, Datum, Feed, FeedKind};
use greenwave::shell::checked_files::check_files;
use greenwave::shell::dispatch::request::PositionFix;
use greenwave::shell::dispatch::world::Refusal;
use greenwave::shell::store::demo_city_files;
use greenwave::shell::vehicles::BoundFeeds;
use greenwave::shell::vehicles::book::Book;
use greenwave::shell::vehicles::diary::Diary;
use greenwave::shell::vehicles::hub::{Escort, Street};
use greenwave::shell::vehicles::jt808::{Header, Location, Message, Phone, Version, encode_frame};
use greenwave::units::Millis;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::tools::{Verdict, say};

/// Positions of one terminal; older ones than 30 s would be history.
const EACH: u32 = 25;
/// What is promised, positions a second of CPU.
const PROMISED: f64 = 5_000.0;

struct Town {
    graph: RoadGraph,
    fixes: AtomicU64,
}

impl Street for Town {
    fn fix(&self, _: &PositionFix) -> Result<(), Refusal> {
        self.fixes.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn away_m(&self, at: LatLon, heading_deg: Option<f64>) -> Option<f64> {
        let found = self
            .graph
            .nearest_road(self.graph.grid().to_planar(at), heading_deg);
        found.map(|found| found.away_m)
    }

    fn escorts(&self) -> Vec<Escort> {
        Vec::new()
    }
}

pub(crate) fn judge(terminals: u32, at_once: u32) -> Result<(), String> {
    let (mut city, graph) = check_files(&demo_city_files())
        .city
        .ok_or("the demo city has findings")?;
    enlist(&mut city, terminals)?;
    let key = [9; 32];
    let codes = Book::new(&city, key);
    let town = Arc::new(Town {
        graph,
        fixes: AtomicU64::new(0),
    });
    let (told, address) = std::sync::mpsc::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let street: Arc<dyn Street> = town.clone();
    let book = Book::new(&city, key);
    let gateway = std::thread::spawn(move || run_gateway(&city, book, street, (&told, stopped)));
    let at = address.recv().map_err(|why| why.to_string())?;
    let began = Instant::now();
    let mut sent = 0_u64;
    let numbers: Vec<u32> = (1..=terminals).collect();
    for wave in numbers.chunks(usize::try_from(at_once.max(1)).unwrap_or(1)) {
        sent += send_wave(wave, at, &codes)?;
    }
    let wall_s = began.elapsed().as_secs_f64();
    let _gone = stop.send(());
    let (cpu_s, counts) = gateway
        .join()
        .map_err(|_| "the gateway's thread panicked")??;
    let taken = town.fixes.load(Ordering::Relaxed);
    let each = f64::from(u32::try_from(taken).unwrap_or(u32::MAX));
    say(&json!({
        "positions_sent": sent,
        "positions_taken": taken,
        "terminals": terminals,
        "connections_at_once": at_once,
        "wall_s": wall_s,
        "gateway_cpu_s": cpu_s,
        "positions_per_cpu_s": each / cpu_s,
        "positions_per_wall_s": each / wall_s,
        "counts": counts["feeds"]["load"],
    })
    .to_string());
    let mut verdict = Verdict::default();
    verdict.hold(
        taken == sent,
        format!("{taken} of {sent} positions reached the city"),
    );
    verdict.hold(
        each / cpu_s >= PROMISED,
        format!(
            "{:.0} positions a second of one core, at least {PROMISED}",
            each / cpu_s
        ),
    );
    verdict.close()
}

/// The gateway, alone on this thread, until it is told to stop: its CPU time and its counters.
fn run_gateway(
    city: &CheckedCity,
    book: Book,
    street: Arc<dyn Street>,
    (told, stopped): (&Sender<SocketAddr>, oneshot::Receiver<()>),
) -> Result<(f64, Value), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|why| why.to_string())?;
    let bound = BoundFeeds::with(runtime.handle(), &city.feeds, (book, Diary::none()));
    let feeds = bound.map_err(|why| why.to_string())?;
    let feeds = feeds.serve(runtime.handle(), street);
    let at = feeds.bound().first().map(|(_, at)| *at);
    told.send(at.ok_or("the gateway listens nowhere")?)
        .map_err(|why| why.to_string())?;
    let _told_or_dropped = runtime.block_on(stopped);
    Ok((cpu_s()?, feeds.json()))
}

/// A fleet of this many, all on one feed.
fn enlist(city: &mut CheckedCity, terminals: u32) -> Result<(), String> {
    let pattern = city
        .vehicles
        .first()
        .cloned()
        .ok_or("the demo city has no vehicle")?;
    city.vehicles = (1..=terminals)
        .map(|number| {
            let mut vehicle = pattern.clone();
            vehicle.id = format!("V{number}");
            vehicle.terminal_id = digits(number);
            vehicle.plate = String::new();
            vehicle
        })
        .collect();
    city.feeds = vec![Feed {
        id: "load".to_owned(),
        kind: FeedKind::Jt808 {
            listen: ([127, 0, 0, 1], 0).into(),
        },
        datum: Datum::Wgs84,
        test: false,
        idle: Millis::from_secs(180),
        connections_max: 10_000,
    }];
    Ok(())
}

fn digits(number: u32) -> String {
    format!("0139{number:08}")
}

/// Everything these terminals say, and waits for all answers.
fn send_wave(wave: &[u32], at: SocketAddr, codes: &Book) -> Result<u64, String> {
    let refused = |why: std::io::Error| format!("a terminal: {why}");
    let mut streams = Vec::new();
    let mut sent = 0;
    for number in wave {
        let phone = Phone::from_digits(&digits(*number)).ok_or("no number")?;
        let mut raw = Vec::new();
        push_frame(
            &mut raw,
            phone,
            0,
            &Message::Authenticate(codes.code(phone)),
        )?;
        let now_ms = jiff::Timestamp::now().as_millisecond();
        for (serial, step) in (1..).zip(0..EACH) {
            let east_m = f64::from(step) * 13.0;
            let place = (32.69, 109.02 + east_m / 93_700.0);
            let t_ms = now_ms - i64::from(EACH - step) * 1000;
            let location = Location::at(place, 13.0, 90.0, t_ms);
            push_frame(&mut raw, phone, serial, &Message::Location(location))?;
            sent += 1;
        }
        let mut stream = TcpStream::connect(at).map_err(refused)?;
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .map_err(refused)?;
        stream.write_all(&raw).map_err(refused)?;
        streams.push(stream);
    }
    for mut stream in streams {
        // Every answer ends with a mark and begins with one.
        let (mut marks, wanted) = (0, 2 * (EACH + 1));
        let mut read = [0; 4_096];
        while marks < wanted {
            let count = stream.read(&mut read).map_err(refused)?;
            if count == 0 {
                return Err("the gateway hung up".to_owned());
            }
            let seen = marks_in(&read[..count]);
            marks += u32::try_from(seen).unwrap_or_default();
        }
    }
    Ok(sent)
}

/// Appends a message as terminals of 2013 send it.
pub(crate) fn push_frame(
    raw: &mut Vec<u8>,
    phone: Phone,
    serial: u16,
    message: &Message,
) -> Result<(), String> {
    let header = Header {
        id: message.id(true),
        version: Version::V2013,
        phone,
        serial,
        part: None,
    };
    encode_frame(&header, &message.body(Version::V2013), raw).ok_or_else(|| "no frame".to_owned())
}

fn marks_in(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == 0x7e).count() - 1
}

/// CPU time of this thread, seconds.
fn cpu_s() -> Result<f64, String> {
    let text =
        std::fs::read_to_string("/proc/thread-self/schedstat").map_err(|why| why.to_string())?;
    let ns: f64 = text
        .split_whitespace()
        .next()
        .and_then(|word| word.parse().ok())
        .ok_or("the kernel keeps no CPU times")?;
    Ok(ns / 1e9)
}
