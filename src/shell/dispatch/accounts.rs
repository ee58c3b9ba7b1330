//! Sign-in by name, set-up, and what admins and auditors read.

use alloc::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::audited::with_about;
use super::auth::{PeopleError, SignInError};
use super::bodies;
use super::dto::acts::{PasswordDto, SetUpDto};
use super::fields::JsonBody;
use super::handlers::{SessionDto, signed_in};
use super::problem::Problem;

/// Records of one answer of the audit.
const AUDIT_PAGE: usize = 500;

/// What set-up gives, once.
#[derive(Serialize, ToSchema)]
pub(crate) struct SetUpDoneDto {
    name: String,
    /// Secret of the second factor for an authenticator program, base 32; null if the account
    /// needs none.
    totp_secret: Option<String>,
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

/// One record of the audit.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditRecordDto {
    seq: u64,
    /// RFC 3339.
    at: String,
    who: String,
    agency: String,
    act: String,
    about: String,
    status: u16,
    hash: String,
}

/// A page of the audit.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditDto {
    records: Vec<AuditRecordDto>,
    /// Ed25519 key that signs the heads, hexadecimal.
    public_key: String,
    /// False while records wait for the disk.
    is_whole: bool,
}

/// Where a page of the audit begins.
#[derive(Deserialize)]
pub(super) struct AuditQuery {
    /// Records after this number.
    #[serde(default)]
    after: u64,
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
        (status = 401, body = Problem), (status = 422, body = Problem),
        (status = 429, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn set_up(
    State(api): State<Arc<Api>>,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let (secret, password) = bodies::set_up(&body)?;
    let door = Arc::clone(&api.auth);
    let made = slowly(&api, move || Ok(door.set_up(&secret, &password))).await?;
    let made = made.map_err(|why| people_problem(&why))?;
    let about = format!("set-up of {}", made.name);
    let answer = SetUpDoneDto {
        name: made.name,
        totp_secret: made.totp_secret,
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

/// The audit, oldest first, at most 500 records at once.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit",
    params(("after" = Option<u64>, Query, description = "records after this number")),
    responses((status = 200, body = AuditDto), (status = 400, body = Problem),
        (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 503, body = Problem)))]
pub(super) async fn audit(
    State(api): State<Arc<Api>>,
    query: Result<Query<AuditQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<AuditDto>, Problem> {
    let Query(query) = query.map_err(|why| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "malformed-request",
            why.body_text(),
        )
    })?;
    let Some(log) = api.audit.clone() else {
        let why = "this program keeps no audit";
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "no-audit",
            why,
        ));
    };
    let (public_key, is_whole) = (log.public_key(), log.is_whole());
    let read = move || log.after(query.after, AUDIT_PAGE);
    let read = read_slowly(&api, read).await?;
    let records = read.into_iter().map(|record| AuditRecordDto {
        seq: record.seq,
        at: bodies::utc(record.entry.at_ms),
        who: record.entry.who,
        agency: record.entry.agency,
        act: record.entry.act,
        about: record.entry.about,
        status: record.entry.status,
        hash: record.hash,
    });
    Ok(Json(AuditDto {
        records: records.collect(),
        public_key,
        is_whole,
    }))
}

async fn read_slowly<T: Send + 'static>(
    api: &Arc<Api>,
    job: impl FnOnce() -> Result<T, crate::shell::store::audit::AuditError> + Send + 'static,
) -> Result<T, Problem> {
    let done = slowly(api, move || Ok(job())).await?;
    done.map_err(|why| {
        tracing::error!(%why, "the audit cannot be read");
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "no-audit",
            "the audit cannot be read",
        )
    })
}
