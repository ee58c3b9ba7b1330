//! A vehicle that drives in the street of `greenwave emulate --street`: among its traffic, and by
//! what the emulated cabinets' lamps show.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;

use super::reports::{Driver, Look};
use crate::network::LatLon;

/// A street that says nothing for so long is gone: it speaks ten times a second.
const WITHIN: Duration = Duration::from_secs(5);
/// Before the first place it may stand still, as it was warmed up, until the cabinets are led.
const FIRST_WITHIN: Duration = Duration::from_secs(90);
/// Longest line, bytes.
const LINE_MAX: u64 = 4_096;

/// A line of the street.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Line {
    Place {
        lat_deg: f64,
        lon_deg: f64,
        speed_mps: f64,
        heading_deg: f64,
    },
    Arrived {
        arrived: bool,
    },
    Refused {
        error: String,
    },
}

/// What was heard last, and when.
type Newest = Arc<Mutex<(Look, Instant)>>;

/// The street's end of a drive.
#[derive(Debug)]
pub struct StreetDriver {
    to: SocketAddr,
    /// What is asked of it; nothing once it was asked.
    order: Option<String>,
    newest: Newest,
}

impl StreetDriver {
    /// The vehicle drives this prepared mission of the street at `to` when it sets off. That may be
    /// long after, and the street hangs up on who asks nothing: it is called now only to see that it
    /// is there, and again then.
    ///
    /// # Errors
    /// Nobody listens there.
    pub fn connect(to: SocketAddr, vehicle: &str, mission: &str) -> Result<Self, String> {
        drop(call(to)?);
        let order = json!({ "ask": "drive", "vehicle": vehicle, "mission": mission });
        Ok(Self {
            to,
            order: Some(format!("{order}\n")),
            newest: Arc::new(Mutex::new((Look::Stands, Instant::now()))),
        })
    }

    fn begin(&mut self) -> Result<(), String> {
        let order = self.order.take().ok_or("it has set off before")?;
        let mut stream = call(self.to)?;
        let failed = |why: std::io::Error| why.to_string();
        stream
            .set_read_timeout(Some(FIRST_WITHIN))
            .map_err(failed)?;
        stream.set_write_timeout(Some(WITHIN)).map_err(failed)?;
        stream.write_all(order.as_bytes()).map_err(failed)?;
        let newest = Arc::clone(&self.newest);
        let thread = std::thread::Builder::new().name("street-driver".to_owned());
        let listening = thread.spawn(move || listen(&stream, &newest));
        listening.map(|_| ()).map_err(failed)
    }
}

impl Driver for StreetDriver {
    fn set_off(&mut self) {
        if let Err(why) = self.begin() {
            hear(&self.newest, Look::Lost(format!("the street: {why}")));
        }
    }

    fn look(&self) -> Look {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut look, since) = newest.clone();
        if let Look::Drives { age_s, .. } = &mut look {
            *age_s = since.elapsed().as_secs_f64();
        }
        look
    }
}

fn call(to: SocketAddr) -> Result<TcpStream, String> {
    TcpStream::connect_timeout(&to, WITHIN).map_err(|why| {
        format!("no street at {to}: {why}; is `greenwave emulate --street {to}` running?")
    })
}

/// Reads until the vehicle has arrived or nothing more comes.
fn listen(stream: &TcpStream, newest: &Newest) {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    loop {
        line.clear();
        let lost = |why: &str| Look::Lost(format!("the street: {why}"));
        let look = match lines.by_ref().take(LINE_MAX).read_line(&mut line) {
            Ok(0) => lost("it hung up"),
            Err(why) => lost(&why.to_string()),
            Ok(_) => look_of(&line),
        };
        let goes_on = matches!(look, Look::Drives { .. });
        hear(newest, look);
        if !goes_on || stream.set_read_timeout(Some(WITHIN)).is_err() {
            return;
        }
    }
}

fn hear(newest: &Newest, look: Look) {
    *newest.lock().unwrap_or_else(PoisonError::into_inner) = (look, Instant::now());
}

