//! The crew's page: three files in the program, plain ones, since a phone in a moving vehicle has
//! a poor network and an old browser.

use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Own files and our own API, and nothing else: no inline script, no inline style.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                   img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const FILES: [(&str, &str, &str); 3] = [
    (
        "/crew/",
        "text/html; charset=utf-8",
        include_str!("../crew_page/index.html"),
    ),
    (
        "/crew/crew.css",
        "text/css; charset=utf-8",
        include_str!("../crew_page/crew.css"),
    ),
    (
        "/crew/crew.js",
        "text/javascript; charset=utf-8",
        include_str!("../crew_page/crew.js"),
    ),
];

/// The file of the crew's page at `path`; nothing if the path is not the page's.
#[must_use]
pub fn serve(method: &Method, path: &str) -> Option<Response> {
    if path != "/crew" && !path.starts_with("/crew/") {
        return None;
    }
    if method != Method::GET && method != Method::HEAD {
        return Some(StatusCode::METHOD_NOT_ALLOWED.into_response());
    }
    if path == "/crew" {
        let to = [(header::LOCATION, "/crew/")];
        return Some((StatusCode::PERMANENT_REDIRECT, to).into_response());
    }
    let file = FILES.iter().find(|(name, ..)| *name == path);
    let Some((_, kind, text)) = file else {
        return Some((StatusCode::NOT_FOUND, "not found\n").into_response());
    };
    let mut answer = (*text).into_response();
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, &CSP),
        (header::CACHE_CONTROL, &"no-cache"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Some(answer)
}
