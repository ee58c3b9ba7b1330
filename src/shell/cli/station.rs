//! The running controller: links, control thread, API, journal, joined the same way for the demo
//! and for the real thing.

mod keep;
mod learned;

pub(super) use keep::tls_files;
pub(super) use learned::{of_city, town};

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::Failure;
use super::corridor::all_prepared;
use super::load::LoadedCity;
use super::out::{say, warn};
use crate::controller::City;
use crate::ids::SiteId;
use crate::plan::{CheckedCity, LinkKind};
use crate::shell::dispatch::bus::{Broker, Exchange, Settings};
use crate::shell::dispatch::tls::{TlsFiles, acceptor};
use crate::shell::dispatch::{Auth, Principal, Role, Service, serve as serve_api};
use crate::shell::field::{Fallback, FieldClock, FieldOptions, FieldSet, LinkSpec, Wire};
use crate::shell::neighbours::feeders;
use crate::shell::partners::Partners;
use crate::shell::partners::crew::street::CrewStreet;
use crate::shell::planner::Planner;
use crate::shell::runtime::{Control, ControlParts, FieldCabinets, Pace, WallClock, mailbox};
use crate::shell::store::JournalSink;
use crate::shell::vehicles::hub::Street;
use crate::shell::vehicles::{BoundFeeds, Feeds};
use crate::shell::world::{JournalFolder, LiveWorld, WorldParts};
use crate::units::{CivilTime, Date, Millis, Mono};

/// Read-back may lag this far behind the command on a wire of its own ...
const LATENCY_TCP: Millis = Millis::new(500);
/// ... and this far on a shared serial bus at 5 Hz.
const LATENCY_RTU: Millis = Millis::new(900);
/// Ports tried after a busy one.
const PORTS_TRIED: u16 = 20;
/// A sign-in link that nobody used is worth nothing after this.
const LINK_LIFE: Duration = Duration::from_hours(12);

/// How a station is to be set up.
pub(super) struct StationOptions {
    /// Where the console listens.
    pub(super) listen: SocketAddr,
    /// Where journal and epoch are kept.
    pub(super) data: PathBuf,
    /// The city folder, which may have a calibration; none of the city inside the program.
    pub(super) site: Option<PathBuf>,
    /// One per site, indexed by [`SiteId`].
    pub(super) wires: Vec<Wire>,
    /// What the wall clock shows.
    pub(super) wall: WallClock,
    /// The clock that links and control thread share.
    pub(super) clock: FieldClock,
    /// The deadlines, on the same clock.
    pub(super) pace: Pace,
    /// The agency that the sign-in link speaks for.
    pub(super) agency: String,
    /// True if cabinets and vehicles are emulated.
    pub(super) virtual_street: bool,
    /// Certificate and key of the console; a plain wire without them.
    pub(super) tls: Option<TlsFiles>,
    /// The MQTT broker, if there is one.
    pub(super) mqtt: Option<Settings>,
}

/// A running controller with its API.
pub(super) struct Station {
    pub(super) control: Option<Control>,
    pub(super) world: Arc<LiveWorld>,
    pub(super) auth: Arc<Auth>,
    /// The agency that the sign-in link speaks for.
    pub(super) agency: String,
    /// Where the API really listens.
    pub(super) bound: SocketAddr,
    /// Where vehicles report, if feeds.toml says so.
    pub(super) feeds: Option<Feeds>,
    is_tls: bool,
    api: Option<Runtime>,
    _field: Runtime,
    stop_api: Option<oneshot::Sender<()>>,
}

