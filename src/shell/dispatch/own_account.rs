//! What people change about their own account: the password, the second factor.

use alloc::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::Api;
use super::accounts::{SetUpDoneDto, people_problem, slowly};
use super::audited::with_about;
use super::auth::Principal;
use super::bodies;
use super::dto::acts::{NewPasswordDto, SecondFactorDto};
use super::fields::JsonBody;
use super::problem::Problem;
use super::routes::session_cookie;

/// Changes the password; every other session of this person ends.
#[utoipa::path(post, path = "/api/v1/session/new-password", tag = "session",
    request_body = NewPasswordDto,
    responses((status = 204), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem),
        (status = 429, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn new_password(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let (password, code, new) = bodies::new_password(&body)?;
    let (door, name, kept) = (Arc::clone(&api.auth), by.name, session_cookie(&headers));
    let change = move || {
        door.prove(&name, &password, code.as_deref())?;
        Ok(door.change_password(&name, &new, kept.as_deref()))
    };
    let made = slowly(&api, change).await?;
    made.map_err(|why| people_problem(&why))?;
    Ok(with_about(StatusCode::NO_CONTENT, "password changed"))
}

/// Gives this person a new second factor, and switches it on once a code of it is shown; the old one
/// goes on until then.
#[utoipa::path(post, path = "/api/v1/session/second-factor", tag = "session",
    request_body = SecondFactorDto,
    responses((status = 200, body = SetUpDoneDto), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 429, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn second_factor(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let (door, name) = (Arc::clone(&api.auth), by.name.clone());
    if let Some(code) = bodies::new_code(&body) {
        let code = code?;
        let confirm = move || Ok(door.confirm_second_factor(&name, &code));
        let made = slowly(&api, confirm).await?;
        made.map_err(|why| people_problem(&why))?;
        let answer = SetUpDoneDto {
            name: by.name,
            totp_secret: None,
            is_done: true,
        };
        return Ok(with_about(Json(answer), "new second factor"));
    }
    let (password, code) = bodies::proof(&body)?;
    let change = move || {
        door.prove(&name, &password, code.as_deref())?;
        Ok(door.new_second_factor(&name))
    };
    let made = slowly(&api, change).await?;
    let secret = made.map_err(|why| people_problem(&why))?;
    let answer = SetUpDoneDto {
        name: by.name,
        totp_secret: Some(secret),
        is_done: false,
    };
    Ok(with_about(Json(answer), "begin of a new second factor"))
}
