//! What does not change while the program runs, as the API shows it.

use crate::ids::{ApproachId, GroupId, SiteId};
use crate::network::{PlaceKind, PlanarPoint, RoadGraph};
use crate::plan::{BaseMap, CheckedCity, CheckedSite, LinkKind, SiteKind, TurnKind, Vehicle};
use crate::shell::dispatch::world::{
    ApproachStatic, BaseMapStatic, CityStatic, ClassStatic, GroupStatic, JunctionStatic, LatLon,
    MissionStatic, Names, PlaceStatic, RoadStatic, SiteStatic, VehicleStatic,
};
use crate::shell::missions::{Mission, class_of};
use crate::units::Length;

/// A city without an agency goes by its own id.
fn agencies(city: &CheckedCity) -> Vec<String> {
    if city.agencies.is_empty() {
        return vec![city.id.clone()];
    }
    city.agencies.iter().map(|one| one.id.clone()).collect()
}

/// The city as drawn on a map.
#[must_use]
pub(super) fn city_static(
    city: &CheckedCity,
    graph: &RoadGraph,
    missions: &[Mission],
) -> CityStatic {
    let vehicles: Vec<VehicleStatic> = city.vehicles.iter().filter_map(vehicle_static).collect();
    let roads = graph.roads().map(|(_, road)| RoadStatic {
        id: road.id.clone(),
        names: Names::new(&road.name_zh, &road.name_en),
        lanes: road.lanes,
        speed_kmh: u16::try_from(road.speed.as_mm_per_s() * 36 / 10_000).unwrap_or(u16::MAX),
        bridge: road.bridge,
        line: road.line.iter().map(|at| on_map(graph, *at)).collect(),
    });
    let water = graph.waters().iter();
    let free = graph.junctions().filter(|(_, node)| node.site.is_none());
    let classes = city.classes.iter().filter_map(|class| {
        Some(ClassStatic {
            class: class_of(&class.id)?,
            rank: class.rank,
            preempts: class.preempts,
        })
    });
    let prepared = missions.iter().filter_map(|mission| {
        let vehicle = vehicles
            .iter()
            .find(|vehicle| vehicle.class == mission.class)?;
        Some(MissionStatic {
            id: mission.id.clone(),
            names: Names::new(&mission.name_zh, &mission.name_en),
            vehicle: vehicle.id.clone(),
            destination: mission.place.clone(),
        })
    });
    CityStatic {
        id: city.id.clone(),
        names: Names::new(&city.name_zh, &city.name_en),
        synthetic: city.synthetic,
        timezone: city.timezone.clone(),
        roads: roads.collect(),
        water: water
            .map(|water| water.ring.iter().map(|at| on_map(graph, *at)).collect())
            .collect(),
        junctions: free
            .map(|(_, node)| JunctionStatic {
                id: node.id.clone(),
                names: Names::new(&node.name_zh, &node.name_en),
                at: on_map(graph, node.at),
            })
            .collect(),
        places: places(graph),
        classes: classes.collect(),
        missions: prepared.collect(),
        agencies: agencies(city),
        vehicles,
        sites: (0_u16..)
            .zip(&city.sites)
            .map(|(number, site)| site_static(city, graph, SiteId::new(number), site))
            .collect(),
        base_map: city.console.base_map.as_ref().map(base_map_static),
        findings: Vec::new(),
    }
}

fn places(graph: &RoadGraph) -> Vec<PlaceStatic> {
    let places = graph.places().map(|(_, place)| PlaceStatic {
        id: place.id.clone(),
        kind: place_word(place.kind).to_owned(),
        names: Names::new(&place.name_zh, &place.name_en),
        at: on_map(graph, place.at),
    });
    places.collect()
}

fn base_map_static(map: &BaseMap) -> BaseMapStatic {
    BaseMapStatic {
        url: map.url.clone(),
        origin: map.origin.clone(),
        attribution: map.attribution.clone(),
    }
}

