//! The API's side of partners: corridors are shown to them, crews look at their mission, auditors
//! at the deliveries.

use alloc::sync::Arc;
use core::time::Duration;

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::auth::Principal;
use super::bodies::utc;
use super::corridors::number;
use super::custody::no_such;
use super::dto::corridor::{CorridorDto, CrewMessageDto};
use super::fields::{Fields, Findings, JsonBody};
use super::handlers::act;
use super::problem::Problem;
use crate::shell::partners::crew::mission::CrewMission;
use crate::shell::partners::event_words;
use crate::shell::partners::webhooks::courier::Desk;
use crate::shell::partners::webhooks::watch::Seen;

/// The header that carries the token of a crew's link.
pub(super) const CREW_HEADER: &str = "x-greenwave-crew";
/// A frame that has not come by then is looked at again.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The corridor that a crew's link has opened.
#[derive(Clone, Copy)]
pub(super) struct CrewPass(pub(super) u32);

/// Shows every new picture to the partners until the program ends.
pub(super) async fn show(api: Arc<Api>) {
    let mut frames = api.frames.clone();
    loop {
        let changed = tokio::time::timeout(LOOK_EVERY, frames.changed()).await;
        if matches!(changed, Ok(Err(_))) {
            return;
        }
        let view = Arc::clone(&frames.borrow_and_update().view);
        let owners = view.corridors.iter().filter_map(|one| {
            // Nobody's for a moment after the key: told as soon as it is known whose.
            let owner = api.custody.of(one.id)?;
            Some((one, owner.agency))
        });
        let owners: Vec<_> = owners.collect();
        let seen = owners.iter().map(|(view, agency)| Seen { view, agency });
        let seen: Vec<Seen<'_>> = seen.collect();
        api.partners.look(&seen, api.now_ms(), |corridor| {
            serde_json::to_value(CorridorDto::from(corridor)).unwrap_or_default()
        });
    }
}

/// Lets a crew in by the token of its link.
pub(super) fn admit_crew(api: &Api, headers: &HeaderMap) -> Result<CrewPass, Problem> {
    let token = headers
        .get(CREW_HEADER)
        .and_then(|value| value.to_str().ok());
    let corridor = token.and_then(|token| api.partners.crews.admit(token, api.now_ms()));
    corridor.map(CrewPass).ok_or_else(|| {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "no-crew-link",
            "the link is not valid, was revoked, or its mission is over",
        )
    })
}

/// A link for the crew's phone.
#[derive(Serialize, ToSchema)]
pub(crate) struct CrewLinkDto {
    /// Path and fragment; put the address of this server before it. Whoever has it sees this one
    /// mission and can do nothing.
    path: String,
    /// Worth nothing after this, nor a few minutes after the corridor's end.
    #[schema(format = DateTime)]
    valid_until: String,
}

