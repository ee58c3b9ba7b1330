//! Answers that say no: `application/problem+json` (RFC 9457).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::world::{Refusal, RefusalClass};

/// One field that is to blame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct FieldProblem {
    /// The field, as `destination.lat`.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
    /// What it may hold.
    pub allowed: String,
    /// True if it could not even be read (400), false if its value is impossible (422).
    #[serde(skip)]
    pub(super) unreadable: bool,
}

impl FieldProblem {
    /// A field that could be read, with a value that cannot be.
    pub(super) fn impossible(
        field: &str,
        problem: impl Into<String>,
        allowed: impl Into<String>,
    ) -> Self {
        Self {
            field: field.to_owned(),
            problem: problem.into(),
            allowed: allowed.into(),
            unreadable: false,
        }
    }
}

/// Why a request was not carried out. Nothing has been changed by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Problem {
    /// Stable name of the problem, `urn:greenwave:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same for people, short.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What happened this time.
    pub detail: String,
    /// Every field that is to blame.
    pub errors: Vec<FieldProblem>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:greenwave:problem:{code}"),
            title: code.replace('-', " "),
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
        }
    }

    /// True for a refusal that may be gone at the next try.
    pub(super) fn is_passing(&self) -> bool {
        self.status == 429 || self.status >= 500
    }

    /// The problem of a body with bad fields; the status says whether it could be read at all.
    pub(super) fn fields(errors: Vec<FieldProblem>) -> Self {
        let unreadable = errors.iter().any(|error| error.unreadable);
        let (status, code) = if unreadable {
            (StatusCode::BAD_REQUEST, "malformed-request")
        } else {
            (StatusCode::UNPROCESSABLE_ENTITY, "impossible-value")
        };
        let names: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        let mut problem = Self::new(status, code, format!("see {}", names.join(", ")));
        problem.errors = errors;
        problem
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal.class {
            RefusalClass::Malformed => StatusCode::BAD_REQUEST,
            RefusalClass::Forbidden => StatusCode::FORBIDDEN,
            RefusalClass::NotFound => StatusCode::NOT_FOUND,
            RefusalClass::Conflict => StatusCode::CONFLICT,
            RefusalClass::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
            RefusalClass::TooMany => StatusCode::TOO_MANY_REQUESTS,
            RefusalClass::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        };
        let mut problem = Self::new(status, refusal.code, refusal.detail.clone());
        if let Some(field) = refusal.field {
            problem.errors.push(FieldProblem::impossible(
                &field,
                refusal.detail,
                refusal.allowed.unwrap_or_default(),
            ));
        }
        problem
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = (status, Json(self)).into_response();
        answer.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        answer
    }
}
