//! The result object of a headless run. Keys are stable; every number says its unit.

use serde_json::{Value, json};

use super::Stage;
use crate::ids::CorridorId;
use crate::network::Route;
use crate::shell::emulated_city::{CabinetAddress, StreetAccount};
use crate::shell::missions::Mission;
use crate::shell::runtime::Control;
use crate::sim::{Dispatch, DriveReport};
use crate::units::Millis;

/// What the account is made of.
pub(super) struct Account<'a> {
    pub(super) stage: &'a Stage,
    pub(super) route: &'a Route,
    pub(super) mission: &'a Mission,
    pub(super) corridor: Option<CorridorId>,
    /// Delay of all other vehicles when counting began, seconds.
    pub(super) delay_before: f64,
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
    let travel = drive.arrived.map(|arrived| arrived.since(drive.departed));
    let floor = floor(run);
    let ratio = travel.zip(floor).map(|(travel, floor)| {
        round(
            f64::from(travel.as_ms()) / f64::from(floor.as_ms().max(1)),
            3,
        )
    });
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
    let graph = &run.stage.loaded.graph;
    let has_signal = |id| graph.junction(id).is_some_and(|node| node.site.is_some());
    let signals = run
        .route
        .passes
        .iter()
        .filter(|pass| has_signal(pass.junction))
        .count();
    json!({
        "pressed": run.corridor.is_some(),
        "state": view.as_ref().map(|view| view.state.word()),
        "signals": signals,
        "travel_s": travel.map(seconds),
        "free_flow_s": floor.map(seconds),
        "ratio": ratio,
        "stops": drive.stops,
        "stopped_s": seconds(drive.stopped),
        "green_at_arrival": green_share(drive),
        "hold_max_s": hold_max.map_or(0.0, seconds),
        "others_vehs": round(street.stats.vehicle_delay_s - run.delay_before.min(0.0), 0),
        "at_signals": drive.signals.iter().map(|signal| json!({
            "site": picture.as_ref().and_then(|p| p.city.plans().get(signal.site.index()).map(|s| s.id.clone())),
            "green": signal.green_at_arrival,
            "queue": signal.queue_at_arrival,
            "stops": signal.stops,
        })).collect::<Vec<_>>(),
    })
}

/// Share of the signals passed that were green, with the queue gone, at the braking distance.
fn green_share(drive: &DriveReport) -> f64 {
    let count = |green: bool| {
        drive
            .signals
            .iter()
            .filter(|s| !green || s.green_at_arrival)
            .count()
    };
    let (green, all) = (count(true), count(false));
    let share = |n: usize| u32::try_from(n).map_or(0.0, f64::from);
    if all == 0 {
        0.0
    } else {
        round(share(green) / share(all), 3)
    }
}

/// The same vehicle on the empty street with everything green.
fn floor(run: &Account<'_>) -> Option<Millis> {
    let graph = &run.stage.loaded.graph;
    let order = Dispatch::along(graph, run.route, "floor", run.mission.class);
    let sites = &run.stage.loaded.city.sites;
    let map = crate::sim::lay_city(graph, sites, crate::sim::PEAK_SATURATION);
    let street = crate::sim::VirtualStreet::new(map, crate::sim::StreetConfig::default());
    street.free_flow_travel(&order)
}

fn seconds(time: Millis) -> f64 {
    f64::from(time.as_ms()) / 1000.0
}

fn round(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}
