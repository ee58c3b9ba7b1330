//! A whole city, checked.

use alloc::sync::Arc;
use core::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::checked::CheckedSite;
use super::console_build::ConsoleLinks;
use super::partners::{NamedPlace, Partners};
use crate::ids::{PlanId, SiteId};
use crate::units::{Date, Length, Millis};

/// What positions in `network.geojson` refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Datum {
    /// The datum of satellite navigation.
    Wgs84,
    /// The national datum of China; within a metre of WGS 84.
    Cgcs2000,
    /// The shifted datum of public Chinese maps; has to be converted.
    Gcj02,
}

/// Where the local metre grid begins.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// Degrees north.
    pub lat_deg: f64,
    /// Degrees east.
    pub lon_deg: f64,
}

/// A class of emergency vehicles and how the city ranks it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmergencyClass {
    /// `ambulance`, `fire`, `rescue`, `police` or `escort`.
    pub id: String,
    /// 1 is served first.
    pub rank: u8,
    /// True if it may preempt; otherwise it only gets priority.
    pub preempts: bool,
}

/// Who may ask for corridors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agency {
    /// Name in the file; requests and principals carry it.
    pub id: String,
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    pub name_en: String,
}

/// A vehicle that a corridor may be opened for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vehicle {
    /// Name in the file; requests and positions carry it.
    pub id: String,
    /// Id of the emergency class.
    pub class: String,
    /// Id of the agency that may ask for it.
    pub agency: String,
    /// Call sign in Chinese.
    pub name_zh: String,
    /// Call sign in English.
    pub name_en: String,
    /// Number plate; empty if none is given.
    pub plate: String,
    /// JT/T 808 phone number of the terminal; empty if none is given.
    pub terminal_id: String,
    /// The number under which the vehicle is registered as an emergency vehicle; empty if none is
    /// given.
    pub registration: String,
    /// Height, the load included.
    pub height: Length,
    /// Weight as it drives out, kilograms.
    pub weight_kg: u32,
    /// Length over all.
    pub length: Length,
}

/// Where positions of vehicles come from: `[[feed]]` of `feeds.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feed {
    /// Name in the file.
    pub id: String,
    /// How it speaks, and where.
    pub kind: FeedKind,
    /// What its positions refer to.
    pub datum: Datum,
    /// True: positions are judged, counted and kept, and move nothing.
    pub test: bool,
    /// A connection that is silent for longer is closed.
    pub idle: Millis,
    /// Connections at once at most.
    pub connections_max: u16,
}

/// How a feed speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FeedKind {
    /// JT/T 808 over TCP: terminals call here and say their number.
    Jt808 {
        /// Where to listen.
        listen: SocketAddr,
    },
    /// NMEA 0183 over TCP: receivers call here and are known by where they call from.
    NmeaTcp {
        /// Where to listen.
        listen: SocketAddr,
        /// Who calls from where.
        sources: Vec<FeedSource>,
    },
    /// NMEA 0183 over UDP, known by where it comes from.
    NmeaUdp {
        /// Where to listen.
        listen: SocketAddr,
        /// Who sends from where.
        sources: Vec<FeedSource>,
    },
    /// NMEA 0183 on a serial device: one vehicle's receiver or radio modem.
    NmeaSerial {
        /// The device, as `/dev/ttyUSB0`.
        device: String,
        /// Bits a second.
        baud: u32,
        /// Id of the vehicle.
        vehicle: String,
    },
}

/// Which vehicle speaks from an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedSource {
    /// The address, without a port: modems choose theirs.
    pub from: IpAddr,
    /// Id of the vehicle.
    pub vehicle: String,
}

/// A prepared route, as from a station to a hospital, that one key starts; the demonstration presses
/// it for `demo`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mission {
    /// Name in the file.
    pub id: String,
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    pub name_en: String,
    /// Id of the emergency class.
    pub class: String,
    /// Road the vehicle starts on.
    pub from_road: String,
    /// How far along that road it starts.
    pub from_at: Length,
    /// Id of the place it goes to.
    pub to: String,
}

/// A peak-hour wave of an arterial: its sites run a plan made for each other, for a bounded time.
/// Plain coordination, nobody is preempted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedWave {
    /// Name in the file.
    pub id: String,
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    pub name_en: String,
    /// The sites along the arterial, and the plan each of them runs.
    pub sites: Vec<(SiteId, PlanId)>,
    /// How long it lasts unless it is ended before.
    pub lasts: Millis,
}

