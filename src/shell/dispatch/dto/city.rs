//! The city as it does not change.

use serde::Serialize;
use utoipa::ToSchema;

use super::corridor::ServiceDto;
use super::{NamesDto, Position, line, many, position, round};
use crate::shell::dispatch::view::{
    ApproachStatic, CityStatic, ClassStatic, FindingStatic, GroupStatic, JunctionStatic,
    MissionStatic, Names, PlaceStatic, RoadStatic, SiteStatic, VehicleStatic,
};
use crate::shell::partners::gazetteer::{Found, plain, rank};
use crate::signal::GroupKind;

/// What does not change while the program runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CityDto {
    id: String,
    names: NamesDto,
    /// True if the city is made up.
    synthetic: bool,
    timezone: String,
    roads: Vec<RoadDto>,
    /// Outlines of rivers and lakes, positions as `[lon, lat]`.
    #[schema(value_type = Vec<Vec<Vec<f64>>>)]
    water: Vec<Vec<Position>>,
    junctions: Vec<JunctionDto>,
    places: Vec<PlaceDto>,
    classes: Vec<ClassDto>,
    vehicles: Vec<VehicleDto>,
    missions: Vec<MissionDto>,
    /// Controlled sites; the live picture has the same order.
    sites: Vec<SiteStaticDto>,
    /// A base map from elsewhere; null if the city file names none.
    base_map: Option<BaseMapDto>,
    /// What the check of the city folder warned of.
    findings: Vec<FindingDto>,
}

/// A base map from elsewhere, drawn below our own network.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BaseMapDto {
    /// Address of a tile: `{z}`, `{x}`, `{y}`, or `{TileMatrix}`, `{TileCol}`, `{TileRow}`.
    url: String,
    attribution: String,
}

/// Something the check of the city folder had to say; it refused nothing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FindingDto {
    /// Site whose file it is, if one.
    site: Option<String>,
    /// The rule, as `S19`.
    code: String,
    /// File and line.
    place: String,
    message: String,
    help: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RoadDto {
    id: String,
    names: NamesDto,
    lanes: u8,
    speed_kmh: u16,
    bridge: bool,
    /// The line in driving direction, positions as `[lon, lat]`.
    #[schema(value_type = Vec<Vec<f64>>)]
    line: Vec<Position>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JunctionDto {
    id: String,
    names: NamesDto,
    #[schema(value_type = Vec<f64>)]
    at: Position,
}

/// A place a vehicle can be sent to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlaceDto {
    /// For `facility_id` of a destination; empty for `gazetteer`, whose destination is its position.
    id: String,
    /// `hospital`, `fire-station` or `other`; `gazetteer` for a place found by name alone.
    kind: String,
    names: NamesDto,
    /// What else it is called.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
    /// `[lon, lat]`, WGS-84.
    #[schema(value_type = Vec<f64>)]
    at: Position,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClassDto {
    class: ServiceDto,
    /// 1 is best.
    rank: u8,
    /// False: priority only.
    preempts: bool,
}

/// A vehicle of the allow-list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VehicleDto {
    id: String,
    call_sign: NamesDto,
    plate: String,
    terminal_id: String,
    class: ServiceDto,
    length_m: f64,
    agency: String,
}

/// A mission somebody prepared.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MissionDto {
    id: String,
    names: NamesDto,
    /// Vehicle id.
    vehicle: String,
    /// Place id.
    destination: String,
}

