//! `greenwave demo`: a synthetic city on emulated cabinets over real Modbus frames.

mod headless;
mod http;
mod result;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Failure;
use super::args::Demo;
use super::load::{LoadedCity, load_demo};
use super::out::{say, warn};
use super::station::{
    Station, StationOptions, agency_of, broker_of, new_city, runtime, staged_clock,
};
use super::stop_signal::StopSignal;
use crate::controller::CycleInputs;
use crate::corridor::MissionState;
use crate::ids::CorridorId;
use crate::kernel::Mode;
use crate::plan::{Datum, Feed, FeedKind};
use crate::shell::emulated_city::{CabinetAddress, EmulatedCity, StreetOrder};
use crate::shell::field::{FieldClock, Wire};
use crate::shell::runtime::Pace;
use crate::shell::virtual_city::{VirtualCity, fix_of};
use crate::shell::world::LiveWorld;
use crate::sim::Dispatch;
use crate::units::{CivilTime, Date, Millis, Mono, TICK};

/// The demo's clock: the middle of the morning peak of a working day.
const START_S: u32 = 8 * 3600;
/// The street is driven this long, in virtual time, before the cabinets come up.
const WARM_UP: Millis = Millis::from_secs(600);
/// After the key the crew takes this long to get under way.
const CREW_LEAVES: Duration = Duration::from_secs(6);

/// Everything of a running demo.
pub(super) struct Stage {
    pub(super) loaded: LoadedCity,
    pub(super) station: Station,
    pub(super) street: EmulatedCity,
    /// Tells when to end.
    pub(super) stop: StopSignal,
    /// Where that is waited for.
    pub(super) waiting: tokio::runtime::Runtime,
    /// Keeps the cabinets' runtime alive.
    _cabinets: tokio::runtime::Runtime,
}

impl Stage {
    /// Waits for `time`, and less if the process is told to stop: then this is true.
    pub(super) fn is_told_to_stop(&mut self, time: Duration) -> bool {
        let told = async { tokio::time::timeout(time, self.stop.told()).await.is_ok() };
        self.waiting.block_on(told)
    }
}

pub(super) fn demo(options: &Demo) -> Result<(), Failure> {
    let mut stage = set_stage(options)?;
    if options.headless {
        return headless::run(stage, options);
    }
    let link = stage.station.sign_in_link()?;
    say("Greenwave demo: a made-up city of 36 junctions and 40 pedestrian-request crossings.");
    say(&format!(
        "Console (one-time link): {link}\nAPI documents: {}/docs\nStop with Ctrl-C.",
        stage.station.address()
    ));
    stage.station.tell_feeds();
    if !crate::shell::console::is_built() {
        warn("the console was not built (Node 20.19 or newer with npm is needed); the API works");
    }
    let mut crew = Crew::default();
    while !stage.is_told_to_stop(Duration::from_millis(500)) {
        crew.look(&stage);
    }
    say("handing every cabinet to its local plan ...");
    stage.station.stop();
    Ok(())
}

/// Drives the vehicle of every corridor that was opened from the console.
#[derive(Debug, Default)]
struct Crew {
    seen: Vec<(CorridorId, std::time::Instant, bool)>,
    moving: bool,
}

impl Crew {
    /// People move once every signal is up.
    fn open_the_street(&mut self, stage: &Stage) {
        if self.moving {
            return;
        }
        let Some(picture) = stage.station.world.newest() else {
            return;
        };
        let up = picture
            .city
            .sites()
            .iter()
            .all(|site| site.kernel().mode() == Mode::Normal);
        self.moving = up && stage.street.order(StreetOrder::Go);
    }

    fn look(&mut self, stage: &Stage) {
        self.open_the_street(stage);
        for (corridor, vehicle) in staged(&stage.station.world) {
            let known = self.seen.iter_mut().find(|(id, _, _)| *id == corridor);
            match known {
                None => self.seen.push((corridor, std::time::Instant::now(), false)),
                Some((_, since, left)) if !*left && since.elapsed() > CREW_LEAVES => {
                    *left = true;
                    if stage.station.has_terminal(&vehicle) {
                        continue;
                    }
                    let Some((route, class)) = stage.station.world.route_of(corridor) else {
                        continue;
                    };
                    let graph = &stage.loaded.graph;
                    let order = Dispatch::along(graph, &route, &vehicle, class);
                    let gone = stage.street.order(StreetOrder::Withdraw(vehicle));
                    if !(gone && stage.street.order(StreetOrder::Dispatch(order))) {
                        tracing::error!("the street has ended");
                    }
                }
                Some(_) => {}
            }
        }
    }
}

