//! What the API may ask: previews and acts.

use std::sync::Arc;
use std::time::Instant;

use super::snapshot::{Opened, manual_view, seconds};
use super::{LiveWorld, account, lock, mono_of, statics, words};
use crate::controller::Command;
use crate::corridor::{CancelReason, CorridorPlan, Fix, PlanRequest, ServiceClass, preview};
use crate::ids::{CorridorId, StageId};
use crate::network::{LatLon as GridLatLon, NoRoute, Position, Route, gcj02};
use crate::policy::{Manual, ManualAct as PolicyAct};
use crate::shell::dispatch::auth::Principal;
use crate::shell::dispatch::request::{Datum, Destination, GeoPoint};
use crate::shell::dispatch::world::{
    Advice, CityStatic, CityView, CorridorRequest, CorridorView, Decision, DecisionView, ManualAct,
    ManualView, Names, OpenAnswer, Origin, PositionFix, PreviewCrossing, PreviewRequest,
    PreviewView, PriceView, Refusal, RefusalClass, VehicleStatic, World,
};
use crate::shell::missions::metres;
use crate::shell::planner::PlanError;
use crate::shell::runtime::PostError;
use crate::units::{Length, Millis, Mono, Speed};

/// An operator's act lasts at most this long before it must be renewed.
const MANUAL_LEASE_MAX: Millis = Millis::from_secs(900);
/// Emergency vehicles drive this much faster than others where they can, percent.
const PACE_PERCENT: u32 = 120;

/// A corridor planned for a caller, before it is opened.
struct Planned {
    route: Route,
    plan: CorridorPlan,
    destination: Names,
}

struct Ask<'a> {
    vehicle: &'a str,
    class: ServiceClass,
    priority: u8,
    origin: &'a Origin,
    destination: &'a Destination,
    convoy: Length,
    expires: Mono,
}

impl LiveWorld {
    fn plan(&self, ask: &Ask<'_>, corridor: CorridorId) -> Result<Planned, Refusal> {
        let from = self.from(ask.origin, ask.vehicle)?;
        let (to, destination) = self.to(ask.destination)?;
        let planner = &self.parts.planner;
        let route = planner.route(from, to).map_err(|why| no_route(&why))?;
        let request = PlanRequest {
            corridor,
            revision: 1,
            vehicle: ask.vehicle.to_owned(),
            class: ask.class,
            priority: ask.priority,
            convoy: ask.convoy,
            pace_percent: PACE_PERCENT,
            expires: ask.expires,
            depart: false,
        };
        let plan = planner
            .corridor(&route, request)
            .map_err(|why| unprocessable("no-corridor", &PlanError::from(why).to_string()))?;
        Ok(Planned {
            route,
            plan,
            destination,
        })
    }

    fn from(&self, origin: &Origin, vehicle: &str) -> Result<Position, Refusal> {
        match origin {
            Origin::At(point) => Ok(Position::Point(self.on_grid(point), None)),
            Origin::Live => self
                .live_position(vehicle)
                .or_else(|| self.stand_of(vehicle))
                .ok_or_else(|| {
                    unprocessable(
                        "no-position",
                        &format!("{vehicle} has sent no position yet"),
                    )
                    .blaming("origin", "a position, or a vehicle that reports one")
                }),
        }
    }

