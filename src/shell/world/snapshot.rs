//! Everything that moves, as of one picture of the control thread.

use std::time::Instant;

use super::words;
use crate::controller::{City, SiteState};
use crate::corridor::{CorridorPlan, MissionView, ServiceClass, SiteBoard};
use crate::detect::FieldInputs;
use crate::ids::{ApproachId, CorridorId, GroupId, SiteId};
use crate::kernel::{CabinetState, Mode as KernelMode};
use crate::network::{PlanarPoint, RoadGraph, Route, VehicleSize};
use crate::plan::CheckedSite;
use crate::policy::ManualAct as PolicyAct;
use crate::shell::detour::detour;
use crate::shell::dispatch::world::{
    Advice, Confirmed, CorridorVehicle, CorridorView, CrossingView, LatLon, LongestWaits,
    ManualView, Mode, Names, OwnerView, QueueView, SiteView, WaitView,
};
use crate::shell::runtime::Picture;
use crate::units::{Length, Millis, Mono};

/// What is known of a corridor besides what the engine knows.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    pub(super) vehicle: String,
    pub(super) request_id: String,
    pub(super) destination: Names,
    pub(super) saved: Millis,
    pub(super) route: Route,
    pub(super) class: ServiceClass,
    pub(super) size: VehicleSize,
    /// From the front of the first vehicle to the back of the last one.
    pub(super) convoy: Length,
    /// When the control thread had accepted it.
    pub(super) when: Instant,
}

pub(super) fn site_view<'a>(
    picture: &Picture,
    id: SiteId,
    by: impl Fn(u32) -> &'a str,
) -> SiteView {
    let plans = picture.city.plans();
    let (Some(site), Some(state)) = (plans.get(id.index()), picture.city.sites().get(id.index()))
    else {
        return SiteView::default();
    };
    let silent = FieldInputs::default();
    let field = picture.fields.get(id.index()).unwrap_or(&silent);
    let winner = state.last().map(|cycle| cycle.decision.winner);
    let at_kerb = walkers(site, state, picture.now);
    let longest = longest_wait(site, state, picture.now);
    let stage = winner
        .and_then(|wish| wish.stage)
        .and_then(|id| site.stages.get(id.index()));
    SiteView {
        cabinet: field.readback.cabinet,
        mode: mode(state.kernel().mode()),
        lamps: field
            .readback
            .lamps
            .iter()
            .take(site.groups.len())
            .copied()
            .collect(),
        age_ms: (field.readback.cabinet != CabinetState::Silent)
            .then(|| field.readback.age.as_ms()),
        stage: stage.map(|stage| stage.name.clone()),
        plan: site
            .plans
            .get(state.plan().index())
            .map(|plan| plan.name.clone())
            .unwrap_or_default(),
        plan_since_ms: None,
        winner: winner
            .map(|wish| words::winner(wish.source).to_owned())
            .unwrap_or_default(),
        reason: winner
            .map(|wish| words::reason(site, wish.reason))
            .unwrap_or_default(),
        waits: at_kerb,
        wait_max_s: longest.as_ms() / 1000,
        queues: queues(picture, site, id),
        corridor: picture
            .city
            .corridors()
            .lease(id)
            .map(|lease| lease.corridor.number()),
        manual: state
            .manual()
            .map(|manual| manual_view(site, manual, (picture.now, by(manual.by)))),
        faults: state
            .kernel()
            .faults()
            .iter()
            .map(|fault| words::fault(site, fault))
            .collect(),
    }
}

fn mode(mode: KernelMode) -> Mode {
    match mode {
        KernelMode::Starting(_) => Mode::Starting,
        KernelMode::Normal => Mode::Normal,
        KernelMode::AllRed => Mode::AllRed,
        KernelMode::Flashing(_) => Mode::Flashing,
        KernelMode::Dark => Mode::Dark,
    }
}

