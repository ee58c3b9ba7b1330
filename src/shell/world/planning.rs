//! From what a caller asks to a corridor plan, or to a refusal that names the field to blame.

use std::collections::BTreeSet;

use super::{LiveWorld, mono_of};
use crate::corridor::{AskedBy, CorridorPlan, PlanRequest, ServiceClass};
use crate::ids::{CorridorId, RoadId};
use crate::network::{
    LatLon as GridLatLon, NoRoute, PlanarPoint, Position, Route, VehicleSize, gcj02,
};
use crate::shell::dispatch::request::{Datum, Destination, GeoPoint, Stretch};
use crate::shell::dispatch::world::{
    CorridorRequest, Names, Origin, PreviewRequest, Refusal, RefusalClass, VehicleStatic,
};
use crate::shell::missions::{Mission, kilograms, metres};
use crate::shell::planner::PlanError;
use crate::shell::runtime::Picture;
use crate::units::{Length, Mono};

/// Emergency vehicles drive this much faster than others where they can, percent.
const PACE_PERCENT: u32 = 120;
/// Other ways that a preview shows beside the best one.
const ALTERNATIVES: usize = 3;
/// From one vehicle of a convoy to the next.
const CONVOY_GAP: Length = Length::from_mm(20_000);

/// A corridor planned for a caller, before it is opened.
pub(super) struct Planned {
    pub(super) route: Route,
    pub(super) plan: CorridorPlan,
    pub(super) destination: Names,
}

/// What both a preview and the key ask for.
pub(super) struct Ask<'a> {
    pub(super) vehicle: &'a str,
    /// The field that names the vehicle.
    pub(super) field: &'static str,
    pub(super) asked_by: AskedBy,
    pub(super) class: ServiceClass,
    pub(super) preempts: bool,
    pub(super) priority: u8,
    pub(super) origin: &'a Origin,
    pub(super) destination: &'a Destination,
    pub(super) via: &'a [Stretch],
    pub(super) size: VehicleSize,
    pub(super) convoy: Length,
    pub(super) expires: Mono,
    /// When the vehicle is said to set off.
    pub(super) departs: Option<Mono>,
}

