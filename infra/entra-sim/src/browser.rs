//! What a browser brings along: its cookies, and whether it wants a page or JSON.

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, COOKIE};

use crate::random;

/// Ties a sign-in to the browser that started it.
pub(crate) const BROWSER_COOKIE: &str = "entra_sim_browser";
/// Who is signed in at the portal.
pub(crate) const PORTAL_COOKIE: &str = "entra_sim_portal";

/// The form in which an answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Page,
    Json,
}

/// Pages are for browsers; a program asks for `application/json` and nothing of HTML.
pub(crate) fn form(headers: &HeaderMap) -> Form {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let json = accept.contains("application/json") && !accept.contains("text/html");
    if json { Form::Json } else { Form::Page }
}

/// The value of a cookie.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(COOKIE)
        .into_iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// The browser's own cookie: the one that it has, or a fresh one.
pub(crate) fn identify(headers: &HeaderMap) -> String {
    match cookie(headers, BROWSER_COOKIE) {
        Some(value) if value.len() >= 32 => value.to_owned(),
        Some(_) | None => random::secret(),
    }
}

/// Sets the browser's cookie so that it comes back with a POST from another site, as Entra's does.
///
/// Chromium takes `Secure` from a loopback address without TLS.
pub(crate) fn browser_cookie(value: &str) -> String {
    format!("{BROWSER_COOKIE}={value}; Path=/; HttpOnly; Secure; SameSite=None")
}

/// Sets the portal's cookie.
pub(crate) fn portal_cookie(value: &str) -> String {
    format!("{PORTAL_COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax")
}