fn walkers(site: &CheckedSite, state: &SiteState, now: Mono) -> Vec<WaitView> {
    let groups = (0_u8..).zip(&site.groups);
    let waiting = groups.filter_map(|(number, info)| {
        let walk = info.walk?;
        let id = GroupId::new(number);
        let demands = state.detection().demands();
        demands.walkers.contains(id).then(|| WaitView {
            group: number,
            waited_s: demands.waited(id, now).as_ms() / 1000,
            bound_s: walk.wait_max.as_ms() / 1000,
        })
    });
    waiting.collect()
}

fn longest_wait(site: &CheckedSite, state: &SiteState, now: Mono) -> Millis {
    let demands = state.detection().demands();
    let all = site.safety.all_groups().intersection(demands.all());
    all.iter()
        .map(|group| demands.waited(group, now))
        .max()
        .unwrap_or_default()
}

fn queues(picture: &Picture, site: &CheckedSite, id: SiteId) -> Vec<QueueView> {
    let board = picture.city.board(picture.now, &picture.fields);
    let approaches = (0_u8..).zip(&site.approaches);
    let seen = approaches.map(|(number, _)| {
        let queue = board.queue(id, ApproachId::new(number));
        QueueView {
            approach: number,
            vehicles: queue.vehicles_total,
            length_m: queue.vehicles_worst_lane.saturating_mul(7),
        }
    });
    seen.collect()
}

pub(super) fn manual_view(
    site: &CheckedSite,
    manual: &crate::policy::Manual,
    (now, by): (Mono, &str),
) -> ManualView {
    let (act, stage) = match &manual.act {
        PolicyAct::Stage(id) => (
            "stage",
            site.stages.get(id.index()).map(|stage| stage.name.clone()),
        ),
        PolicyAct::Groups(_) => ("groups", None),
        PolicyAct::AllRed => ("all-red", None),
        PolicyAct::Flash => ("flash", None),
    };
    ManualView {
        act: act.to_owned(),
        stage,
        by: by.to_owned(),
        left_s: now.until(manual.until).as_ms() / 1000,
    }
}

/// A mission as consoles and partners see it.
pub(super) fn corridor_view(
    picture: &Picture,
    graph: &RoadGraph,
    mission: &crate::corridor::Mission,
    opened: Option<&Opened>,
    (unix_ms, epoch): (i64, u32),
) -> CorridorView {
    let now = picture.now;
    let view = mission.view(now, picture.city.corridors());
    let unix = |at: Mono| {
        let moment = i64::try_from(at.as_ms()).unwrap_or(i64::MAX);
        unix_ms.saturating_add(moment - i64::try_from(now.as_ms()).unwrap_or(0))
    };
    let plan = mission.plan();
    let line = plan.line.iter().map(|point| {
        super::statics::on_map(
            graph,
            PlanarPoint {
                x_m: point.x_m,
                y_m: point.y_m,
            },
        )
    });
    let line: Vec<LatLon> = line.collect();
    let waits = view.crossings.iter().chain(&view.beyond).map(|crossing| {
        let plans = picture.city.plans();
        let site = plans
            .get(crossing.site.index())
            .zip(picture.city.sites().get(crossing.site.index()));
        site.map_or(Millis::ZERO, |(site, state)| longest_wait(site, state, now))
    });
    let bound = plan.places().map(|crossing| crossing.wait_max).max();
    CorridorView {
        id: view.corridor.number(),
        request_id: opened
            .map(|opened| opened.request_id.clone())
            .unwrap_or_default(),
        revision: view.revision,
        state: view.state,
        control_authority: epoch,
        class: view.class,
        priority: view.priority,
        vehicle_id: view.vehicle.clone(),
        vehicle: vehicle(&view, mission, graph, picture),
        destination: opened
            .map(|opened| opened.destination.clone())
            .unwrap_or_default(),
        line,
        crossings: view
            .crossings
            .iter()
            .map(|c| crossing_view(&picture.city, c, now, &unix))
            .collect(),
        est_saved_s: opened.map_or(0.0, |opened| f64::from(opened.saved.as_ms()) / 1000.0),
        others_wait_s: waits.max().unwrap_or_default().as_ms() / 1000,
        others_bound_s: bound.unwrap_or_default().as_ms() / 1000,
        waits: waits_along(picture, plan, &view),
        owner: OwnerView::default(),
        expires_ms: unix(view.expires),
        warnings: (way_around(graph, (plan, &view), opened).into_iter())
            .chain(warnings(&picture.city, &view))
            .collect(),
    }
}