impl LiveWorld {
    /// What a preview asks for.
    pub(super) fn ask_of_preview<'a>(
        &self,
        request: &'a PreviewRequest,
    ) -> Result<Ask<'a>, Refusal> {
        let field = "vehicle_id";
        let listed = self.listed(&request.vehicle, field)?;
        let size = size_of(listed);
        Ok(Ask {
            vehicle: &request.vehicle,
            field,
            asked_by: AskedBy::default(),
            class: class_for(listed.class, request.lights_siren),
            preempts: self.preempts(listed.class, request.lights_siren),
            priority: 1,
            origin: &request.origin,
            destination: &request.destination,
            via: &[],
            size,
            convoy: size.length,
            expires: Mono::from_ms(u64::MAX / 2),
            departs: None,
        })
    }

    /// What the key asks for.
    pub(super) fn ask_of_request<'a>(
        &self,
        request: &'a CorridorRequest,
        picture: &Picture,
    ) -> Result<Ask<'a>, Refusal> {
        let field = "vehicle.id";
        let listed = self.listed(&request.vehicle.id, field)?;
        // A vehicle that calls itself shorter than it is would lose its signal too early.
        let size = VehicleSize {
            length: metres(request.vehicle.length_m.max(listed.length_m)),
            ..size_of(listed)
        };
        let gaps = u32::from(request.vehicle.convoy_n.saturating_sub(1));
        Ok(Ask {
            vehicle: &request.vehicle.id,
            field,
            asked_by: AskedBy {
                agency: request.agency.clone(),
                operator: request.operator_id.clone(),
                incident: request.incident_id.clone(),
            },
            class: class_for(request.service, request.lights_siren),
            preempts: self.preempts(request.service, request.lights_siren),
            priority: request.priority,
            origin: &request.origin,
            destination: &request.destination,
            via: &request.route,
            size,
            convoy: size.length + Length::from_mm(gaps.saturating_mul(CONVOY_GAP.as_mm())),
            expires: mono_of(picture, request.expires_at_ms),
            departs: request.depart_after_ms.map(|at| mono_of(picture, at)),
        })
    }

    pub(super) fn plan(&self, ask: &Ask<'_>, corridor: CorridorId) -> Result<Planned, Refusal> {
        let from = self.from(ask.origin, ask.vehicle)?;
        let (to, destination) = self.to(ask.destination)?;
        let turns = self.turns(ask.via)?;
        let route = (self.parts.planner)
            .route_via((from, to), ask.size, &turns)
            .map_err(|why| no_route(&why, ask))?;
        self.goes_on(&route)?;
        self.planned(route, &destination, ask, corridor)
    }

    /// The best way and, after it, the others that are worth a look; those that make no corridor
    /// are left out.
    pub(super) fn plan_all(
        &self,
        ask: &Ask<'_>,
        corridor: CorridorId,
    ) -> Result<Vec<Planned>, Refusal> {
        let from = self.from(ask.origin, ask.vehicle)?;
        let (to, destination) = self.to(ask.destination)?;
        let routes = (self.parts.planner)
            .routes((from, to), ask.size, ALTERNATIVES)
            .map_err(|why| no_route(&why, ask))?;
        let mut planned = Vec::new();
        for route in routes {
            match self.planned(route, &destination, ask, corridor) {
                Ok(one) => planned.push(one),
                Err(refusal) if planned.is_empty() => return Err(refusal),
                Err(_) => {}
            }
        }
        Ok(planned)
    }

    fn planned(
        &self,
        route: Route,
        destination: &Names,
        ask: &Ask<'_>,
        corridor: CorridorId,
    ) -> Result<Planned, Refusal> {
        let request = PlanRequest {
            corridor,
            revision: 1,
            vehicle: ask.vehicle.to_owned(),
            asked_by: ask.asked_by.clone(),
            class: ask.class,
            preempts: ask.preempts,
            priority: ask.priority,
            convoy: ask.convoy,
            pace_percent: PACE_PERCENT,
            expires: ask.expires,
            departs: ask.departs,
        };
        let plan = (self.parts.planner)
            .corridor(&route, request)
            .map_err(|why| unprocessable("no-corridor", &PlanError::from(why).to_string()))?;
        Ok(Planned {
            route,
            plan,
            destination: destination.clone(),
        })
    }

    /// Only a class that may, and only with light and siren.
    fn preempts(&self, class: ServiceClass, lights_siren: bool) -> bool {
        lights_siren && self.parts.planner.preempts(class)
    }

    fn from(&self, origin: &Origin, vehicle: &str) -> Result<Position, Refusal> {
        match origin {
            Origin::Prepared(id) => self.prepared(id, "origin").map(|mission| mission.from),
            Origin::At(point) => Ok(Position::Point(self.on_grid(point), None)),
            Origin::Live => self
                .live_position(vehicle)
                .or_else(|| self.stand_of(vehicle))
                .ok_or_else(|| {
                    unprocessable(
                        "no-position",
                        &format!(
                            "nobody knows where {vehicle} is: no position of it in the last 30 s"
                        ),
                    )
                    .blaming(
                        "origin",
                        "a position, or \"live\" for a vehicle that reports one",
                    )
                }),
        }
    }

    /// A prepared route of the city folder, or a refusal that names those there are.
    fn prepared(&self, id: &str, field: &'static str) -> Result<&Mission, Refusal> {
        let known = &self.parts.missions;
        known.iter().find(|one| one.id == id).ok_or_else(|| {
            let ids: Vec<&str> = known.iter().map(|one| one.id.as_str()).collect();
            let what = format!("the city has no prepared route {id}");
            unprocessable("no-such-route", &what).blaming(field, ids.join(", "))
        })
    }

    /// Where a vehicle of a virtual street stands until it has moved: the start of its prepared
    /// mission.
    fn stand_of(&self, vehicle: &str) -> Option<Position> {
        if !self.parts.virtual_street {
            return None;
        }
        let listed = &self.city.vehicles;
        let known = listed.iter().find(|known| known.id == vehicle)?;
        let missions = &self.parts.missions;
        let mission = missions.iter().find(|one| one.class == known.class)?;
        Some(mission.from)
    }

    fn to(&self, destination: &Destination) -> Result<(Position, Names), Refusal> {
        let graph = &self.parts.planner.graph;
        match destination {
            Destination::Place(id) => {
                let place = graph
                    .place_by_name(id)
                    .and_then(|at| Some((at, graph.place(at)?)));
                let known: Vec<&str> = graph.places().map(|(_, place)| place.id.as_str()).collect();
                let (at, place) = place.ok_or_else(|| {
                    unprocessable("unknown-place", &format!("no place {id}"))
                        .blaming("destination", known.join(", "))
                })?;
                Ok((
                    Position::Place(at),
                    Names::new(&place.name_zh, &place.name_en),
                ))
            }
            Destination::Prepared(id) => {
                let place = &self.prepared(id, "destination")?.place;
                self.to(&Destination::Place(place.clone()))
            }
            Destination::At(point, name) => Ok((
                Position::Point(self.on_grid(point), None),
                Names::new(name, name),
            )),
        }
    }

    /// The turns that a prescribed route takes, as roads of the network.
    fn turns(&self, via: &[Stretch]) -> Result<Vec<(RoadId, RoadId)>, Refusal> {
        let turns = via.iter().enumerate().map(|(at, step)| self.turn(at, step));
        turns.collect()
    }

    fn turn(&self, at: usize, step: &Stretch) -> Result<(RoadId, RoadId), Refusal> {
        let refused = |what: &str, why: String, allowed: Vec<&str>| {
            unprocessable("no-such-turn", &why)
                .blaming(format!("route[{at}].{what}"), allowed.join(", "))
        };
        let sites = &self.city.sites;
        let site = sites.iter().find(|site| site.id == step.site);
        let site = site.ok_or_else(|| {
            let ids = sites.iter().map(|site| site.id.as_str()).collect();
            refused("intersection", format!("no signal {}", step.site), ids)
        })?;
        let graph = &self.parts.planner.graph;
        let mut approaches = site.approaches.iter();
        let entering = approaches
            .find(|approach| approach.name == step.approach)
            .and_then(|approach| graph.road_by_name(&approach.road));
        let entering = entering.ok_or_else(|| {
            let names = site
                .approaches
                .iter()
                .map(|one| one.name.as_str())
                .collect();
            let why = format!("{} has no approach {}", step.site, step.approach);
            refused("approach", why, names)
        })?;
        let word = |turn: &crate::network::Turn| super::statics::turn_word(turn.kind);
        let open = || graph.turns(entering).iter().filter(|turn| !turn.banned);
        let leaving = open().find(|turn| word(turn) == step.movement);
        let leaving = leaving.ok_or_else(|| {
            let (site, from) = (&step.site, &step.approach);
            let why = format!("nobody may turn {} at {site} from {from}", step.movement);
            refused("movement", why, open().map(word).collect())
        })?;
        Ok((entering, leaving.to))
    }

    /// A corridor holds a signal once; a prescribed route that comes back to a road is a mistake.
    fn goes_on(&self, route: &Route) -> Result<(), Refusal> {
        let mut seen = BTreeSet::new();
        let twice = route.roads.iter().find(|road| !seen.insert(**road));
        let road = twice.and_then(|road| self.parts.planner.graph.road(*road));
        road.map_or(Ok(()), |road| {
            let why = format!("the route comes over {} twice", road.id);
            let allowed = "signals in the order of a way one may drive";
            Err(unprocessable("route-goes-round", &why).blaming("route", allowed))
        })
    }

    pub(super) fn on_grid(&self, point: &GeoPoint) -> PlanarPoint {
        let at = GridLatLon {
            lat_deg: point.at.lat,
            lon_deg: point.at.lon,
        };
        let at = match point.datum {
            Datum::Wgs84 | Datum::Cgcs2000 => at,
            Datum::Gcj02 => gcj02::to_wgs84(at),
        };
        self.parts.planner.graph.grid().to_planar(at)
    }

    /// The vehicle on the allow-list, or a refusal that blames `field`.
    pub(super) fn listed(
        &self,
        vehicle: &str,
        field: &'static str,
    ) -> Result<&VehicleStatic, Refusal> {
        let known = self.city.vehicles.iter().find(|known| known.id == vehicle);
        known.ok_or_else(|| {
            let ids: Vec<&str> = self.city.vehicles.iter().map(|v| v.id.as_str()).collect();
            let what = format!("{vehicle} is not on the allow-list");
            unprocessable("no-such-vehicle", &what).blaming(field, ids.join(", "))
        })
    }
}

