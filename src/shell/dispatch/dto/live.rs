//! The city in motion.

use serde::Serialize;
use utoipa::ToSchema;

use super::city::SiteStaticDto;
use super::corridor::CorridorDto;
use super::decision::DecisionDto;
use super::{NamesDto, Position, many, position, round, utc};
use crate::kernel::CabinetState;
use crate::shell::dispatch::view::{
    Alarm, CityView, LateView, LearnedView, LinkView, ManualView, Mode, QueueView, SiteView,
    StatusView, VehicleView, WaitView,
};
use crate::signal::{Indication, Observed};

/// The whole picture of one moment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SnapshotDto {
    /// Number of the frame this picture belongs to.
    pub(crate) seq: u64,
    /// Unix time of the control cycle, milliseconds.
    at_unix_ms: i64,
    /// Local civil time.
    civil: String,
    status: StatusDto,
    /// In the order of the city's sites.
    sites: Vec<SiteDto>,
    /// Age of each site's reading, milliseconds; null if there never was one.
    ages_ms: Vec<Option<u32>>,
    vehicles: Vec<VehicleLiveDto>,
    corridors: Vec<CorridorDto>,
}

/// A frame of the live stream.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(crate) enum FrameDto {
    /// Everything; the first frame of a connection.
    Snapshot(SnapshotDto),
    /// What changed since frame `base`.
    Delta(DeltaDto),
}

/// What changed since an earlier frame of the same connection.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeltaDto {
    seq: u64,
    /// Frame this delta applies to: always the frame sent before it on this connection.
    base: u64,
    at_unix_ms: i64,
    civil: String,
    /// Present if it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<StatusDto>,
    /// Sites that changed, each with its place in the order of the city's sites.
    sites: Vec<SiteChangeDto>,
    ages_ms: Vec<Option<u32>>,
    vehicles: Vec<VehicleLiveDto>,
    /// Present if any of them changed; then all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    corridors: Option<Vec<CorridorDto>>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SiteChangeDto {
    at: usize,
    site: SiteDto,
}

/// Milliseconds from the arrival of a key press to the first cabinet's acceptance.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct KeyTimesDto {
    count: u64,
    p50: u32,
    p99: u32,
    max: u32,
}

/// Health of the program.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct StatusDto {
    /// Control cycles so far.
    ticks: u64,
    /// Cycles that began more than half a cycle late.
    late_ticks: u64,
    /// Cycles that were slept through.
    missed_ticks: u64,
    /// Cycles that commanded nothing because they began too late.
    mute_ticks: u64,
    /// How late cycles began, so far, microseconds.
    tick_lateness_us: LatenessDto,
    /// From a key press to a cabinet's acceptance, so far.
    key_to_accept_ms: KeyTimesDto,
    scheduler: String,
    /// What runs have taught of previews, which are corrected by it.
    learned: LearnedDto,
    links: Vec<LinkDto>,
    alarms: Vec<AlarmDto>,
}

/// What runs have taught of previews.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct LearnedDto {
    /// Emergency drives for which signals were locked.
    emergency: LateDto,
    /// Escorts, and drives that had priority only.
    other: LateDto,
    /// Roads of which the speed has been learned.
    roads: u32,
}

/// How late runs came after what the model said of them by itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct LateDto {
    /// Runs that taught something. Without any, the other two are of other cities, or of the city's
    /// `calibration.json`.
    runs: u32,
    /// One run in two came no later than this, per cent of the stated travel time.
    p50_percent: f64,
    /// Nine runs in ten came no later than this, per cent of the stated travel time.
    p90_percent: f64,
}

/// How late cycles began, since the program started.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct LatenessDto {
    /// Cycles counted.
    count: u64,
    /// Half of them began no later than this, microseconds.
    p50: u32,
    /// 99 in a hundred began no later than this, microseconds.
    p99: u32,
    /// The latest, microseconds.
    max: u32,
    /// The counts behind it; the difference of two answers is the time between them. Not in the
    /// live stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    spread: Option<Vec<LatenessCountDto>>,
}

/// Cycles that began so late.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct LatenessCountDto {
    /// No later than this, and later than the entry before it, microseconds.
    at_most: u32,
    /// Cycles.
    count: u64,
}

