//! The running city behind the API: pictures out, commands in.
//!
//! Routes, previews and views are computed here, on the API's threads, from pictures of the
//! control thread; the control thread only ever sees finished commands.

mod acts;
mod alarms;
mod change;
mod decided;
mod finished;
mod planning;
mod pricing;
mod reports;
mod routes;
mod running;
mod snapshot;
mod statics;
#[cfg(test)]
mod tests;
mod times;
mod waves;
mod words;

pub use decided::account;
pub use reports::JournalFolder;
pub use words::advice;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use jiff::Timestamp;

use super::field::PortMonitor;
use super::learned::Lessons;
use super::missions::Mission;
use super::planner::Planner;
use super::runtime::{Grants, Mailbox, Picture};
use super::store::JournalHealth;
use crate::corridor::{Fix, ServiceClass};
use crate::ids::{CorridorId, SiteId};
use crate::kernel::CabinetState;
use crate::network::{PlanarPoint, Position, Route};
use crate::plan::LinkKind;
use crate::shell::dispatch::world::{
    Alarm, CityStatic, CityView, FindingStatic, LinkView, Refusal, RefusalClass, StatusView,
    VehicleView,
};
use crate::units::Mono;
use snapshot::{Opened, corridor_view, site_view};

/// A position older than this is not shown as where a vehicle is.
const POSITION_SHOWN: Duration = Duration::from_secs(30);
/// A corridor that was opened so lately may not be in the newest picture yet.
const JUST_OPENED: Duration = Duration::from_secs(2);
/// Corridors that are over are shown for this long.
const OVER_SHOWN_MS: u32 = 60_000;

/// Everything the world is made of.
#[derive(Debug)]
pub struct WorldParts {
    /// Roads, sites, plans.
    pub planner: Planner,
    /// Prepared missions.
    pub missions: Vec<Mission>,
    /// What the check of the city folder warned of.
    pub findings: Vec<FindingStatic>,
    /// True over a virtual street: a vehicle that has not moved yet stands where the prepared
    /// mission of its class starts. On a real street nobody knows where it is.
    pub virtual_street: bool,
    /// Where pictures appear.
    pub pictures: Arc<ArcSwapOption<Picture>>,
    /// Where commands go.
    pub mailbox: Mailbox,
    /// The links, one per site.
    pub monitors: Vec<PortMonitor>,
    /// The journal, if one is kept.
    pub journal: Option<Arc<JournalHealth>>,
    /// Where the journal lies, if one is kept.
    pub journal_folder: Option<JournalFolder>,
    /// What runs have taught, and where it is kept.
    pub lessons: Arc<Lessons>,
    /// What the operating system granted.
    pub grants: Arc<ArcSwapOption<Grants>>,
    /// Fencing token of this controller.
    pub epoch: u32,
}

/// A running city as the API sees it.
#[derive(Debug)]
pub struct LiveWorld {
    parts: WorldParts,
    city: Arc<CityStatic>,
    next_corridor: AtomicU32,
    opened: Mutex<BTreeMap<u32, Opened>>,
    vehicles: Mutex<BTreeMap<String, Seen>>,
    accounts: Mutex<Vec<String>>,
    /// Vehicles whose positions look as if they were in another datum.
    doubted: Mutex<Vec<String>>,
    /// What is wrong with the message bus.
    bus: Mutex<Vec<Alarm>>,
    reports: reports::Reports,
}

/// Where a vehicle was last.
#[derive(Clone, Copy, Debug)]
struct Seen {
    at: PlanarPoint,
    speed_mps: f64,
    heading_deg: f64,
    when: Instant,
}

impl LiveWorld {
    /// A world over a running controller.
    #[must_use]
    pub fn new(parts: WorldParts) -> Self {
        let mut city =
            statics::city_static(&parts.planner.city, &parts.planner.graph, &parts.missions);
        city.findings.clone_from(&parts.findings);
        Self {
            reports: reports::Reports::new(
                parts.journal_folder.clone(),
                finished::Teacher::of(&parts),
            ),
            parts,
            city: Arc::new(city),
            next_corridor: AtomicU32::new(1),
            opened: Mutex::default(),
            vehicles: Mutex::default(),
            accounts: Mutex::default(),
            doubted: Mutex::default(),
            bus: Mutex::default(),
        }
    }

    /// The prepared missions.
    #[must_use]
    pub fn missions(&self) -> &[Mission] {
        &self.parts.missions
    }

