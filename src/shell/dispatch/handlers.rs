//! What the routes do: read the request, ask the world, write the answer.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::accounts;
use super::audited::with_about;
use super::auth::{Principal, SESSION_LIFE, SignedIn};
use super::bodies;
use super::dto::city::{CityDto, PlaceDto, VehicleDto};
use super::dto::decision::DecisionDto;
use super::dto::live::{SiteDetailDto, SnapshotDto, StatusDto};
use super::dto::requests::{ManualRequestDto, PositionDto, SignInDto};
use super::fields::JsonBody;
use super::live::with_alarms;
use super::problem::Problem;
use super::routes::{COOKIE, session_cookie};
use super::two_step::act::SIGNALS_ALONE_MAX;
use super::world::{Refusal, World};
use crate::shell::partners::gazetteer::FOUND_MAX;

/// Letters of a search for a place.
const SEARCH_MAX: usize = 64;

/// That the program is alive.
#[derive(Serialize, ToSchema)]
pub(crate) struct HealthDto {
    /// Always `alive`.
    status: &'static str,
    version: &'static str,
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionDto {
    name: String,
    agency: String,
    source_system: String,
    roles: Vec<&'static str>,
    /// Goes into the header `x-greenwave-csrf` of every act. Empty for bearer tokens.
    csrf: String,
}

impl SessionDto {
    fn new(principal: &Principal, csrf: String) -> Self {
        Self {
            name: principal.name.clone(),
            agency: principal.agency.clone(),
            source_system: principal.source_system.clone(),
            roles: principal.roles.iter().map(|role| role.name()).collect(),
            csrf,
        }
    }
}

/// Runs an act of the world away from the executor: it may wait for control cycles.
pub(super) async fn act<T: Send + 'static>(
    api: &Api,
    act: impl FnOnce(&dyn World) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Problem> {
    let world = Arc::clone(&api.world);
    match tokio::task::spawn_blocking(move || act(&*world)).await {
        Ok(answer) => answer.map_err(Problem::from),
        Err(error) => {
            tracing::error!(%error, "an act of the API broke off");
            Err(broke_off())
        }
    }
}

/// A fault of ours in the middle of an act.
pub(super) fn broke_off() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "the act broke off; the journal knows whether it had an effect",
    )
}

/// That the program is alive.
#[utoipa::path(get, path = "/api/v1/health", tag = "system",
    responses((status = 200, body = HealthDto)))]
pub(super) async fn health() -> Json<HealthDto> {
    Json(HealthDto {
        status: "alive",
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// Signs in by a one-time link and sets the session cookie.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = SignInDto,
    responses((status = 200, body = SessionDto), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 429, body = Problem)))]
pub(super) async fn sign_in(
    State(api): State<Arc<Api>>,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let token = bodies::sign_in(&body)?;
    let made = api.auth.redeem(&token);
    let made = made.map_err(|why| accounts::problem_of(&why))?;
    Ok(with_about(
        signed_in(&api, &made),
        "sign-in by a one-time link",
    ))
}

/// The answer of every sign-in: the cookie, and who it is.
pub(super) fn signed_in(api: &Api, made: &SignedIn) -> Response {
    let cookie = format!(
        "{COOKIE}={}; Path=/; HttpOnly; SameSite=Strict{}; Max-Age={}",
        made.session,
        api.secure(),
        SESSION_LIFE.as_secs()
    );
    let answer = (
        AppendHeaders([(header::SET_COOKIE, cookie)]),
        Json(SessionDto::new(&made.principal, made.csrf.clone())),
    );
    let mut answer = answer.into_response();
    answer.extensions_mut().insert(made.principal.clone());
    answer
}

/// Who is signed in; hands out a fresh CSRF token.
#[utoipa::path(get, path = "/api/v1/session", tag = "session",
    responses((status = 200, body = SessionDto), (status = 401, body = Problem)))]
pub(super) async fn session(
    State(api): State<Arc<Api>>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
) -> Json<SessionDto> {
    let csrf = match session_cookie(&headers) {
        Some(token) => {
            let door = Arc::clone(&api.auth);
            let renewed = tokio::task::spawn_blocking(move || door.renew_csrf(&token).ok());
            renewed.await.ok().flatten()
        }
        None => None,
    };
    Json(SessionDto::new(&principal, csrf.unwrap_or_default()))
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session",
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn sign_out(State(api): State<Arc<Api>>, headers: HeaderMap) -> impl IntoResponse {
    if let Some(token) = session_cookie(&headers) {
        let door = Arc::clone(&api.auth);
        let _ = tokio::task::spawn_blocking(move || door.sign_out(&token)).await;
    }
    let secure = api.secure();
    let cookie = format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict{secure}; Max-Age=0");
    (
        StatusCode::NO_CONTENT,
        AppendHeaders([(header::SET_COOKIE, cookie)]),
    )
}

/// Health of the program: late cycles, links, alarms.
#[utoipa::path(get, path = "/api/v1/status", tag = "system",
    responses((status = 200, body = StatusDto), (status = 401, body = Problem)))]
pub(super) async fn status(State(api): State<Arc<Api>>) -> Json<StatusDto> {
    let view = with_alarms(api.world.snapshot(), api.partners.alarms());
    Json(StatusDto::with_spread(&api.desk.complete(view).status))
}