impl StatusDto {
    /// With the counts behind the lateness.
    pub(crate) fn with_spread(status: &StatusView) -> Self {
        let counts = status.lateness.spread.iter();
        let counts = counts.map(|(at_most, count)| LatenessCountDto {
            at_most: *at_most,
            count: *count,
        });
        let mut whole = Self::from(status);
        whole.tick_lateness_us.spread = Some(counts.collect());
        whole
    }
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct LinkDto {
    id: String,
    cabinets: u16,
    /// Cabinets that answer.
    up: u16,
    round_trip_ms: Option<u32>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AlarmDto {
    code: String,
    /// True if the street is affected.
    serious: bool,
    text: NamesDto,
    site: Option<String>,
    /// First seen, RFC 3339.
    since: String,
    /// Who has said that they have seen it; null while nobody has.
    acknowledged: Option<SeenByDto>,
}

/// Somebody has seen an alarm.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SeenByDto {
    by: String,
    /// RFC 3339.
    at: String,
}

/// What the lamps of one group were seen to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LampDto {
    Dark,
    Red,
    Amber,
    Green,
    RedAmber,
    FlashingAmber,
    FlashingGreen,
    FlashingRed,
    /// Not read.
    Unknown,
    /// A pattern that is no legal indication.
    Nonsense,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CabinetDto {
    Silent,
    Following,
    StartUp,
    Fallback,
    LocalManual,
    MonitorFault,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ModeDto {
    Starting,
    Normal,
    AllRed,
    Flashing,
    Dark,
}

/// One site in motion.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SiteDto {
    cabinet: CabinetDto,
    mode: ModeDto,
    /// As read back, one per group.
    lamps: Vec<LampDto>,
    stage: Option<String>,
    plan: String,
    /// Since when that plan is due, RFC 3339, as far as this program has seen.
    plan_since: Option<String>,
    /// Policy whose wish won.
    winner: String,
    reason: NamesDto,
    waits: Vec<WaitDto>,
    /// Longest wait of anyone at this site, seconds.
    wait_max_s: u32,
    queues: Vec<QueueDto>,
    corridor: Option<u32>,
    manual: Option<ManualDto>,
    faults: Vec<NamesDto>,
}

/// Walkers at one group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WaitDto {
    /// Index of the group.
    group: u8,
    waited_s: u32,
    bound_s: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueueDto {
    /// Index of the approach.
    approach: u8,
    vehicles: u16,
    length_m: u16,
}

/// An operator's act in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManualDto {
    /// `stage`, `all-red` or `flash`.
    act: String,
    stage: Option<String>,
    by: String,
    left_s: u32,
}

/// An emergency vehicle in motion.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VehicleLiveDto {
    id: String,
    #[schema(value_type = Vec<f64>)]
    at: Position,
    heading_deg: f64,
    speed_mps: f64,
    age_ms: u32,
    corridor: Option<u32>,
}

/// One site, both as built and in motion.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SiteDetailDto {
    pub(crate) built: SiteStaticDto,
    pub(crate) now: SiteDto,
    /// Age of the reading, milliseconds.
    pub(crate) age_ms: Option<u32>,
    /// Why it does what it does; null before its first cycle.
    pub(crate) decision: Option<DecisionDto>,
}

impl SnapshotDto {
    pub(crate) fn new(seq: u64, view: &CityView) -> Self {
        Self {
            seq,
            at_unix_ms: view.unix_ms,
            civil: view.civil.clone(),
            status: (&view.status).into(),
            sites: many(&view.sites),
            ages_ms: ages(view),
            vehicles: many(&view.vehicles),
            corridors: many(&view.corridors),
        }
    }
}

impl DeltaDto {
    /// What `view` (frame `seq`) has that `before` (frame `base`) had not.
    pub(crate) fn new(base: u64, before: &CityView, seq: u64, view: &CityView) -> Self {
        let changed = |(at, site): (usize, &SiteView)| {
            let same = before.sites.get(at).is_some_and(|old| same_site(old, site));
            (!same).then(|| SiteChangeDto {
                at,
                site: site.into(),
            })
        };
        Self {
            seq,
            base,
            at_unix_ms: view.unix_ms,
            civil: view.civil.clone(),
            status: (before.status != view.status).then(|| (&view.status).into()),
            sites: view.sites.iter().enumerate().filter_map(changed).collect(),
            ages_ms: ages(view),
            vehicles: many(&view.vehicles),
            corridors: (before.corridors != view.corridors).then(|| many(&view.corridors)),
        }
    }
}

/// Equal but for the age of the reading, which travels on its own.
fn same_site(old: &SiteView, new: &SiteView) -> bool {
    let mut old = old.clone();
    old.age_ms = new.age_ms;
    old == *new
}

fn ages(view: &CityView) -> Vec<Option<u32>> {
    view.sites.iter().map(|site| site.age_ms).collect()
}

impl From<&StatusView> for StatusDto {
    fn from(status: &StatusView) -> Self {
        Self {
            ticks: status.ticks,
            late_ticks: status.late_ticks,
            missed_ticks: status.missed_ticks,
            mute_ticks: status.mute_ticks,
            tick_lateness_us: LatenessDto {
                count: status.lateness.count,
                p50: status.lateness.p50_us,
                p99: status.lateness.p99_us,
                max: status.lateness.max_us,
                spread: None,
            },
            key_to_accept_ms: KeyTimesDto {
                count: status.key_to_accept.count,
                p50: status.key_to_accept.p50_ms,
                p99: status.key_to_accept.p99_ms,
                max: status.key_to_accept.max_ms,
            },
            scheduler: status.scheduler.clone(),
            learned: (&status.learned).into(),
            links: many(&status.links),
            alarms: many(&status.alarms),
        }
    }
}