/// What no corridor of the city may exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Longest single hold at one signal.
    pub corridor_hold_max: Millis,
    /// Longest wait of walkers and riders while a corridor is held.
    pub corridor_wait_max: Millis,
    /// Longest wait of motor vehicles while a corridor is held.
    pub corridor_red_max: Millis,
    /// Longest life of a corridor.
    pub corridor_length_max: Millis,
}

/// The physical kind of a field link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkKind {
    /// Modbus TCP; one port per unit.
    ModbusTcp,
    /// Modbus RTU; all units on one bus.
    ModbusRtu,
}

/// A physical link and its bus settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Name in the files.
    pub id: String,
    /// What it is.
    pub kind: LinkKind,
    /// Host name or address, for TCP.
    pub host: String,
    /// Port of unit 1, for TCP; 0 means any free port.
    pub first_port: u16,
    /// Serial device, for RTU.
    pub device: String,
    /// Bits per second, for RTU.
    pub baud: u32,
    /// Round trips per second: 1, 2, 5 or 10.
    pub tick_hz: u8,
    /// True if the link leaves the site's own network.
    pub wide_area: bool,
}

/// What we command a cabinet with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ControlKind {
    /// Every lamp, every tick.
    Lamps,
    /// Stages; the cabinet owns its lamps and interlock.
    Stages,
}

/// Which cabinet drives a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cabinet {
    /// The site it drives.
    pub site: SiteId,
    /// Index into [`CheckedCity::links`].
    pub link: usize,
    /// Unit number on the link, 1-247.
    pub unit: u8,
    /// Register map; `canonical` is the only one.
    pub profile: String,
    /// What we command it with.
    pub control: ControlKind,
}

/// Which day plan runs when; plans by name, because every site has its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// Day plans.
    pub days: Vec<Day>,
    /// Index into `days` for Monday to Sunday.
    pub weekdays: [u8; 7],
    /// From, to (inclusive), index into `days`; they do not overlap.
    pub exceptions: Vec<(Date, Date, u8)>,
}

/// A day plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// Name in the file.
    pub id: String,
    /// Second of the day and name of the plan, first at 0, rising.
    pub entries: Vec<(u32, String)>,
}

/// A city whose files hold no error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckedCity {
    /// Stable id in files.
    pub id: String,
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    pub name_en: String,
    /// Name of the time zone, as `Asia/Shanghai`.
    pub timezone: String,
    /// What positions in `network.geojson` refer to.
    pub datum: Datum,
    /// True if the city is made up; screens say so.
    pub synthetic: bool,
    /// Where the local metre grid begins.
    pub origin: Origin,
    /// Emergency classes, best rank first.
    pub classes: Vec<EmergencyClass>,
    /// Who may ask for corridors.
    pub agencies: Vec<Agency>,
    /// The allow-list.
    pub vehicles: Vec<Vehicle>,
    /// What no corridor may exceed.
    pub bounds: Bounds,
    /// Prepared routes.
    pub missions: Vec<Mission>,
    /// Prepared waves of arterials.
    pub waves: Vec<PreparedWave>,
    /// What the console shows beside the street.
    pub console: ConsoleLinks,
    /// The sites, sorted by id; a [`SiteId`] is an index into them.
    pub sites: Vec<Arc<CheckedSite>>,
    /// Which day plan runs when; already part of each site's schedule.
    pub calendar: Calendar,
    /// Field links, in the order of the file.
    pub links: Vec<Link>,
    /// One per site, indexed by [`SiteId`].
    pub cabinets: Vec<Cabinet>,
    /// Where positions of vehicles come from.
    pub feeds: Vec<Feed>,
    /// Who is told of corridors.
    pub partners: Partners,
    /// Places by name, beside those of the network.
    pub gazetteer: Vec<NamedPlace>,
}

impl CheckedCity {
    /// The site with this id in the files.
    #[must_use]
    pub fn site_by_id(&self, id: &str) -> Option<SiteId> {
        let at = self
            .sites
            .binary_search_by(|site| site.id.as_str().cmp(id))
            .ok()?;
        u16::try_from(at).ok().map(SiteId::new)
    }

    /// The site with this number.
    #[must_use]
    pub fn site(&self, site: SiteId) -> Option<&Arc<CheckedSite>> {
        self.sites.get(site.index())
    }

    /// The cabinet of a site.
    #[must_use]
    pub fn cabinet(&self, site: SiteId) -> Option<&Cabinet> {
        self.cabinets.get(site.index())
    }

    /// The class with this id.
    #[must_use]
    pub fn class(&self, id: &str) -> Option<&EmergencyClass> {
        self.classes.iter().find(|class| class.id == id)
    }
}