/// A controlled site.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SiteStaticDto {
    id: String,
    names: NamesDto,
    /// True for a pedestrian-request crossing.
    crossing: bool,
    #[schema(value_type = Vec<f64>)]
    at: Position,
    groups: Vec<GroupDto>,
    approaches: Vec<ApproachDto>,
    /// Stages that can be held by hand.
    stages: Vec<String>,
    link: String,
    /// Where its camera can be seen, if the city file says so.
    camera_url: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupDto {
    name: String,
    kind: GroupKindDto,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum GroupKindDto {
    Vehicle,
    Arrow,
    NonMotor,
    Pedestrian,
    WaitingArea,
}

/// A road coming into a site.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApproachDto {
    name: String,
    road: String,
    /// Where the approach comes from, degrees clockwise from north.
    bearing_deg: f64,
    /// Indices into `groups`.
    groups: Vec<u8>,
    /// Walkers' groups over this arm, indices into `groups`.
    walks: Vec<u8>,
    /// From the kerb to the middle.
    lanes: Vec<LaneDto>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LaneDto {
    /// Index into `groups`.
    group: u8,
    turns: Vec<String>,
}

impl From<&CityStatic> for CityDto {
    fn from(city: &CityStatic) -> Self {
        Self {
            id: city.id.clone(),
            names: (&city.names).into(),
            synthetic: city.synthetic,
            timezone: city.timezone.clone(),
            roads: many(&city.roads),
            water: city.water.iter().map(|outline| line(outline)).collect(),
            junctions: many(&city.junctions),
            places: many(&city.places),
            classes: many(&city.classes),
            vehicles: many(&city.vehicles),
            missions: many(&city.missions),
            sites: many(&city.sites),
            base_map: city.base_map.as_ref().map(|map| BaseMapDto {
                url: map.url.clone(),
                attribution: map.attribution.clone(),
            }),
            findings: many(&city.findings),
        }
    }
}

impl From<&RoadStatic> for RoadDto {
    fn from(road: &RoadStatic) -> Self {
        Self {
            id: road.id.clone(),
            names: (&road.names).into(),
            lanes: road.lanes,
            speed_kmh: road.speed_kmh,
            bridge: road.bridge,
            line: line(&road.line),
        }
    }
}

impl From<&JunctionStatic> for JunctionDto {
    fn from(junction: &JunctionStatic) -> Self {
        Self {
            id: junction.id.clone(),
            names: (&junction.names).into(),
            at: position(junction.at),
        }
    }
}

impl From<&PlaceStatic> for PlaceDto {
    fn from(place: &PlaceStatic) -> Self {
        Self {
            id: place.id.clone(),
            kind: place.kind.clone(),
            names: (&place.names).into(),
            aliases: Vec::new(),
            at: position(place.at),
        }
    }
}

impl From<&Found> for PlaceDto {
    fn from(found: &Found) -> Self {
        Self {
            id: String::new(),
            kind: "gazetteer".to_owned(),
            names: (&Names::new(&found.name, &found.name)).into(),
            aliases: found.aliases.clone(),
            at: position(found.at),
        }
    }
}

/// The places whose id or name holds `text`, the best first.
pub(in crate::shell::dispatch) fn places_named(
    places: &[PlaceStatic],
    text: &str,
) -> Vec<PlaceDto> {
    let wanted = plain(text);
    if wanted.is_empty() {
        return Vec::new();
    }
    let ranked = places.iter().filter_map(|place| {
        let names = [&place.id, &place.names.zh, &place.names.en].map(|name| plain(name));
        Some((rank(names.iter().map(String::as_str), &wanted)?, place))
    });
    let mut ranked: Vec<_> = ranked.collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, place)| place.into()).collect()
}

impl From<&ClassStatic> for ClassDto {
    fn from(class: &ClassStatic) -> Self {
        Self {
            class: class.class.into(),
            rank: class.rank,
            preempts: class.preempts,
        }
    }
}

impl From<&VehicleStatic> for VehicleDto {
    fn from(vehicle: &VehicleStatic) -> Self {
        Self {
            id: vehicle.id.clone(),
            call_sign: (&vehicle.call_sign).into(),
            plate: vehicle.plate.clone(),
            terminal_id: vehicle.terminal_id.clone(),
            class: vehicle.class.into(),
            length_m: vehicle.length_m,
            agency: vehicle.agency.clone(),
        }
    }
}

impl From<&MissionStatic> for MissionDto {
    fn from(mission: &MissionStatic) -> Self {
        Self {
            id: mission.id.clone(),
            names: (&mission.names).into(),
            vehicle: mission.vehicle.clone(),
            destination: mission.destination.clone(),
        }
    }
}

impl From<&SiteStatic> for SiteStaticDto {
    fn from(site: &SiteStatic) -> Self {
        Self {
            id: site.id.clone(),
            names: (&site.names).into(),
            crossing: site.crossing,
            at: position(site.at),
            groups: many(&site.groups),
            approaches: many(&site.approaches),
            stages: site.stages.clone(),
            link: site.link.clone(),
            camera_url: site.camera_url.clone(),
        }
    }
}

impl From<&FindingStatic> for FindingDto {
    fn from(finding: &FindingStatic) -> Self {
        Self {
            site: finding.site.clone(),
            code: finding.code.clone(),
            place: finding.place.clone(),
            message: finding.message.clone(),
            help: finding.help.clone(),
        }
    }
}

impl From<&GroupStatic> for GroupDto {
    fn from(group: &GroupStatic) -> Self {
        let kind = match group.kind {
            GroupKind::Vehicle => GroupKindDto::Vehicle,
            GroupKind::Arrow => GroupKindDto::Arrow,
            GroupKind::NonMotor => GroupKindDto::NonMotor,
            GroupKind::Pedestrian => GroupKindDto::Pedestrian,
            GroupKind::WaitingArea => GroupKindDto::WaitingArea,
        };
        Self {
            name: group.name.clone(),
            kind,
        }
    }
}

impl From<&ApproachStatic> for ApproachDto {
    fn from(approach: &ApproachStatic) -> Self {
        let lane = |(group, turns): &(u8, Vec<String>)| LaneDto {
            group: *group,
            turns: turns.clone(),
        };
        Self {
            name: approach.name.clone(),
            road: approach.road.clone(),
            bearing_deg: round(approach.bearing_deg, 10.0),
            groups: approach.groups.clone(),
            walks: approach.walks.clone(),
            lanes: approach.lanes.iter().map(lane).collect(),
        }
    }
}