fn vehicle(
    view: &MissionView,
    mission: &crate::corridor::Mission,
    graph: &RoadGraph,
    picture: &Picture,
) -> Option<CorridorVehicle> {
    let position = view.position?;
    let line = &mission.plan().line;
    let after = line.iter().position(|point| point.at >= position.along)?;
    let (b, a) = (line.get(after)?, line.get(after.saturating_sub(1))?);
    let span = f64::from((b.at - a.at).as_mm()).max(1.0);
    let share = (f64::from((position.along - a.at).as_mm()) / span).clamp(0.0, 1.0);
    let at = PlanarPoint {
        x_m: a.x_m + (b.x_m - a.x_m) * share,
        y_m: a.y_m + (b.y_m - a.y_m) * share,
    };
    Some(CorridorVehicle {
        at: super::statics::on_map(graph, at),
        speed_mps: f64::from(position.speed.as_mm_per_s()) / 1000.0,
        age_ms: position.age.as_ms(),
        next: view
            .next
            .and_then(|id| picture.city.plans().get(id.index()))
            .map(|s| s.id.clone()),
        eta_s: Some(seconds(picture.now.until(view.arrival))),
        arrival_s: view
            .crossings
            .last()
            .map(|last| spread(view, last, picture.now)),
        on_route: position.on_route,
    })
}

/// When the vehicle is at the end of its way: as early and as late as at its last signal.
fn spread(view: &MissionView, last: &crate::corridor::CrossingView, now: Mono) -> (f64, f64) {
    let at = seconds(now.until(view.arrival));
    let early = seconds(last.eta.since(last.eta_early));
    let late = seconds(last.eta_late.since(last.eta));
    ((at - early).max(0.0), at + late)
}

/// The longest waits of walkers and of vehicles at the signals of a way, at present.
fn waits_along(picture: &Picture, plan: &CorridorPlan, view: &MissionView) -> LongestWaits {
    let mut longest = LongestWaits::default();
    for crossing in plan.places() {
        let bound = |time: Millis| time.as_ms() / 1000;
        longest.walkers_bound_s = longest.walkers_bound_s.max(bound(crossing.wait_max));
        longest.vehicles_bound_s = longest.vehicles_bound_s.max(bound(crossing.red_max));
    }
    for crossing in view.crossings.iter().chain(&view.beyond) {
        let sites = picture.city.plans().get(crossing.site.index());
        let states = picture.city.sites().get(crossing.site.index());
        let Some((site, state)) = sites.zip(states) else {
            continue;
        };
        let demands = state.detection().demands();
        let asked = site.safety.all_groups().intersection(demands.all());
        for group in asked
            .iter()
            .filter(|group| !crossing.groups.contains(*group))
        {
            let waited_s = demands.waited(group, picture.now).as_ms() / 1000;
            let walks = site
                .groups
                .get(group.index())
                .is_some_and(|one| one.walk.is_some());
            let most = if walks {
                &mut longest.walkers_s
            } else {
                &mut longest.vehicles_s
            };
            *most = waited_s.max(*most);
        }
    }
    longest
}

