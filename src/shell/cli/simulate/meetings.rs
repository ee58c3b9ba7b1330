//! Two and three vehicles that meet at signals of the demo city, in virtual time.

use super::*;
use crate::controller::Command;
use crate::corridor::{AskedBy, Crossing, CrossingState, PlanRequest, ServiceClass, What};
use crate::ids::{CorridorId, SiteId};
use crate::network::{Position, Route};
use crate::shell::cli::load::load_demo;
use crate::shell::planner::Planner;
use crate::sim::Dispatch;
use crate::units::Length;

/// A vehicle of a meeting: its way, what it is, and when it sets off after the warm-up.
#[derive(Clone)]
struct Vehicle {
    route: Route,
    class: ServiceClass,
    leaves: Millis,
}

/// What became of one crossing.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    told: Option<Mono>,
    decided: Option<Mono>,
    /// Another went first when the driver had to decide.
    refused_then: bool,
    /// The lamps were green then.
    green_then: bool,
    passed: Option<Mono>,
}

fn planner(loaded: &LoadedCity) -> Planner {
    Planner {
        city: Arc::new(loaded.city.clone()),
        graph: Arc::new(loaded.graph.clone()),
    }
}

fn plan_of(planner: &Planner, vehicle: &Vehicle, number: u32, now: Mono) -> CorridorPlan {
    let request = PlanRequest {
        corridor: CorridorId::new(number),
        revision: 1,
        vehicle: format!("V{number}"),
        asked_by: AskedBy::default(),
        class: vehicle.class,
        preempts: true,
        priority: 1,
        convoy: Length::from_metres(6),
        pace_percent: 120,
        expires: now + Millis::from_secs(1200),
        departs: None,
    };
    planner.corridor(&vehicle.route, request).unwrap()
}

/// The first signal that both ways cross and where they cannot be green together.
fn meet(
    loaded: &LoadedCity,
    one: &CorridorPlan,
    other: &CorridorPlan,
) -> Option<(Crossing, Crossing)> {
    one.crossings.iter().find_map(|a| {
        let conflicts = loaded
            .city
            .site(a.site)?
            .safety
            .conflicts()
            .hostile_to_any(a.groups);
        let hostile = |b: &&Crossing| b.site == a.site && !conflicts.is_disjoint(b.groups);
        Some((a.clone(), other.crossings.iter().find(hostile)?.clone()))
    })
}

/// Pairs of ways over signals in different places, timed so that both vehicles are there at once.
fn meetings(loaded: &LoadedCity, wanted: usize) -> Vec<Vec<Vehicle>> {
    let planner = planner(loaded);
    let graph = &loaded.graph;
    let starts = [
        "R-J17-J08",
        "R-B01-J01",
        "R-J21-P19",
        "R-J34-P30",
        "R-J09-B02",
        "R-P04-J04",
    ];
    let starts: Vec<Position> = starts
        .iter()
        .filter_map(|id| graph.road_by_name(id))
        .map(|road| Position::Road(road, Length::from_metres(5)))
        .collect();
    let places = ["H1", "H2", "H3"].map(|id| Position::Place(graph.place_by_name(id).unwrap()));
    let mut ways = Vec::new();
    for from in &starts {
        for to in &places {
            let size = planner.size_of(ServiceClass::Fire);
            if let Ok(route) = planner.route((*from, *to), size)
                && route.passes.len() > 4
            {
                ways.push(route);
            }
        }
    }
    let classes = [ServiceClass::Ambulance, ServiceClass::Fire];
    let mut found: Vec<Vec<Vehicle>> = Vec::new();
    let mut sites: Vec<SiteId> = Vec::new();
    for (at, one) in ways.iter().enumerate() {
        for other in &ways[at + 1..] {
            let mut pair: Vec<Vehicle> = [one, other]
                .into_iter()
                .zip(classes)
                .map(|(route, class)| Vehicle {
                    route: route.clone(),
                    class,
                    leaves: Millis::ZERO,
                })
                .collect();
            let (a, b) = (
                plan_of(&planner, &pair[0], 1, Mono::ZERO),
                plan_of(&planner, &pair[1], 2, Mono::ZERO),
            );
            let Some((x, y)) = meet(loaded, &a, &b) else {
                continue;
            };
            let (soon, late) = (x.free_flow.min(y.free_flow), x.free_flow.max(y.free_flow));
            let early = soon < Millis::from_secs(25) || late > Millis::from_secs(130);
            if early || sites.contains(&x.site) || found.len() >= wanted {
                continue;
            }
            sites.push(x.site);
            pair[0].leaves = y.free_flow.saturating_sub(x.free_flow);
            pair[1].leaves = x.free_flow.saturating_sub(y.free_flow);
            found.push(pair);
        }
    }
    found
}

