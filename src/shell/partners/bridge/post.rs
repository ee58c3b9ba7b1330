//! Plain POST on this machine, for old systems that can do no better.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

/// Posts that may wait for their turn.
const WAITING: usize = 32;
/// A post that has no answer by then is told so; it is tried on.
const WITHIN: Duration = Duration::from_secs(15);

/// One post, and where its answer goes.
#[derive(Debug)]
pub struct Posted {
    /// The body.
    pub content: Bytes,
    /// True if it is CSV.
    pub csv: bool,
    answer: oneshot::Sender<(u16, Value)>,
}

impl Posted {
    /// Answers; a caller that has left hears nothing.
    pub(super) fn answer(self, status: u16, body: &Value) {
        let _left = self.answer.send((status, body.clone()));
    }
}

/// What the server hands posts to.
#[must_use]
pub fn channel() -> (mpsc::Sender<Posted>, mpsc::Receiver<Posted>) {
    mpsc::channel(WAITING)
}

/// Serves until it is dropped.
///
/// # Errors
/// The listener failed.
pub async fn serve(listener: TcpListener, posts: mpsc::Sender<Posted>) -> std::io::Result<()> {
    let limit = usize::try_from(super::reading::LONGEST).unwrap_or(usize::MAX);
    let router = Router::new()
        .route("/", post(take))
        .layer(DefaultBodyLimit::max(limit))
        .with_state(posts);
    axum::serve(listener, router).await
}

async fn take(
    State(posts): State<mpsc::Sender<Posted>>,
    headers: HeaderMap,
    content: Bytes,
) -> Response {
    // A page in a browser on this machine must not open corridors.
    let browser = [header::ORIGIN.as_str(), "sec-fetch-site"];
    if browser.iter().any(|name| headers.contains_key(*name)) {
        return said(403, &json!({ "detail": "not for browsers" }));
    }
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let csv = kind.starts_with("text/csv");
    if !csv && !kind.starts_with("application/json") {
        let why = "send the content type application/json or text/csv";
        return said(415, &json!({ "detail": why }));
    }
    let (answer, answered) = oneshot::channel();
    let posted = Posted {
        content,
        csv,
        answer,
    };
    if posts.try_send(posted).is_err() {
        return said(503, &json!({ "detail": "too many posts at once" }));
    }
    match tokio::time::timeout(WITHIN, answered).await {
        Ok(Ok((status, body))) => said(status, &body),
        Ok(Err(_)) => said(503, &json!({ "detail": "the bridge ends" })),
        Err(_) => said(
            202,
            &json!({ "detail": "not answered yet; the same body asks for the answer" }),
        ),
    }
}

fn said(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, axum::Json(body.clone())).into_response()
}