/// The link that shows one mission on the crew's phone; the same until it is revoked.
#[utoipa::path(post, path = "/api/v1/corridors/{id}/crew-link", tag = "partners",
    params(("id" = u32, Path, description = "corridor number")),
    responses((status = 200, body = CrewLinkDto), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn crew_link(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<Json<CrewLinkDto>, Problem> {
    let id = number(&id)?;
    api.custody.check(id, &by)?;
    let corridor = act(&api, move |world| world.corridor(id)).await?;
    let link = api.partners.crews.link(&corridor, api.now_ms());
    let link = link.ok_or_else(|| {
        Problem::new(
            StatusCode::CONFLICT,
            "corridor-over",
            "a corridor that is over has no crew to show it to",
        )
    })?;
    Ok(Json(CrewLinkDto {
        path: link.path,
        valid_until: utc(link.until_ms),
    }))
}

/// Makes every link of the corridor that was given out worthless.
#[utoipa::path(delete, path = "/api/v1/corridors/{id}/crew-link", tag = "partners",
    params(("id" = u32, Path, description = "corridor number")),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn revoke_crew_link(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = number(&id)?;
    api.custody.check(id, &by)?;
    if api.partners.crews.revoke(id) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(no_such(id))
    }
}

/// The mission of a crew's link.
#[utoipa::path(get, path = "/api/v1/crew/mission", tag = "partners",
    responses((status = 200, body = CrewMission), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub(super) async fn crew_mission(
    State(api): State<Arc<Api>>,
    Extension(CrewPass(corridor)): Extension<CrewPass>,
) -> Result<Json<CrewMission>, Problem> {
    let view = Arc::clone(&api.frames.borrow().view);
    let seen = view.corridors.iter().find(|one| one.id == corridor);
    let seen = match seen {
        Some(seen) => seen.clone(),
        // Opened a moment ago, or out of the picture already.
        None => act(&api, move |world| world.corridor(corridor)).await?,
    };
    let messages = api.partners.crews.messages(corridor);
    let city = api.world.city();
    let mission = CrewMission::of(&seen, (&city, &view), &messages, api.now_ms());
    Ok(Json(mission))
}

/// What a crew acknowledges.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct CrewReceiptDto {
    /// Number of the message.
    message: u32,
}

/// The crew has read a message.
#[utoipa::path(post, path = "/api/v1/crew/receipts", tag = "partners",
    request_body = CrewReceiptDto,
    responses((status = 204), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn crew_receipt(
    State(api): State<Arc<Api>>,
    Extension(CrewPass(corridor)): Extension<CrewPass>,
    JsonBody(body): JsonBody,
) -> Result<StatusCode, Problem> {
    let findings = Findings::default();
    let message = Fields::new(&body, "", &["message"], &findings).whole("message", 0, u32::MAX);
    let message = findings.finish(message)?;
    if api.partners.crews.received(corridor, message) {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::new(
        StatusCode::NOT_FOUND,
        "no-such-message",
        format!("the page of corridor {corridor} shows no message {message}"),
    ))
}

/// A corridor with what its crew was told.
pub(super) fn with_crew(api: &Api, mut corridor: CorridorDto, id: u32) -> CorridorDto {
    let messages = api.partners.crews.messages(id);
    corridor.crew = Some(messages.iter().map(CrewMessageDto::from).collect());
    corridor.crew_page_seen_ms = api.partners.crews.page_seen_ms(id);
    corridor
}

/// A target that is told of corridors, and how it has gone.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookDto {
    id: String,
    agency: String,
    /// Without what follows a `?`.
    url: String,
    events: Vec<&'static str>,
    /// True after three failures in a row, until one delivery succeeds.
    failing: bool,
    /// Answered with 2xx.
    delivered: u64,
    /// Tries without such an answer.
    failed: u64,
    failed_in_a_row: u32,
    /// Refused by the target for good, redirects included.
    refused: u64,
    /// Messages that wait now.
    waiting: usize,
    /// Statuses that a newer one replaced before they went out.
    replaced: u64,
    /// Given up: too old, or no room.
    lost: u64,
    /// Alarms among those.
    alarms_lost: u64,
    /// Unix milliseconds.
    delivered_at_ms: Option<i64>,
    /// Unix milliseconds.
    failing_since_ms: Option<i64>,
    /// The last failure, in words; empty if there was none.
    last_failure: String,
}

impl WebhookDto {
    fn of(desk: &Desk) -> Self {
        let (account, waiting, [replaced, lost, alarms_lost]) = desk.account();
        let hook = &desk.hook;
        let url = hook.url.text.split('?').next();
        Self {
            id: hook.id.clone(),
            agency: hook.agency.clone(),
            url: url.unwrap_or_default().to_owned(),
            events: event_words(&hook.events),
            failing: account.is_failing(),
            delivered: account.delivered,
            failed: account.failed,
            failed_in_a_row: account.in_a_row,
            refused: account.refused,
            waiting,
            replaced,
            lost,
            alarms_lost,
            delivered_at_ms: account.delivered_at_ms,
            failing_since_ms: account.failing_since_ms,
            last_failure: account.why,
        }
    }
}

/// The registered targets, and how deliveries to each have gone since the start.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "partners",
    responses((status = 200, body = [WebhookDto]), (status = 401, body = Problem),
        (status = 403, body = Problem)))]
pub(super) async fn webhooks(State(api): State<Arc<Api>>) -> Json<Vec<WebhookDto>> {
    let desks = api.partners.desks().iter();
    Json(desks.map(|desk| WebhookDto::of(desk)).collect())
}
