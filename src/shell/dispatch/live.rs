//! The live stream: a snapshot, then deltas, over a WebSocket.
//!
//! One task reads the world five times a second into a `watch` cell. Every connection compares
//! the newest frame with the last one *it sent*, so a slow client skips frames instead of
//! queueing them, and what it holds is always complete.

use alloc::sync::Arc;
use core::time::Duration;
use std::time::Instant;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::Api;
use super::auth::Principal;
use super::desk::Desk;
use super::dto::live::{DeltaDto, FrameDto, SnapshotDto};
use super::origin;
use super::problem::Problem;
use super::routes::Credential;
use super::world::{Alarm, CityView, World};
use crate::shell::partners::Partners;

/// Time between frames.
const PERIOD: Duration = Duration::from_millis(200);
/// A client that takes no frame for this long is cut off.
const PATIENCE: Duration = Duration::from_secs(10);

/// From one look at the session or token to the next.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(5);

/// One numbered picture.
#[derive(Clone)]
pub(super) struct Frame {
    pub(super) seq: u64,
    pub(super) view: Arc<CityView>,
}

/// The cell that holds the newest frame.
pub(super) fn cell(world: &dyn World) -> (watch::Sender<Frame>, watch::Receiver<Frame>) {
    watch::channel(Frame {
        seq: 1,
        view: world.snapshot(),
    })
}

/// Fills the cell until nobody looks any more.
pub(super) async fn fill(
    (world, partners): (Arc<dyn World>, Arc<Partners>),
    desk: Arc<Desk>,
    frames: watch::Sender<Frame>,
) {
    let mut clock = interval(PERIOD);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !frames.is_closed() {
        clock.tick().await;
        let view = desk.complete(with_alarms(world.snapshot(), partners.alarms()));
        frames.send_modify(|frame| {
            frame.seq = frame.seq.saturating_add(1);
            frame.view = view;
        });
    }
}

/// The picture with alarms that the city does not know of.
pub(super) fn with_alarms(view: Arc<CityView>, alarms: Vec<Alarm>) -> Arc<CityView> {
    if alarms.is_empty() {
        return view;
    }
    let mut view = Arc::unwrap_or_clone(view);
    view.status.alarms.extend(alarms);
    Arc::new(view)
}

/// Live picture: the first frame is a snapshot, the others are deltas (see `FrameDto`).
#[utoipa::path(get, path = "/api/v1/live", tag = "city",
    responses((status = 101, description = "switched to a WebSocket; frames are FrameDto",
        body = FrameDto), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn live(
    State(api): State<Arc<Api>>,
    Extension(by): Extension<Principal>,
    Extension(came_with): Extension<Credential>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    origin::check(&headers)?;
    let upgrade = upgrade.map_err(|_| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "not-a-websocket",
            "this route speaks WebSocket only",
        )
    })?;
    let watcher = Watcher {
        frames: api.frames.clone(),
        came_with,
        by,
        api,
    };
    Ok(upgrade
        .max_message_size(4096)
        .on_upgrade(move |socket| serve(socket, watcher)))
}

/// Who looks.
struct Watcher {
    api: Arc<Api>,
    by: Principal,
    /// Whose end ends the stream.
    came_with: Credential,
    frames: watch::Receiver<Frame>,
}

impl Watcher {
    /// False once the session has ended. An open stream is use: it keeps a session from idling.
    fn may_look(&self) -> bool {
        let auth = &self.api.auth;
        match &self.came_with {
            Credential::Session(token) => auth.session(token).is_some(),
            // A message opens no stream.
            Credential::Signature => false,
            Credential::Bearer(token, certificate) => {
                auth.bearer(token, certificate.as_ref()).is_some()
            }
        }
    }

    /// The newest picture, as far as this one may see it.
    fn newest(&mut self) -> Frame {
        let frame = self.frames.borrow_and_update().clone();
        Frame {
            seq: frame.seq,
            view: self.api.seen_by(&frame.view, &self.by),
        }
    }
}

async fn serve(mut socket: WebSocket, mut watcher: Watcher) {
    let mut sent: Option<Frame> = None;
    let mut looked_at = Instant::now();
    loop {
        let frame = watcher.newest();
        if looked_at.elapsed() >= LOOKED_AT_EVERY {
            if !watcher.may_look() {
                return;
            }
            looked_at = Instant::now();
        }
        let Some(text) = text(sent.as_ref(), &frame) else {
            return;
        };
        match timeout(PATIENCE, socket.send(Message::Text(text))).await {
            Ok(Ok(())) => sent = Some(frame),
            Ok(Err(_)) | Err(_) => return,
        }
        loop {
            tokio::select! {
                changed = watcher.frames.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    break;
                }
                heard = socket.recv() => match heard {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    // Nothing is ever commanded over this stream.
                    Some(Ok(_)) => {}
                }
            }
        }
    }
}

fn text(sent: Option<&Frame>, frame: &Frame) -> Option<Utf8Bytes> {
    let dto = match sent {
        None => FrameDto::Snapshot(SnapshotDto::new(frame.seq, &frame.view)),
        Some(sent) => FrameDto::Delta(DeltaDto::new(sent.seq, &sent.view, frame.seq, &frame.view)),
    };
    match serde_json::to_string(&dto) {
        Ok(text) => Some(text.into()),
        Err(error) => {
            tracing::error!(%error, "a live frame could not be written");
            None
        }
    }
}
