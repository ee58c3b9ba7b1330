//! Corridors and previews.

use serde::Serialize;
use utoipa::ToSchema;

use super::{AdviceDto, NamesDto, Position, line, many, position, round, utc};
use crate::corridor::ServiceClass;
use crate::shell::dispatch::view::{
    ClashView, Confirmed, CorridorState, CorridorVehicle, CorridorView, CrossingState,
    CrossingView, PreviewCrossing, PreviewView, PriceView,
};
use crate::shell::dispatch::world::{Decision, OpenAnswer};
use crate::shell::partners::crew::{Message, Reader, Receipt};

/// What a vehicle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ServiceDto {
    Ambulance,
    Fire,
    Rescue,
    Police,
    PoliceEscort,
}

impl From<ServiceClass> for ServiceDto {
    fn from(class: ServiceClass) -> Self {
        match class {
            ServiceClass::Ambulance => Self::Ambulance,
            ServiceClass::Fire => Self::Fire,
            ServiceClass::Rescue => Self::Rescue,
            ServiceClass::Police => Self::Police,
            ServiceClass::Escort => Self::PoliceEscort,
        }
    }
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DecisionDto {
    Accepted,
    NeedsConfirmation,
    Queued,
}

/// The answer to a corridor request. A rejected request answers with a problem instead.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OpenAnswerDto {
    corridor_id: u32,
    decision: DecisionDto,
    reason_code: String,
    /// 1 (highest) to 5.
    effective_priority: u8,
    /// RFC 3339.
    valid_until: String,
    revision: u32,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CorridorStateDto {
    Requested,
    Confirmed,
    Staging,
    Active,
    Holding,
    Degraded,
    Releasing,
    Recovering,
    Completed,
    Cancelled,
    Expired,
    Failed,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CrossingStateDto {
    Pending,
    Requested,
    Clearing,
    GreenHeld,
    Passed,
    Released,
    Recovering,
    Unavailable,
    LocalControl,
    RefusedByGuard,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ConfirmedDto {
    CommandAck,
    LampReadback,
}

/// A corridor as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CorridorDto {
    corridor_id: u32,
    request_id: String,
    revision: u32,
    state: CorridorStateDto,
    /// Epoch of the controller that holds it.
    control_authority: u32,
    service: ServiceDto,
    priority: u8,
    vehicle_id: String,
    vehicle: Option<CorridorVehicleDto>,
    destination: NamesDto,
    /// The route, positions as `[lon, lat]`.
    #[schema(value_type = Vec<Vec<f64>>)]
    line: Vec<Position>,
    intersections: Vec<CrossingDto>,
    est_saved_s: f64,
    /// Longest wait of anyone else along the way at present.
    others_wait_s: u32,
    /// Bound on that wait.
    others_bound_s: u32,
    /// The longest waits of the others along the way, walkers and vehicles apart.
    waits: LongestWaitsDto,
    /// Agency that may act on it; empty while nobody's.
    agency: String,
    /// Who opened it.
    opened_by: String,
    /// RFC 3339.
    opened_at: Option<String>,
    /// A priority above the agency's ceiling that waits for a second person's yes.
    asked_priority: Option<u8>,
    /// Guard duty: shown to its own agency's dispatchers only.
    confidential: bool,
    /// RFC 3339.
    expires_at: String,
    warnings: Vec<AdviceDto>,
    /// What the crew was told, and the receipts; only where one corridor is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) crew: Option<Vec<CrewMessageDto>>,
    /// When the crew's page was looked at last, Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) crew_page_seen_ms: Option<i64>,
}

/// A line for the crew.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CrewMessageDto {
    number: u32,
    /// When it was sent, Unix milliseconds.
    at_ms: i64,
    reader: CrewReaderDto,
    text: NamesDto,
    state: CrewReceiptStateDto,
    /// Why it failed, as `no-answer`, `failed`, `unsupported`, `not-taken`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CrewReaderDto {
    /// The page on the crew's phone.
    Page,
    /// The vehicle's own terminal, by JT/T 808.
    Terminal,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CrewReceiptStateDto {
    /// Sent; no receipt yet.
    Sent,
    /// The crew pressed "received", or the terminal answered that it took the text.
    Received,
    Failed,
}

impl From<&Message> for CrewMessageDto {
    fn from(message: &Message) -> Self {
        let (state, reason) = match message.receipt {
            Receipt::Sent => (CrewReceiptStateDto::Sent, None),
            Receipt::Received => (CrewReceiptStateDto::Received, None),
            Receipt::Failed(why) => (CrewReceiptStateDto::Failed, Some(why)),
        };
        Self {
            number: message.number,
            at_ms: message.at_ms,
            reader: match message.reader {
                Reader::Page => CrewReaderDto::Page,
                Reader::Terminal => CrewReaderDto::Terminal,
            },
            text: (&message.text).into(),
            state,
            reason,
        }
    }
}

/// Longest waits with their bounds.
#[expect(
    clippy::struct_field_names,
    reason = "the unit is part of a name on the wire"
)]
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LongestWaitsDto {
    walkers_s: u32,
    walkers_bound_s: u32,
    vehicles_s: u32,
    vehicles_bound_s: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CorridorVehicleDto {
    #[schema(value_type = Vec<f64>)]
    at: Position,
    speed_mps: f64,
    age_ms: u32,
    /// Next signal, by site id.
    next: Option<String>,
    eta_s: Option<f64>,
    /// One drive in ten is there before.
    eta_p10_s: Option<f64>,
    /// Nine drives in ten are there by then.
    eta_p90_s: Option<f64>,
    on_route: bool,
}

/// One signal of a corridor.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CrossingDto {
    /// Site id.
    id: String,
    /// From 1.
    order: usize,
    approach: String,
    movement: String,
    state: CrossingStateDto,
    eta_s: Option<f64>,
    eta_err_s: f64,
    /// Unix milliseconds.
    green_at_ms: Option<i64>,
    /// Unix milliseconds.
    hold_until_ms: Option<i64>,
    /// Green may be told to a crew on `lamp_readback` only.
    confirmed_by: Option<ConfirmedDto>,
    /// True if green comes later than the vehicle's braking point.
    late: bool,
    /// By how much, seconds.
    late_by_s: u32,
    /// One drive in ten is there before.
    eta_p10_s: Option<f64>,
    /// The corridor that goes first here: expect red.
    refused_by: Option<u32>,
    /// What the vehicle waits for it.
    wait_s: u32,
    fault: Option<NamesDto>,
}