/// The city as it does not change: roads, sites, places, vehicles.
#[utoipa::path(get, path = "/api/v1/city", tag = "city",
    responses((status = 200, body = CityDto), (status = 401, body = Problem)))]
pub(super) async fn city(State(api): State<Arc<Api>>) -> Json<CityDto> {
    Json((&*api.world.city()).into())
}

/// Places a vehicle can be sent to: all of the road network, or with `q` at most 20 of the network
/// and the gazetteer whose name begins with the text or holds it.
#[utoipa::path(get, path = "/api/v1/places", tag = "city",
    params(("q" = Option<String>, Query, max_length = 64,
        description = "part of a name or alias, as pinyin; blanks and case do not matter")),
    responses((status = 200, body = [PlaceDto]), (status = 401, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn places(
    State(api): State<Arc<Api>>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Result<Json<Vec<PlaceDto>>, Problem> {
    let city = api.world.city();
    let Some(text) = asked.get("q") else {
        return Ok(Json(super::dto::many(&city.places)));
    };
    if text.chars().count() > SEARCH_MAX {
        let why = format!("q may have at most {SEARCH_MAX} characters");
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "search-too-long",
            why,
        ));
    }
    let mut found = super::dto::city::places_named(&city.places, text);
    found.extend(
        api.partners
            .gazetteer
            .find(text, FOUND_MAX)
            .into_iter()
            .map(PlaceDto::from),
    );
    found.truncate(FOUND_MAX);
    Ok(Json(found))
}

/// The allow-list of vehicles.
#[utoipa::path(get, path = "/api/v1/vehicles", tag = "city",
    responses((status = 200, body = [VehicleDto]), (status = 401, body = Problem)))]
pub(super) async fn vehicles(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
) -> Json<Vec<VehicleDto>> {
    Json(super::dto::many(&api.vehicles_of(&by)))
}

/// The whole picture of this moment.
#[utoipa::path(get, path = "/api/v1/snapshot", tag = "city",
    responses((status = 200, body = SnapshotDto), (status = 401, body = Problem)))]
pub(super) async fn snapshot(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
) -> Json<SnapshotDto> {
    let frame = api.frames.borrow().clone();
    Json(SnapshotDto::new(frame.seq, &api.seen_by(&frame.view, &by)))
}

/// One site, both as built and in motion.
#[utoipa::path(get, path = "/api/v1/sites/{id}", tag = "city",
    params(("id" = String, Path, description = "site id, as J07")),
    responses((status = 200, body = SiteDetailDto), (status = 404, body = Problem)))]
pub(super) async fn site(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
) -> Result<Json<SiteDetailDto>, Problem> {
    let (city, view) = (api.world.city(), api.world.snapshot());
    let at = city.sites.iter().position(|site| site.id == id);
    let built = at.and_then(|at| city.sites.get(at));
    let now = at.and_then(|at| view.sites.get(at));
    match (built, now) {
        (Some(built), Some(now)) => Ok(Json(SiteDetailDto {
            built: built.into(),
            now: now.into(),
            age_ms: now.age_ms,
            decision: api.world.decision(&id).as_ref().map(DecisionDto::from),
        })),
        _ => Err(Problem::new(
            StatusCode::NOT_FOUND,
            "no-such-site",
            format!("there is no site {id}"),
        )),
    }
}

/// Puts one site under the operator's hand, for a limited time.
#[utoipa::path(post, path = "/api/v1/sites/{id}/manual", tag = "acts",
    params(("id" = String, Path, description = "site id")), request_body = ManualRequestDto,
    responses((status = 204), (status = 400, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn manual(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<StatusCode, Problem> {
    let (wanted, lease_ms) = bodies::manual(&body)?;
    if wanted.darkens() {
        let others = api.darkened().into_iter().filter(|site| *site != id);
        if others.count() >= SIGNALS_ALONE_MAX {
            return Err(too_many_alone());
        }
    }
    act(&api, move |world| world.manual(&id, &wanted, lease_ms, &by)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn too_many_alone() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "second-person-needed",
        format!(
            "{SIGNALS_ALONE_MAX} signals are all red or flashing by hand; more of them need two \
             persons: POST /api/v1/acts with act many-signals"
        ),
    )
}

/// Gives a site back to its plan.
#[utoipa::path(delete, path = "/api/v1/sites/{id}/manual", tag = "acts",
    params(("id" = String, Path, description = "site id")),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn release_manual(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    act(&api, move |world| world.release_manual(&id, &by)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A vehicle's position.
#[utoipa::path(post, path = "/api/v1/positions", tag = "acts", request_body = PositionDto,
    responses((status = 204), (status = 400, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn fix(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    JsonBody(body): JsonBody,
) -> Result<StatusCode, Problem> {
    let fix = bodies::position(&body, api.now_ms())?;
    let city = api.world.city();
    let listed = city.vehicles.iter().find(|one| one.id == fix.vehicle);
    if listed.is_some_and(|one| one.agency != by.agency) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "another-agencys-vehicle",
            "positions are taken from the vehicle's own agency only",
        ));
    }
    act(&api, move |world| world.fix(&fix, &by)).await?;
    Ok(StatusCode::NO_CONTENT)
}
