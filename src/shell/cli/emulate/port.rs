//! The door to the emulated street: a vehicle drives on it, somebody asks what it has counted.
//!
//! One JSON object a line over TCP, on this machine only. `{"ask": "drive", "vehicle": "A120",
//! "mission": "demo"}` sets the vehicle on its way and is answered by where it is after every step
//! of the street, without noise, until `{"arrived": true}`, or `{"arrived": false}` if the drive was
//! given up: withdrawn, replaced by another of the same vehicle, or the street has ended.
//! `{"ask": "recount"}` begins counting anew, `{"ask": "account"}` answers what was counted.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Failure;
use super::super::corridor::prepared;
use super::super::load::LoadedCity;
use super::street_account::{Floors, account};
use crate::network::PlanarPoint;
use crate::shell::emulated_city::{StreetLine, StreetOrder, Told};
use crate::shell::planner::Planner;
use crate::sim::{Dispatch, StreetFix};

/// Longest line.
const LINE_MAX: u64 = 4_096;
/// Connections at once.
const CONNECTIONS_MAX: usize = 16;

/// Who asks nothing, or takes nothing, for so long is hung up on.
const WITHIN: Duration = Duration::from_mins(2);
const TAKEN_WITHIN: Duration = Duration::from_secs(5);
/// Places that wait for one who is slow to take them, more than a second of them; others it misses.
const PLACES_MAX: usize = 16;

/// What may be asked.
#[derive(Debug, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
enum Ask {
    /// Drive this prepared mission of `city.toml`.
    Drive { vehicle: String, mission: String },
    /// Begin counting anew.
    Recount,
    /// What was counted.
    Account,
}

struct Port {
    street: StreetLine,
    loaded: Arc<LoadedCity>,
    floors: Floors,
    connected: AtomicUsize,
}

/// One of the connections at once; given back whatever ends it.
struct Place(Arc<Port>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.connected.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Opens the door; where it listens.
pub(super) fn open(
    at: SocketAddr,
    street: StreetLine,
    loaded: Arc<LoadedCity>,
) -> Result<SocketAddr, Failure> {
    if !at.ip().is_loopback() {
        let why = format!("--street {at}: the street has no sign-in; use a port of 127.0.0.1");
        return Err(Failure::Usage(why));
    }
    let busy = |why: io::Error| Failure::Runtime(format!("--street {at}: {why}"));
    let listener = TcpListener::bind(at).map_err(busy)?;
    let bound = listener.local_addr().map_err(busy)?;
    let port = Arc::new(Port {
        street,
        loaded,
        floors: Floors::default(),
        connected: AtomicUsize::new(0),
    });
    let thread = std::thread::Builder::new().name("street-port".to_owned());
    let listening = thread.spawn(move || {
        for stream in listener.incoming().flatten() {
            port.take(stream);
        }
    });
    listening.map_err(busy)?;
    Ok(bound)
}

impl Port {
    /// Serves a connection on a thread of its own; one too many is hung up on.
    fn take(self: &Arc<Self>, stream: TcpStream) {
        let before = self.connected.fetch_add(1, Ordering::Relaxed);
        let place = Place(Arc::clone(self));
        if before >= CONNECTIONS_MAX {
            return;
        }
        let thread = std::thread::Builder::new().name("street-door".to_owned());
        let served = thread.spawn(move || {
            if let Err(why) = place.0.serve(&stream) {
                tracing::debug!(%why, "who asked the street hung up");
            }
        });
        if let Err(why) = served {
            tracing::warn!(%why, "no thread for who asks the street");
        }
    }

    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(WITHIN))?;
        stream.set_write_timeout(Some(TAKEN_WITHIN))?;
        let mut lines = BufReader::new(stream);
        loop {
            let mut line = Vec::new();
            let count = lines.by_ref().take(LINE_MAX).read_until(b'\n', &mut line)?;
            if count == 0 {
                return Ok(());
            }
            match serde_json::from_slice(&line) {
                Ok(Ask::Drive { vehicle, mission }) => self.drive(stream, &vehicle, &mission)?,
                Ok(Ask::Recount) if self.street.order(StreetOrder::Recount) => {
                    put(stream, &json!({ "recounted": true }))?;
                }
                Ok(Ask::Recount) => put(stream, &wrong("the street has ended"))?,
                Ok(Ask::Account) => {
                    let street = self.street.account();
                    put(stream, &account(&self.loaded, &street, &self.floors))?;
                }
                Err(why) => {
                    let asks = "ask drive (with vehicle and mission), recount or account";
                    put(stream, &wrong(&format!("{why}; {asks}")))?;
                }
            }
        }
    }

    fn drive(&self, stream: &TcpStream, vehicle: &str, mission: &str) -> io::Result<()> {
        let order = match order_of(&self.loaded, vehicle, mission) {
            Ok(order) => order,
            Err(why) => return put(stream, &wrong(&why)),
        };
        self.floors.expect(&order);
        let (to, from) = sync_channel(PLACES_MAX);
        if !self.street.order(StreetOrder::Drive(order, to)) {
            return put(stream, &wrong("the street has ended"));
        }
        let mut was_seen = false;
        while let Ok(told) = from.recv() {
            match told {
                Told::At(fix) => put(stream, &self.place(&fix))?,
                Told::End { arrived } => return put(stream, &json!({ "arrived": arrived })),
            }
            was_seen = true;
        }
        if was_seen {
            put(stream, &json!({ "arrived": false }))
        } else {
            put(
                stream,
                &wrong("the street does not move, or has no such way"),
            )
        }
    }

    fn place(&self, fix: &StreetFix) -> Value {
        let (x_m, y_m) = (fix.x_m, fix.y_m);
        let at = self
            .loaded
            .graph
            .grid()
            .to_lat_lon(PlanarPoint { x_m, y_m });
        json!({
            "lat_deg": at.lat_deg,
            "lon_deg": at.lon_deg,
            "speed_mps": f64::from(fix.speed.as_mm_per_s()) / 1000.0,
            "heading_deg": fix.heading_deg,
        })
    }
}

