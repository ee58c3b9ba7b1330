//! What an auditor reads: the records, whether they are whole, and a copy to take away.

use alloc::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::accounts::slowly;
use super::bodies;
use super::problem::Problem;
use crate::shell::store::audit::{AuditError, AuditLog, Record};

/// Records of one answer of the audit.
const AUDIT_PAGE: usize = 500;

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

/// Whether every record is as it was written.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditCheckDto {
    /// True if nothing is wrong.
    is_good: bool,
    /// The first thing that is wrong.
    fault: Option<String>,
    records: u64,
    /// Signed heads.
    heads: u64,
    /// The last record that a head speaks for.
    signed: u64,
    /// Hash of the last record.
    hash: String,
}

/// Which records are wanted.
#[derive(Deserialize)]
pub(super) struct AuditQuery {
    /// Records after this number.
    #[serde(default)]
    after: u64,
    /// Only this person's or machine's.
    who: Option<String>,
    /// Only those with this in their act, their subject or their agency.
    text: Option<String>,
    /// The newest 500 instead of the oldest.
    #[serde(default)]
    newest: bool,
}

impl AuditQuery {
    fn wants(&self, record: &Record) -> bool {
        let entry = &record.entry;
        let who = self.who.as_ref().is_none_or(|who| entry.who == *who);
        let has = |text: &String| {
            [&entry.act, &entry.about, &entry.agency, &entry.who]
                .into_iter()
                .any(|one| one.contains(text))
        };
        record.seq > self.after && who && self.text.as_ref().is_none_or(has)
    }
}

/// The audit, oldest first, at most 500 records at once.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit",
    params(("after" = Option<u64>, Query, description = "records after this number"),
        ("who" = Option<String>, Query, description = "only this person's or machine's"),
        ("text" = Option<String>, Query,
            description = "only those with this in act, subject, agency or name"),
        ("newest" = Option<bool>, Query, description = "the newest 500 instead of the oldest")),
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
    let log = log(&api)?;
    let (public_key, is_whole) = (log.public_key(), log.is_whole());
    let read = move || log.select(AUDIT_PAGE, query.newest, |record| query.wants(record));
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

/// Verifies every record and every signed head as they stand on the disk.
#[utoipa::path(get, path = "/api/v1/audit/verify", tag = "audit",
    responses((status = 200, body = AuditCheckDto), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn check(State(api): State<Arc<Api>>) -> Result<Json<AuditCheckDto>, Problem> {
    let log = log(&api)?;
    let found = read_slowly(&api, move || log.check()).await?;
    let fault = found.as_ref().err().map(ToString::to_string);
    let found = found.unwrap_or_default();
    Ok(Json(AuditCheckDto {
        is_good: fault.is_none(),
        fault,
        records: found.records,
        heads: found.heads,
        signed: found.signed,
        hash: found.hash,
    }))
}

/// The whole audit as it stands on the disk, one JSON record a line.
#[utoipa::path(get, path = "/api/v1/audit/export", tag = "audit",
    responses((status = 200, body = String, content_type = "application/x-ndjson"),
        (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn export(State(api): State<Arc<Api>>) -> Result<impl IntoResponse, Problem> {
    let log = log(&api)?;
    let bytes = read_slowly(&api, move || log.copy_of_records()).await?;
    download(bytes, "audit.jsonl")
}

/// The signed heads that prove the exported audit.
#[utoipa::path(get, path = "/api/v1/audit/export/heads", tag = "audit",
    responses((status = 200, body = String, content_type = "application/x-ndjson"),
        (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn export_heads(
    State(api): State<Arc<Api>>,
) -> Result<impl IntoResponse, Problem> {
    let log = log(&api)?;
    let bytes = read_slowly(&api, move || log.copy_of_heads()).await?;
    download(bytes, "audit.heads")
}

/// A file to be kept; too large a one is left to the command line.
fn download(bytes: Option<Vec<u8>>, name: &str) -> Result<impl IntoResponse, Problem> {
    let bytes = bytes.ok_or_else(|| {
        Problem::new(
            StatusCode::CONFLICT,
            "audit-too-large",
            "too large for a page: run `greenwave audit export --data DIR --out FILE`",
        )
    })?;
    let headers: [(HeaderName, String); 2] = [
        (header::CONTENT_TYPE, "application/x-ndjson".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    Ok((headers, bytes))
}

fn log(api: &Api) -> Result<Arc<AuditLog>, Problem> {
    let why = "this program keeps no audit";
    let none = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no-audit", why);
    api.audit.clone().ok_or_else(none)
}

async fn read_slowly<T: Send + 'static>(
    api: &Arc<Api>,
    job: impl FnOnce() -> Result<T, AuditError> + Send + 'static,
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