fn vehicle_static(vehicle: &Vehicle) -> Option<VehicleStatic> {
    let metres = |length: Length| f64::from(length.as_mm()) / 1000.0;
    Some(VehicleStatic {
        id: vehicle.id.clone(),
        call_sign: Names::new(&vehicle.name_zh, &vehicle.name_en),
        plate: vehicle.plate.clone(),
        terminal_id: vehicle.terminal_id.clone(),
        class: class_of(&vehicle.class)?,
        agency: vehicle.agency.clone(),
        height_m: metres(vehicle.height),
        weight_t: f64::from(vehicle.weight_kg) / 1000.0,
        length_m: metres(vehicle.length),
    })
}

/// A point of the local grid in WGS-84.
pub(super) fn on_map(graph: &RoadGraph, at: PlanarPoint) -> LatLon {
    let at = graph.grid().to_lat_lon(at);
    LatLon {
        lat: at.lat_deg,
        lon: at.lon_deg,
    }
}

const fn place_word(kind: PlaceKind) -> &'static str {
    match kind {
        PlaceKind::Hospital => "hospital",
        PlaceKind::FireStation => "fire-station",
        PlaceKind::Other => "other",
    }
}

/// The word of a turn on the wire.
pub(super) const fn turn_word(turn: TurnKind) -> &'static str {
    match turn {
        TurnKind::Left => "left",
        TurnKind::Through => "through",
        TurnKind::Right => "right",
        TurnKind::UTurn => "u-turn",
    }
}

fn site_static(
    city: &CheckedCity,
    graph: &RoadGraph,
    id: SiteId,
    site: &CheckedSite,
) -> SiteStatic {
    let node = graph
        .junctions()
        .find(|(_, node)| node.site.as_deref() == Some(&site.id));
    let middle = node.map(|(_, node)| node.at).unwrap_or_default();
    let groups = site.groups.iter().zip(site.safety.timings());
    let link = city
        .cabinet(id)
        .and_then(|cabinet| city.links.get(cabinet.link));
    let camera = city.console.cameras.iter().find(|(at, _)| *at == id);
    SiteStatic {
        id: site.id.clone(),
        names: Names::new(&site.name_zh, &site.name_en),
        crossing: site.kind == SiteKind::Crossing,
        at: on_map(graph, middle),
        groups: groups
            .map(|(group, timing)| GroupStatic {
                name: group.name.clone(),
                kind: timing.kind,
            })
            .collect(),
        approaches: (0_u8..)
            .zip(&site.approaches)
            .map(|(number, _)| approach_static(graph, site, ApproachId::new(number), middle))
            .collect(),
        stages: site.stages.iter().map(|stage| stage.name.clone()).collect(),
        link: link
            .map(|link| match link.kind {
                LinkKind::ModbusTcp => format!("{} (TCP)", link.id),
                LinkKind::ModbusRtu => format!("{} (RTU)", link.id),
            })
            .unwrap_or_default(),
        camera_url: camera.map(|(_, url)| url.clone()),
    }
}

fn approach_static(
    graph: &RoadGraph,
    site: &CheckedSite,
    id: ApproachId,
    middle: PlanarPoint,
) -> ApproachStatic {
    let Some(approach) = site.approaches.get(id.index()) else {
        return ApproachStatic::default();
    };
    let road = graph
        .road_by_name(&approach.road)
        .and_then(|road| graph.road(road));
    let before = road.and_then(|road| {
        let count = road.line.len();
        road.line.get(count.saturating_sub(2)).copied()
    });
    let bearing_deg = before.map_or(0.0, |from| {
        let (east, north) = (from.x_m - middle.x_m, from.y_m - middle.y_m);
        east.atan2(north).to_degrees().rem_euclid(360.0)
    });
    ApproachStatic {
        name: approach.name.clone(),
        road: approach.road.clone(),
        bearing_deg,
        groups: approach.groups.iter().map(GroupId::number).collect(),
        walks: Vec::new(),
        lanes: approach
            .lanes
            .iter()
            .map(|lane| {
                let turns = lane.turns().map(|turn| turn_word(turn).to_owned());
                (lane.group().number(), turns.collect())
            })
            .collect(),
    }
}
