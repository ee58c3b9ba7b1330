//! From a route and the checked sites to a corridor plan.

use alloc::sync::Arc;

use super::beside::{beside, into_exit};
use super::fixes::SPEED_MAX;
use super::{AskedBy, CorridorPlan, Crossing, Link, RoutePoint, ServiceClass, SideWay};
use crate::ids::{ApproachId, CorridorId, RoadId, SiteId};
use crate::plan::{CheckedSite, Emergency, SiteKind, TurnKind};
use crate::signal::{GroupKind, GroupSet};
use crate::units::{Length, Millis, Mono, Speed};

/// From a stop line to the middle of its junction.
const JUNCTION_DEPTH: Length = Length::from_metres(15);
/// From a stop line to the middle of its pedestrian crossing.
const CROSSING_DEPTH: Length = Length::from_metres(5);
/// A queue longer than this is not cleared for a destination it reaches back to.
const BEYOND_MAX: Length = Length::from_metres(150);
/// The braking a driver starts at a red signal, mm/s².
const BRAKE_MM_PER_S2: u64 = 3_000;
/// An approach no site has; asked for its queue, the board knows of none.
const NO_APPROACH: ApproachId = ApproachId::new(u8::MAX);

/// One road of a route, and the site at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteLeg {
    /// The road's id in `network.geojson`.
    pub road: String,
    /// The road's number in the road graph.
    pub id: RoadId,
    /// Where the road ends, along the route.
    pub ends_at: Length,
    /// Free-flow time of an ordinary vehicle from the start of the route to there, turns included.
    pub free_flow: Millis,
    /// No position is expected on the road, as in a tunnel.
    pub shadow: bool,
    /// Length of the whole road, the part before the start of the route included.
    pub road_length: Length,
    /// From the stop line to the end of the road, if the network says it.
    pub stop: Option<Length>,
    /// The site at the end of the road, if the route goes on through one.
    pub site: Option<SiteId>,
    /// The node at the end of the road, as `network.geojson` names it.
    pub node: String,
    /// The other roads that end at that node.
    pub arms: Vec<Arm>,
}

/// Another road that ends at a node of the route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arm {
    /// The road's id in `network.geojson`.
    pub road: String,
    /// Its turns that lead where the route goes on.
    pub into_exit: Vec<TurnKind>,
}

/// A route as the planner needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteOutline {
    /// The roads in order.
    pub legs: Vec<RouteLeg>,
    /// The way on the ground.
    pub line: Vec<RoutePoint>,
    /// The ways off the route, rising along it.
    pub side_ways: Vec<SideWay>,
    /// How far GCJ-02 lies from the city's datum here, east and north, metres; zero if unknown.
    pub datum_shift_m: (f64, f64),
    /// What is left of the last road behind the destination, if a signal stands at its end.
    pub beyond: Option<RouteLeg>,
    /// Length of the route.
    pub length: Length,
    /// Free-flow time of an ordinary vehicle over the whole route.
    pub free_flow: Millis,
}

/// Who the corridor is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRequest {
    /// The number of the corridor.
    pub corridor: CorridorId,
    /// 1 for a first plan, more for each later one.
    pub revision: u32,
    /// The vehicle's id as the dispatch system gives it.
    pub vehicle: String,
    /// Who asked for it.
    pub asked_by: AskedBy,
    /// What it is.
    pub class: ServiceClass,
    /// True if the signals are locked for it; otherwise it has priority only.
    pub preempts: bool,
    /// 1 (highest) to 5.
    pub priority: u8,
    /// From the front of the first vehicle to the back of the last one.
    pub convoy: Length,
    /// How much faster than ordinary vehicles it drives, percent; 120 by default.
    pub pace_percent: u32,
    /// The corridor ends here at the latest.
    pub expires: Mono,
    /// When it is said to set off; `None` waits until it is seen to move.
    pub departs: Option<Mono>,
}