    /// The planner.
    #[must_use]
    pub const fn planner(&self) -> &Planner {
        &self.parts.planner
    }

    /// Takes a position that is already in the city's grid: the virtual street's, or one that came
    /// in by the API.
    pub fn saw(&self, vehicle: &str, fix: Fix, heading_deg: f64) {
        let seen = Seen {
            at: PlanarPoint {
                x_m: fix.x_m,
                y_m: fix.y_m,
            },
            speed_mps: f64::from(fix.speed.as_mm_per_s()) / 1000.0,
            heading_deg,
            when: Instant::now(),
        };
        lock(&self.vehicles).insert(vehicle.to_owned(), seen);
        // The mailbox is for the key; a position that no corridor waits for would only fill it.
        if !self.is_followed(vehicle) {
            return;
        }
        let command = crate::controller::Command::Fix(vehicle.to_owned(), fix);
        if let Err(why) = self.parts.mailbox.tell(command) {
            tracing::warn!(vehicle, %why, "a position was lost");
        }
    }

    /// True if a corridor runs for this vehicle, or may run before the next picture of the city.
    fn is_followed(&self, vehicle: &str) -> bool {
        let Some(picture) = self.newest() else {
            return false;
        };
        let mut missions = picture.city.corridors().missions();
        let runs = missions.any(|m| !m.state().is_over() && m.plan().vehicle == vehicle);
        runs || lock(&self.opened)
            .values()
            .any(|opened| opened.vehicle == vehicle && opened.when.elapsed() < JUST_OPENED)
    }

    /// Says which vehicles' positions look as if they were in another datum; the status warns of them.
    pub fn doubt(&self, vehicles: Vec<String>) {
        *lock(&self.doubted) = vehicles;
    }

    /// The newest picture; nothing before the first cycle.
    #[must_use]
    pub fn newest(&self) -> Option<Arc<Picture>> {
        self.parts.pictures.load_full()
    }

    /// The way of a corridor that was opened here.
    #[must_use]
    pub fn route_of(&self, corridor: CorridorId) -> Option<(Route, ServiceClass)> {
        let opened = lock(&self.opened);
        opened
            .get(&corridor.number())
            .map(|opened| (opened.route.clone(), opened.class))
    }

    fn picture(&self) -> Result<Arc<Picture>, Refusal> {
        self.parts.pictures.load_full().ok_or_else(|| {
            Refusal::new(
                RefusalClass::Unavailable,
                "starting",
                "the controller is starting",
            )
        })
    }

    fn site_id(&self, id: &str) -> Result<SiteId, Refusal> {
        self.parts.planner.city.site_by_id(id).ok_or_else(|| {
            Refusal::new(
                RefusalClass::NotFound,
                "no-such-site",
                format!("no signal {id}"),
            )
        })
    }

    fn live_position(&self, vehicle: &str) -> Option<Position> {
        let seen = *lock(&self.vehicles).get(vehicle)?;
        (seen.when.elapsed() < POSITION_SHOWN).then_some(Position::Point(
            seen.at,
            (seen.speed_mps > 2.0).then_some(seen.heading_deg),
        ))
    }

    fn view(&self, picture: &Picture) -> CityView {
        let unix_ms = unix_ms_of(picture);
        let opened = lock(&self.opened).clone();
        let corridors = picture.city.corridors().missions().filter(|mission| {
            let view = mission.view(picture.now, picture.city.corridors());
            let over = picture.now.since(view.state_since).as_ms();
            !view.state.is_over() || over < OVER_SHOWN_MS
        });
        let corridors = corridors.map(|mission| {
            let known = opened.get(&mission.plan().corridor.number());
            let graph = &self.parts.planner.graph;
            corridor_view(picture, graph, mission, known, (unix_ms, self.parts.epoch))
        });
        let sites = (0_u16..).zip(&self.parts.planner.city.sites);
        let accounts = lock(&self.accounts).clone();
        let by = |number: u32| {
            let at = usize::try_from(number).unwrap_or(usize::MAX);
            accounts.get(at).map_or("?", String::as_str)
        };
        CityView {
            at_ms: picture.now.as_ms(),
            unix_ms,
            civil: civil_text(picture),
            status: self.status(picture),
            sites: sites
                .map(|(number, _)| site_view(picture, SiteId::new(number), by))
                .collect(),
            vehicles: self.vehicle_views(picture),
            corridors: corridors.collect(),
        }
    }