impl Station {
    #[expect(
        clippy::too_many_lines,
        reason = "the order of a start, read from top to bottom"
    )]
    pub(super) fn start(loaded: &LoadedCity, options: StationOptions) -> Result<Self, Failure> {
        let field = runtime("field", 2)?;
        let api = runtime("api", 2)?;
        // What can be refused comes before anything that a cabinet could notice.
        let (listener, bound) = listen(&api, options.listen)?;
        let feeds = BoundFeeds::bind(api.handle(), &loaded.city, &options.data)
            .map_err(|why| Failure::runtime(&why))?;
        let told = (&loaded.city.partners, &*loaded.city.gazetteer);
        let partners = Partners::start(api.handle(), told, &options.data);
        let partners = Arc::new(partners.map_err(|why| Failure::runtime(&why))?);
        let tls = options.tls.as_ref().map(acceptor).transpose();
        let tls = tls.map_err(|why| Failure::runtime(&why))?;
        let epoch = next_epoch(&options.data)?;
        let keep = keep::Keep::open(&options.data)?;
        let site = options.site.as_deref();
        let (lessons, paces) = learned::begin(&options.data, site, loaded);
        let planner = Planner {
            city: Arc::new(loaded.city.clone()),
            graph: Arc::new(loaded.graph.clone()),
        };
        let (set, ports) = FieldSet::start(
            field.handle(),
            link_specs(loaded, &options.wires),
            FieldOptions {
                epoch,
                controller_id: 1,
                clock: options.clock,
                zone_quarters: zone_quarters(&loaded.city.timezone)?,
            },
        );
        let monitors = set.monitors().to_vec();
        let (post, inbox) = mailbox();
        let (journal, journal_folder) = begin_journal(&options.data);
        let health = journal.health();
        let control = Control::start(ControlParts {
            // The journal begins with it: what was learned before is in every replay.
            city: new_city(loaded).with_paces(paces),
            cabinets: Box::new(FieldCabinets::new(set, ports, field.handle().clone())),
            inbox,
            journal: Some(journal),
            wall: options.wall,
            pace: options.pace,
        })
        .map_err(|why| Failure::runtime(&why))?;
        let world = Arc::new(LiveWorld::new(WorldParts {
            missions: all_prepared(loaded),
            findings: loaded.warnings.clone(),
            planner,
            pictures: control.pictures(),
            mailbox: post,
            monitors,
            journal: Some(health),
            journal_folder: Some(journal_folder),
            lessons: Arc::new(lessons),
            virtual_street: options.virtual_street,
            grants: control.grants_cell(),
            epoch,
        }));
        LiveWorld::keep_routes(&world).map_err(|why| Failure::runtime(&why))?;
        let street: Arc<dyn Street> = Arc::new(CrewStreet {
            street: world.clone(),
            partners: Arc::clone(&partners),
        });
        let feeds = feeds.map(|feeds| feeds.serve(api.handle(), street));
        world.number_from(keep.last_corridor.saturating_add(1));
        let auth = keep.auth;
        let is_tls = tls.is_some();
        let service = Service {
            world: Arc::clone(&world) as Arc<_>,
            auth: Arc::clone(&auth),
            audit: Some(keep.audit),
            records: Some(keep.records),
            tls,
            bus: bus(&api, options.mqtt.as_ref()),
            partners: Some(partners),
        };
        let stop_api = serve(&api, listener, service);
        Ok(Self {
            control: Some(control),
            world,
            auth,
            agency: options.agency,
            bound,
            feeds,
            is_tls,
            api: Some(api),
            _field: field,
            stop_api: Some(stop_api),
        })
    }

    /// A one-time link that signs a dispatcher in.
    pub(super) fn sign_in_link(&self) -> Result<String, Failure> {
        let token = self
            .auth
            .issue_link(operator(self.agency.clone()), LINK_LIFE)
            .map_err(|why| Failure::runtime(&why))?;
        Ok(format!("{}/#sign-in={token}", self.address()))
    }

    /// Where the console is.
    pub(super) fn address(&self) -> String {
        let wire = if self.is_tls { "https" } else { "http" };
        format!("{wire}://{}", self.bound)
    }

    /// A link that sets the first admin up, while nobody is set up.
    pub(super) fn first_run_link(&self) -> Result<Option<String>, Failure> {
        let secret = self.auth.first_run_secret(&self.agency);
        let secret = secret.map_err(|why| Failure::runtime(&why))?;
        Ok(secret.map(|secret| format!("{}/#set-up={secret}", self.address())))
    }

    /// A token for a machine.
    pub(super) fn bearer(&self) -> Result<String, Failure> {
        self.auth
            .issue_bearer(operator(self.agency.clone()), LINK_LIFE)
            .map_err(|why| Failure::runtime(&why))
    }

    /// True if the vehicle's own terminal reports where it is.
    pub(super) fn has_terminal(&self, vehicle: &str) -> bool {
        let terminals = self.feeds.as_ref().map(Feeds::terminals);
        terminals.is_some_and(|terminals| terminals.connection(vehicle).is_some())
    }

    /// Says where vehicles may report.
    pub(super) fn tell_feeds(&self) {
        for (feed, at) in self.feeds.iter().flat_map(Feeds::bound) {
            say(&format!("vehicle feed {feed} listens on {at}"));
        }
    }

    /// Hands every cabinet to its local plan and ends.
    pub(super) fn stop(self) {
        drop(self);
    }
}