/// What a corridor would do and cost.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviewDto {
    /// The route, positions as `[lon, lat]`.
    #[schema(value_type = Vec<Vec<f64>>)]
    line: Vec<Position>,
    destination: NamesDto,
    length_m: f64,
    free_flow_s: f64,
    with_key_s: f64,
    without_key_s: f64,
    /// What the key saves in one run of two, or more.
    saved_s: f64,
    /// Time with the key that nine runs in ten keep; `with_key_s` is kept by one in two.
    with_key_p90_s: f64,
    /// Time without it that nine runs in ten keep.
    without_key_p90_s: f64,
    /// Runs of this kind in this city that the times are corrected by; without any the times are wide.
    corrected_by_runs: u32,
    intersections: Vec<PreviewCrossingDto>,
    price: PriceDto,
    /// Other corridors that want the same signals at the same time.
    conflicts: Vec<ClashDto>,
    advice: Vec<AdviceDto>,
    /// At most three other ways to the same place, each with its own figures.
    #[schema(no_recursion)]
    alternatives: Vec<PreviewDto>,
}

/// Another corridor wants a signal of the way at the same time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClashDto {
    /// Site id.
    site: String,
    corridor_id: u32,
    /// The other one goes first: expect red.
    other_first: bool,
}

/// What others pay.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PriceDto {
    /// Extra vehicle-seconds of waiting: more in one run of two. Below zero if others gain.
    delay_veh_s: f64,
    /// Nine runs in ten cost no less than this ...
    delay_low_veh_s: f64,
    /// ... and no more than this.
    delay_high_veh_s: f64,
    vehicles: u32,
    walkers: u32,
    wait_max_s: f64,
    wait_max_site: String,
    /// Bound that no wait may break.
    bound_s: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviewCrossingDto {
    id: String,
    order: usize,
    approach: String,
    movement: String,
    eta_s: f64,
    /// The vehicle is there by then in nine runs of ten.
    eta_p90_s: f64,
    /// Latest safe start of the change to green, seconds from now.
    latest_start_s: f64,
    /// Time the queue needs to clear.
    flush_s: f64,
    queue_vehicles: u16,
    hold_s: f64,
    /// Added delay of others at this signal, vehicle-seconds.
    price_veh_s: f64,
    /// Why the signal cannot be had, if so.
    unavailable: Option<NamesDto>,
}