/// Why a route cannot be made into a corridor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanRefusal {
    /// The route has no length.
    #[error("the route has no length")]
    NoLength,
    /// The route passes no signal, so there is nothing to open.
    #[error("the route passes no signal")]
    NoSignals,
    /// The pace is zero.
    #[error("a vehicle that does not move needs no corridor")]
    NoPace,
}

/// Plans a corridor. `sites` is indexed by [`SiteId`].
///
/// A site whose file states no emergency green for the approach, or does not know the road, becomes
/// a crossing that is never held and shown as unavailable.
///
/// # Errors
/// [`PlanRefusal`] if there is nothing to plan.
pub fn plan_corridor(
    route: &RouteOutline,
    sites: &[Arc<CheckedSite>],
    request: PlanRequest,
) -> Result<CorridorPlan, PlanRefusal> {
    if route.length == Length::ZERO || route.line.len() < 2 {
        return Err(PlanRefusal::NoLength);
    }
    if request.pace_percent == 0 {
        return Err(PlanRefusal::NoPace);
    }
    let free_flow = at_pace(route.free_flow, &request);
    let speed = mean_speed(route.length, free_flow);
    let links = route.legs.iter().map(|leg| Link {
        road: leg.id,
        ends_at: leg.ends_at,
        free_flow: at_pace(leg.free_flow, &request),
        shadow: leg.shadow,
    });
    let links: Vec<Link> = links.collect();
    let mut crossings = Vec::new();
    for (at, leg) in route.legs.iter().enumerate() {
        let site = leg.site.and_then(|id| Some((id, sites.get(id.index())?)));
        let Some((id, site)) = site else {
            continue;
        };
        let exit = route.legs.get(at + 1).map(|next| next.road.clone());
        let speeds = (speed, approach_speed(&links, at, speed));
        crossings.push(crossing(leg, (id, site), exit, speeds, &request));
    }
    if crossings.is_empty() {
        return Err(PlanRefusal::NoSignals);
    }
    let last = links.len().saturating_sub(1);
    let speeds = (speed, approach_speed(&links, last, speed));
    let beyond = beyond(route, sites, speeds, &request);
    Ok(CorridorPlan {
        corridor: request.corridor,
        revision: request.revision,
        vehicle: request.vehicle,
        asked_by: request.asked_by,
        class: request.class,
        preempts: request.preempts,
        priority: request.priority,
        crossings: crossings.into(),
        beyond,
        line: route.line.as_slice().into(),
        links: links.into(),
        side_ways: route.side_ways.as_slice().into(),
        datum_shift_m: route.datum_shift_m,
        length: route.length,
        free_flow,
        speed,
        pace_percent: request.pace_percent,
        convoy: request.convoy,
        expires: request.expires,
        departs: request.departs,
    })
}

/// The signal behind the destination, if its queue can reach back to there and be held for.
fn beyond(
    route: &RouteOutline,
    sites: &[Arc<CheckedSite>],
    speeds: (Speed, Speed),
    request: &PlanRequest,
) -> Option<Crossing> {
    let leg = route.beyond.as_ref()?;
    let id = leg.site?;
    let made = crossing(leg, (id, sites.get(id.index())?), None, speeds, request);
    let is_near = made.stop_line_at <= route.length + BEYOND_MAX;
    (request.preempts && is_near && made.can_be_held()).then_some(made)
}