    /// Where a vehicle of the demo stands until it has moved: the start of its prepared mission.
    fn stand_of(&self, vehicle: &str) -> Option<Position> {
        let known = self
            .city
            .vehicles
            .iter()
            .find(|known| known.id == vehicle)?;
        let mission = self
            .parts
            .missions
            .iter()
            .find(|mission| mission.class == known.class)?;
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
            Destination::At(point, name) => Ok((
                Position::Point(self.on_grid(point), None),
                Names::new(name, name),
            )),
        }
    }

    fn on_grid(&self, point: &GeoPoint) -> crate::network::PlanarPoint {
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

    fn listed(&self, vehicle: &str) -> Result<&VehicleStatic, Refusal> {
        let known = self.city.vehicles.iter().find(|known| known.id == vehicle);
        known.ok_or_else(|| {
            let ids: Vec<&str> = self.city.vehicles.iter().map(|v| v.id.as_str()).collect();
            unprocessable(
                "no-such-vehicle",
                &format!("{vehicle} is not on the allow-list"),
            )
            .blaming("vehicle.id", ids.join(", "))
        })
    }

    pub(super) fn post(&self, command: Command, arrived: Instant) -> Result<(), Refusal> {
        self.parts
            .mailbox
            .ask(command, arrived)
            .map_err(|why| match why {
                PostError::Full => {
                    Refusal::new(RefusalClass::TooMany, "mailbox-full", why.to_string())
                }
                PostError::Gone => {
                    Refusal::new(RefusalClass::Unavailable, "no-answer", why.to_string())
                }
                PostError::Refused(why) => Refusal::new(RefusalClass::Conflict, "refused", why),
            })
    }

    fn price(&self, planned: &Planned) -> Result<PreviewView, Refusal> {
        let picture = self.picture()?;
        let board = picture.city.board(picture.now, &picture.fields);
        let settings = picture.city.corridors().settings();
        let priced = preview(&planned.plan, settings, &board, picture.now);
        let city = &self.parts.planner.city;
        let crossings =
            planned
                .plan
                .crossings
                .iter()
                .zip(&priced.crossings)
                .map(|(plan, price)| {
                    let site = city.site(plan.site);
                    let approach = site.and_then(|site| site.approaches.get(plan.approach.index()));
                    let seen = crate::corridor::SiteBoard::queue(&board, plan.site, plan.approach);
                    let unavailable = !price.available;
                    PreviewCrossing {
                        site: site.map(|site| site.id.clone()).unwrap_or_default(),
                        approach: approach.map(|a| a.name.clone()).unwrap_or_default(),
                        movement: self.movement(&planned.route, &plan.entry_road),
                        eta_s: seconds(picture.now.until(price.eta)),
                        latest_start_s: seconds(picture.now.until(price.start)),
                        flush_s: seconds(price.flush),
                        queue: seen.vehicles_worst_lane,
                        hold_s: seconds(price.hold),
                        unavailable: unavailable
                            .then(|| Names::new("不可控", "cannot be commanded now")),
                    }
                });
        let longest = priced.longest_wait;
        let (code, text) = words::advice(priced.advice, priced.saved, priced.price_vehicle_s);
        let line = planned.route.line.iter();
        Ok(PreviewView {
            line: line
                .map(|point| statics::on_map(&self.parts.planner.graph, point.at))
                .collect(),
            destination: planned.destination.clone(),
            length_m: f64::from(planned.plan.length.as_mm()) / 1000.0,
            free_flow_s: seconds(planned.plan.free_flow),
            with_key_s: seconds(priced.with_key),
            without_key_s: seconds(priced.without_key),
            crossings: crossings.collect(),
            price: PriceView {
                delay_veh_s: price_f64(priced.price_vehicle_s),
                vehicles: priced.crossings.iter().map(|one| one.vehicles).sum(),
                walkers: priced.crossings.iter().map(|one| one.walkers).sum(),
                wait_max_s: longest.map_or(0.0, |wait| seconds(wait.wait)),
                wait_max_site: longest
                    .and_then(|wait| city.site(wait.site))
                    .map(|site| site.id.clone())
                    .unwrap_or_default(),
                bound_s: longest.map_or(0, |wait| wait.bound.as_ms() / 1000),
            },
            advice: vec![Advice {
                code,
                text,
                site: None,
            }],
        })
    }

    fn movement(&self, route: &Route, entry: &str) -> String {
        let graph = &self.parts.planner.graph;
        let at = route
            .roads
            .iter()
            .position(|road| graph.road(*road).is_some_and(|road| road.id == entry));
        let turn = at.and_then(|at| route.turns.get(at));
        turn.map(|turn| statics::turn_word(*turn).to_owned())
            .unwrap_or_default()
    }
}

impl World for LiveWorld {
    fn city(&self) -> Arc<CityStatic> {
        Arc::clone(&self.city)
    }

