//! Vehicle feeds over real sockets: what reaches the city, and what never does.
#![cfg(feature = "shell")]
#![expect(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use greenwave::network::{LatLon, Position, RoadGraph};
use greenwave::plan::{CheckedCity, Datum, Feed, FeedKind, FeedSource};
use greenwave::shell::checked_files::check_files;
use greenwave::shell::dispatch::request::{self, PositionFix};
use greenwave::shell::dispatch::world::Refusal;
use greenwave::shell::planner::Planner;
use greenwave::shell::simulators::vehicle::{
    Course, Fault, Habits, Outcome, Reporter, Speaks, Trip, drive,
};
use greenwave::shell::store::demo_city_files;
use greenwave::shell::vehicles::book::Book;
use greenwave::shell::vehicles::diary::Diary;
use greenwave::shell::vehicles::hub::{Escort, Street};
use greenwave::shell::vehicles::jt808::Phone;
use greenwave::shell::vehicles::{BoundFeeds, Feeds};
use greenwave::units::{Length, Millis};
use tokio::io::AsyncWriteExt;
use tokio::runtime::Runtime;
use tokio_serial::SerialPort;

/// A city that remembers what it was told.
struct Town {
    graph: RoadGraph,
    fixes: Mutex<Vec<PositionFix>>,
    escorts: Mutex<Vec<Escort>>,
    /// Corridor and vehicle of each text, and what became of it.
    texts: Mutex<Vec<(u32, String, &'static str)>>,
}

impl Street for Town {
    fn fix(&self, fix: &PositionFix) -> Result<(), Refusal> {
        self.fixes.lock().unwrap().push(fix.clone());
        Ok(())
    }

    fn away_m(&self, at: LatLon, heading_deg: Option<f64>) -> Option<f64> {
        let found = self
            .graph
            .nearest_road(self.graph.grid().to_planar(at), heading_deg);
        found.map(|found| found.away_m)
    }

    fn escorts(&self) -> Vec<Escort> {
        self.escorts.lock().unwrap().clone()
    }

    fn text_sent(&self, corridor: u32, vehicle: &str, _: &str) -> u32 {
        let mut texts = self.texts.lock().unwrap();
        texts.push((corridor, vehicle.to_owned(), "sent"));
        u32::try_from(texts.len()).unwrap()
    }

    fn text_answered(&self, number: u32, result: &'static str) {
        let at = usize::try_from(number).unwrap() - 1;
        self.texts.lock().unwrap()[at].2 = result;
    }
}

struct Scene {
    runtime: Runtime,
    town: Arc<Town>,
    city: CheckedCity,
    feeds: Feeds,
}

impl Scene {
    fn new(kind: FeedKind, datum: Datum, test: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let (city, graph) = check_files(&demo_city_files()).city.unwrap();
        let town = Arc::new(Town {
            graph,
            fixes: Mutex::default(),
            escorts: Mutex::default(),
            texts: Mutex::default(),
        });
        let feed = Feed {
            id: "feed".to_owned(),
            kind,
            datum,
            test,
            idle: Millis::from_secs(30),
            connections_max: 4,
        };
        let book = Book::new(&city, [3; 32]);
        let bound = BoundFeeds::with(runtime.handle(), &[feed], (book, Diary::none())).unwrap();
        let feeds = bound.serve(runtime.handle(), town.clone());
        Self {
            runtime,
            town,
            city,
            feeds,
        }
    }

    fn jt808(datum: Datum) -> Self {
        Self::new(FeedKind::Jt808 { listen: anywhere() }, datum, false)
    }

    fn at(&self) -> SocketAddr {
        self.feeds.bound()[0].1
    }