/// Drives the vehicles whose number is in `only`; what became of every crossing of each.
#[expect(clippy::too_many_lines, reason = "one story, told cycle by cycle")]
fn drive(
    loaded: &LoadedCity,
    vehicles: &[Vehicle],
    only: &[usize],
    until: SiteId,
) -> Vec<Vec<Seen>> {
    let options = Simulate::quiet("demo".into(), 3, 13);
    let mut run = Run::new(loaded, &options).unwrap();
    let planner = planner(loaded);
    run.go(Millis::from_secs(45));
    let began = run.now;
    let mut plans: Vec<Option<CorridorPlan>> = vec![None; vehicles.len()];
    let mut seen: Vec<Vec<Seen>> = vec![Vec::new(); vehicles.len()];
    let mut over = vec![false; vehicles.len()];
    while run.now.since(began) < Millis::from_secs(400) {
        for at in only {
            let vehicle = &vehicles[*at];
            let number = u32::try_from(*at).unwrap() + 1;
            if plans[*at].is_none() && run.now.since(began) >= vehicle.leaves {
                let plan = plan_of(&planner, vehicle, number, run.now);
                let id = &plan.vehicle;
                let order = Dispatch::along(&planner.graph, &vehicle.route, id, vehicle.class);
                run.world.street.dispatch(&order).unwrap();
                seen[*at] = vec![Seen::default(); plan.crossings.len()];
                run.commands
                    .push(Command::OpenCorridor(Arc::new(plan.clone())));
                plans[*at] = Some(plan);
            }
        }
        run.go(TICK);
        let corridors = run.city.corridors();
        for event in corridors.events() {
            if let What::ExpectRed(site, ..) = event.what {
                let at = usize::try_from(event.corridor.number()).unwrap() - 1;
                let plan = plans[at].as_ref().unwrap();
                let place = plan.crossings.iter().position(|c| c.site == site).unwrap();
                seen[at][place].told.get_or_insert(event.at);
            }
        }
        for at in only {
            let number = u32::try_from(*at).unwrap() + 1;
            let (Some(mission), Some(plan)) =
                (corridors.mission(CorridorId::new(number)), &plans[*at])
            else {
                continue;
            };
            let view = mission.view(run.now, corridors);
            let along = view
                .position
                .map_or(Length::ZERO, |position| position.along);
            for ((crossing, now), seen) in plan
                .crossings
                .iter()
                .zip(&view.crossings)
                .zip(&mut seen[*at])
            {
                if seen.decided.is_none() && along >= crossing.decision_at {
                    seen.decided = Some(run.now);
                    seen.refused_then = now.refused_by.is_some();
                    seen.green_then = now.state == CrossingState::GreenHeld;
                }
                let withdrawn = seen.green_then
                    && now.passed_at.is_none()
                    && now.state == CrossingState::RefusedByGuard;
                assert!(
                    !withdrawn,
                    "V{number} lost a green it could not stop for: {now:?}"
                );
                seen.passed = now.passed_at;
            }
            let mut there = plan.crossings.iter().zip(&seen[*at]);
            over[*at] = there.any(|(c, seen)| c.site == until && seen.passed.is_some());
        }
        if only.iter().all(|at| over[*at]) {
            break;
        }
    }
    seen
}

/// What the vehicle that goes second waits, at the best, if it goes second at this signal.
fn least_wait(loaded: &LoadedCity, first: (&Crossing, Mono), then: (&Crossing, Mono)) -> Millis {
    let conflicts = loaded.city.site(first.0.site).unwrap().safety.conflicts();
    let clear = first.0.groups.iter().flat_map(|one| {
        let of = then.0.groups.iter();
        of.map(move |other| conflicts.clearance(one, other))
    });
    (first.1 + clear.max().unwrap_or_default()).since(then.1)
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "what is compared is told where it is driven"
)]
fn who_goes_second_is_told_before_it_decides_and_waits_no_longer_than_it_must() {
    let loaded = load_demo().unwrap();
    let planner = planner(&loaded);
    let found = meetings(&loaded, 2);
    assert!(found.len() == 2, "{} meetings", found.len());
    let mut told = 0;
    for pair in &found {
        let plans = [0, 1].map(|at: usize| {
            plan_of(
                &planner,
                &pair[at],
                u32::try_from(at).unwrap() + 1,
                Mono::ZERO,
            )
        });
        let (a, b) = meet(&loaded, &plans[0], &plans[1]).unwrap();
        let both = drive(&loaded, pair, &[0, 1], a.site);
        let alone = [0, 1].map(|at: usize| drive(&loaded, pair, &[at], a.site));
        for (at, crossings) in both.iter().enumerate() {
            for seen in crossings {
                if seen.refused_then {
                    let (Some(said), Some(decided)) = (seen.told, seen.decided) else {
                        panic!("V{} was told nothing: {seen:?}", at + 1);
                    };
                    assert!(said < decided, "{seen:?}");
                    told += 1;
                }
            }
        }
        // Where they meet, who is later waits for one clearance and what is green by then.
        let place = |at: usize, site: SiteId| {
            plans[at]
                .crossings
                .iter()
                .position(|c| c.site == site)
                .unwrap()
        };
        let at = [place(0, a.site), place(1, b.site)];
        let time = |who: usize| both[who][at[who]].passed.unwrap();
        let solo = |who: usize| alone[who][who][at[who]].passed.unwrap();
        let (first, then) = if time(0) <= time(1) { (0, 1) } else { (1, 0) };
        let places = [&a, &b];
        let least = least_wait(
            &loaded,
            (places[first], time(first)),
            (places[then], solo(then)),
        );
        let timing = |crossing: &Crossing| {
            let safety = &loaded.city.site(crossing.site).unwrap().safety;
            let green = |group| safety.timing(group).map(|timing| timing.green_min);
            crossing
                .groups
                .iter()
                .filter_map(green)
                .max()
                .unwrap_or_default()
        };
        let conflicts = loaded.city.site(a.site).unwrap().safety.conflicts();
        let clearance = (a.groups.iter())
            .flat_map(|one| {
                b.groups
                    .iter()
                    .map(move |other| conflicts.clearance(one, other))
            })
            .max()
            .unwrap_or_default();
        let waited = time(then).since(solo(then));
        let most = least + clearance + timing(&a).max(timing(&b));
        println!(
            "V{} waits {waited}, at least {least}, at most {most}",
            then + 1
        );
        assert!(waited <= most, "V{} waited {waited}, most {most}", then + 1);
        let winner = time(first).since(solo(first));
        assert!(
            winner <= clearance + timing(&a).max(timing(&b)),
            "V{} lost {winner}",
            first + 1
        );
    }
    assert!(
        told > 0,
        "nobody had to wait for anybody: the meetings are none"
    );
}
