//! The picture of the city that the API shows: static things once, moving things at every read.

pub use super::view_desk::{
    AlarmDesk, BaseMapStatic, FindingStatic, LongestWaits, OwnerView, SeenBy,
};
pub use super::view_preview::{ArrivalView, ClashView, PreviewCrossing, PreviewView, PriceView};
use crate::corridor::ServiceClass;
pub use crate::corridor::{CrossingState, MissionState as CorridorState};
use crate::kernel::CabinetState;
use crate::signal::{GroupKind, Observed};

/// A position in WGS-84.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LatLon {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
}

/// One name or sentence in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Names {
    /// Both languages.
    #[must_use]
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            zh: zh.into(),
            en: en.into(),
        }
    }
}

/// What does not change while the program runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CityStatic {
    /// Id of the city folder.
    pub id: String,
    /// The city's name.
    pub names: Names,
    /// True if the city is made up.
    pub synthetic: bool,
    /// IANA time zone.
    pub timezone: String,
    /// Roads in driving direction.
    pub roads: Vec<RoadStatic>,
    /// Outlines of rivers and lakes.
    pub water: Vec<Vec<LatLon>>,
    /// Nodes of the road graph that no site controls.
    pub junctions: Vec<JunctionStatic>,
    /// Hospitals, fire stations, other places.
    pub places: Vec<PlaceStatic>,
    /// Emergency classes, best rank first.
    pub classes: Vec<ClassStatic>,
    /// The allow-list.
    pub vehicles: Vec<VehicleStatic>,
    /// Ids of the agencies; the city's own id where it has none. Empty: any.
    pub agencies: Vec<String>,
    /// Prepared missions.
    pub missions: Vec<MissionStatic>,
    /// Controlled sites; [`CityView::sites`] has the same order.
    pub sites: Vec<SiteStatic>,
    /// A base map from elsewhere, if the city file names one.
    pub base_map: Option<BaseMapStatic>,
    /// What the check of the folder warned of.
    pub findings: Vec<FindingStatic>,
}

/// A directed road.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoadStatic {
    /// Id in `network.geojson`.
    pub id: String,
    /// Street name.
    pub names: Names,
    /// Lanes in this direction.
    pub lanes: u8,
    /// Speed limit, km/h.
    pub speed_kmh: u16,
    /// True on a bridge.
    pub bridge: bool,
    /// The line in driving direction.
    pub line: Vec<LatLon>,
}

/// A node of the road graph.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JunctionStatic {
    /// Id in `network.geojson`.
    pub id: String,
    /// Its name.
    pub names: Names,
    /// Where it is.
    pub at: LatLon,
}

/// A place a vehicle can be sent to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlaceStatic {
    /// Id in `network.geojson`.
    pub id: String,
    /// `hospital`, `fire-station` or `other`.
    pub kind: String,
    /// Its name.
    pub names: Names,
    /// Where it is.
    pub at: LatLon,
}

/// An emergency class of the city's policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassStatic {
    /// Which class.
    pub class: ServiceClass,
    /// 1 is best.
    pub rank: u8,
    /// False: priority only.
    pub preempts: bool,
}

/// A vehicle of the allow-list.
#[derive(Clone, Debug, PartialEq)]
pub struct VehicleStatic {
    /// Its id.
    pub id: String,
    /// Radio name.
    pub call_sign: Names,
    /// Number plate.
    pub plate: String,
    /// JT/T 808 phone number of the terminal.
    pub terminal_id: String,
    /// What it is.
    pub class: ServiceClass,
    /// The agency that may ask for it.
    pub agency: String,
    /// Height, metres.
    pub height_m: f64,
    /// Weight, tonnes.
    pub weight_t: f64,
    /// Length over all, metres.
    pub length_m: f64,
}

/// A mission somebody prepared: a vehicle and a destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissionStatic {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub names: Names,
    /// Vehicle id.
    pub vehicle: String,
    /// Place id.
    pub destination: String,
}

/// A controlled site.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SiteStatic {
    /// Stable id, as `J07`.
    pub id: String,
    /// Its name.
    pub names: Names,
    /// True for a pedestrian-request crossing.
    pub crossing: bool,
    /// Where it is.
    pub at: LatLon,
    /// In the order of [`SiteView::lamps`].
    pub groups: Vec<GroupStatic>,
    /// Roads coming in.
    pub approaches: Vec<ApproachStatic>,
    /// Names of the stages that can be held by hand.
    pub stages: Vec<String>,
    /// Physical link that its cabinet hangs on.
    pub link: String,
    /// Where its camera can be seen, if the city file says so.
    pub camera_url: Option<String>,
}

/// A signal group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupStatic {
    /// Name on the drawing.
    pub name: String,
    /// Whom it speaks to.
    pub kind: GroupKind,
}

