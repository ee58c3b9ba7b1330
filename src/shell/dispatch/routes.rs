//! The one table that says who may use which route, and the door that enforces it.

use alloc::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Api;
use super::auth::{Principal, Role};
use super::fields::BODY_MAX;
use super::origin;
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
}

const fn rule(method: &'static str, path: &'static str, access: Access) -> RouteRule {
    RouteRule {
        method,
        path,
        access,
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
const STATUS: Access = Access::Roles(&[
    Role::Viewer,
    Role::Dispatcher,
    Role::Engineer,
    Role::Integration,
    Role::Admin,
    Role::Auditor,
]);

/// Every route of the API. A route that is not here answers 403 to everybody.
pub const ROUTES: &[RouteRule] = &[
    rule("GET", "/api/v1/health", Access::Public),
    rule("GET", "/api/v1/openapi.json", Access::Public),
    rule("POST", "/api/v1/session", Access::Public),
    rule("GET", "/api/v1/session", Access::SignedIn),
    rule("DELETE", "/api/v1/session", Access::SignedIn),
    rule("GET", "/api/v1/status", STATUS),
    rule("GET", "/api/v1/city", WATCH),
    rule("GET", "/api/v1/places", WATCH),
    rule("GET", "/api/v1/vehicles", WATCH),
    rule("GET", "/api/v1/snapshot", WATCH),
    rule("GET", "/api/v1/live", WATCH),
    rule("GET", "/api/v1/sites/{id}", WATCH),
    rule("POST", "/api/v1/sites/{id}/manual", OPERATE),
    rule("DELETE", "/api/v1/sites/{id}/manual", OPERATE),
    rule("POST", "/api/v1/previews", COMMAND),
    rule("GET", "/api/v1/corridors", WATCH),
    rule("POST", "/api/v1/corridors", COMMAND),
    rule("GET", "/api/v1/corridors/{id}", WATCH),
    rule("GET", "/api/v1/corridors/{id}/report", WATCH),
    rule("GET", "/api/v1/corridors/{id}/report/data", WATCH),
    rule("GET", "/api/v1/corridors/{id}/report/exemptions", WATCH),
    rule("POST", "/api/v1/corridors/{id}/cancel", COMMAND),
    rule("POST", "/api/v1/corridors/{id}/extend", COMMAND),
    rule("POST", "/api/v1/corridors/{id}/confirm", OPERATE),
    rule("POST", "/api/v1/corridors/{id}/take-out", OPERATE),
    rule("POST", "/api/v1/corridors/{id}/passed", COMMAND),
    rule(
        "POST",
        "/api/v1/positions",
        Access::Roles(&[Role::Integration]),
    ),
];

/// Who is calling, and whether by cookie (then acts need the CSRF header).
struct Caller {
    principal: Principal,
    by_cookie: Option<String>,
}

/// Lets a request through if the table allows it; puts the [`Principal`] into its extensions.
pub(super) async fn door(
    State(api): State<Arc<Api>>,
    mut request: Request,
    next: Next,
) -> Response {
    match admit(&api, &mut request) {
        Ok(()) => next.run(request).await,
        Err(problem) => {
            // Read what is still coming, or the connection would be cut before the caller has
            // the answer.
            let _ = axum::body::to_bytes(request.into_body(), BODY_MAX).await;
            problem.into_response()
        }
    }
}

fn admit(api: &Api, request: &mut Request) -> Result<(), Problem> {
    let path = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let path = path.unwrap_or_default();
    let Some(access) = access(request.method(), &path) else {
        if ROUTES.iter().any(|rule| rule.path == path) {
            return Err(Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "wrong-method",
                "this path knows other methods; see /docs",
            ));
        }
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "not-in-route-table",
            "this route has no access rule",
        ));
    };
    if changes_something(request.method()) {
        origin::check(request.headers())?;
    }
    if access == Access::Public {
        return Ok(());
    }
    let caller = caller(api, request.headers()).ok_or_else(|| {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "not-signed-in",
            "sign in by the link the program printed, or send a bearer token",
        )
    })?;
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
    if changes_something(request.method()) {
        check_act(api, &caller, request.headers())?;
    }
    request.extensions_mut().insert(caller.principal);
    Ok(())
}

fn changes_something(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}

/// The rule of a route; `HEAD` is treated as `GET`.
fn access(method: &Method, path: &str) -> Option<Access> {
    let method = if method == Method::HEAD {
        "GET"
    } else {
        method.as_str()
    };
    ROUTES
        .iter()
        .find(|rule| rule.method == method && rule.path == path)
        .map(|rule| rule.access)
}

fn check_act(api: &Api, caller: &Caller, headers: &HeaderMap) -> Result<(), Problem> {
    if let Some(session) = &caller.by_cookie {
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
        return Err(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-requests",
            "slow down: at most 50 acts a second",
        ));
    }
    Ok(())
}

fn caller(api: &Api, headers: &HeaderMap) -> Option<Caller> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let token = value.to_str().ok()?.strip_prefix("Bearer ")?;
        return api.auth.bearer(token).map(|principal| Caller {
            principal,
            by_cookie: None,
        });
    }
    let session = session_cookie(headers)?;
    api.auth.session(&session).map(|principal| Caller {
        principal,
        by_cookie: Some(session),
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
