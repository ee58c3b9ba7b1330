//! Puts the routes together and serves them.

use alloc::sync::Arc;
use core::future::Future;
use core::time::Duration;
use std::io;
use std::sync::Mutex;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

use super::auth::Auth;
use super::problem::Problem;
use super::world::{CityStatic, World};
use super::{
    Api, accounts, audit_routes, bus, connections, corridors, custody, desk, document, handlers,
    ledger, limits, live, own_account, partners, reports, routes as table, two_step, waves,
};
use crate::shell::console;
use crate::shell::partners::{Partners, crew};
use crate::shell::store::Records;
use crate::shell::store::audit::AuditLog;

/// A request that is not answered by then gets 503.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Argon2 and the store at once: one processor stays free for the consoles.
const SLOW_AT_ONCE: usize = 2;
/// From one signed audit head to the next, if there are records between.
const SEAL_EVERY: Duration = Duration::from_secs(5);

/// No inline script, no inline style, nothing from elsewhere.
const CSP: &str = "default-src 'self'; img-src 'self' data:; base-uri 'none'; \
                   object-src 'none'; form-action 'self'; frame-ancestors 'none'";
/// The API's own reader page sets styles in place; it can do nothing else.
const CSP_DOCS: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
                        img-src 'self' data:; base-uri 'none'; object-src 'none'; \
                        frame-ancestors 'none'";

#[derive(OpenApi)]
#[openapi(info(
    title = "Greenwave",
    description = "Watch a city's signals, preview and open emergency green-wave corridors. \
                   See docs/api/README.md."
))]
struct Doc;

fn api_routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::with_openapi(Doc::openapi())
        .routes(routes!(handlers::health))
        .routes(routes!(
            handlers::session,
            handlers::sign_in,
            handlers::sign_out
        ))
        .routes(routes!(handlers::status))
        .routes(routes!(handlers::city))
        .routes(routes!(handlers::places))
        .routes(routes!(handlers::vehicles))
        .routes(routes!(handlers::snapshot))
        .routes(routes!(live::live))
        .routes(routes!(handlers::site))
        .routes(routes!(handlers::manual, handlers::release_manual))
        .routes(routes!(waves::list))
        .routes(routes!(waves::start, waves::end))
        .routes(routes!(handlers::fix))
        .routes(routes!(corridors::preview))
        .routes(routes!(corridors::list, corridors::open))
        .routes(routes!(corridors::one))
        .routes(routes!(reports::page))
        .routes(routes!(reports::data))
        .routes(routes!(reports::exemptions))
        .routes(routes!(corridors::cancel))
        .routes(routes!(corridors::confirm))
        .routes(routes!(corridors::refuse))
        .routes(routes!(desk::acknowledge))
        .routes(routes!(corridors::extend))
        .routes(routes!(corridors::update_route))
        .routes(routes!(corridors::hand_over))
        .routes(routes!(corridors::take_out))
        .routes(routes!(corridors::passed))
        .routes(routes!(partners::crew_link, partners::revoke_crew_link))
        .routes(routes!(partners::crew_mission))
        .routes(routes!(partners::crew_receipt))
        .routes(routes!(partners::webhooks))
        .routes(routes!(accounts::password))
        .routes(routes!(accounts::set_up))
        .routes(routes!(accounts::people))
        .routes(routes!(accounts::tokens))
        .routes(routes!(audit_routes::audit))
        .routes(routes!(audit_routes::check))
        .routes(routes!(audit_routes::export))
        .routes(routes!(audit_routes::export_heads))
        .routes(routes!(own_account::new_password))
        .routes(routes!(own_account::second_factor))
        .routes(routes!(two_step::waiting, two_step::begin))
        .routes(routes!(two_step::finish))
}

/// The OpenAPI 3.1 document of the API, pretty-printed, with a newline at its end.
#[must_use]
pub fn openapi_json() -> String {
    let doc = whole(&api_routes().into_openapi());
    let text = serde_json::to_string_pretty(&doc).unwrap_or_default();
    format!("{text}\n")
}

fn whole(doc: &utoipa::openapi::OpenApi) -> serde_json::Value {
    document::complete(serde_json::to_value(doc).unwrap_or_default())
}

/// The `AsyncAPI` 3 document of the message bus, pretty-printed, with a newline at its end.
#[must_use]
pub fn asyncapi_json() -> String {
    let doc = bus::asyncapi::document(&whole(&api_routes().into_openapi()));
    let text = serde_json::to_string_pretty(&doc).unwrap_or_default();
    format!("{text}\n")
}

/// What is served, and with what behind it.
pub struct Service {
    /// The running city.
    pub world: Arc<dyn World>,
    /// Who may come in.
    pub auth: Arc<Auth>,
    /// Where acts are recorded; a program without one refuses nothing for its lack.
    pub audit: Option<Arc<AuditLog>>,
    /// Where request ids and nonces outlive the program.
    pub records: Option<Records>,
    /// Certificate and key; without them the wire is plain.
    pub tls: Option<tokio_rustls::TlsAcceptor>,
    /// The other door; in process where there is no broker.
    pub bus: bus::Exchange,
    /// Who is told of corridors; nobody if absent.
    pub partners: Option<Arc<Partners>>,
}

