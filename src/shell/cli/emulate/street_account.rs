//! What the emulated street has counted, as an object. Keys are stable; every number says its unit.

use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::super::drives::{Measure, floor, round, seconds};
use super::super::load::LoadedCity;
use crate::ids::SiteId;
use crate::shell::emulated_city::StreetAccount;
use crate::sim::{Dispatch, DriveReport, GroupWait};
use crate::units::{Millis, Mono};

/// The orders to drive, each with its time on the empty, all-green street once somebody asked.
#[derive(Debug, Default)]
pub(super) struct Floors {
    orders: Mutex<Vec<(Dispatch, Option<Millis>)>>,
}

impl Floors {
    /// Remembers an order; the newest of a vehicle counts.
    pub(super) fn expect(&self, order: &Dispatch) {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        orders.retain(|(known, _)| known.vehicle != order.vehicle);
        orders.push((order.clone(), None));
    }

    fn of(&self, loaded: &LoadedCity, vehicle: &str) -> Option<Millis> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let (order, known) = orders.iter_mut().find(|(one, _)| one.vehicle == vehicle)?;
        if known.is_none() {
            *known = floor(loaded, order);
        }
        *known
    }
}

/// The account since counting began.
pub(super) fn account(loaded: &LoadedCity, street: &StreetAccount, floors: &Floors) -> Value {
    let stats = &street.stats;
    let drives = street.drives.iter();
    let drives = drives.map(|drive| driven(loaded, drive, street.now, floors));
    json!({
        "street_s": at_s(street.now),
        "referee": street.referee,
        "sightings": street.sightings,
        "vehicles": stats.vehicles,
        "present": street.present,
        "others_delay_vehs": round(stats.vehicle_delay_s, 0),
        "people_delay_s": round(stats.people_delay_s, 0),
        "red_max_s": seconds(stats.red_max),
        "red_max_at": longest_at(loaded, &stats.reds),
        "walkers_wait_max_s": seconds(stats.pedestrian_wait_max),
        "walkers_wait_max_at": longest_at(loaded, &stats.waits),
        "drives": drives.collect::<Vec<_>>(),
    })
}

fn driven(loaded: &LoadedCity, drive: &DriveReport, now: Mono, floors: &Floors) -> Value {
    let floor = floors.of(loaded, &drive.vehicle);
    let measure = floor.map(|floor| Measure::new(drive, floor, now));
    let signals = drive.signals.iter().map(|signal| {
        json!({
            "site": id_of(loaded, signal.site),
            "green_at_braking_distance": signal.green_at_arrival,
            "queue_at_arrival": signal.queue_at_arrival,
            "stops": signal.stops,
            "stopped_s": seconds(signal.stopped),
            "passed_s": signal.passed_at.map(at_s),
        })
    });
    json!({
        "vehicle": &*drive.vehicle,
        "departed_s": at_s(drive.departed),
        "travel_s": measure.and_then(|measure| measure.travel).map(seconds),
        "free_flow_s": floor.map(seconds),
        "ratio": measure.map(|measure| measure.ratio),
        "stops": drive.stops,
        "stopped_s": seconds(drive.stopped),
        "signals": signals.collect::<Vec<_>>(),
    })
}

/// Where somebody waited longest.
fn longest_at(loaded: &LoadedCity, waits: &[GroupWait]) -> Option<String> {
    let longest = waits.iter().max_by_key(|wait| wait.longest)?;
    let site = loaded.city.site(longest.site)?;
    let group = site.groups.get(longest.group.index())?;
    Some(format!("{} {}", site.id, group.name))
}

fn id_of(loaded: &LoadedCity, site: SiteId) -> &str {
    let site = loaded.city.site(site);
    site.map_or("?", |site| site.id.as_str())
}

fn at_s(at: Mono) -> f64 {
    seconds(at.since(Mono::ZERO))
}
