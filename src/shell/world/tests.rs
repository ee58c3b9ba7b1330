//! The world over a control thread whose pictures come late.

mod asks;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use jiff::Timestamp;

use super::*;
use crate::controller::{City, CycleInputs};
use crate::corridor::{MissionState, Settings};
use crate::detect::FieldInputs;
use crate::network::{LatLon, RoadGraph};
use crate::plan::{CityFiles, check_city};
use crate::shell::dispatch::request::{Destination, MissionStage};
use crate::shell::dispatch::world::{CorridorRequest, Origin, RequestVehicle, World};
use crate::shell::dispatch::{Principal, Role};
use crate::shell::missions::missions;
use crate::shell::runtime::KeyTimes;
use crate::shell::runtime::{Histogram, Inbox, mailbox};
use crate::shell::store::{Chunk, JournalSink, demo_city_files};
use crate::units::{CivilTime, Length, Millis, TICK};

/// Cycles follow each other quickly, and a picture comes only with every so many.
const CYCLE: Duration = Duration::from_millis(10);
const PICTURE_EVERY: u64 = 20;
/// Cycles slept through, and cycles that commanded nothing.
const MISSED: u64 = 3;
const MUTE: u64 = 2;

struct Rig {
    world: LiveWorld,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

impl Rig {
    fn start() -> Self {
        Self::over(true)
    }

    fn over(virtual_street: bool) -> Self {
        Self::with(virtual_street, None, Arc::default(), |_| {})
    }

    /// With a journal to be told of.
    fn journaled(journal: Arc<JournalHealth>) -> Self {
        Self::with(true, Some(journal), Arc::default(), |_| {})
    }

    /// With what runs have taught before.
    fn taught(lessons: Lessons) -> Self {
        Self::with(true, None, Arc::new(lessons), |_| {})
    }

    /// Over the demo city with a change.
    fn with(
        virtual_street: bool,
        journal: Option<Arc<JournalHealth>>,
        lessons: Arc<Lessons>,
        change: impl FnOnce(&mut crate::plan::CheckedCity),
    ) -> Self {
        let files = demo_city_files();
        let city = check_city(&files.iter().cloned().collect::<CityFiles>());
        let mut city = city.value.unwrap();
        change(&mut city);
        let file = |wanted: &str| {
            let found = files.iter().find(|(name, _)| name == wanted);
            found.map(|(_, text)| text.as_str()).unwrap_or_default()
        };
        let origin = LatLon {
            lat_deg: city.origin.lat_deg,
            lon_deg: city.origin.lon_deg,
        };
        let network = "network.geojson";
        let graph = RoadGraph::load(network, file(network), origin, city.datum).unwrap();
        let (post, inbox) = mailbox();
        let pictures = Arc::new(ArcSwapOption::empty());
        let stop = Arc::new(AtomicBool::new(false));
        let running = City::new(city.sites.clone().into(), Settings::default(), Mono::ZERO);
        let (shown, ended) = (Arc::clone(&pictures), Arc::clone(&stop));
        let world = LiveWorld::new(WorldParts {
            findings: Vec::new(),
            missions: missions(file("city.toml"), &graph),
            virtual_street,
            planner: Planner {
                city: Arc::new(city),
                graph: Arc::new(graph),
            },
            pictures,
            mailbox: post,
            monitors: Vec::new(),
            journal,
            journal_folder: None,
            lessons,
            grants: Arc::default(),
            epoch: 1,
        });
        let thread = std::thread::spawn(move || control(running, &inbox, (&shown, &ended)));
        while world.newest().is_none() {
            std::thread::sleep(CYCLE);
        }
        Self {
            world,
            stop,
            thread: Some(thread),
        }
    }

    fn open(&self) -> u32 {
        self.world.open(&request(), &somebody()).unwrap().corridor
    }