fn crossing(
    leg: &RouteLeg,
    (id, site): (SiteId, &CheckedSite),
    exit: Option<String>,
    (speed, approach_speed): (Speed, Speed),
    request: &PlanRequest,
) -> Crossing {
    let usual = match site.kind {
        SiteKind::Junction => JUNCTION_DEPTH,
        SiteKind::Crossing => CROSSING_DEPTH,
    };
    let depth = leg.stop.unwrap_or(usual);
    // A road drawn to its stop line leaves the junction itself out of the way.
    let undrawn = usual - depth;
    let approach = site.approach_of_road(&leg.road);
    let emergency = approach.and_then(|at| site.approaches.get(at.index()));
    let groups = match emergency.map(|approach| &approach.emergency) {
        Some(Emergency::Groups(groups)) => *groups,
        Some(Emergency::None(_)) | None => GroupSet::EMPTY,
    };
    let stop_line_at = leg.ends_at - depth;
    let into_exit = into_exit(site, &leg.arms).difference(groups);
    Crossing {
        site: id,
        node: leg.node.clone(),
        approach: approach.unwrap_or(NO_APPROACH),
        groups,
        beside: beside(site, groups, &leg.arms).difference(into_exit),
        into_exit,
        stop_line_at,
        passed_at: leg.ends_at + undrawn + request.convoy,
        free_flow: at_pace(leg.free_flow, request).saturating_sub(depth.time_at(speed)),
        storage: leg.road_length,
        approach_speed,
        decision_at: stop_line_at - braking_distance(approach_speed),
        entry_road: leg.road.clone(),
        exit_road: exit,
        hold_max: site.corridor_hold_max,
        wait_max: site.corridor_wait_max,
        red_max: site.corridor_red_max,
        red_ever: red_ever(site, groups),
        notice: notice(site, groups),
    }
}

/// How long the kernel lets motor vehicles wait at groups hostile to `groups`.
fn red_ever(site: &CheckedSite, groups: GroupSet) -> Millis {
    let hostile = site.safety.conflicts().hostile_to_any(groups);
    let timings = hostile.iter().filter_map(|group| site.safety.timing(group));
    let motor = timings.filter(|timing| {
        let kind = timing.kind;
        kind != GroupKind::Pedestrian && kind != GroupKind::NonMotor
    });
    let longest = motor.map(|timing| timing.wait_max).max();
    longest.unwrap_or(site.corridor_red_max)
}

/// The longest hostile service and the changes before and after it, twice over, so that who is
/// owed a service can still be given it.
fn notice(site: &CheckedSite, groups: GroupSet) -> Millis {
    let conflicts = site.safety.conflicts();
    let change = |from: GroupSet, to: GroupSet| {
        let pairs = from.iter().flat_map(|a| to.iter().map(move |b| (a, b)));
        let times = pairs.map(|(from, to)| conflicts.clearance(from, to));
        times.max().unwrap_or_default()
    };
    let services = conflicts.hostile_to_any(groups).iter().map(|other| {
        let only = GroupSet::only(other);
        change(groups, only) + site.service_max(other) + change(only, groups)
    });
    let longest = services.max().unwrap_or_default();
    longest + longest
}

fn at_pace(time: Millis, request: &PlanRequest) -> Millis {
    let ms = u64::from(time.as_ms()) * 100 / u64::from(request.pace_percent.max(1));
    Millis::new(u32::try_from(ms).unwrap_or(u32::MAX))
}

fn mean_speed(length: Length, time: Millis) -> Speed {
    let per_s = u64::from(length.as_mm()) * 1000;
    let mm_per_s = per_s.checked_div(u64::from(time.as_ms())).unwrap_or(0);
    Speed::from_mm_per_s(u32::try_from(mm_per_s).unwrap_or(u32::MAX))
}

/// How fast the road that ends at leg `at` is driven; no slower than the whole route, whose mean has
/// the turns in it.
fn approach_speed(links: &[Link], at: usize, mean: Speed) -> Speed {
    let before = at.checked_sub(1).and_then(|at| links.get(at));
    let (from, then) = before.map_or((Length::ZERO, Millis::ZERO), |link| {
        (link.ends_at, link.free_flow)
    });
    let own = links
        .get(at)
        .map(|link| mean_speed(link.ends_at - from, link.free_flow.saturating_sub(then)));
    own.map_or(mean, |own| own.min(SPEED_MAX).max(mean))
}

fn braking_distance(speed: Speed) -> Length {
    let v = u64::from(speed.as_mm_per_s());
    Length::from_mm(u32::try_from(v * v / (2 * BRAKE_MM_PER_S2)).unwrap_or(u32::MAX))
}
