//! The report of a corridor's run: the page, the object, and the list of exemptions.

use alloc::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;

use super::Api;
use super::auth::Principal;
use super::corridors::number;
use super::custody::no_such;
use super::handlers::act;
use super::problem::Problem;
use crate::shell::report::{ReportData, csv, page as drawn, policy};

/// The report of a corridor that `by` may see.
async fn report(api: &Api, by: &Principal, id: &str) -> Result<Arc<ReportData>, Problem> {
    let id = number(id)?;
    if !api.custody.may_see(id, by) {
        return Err(no_such(id));
    }
    act(api, move |world| world.report(id)).await
}

/// The report of a run that is over, as a page for people.
#[utoipa::path(get, path = "/api/v1/corridors/{id}/report", tag = "corridors",
    params(("id" = u32, Path, description = "corridor number")),
    responses((status = 200, body = String, content_type = "text/html"),
        (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 503, body = Problem)))]
pub(super) async fn page(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let report = report(&api, &by, &id).await?;
    let headers: [(HeaderName, String); 2] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy()),
    ];
    Ok((headers, drawn(&report)))
}

/// The same as an object; see `docs/operating/corridor.md` for its fields.
#[utoipa::path(get, path = "/api/v1/corridors/{id}/report/data", tag = "corridors",
    params(("id" = u32, Path, description = "corridor number")),
    responses((status = 200, body = serde_json::Value), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn data(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<axum::Json<serde_json::Value>, Problem> {
    let report = report(&api, &by, &id).await?;
    Ok(axum::Json(
        serde_json::to_value(&*report).unwrap_or_default(),
    ))
}

/// Where and when others had to make way, as a table for spreadsheets.
#[utoipa::path(get, path = "/api/v1/corridors/{id}/report/exemptions", tag = "corridors",
    params(("id" = u32, Path, description = "corridor number")),
    responses((status = 200, body = String, content_type = "text/csv"),
        (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 503, body = Problem)))]
pub(super) async fn exemptions(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let report = report(&api, &by, &id).await?;
    let name = format!(
        "attachment; filename=\"corridor-{}-exemptions.csv\"",
        report.corridor
    );
    let headers: [(HeaderName, String); 2] = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, csv(&report.exemptions)))
}