    fn snapshot(&self) -> Arc<CityView> {
        match self.parts.pictures.load_full() {
            Some(picture) => Arc::new(self.view(&picture)),
            None => Arc::new(CityView::default()),
        }
    }

    fn decision(&self, site: &str) -> Option<DecisionView> {
        let picture = self.parts.pictures.load_full()?;
        let id = self.parts.planner.city.site_by_id(site)?;
        let site = picture.city.plans().get(id.index())?;
        account(site, picture.city.sites().get(id.index())?, picture.now)
    }

    fn preview(&self, request: &PreviewRequest) -> Result<PreviewView, Refusal> {
        let ask = Ask {
            vehicle: &request.vehicle,
            class: self.listed(&request.vehicle)?.class,
            priority: 1,
            origin: &request.origin,
            destination: &request.destination,
            convoy: Length::from_metres(6),
            expires: Mono::from_ms(u64::MAX / 2),
        };
        let planned = self.plan(&ask, CorridorId::default())?;
        self.price(&planned)
    }

    fn open(&self, request: &CorridorRequest, _by: &Principal) -> Result<OpenAnswer, Refusal> {
        let arrived = Instant::now();
        let picture = self.picture()?;
        let listed = self.listed(&request.vehicle.id)?;
        let corridor = self.new_corridor();
        // A vehicle that calls itself shorter than it is would lose its signal too early.
        let length = metres(request.vehicle.length_m.max(listed.length_m));
        let gaps = u32::from(request.vehicle.convoy_n.saturating_sub(1));
        let ask = Ask {
            vehicle: &request.vehicle.id,
            class: if request.lights_siren {
                request.service
            } else {
                ServiceClass::Escort
            },
            priority: request.priority,
            origin: &request.origin,
            destination: &request.destination,
            convoy: length + Length::from_mm(gaps.saturating_mul(20_000)),
            expires: mono_of(&picture, request.expires_at_ms),
        };
        let planned = self.plan(&ask, corridor)?;
        let board = picture.city.board(picture.now, &picture.fields);
        let settings = picture.city.corridors().settings();
        let priced = preview(&planned.plan, settings, &board, picture.now);
        let revision = planned.plan.revision;
        self.post(Command::OpenCorridor(Arc::new(planned.plan)), arrived)?;
        lock(&self.opened).insert(
            corridor.number(),
            Opened {
                request_id: request.request_id.clone(),
                destination: planned.destination,
                saved: priced.saved,
                route: planned.route,
                class: ask.class,
                when: Instant::now(),
            },
        );
        Ok(OpenAnswer {
            corridor: corridor.number(),
            decision: Decision::Accepted,
            reason: "ok".to_owned(),
            effective_priority: request.priority,
            valid_until_ms: request.expires_at_ms,
            revision,
        })
    }

    fn corridor(&self, corridor: u32) -> Result<CorridorView, Refusal> {
        self.seen(corridor)
    }

    fn confirm(&self, corridor: u32, _by: &Principal) -> Result<CorridorView, Refusal> {
        self.seen(corridor)?;
        let why = "this corridor waits for nobody's confirmation";
        Err(Refusal::new(
            RefusalClass::Conflict,
            "nothing-to-confirm",
            why,
        ))
    }

    fn cancel(&self, corridor: u32, _by: &Principal) -> Result<CorridorView, Refusal> {
        let id = CorridorId::new(corridor);
        self.act_on(
            corridor,
            Command::CancelCorridor(id, CancelReason::Operator),
        )
    }

    fn extend(
        &self,
        corridor: u32,
        until_ms: i64,
        _by: &Principal,
    ) -> Result<CorridorView, Refusal> {
        let picture = self.picture_with(corridor)?;
        let mission = picture.city.corridors().mission(CorridorId::new(corridor));
        let Some(mission) = mission else {
            return self.seen(corridor);
        };
        let mut plan = CorridorPlan::clone(mission.plan());
        plan.revision += 1;
        plan.expires = mono_of(&picture, until_ms);
        self.act_on(corridor, Command::ReplaceCorridor(Arc::new(plan)))
    }

