//! The corridor routes. Opening one is idempotent: see the ledger.

use alloc::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::Api;
use super::allow_list;
use super::auth::{Principal, Role};
use super::bodies;
use super::custody::{Custody, no_such};
use super::dto::corridor::{CorridorDto, OpenAnswerDto, PreviewDto};
use super::dto::requests::{
    CorridorRequestDto, ExtendDto, HandoverDto, PreviewRequestDto, RerouteDto, SiteRefDto,
};
use super::fields::JsonBody;
use super::handlers::act;
use super::ledger::{Answer, Known, NotEntered, broke_off};
use super::partners::with_crew;
use super::problem::Problem;
use super::world::{
    CityStatic, CorridorChange, CorridorRequest, CorridorView, Decision, OpenAnswer,
};

type Answered = Result<Json<CorridorDto>, Problem>;

/// A corridor with what the desk knows of it.
fn answered(api: &Api, corridor: CorridorView) -> Json<CorridorDto> {
    Json((&api.desk.owned(corridor, api.now_ms())).into())
}

/// What a corridor would do and cost, without doing it.
#[utoipa::path(post, path = "/api/v1/previews", tag = "corridors",
    request_body = PreviewRequestDto,
    responses((status = 200, body = PreviewDto), (status = 400, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn preview(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    JsonBody(body): JsonBody,
) -> Result<Json<PreviewDto>, Problem> {
    let request = bodies::preview(&body)?;
    if !api.may_name(&request.vehicle, &by) {
        return Err(no_vehicle(&request.vehicle));
    }
    let preview = act(&api, move |world| world.preview(&request)).await?;
    Ok(Json((&preview).into()))
}

/// As if it were not on the allow-list: a partner learns nothing of other agencies' vehicles.
fn no_vehicle(vehicle: &str) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "no-such-vehicle",
        format!("{vehicle} is not on the allow-list"),
    )
}

/// Opens a corridor: the key.
#[utoipa::path(post, path = "/api/v1/corridors", tag = "corridors",
    request_body = CorridorRequestDto,
    responses((status = 201, body = OpenAnswerDto), (status = 400, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 413, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem)))]
pub(super) async fn open(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<OpenAnswerDto>), Problem> {
    let body = bodies::in_lower_case(body);
    let (key, answer, request) = match known(&api, &by, &body)? {
        Some(answer) => {
            // Waits if the first press is being answered; before that, or if it broke off, there is
            // no answer yet, and none is made up in its place.
            let never = || async { Err(broke_off()) };
            let answer = answer.get_or_try_init(never).await?.clone()?;
            return Ok((StatusCode::CREATED, Json((&answer).into())));
        }
        None => enter(&api, &by, body).await?,
    };
    let ask = || async {
        let answer = press(&api, request, &by).await;
        let (ledger, key) = (Arc::clone(&api), key.clone());
        let kept = answer.clone();
        // The store has the answer before the caller has it.
        let keep = move || ledger.ledger.keep(&key, &kept);
        if let Err(error) = tokio::task::spawn_blocking(keep).await {
            tracing::error!(%error, "an answer could not be kept");
        }
        answer
    };
    let made = answer.get_or_init(ask).await.clone();
    made.map(|answer| (StatusCode::CREATED, Json((&answer).into())))
}

/// Opens the corridor within what the agency may ask for.
async fn press(
    api: &Arc<Api>,
    mut request: CorridorRequest,
    by: &Principal,
) -> Result<OpenAnswer, Problem> {
    let limit = api.auth.limit(&by.agency);
    let running = act(api, |world| world.corridors()).await?;
    let running = running.iter().filter(|one| !one.state.is_over());
    let running = running.map(|one| one.id);
    api.custody
        .reserve(&by.agency, limit.corridors_max, running)?;
    // The highest priority is 1: above the ceiling is a smaller number.
    let asked = request.priority;
    let above = asked < limit.priority_ceiling;
    request.priority = asked.max(limit.priority_ceiling);
    let reply_to = request.reply_to.take();
    let asker = by.clone();
    let opened = act(api, move |world| world.open(&request, &asker)).await;
    let custody = Custody {
        agency: by.agency.clone(),
        by: by.name.clone(),
        asked_priority: above.then_some(asked),
        confidential: false,
    };
    let number = opened.as_ref().ok().map(|answer| answer.corridor);
    if let (Some(corridor), Some(target)) = (number, &reply_to) {
        api.partners.reply_to(corridor, target);
    }
    api.custody
        .settle(&by.agency, number.map(|number| (number, custody)));
    opened.map(|answer| {
        if above {
            // An emergency does not wait for a signature: it runs at the ceiling meanwhile.
            OpenAnswer {
                decision: Decision::NeedsConfirmation,
                reason: "above-ceiling".to_owned(),
                ..answer
            }
        } else {
            answer
        }
    })
}