impl From<&OpenAnswer> for OpenAnswerDto {
    fn from(answer: &OpenAnswer) -> Self {
        Self {
            corridor_id: answer.corridor,
            decision: match answer.decision {
                Decision::Accepted => DecisionDto::Accepted,
                Decision::NeedsConfirmation => DecisionDto::NeedsConfirmation,
                Decision::Queued => DecisionDto::Queued,
            },
            reason_code: answer.reason.clone(),
            effective_priority: answer.effective_priority,
            valid_until: utc(answer.valid_until_ms),
            revision: answer.revision,
        }
    }
}

impl From<&CorridorView> for CorridorDto {
    fn from(corridor: &CorridorView) -> Self {
        let crossings = corridor.crossings.iter().zip(1..);
        Self {
            corridor_id: corridor.id,
            request_id: corridor.request_id.clone(),
            revision: corridor.revision,
            state: state(corridor.state),
            control_authority: corridor.control_authority,
            service: corridor.class.into(),
            priority: corridor.priority,
            vehicle_id: corridor.vehicle_id.clone(),
            vehicle: corridor.vehicle.as_ref().map(CorridorVehicleDto::from),
            destination: (&corridor.destination).into(),
            line: line(&corridor.line),
            intersections: crossings.map(|(one, order)| crossing(one, order)).collect(),
            est_saved_s: round(corridor.est_saved_s, 10.0),
            others_wait_s: corridor.others_wait_s,
            others_bound_s: corridor.others_bound_s,
            waits: LongestWaitsDto {
                walkers_s: corridor.waits.walkers_s,
                walkers_bound_s: corridor.waits.walkers_bound_s,
                vehicles_s: corridor.waits.vehicles_s,
                vehicles_bound_s: corridor.waits.vehicles_bound_s,
            },
            agency: corridor.owner.agency.clone(),
            opened_by: corridor.owner.by.clone(),
            opened_at: corridor.owner.opened_ms.map(utc),
            asked_priority: corridor.owner.asked_priority,
            confidential: corridor.owner.confidential,
            expires_at: utc(corridor.expires_ms),
            warnings: many(&corridor.warnings),
            crew: None,
            crew_page_seen_ms: None,
        }
    }
}

fn state(state: CorridorState) -> CorridorStateDto {
    match state {
        CorridorState::Requested => CorridorStateDto::Requested,
        CorridorState::Confirmed => CorridorStateDto::Confirmed,
        CorridorState::Staging => CorridorStateDto::Staging,
        CorridorState::Active => CorridorStateDto::Active,
        CorridorState::Holding => CorridorStateDto::Holding,
        CorridorState::Degraded => CorridorStateDto::Degraded,
        CorridorState::Releasing => CorridorStateDto::Releasing,
        CorridorState::Recovering => CorridorStateDto::Recovering,
        CorridorState::Completed => CorridorStateDto::Completed,
        CorridorState::Cancelled => CorridorStateDto::Cancelled,
        CorridorState::Expired => CorridorStateDto::Expired,
        CorridorState::Failed => CorridorStateDto::Failed,
    }
}

fn crossing(one: &CrossingView, order: usize) -> CrossingDto {
    CrossingDto {
        id: one.site.clone(),
        order,
        approach: one.approach.clone(),
        movement: one.movement.clone(),
        state: crossing_state(one.state),
        eta_s: one.eta_s.map(|eta| round(eta, 10.0)),
        eta_err_s: round(one.eta_err_s, 10.0),
        green_at_ms: one.green_at_ms,
        hold_until_ms: one.hold_until_ms,
        confirmed_by: one.confirmed_by.map(|by| match by {
            Confirmed::CommandAck => ConfirmedDto::CommandAck,
            Confirmed::LampReadback => ConfirmedDto::LampReadback,
        }),
        late: one.late,
        late_by_s: one.late_by_s,
        eta_p10_s: one.eta_early_s.map(|eta| round(eta, 10.0)),
        refused_by: one.refused_by,
        wait_s: one.wait_s,
        fault: one.fault.as_ref().map(NamesDto::from),
    }
}