/// The bus of messages: the broker's, or one inside the program.
fn bus(api: &Runtime, mqtt: Option<&Settings>) -> Exchange {
    let _context = api.enter();
    match mqtt {
        Some(settings) => Exchange::over(Arc::new(Broker::start(settings))),
        None => Exchange::in_process(),
    }
}

/// The broker that a file describes.
pub(super) fn broker_of(
    city: &CheckedCity,
    file: Option<&Path>,
) -> Result<Option<Settings>, Failure> {
    let read = file.map(|file| Settings::read(file, &city.id)).transpose();
    read.map_err(|why| Failure::Usage(why.to_string()))
}

/// Begins the journal, and remembers what lay there before.
fn begin_journal(data: &Path) -> (JournalSink, JournalFolder) {
    let path = data.join("journal");
    let folder = JournalFolder::before_start(path.clone());
    (JournalSink::start(&path), folder)
}

/// However a command ends, its cabinets are handed over and its journal is closed.
impl Drop for Station {
    fn drop(&mut self) {
        if let Some(stop) = self.stop_api.take() {
            let _already_ended = stop.send(());
        }
        if let Some(feeds) = self.feeds.take() {
            tracing::info!(counts = %feeds.json(), "the feeds end");
        }
        self.world.keep_learned();
        if let Some(control) = self.control.take() {
            control.stop();
        }
        if let Some(api) = self.api.take() {
            api.shutdown_timeout(Duration::from_secs(2));
        }
    }
}

/// Serves API and console until the sender is used or dropped.
fn serve(api: &Runtime, listener: TcpListener, service: Service) -> oneshot::Sender<()> {
    let (stop, stopped) = oneshot::channel::<()>();
    api.spawn(async move {
        let until = async move {
            let _stopped_or_dropped = stopped.await;
        };
        if let Err(why) = serve_api(listener, service, until).await {
            tracing::error!(%why, "the API ended; control goes on");
        }
    });
    stop
}

/// Who the sign-in link signs in.
pub(super) fn operator(agency: String) -> Principal {
    Principal {
        name: "operator".to_owned(),
        agency,
        source_system: "greenwave".to_owned(),
        roles: vec![
            Role::Viewer,
            Role::Dispatcher,
            Role::Engineer,
            Role::Integration,
        ],
    }
}

/// The agency that was asked for, or the city's first; a city without one goes by its own id.
pub(super) fn agency_of(city: &CheckedCity, wanted: Option<&str>) -> Result<String, Failure> {
    let ids: Vec<&str> = city.agencies.iter().map(|one| one.id.as_str()).collect();
    let Some(wanted) = wanted else {
        return Ok((*ids.first().unwrap_or(&city.id.as_str())).to_owned());
    };
    if ids.contains(&wanted) {
        return Ok(wanted.to_owned());
    }
    Err(Failure::Usage(format!(
        "--agency {wanted}: city.toml has no such [[agency]]; it has {}",
        ids.join(", ")
    )))
}

/// A runtime of its own for each kind of work.
pub(super) fn runtime(name: &str, threads: usize) -> Result<Runtime, Failure> {
    Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name(name)
        .enable_all()
        .build()
        .map_err(|why| Failure::runtime(&why))
}

/// A city that has not started yet, with the read-back latency of each site's wire.
pub(super) fn new_city(loaded: &LoadedCity) -> City {
    let sites: Arc<[_]> = loaded.city.sites.clone().into();
    let mut city = City::new(sites, loaded.corridor_settings(), Mono::ZERO)
        .with_neighbours(feeders(&loaded.city, &loaded.graph));
    for cabinet in &loaded.city.cabinets {
        let link = loaded.city.links.get(cabinet.link).map(|link| link.kind);
        let latency = match link {
            Some(LinkKind::ModbusRtu) => LATENCY_RTU,
            Some(LinkKind::ModbusTcp) | None => LATENCY_TCP,
        };
        city.set_latency(cabinet.site, latency);
    }
    city
}

fn link_specs(loaded: &LoadedCity, wires: &[Wire]) -> Vec<LinkSpec> {
    let sites = (0_u16..).zip(&loaded.city.sites).zip(wires);
    let specs = sites.map(|((number, site), wire)| {
        let cabinet = loaded.city.cabinet(SiteId::new(number));
        let channels = site.detectors.iter().map(|detector| detector.channel + 1);
        LinkSpec {
            site: site.id.clone(),
            unit: cabinet.map_or(1, |cabinet| cabinet.unit),
            wire: wire.clone(),
            safety: Arc::clone(&site.safety),
            detectors: channels.max().unwrap_or(0).min(32),
            fallback: Fallback::LocalPlan,
        }
    });
    specs.collect()
}