    /// Drives the demo mission for a while.
    fn drive(&self, speaks: Speaks, habits: Habits, at_most_s: f64) -> Result<Outcome, String> {
        let planner = Planner {
            city: self.city.clone().into(),
            graph: self.town.graph.clone().into(),
        };
        let from = self.town.graph.road_by_name("R-J17-J08").unwrap();
        let to = self.town.graph.place_by_name("H1").unwrap();
        let ends = (
            Position::Road(from, Length::from_metres(5)),
            Position::Place(to),
        );
        let route = planner
            .route(ends, greenwave::network::VehicleSize::default())
            .unwrap();
        let trip = Trip {
            speaks,
            to: self.at(),
            phone: Phone::from_digits("13900000001"),
            plate: "陕G·A120".to_owned(),
            at_most_s,
        };
        let reporter = Reporter::new(Course::along(&self.town.graph, &route), habits);
        self.runtime
            .block_on(drive(&trip, reporter, &mut |_, _| {}))
    }

    fn fixes(&self) -> Vec<PositionFix> {
        self.town.fixes.lock().unwrap().clone()
    }

    fn count(&self, reason: &str) -> u64 {
        self.feeds.hub().feeds()[0].counts.of(reason)
    }

    fn wait(&self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let began = Instant::now();
        while !done(self) {
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "{what}: {}",
                self.feeds.json()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn anywhere() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// Four reports a second at a steady pace; the frame's clock has whole seconds.
fn habits() -> Habits {
    Habits {
        speed_mps: 14.0,
        stands_s: 0.0,
        period_s: 1.0,
        noise_m: 1.0,
        lag_s: 0.0,
        loss: 0.0,
        datum: Datum::Wgs84,
        faults: Vec::new(),
        seed: 1,
    }
}

#[test]
fn a_terminal_of_either_version_reaches_the_city() {
    for speaks in [Speaks::Jt808Of2013, Speaks::Jt808Of2019] {
        let scene = Scene::jt808(Datum::Gcj02);
        let outcome = scene
            .drive(
                speaks,
                Habits {
                    datum: Datum::Gcj02,
                    ..habits()
                },
                3.0,
            )
            .unwrap();
        assert_eq!((outcome.sent, outcome.not_done), (4, 0));
        scene.wait("positions", |scene| scene.fixes().len() == 4);
        let fix = &scene.fixes()[1];
        assert_eq!(fix.vehicle, "A120");
        assert_eq!(fix.at.datum, request::Datum::Gcj02);
        assert!((fix.speed_mps - 14.0).abs() < 0.1);
    }
}

#[test]
fn a_corridor_makes_its_vehicle_report_more_often_and_tells_the_crew() {
    let scene = Scene::jt808(Datum::Wgs84);
    scene.town.escorts.lock().unwrap().push(Escort {
        corridor: 1,
        vehicle: "A120".to_owned(),
        for_s: 600,
        assured: true,
    });
    let slow = Habits {
        period_s: 2.0,
        ..habits()
    };
    let outcome = scene.drive(Speaks::Jt808Of2019, slow, 8.0).unwrap();
    assert_eq!(outcome.tracked, 1);
    assert_eq!(outcome.texts, ["绿波已开启，请按实际灯色行驶"]);
    assert!(outcome.sent >= 7, "{outcome:?}");
    let texts = scene.town.texts.lock().unwrap().clone();
    assert_eq!(texts, [(1, "A120".to_owned(), "done")]);
}

#[test]
fn history_and_old_positions_move_nothing() {
    let scene = Scene::jt808(Datum::Wgs84);
    let faults = vec![(Fault::Backlog, 0.0, 3.5)];
    let outcome = scene
        .drive(
            Speaks::Jt808Of2013,
            Habits {
                faults,
                period_s: 0.5,
                ..habits()
            },
            3.0,
        )
        .unwrap();
    assert_eq!((outcome.sent, outcome.history), (0, 7));
    scene.wait("history", |scene| {
        scene.feeds.hub().feeds()[0].counts.histories() == 7
    });
    // The same trip with the clock of five minutes ago, as a replay has it.
    let faults = vec![(Fault::Stale, 0.0, f64::INFINITY)];
    scene
        .drive(Speaks::Jt808Of2013, Habits { faults, ..habits() }, 2.0)
        .unwrap();
    scene.wait("more history", |scene| {
        scene.feeds.hub().feeds()[0].counts.histories() == 10
    });
    assert!(scene.fixes().is_empty());
}

#[test]
fn a_feed_in_test_mode_judges_and_moves_nothing() {
    let scene = Scene::new(FeedKind::Jt808 { listen: anywhere() }, Datum::Wgs84, true);
    scene.drive(Speaks::Jt808Of2019, habits(), 2.0).unwrap();
    scene.wait("positions", |scene| {
        scene.feeds.hub().feeds()[0].counts.lives() == 3
    });
    assert!(scene.fixes().is_empty());
}

#[test]
fn broken_doubled_and_noisy_frames_are_counted_and_cost_nothing_else() {
    let scene = Scene::jt808(Datum::Wgs84);
    let faults = vec![
        (Fault::Checksum, 0.0, 0.5),
        (Fault::Noise, 0.9, 1.5),
        (Fault::Duplicate, 1.9, 2.5),
    ];
    scene
        .drive(Speaks::Jt808Of2019, Habits { faults, ..habits() }, 3.0)
        .unwrap();
    scene.wait("positions", |scene| scene.fixes().len() == 3);
    // Noise behind a frame looks like one more: the end of a frame may be the start of the next.
    assert_eq!(scene.count("checksum"), 2);
    assert_eq!(scene.count("out-of-order"), 1);
}

#[test]
fn a_terminal_that_nobody_knows_is_turned_away() {
    let mut scene = Scene::jt808(Datum::Wgs84);
    let vehicles = core::mem::take(&mut scene.city.vehicles);
    assert!(!vehicles.is_empty());
    let planner = Planner {
        city: scene.city.clone().into(),
        graph: scene.town.graph.clone().into(),
    };
    let from = scene.town.graph.road_by_name("R-J17-J08").unwrap();
    let to = scene.town.graph.place_by_name("H1").unwrap();
    let ends = (Position::Road(from, Length::ZERO), Position::Place(to));
    let route = planner
        .route(ends, greenwave::network::VehicleSize::default())
        .unwrap();
    let trip = Trip {
        speaks: Speaks::Jt808Of2013,
        to: scene.at(),
        phone: Phone::from_digits("13911111111"),
        plate: String::new(),
        at_most_s: 1.0,
    };
    let reporter = Reporter::new(Course::along(&scene.town.graph, &route), habits());
    let why = scene
        .runtime
        .block_on(drive(&trip, reporter, &mut |_, _| {}))
        .unwrap_err();
    assert_eq!(why, "registration refused: nobody knows the terminal");
    scene.wait("refusal", |scene| scene.count("unknown-terminal") == 1);
}

#[test]
fn nmea_is_known_by_where_it_comes_from() {
    let known = vec![FeedSource {
        from: [127, 0, 0, 1].into(),
        vehicle: "A121".to_owned(),
    }];
    let tcp = FeedKind::NmeaTcp {
        listen: anywhere(),
        sources: known.clone(),
    };
    let udp = FeedKind::NmeaUdp {
        listen: anywhere(),
        sources: known,
    };
    for (kind, speaks) in [(tcp, Speaks::NmeaTcp), (udp, Speaks::NmeaUdp)] {
        let scene = Scene::new(kind, Datum::Wgs84, false);
        scene
            .drive(
                speaks,
                Habits {
                    period_s: 0.5,
                    ..habits()
                },
                2.0,
            )
            .unwrap();
        scene.wait("positions", |scene| scene.fixes().len() == 5);
        assert!(scene.fixes().iter().all(|fix| fix.vehicle == "A121"));
    }
    let strangers = vec![FeedSource {
        from: [10, 0, 0, 1].into(),
        vehicle: "A121".to_owned(),
    }];
    let udp = FeedKind::NmeaUdp {
        listen: anywhere(),
        sources: strangers,
    };
    let scene = Scene::new(udp, Datum::Wgs84, false);
    scene.drive(Speaks::NmeaUdp, habits(), 1.0).unwrap();
    scene.wait("refusals", |scene| scene.count("unknown-source") == 2);
    assert!(scene.fixes().is_empty());
}

#[test]
fn too_many_connections_are_turned_away_and_the_others_go_on() {
    let scene = Scene::jt808(Datum::Wgs84);
    let idle: Vec<_> = (0..6)
        .map(|_| std::net::TcpStream::connect(scene.at()).unwrap())
        .collect();
    scene.wait("refusals", |scene| scene.count("too-many-connections") == 2);
    drop(idle);
    scene.wait("room", |scene| {
        scene
            .drive(Speaks::Jt808Of2019, habits(), 0.0)
            .is_ok_and(|outcome| outcome.sent == 1)
    });
}

/// A receiver on a serial line: the far end of a pty whose near end the product opens by `device`.
struct Receiver {
    far: tokio_serial::SerialStream,
    _near: tokio_serial::SerialStream,
}

impl Receiver {
    /// Plugs one in: `device` leads to it from now on.
    fn plug(scene: &Scene, device: &Path) -> Self {
        let _context = scene.runtime.enter();
        let (far, near) = tokio_serial::SerialStream::pair().unwrap();
        let name = near.name().or_else(|| far.name()).unwrap();
        std::os::unix::fs::symlink(name, device).unwrap();
        Self { far, _near: near }
    }

    fn unplug(self, device: &Path) {
        drop(self);
        std::fs::remove_file(device).unwrap();
    }

    fn say(&mut self, scene: &Scene, line: &str) {
        let sent = scene.runtime.block_on(self.far.write_all(line.as_bytes()));
        sent.unwrap();
    }
}

/// A position on the third bridge, now, as a receiver says it; each is a little further north.
fn rmc(step: u32, broken: bool) -> String {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let (time, date) = (now.strftime("%H%M%S%.3f"), now.strftime("%d%m%y"));
    let minutes = f64::from(step).mul_add(0.0008, 41.28);
    let text = format!("GPRMC,{time},A,32{minutes:.4},N,10901.9678,E,15.0,000.0,{date},,,A");
    let sum = text.bytes().fold(0, |sum, byte| sum ^ byte) ^ u8::from(broken);
    format!("${text}*{sum:02X}\r\n")
}

#[test]
fn a_receiver_on_a_serial_line_may_be_unplugged_and_plugged_in_again() {
    let folder = tempfile::tempdir().unwrap();
    let device = folder.path().join("radio");
    let kind = FeedKind::NmeaSerial {
        device: device.to_str().unwrap().to_owned(),
        baud: 4_800,
        vehicle: "F119".to_owned(),
    };
    let scene = Scene::new(kind, Datum::Wgs84, false);
    // Nothing is plugged in when the product starts.
    scene.wait("no device", |scene| scene.count("device-closed") == 1);
    let mut step = 0;
    for round in 1..=2_usize {
        let mut receiver = Receiver::plug(&scene, &device);
        // Said before somebody opens the line is said into the air or not: either is right.
        scene.wait("a position", |scene| {
            step += 1;
            receiver.say(scene, &rmc(step, false));
            std::thread::sleep(Duration::from_millis(200));
            scene.fixes().len() >= 2 * round
        });
        let fix = scene.fixes().last().unwrap().clone();
        assert_eq!(fix.vehicle, "F119");
        assert!((fix.speed_mps - 7.7).abs() < 0.1, "15 knots: {fix:?}");
        assert!((fix.at.at.lat - 32.688).abs() < 1e-2, "{fix:?}");
        receiver.say(&scene, &rmc(step, true));
        receiver.say(&scene, &rmc(step, true));
        scene.wait("checksums", |scene| {
            scene.count("checksum") == 2 * u64::try_from(round).unwrap()
        });
        receiver.unplug(&device);
        // Tried every few seconds, told once.
        scene.wait("unplugged", |scene| {
            scene.count("device-closed") == 1 + u64::try_from(round).unwrap()
        });
    }
}
