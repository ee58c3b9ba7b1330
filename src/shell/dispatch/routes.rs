//! The one table that says who may use which route, and the door that enforces it.

use alloc::sync::Arc;
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Api;
use super::Peer;
use super::auth::{Principal, Role, Scope};
use super::bus::Signed;
use super::fields::BODY_MAX;
use super::origin;
use super::partners;
use super::problem::Problem;

/// Name of the session cookie.
pub(super) const COOKIE: &str = "greenwave_session";
/// Header that every act of a browser session must carry.
pub const CSRF_HEADER: &str = "x-greenwave-csrf";

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody, signed in or not.
    Public,
    /// Everybody who is signed in.
    SignedIn,
    /// Whoever holds one of these roles.
    Roles(&'static [Role]),
    /// Whoever has the link of a mission's crew, and nobody else.
    Crew,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct RouteRule {
    /// `GET`, `POST` or `DELETE`.
    pub method: &'static str,
    /// The path with its parameters in braces.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    /// What a machine's token must be good for, on top of its role.
    pub scope: Option<Scope>,
}

const fn rule(method: &'static str, path: &'static str, access: Access) -> RouteRule {
    RouteRule {
        method,
        path,
        access,
        scope: None,
    }
}

const fn read(path: &'static str) -> RouteRule {
    RouteRule {
        method: "GET",
        path,
        access: WATCH,
        scope: Some(Scope::StatusRead),
    }
}

const fn corridor(path: &'static str) -> RouteRule {
    RouteRule {
        method: "POST",
        path,
        access: COMMAND,
        scope: Some(Scope::CorridorRequest),
    }
}

const WATCH: Access = Access::Roles(&[
    Role::Viewer,
    Role::Dispatcher,
    Role::Engineer,
    Role::Integration,
    Role::Auditor,
]);
const COMMAND: Access = Access::Roles(&[Role::Dispatcher, Role::Integration]);
const OPERATE: Access = Access::Roles(&[Role::Dispatcher]);
const ATTEND: Access = Access::Roles(&[Role::Dispatcher, Role::Engineer]);
const STATUS: Access = Access::Roles(&[
    Role::Viewer,
    Role::Dispatcher,
    Role::Engineer,
    Role::Integration,
    Role::Admin,
    Role::Auditor,
]);

/// Who may begin a two-step act; the act itself names the role it needs.
const TWO_STEP: Access = Access::Roles(&[Role::Dispatcher, Role::Admin]);
const ADMIN: Access = Access::Roles(&[Role::Admin]);
const OVERSIGHT: Access = Access::Roles(&[Role::Admin, Role::Auditor]);
const AUDIT: Access = Access::Roles(&[Role::Auditor]);

/// Every route of the API. A route that is not here answers 403 to everybody.
pub const ROUTES: &[RouteRule] = &[
    rule("GET", "/api/v1/health", Access::Public),
    rule("GET", "/api/v1/openapi.json", Access::Public),
    rule("POST", "/api/v1/session", Access::Public),
    rule("POST", "/api/v1/session/password", Access::Public),
    rule("POST", "/api/v1/session/set-up", Access::Public),
    rule("GET", "/api/v1/session", Access::SignedIn),
    rule("DELETE", "/api/v1/session", Access::SignedIn),
    rule("POST", "/api/v1/session/new-password", Access::SignedIn),
    rule("POST", "/api/v1/session/second-factor", Access::SignedIn),
    RouteRule {
        access: STATUS,
        ..read("/api/v1/status")
    },
    read("/api/v1/city"),
    read("/api/v1/places"),
    read("/api/v1/vehicles"),
    read("/api/v1/snapshot"),
    read("/api/v1/live"),
    read("/api/v1/sites/{id}"),
    rule("POST", "/api/v1/sites/{id}/manual", OPERATE),
    rule("DELETE", "/api/v1/sites/{id}/manual", OPERATE),
    read("/api/v1/waves"),
    rule("POST", "/api/v1/waves/{id}", ATTEND),
    rule("DELETE", "/api/v1/waves/{id}", ATTEND),
    corridor("/api/v1/previews"),
    read("/api/v1/corridors"),
    corridor("/api/v1/corridors"),
    read("/api/v1/corridors/{id}"),
    read("/api/v1/corridors/{id}/report"),
    read("/api/v1/corridors/{id}/report/data"),
    read("/api/v1/corridors/{id}/report/exemptions"),
    corridor("/api/v1/corridors/{id}/cancel"),
    corridor("/api/v1/corridors/{id}/extend"),
    corridor("/api/v1/corridors/{id}/route"),
    corridor("/api/v1/corridors/{id}/handover"),
    rule("POST", "/api/v1/corridors/{id}/confirm", OPERATE),
    rule("POST", "/api/v1/corridors/{id}/refuse", OPERATE),
    rule("POST", "/api/v1/corridors/{id}/take-out", OPERATE),
    corridor("/api/v1/corridors/{id}/passed"),
    RouteRule {
        method: "POST",
        path: "/api/v1/positions",
        access: Access::Roles(&[Role::Integration]),
        scope: Some(Scope::PositionWrite),
    },
    corridor("/api/v1/corridors/{id}/crew-link"),
    RouteRule {
        method: "DELETE",
        ..corridor("/api/v1/corridors/{id}/crew-link")
    },
    rule("GET", "/api/v1/crew/mission", Access::Crew),
    rule("POST", "/api/v1/crew/receipts", Access::Crew),
    rule("GET", "/api/v1/webhooks", OVERSIGHT),
    rule("POST", "/api/v1/alarms/acknowledge", ATTEND),
    rule("GET", "/api/v1/acts", TWO_STEP),
    rule("POST", "/api/v1/acts", TWO_STEP),
    rule("POST", "/api/v1/acts/{id}", TWO_STEP),
    rule("GET", "/api/v1/people", ADMIN),
    rule("GET", "/api/v1/tokens", ADMIN),
    rule("GET", "/api/v1/audit", AUDIT),
    rule("GET", "/api/v1/audit/verify", AUDIT),
    rule("GET", "/api/v1/audit/export", AUDIT),
    rule("GET", "/api/v1/audit/export/heads", AUDIT),
];

/// Acts that leave no audit record: they change nothing, or come every second and are in the
/// journal.
const NOT_AUDITED: [&str; 2] = ["/api/v1/previews", "/api/v1/positions"];

/// True for bodies with a password or a secret in them: their hash would be something to guess at.
fn has_secret(path: &str) -> bool {
    path.starts_with("/api/v1/session") || path == "/api/v1/acts/{id}"
}

/// Who is calling, and with what (acts in a session need the CSRF header).
struct Caller {
    principal: Principal,
    came_with: Credential,
    /// What a token is good for; sessions are good for all their roles allow.
    scopes: Option<Vec<Scope>>,
}

impl Caller {
    fn of(signed: Signed) -> Self {
        Self {
            principal: signed.by,
            came_with: Credential::Signature,
            scopes: Some(signed.scopes),
        }
    }
}

/// What a request came with, for streams that must end with it.
#[derive(Clone)]
pub(super) enum Credential {
    /// A session's token.
    Session(String),
    /// A machine's token, and the fingerprint of the certificate that it came with.
    Bearer(String, Option<[u8; 32]>),
    /// The signature of a message.
    Signature,
}

/// Lets a request through if the table allows it; puts the [`Principal`] into its extensions.
/// Every act leaves an audit record before its answer goes out.
pub(super) async fn door(
    State(api): State<Arc<Api>>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let path = path
        .map(|path| path.as_str().to_owned())
        .unwrap_or_default();
    let is_act = changes_something(request.method()) && !NOT_AUDITED.contains(&&*path);
    let wire = match request.extensions().get::<Signed>() {
        Some(_) => "MQTT ",
        None => "",
    };
    let what = format!("{wire}{} {}", request.method(), request.uri().path());
    let admitted = admit(&api, &path, &mut request);
    let by = request.extensions().get::<Principal>().cloned();
    let (parts, body) = request.into_parts();
    // Of a refused request too: or the connection would be cut before the caller has the answer.
    let bytes = if is_act || admitted.is_err() {
        axum::body::to_bytes(body, BODY_MAX)
            .await
            .map_err(|_| too_large())
    } else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    let body = match &bytes {
        Ok(bytes) if !has_secret(&path) => bytes.clone(),
        _ => Bytes::new(),
    };
    let admitted = admitted.and(bytes);
    let act = async move {
        let answer = match admitted {
            Ok(bytes) => {
                next.run(Request::from_parts(parts, Body::from(bytes)))
                    .await
            }
            Err(problem) => problem.into_response(),
        };
        if is_act {
            super::audited::record(&api, by, what, body, answer).await
        } else {
            answer
        }
    };
    // On its own: a caller that hangs up leaves no act half done, and none without its record.
    match tokio::spawn(act).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::error!(%error, "an act of the API broke off");
            super::handlers::broke_off().into_response()
        }
    }
}

