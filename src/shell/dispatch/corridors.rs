//! The corridor routes. Opening one is idempotent: see the ledger.

use alloc::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::Api;
use super::allow_list;
use super::auth::Principal;
use super::bodies;
use super::dto::corridor::{CorridorDto, OpenAnswerDto, PreviewDto};
use super::dto::requests::{CorridorRequestDto, ExtendDto, PreviewRequestDto, SiteRefDto};
use super::fields::JsonBody;
use super::handlers::act;
use super::ledger::{Answer, Known};
use super::problem::Problem;
use super::world::CorridorRequest;

type Answered = Result<Json<CorridorDto>, Problem>;

/// What a corridor would do and cost, without doing it.
#[utoipa::path(post, path = "/api/v1/previews", tag = "corridors",
    request_body = PreviewRequestDto,
    responses((status = 200, body = PreviewDto), (status = 400, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn preview(
    State(api): State<Arc<Api>>,
    JsonBody(body): JsonBody,
) -> Result<Json<PreviewDto>, Problem> {
    let request = bodies::preview(&body)?;
    let preview = act(&api, move |world| world.preview(&request)).await?;
    Ok(Json((&preview).into()))
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
            // Waits if the first press is still being answered.
            let never = || async { Err(still_open()) };
            let answer = answer.get_or_init(never).await.clone()?;
            return Ok((StatusCode::CREATED, Json((&answer).into())));
        }
        None => enter(&api, &by, &body)?,
    };
    let ask = || async { act(&api, move |world| world.open(&request, &by)).await };
    let made = answer.get_or_init(ask).await.clone();
    if made
        .as_ref()
        .is_err_and(|problem| is_passing(problem.status))
    {
        api.ledger.forget(&key);
    }
    made.map(|answer| (StatusCode::CREATED, Json((&answer).into())))
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

fn enter(
    api: &Api,
    by: &Principal,
    body: &Map<String, Value>,
) -> Result<(String, Answer, CorridorRequest), Problem> {
    let (request, nonce) = bodies::corridor(body, by, api.now_ms())?;
    allow_list::check(&request, &api.world.city())?;
    let key = ledger_key(by, &request.request_id);
    let Some(answer) = api.ledger.enter(&key, &nonce, body) else {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "nonce-reused",
            "this nonce was used by another request; nothing was changed",
        ));
    };
    Ok((key, answer, request))
}

fn ledger_key(by: &Principal, request_id: &str) -> String {
    format!("{}/{request_id}", by.agency)
}

/// The first press broke off before it was answered.
fn still_open() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "unanswered",
        "the first press with this request_id broke off; look at the list of corridors",
    )
}

/// True for a refusal that may be gone at the next try.
fn is_passing(status: u16) -> bool {
    status == 429 || status >= 500
}

/// Corridors that are not over, and those that ended a moment ago.
#[utoipa::path(get, path = "/api/v1/corridors", tag = "corridors",
    responses((status = 200, body = [CorridorDto]), (status = 401, body = Problem)))]
pub(super) async fn list(State(api): State<Arc<Api>>) -> Result<Json<Vec<CorridorDto>>, Problem> {
    let corridors = act(&api, |world| world.corridors()).await?;
    Ok(Json(super::dto::many(&corridors)))
}

/// One corridor.
#[utoipa::path(get, path = "/api/v1/corridors/{id}", tag = "corridors",
    params(("id" = u32, Path, description = "corridor number")),
    responses((status = 200, body = CorridorDto), (status = 404, body = Problem)))]
pub(super) async fn one(State(api): State<Arc<Api>>, Path(id): Path<String>) -> Answered {
    let id = number(&id)?;
    let corridor = act(&api, move |world| world.corridor(id)).await?;
    Ok(Json((&corridor).into()))
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
    let corridor = act(&api, move |world| world.cancel(id, &by)).await?;
    Ok(Json((&corridor).into()))
}

/// A second person's yes.
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
    let corridor = act(&api, move |world| world.confirm(id, &by)).await?;
    Ok(Json((&corridor).into()))
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
    let corridor = act(&api, move |world| world.extend(id, until_ms, &by)).await?;
    Ok(Json((&corridor).into()))
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
    let corridor = act(&api, move |world| world.take_out(id, &site, &by)).await?;
    Ok(Json((&corridor).into()))
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
    let corridor = act(&api, move |world| world.passed(id, &site, &by)).await?;
    Ok(Json((&corridor).into()))
}

pub(super) fn number(id: &str) -> Result<u32, Problem> {
    id.parse().map_err(|_| no_such(id))
}

fn no_such(id: &str) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no-such-corridor",
        format!("there is no corridor {id}"),
    )
}
