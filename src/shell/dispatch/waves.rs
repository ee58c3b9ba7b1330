//! The waves of arterials that one key starts: plain coordination, no lease, for a bounded time.

use alloc::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::auth::Principal;
use super::dto::NamesDto;
use super::handlers::act;
use super::problem::Problem;
use super::view_desk::WaveView;

/// A prepared wave of an arterial.
#[derive(Serialize, ToSchema)]
pub(super) struct WaveDto {
    /// Name in the city's file.
    id: String,
    names: NamesDto,
    /// The signals along the arterial.
    sites: Vec<String>,
    /// How long it lasts unless it is ended before, seconds.
    lasts_s: u32,
    /// Seconds until it ends by itself; `null` while it does not run.
    left_s: Option<u32>,
}

impl From<&WaveView> for WaveDto {
    fn from(wave: &WaveView) -> Self {
        Self {
            id: wave.id.clone(),
            names: NamesDto::from(&wave.names),
            sites: wave.sites.clone(),
            lasts_s: wave.lasts_s,
            left_s: wave.left_s,
        }
    }
}

/// The prepared waves, and which of them run.
#[utoipa::path(get, path = "/api/v1/waves", tag = "read",
    responses((status = 200, body = [WaveDto]), (status = 503, body = Problem)))]
pub(super) async fn list(State(api): State<Arc<Api>>) -> Result<Json<Vec<WaveDto>>, Problem> {
    let waves = act(&api, |world| world.waves()).await?;
    Ok(Json(waves.iter().map(WaveDto::from).collect()))
}

/// Starts a prepared wave, or lets one that runs begin its time anew. Nobody is preempted, and every
/// bound on anybody's wait holds as always.
#[utoipa::path(post, path = "/api/v1/waves/{id}", tag = "acts",
    params(("id" = String, Path, description = "wave id")),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn start(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    act(&api, move |world| world.start_wave(&id, &by)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a wave before its time: its signals return to the plans that are due.
#[utoipa::path(delete, path = "/api/v1/waves/{id}", tag = "acts",
    params(("id" = String, Path, description = "wave id")),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn end(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    act(&api, move |world| world.end_wave(&id, &by)).await?;
    Ok(StatusCode::NO_CONTENT)
}