    fn take_out(&self, corridor: u32, site: &str, _: &Principal) -> Result<CorridorView, Refusal> {
        let command = Command::TakeOut(CorridorId::new(corridor), self.site_id(site)?);
        self.act_on(corridor, command)
    }

    fn passed(&self, corridor: u32, site: &str, _: &Principal) -> Result<CorridorView, Refusal> {
        let command = Command::Passed(CorridorId::new(corridor), self.site_id(site)?);
        self.act_on(corridor, command)
    }

    fn manual(
        &self,
        site: &str,
        act: &ManualAct,
        lease_ms: u32,
        by: &Principal,
    ) -> Result<ManualView, Refusal> {
        let id = self.site_id(site)?;
        let picture = self.picture()?;
        let lease = Millis::new(lease_ms);
        if lease > MANUAL_LEASE_MAX || lease == Millis::ZERO {
            let allowed = format!("1-{} s", MANUAL_LEASE_MAX.as_ms() / 1000);
            return Err(
                unprocessable("lease", "the act must end by itself, and soon enough")
                    .blaming("lease_s", allowed),
            );
        }
        let plan = self.parts.planner.city.site(id);
        let plan = plan.ok_or_else(|| unprocessable("no-such-site", site))?;
        let act = match act {
            ManualAct::AllRed => PolicyAct::AllRed,
            ManualAct::Flash => PolicyAct::Flash,
            ManualAct::Stage(name) => {
                let mut stages = (0_u8..).zip(&plan.stages);
                let found = stages.find(|(_, stage)| stage.name == *name);
                let (number, _) = found.ok_or_else(|| {
                    let names: Vec<&str> = plan
                        .stages
                        .iter()
                        .map(|stage| stage.name.as_str())
                        .collect();
                    unprocessable("no-such-stage", &format!("{site} has no stage {name}"))
                        .blaming("stage", names.join(", "))
                })?;
                PolicyAct::Stage(StageId::new(number))
            }
        };
        let number = self.account(&by.name);
        let manual = Manual {
            act,
            until: picture.now + lease,
            by: number,
        };
        let view = manual_view(plan, &manual, (picture.now, &by.name));
        self.post(Command::Manual(id, manual), Instant::now())?;
        Ok(view)
    }

    fn release_manual(&self, site: &str, _by: &Principal) -> Result<(), Refusal> {
        let id = self.site_id(site)?;
        self.post(Command::ReleaseManual(id), Instant::now())
    }

    fn fix(&self, fix: &PositionFix, _by: &Principal) -> Result<(), Refusal> {
        let _known = self.listed(&fix.vehicle)?;
        let picture = self.picture()?;
        let at = self.on_grid(&fix.at);
        let speed = metres(fix.speed_mps).as_mm();
        let taken = Fix {
            at: mono_of(&picture, fix.t_fix_ms),
            x_m: at.x_m,
            y_m: at.y_m,
            speed: Speed::from_mm_per_s(speed),
        };
        self.saw(&fix.vehicle, taken, fix.heading_deg);
        Ok(())
    }
}

fn unprocessable(code: &'static str, detail: &str) -> Refusal {
    Refusal::new(RefusalClass::Unprocessable, code, detail)
}

fn no_route(why: &NoRoute) -> Refusal {
    let (code, field) = match why {
        NoRoute::OffRoad { .. } => ("off-road", "origin"),
        NoRoute::InWater { .. } => ("in-water", "destination"),
        NoRoute::NoRoadThere { .. } => ("no-road-there", "destination"),
        NoRoute::Unknown => ("unknown-road", "destination"),
        NoRoute::Unreachable => ("destination-unreachable", "destination"),
        NoRoute::LimitsExceeded { .. } => ("limits-exceeded", "vehicle"),
    };
    unprocessable(code, &why.to_string()).blaming(field, "a point on a road of the city")
}

/// Vehicle-seconds are far below what a float holds exactly.
fn price_f64(vehicle_s: u64) -> f64 {
    u32::try_from(vehicle_s).map_or(f64::from(u32::MAX), f64::from)
}