fn crossing_view(
    city: &City,
    crossing: &crate::corridor::CrossingView,
    now: Mono,
    unix: &impl Fn(Mono) -> i64,
) -> CrossingView {
    let site = city.plans().get(crossing.site.index());
    let approach = site.and_then(|site| site.approaches.get(crossing.approach.index()));
    let refused = crossing.refused_by.map(|other| {
        let wait_s = crossing.wait.as_ms().div_ceil(1000);
        Names::new(
            format!("绿波护航 {other} 优先，预计红灯，约等 {wait_s} 秒"),
            format!("corridor {other} goes first: expect red, about {wait_s} s"),
        )
    });
    CrossingView {
        site: site.map(|site| site.id.clone()).unwrap_or_default(),
        approach: approach
            .map(|approach| approach.name.clone())
            .unwrap_or_default(),
        movement: String::new(),
        state: crossing.state,
        eta_s: crossing
            .passed_at
            .is_none()
            .then(|| seconds(now.until(crossing.eta))),
        eta_err_s: seconds(crossing.eta_err),
        green_at_ms: crossing.green_at.map(unix),
        hold_until_ms: crossing.hold_until.map(unix),
        confirmed_by: crossing.green_at.map(|_| Confirmed::LampReadback),
        late: crossing.late_by > Millis::ZERO,
        late_by_s: crossing.late_by.as_ms().div_ceil(1000),
        eta_early_s: crossing
            .passed_at
            .is_none()
            .then(|| seconds(now.until(crossing.eta_early))),
        refused_by: crossing.refused_by.map(CorridorId::number),
        wait_s: crossing.wait.as_ms().div_ceil(1000),
        fault: refused,
    }
}

/// The offer to drive around the first signal where another corridor goes first.
fn way_around(
    graph: &RoadGraph,
    (plan, view): (&CorridorPlan, &MissionView),
    opened: Option<&Opened>,
) -> Option<Advice> {
    let route = &opened?.route;
    let along = view.position.filter(|position| position.on_route)?.along;
    let mut places = plan.crossings.iter().zip(&view.crossings);
    let (place, refused) =
        places.find(|(_, seen)| seen.passed_at.is_none() && seen.refused_by.is_some())?;
    let road = graph.road_by_name(&place.entry_road)?;
    let size = opened?.size;
    let found = detour(graph, (route, along), size, (road, refused.wait))?;
    let saves_s = found.saved.as_ms() / 1000;
    let over = found
        .route
        .roads
        .iter()
        .filter_map(|road| graph.road(*road));
    let over: Vec<&str> = over.map(|road| road.id.as_str()).collect();
    let over = over.join(", ");
    Some(Advice {
        code: "detour".to_owned(),
        text: Names::new(
            format!("绕行可省 {saves_s} 秒：{over}"),
            format!("another way saves {saves_s} s: {over}"),
        ),
        site: None,
    })
}

fn warnings(city: &City, view: &MissionView) -> Vec<Advice> {
    let late = view
        .crossings
        .iter()
        .filter(|c| c.late_by > Millis::ZERO && c.passed_at.is_none());
    let late = late.filter_map(|crossing| {
        let site = city.plans().get(crossing.site.index())?;
        let by_s = crossing.late_by.as_ms().div_ceil(1000);
        Some(Advice {
            code: "late".to_owned(),
            text: Names::new(
                format!("{} 将晚 {by_s} 秒", site.id),
                format!("{} late by {by_s} s", site.id),
            ),
            site: Some(site.id.clone()),
        })
    });
    let refused = view.crossings.iter().filter(|c| c.passed_at.is_none());
    let refused = refused.filter_map(|crossing| {
        let site = city.plans().get(crossing.site.index())?;
        Some(Advice {
            code: "expect-red".to_owned(),
            text: words::clash(true, crossing.refused_by?.number()),
            site: Some(site.id.clone()),
        })
    });
    let beyond = view.beyond.as_ref().and_then(|held| {
        let site = city.plans().get(held.site.index())?;
        Some(Advice {
            code: "behind-destination".to_owned(),
            text: words::opened_behind(&site.id),
            site: Some(site.id.clone()),
        })
    });
    refused.take(3).chain(late.take(3)).chain(beyond).collect()
}

pub(super) fn seconds(time: Millis) -> f64 {
    f64::from(time.as_ms()) / 1000.0
}
