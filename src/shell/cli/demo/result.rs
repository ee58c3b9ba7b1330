//! The result object of a headless run. Keys are stable; every number says its unit.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::drives::{Measure, floor, green_share, round, seconds};
use super::Stage;
use crate::ids::CorridorId;
use crate::network::Route;
use crate::shell::emulated_city::{CabinetAddress, StreetAccount};
use crate::shell::missions::Mission;
use crate::shell::runtime::Control;
use crate::shell::twin::Twin;
use crate::sim::Dispatch;
use crate::units::Millis;

/// The branches run this long: the drive, and what the others need to recover from it.
const TWIN_TIME: Millis = Millis::from_secs(600);

/// What the account is made of.
pub(super) struct Account<'a> {
    pub(super) stage: &'a Stage,
    pub(super) route: &'a Route,
    pub(super) mission: &'a Mission,
    pub(super) corridor: Option<CorridorId>,
    /// The city as it was just before the key.
    pub(super) twin: Option<Twin>,
    pub(super) vehicle: &'a str,
    /// From the key to the vehicle's departure.
    pub(super) departs: Duration,
}

pub(super) fn account(run: &Account<'_>) -> Value {
    let street = run.stage.street.account();
    let picture = run.stage.station.world.newest();
    let late = |per_mille: u64| {
        let late = picture.as_ref().map(|p| p.lateness.at_most(per_mille));
        late.map_or(0.0, |late| round(late.as_secs_f64() * 1000.0, 3))
    };
    let keys = picture.as_ref().map(|p| p.keys.clone()).unwrap_or_default();
    let tcp = run.stage.street.addresses.iter();
    let tcp = tcp
        .filter(|address| matches!(address, CabinetAddress::Tcp(_)))
        .count();
    let stats = &street.stats;
    let bound = picture.as_ref().and_then(|p| {
        p.city
            .plans()
            .iter()
            .map(|site| site.corridor_wait_max)
            .min()
    });
    json!({
        "cabinets": { "modbus_tcp": tcp, "modbus_rtu": run.stage.street.addresses.len() - tcp },
        "corridor": corridor(run, &street),
        "waits": {
            "pedestrian_max_s": seconds(stats.pedestrian_wait_max),
            "pedestrian_bound_s": seconds(bound.unwrap_or_default()),
            "red_max_s": seconds(stats.red_max),
        },
        "served": {
            "vehicles": stats.vehicles, "walkers": stats.walkers, "riders": stats.riders,
            "requests": stats.requests,
        },
        "present": street.present,
        "referee": street.referee,
        "sightings": street.sightings,
        "tick_late_ms": {
            "p50": late(500), "p99": late(990),
            "max": picture.as_ref().map_or(0.0, |p| round(p.lateness.max().as_secs_f64() * 1000.0, 3)),
            "missed": picture.as_ref().map_or(0, |p| p.missed),
        },
        "key_to_accept_ms": keys.last().map(|took| took.as_millis()),
        "scheduler": run.stage.station.control.as_ref()
            .and_then(Control::grants)
            .map(|grants| grants.scheduler.clone()),
    })
}

fn corridor(run: &Account<'_>, street: &StreetAccount) -> Value {
    let drive = street
        .drives
        .iter()
        .find(|drive| drive.departed.as_ms() > 0);
    let Some(drive) = drive else {
        return Value::Null;
    };
    let order = Dispatch::along(
        &run.stage.loaded.graph,
        run.route,
        "floor",
        run.mission.class,
    );
    let floor = floor(&run.stage.loaded, &order);
    let measure = floor.map(|floor| Measure::new(drive, floor, street.now));
    let picture = run.stage.station.world.newest();
    let view = picture
        .as_ref()
        .zip(run.corridor)
        .and_then(|(picture, id)| {
            let corridors = picture.city.corridors();
            corridors
                .mission(id)
                .map(|mission| mission.view(picture.now, corridors))
        });
    let hold_max = view.as_ref().map(|view| {
        view.crossings
            .iter()
            .map(|crossing| crossing.held)
            .max()
            .unwrap_or_default()
    });
    let signals = signals(run);
    let twins = twins(run, view.is_some());
    json!({
        "pressed": run.corridor.is_some(),
        "state": view.as_ref().map(|view| view.state.word()),
        "signals": signals,
        "arrived": drive.arrived.is_some(),
        "travel_s": measure.and_then(|measure| measure.travel).map(seconds),
        "free_flow_s": floor.map(seconds),
        "ratio": measure.map(|measure| measure.ratio),
        "stops": drive.stops,
        "stopped_s": seconds(drive.stopped),
        "green_at_arrival": green_share(drive),
        "hold_max_s": hold_max.map_or(0.0, seconds),
        "others_vehs": twins["others_vehs"],
        "twins": twins,
        "at_signals": drive.signals.iter().map(|signal| json!({
            "site": picture.as_ref().and_then(|p| p.city.plans().get(signal.site.index()).map(|s| s.id.clone())),
            "green": signal.green_at_arrival,
            "queue": signal.queue_at_arrival,
            "stops": signal.stops,
        })).collect::<Vec<_>>(),
    })
}

/// Signals on the mission's way, met or not.
fn signals(run: &Account<'_>) -> usize {
    let graph = &run.stage.loaded.graph;
    let has_signal = |id| graph.junction(id).is_some_and(|node| node.site.is_some());
    let passes = run.route.passes.iter();
    passes.filter(|pass| has_signal(pass.junction)).count()
}

/// Two branches of the city, from just before the key: they differ in the key alone. Without a key
/// nobody pays anything.
fn twins(run: &Account<'_>, pressed: bool) -> Value {
    let picture = run.stage.station.world.newest();
    let plan = picture.zip(run.corridor).and_then(|(picture, id)| {
        let mission = picture.city.corridors().mission(id)?;
        Some(Arc::clone(mission.plan()))
    });
    let (Some(twin), Some(plan), true) = (&run.twin, plan, pressed) else {
        return json!({ "others_vehs": 0.0 });
    };
    let graph = &run.stage.loaded.graph;
    let order = Dispatch::along(graph, run.route, run.vehicle, run.mission.class);
    let departs = Millis::from_secs(u32::try_from(run.departs.as_secs()).unwrap_or_default());
    let with_key = twin.clone().run(Some(plan), (&order, departs), TWIN_TIME);
    let without = twin.clone().run(None, (&order, departs), TWIN_TIME);
    json!({
        "others_vehs": round(with_key.others_delay_s - without.others_delay_s, 0),
        "with_key_s": with_key.travel.map(seconds),
        "without_key_s": without.travel.map(seconds),
        "over_s": seconds(TWIN_TIME),
    })
}