fn too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body-too-large",
        format!("a body may have at most {BODY_MAX} bytes"),
    )
}

fn admit(api: &Api, path: &str, request: &mut Request) -> Result<(), Problem> {
    let Some(RouteRule { access, scope, .. }) = rule_of(request.method(), path) else {
        return Err(no_such_rule(path));
    };
    if changes_something(request.method()) {
        origin::check(request.headers())?;
    }
    if access == Access::Public {
        return Ok(());
    }
    if access == Access::Crew {
        return admit_crew(api, request);
    }
    let certificate = request
        .extensions()
        .get::<Peer>()
        .and_then(|peer| peer.certificate);
    let signed = request.extensions_mut().remove::<Signed>().map(Caller::of);
    let caller = signed.or_else(|| caller(api, request.headers(), certificate));
    let caller = caller.ok_or_else(|| {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "not-signed-in",
            "sign in at the console, or send a bearer token (with its client certificate)",
        )
    })?;
    // From here on it is known who asks, also in the audit.
    request.extensions_mut().insert(caller.principal.clone());
    if let Access::Roles(roles) = access
        && !caller.principal.holds_any(roles)
    {
        let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "role-missing",
            format!("needs one of the roles {}", names.join(", ")),
        ));
    }
    if let (Some(scopes), Some(scope)) = (&caller.scopes, scope)
        && !scopes.contains(&scope)
    {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "scope-missing",
            format!("needs a token with the scope {}", scope.name()),
        ));
    }
    if changes_something(request.method()) {
        check_act(api, &caller, request.headers())?;
    } else if !api.reads.allow(&caller.principal.name, Instant::now()) {
        return Err(too_many());
    }
    request.extensions_mut().insert(caller.came_with);
    Ok(())
}