fn look_of(line: &str) -> Look {
    match serde_json::from_str(line) {
        Ok(Line::Place {
            lat_deg,
            lon_deg,
            speed_mps,
            heading_deg,
        }) => Look::Drives {
            at: LatLon { lat_deg, lon_deg },
            speed_mps,
            heading_deg,
            age_s: 0.0,
        },
        Ok(Line::Arrived { arrived: true }) => Look::Arrived,
        Ok(Line::Arrived { arrived: false }) => {
            Look::Lost("the street: it gave the drive up".to_owned())
        }
        Ok(Line::Refused { error }) => Look::Lost(format!("the street: {error}")),
        Err(why) => Look::Lost(format!("the street says what nobody understands: {why}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A street with one vehicle: is called twice, hears the order, says these lines and hangs up.
    fn street(lines: &'static str) -> (SocketAddr, std::thread::JoinHandle<String>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let served = std::thread::spawn(move || {
            let (mut probe, _) = listener.accept().unwrap();
            assert_eq!(probe.read(&mut [0]).unwrap(), 0, "only a look who is there");
            let (mut stream, _) = listener.accept().unwrap();
            let mut order = String::new();
            BufReader::new(&stream).read_line(&mut order).unwrap();
            stream.write_all(lines.as_bytes()).unwrap();
            order
        });
        (at, served)
    }

    /// Looks until the drive is over, one way or the other.
    fn outcome(driver: &StreetDriver) -> Look {
        loop {
            match driver.look() {
                Look::Stands | Look::Drives { .. } => std::thread::yield_now(),
                over => return over,
            }
        }
    }

    #[test]
    fn a_vehicle_is_moved_by_the_street() {
        let says = concat!(
            r#"{"lat_deg": 32.7, "lon_deg": 109.1, "speed_mps": 3.5, "heading_deg": 80.0}"#,
            "\n{\"arrived\": true}\n"
        );
        let (at, served) = street(says);
        let mut driver = StreetDriver::connect(at, "A120", "demo").unwrap();
        assert_eq!(driver.look(), Look::Stands, "nothing is ordered yet");
        driver.set_off();
        assert_eq!(outcome(&driver), Look::Arrived);
        let order: serde_json::Value = serde_json::from_str(&served.join().unwrap()).unwrap();
        let wanted = json!({ "ask": "drive", "vehicle": "A120", "mission": "demo" });
        assert_eq!(order, wanted);
    }

    #[test]
    fn a_street_that_hangs_up_is_told() {
        let (at, served) = street("");
        let mut driver = StreetDriver::connect(at, "A120", "demo").unwrap();
        driver.set_off();
        let lost = outcome(&driver);
        assert_eq!(lost, Look::Lost("the street: it hung up".to_owned()));
        assert!(served.join().is_ok());
    }

    #[test]
    fn a_street_that_has_gone_since_is_told() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let mut driver = StreetDriver::connect(at, "A120", "demo").unwrap();
        drop(listener);
        driver.set_off();
        assert!(matches!(outcome(&driver), Look::Lost(why) if why.contains("no street at")));
        assert!(StreetDriver::connect(at, "A120", "demo").is_err());
    }

    #[test]
    fn a_line_without_an_end_is_not_waited_for() {
        let endless = "x".repeat(10_000).leak();
        let (at, served) = street(endless);
        let mut driver = StreetDriver::connect(at, "A120", "demo").unwrap();
        driver.set_off();
        let lost = outcome(&driver);
        assert!(matches!(lost, Look::Lost(why) if why.contains("nobody understands")));
        let _hung_up = served.join();
    }

    #[test]
    fn what_the_street_says_is_understood() {
        let place = r#"{"lat_deg": 32.7, "lon_deg": 109.1, "speed_mps": 3.5, "heading_deg": 80.0}"#;
        assert!(matches!(look_of(place), Look::Drives { speed_mps, .. } if speed_mps > 3.4));
        assert_eq!(look_of(r#"{"arrived": true}"#), Look::Arrived);
        assert!(matches!(look_of(r#"{"arrived": false}"#), Look::Lost(_)));
        let refused = look_of(r#"{"error": "the city has no vehicle X"}"#);
        assert_eq!(
            refused,
            Look::Lost("the street: the city has no vehicle X".to_owned())
        );
        assert!(matches!(look_of("noise"), Look::Lost(_)));
    }
}
