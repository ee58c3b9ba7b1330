//! Whether a request comes from a page of this server.

use axum::http::{HeaderMap, StatusCode, header};

use super::problem::Problem;

/// Refuses what a page of another server sends. A browser names the page's origin; programs do
/// not and need none, having no ambient cookie.
pub(super) fn check(headers: &HeaderMap) -> Result<(), Problem> {
    if is_own(headers) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "foreign-origin",
        "acts and the live stream are for pages of this server only",
    ))
}

fn is_own(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    // An origin that is no text, or the word `null`, is nobody's page and so not ours.
    let page = origin.to_str().ok().and_then(|text| text.split_once("://"));
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    page.zip(host)
        .is_some_and(|((_, page), host)| page.eq_ignore_ascii_case(host))
}