fn crossing_state(state: CrossingState) -> CrossingStateDto {
    match state {
        CrossingState::Pending => CrossingStateDto::Pending,
        CrossingState::Requested => CrossingStateDto::Requested,
        CrossingState::Clearing => CrossingStateDto::Clearing,
        CrossingState::GreenHeld => CrossingStateDto::GreenHeld,
        CrossingState::Passed => CrossingStateDto::Passed,
        CrossingState::Released => CrossingStateDto::Released,
        CrossingState::Recovering => CrossingStateDto::Recovering,
        CrossingState::Unavailable => CrossingStateDto::Unavailable,
        CrossingState::LocalControl => CrossingStateDto::LocalControl,
        CrossingState::RefusedByGuard => CrossingStateDto::RefusedByGuard,
    }
}

impl From<&CorridorVehicle> for CorridorVehicleDto {
    fn from(vehicle: &CorridorVehicle) -> Self {
        Self {
            at: position(vehicle.at),
            speed_mps: round(vehicle.speed_mps, 10.0),
            age_ms: vehicle.age_ms,
            next: vehicle.next.clone(),
            eta_s: vehicle.eta_s.map(|eta| round(eta, 10.0)),
            eta_p10_s: vehicle.arrival_s.map(|(early, _)| round(early, 10.0)),
            eta_p90_s: vehicle.arrival_s.map(|(_, late)| round(late, 10.0)),
            on_route: vehicle.on_route,
        }
    }
}

impl From<&PreviewView> for PreviewDto {
    fn from(preview: &PreviewView) -> Self {
        let crossings = preview.crossings.iter().zip(1..);
        Self {
            line: line(&preview.line),
            destination: (&preview.destination).into(),
            length_m: preview.length_m.round(),
            free_flow_s: round(preview.free_flow_s, 10.0),
            with_key_s: round(preview.with_key_s, 10.0),
            without_key_s: round(preview.without_key_s, 10.0),
            saved_s: round(preview.saved_s, 10.0),
            with_key_p90_s: round(preview.arrival.with_key_p90_s, 10.0),
            without_key_p90_s: round(preview.arrival.without_key_p90_s, 10.0),
            corrected_by_runs: preview.runs,
            intersections: crossings.map(|(one, order)| foreseen(one, order)).collect(),
            price: (&preview.price).into(),
            conflicts: many(&preview.clashes),
            advice: many(&preview.advice),
            alternatives: many(&preview.alternatives),
        }
    }
}

impl From<&ClashView> for ClashDto {
    fn from(clash: &ClashView) -> Self {
        Self {
            site: clash.site.clone(),
            corridor_id: clash.corridor,
            other_first: clash.other_first,
        }
    }
}

impl From<&PriceView> for PriceDto {
    fn from(price: &PriceView) -> Self {
        Self {
            delay_veh_s: price.delay_veh_s.round(),
            delay_low_veh_s: price.delay_low_veh_s.round(),
            delay_high_veh_s: price.delay_high_veh_s.round(),
            vehicles: price.vehicles,
            walkers: price.walkers,
            wait_max_s: round(price.wait_max_s, 10.0),
            wait_max_site: price.wait_max_site.clone(),
            bound_s: price.bound_s,
        }
    }
}

fn foreseen(one: &PreviewCrossing, order: usize) -> PreviewCrossingDto {
    PreviewCrossingDto {
        id: one.site.clone(),
        order,
        approach: one.approach.clone(),
        movement: one.movement.clone(),
        eta_s: round(one.eta_s, 10.0),
        eta_p90_s: round(one.eta_p90_s, 10.0),
        latest_start_s: round(one.latest_start_s, 10.0),
        flush_s: round(one.flush_s, 10.0),
        queue_vehicles: one.queue,
        hold_s: round(one.hold_s, 10.0),
        price_veh_s: one.price_veh_s.round(),
        unavailable: one.unavailable.as_ref().map(NamesDto::from),
    }
}