/// The order to drive a prepared mission.
fn order_of(loaded: &LoadedCity, vehicle: &str, mission: &str) -> Result<Dispatch, String> {
    let mut known = loaded.city.vehicles.iter();
    if known.all(|one| one.id != vehicle) {
        return Err(format!("the city has no vehicle {vehicle}"));
    }
    let mission = prepared(loaded, mission).map_err(|why| match why {
        Failure::Usage(why) | Failure::Runtime(why) => why,
        Failure::Findings => "findings".to_owned(),
    })?;
    let planner = Planner {
        city: loaded.city.clone().into(),
        graph: loaded.graph.clone().into(),
    };
    let size = planner.size_of(mission.class);
    let route = planner.route((mission.from, mission.to), size);
    let route = route.map_err(|why| why.to_string())?;
    Ok(Dispatch::along(
        &loaded.graph,
        &route,
        vehicle,
        mission.class,
    ))
}

fn wrong(why: &str) -> Value {
    json!({ "error": why })
}

fn put(mut stream: &TcpStream, object: &Value) -> io::Result<()> {
    stream.write_all(format!("{object}\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::cli::load::load_demo;
    use crate::shell::emulated_city::EmulatedCity;
    use crate::shell::field::FieldClock;
    use crate::sim::{StreetConfig, VirtualStreet, lay_city};

    /// What is said on a wire, up to the first line that has this key.
    fn until(key: &str, lines: &mut impl BufRead) -> Value {
        for line in lines.lines() {
            let said: Value = serde_json::from_str(&line.unwrap()).unwrap();
            if said.get(key).is_some() {
                return said[key].clone();
            }
        }
        panic!("nothing said {key}");
    }

    #[test]
    fn a_drive_that_is_replaced_or_withdrawn_has_not_arrived() {
        let mut loaded = load_demo().ok().unwrap();
        for link in &mut loaded.city.links {
            link.first_port = 0;
        }
        let map = lay_city(&loaded.graph, &loaded.city.sites, 1.0);
        let config = StreetConfig {
            demand: 0.0,
            ..StreetConfig::default()
        };
        let street = (VirtualStreet::new(map, config), [].into());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let machine = (runtime.handle().clone(), FieldClock::start());
        let city = EmulatedCity::start(
            &loaded.city,
            &loaded.files,
            street,
            machine,
            Box::new(|_| {}),
        );
        let city = city.unwrap();
        let at = open(([127, 0, 0, 1], 0).into(), city.line(), Arc::new(loaded));
        let at = at.ok().unwrap();
        assert!(city.order(StreetOrder::Go));
        let drive = || {
            let stream = TcpStream::connect(at).unwrap();
            let order = json!({ "ask": "drive", "vehicle": "A120", "mission": "long" });
            put(&stream, &order).unwrap();
            let mut lines = BufReader::new(stream);
            until("speed_mps", &mut lines);
            lines
        };
        let mut first = drive();
        let mut second = drive();
        assert_eq!(until("arrived", &mut first), false);
        assert!(city.order(StreetOrder::Withdraw("A120".to_owned())));
        assert_eq!(until("arrived", &mut second), false);
        let mut third = drive();
        drop(city);
        assert_eq!(until("arrived", &mut third), false, "the street has ended");
    }

    #[test]
    fn what_is_asked_is_read_or_refused() {
        let read = |text: &str| serde_json::from_str::<Ask>(text);
        let drive = r#"{"ask": "drive", "vehicle": "A120", "mission": "demo"}"#;
        assert!(matches!(read(drive), Ok(Ask::Drive { vehicle, .. }) if vehicle == "A120"));
        assert!(matches!(read(r#"{"ask": "recount"}"#), Ok(Ask::Recount)));
        for bad in [
            r#"{"ask": "fly"}"#,
            r#"{"ask": "drive"}"#,
            r#"{"ask": "drive", "vehicle": "A120", "mission": "demo", "speed": 9}"#,
            "noise",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_drive_is_one_of_the_city() {
        let loaded = load_demo().ok().unwrap();
        let order = order_of(&loaded, "A120", "long").unwrap();
        assert_eq!(order.vehicle, "A120");
        assert_eq!(
            order_of(&loaded, "X1", "long").unwrap_err(),
            "the city has no vehicle X1"
        );
        let why = order_of(&loaded, "A120", "none").unwrap_err();
        assert!(why.ends_with("it has demo, long"), "{why}");
    }
}