    /// Right after a picture was taken, so that the next one is as far away as can be.
    fn just_after_a_picture(&self) {
        let before = self.world.newest().unwrap().now;
        while self.world.newest().unwrap().now == before {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// What the control thread does, with rare pictures and cabinets that say nothing.
fn control(mut city: City, inbox: &Inbox, (shown, stop): (&ArcSwapOption<Picture>, &AtomicBool)) {
    let fields = vec![FieldInputs::default(); city.sites().len()];
    let (mut now, mut taken) = (Mono::ZERO, Vec::new());
    while !stop.load(Ordering::Relaxed) {
        now = now + TICK;
        inbox.take(&mut taken);
        let commands: Vec<_> = taken.iter().map(|posted| posted.command.clone()).collect();
        city.cycle(&CycleInputs {
            now,
            civil: CivilTime::default(),
            fields: &fields,
            commands: &commands,
        });
        for (posted, answer) in taken.iter().zip(city.answers()) {
            posted.answer(answer.clone());
        }
        if city.cycle_number() % PICTURE_EVERY == 1 {
            shown.store(Some(Arc::new(Picture {
                now,
                taken: Instant::now(),
                civil: CivilTime::default(),
                city: city.clone(),
                fields: fields.clone(),
                lateness: Histogram::default(),
                missed: MISSED,
                mute: MUTE,
                keys: KeyTimes::default(),
            })));
        }
        std::thread::sleep(CYCLE);
    }
}

fn somebody() -> Principal {
    Principal {
        name: "somebody".to_owned(),
        agency: "ems".to_owned(),
        source_system: "cad".to_owned(),
        roles: vec![Role::Dispatcher],
    }
}

fn request() -> CorridorRequest {
    CorridorRequest {
        request_id: "0190b6a2-7d3e-7c11-8f00-000000000001".to_owned(),
        agency: "ems".to_owned(),
        source_system: "cad".to_owned(),
        operator_id: "op-1".to_owned(),
        incident_id: "inc-1".to_owned(),
        service: ServiceClass::Ambulance,
        stage: MissionStage::ToHospital,
        priority: 1,
        lights_siren: true,
        vehicle: RequestVehicle {
            id: "A120".to_owned(),
            plate: String::new(),
            call_sign: String::new(),
            terminal_id: String::new(),
            length_m: 6.0,
            convoy_n: 1,
        },
        origin: Origin::Live,
        destination: Destination::Place("H1".to_owned()),
        route: Vec::new(),
        depart_after_ms: None,
        needed_by_ms: None,
        expires_at_ms: Timestamp::now().as_millisecond() + 20 * 60_000,
        note: String::new(),
        reply_to: None,
    }
}

/// Pictures are late; the corridor is there all the same, for every act and for a look.
#[test]
fn a_corridor_is_known_from_the_moment_it_is_accepted() {
    let rig = Rig::start();
    rig.just_after_a_picture();
    let id = rig.open();
    let before = rig.world.newest().unwrap();
    let shown = before.city.corridors().mission(CorridorId::new(id));
    assert!(shown.is_none(), "no picture shows it yet");
    let view = rig.world.cancel(id, &somebody()).unwrap();
    assert_eq!(view.state, MissionState::Cancelled);
    let again = rig.world.cancel(id, &somebody()).unwrap_err();
    assert_eq!(again.code, "corridor-over");

    rig.just_after_a_picture();
    let id = rig.open();
    assert_eq!(rig.world.corridor(id).unwrap().id, id);
    rig.world.cancel(id, &somebody()).unwrap();

    rig.just_after_a_picture();
    let id = rig.open();
    let listed = rig.world.corridors().unwrap();
    assert!(listed.iter().any(|view| view.id == id), "{listed:?}");

    let site = rig.world.corridor(id).unwrap().crossings[1].site.clone();
    rig.world.cancel(id, &somebody()).unwrap();
    rig.just_after_a_picture();
    let id = rig.open();
    rig.world.take_out(id, &site, &somebody()).unwrap();
    rig.world.cancel(id, &somebody()).unwrap();
    rig.just_after_a_picture();
    let id = rig.open();
    rig.world.passed(id, &site, &somebody()).unwrap();
}

/// One key starts a prepared wave, and it can be ended before its time.
#[test]
fn a_wave_is_started_and_ended_by_one_key() {
    let rig = Rig::start();
    rig.just_after_a_picture();
    let wave = rig.world.waves().unwrap().remove(0);
    assert_eq!((wave.id.as_str(), wave.left_s), ("binjiang", None));
    rig.world.start_wave("binjiang", &somebody()).unwrap();
    rig.just_after_a_picture();
    let left = rig.world.waves().unwrap()[0].left_s.unwrap();
    assert!(left > 0 && left <= wave.lasts_s, "{left} s");
    rig.world.end_wave("binjiang", &somebody()).unwrap();
    rig.just_after_a_picture();
    assert_eq!(rig.world.waves().unwrap()[0].left_s, None);
    let again = rig.world.end_wave("binjiang", &somebody()).unwrap_err();
    assert_eq!(again.code, "refused");
    let unknown = rig.world.start_wave("ringway", &somebody()).unwrap_err();
    assert_eq!(unknown.code, "no-such-wave");
    assert!(unknown.detail.contains("binjiang"), "{}", unknown.detail);
}

/// A number that was never given out is refused without a wait.
#[test]
fn a_corridor_that_nobody_opened_is_not_waited_for() {
    let rig = Rig::start();
    let begun = Instant::now();
    let looked = rig.world.corridor(77).unwrap_err();
    assert!(begun.elapsed() < Duration::from_millis(200));
    let cancelled = rig.world.cancel(77, &somebody()).unwrap_err();
    let nowhere = rig.world.take_out(77, "J99", &somebody()).unwrap_err();
    assert_eq!(nowhere.code, "no-such-site");
    for refusal in [looked, cancelled] {
        assert_eq!(refusal.code, "no-such-corridor");
        assert_eq!(refusal.class, RefusalClass::NotFound);
    }
}

/// How far behind each stop line the vehicle's tail is clear of the signal.
fn clear_points(rig: &Rig, length_m: f64, convoy_n: u8) -> Vec<(Length, Length)> {
    let mut request = request();
    request.vehicle.length_m = length_m;
    request.vehicle.convoy_n = convoy_n;
    let id = rig.world.open(&request, &somebody()).unwrap().corridor;
    rig.world.corridor(id).unwrap();
    let picture = rig.world.newest().unwrap();
    let mission = picture.city.corridors().mission(CorridorId::new(id));
    let crossings = &mission.unwrap().plan().crossings;
    let points = crossings
        .iter()
        .map(|one| (one.stop_line_at, one.passed_at));
    let points = points.collect();
    rig.world.cancel(id, &somebody()).unwrap();
    points
}

/// A signal is released behind the tail of the vehicle as it is listed, or as it is said to be if
/// that is longer.
#[test]
fn a_vehicle_that_calls_itself_short_keeps_its_listed_length() {
    let rig = Rig::start();
    let listed = clear_points(&rig, 6.0, 1);
    assert_eq!(clear_points(&rig, 1.0, 1), listed);
    assert_ne!(clear_points(&rig, 12.0, 1), listed);
    assert_ne!(clear_points(&rig, 1.0, 2), listed);
}

#[test]
fn a_policy_that_lost_its_turn_is_an_alarm() {
    let rig = Rig::start();
    let seen = rig.world.newest().unwrap();
    let coded = |picture: &Picture| {
        let alarms = rig.world.view(picture).status.alarms.into_iter();
        let benched = alarms.filter(|alarm| alarm.code == "policy-benched");
        benched.map(|alarm| alarm.site).collect::<Vec<_>>()
    };
    assert!(coded(&seen).is_empty());
    let mut state = serde_json::to_value(&seen.city).unwrap();
    let until = serde_json::json!(seen.now + Millis::from_secs(60));
    state["sites"][1]["policies"]["benched_until"][3] = until;
    let mut city: City = serde_json::from_value(state).unwrap();
    assert!(city.attach(seen.city.plans().iter().cloned().collect()));
    let picture = Picture {
        now: seen.now,
        taken: seen.taken,
        civil: seen.civil,
        city,
        fields: seen.fields.clone(),
        lateness: Histogram::default(),
        missed: 0,
        mute: 0,
        keys: KeyTimes::default(),
    };
    assert_eq!(coded(&picture), [Some("J02".to_owned())]);
}

/// The alarm stays as long as the folder cannot be written, and a hole in the journal is told after.
#[test]
fn a_journal_that_cannot_be_written_is_an_alarm() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("a-file");
    std::fs::write(&blocked, b"").unwrap();
    let journal = JournalSink::start(&blocked.join("journal"));
    let rig = Rig::journaled(journal.health());
    let codes = || -> Vec<String> {
        let alarms = rig.world.view(&rig.world.newest().unwrap()).status.alarms;
        let ours = alarms.into_iter().filter(|alarm| alarm.site.is_none());
        ours.map(|alarm| alarm.code).collect()
    };
    assert!(codes().is_empty());
    let push = |is_snapshot| {
        let bytes = vec![0; 4];
        journal.push(Chunk { bytes, is_snapshot });
    };
    push(true);
    while journal.health().lost() == 0 {
        std::thread::yield_now();
    }
    push(false);
    while journal.health().lost() < 2 {
        std::thread::yield_now();
    }
    assert_eq!(codes(), ["journal-unwritable"]);

    std::fs::remove_file(&blocked).unwrap();
    while journal.health().failing() {
        push(true);
        std::thread::sleep(CYCLE);
    }
    assert_eq!(codes(), ["journal-gap"]);
}

/// What the control thread counts about itself is in the status.
#[test]
fn missed_and_mute_cycles_are_shown() {
    let rig = Rig::start();
    let status = rig.world.view(&rig.world.newest().unwrap()).status;
    assert_eq!((status.missed_ticks, status.mute_ticks), (MISSED, MUTE));
}

#[test]
fn a_site_tells_why_it_does_what_it_does() {
    let rig = Rig::start();
    let told = rig.world.decision("J07").unwrap();
    assert!(!told.plan.is_empty() && !told.ran.policy.is_empty());
    assert!(!told.ran.reason.zh.is_empty() && !told.ran.reason.en.is_empty());
    assert_eq!(rig.world.decision("J99"), None);
}

/// However many positions come in, and wherever they lie: a corridor needs somebody who asks.
#[test]
fn a_position_alone_opens_no_corridor() {
    use crate::shell::dispatch::request::{Datum, GeoPoint, PositionFix};
    use crate::shell::dispatch::view::LatLon as MapPoint;
    use crate::shell::vehicles::hub::Street;
    let rig = Rig::over(false);
    let street: &dyn Street = &rig.world;
    for seq in 0..20_u32 {
        let fix = PositionFix {
            vehicle: "A120".to_owned(),
            t_fix_ms: Timestamp::now().as_millisecond(),
            seq,
            at: GeoPoint {
                at: MapPoint {
                    lat: 32.69,
                    lon: 109.02 + f64::from(seq) * 1e-4,
                },
                datum: Datum::Wgs84,
            },
            speed_mps: 14.0,
            heading_deg: 90.0,
        };
        street.fix(&fix).unwrap();
    }
    rig.just_after_a_picture();
    assert!(rig.world.corridors().unwrap().is_empty());
    assert!(street.escorts().is_empty());
    street.doubt(vec!["A120".to_owned()]);
    let alarms = rig.world.snapshot().status.alarms.clone();
    assert!(alarms.iter().any(|alarm| alarm.code == "datum-suspected"));
}

#[test]
fn what_is_wrong_with_the_message_bus_stands_on_the_status_page_until_it_is_over() {
    let rig = Rig::start();
    rig.just_after_a_picture();
    let alarm = Alarm {
        code: "mqtt-broker-lost".to_owned(),
        ..Alarm::default()
    };
    rig.world.bus_alarms(vec![alarm.clone()]);
    assert!(rig.world.snapshot().status.alarms.contains(&alarm));
    rig.world.bus_alarms(Vec::new());
    assert!(!rig.world.snapshot().status.alarms.contains(&alarm));
}