/// Binds the console's address, or the next free port if that one is busy.
fn listen(api: &Runtime, wanted: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let mut at = wanted;
    for _ in 0..PORTS_TRIED {
        match api.block_on(TcpListener::bind(at)) {
            Ok(listener) => {
                let bound = listener
                    .local_addr()
                    .map_err(|why| Failure::runtime(&why))?;
                if at != wanted {
                    warn(&format!("{wanted} is busy; listening on {bound} instead"));
                }
                return Ok((listener, bound));
            }
            Err(why) if why.kind() == io::ErrorKind::AddrInUse && at.port() < u16::MAX => {
                at.set_port(at.port() + 1);
            }
            Err(why) => return Err(Failure::Runtime(format!("cannot listen on {at}: {why}"))),
        }
    }
    Err(Failure::Runtime(format!(
        "{wanted} and the {PORTS_TRIED} ports after it are busy; choose another with --listen"
    )))
}

/// A larger fencing token than any this data folder has given out. It is on the disk, whole, before
/// it is used: a token that went back would be refused by every cabinet.
fn next_epoch(data: &Path) -> Result<u32, Failure> {
    std::fs::create_dir_all(data).map_err(|why| {
        Failure::Runtime(format!(
            "{}: cannot be used as the data folder: {why}; no cabinet is driven without it, for it \
             holds the control epoch: name a folder that can be written with --data",
            data.display()
        ))
    })?;
    let path = data.join("epoch");
    let broken = |why: &dyn std::fmt::Display| {
        Failure::Runtime(format!(
            "{}: {why}; it holds the last control epoch, a whole number: put back one that is no \
             smaller than any the cabinets have seen",
            path.display()
        ))
    };
    let before: u32 = match std::fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map_err(|why| broken(&why))?,
        Err(why) if why.kind() == io::ErrorKind::NotFound => 0,
        Err(why) => return Err(broken(&why)),
    };
    let epoch = before
        .checked_add(1)
        .ok_or_else(|| broken(&"there is no larger number"))?;
    let fresh = data.join("epoch.new");
    let write = || -> io::Result<()> {
        let mut file = std::fs::File::create(&fresh)?;
        file.write_all(epoch.to_string().as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&fresh, &path)
    };
    write().map_err(|why| {
        Failure::Runtime(format!(
            "{}: cannot be written: {why}; no cabinet is driven before its new control epoch is on \
             the disk: make room and make the folder writable, or name another one with --data and \
             copy the file there",
            path.display()
        ))
    })?;
    Ok(epoch)
}

fn time_zone(timezone: &str) -> Result<TimeZone, Failure> {
    TimeZone::get(timezone).map_err(|why| Failure::Runtime(format!("time zone {timezone}: {why}")))
}

/// Local time less UTC in quarter hours; a city's zone has no summer time (T08).
fn zone_quarters(timezone: &str) -> Result<i16, Failure> {
    let offset = time_zone(timezone)?.to_offset(Timestamp::now());
    Ok(i16::try_from(offset.seconds() / 900).unwrap_or_default())
}

/// The wall clock of the city's time zone.
pub(super) fn civil_clock(timezone: &str) -> Result<WallClock, Failure> {
    let zone = time_zone(timezone)?;
    Ok(Box::new(move || {
        let now = Timestamp::now().to_zoned(zone.clone());
        let second = i32::from(now.hour()) * 3600 + i32::from(now.minute()) * 60;
        CivilTime {
            date: Date {
                year: u16::try_from(now.year()).unwrap_or_default(),
                month: u8::try_from(now.month()).unwrap_or_default(),
                day: u8::try_from(now.day()).unwrap_or_default(),
            },
            second_of_day: u32::try_from(second + i32::from(now.second())).unwrap_or_default(),
        }
    }))
}

/// A wall clock that starts at `start_s` on a working day, for demonstrations.
pub(super) fn staged_clock(clock: FieldClock, start_s: u32) -> WallClock {
    Box::new(move || {
        let seconds = u64::from(start_s) + clock.now().as_ms() / 1000;
        CivilTime {
            date: Date {
                year: 2026,
                month: 11,
                day: 23,
            },
            second_of_day: u32::try_from(seconds % 86_400).unwrap_or_default(),
        }
    })
}

#[cfg(test)]
mod tests;
