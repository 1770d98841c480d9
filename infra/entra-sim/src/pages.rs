//! The simulator's pages; each struct is the whole contract with its template.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};

use crate::graph_user::GraphUser;
use crate::session::Session;

/// The portal's front page, which asks for an address.
#[derive(Debug, Template)]
#[template(path = "portal.html")]
pub(crate) struct Portal<'a> {
    pub(crate) tenant: &'a str,
    /// The address to start with.
    pub(crate) address: &'a str,
    /// People who can be chosen instead of typing.
    pub(crate) people: &'a [GraphUser],
}

/// Says that the domain of the address is managed.
#[derive(Debug, Template)]
#[template(path = "managed.html")]
pub(crate) struct Managed<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) address: &'a str,
    pub(crate) domain: &'a str,
}

/// A form that posts itself to the identity provider.
#[derive(Debug, Template)]
#[template(path = "auto_post.html")]
pub(crate) struct AutoPost<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) brand: &'a str,
    pub(crate) action: &'a str,
    pub(crate) fields: &'a [(&'static str, String)],
}

/// Says why a sign-in or sign-out was refused.
#[derive(Debug, Template)]
#[template(path = "refused.html")]
pub(crate) struct Refused<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) home: &'a str,
    pub(crate) code: u32,
    pub(crate) reason: &'a str,
    pub(crate) meaning: &'a str,
    pub(crate) detail: &'a str,
    pub(crate) correlation_id: &'a str,
    pub(crate) at: &'a str,
}

/// Shows who signed in.
#[derive(Debug, Template)]
#[template(path = "signed_in.html")]
pub(crate) struct SignedIn<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) session: &'a Session,
    /// The session's id, which also proves that the sign-out form is ours.
    pub(crate) session_id: &'a str,
    pub(crate) mfa: &'a str,
    pub(crate) again: &'a str,
    pub(crate) fresh: &'a str,
}

/// Says that the person is signed out on both sides.
#[derive(Debug, Template)]
#[template(path = "signed_out.html")]
pub(crate) struct SignedOut<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) home: &'a str,
    pub(crate) address: &'a str,
    pub(crate) domain: &'a str,
}

/// Renders a page.
pub(crate) fn page(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