    fn vehicle_views(&self, picture: &Picture) -> Vec<VehicleView> {
        let seen = lock(&self.vehicles).clone();
        let fresh = seen
            .into_iter()
            .filter(|(_, seen)| seen.when.elapsed() < POSITION_SHOWN);
        let views = fresh.map(|(id, seen)| {
            let running = picture
                .city
                .corridors()
                .missions()
                .find(|mission| mission.plan().vehicle == id && !mission.state().is_over());
            VehicleView {
                at: statics::on_map(&self.parts.planner.graph, seen.at),
                heading_deg: seen.heading_deg,
                speed_mps: seen.speed_mps,
                age_ms: u32::try_from(seen.when.elapsed().as_millis()).unwrap_or(u32::MAX),
                corridor: running.map(|mission| mission.plan().corridor.number()),
                id,
            }
        });
        views.collect()
    }

    fn status(&self, picture: &Picture) -> StatusView {
        let scheduler = self.parts.grants.load_full();
        let half_tick = Duration::from_millis(50);
        StatusView {
            ticks: picture.city.cycle_number(),
            late_ticks: picture.lateness.above(half_tick),
            missed_ticks: picture.missed,
            mute_ticks: picture.mute,
            lateness: times::lateness(&picture.lateness),
            key_to_accept: times::key_times(&picture.keys),
            scheduler: scheduler
                .map(|grants| format!("{}, memory {}", grants.scheduler, grants.memory))
                .unwrap_or_default(),
            learned: self.learned_view(picture),
            links: self.links(picture),
            alarms: alarms::alarms(
                &self.parts.planner.city,
                self.parts.journal.as_deref(),
                picture,
            )
            .into_iter()
            .chain(alarms::of_lessons(&self.parts.lessons))
            .chain(alarms::of_datum(&lock(&self.doubted)))
            .chain(lock(&self.bus).iter().cloned())
            .collect(),
        }
    }

    fn links(&self, picture: &Picture) -> Vec<LinkView> {
        let city = &self.parts.planner.city;
        let views = city.links.iter().enumerate().map(|(number, link)| {
            let on_link = city
                .cabinets
                .iter()
                .filter(|cabinet| cabinet.link == number);
            let (mut cabinets, mut up, mut trip) = (0, 0, None);
            for cabinet in on_link {
                cabinets += 1;
                let field = picture.fields.get(cabinet.site.index());
                let answers = field.map(|field| field.readback.cabinet);
                up += u16::from(answers.is_some_and(|state| state != CabinetState::Silent));
                let monitor = self.parts.monitors.get(cabinet.site.index());
                let median = monitor.and_then(|monitor| monitor.metrics().round_trip(500));
                trip = trip.max(median);
            }
            let kind = match link.kind {
                LinkKind::ModbusTcp => "TCP",
                LinkKind::ModbusRtu => "RTU",
            };
            LinkView {
                id: format!("{} ({kind})", link.id),
                cabinets,
                up,
                round_trip_ms: trip.and_then(|trip: Duration| u32::try_from(trip.as_millis()).ok()),
            }
        });
        views.collect()
    }

    /// The number that the control thread knows a person by.
    fn account(&self, name: &str) -> u32 {
        let mut accounts = lock(&self.accounts);
        let known = accounts.iter().position(|known| known == name);
        let at = known.unwrap_or_else(|| {
            accounts.push(name.to_owned());
            accounts.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    /// Numbers corridors from here on: answers that callers still hold must not name another one.
    pub fn number_from(&self, next: u32) {
        self.next_corridor.fetch_max(next, Ordering::Relaxed);
    }

    fn new_corridor(&self) -> CorridorId {
        CorridorId::new(self.next_corridor.fetch_add(1, Ordering::Relaxed))
    }
}

/// Unix time of a picture, milliseconds.
fn unix_ms_of(picture: &Picture) -> i64 {
    let ago = i64::try_from(picture.taken.elapsed().as_millis()).unwrap_or(0);
    Timestamp::now().as_millisecond() - ago
}

fn civil_text(picture: &Picture) -> String {
    let (date, second) = (picture.civil.date, picture.civil.second_of_day);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        date.year,
        date.month,
        date.day,
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// A moment of the control thread's clock for a Unix time, milliseconds.
fn mono_of(picture: &Picture, unix_ms: i64) -> Mono {
    let ahead = unix_ms - unix_ms_of(picture);
    let now = i64::try_from(picture.now.as_ms()).unwrap_or(i64::MAX);
    Mono::from_ms(u64::try_from(now.saturating_add(ahead)).unwrap_or(0))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
