//! Guard duty: a confidential mission that two persons of one agency release.
//!
//! It has priority and never preempts. Only the dispatchers of its own agency see it.

use alloc::sync::Arc;

use axum::http::StatusCode;

use super::super::Api;
use super::super::auth::Principal;
use super::super::custody::Custody;
use super::super::handlers::act;
use super::super::problem::{FieldProblem, Problem};
use super::super::request::Destination;
use super::super::world::{
    CorridorRequest, Names, Origin, PreviewRequest, RequestVehicle, VehicleStatic,
};
use super::act::GuardDuty;
use crate::corridor::ServiceClass;
use crate::shell::dispatch::request::MissionStage;

/// What follows, with the price of the way; refuses a duty that could not be opened.
pub(super) async fn look(
    api: &Arc<Api>,
    duty: &GuardDuty,
    by: &Principal,
) -> Result<Vec<Names>, Problem> {
    vehicle_of(api, duty, by)?;
    let request = PreviewRequest {
        vehicle: duty.vehicle.clone(),
        origin: Origin::Live,
        destination: Destination::Place(duty.place.clone()),
        lights_siren: false,
    };
    let preview = act(api, move |world| world.preview(&request)).await?;
    let (signals, km) = (preview.crossings.len(), preview.length_m / 1000.0);
    let (saved, paid) = (preview.saved_s.round(), preview.price.delay_veh_s.round());
    Ok(vec![
        Names::new(
            format!("途经 {signals} 处信号，{km:.1} 公里"),
            format!("passes {signals} signals on {km:.1} km"),
        ),
        Names::new(
            format!("最多节省 {saved} 秒；他人最多多等 {paid} 车·秒"),
            format!("saves {saved} s at most; others pay {paid} vehicle-seconds at most"),
        ),
    ])
}

/// Opens the mission; its number.
pub(super) async fn release(
    api: &Arc<Api>,
    duty: &GuardDuty,
    (begun_by, by): (Principal, Principal),
) -> Result<u32, Problem> {
    let vehicle = vehicle_of(api, duty, &begun_by)?;
    let now_ms = api.now_ms();
    let id = super::super::auth::random_id();
    let id = id.map_err(|why| super::super::accounts::problem_of(&why))?;
    let request = CorridorRequest {
        request_id: format!("guard-duty-{}", id.get(..16).unwrap_or(&id)),
        agency: begun_by.agency.clone(),
        source_system: begun_by.source_system.clone(),
        operator_id: format!("{}, {}", begun_by.name, by.name),
        incident_id: "guard-duty".to_owned(),
        service: ServiceClass::Escort,
        stage: MissionStage::Transfer,
        priority: 5,
        lights_siren: false,
        vehicle: RequestVehicle {
            id: vehicle.id,
            plate: vehicle.plate,
            call_sign: vehicle.call_sign.zh,
            terminal_id: vehicle.terminal_id,
            length_m: vehicle.length_m,
            convoy_n: 1,
        },
        origin: Origin::Live,
        destination: Destination::Place(duty.place.clone()),
        route: Vec::new(),
        depart_after_ms: None,
        needed_by_ms: None,
        expires_at_ms: now_ms.saturating_add(i64::from(duty.minutes) * 60_000),
        note: String::new(),
        reply_to: None,
    };
    let agency = begun_by.agency.clone();
    let running = act(api, |world| world.corridors()).await?;
    let running = running.iter().filter(|one| !one.state.is_over());
    let limit = api.auth.limit(&agency);
    api.custody
        .reserve(&agency, limit.corridors_max, running.map(|one| one.id))?;
    let asker = begun_by.clone();
    let opened = act(api, move |world| world.open(&request, &asker)).await;
    let custody = Custody {
        agency: agency.clone(),
        by: format!("{} + {}", begun_by.name, by.name),
        asked_priority: None,
        confidential: true,
    };
    let number = opened.as_ref().ok().map(|answer| answer.corridor);
    api.custody
        .settle(&agency, number.map(|number| (number, custody)));
    opened.map(|answer| answer.corridor)
}

/// The vehicle of a duty: a police or escort vehicle of the agency that asks.
fn vehicle_of(api: &Api, duty: &GuardDuty, by: &Principal) -> Result<VehicleStatic, Problem> {
    let city = api.world.city();
    let fits = |one: &&VehicleStatic| {
        let class = matches!(one.class, ServiceClass::Police | ServiceClass::Escort);
        class && one.agency == by.agency
    };
    let mut fitting = city.vehicles.iter().filter(fits);
    let found = fitting.clone().find(|one| one.id == duty.vehicle);
    if let Some(found) = found {
        return Ok(found.clone());
    }
    if fitting.next().is_none() {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "no-guard-vehicle",
            format!("{} has no police or escort vehicle", by.agency),
        ));
    }
    let own = city.vehicles.iter().filter(fits).map(|one| one.id.as_str());
    let own: Vec<&str> = own.collect();
    Err(Problem::fields(vec![FieldProblem::impossible(
        "vehicle",
        format!("{} is no police or escort vehicle of yours", duty.vehicle),
        own.join(", "),
    )]))
}