/// A road coming into a site.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApproachStatic {
    /// Name on the drawing.
    pub name: String,
    /// Road id.
    pub road: String,
    /// Direction from the middle of the site to where the approach comes from, degrees clockwise
    /// from north.
    pub bearing_deg: f64,
    /// Vehicle groups of the approach, as indices into [`SiteStatic::groups`].
    pub groups: Vec<u8>,
    /// Walkers' groups over this arm, as indices into [`SiteStatic::groups`].
    pub walks: Vec<u8>,
    /// Lanes from the kerb to the middle: index of the group and the turns.
    pub lanes: Vec<(u8, Vec<String>)>,
}

/// How a site is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Start-up sequence.
    #[default]
    Starting,
    /// Serving groups.
    Normal,
    /// Everything red.
    AllRed,
    /// Flashing amber.
    Flashing,
    /// No lamps.
    Dark,
}

/// Everything that moves, as of one control cycle.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CityView {
    /// Monotonic time of the cycle, milliseconds since start.
    pub at_ms: u64,
    /// Unix time of the cycle, milliseconds.
    pub unix_ms: i64,
    /// Local civil time as text, `2026-05-04 08:15:30`.
    pub civil: String,
    /// Health of the program.
    pub status: StatusView,
    /// One per site, in the order of [`CityStatic::sites`].
    pub sites: Vec<SiteView>,
    /// Emergency vehicles whose position is known.
    pub vehicles: Vec<VehicleView>,
    /// Corridors that are not over, and those that ended in the last minute.
    pub corridors: Vec<CorridorView>,
}

/// Times from the arrival of a key press to the first cabinet's acceptance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyTimesView {
    /// Presses timed.
    pub count: u64,
    /// Half of them took at most this, milliseconds.
    pub p50_ms: u32,
    /// 99 of 100 took at most this, milliseconds.
    pub p99_ms: u32,
    /// The longest, milliseconds.
    pub max_ms: u32,
}

/// How late cycles began, since the program started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LatenessView {
    /// Cycles counted.
    pub count: u64,
    /// Half of them began no later, microseconds.
    pub p50_us: u32,
    /// Ninety-nine in a hundred began no later, microseconds.
    pub p99_us: u32,
    /// The latest, microseconds.
    pub max_us: u32,
    /// The counts behind: upper edge in microseconds and how many.
    pub spread: Vec<(u32, u64)>,
}

/// Health of the program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusView {
    /// Cycles so far.
    pub ticks: u64,
    /// Cycles that began more than half a cycle late.
    pub late_ticks: u64,
    /// Cycles that were slept through.
    pub missed_ticks: u64,
    /// Cycles that commanded nothing because they began too late.
    pub mute_ticks: u64,
    /// How late cycles began, so far.
    pub lateness: LatenessView,
    /// From a key press to a cabinet's acceptance, so far.
    pub key_to_accept: KeyTimesView,
    /// Scheduling class of the control thread in words, as `SCHED_FIFO 50` or `ordinary`.
    pub scheduler: String,
    /// What runs have taught of previews.
    pub learned: LearnedView,
    /// Physical links.
    pub links: Vec<LinkView>,
    /// What needs a person.
    pub alarms: Vec<Alarm>,
}

/// What runs have taught of previews: they are corrected by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LearnedView {
    /// Emergency drives for which signals were locked.
    pub emergency: LateView,
    /// Escorts, and drives that had priority only.
    pub other: LateView,
    /// Roads of which the speed has been learned.
    pub roads: u32,
}

/// How late runs came after what the model said of them by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LateView {
    /// Runs that taught something; none yet if nobody has driven here.
    pub runs: u32,
    /// One in two came no later, per mille of the stated travel time.
    pub p50_per_mille: i32,
    /// Nine in ten came no later.
    pub p90_per_mille: i32,
}

/// One physical link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkView {
    /// Its id.
    pub id: String,
    /// Cabinets on it.
    pub cabinets: u16,
    /// Cabinets that answer.
    pub up: u16,
    /// Newest round trip, milliseconds.
    pub round_trip_ms: Option<u32>,
}

/// Something that needs a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alarm {
    /// Stable code, as `store-unwritable`.
    pub code: String,
    /// True if the street is affected.
    pub serious: bool,
    /// One sentence.
    pub text: Names,
    /// Site it concerns, if one.
    pub site: Option<String>,
    /// What the desk knows of it: since when, and who has seen it.
    pub desk: AlarmDesk,
}

/// One site in motion.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SiteView {
    /// What its cabinet says.
    pub cabinet: CabinetState,
    /// How we run it.
    pub mode: Mode,
    /// Lamps as read back, one per group.
    pub lamps: Vec<Observed>,
    /// Age of the reading, milliseconds; `None` if there never was one.
    pub age_ms: Option<u32>,
    /// Name of the stage that runs, if one does.
    pub stage: Option<String>,
    /// Name of the plan that is due.
    pub plan: String,
    /// Since when it is, as far as the desk has seen, Unix milliseconds.
    pub plan_since_ms: Option<i64>,
    /// Policy whose wish won.
    pub winner: String,
    /// Why, in one sentence.
    pub reason: Names,
    /// Walkers who wait.
    pub waits: Vec<WaitView>,
    /// Longest wait of anyone at this site, seconds.
    pub wait_max_s: u32,
    /// Queues, one per approach that has a measurement.
    pub queues: Vec<QueueView>,
    /// Corridor that holds or prepares the site.
    pub corridor: Option<u32>,
    /// The operator's act, if one is in force.
    pub manual: Option<ManualView>,
    /// Active faults in words.
    pub faults: Vec<Names>,
}