impl From<&LearnedView> for LearnedDto {
    fn from(learned: &LearnedView) -> Self {
        Self {
            emergency: (&learned.emergency).into(),
            other: (&learned.other).into(),
            roads: learned.roads,
        }
    }
}

impl From<&LateView> for LateDto {
    fn from(late: &LateView) -> Self {
        Self {
            runs: late.runs,
            p50_percent: f64::from(late.p50_per_mille) / 10.0,
            p90_percent: f64::from(late.p90_per_mille) / 10.0,
        }
    }
}

impl From<&LinkView> for LinkDto {
    fn from(link: &LinkView) -> Self {
        Self {
            id: link.id.clone(),
            cabinets: link.cabinets,
            up: link.up,
            round_trip_ms: link.round_trip_ms,
        }
    }
}

impl From<&Alarm> for AlarmDto {
    fn from(alarm: &Alarm) -> Self {
        Self {
            code: alarm.code.clone(),
            serious: alarm.serious,
            text: (&alarm.text).into(),
            site: alarm.site.clone(),
            since: utc(alarm.desk.since_ms),
            acknowledged: alarm.desk.seen.as_ref().map(|seen| SeenByDto {
                by: seen.by.clone(),
                at: utc(seen.at_ms),
            }),
        }
    }
}

impl From<&SiteView> for SiteDto {
    fn from(site: &SiteView) -> Self {
        Self {
            cabinet: cabinet(site.cabinet),
            mode: mode(site.mode),
            lamps: site.lamps.iter().map(|lamp| LampDto::from(*lamp)).collect(),
            stage: site.stage.clone(),
            plan: site.plan.clone(),
            plan_since: site.plan_since_ms.map(utc),
            winner: site.winner.clone(),
            reason: (&site.reason).into(),
            waits: many(&site.waits),
            wait_max_s: site.wait_max_s,
            queues: many(&site.queues),
            corridor: site.corridor,
            manual: site.manual.as_ref().map(ManualDto::from),
            faults: many(&site.faults),
        }
    }
}

impl From<Observed> for LampDto {
    fn from(observed: Observed) -> Self {
        match observed {
            Observed::NoSensor => Self::Unknown,
            Observed::Nonsense => Self::Nonsense,
            Observed::Lamps(shown) => match shown {
                Indication::Dark => Self::Dark,
                Indication::Red => Self::Red,
                Indication::Amber => Self::Amber,
                Indication::Green => Self::Green,
                Indication::RedAmber => Self::RedAmber,
                Indication::FlashingAmber => Self::FlashingAmber,
                Indication::FlashingGreen => Self::FlashingGreen,
                Indication::FlashingRed => Self::FlashingRed,
            },
        }
    }
}

fn cabinet(state: CabinetState) -> CabinetDto {
    match state {
        CabinetState::Silent => CabinetDto::Silent,
        CabinetState::Following => CabinetDto::Following,
        CabinetState::StartUp => CabinetDto::StartUp,
        CabinetState::Fallback => CabinetDto::Fallback,
        CabinetState::LocalManual => CabinetDto::LocalManual,
        CabinetState::MonitorFault => CabinetDto::MonitorFault,
    }
}

fn mode(mode: Mode) -> ModeDto {
    match mode {
        Mode::Starting => ModeDto::Starting,
        Mode::Normal => ModeDto::Normal,
        Mode::AllRed => ModeDto::AllRed,
        Mode::Flashing => ModeDto::Flashing,
        Mode::Dark => ModeDto::Dark,
    }
}

impl From<&WaitView> for WaitDto {
    fn from(wait: &WaitView) -> Self {
        Self {
            group: wait.group,
            waited_s: wait.waited_s,
            bound_s: wait.bound_s,
        }
    }
}

impl From<&QueueView> for QueueDto {
    fn from(queue: &QueueView) -> Self {
        Self {
            approach: queue.approach,
            vehicles: queue.vehicles,
            length_m: queue.length_m,
        }
    }
}

impl From<&ManualView> for ManualDto {
    fn from(manual: &ManualView) -> Self {
        Self {
            act: manual.act.clone(),
            stage: manual.stage.clone(),
            by: manual.by.clone(),
            left_s: manual.left_s,
        }
    }
}

impl From<&VehicleView> for VehicleLiveDto {
    fn from(vehicle: &VehicleView) -> Self {
        Self {
            id: vehicle.id.clone(),
            at: position(vehicle.at),
            heading_deg: round(vehicle.heading_deg, 10.0),
            speed_mps: round(vehicle.speed_mps, 10.0),
            age_ms: vehicle.age_ms,
            corridor: vehicle.corridor,
        }
    }
}
