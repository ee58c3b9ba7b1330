//! Writes the audit record of an act before its answer goes out.

use alloc::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::Api;
use super::auth::Principal;
use super::problem::Problem;
use crate::shell::store::audit::AuditEntry;

/// What a handler adds to the record of its act: ids and numbers, never a caller's free text.
#[derive(Clone, Debug, Default)]
pub(super) struct About(pub(super) String);

/// Records the act and gives its answer on. An answer whose record the disk refuses is given all
/// the same, since the act is done: the record waits in memory, an alarm is raised, and two-step
/// acts are refused until it is written.
pub(super) async fn record(
    api: &Arc<Api>,
    by: Option<Principal>,
    act: String,
    body: Bytes,
    answer: Response,
) -> Response {
    let is_stranger = by.is_none() && answer.extensions().get::<Principal>().is_none();
    // A stranger who hammers at the door must not fill the disk: a few refusals a minute are noted.
    if is_stranger && answer.status().as_u16() >= 400 && !api.strangers_noted() {
        return answer;
    }
    record_noted(api, by, act, body, answer).await
}

/// The same, for an act that has been found worth a record.
pub(super) async fn record_noted(
    api: &Arc<Api>,
    by: Option<Principal>,
    act: String,
    body: Bytes,
    answer: Response,
) -> Response {
    let Some(audit) = api.audit.clone() else {
        return answer;
    };
    let about = answer.extensions().get::<About>().cloned();
    let by = by.or_else(|| answer.extensions().get::<Principal>().cloned());
    let (who, agency, roles) = match by {
        Some(by) => (by.name.clone(), by.agency.clone(), by.role_words()),
        None => ("nobody".to_owned(), String::new(), String::new()),
    };
    let entry = AuditEntry {
        at_ms: api.now_ms(),
        who,
        agency,
        roles,
        act: act.chars().take(200).collect(),
        about: about.unwrap_or_default().0,
        body: digest(&body),
        status: answer.status().as_u16(),
    };
    if let Err(error) = tokio::task::spawn_blocking(move || audit.append(entry)).await {
        tracing::error!(%error, "an audit record broke off");
    }
    answer
}

/// Refuses a two-step act while the audit cannot be written.
pub(super) fn must_be_whole(api: &Api) -> Result<(), Problem> {
    let is_whole = api.audit.as_ref().is_none_or(|audit| audit.is_whole());
    if is_whole {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "audit-not-written",
        "the audit cannot be written, so acts that need one wait: make room on the disk",
    ))
}

/// An answer with what its record says beyond the route.
pub(super) fn with_about(answer: impl IntoResponse, about: impl Into<String>) -> Response {
    let mut answer = answer.into_response();
    answer.extensions_mut().insert(About(about.into()));
    answer
}

fn digest(body: &Bytes) -> String {
    use core::fmt::Write as _;
    if body.is_empty() {
        return String::new();
    }
    let hash = Sha256::digest(body);
    hash.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