/// The answer of an earlier press with the same id and body.
fn known(api: &Api, by: &Principal, body: &Map<String, Value>) -> Result<Option<Answer>, Problem> {
    let Some(id) = bodies::request_id(body) else {
        return Ok(None);
    };
    match api.ledger.look(&ledger_key(by, &id), body) {
        Known::New => Ok(None),
        Known::Same(answer) => Ok(Some(answer)),
        Known::Other => Err(Problem::new(
            StatusCode::CONFLICT,
            "request-id-reused",
            "this request_id was used with another body; nothing was changed",
        )),
    }
}

async fn enter(
    api: &Arc<Api>,
    by: &Principal,
    body: Map<String, Value>,
) -> Result<(String, Answer, CorridorRequest), Problem> {
    let mut replies = api.auth.reply_targets(&by.agency);
    replies.extend(api.partners.reply_targets(&by.agency));
    let from = bodies::Caller {
        by,
        replies: &replies,
        notes: api.partners.notes,
    };
    let (request, nonce) = bodies::corridor(&body, &from, api.now_ms())?;
    allow_list::check(&request, &api.world.city())?;
    let key = ledger_key(by, &request.request_id);
    let (ledger, entry) = (Arc::clone(api), key.clone());
    let enter = move || {
        let now_ms = ledger.now_ms();
        ledger.ledger.enter((&entry, &nonce), &body, now_ms)
    };
    match tokio::task::spawn_blocking(enter).await {
        Ok(Ok(answer)) => Ok((key, answer, request)),
        Ok(Err(NotEntered::Nonce)) => Err(Problem::new(
            StatusCode::CONFLICT,
            "nonce-reused",
            "this nonce was used by another request; nothing was changed",
        )),
        Ok(Err(NotEntered::Store)) | Err(_) => Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "store",
            "the request could not be entered, so nothing was done; use the console's manual acts",
        )),
    }
}

fn ledger_key(by: &Principal, request_id: &str) -> String {
    format!("{}/{request_id}", by.agency)
}

/// Corridors that are not over, and those that ended a moment ago.
#[utoipa::path(get, path = "/api/v1/corridors", tag = "corridors",
    responses((status = 200, body = [CorridorDto]), (status = 401, body = Problem)))]
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
) -> Result<Json<Vec<CorridorDto>>, Problem> {
    let mut corridors = act(&api, |world| world.corridors()).await?;
    corridors.retain(|one| api.custody.may_see(one.id, &by));
    let corridors = corridors.into_iter().map(|one| answered(&api, one).0);
    Ok(Json(corridors.collect()))
}

/// One corridor.
#[utoipa::path(get, path = "/api/v1/corridors/{id}", tag = "corridors",
    params(("id" = u32, Path, description = "corridor number")),
    responses((status = 200, body = CorridorDto), (status = 404, body = Problem)))]
pub(super) async fn one(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    Path(id): Path<String>,
) -> Answered {
    let id = number(&id)?;
    if !api.custody.may_see(id, &by) {
        return Err(no_such(id));
    }
    let corridor = act(&api, move |world| world.corridor(id)).await?;
    let Json(corridor) = answered(&api, corridor);
    Ok(Json(with_crew(&api, corridor, id)))
}

/// Ends a corridor.
#[utoipa::path(post, path = "/api/v1/corridors/{id}/cancel", tag = "corridors",
    params(("id" = u32, Path, description = "corridor number")),
    responses((status = 200, body = CorridorDto), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn cancel(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    Path(id): Path<String>,
) -> Answered {
    let id = number(&id)?;
    api.custody.check(id, &by)?;
    let corridor = act(&api, move |world| world.cancel(id, &by)).await?;
    Ok(answered(&api, corridor))
}

/// A second person's yes to a priority above the agency's ceiling.
#[utoipa::path(post, path = "/api/v1/corridors/{id}/confirm", tag = "corridors",
    params(("id" = u32, Path, description = "corridor number")),
    responses((status = 200, body = CorridorDto), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn confirm(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    Path(id): Path<String>,
) -> Answered {
    let id = number(&id)?;
    let custody = api.custody.of(id);
    let Some((asker, priority)) = custody.and_then(|one| Some((one.by, one.asked_priority?)))
    else {
        let corridor = act(&api, move |world| world.confirm(id, &by)).await?;
        return Ok(answered(&api, corridor));
    };
    if asker == by.name {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "same-person",
            "whoever opened the corridor cannot confirm it",
        ));
    }
    if api.auth.limit(&by.agency).priority_ceiling > priority {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "above-ceiling",
            format!(
                "priority {priority} is above the ceiling of {} too",
                by.agency
            ),
        ));
    }
    let change = CorridorChange::Priority(priority);
    let corridor = act(&api, move |world| world.change(id, &change, &by)).await?;
    api.custody.confirmed(id);
    Ok(answered(&api, corridor))
}