impl core::fmt::Debug for Service {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

/// Serves API and console on `listener` until `shutdown` completes, without store, audit or TLS.
///
/// # Errors
/// The listener failed.
pub async fn run(
    listener: TcpListener,
    world: Arc<dyn World>,
    auth: Arc<Auth>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let service = Service {
        world,
        auth,
        audit: None,
        records: None,
        tls: None,
        bus: bus::Exchange::in_process(),
        partners: None,
    };
    serve(listener, service, shutdown).await
}

/// Serves API and console on `listener` until `shutdown` completes.
///
/// # Errors
/// The listener failed, or the store cannot be read.
pub async fn serve(
    listener: TcpListener,
    service: Service,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let partners = match service.partners {
        Some(partners) => partners,
        None => Arc::new(Partners::none().map_err(io::Error::other)?),
    };
    let (sender, frames) = live::cell(&*service.world);
    let shown = (Arc::clone(&service.world), Arc::clone(&partners));
    let custody = Arc::new(custody::Custodies::default());
    let desk = Arc::new(desk::Desk::new(Arc::clone(&custody)));
    let filled = live::fill(shown, Arc::clone(&desk), sender);
    let filler = tokio::spawn(filled);
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let ledger = match service.records {
        Some(records) => ledger::Ledger::over(records, now_ms).map_err(io::Error::other)?,
        None => ledger::Ledger::default(),
    };
    let sealer = tokio::spawn(seal(service.audit.clone()));
    let api = Arc::new(Api {
        world: service.world,
        auth: service.auth,
        audit: service.audit,
        ledger,
        custody,
        desk,
        challenges: two_step::Challenges::default(),
        limits: limits::Limits::default(),
        reads: limits::Limits::default(),
        slow: Semaphore::new(SLOW_AT_ONCE),
        strangers: Mutex::new((Instant::now(), 0)),
        is_tls: service.tls.is_some(),
        frames,
        partners,
    });
    let router = router(Arc::clone(&api));
    let shower = tokio::spawn(partners::show(Arc::clone(&api)));
    let desk = tokio::spawn(bus::run(api, service.bus.clone(), router.clone()));
    // Stopping the filler closes the cell, which ends every live stream.
    let stop = async move {
        shutdown.await;
        service.bus.bus.close();
        desk.abort();
        filler.abort();
        sealer.abort();
        shower.abort();
    };
    connections::serve(listener, router, service.tls, stop).await
}

/// Signs the last audit record every few seconds: what is not signed could be cut off unseen.
async fn seal(audit: Option<Arc<AuditLog>>) {
    let Some(audit) = audit else { return };
    let mut clock = tokio::time::interval(SEAL_EVERY);
    loop {
        clock.tick().await;
        let audit = Arc::clone(&audit);
        let _ = tokio::task::spawn_blocking(move || audit.seal()).await;
    }
}

fn router(api: Arc<Api>) -> Router {
    let (routes, doc) = api_routes().split_for_parts();
    let policy = policy_of(&api.world.city());
    let door = middleware::from_fn_with_state(Arc::clone(&api), table::door);
    let routes = routes
        .route_layer(door)
        .with_state(api)
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            TIMEOUT,
        ));
    Router::new()
        .merge(routes)
        .merge(SwaggerUi::new("/docs").external_url_unchecked("/api/v1/openapi.json", whole(&doc)))
        .fallback(elsewhere)
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn_with_state(policy, headers))
}

/// Paths under `/api/` that do not exist, and the console's files.
async fn elsewhere(request: Request) -> Response {
    if request.uri().path().starts_with("/api/") {
        return Problem::new(StatusCode::NOT_FOUND, "no-such-route", "see /docs").into_response();
    }
    if let Some(page) = crew::page::serve(request.method(), request.uri().path()) {
        return page;
    }
    console::serve(request.method(), request.uri().path(), request.headers())
}

/// The console's policy: pictures from the one place of the city's base map, if it has one.
fn policy_of(city: &CityStatic) -> HeaderValue {
    let origin = city.base_map.as_ref().map(|map| map.origin.as_str());
    let from = origin.map(|origin| format!("img-src {origin} "));
    let policy = from.map(|from| CSP.replacen("img-src ", &from, 1));
    policy
        .and_then(|policy| HeaderValue::from_str(&policy).ok())
        .unwrap_or(HeaderValue::from_static(CSP))
}

/// Security headers on every answer.
async fn headers(State(policy): State<HeaderValue>, request: Request, next: Next) -> Response {
    let docs = request.uri().path().starts_with("/docs");
    let api = request.uri().path().starts_with("/api/");
    let mut answer: Response<Body> = next.run(request).await;
    let all = answer.headers_mut();
    // A report brings a policy of its own, stricter than the console's.
    all.entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(if docs {
            HeaderValue::from_static(CSP_DOCS)
        } else {
            policy
        });
    let mut set = |name: HeaderName, value: &'static str| {
        all.insert(name, HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "no-referrer");
    set(
        HeaderName::from_static("permissions-policy"),
        "geolocation=(), camera=(), microphone=()",
    );
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    if api {
        set(header::CACHE_CONTROL, "no-store");
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::policy_of;
    use crate::shell::dispatch::world::{BaseMapStatic, CityStatic};

    #[test]
    fn pictures_come_from_here_and_from_the_base_map_only() {
        let mut city = CityStatic::default();
        let policy = |city: &CityStatic| policy_of(city).to_str().unwrap_or_default().to_owned();
        assert!(policy(&city).contains("img-src 'self' data:;"));
        city.base_map = Some(BaseMapStatic {
            origin: "https://tiles.example:8443".to_owned(),
            ..BaseMapStatic::default()
        });
        assert!(policy(&city).contains("img-src https://tiles.example:8443 'self' data:;"));
        city.base_map = Some(BaseMapStatic {
            origin: "https://bad\norigin".to_owned(),
            ..BaseMapStatic::default()
        });
        assert!(
            policy(&city).contains("img-src 'self' data:;"),
            "no header is made of it"
        );
    }
}