/// Walkers at one group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitView {
    /// Index of the group.
    pub group: u8,
    /// Time since the first press, seconds.
    pub waited_s: u32,
    /// Bound on that time, seconds.
    pub bound_s: u32,
}

/// The queue of one approach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueView {
    /// Index of the approach.
    pub approach: u8,
    /// Vehicles standing.
    pub vehicles: u16,
    /// Length of the longest lane's queue, metres.
    pub length_m: u16,
}

/// An operator's act in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManualView {
    /// `stage`, `all-red` or `flash`.
    pub act: String,
    /// Stage held, for `stage`.
    pub stage: Option<String>,
    /// Who.
    pub by: String,
    /// Time until it ends by itself, seconds.
    pub left_s: u32,
}

/// A vehicle in motion.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VehicleView {
    /// Vehicle id.
    pub id: String,
    /// Where it was.
    pub at: LatLon,
    /// Clockwise from north, degrees.
    pub heading_deg: f64,
    /// Speed over ground, metres per second.
    pub speed_mps: f64,
    /// Age of the position, milliseconds.
    pub age_ms: u32,
    /// Corridor it drives in.
    pub corridor: Option<u32>,
}

/// How green at a signal is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// The cabinet accepted the command.
    CommandAck,
    /// The lamps were seen.
    LampReadback,
}

/// A corridor as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct CorridorView {
    /// Its number.
    pub id: u32,
    /// Request that opened it.
    pub request_id: String,
    /// Revision of its plan.
    pub revision: u32,
    /// Where in its life it is.
    pub state: CorridorState,
    /// Epoch of the controller that holds it.
    pub control_authority: u32,
    /// What the vehicle is.
    pub class: ServiceClass,
    /// 1 (highest) to 5.
    pub priority: u8,
    /// Vehicle id.
    pub vehicle_id: String,
    /// The vehicle on the route, once a position is known.
    pub vehicle: Option<CorridorVehicle>,
    /// Where it goes.
    pub destination: Names,
    /// The route on the ground.
    pub line: Vec<LatLon>,
    /// Its signals in order.
    pub crossings: Vec<CrossingView>,
    /// Seconds expected to be saved.
    pub est_saved_s: f64,
    /// Longest wait of anyone else along the way at present, seconds.
    pub others_wait_s: u32,
    /// Bound on that wait, seconds.
    pub others_bound_s: u32,
    /// The longest waits of the others, walkers and vehicles apart.
    pub waits: LongestWaits,
    /// Whose it is.
    pub owner: OwnerView,
    /// Ends here at the latest, Unix milliseconds.
    pub expires_ms: i64,
    /// What a person should know.
    pub warnings: Vec<Advice>,
}

/// A vehicle on its route.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CorridorVehicle {
    /// Where it was.
    pub at: LatLon,
    /// Speed over ground, metres per second.
    pub speed_mps: f64,
    /// Age of the position, milliseconds.
    pub age_ms: u32,
    /// Next signal, by site id.
    pub next: Option<String>,
    /// Time to the destination, seconds.
    pub eta_s: Option<f64>,
    /// One drive in ten is there before the first, one after the second, seconds.
    pub arrival_s: Option<(f64, f64)>,
    /// False if it left the route.
    pub on_route: bool,
}

/// One signal of a corridor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CrossingView {
    /// Site id.
    pub site: String,
    /// Name of the approach.
    pub approach: String,
    /// `left`, `through`, `right` or `u-turn`; empty if unknown.
    pub movement: String,
    /// Where in its life it is.
    pub state: CrossingState,
    /// Time until the vehicle is at the stop line, seconds.
    pub eta_s: Option<f64>,
    /// Half-width of the uncertainty of that, seconds.
    pub eta_err_s: f64,
    /// When green is expected or was read back, Unix milliseconds.
    pub green_at_ms: Option<i64>,
    /// The hold ends by itself, Unix milliseconds.
    pub hold_until_ms: Option<i64>,
    /// How green is known.
    pub confirmed_by: Option<Confirmed>,
    /// True if green comes later than the vehicle's braking point.
    pub late: bool,
    /// By how much, seconds.
    pub late_by_s: u32,
    /// One drive in ten is there before, seconds from now.
    pub eta_early_s: Option<f64>,
    /// The corridor that goes first here: expect red.
    pub refused_by: Option<u32>,
    /// What the vehicle waits for it, seconds.
    pub wait_s: u32,
    /// What is wrong, if anything.
    pub fault: Option<Names>,
}

/// A sentence for the operator with a stable code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advice {
    /// Stable code, as `queue-too-long`.
    pub code: String,
    /// The sentence.
    pub text: Names,
    /// Site it concerns, if one.
    pub site: Option<String>,
}