/// A crew is known by its link alone, and by its corridor's number to limits and audit.
fn admit_crew(api: &Api, request: &mut Request) -> Result<(), Problem> {
    let pass = partners::admit_crew(api, request.headers())?;
    let crew = Principal {
        name: format!("crew:{}", pass.0),
        agency: String::new(),
        source_system: "crew-page".to_owned(),
        roles: Vec::new(),
    };
    let limits = if changes_something(request.method()) {
        &api.limits
    } else {
        &api.reads
    };
    if !limits.allow(&crew.name, Instant::now()) {
        return Err(too_many());
    }
    request.extensions_mut().insert(pass);
    request.extensions_mut().insert(crew);
    Ok(())
}

fn no_such_rule(path: &str) -> Problem {
    if ROUTES.iter().any(|rule| rule.path == path) {
        Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "wrong-method",
            "this path knows other methods; see /docs",
        )
    } else {
        Problem::new(
            StatusCode::FORBIDDEN,
            "not-in-route-table",
            "this route has no access rule",
        )
    }
}

fn changes_something(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}

/// The rule of a route; `HEAD` is treated as `GET`.
fn rule_of(method: &Method, path: &str) -> Option<RouteRule> {
    let method = if method == Method::HEAD {
        "GET"
    } else {
        method.as_str()
    };
    let mut rules = ROUTES.iter();
    rules
        .find(|rule| rule.method == method && rule.path == path)
        .copied()
}

fn too_many() -> Problem {
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too-many-requests",
        "slow down: at most 50 requests a second of a kind",
    )
}

fn check_act(api: &Api, caller: &Caller, headers: &HeaderMap) -> Result<(), Problem> {
    if let Credential::Session(session) = &caller.came_with {
        let csrf = headers.get(CSRF_HEADER);
        let csrf = csrf.and_then(|csrf| csrf.to_str().ok()).unwrap_or_default();
        if !api.auth.csrf_fits(session, csrf) {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "csrf",
                format!("the header {CSRF_HEADER} is missing or does not fit the session"),
            ));
        }
    }
    if !api.limits.allow(&caller.principal.name, Instant::now()) {
        return Err(too_many());
    }
    Ok(())
}

fn caller(api: &Api, headers: &HeaderMap, certificate: Option<[u8; 32]>) -> Option<Caller> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let token = value.to_str().ok()?.strip_prefix("Bearer ")?;
        let (principal, scopes) = api.auth.bearer(token, certificate.as_ref())?;
        return Some(Caller {
            principal,
            came_with: Credential::Bearer(token.to_owned(), certificate),
            scopes: Some(scopes),
        });
    }
    let session = session_cookie(headers)?;
    api.auth.session(&session).map(|principal| Caller {
        principal,
        came_with: Credential::Session(session),
        scopes: None,
    })
}

/// The session token in the cookie header.
pub(super) fn session_cookie(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, token)| token.to_owned())
}