/// Without light and siren a vehicle ranks with escorts, whatever it is.
const fn class_for(class: ServiceClass, lights_siren: bool) -> ServiceClass {
    if lights_siren {
        class
    } else {
        ServiceClass::Escort
    }
}

fn size_of(listed: &VehicleStatic) -> VehicleSize {
    VehicleSize {
        height: metres(listed.height_m),
        weight_kg: kilograms(listed.weight_t),
        length: metres(listed.length_m),
    }
}

pub(super) fn unprocessable(code: &'static str, detail: &str) -> Refusal {
    Refusal::new(RefusalClass::Unprocessable, code, detail)
}

fn no_route(why: &NoRoute, ask: &Ask<'_>) -> Refusal {
    let on_road = "a point on a road of the city";
    let (code, field, allowed) = match why {
        NoRoute::OffRoad { .. } => ("off-road", "origin", on_road),
        NoRoute::InWater { .. } => ("in-water", "destination", on_road),
        NoRoute::NoRoadThere { .. } => ("no-road-there", "destination", on_road),
        NoRoute::Unknown => ("unknown-road", "destination", on_road),
        NoRoute::Unreachable if !ask.via.is_empty() => (
            "route-unreachable",
            "route",
            "signals in the order of a way one may drive",
        ),
        NoRoute::Unreachable => ("destination-unreachable", "destination", on_road),
        NoRoute::LimitsExceeded { .. } => (
            "limits-exceeded",
            ask.field,
            "a vehicle that every road of some way there carries",
        ),
    };
    unprocessable(code, &why.to_string()).blaming(field, allowed)
}