/// Corridors that are armed and wait for their vehicle to move.
fn staged(world: &LiveWorld) -> Vec<(CorridorId, String)> {
    let Some(picture) = world.newest() else {
        return Vec::new();
    };
    let missions = picture.city.corridors().missions();
    let armed = missions.filter(|mission| mission.state() == MissionState::Staging);
    armed
        .map(|mission| (mission.plan().corridor, mission.plan().vehicle.clone()))
        .collect()
}

fn set_stage(options: &Demo) -> Result<Stage, Failure> {
    let mut loaded = load_demo()?;
    // Any free ports: two demos on one machine do not get into each other's way.
    for link in &mut loaded.city.links {
        link.first_port = 0;
    }
    if let Some(port) = options.vehicle_port {
        loaded.city.feeds = vec![terminals_on(port)];
    }
    let street = warm_street(&loaded, options.seed)?;
    let waiting = runtime("wait", 1)?;
    let stop = StopSignal::listen(&waiting)?;
    let cabinets = runtime("cabinets", 2)?;
    let clock = FieldClock::start();
    let pace = Pace::new();
    // The street begins before the controller whose world it reports to.
    let world: Arc<Mutex<Option<Arc<LiveWorld>>>> = Arc::default();
    let sink = Arc::clone(&world);
    let fixes = Box::new(move |seen: crate::sim::StreetFix| {
        let world = sink.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(world) = world {
            world.saw(&seen.vehicle, fix_of(&seen), seen.heading_deg);
        }
    });
    let street = EmulatedCity::start(
        &loaded.city,
        &loaded.files,
        street,
        (cabinets.handle().clone(), clock),
        fixes,
    )
    .map_err(|why| Failure::runtime(&why))?;
    let station = Station::start(
        &loaded,
        StationOptions {
            listen: options.listen,
            data: options.data.clone().unwrap_or_else(data_folder),
            site: None,
            wires: wires(&loaded, &street.addresses),
            wall: staged_clock(clock, START_S),
            clock,
            pace,
            agency: agency_of(&loaded.city, None)?,
            virtual_street: true,
            tls: None,
            mqtt: broker_of(&loaded.city, options.mqtt.as_deref())?,
        },
    )?;
    *world.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&station.world));
    Ok(Stage {
        loaded,
        station,
        street,
        stop,
        waiting,
        _cabinets: cabinets,
    })
}

/// A feed for the terminals of the demo's vehicles.
fn terminals_on(port: u16) -> Feed {
    Feed {
        id: "terminals".to_owned(),
        kind: FeedKind::Jt808 {
            listen: ([127, 0, 0, 1], port).into(),
        },
        datum: Datum::Wgs84,
        test: false,
        idle: Millis::from_secs(180),
        connections_max: 100,
    }
}

/// The wires of emulated cabinets, one per site.
pub(super) fn wires(loaded: &LoadedCity, addresses: &[CabinetAddress]) -> Vec<Wire> {
    let baud = |device: &std::path::Path| {
        let link = loaded.city.links.iter().find(|link| link.baud > 0);
        Wire::Rtu {
            device: device.to_path_buf(),
            baud: link.map_or(115_200, |link| link.baud),
        }
    };
    let wires = addresses.iter().map(|address| match address {
        CabinetAddress::Tcp(at) => Wire::Tcp(at.to_string()),
        CabinetAddress::Rtu(device) => baud(device),
    });
    wires.collect()
}

/// A street with traffic on it, driven by the whole core in virtual time.
pub(super) fn warm_street(
    loaded: &LoadedCity,
    seed: u64,
) -> Result<(crate::sim::VirtualStreet, Arc<[crate::sim::SiteRules]>), Failure> {
    let start_s = START_S - WARM_UP.as_ms() / 1000;
    let mut world = VirtualCity::new(&loaded.city, &loaded.graph, &loaded.files, (seed, start_s))
        .map_err(Failure::Runtime)?;
    let mut city = new_city(loaded);
    let mut commands = Vec::new();
    let mut now = Mono::ZERO;
    while now < Mono::ZERO + WARM_UP {
        now = now + TICK;
        world.step(now, &mut commands);
        let second = u64::from(start_s) + now.as_ms() / 1000;
        city.cycle(&CycleInputs {
            now,
            civil: CivilTime {
                date: Date {
                    year: 2026,
                    month: 11,
                    day: 23,
                },
                second_of_day: u32::try_from(second).unwrap_or(START_S),
            },
            fields: world.fields(),
            commands: &[],
        });
        commands.clear();
        world.show(&city);
    }
    world.street.reset_counters();
    Ok(world.into_street())
}

fn data_folder() -> PathBuf {
    std::env::temp_dir().join(format!("greenwave-demo-{}", std::process::id()))
}