/// The second person's no to a priority above the ceiling: the corridor goes on at its agency's
/// ceiling.
#[utoipa::path(post, path = "/api/v1/corridors/{id}/refuse", tag = "corridors",
    params(("id" = u32, Path, description = "corridor number")),
    responses((status = 200, body = CorridorDto), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn refuse(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    Path(id): Path<String>,
) -> Answered {
    let id = number(&id)?;
    if !api.custody.may_see(id, &by) {
        return Err(no_such(id));
    }
    let corridor = act(&api, move |world| world.corridor(id)).await?;
    let asked = api.custody.of(id).and_then(|one| one.asked_priority);
    if asked.is_none() {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "nothing-to-confirm",
            "this corridor waits for nobody's answer",
        ));
    }
    api.custody.confirmed(id);
    Ok(answered(&api, corridor))
}

/// Leads a running corridor another way, or to another destination, from where the vehicle is.
#[utoipa::path(post, path = "/api/v1/corridors/{id}/route", tag = "corridors",
    params(("id" = u32, Path, description = "corridor number")), request_body = RerouteDto,
    responses((status = 200, body = CorridorDto), (status = 400, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn update_route(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Answered {
    let (id, change) = (number(&id)?, bodies::reroute(&body)?);
    api.custody.check(id, &by)?;
    let corridor = act(&api, move |world| world.change(id, &change, &by)).await?;
    Ok(answered(&api, corridor))
}

/// Gives a corridor into another agency's hands; the signals notice nothing.
#[utoipa::path(post, path = "/api/v1/corridors/{id}/handover", tag = "corridors",
    params(("id" = u32, Path, description = "corridor number")), request_body = HandoverDto,
    responses((status = 200, body = CorridorDto), (status = 400, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn hand_over(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Answered {
    let agencies = agencies(&api.world.city());
    let (id, agency) = (number(&id)?, bodies::handover(&body, &agencies)?);
    api.custody.check(id, &by)?;
    let corridor = act(&api, move |world| world.corridor(id)).await?;
    if corridor.state.is_over() {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "corridor-over",
            "a corridor that is over stays whose it was",
        ));
    }
    api.custody.hand_over(id, &agency);
    Ok(answered(&api, corridor))
}

/// The agencies that have vehicles.
pub(super) fn agencies(city: &CityStatic) -> Vec<String> {
    let agencies = city.vehicles.iter().map(|one| one.agency.clone());
    let agencies: std::collections::BTreeSet<String> = agencies.collect();
    agencies.into_iter().collect()
}

/// Moves the expiry, never past the maximum.
#[utoipa::path(post, path = "/api/v1/corridors/{id}/extend", tag = "corridors",
    params(("id" = u32, Path, description = "corridor number")), request_body = ExtendDto,
    responses((status = 200, body = CorridorDto), (status = 400, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn extend(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Answered {
    let (id, until_ms) = (number(&id)?, bodies::extend(&body, api.now_ms())?);
    api.custody.check(id, &by)?;
    let corridor = act(&api, move |world| world.extend(id, until_ms, &by)).await?;
    Ok(answered(&api, corridor))
}

/// Takes one signal out of the corridor; it returns to its plan at once.
#[utoipa::path(post, path = "/api/v1/corridors/{id}/take-out", tag = "corridors",
    params(("id" = u32, Path, description = "corridor number")), request_body = SiteRefDto,
    responses((status = 200, body = CorridorDto), (status = 400, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn take_out(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Answered {
    let (id, site) = (number(&id)?, bodies::site(&body)?);
    // An engineer answers for the signal, whosever corridor it is.
    if !by.holds_any(&[Role::Engineer]) {
        api.custody.check(id, &by)?;
    }
    let corridor = act(&api, move |world| world.take_out(id, &site, &by)).await?;
    Ok(answered(&api, corridor))
}

/// The crew has passed a signal.
#[utoipa::path(post, path = "/api/v1/corridors/{id}/passed", tag = "corridors",
    params(("id" = u32, Path, description = "corridor number")), request_body = SiteRefDto,
    responses((status = 200, body = CorridorDto), (status = 400, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn passed(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Answered {
    let (id, site) = (number(&id)?, bodies::site(&body)?);
    api.custody.check(id, &by)?;
    let corridor = act(&api, move |world| world.passed(id, &site, &by)).await?;
    Ok(answered(&api, corridor))
}

pub(super) fn number(id: &str) -> Result<u32, Problem> {
    id.parse().map_err(|_| no_such(id))
}
