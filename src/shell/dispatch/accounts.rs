//! Sign-in by name, set-up, and what admins read.

use alloc::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::audited::with_about;
use super::auth::{PeopleError, SignInError};
use super::bodies;
use super::dto::acts::{PasswordDto, SetUpDto};
use super::fields::JsonBody;
use super::handlers::{SessionDto, signed_in};
use super::problem::Problem;

/// What set-up gives, once.
#[derive(Serialize, ToSchema)]
pub(crate) struct SetUpDoneDto {
    pub(super) name: String,
    /// Secret of the second factor for an authenticator program, base 32; null if the account
    /// needs none, or has shown a code of it.
    pub(super) totp_secret: Option<String>,
    /// False while a code of that secret is waited for: until then nothing has changed.
    pub(super) is_done: bool,
}

/// A person, without secrets.
#[derive(Serialize, ToSchema)]
pub(crate) struct PersonDto {
    name: String,
    agency: String,
    roles: Vec<String>,
    is_set_up: bool,
    disabled: bool,
}

/// A machine token, without the token.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenDto {
    id: String,
    agency: String,
    source_system: String,
    scopes: Vec<String>,
    /// True if it needs its client certificate.
    bound_to_certificate: bool,
    /// RFC 3339.
    until: String,
}

/// Runs what costs time (argon2, the store) away from the executor, two at a time: a flood of
/// sign-ins must not take every processor from the console.
pub(super) async fn slowly<T: Send + 'static>(
    api: &Arc<Api>,
    job: impl FnOnce() -> Result<T, SignInError> + Send + 'static,
) -> Result<T, Problem> {
    let broke_off = || {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "it broke off",
        )
    };
    let turn = api.slow.acquire().await.map_err(|_| broke_off())?;
    let done = tokio::task::spawn_blocking(job).await;
    drop(turn);
    done.map_err(|_| broke_off())?
        .map_err(|why| problem_of(&why))
}

/// A failed sign-in as a problem.
pub(super) fn problem_of(error: &SignInError) -> Problem {
    let (status, code) = match error {
        SignInError::BadLink => (StatusCode::UNAUTHORIZED, "bad-link"),
        SignInError::BadPassword => (StatusCode::UNAUTHORIZED, "bad-password"),
        SignInError::CodeNeeded => (StatusCode::UNAUTHORIZED, "code-needed"),
        SignInError::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too-many-sign-ins"),
        SignInError::NoEntropy => (StatusCode::SERVICE_UNAVAILABLE, "no-entropy"),
        SignInError::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "no-accounts"),
    };
    Problem::new(status, code, error.to_string())
}

/// The same for what concerns accounts.
pub(super) fn people_problem(error: &PeopleError) -> Problem {
    let (status, code) = match error {
        PeopleError::BadSecret => (StatusCode::UNAUTHORIZED, "bad-set-up-secret"),
        PeopleError::BadPassword => (StatusCode::UNPROCESSABLE_ENTITY, "weak-password"),
        PeopleError::LastAdmin => (StatusCode::CONFLICT, "last-admin"),
        PeopleError::BadCode => (StatusCode::UNPROCESSABLE_ENTITY, "bad-code"),
        PeopleError::NoSecretWaits => (StatusCode::CONFLICT, "no-secret-waits"),
        PeopleError::RolesClash(_) => (StatusCode::UNPROCESSABLE_ENTITY, "roles-clash"),
        PeopleError::NameTaken => (StatusCode::CONFLICT, "name-taken"),
        PeopleError::Door(why) => return problem_of(why),
    };
    Problem::new(status, code, error.to_string())
}

/// Signs in by name, password and, where the account has one, the code of its second factor.
#[utoipa::path(post, path = "/api/v1/session/password", tag = "session",
    request_body = PasswordDto,
    responses((status = 200, body = SessionDto), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 422, body = Problem),
        (status = 429, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn password(
    State(api): State<Arc<Api>>,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let (name, password, code) = bodies::password(&body)?;
    let door = Arc::clone(&api.auth);
    let about = format!("sign-in as {name}");
    let sign_in = move || door.sign_in(&name, &password, code.as_deref());
    let made = slowly(&api, sign_in).await;
    Ok(match made {
        Ok(made) => with_about(signed_in(&api, &made), about),
        Err(problem) => with_about(problem, about),
    })
}

/// Sets an account up by its one-time secret: chooses the password, gets the second factor.
#[utoipa::path(post, path = "/api/v1/session/set-up", tag = "session", request_body = SetUpDto,
    responses((status = 200, body = SetUpDoneDto), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 429, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn set_up(
    State(api): State<Arc<Api>>,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let (secret, password, code) = bodies::set_up(&body)?;
    let door = Arc::clone(&api.auth);
    let set_up = move || Ok(door.set_up(&secret, &password, code.as_deref()));
    let made = slowly(&api, set_up).await?;
    let made = made.map_err(|why| people_problem(&why))?;
    let word = if made.is_done {
        "set-up"
    } else {
        "begin of set-up"
    };
    let about = format!("{word} of {}", made.name);
    let answer = SetUpDoneDto {
        name: made.name,
        totp_secret: made.totp_secret,
        is_done: made.is_done,
    };
    Ok(with_about(Json(answer), about))
}

/// Everybody who has an account.
#[utoipa::path(get, path = "/api/v1/people", tag = "accounts",
    responses((status = 200, body = [PersonDto]), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn people(State(api): State<Arc<Api>>) -> Result<Json<Vec<PersonDto>>, Problem> {
    let door = Arc::clone(&api.auth);
    let people = slowly(&api, move || Ok(door.people())).await?;
    let people = people.map_err(|why| people_problem(&why))?;
    let people = people.into_iter().map(|one| PersonDto {
        name: one.name,
        agency: one.agency,
        roles: one.roles,
        is_set_up: one.is_set_up,
        disabled: one.disabled,
    });
    Ok(Json(people.collect()))
}

/// Every machine token, without the tokens themselves.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "accounts",
    responses((status = 200, body = [TokenDto]), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn tokens(State(api): State<Arc<Api>>) -> Result<Json<Vec<TokenDto>>, Problem> {
    let door = Arc::clone(&api.auth);
    let tokens = slowly(&api, move || Ok(door.tokens())).await?;
    let tokens = tokens.map_err(|why| people_problem(&why))?;
    let tokens = tokens.into_iter().map(|one| TokenDto {
        bound_to_certificate: one.certificate.is_some(),
        until: bodies::utc(one.until_ms),
        id: one.id,
        agency: one.agency,
        source_system: one.source_system,
        scopes: one.scopes,
    });
    Ok(Json(tokens.collect()))
}
