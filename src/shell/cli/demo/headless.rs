//! The demo told to itself: press the key over HTTP, let the ambulance drive, give an account.

use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::Failure;
use super::super::args::Demo;
use super::super::out::say;
use super::Stage;
use super::http::post;
use super::result::{Account, account};
use crate::ids::CorridorId;
use crate::kernel::Mode;
use crate::network::Route;
use crate::shell::emulated_city::StreetOrder;
use crate::shell::missions::Mission;
use crate::shell::twin::Twin;
use crate::sim::Dispatch;

/// Cabinets that have not come up by then will not.
const UP_WITHIN: Duration = Duration::from_mins(1);
/// After every cabinet has come up, the plans run this long before anything is counted.
const SETTLE: Duration = Duration::from_secs(20);
/// From the key to the vehicle's departure.
const DEPARTS_AFTER: Duration = Duration::from_secs(8);

/// The mission that the demo drives.
const MISSION: &str = "demo";
/// The vehicle of the demo.
const VEHICLE: &str = "A120";

pub(super) fn run(mut stage: Stage, options: &Demo) -> Result<(), Failure> {
    let began = Instant::now();
    let bar = ProgressBar::new(u64::from(options.seconds));
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} s  {msg}") {
        bar.set_style(style);
    }
    bar.set_message("cabinets come up");
    wait_for_all(&mut stage)?;
    order(&stage, StreetOrder::Go)?;
    sleep_until(&mut stage, (began, began.elapsed() + SETTLE), &bar)?;
    let world = Arc::clone(&stage.station.world);
    let mission = world
        .missions()
        .iter()
        .find(|mission| mission.id == MISSION)
        .cloned();
    let mission = mission.ok_or_else(|| Failure::Runtime(format!("no mission {MISSION}")))?;
    let planner = world.planner();
    let route = planner
        .route((mission.from, mission.to), planner.size_of(mission.class))
        .map_err(|why| Failure::runtime(&why))?;
    order(&stage, StreetOrder::Recount)?;
    let twin = world
        .newest()
        .and_then(|picture| Some(Twin::of(&picture, stage.street.copy()?)));
    let mut corridor = None;
    if options.press_key || options.no_key {
        if options.press_key {
            bar.set_message("the key");
            corridor = Some(press(&stage, &mission)?);
        }
        sleep_until(&mut stage, (began, began.elapsed() + DEPARTS_AFTER), &bar)?;
        bar.set_message("the ambulance drives");
        send(&stage, &route, &mission)?;
    }
    let end = Duration::from_secs(u64::from(options.seconds));
    sleep_until(&mut stage, (began, end), &bar)?;
    bar.finish_and_clear();
    let result = account(&Account {
        stage: &stage,
        route: &route,
        mission: &mission,
        corridor,
        twin,
        vehicle: VEHICLE,
        departs: DEPARTS_AFTER,
    });
    stage.station.stop();
    if options.json {
        say(&result.to_string());
    } else {
        say(&serde_json::to_string_pretty(&result).unwrap_or_default());
    }
    Ok(())
}

fn wait_for_all(stage: &mut Stage) -> Result<(), Failure> {
    let began = Instant::now();
    while began.elapsed() < UP_WITHIN {
        if let Some(picture) = stage.station.world.newest() {
            let sites = picture.city.sites();
            if sites
                .iter()
                .all(|site| site.kernel().mode() == Mode::Normal)
            {
                return Ok(());
            }
        }
        pause(stage)?;
    }
    let missing: Vec<String> = stage
        .station
        .world
        .newest()
        .map_or_else(Vec::new, |picture| {
            let sites = picture.city.sites().iter().zip(picture.city.plans().iter());
            let down = sites.filter(|(site, _)| site.kernel().mode() != Mode::Normal);
            down.map(|(site, plan)| {
                format!(
                    "{} {:?} {:?}",
                    plan.id,
                    site.kernel().mode(),
                    site.kernel().faults()
                )
            })
            .collect()
        });
    Err(Failure::Runtime(format!(
        "cabinets that did not come up: {}",
        missing.join("; ")
    )))
}

/// A headless run lives in real time; who ends it early gets no account.
fn pause(stage: &mut Stage) -> Result<(), Failure> {
    if stage.is_told_to_stop(Duration::from_millis(100)) {
        let why =
            "told to stop before the run was over; every cabinet was handed to its local plan";
        return Err(Failure::Runtime(why.to_owned()));
    }
    Ok(())
}

/// Lets the run go on until `until` after its beginning.
fn sleep_until(
    stage: &mut Stage,
    (began, until): (Instant, Duration),
    bar: &ProgressBar,
) -> Result<(), Failure> {
    while began.elapsed() < until {
        bar.set_position(began.elapsed().as_secs());
        pause(stage)?;
    }
    Ok(())
}

fn order(stage: &Stage, order: StreetOrder) -> Result<(), Failure> {
    if stage.street.order(order) {
        Ok(())
    } else {
        Err(Failure::Runtime("the virtual street has ended".to_owned()))
    }
}

fn send(stage: &Stage, route: &Route, mission: &Mission) -> Result<(), Failure> {
    let drive = Dispatch::along(&stage.loaded.graph, route, VEHICLE, mission.class);
    order(stage, StreetOrder::Dispatch(drive))
}

/// Presses the key as a dispatch system does: one POST to the API.
fn press(stage: &Stage, mission: &Mission) -> Result<CorridorId, Failure> {
    let bearer = stage.station.bearer()?;
    let (status, answer) = post(
        stage.station.bound,
        "/api/v1/corridors",
        &bearer,
        &request(stage, mission)?,
    )
    .map_err(Failure::Runtime)?;
    let corridor = answer.get("corridor_id").and_then(Value::as_u64);
    match corridor.and_then(|id| u32::try_from(id).ok()) {
        Some(id) if status == 201 => Ok(CorridorId::new(id)),
        Some(_) | None => Err(Failure::Runtime(format!(
            "the key was refused: {status} {answer}"
        ))),
    }
}

fn request(stage: &Stage, mission: &Mission) -> Result<Value, Failure> {
    let now = Timestamp::now();
    let end = now
        .checked_add(jiff::SignedDuration::from_mins(20))
        .map_err(|why| Failure::runtime(&why))?;
    let mut nonce = [0_u8; 16];
    getrandom::fill(&mut nonce).map_err(|why| Failure::Runtime(why.to_string()))?;
    let hex = format!("{:032x}", u128::from_be_bytes(nonce));
    let ms = u64::try_from(now.as_millisecond()).unwrap_or_default();
    let id = format!(
        "{:08x}-{:04x}-7{}-8{}-{}",
        ms >> 16,
        ms & 0xffff,
        hex.get(0..3).unwrap_or_default(),
        hex.get(3..6).unwrap_or_default(),
        hex.get(6..18).unwrap_or_default()
    );
    let principal = super::super::station::operator(stage.station.agency.clone());
    Ok(json!({
        "request_id": id,
        "issued_at": now.to_string(),
        "nonce": hex,
        "agency": principal.agency,
        "source_system": principal.source_system,
        "operator_id": "headless",
        "incident_id": "demo",
        "service": mission.class.word(),
        "stage": "to_hospital",
        "priority": 1,
        "lights_siren": true,
        "vehicle": { "id": VEHICLE, "length_m": 6.0, "convoy_n": 1 },
        "origin": "live",
        "destination": { "facility_id": mission.place },
        "expires_at": end.to_string(),
    }))
}
