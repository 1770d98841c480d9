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

/// Shows the provisioning job, its people and what was sent.
#[derive(Debug, Template)]
#[template(path = "provisioning.html")]
pub(crate) struct Provisioning<'a> {
    pub(crate) tenant: &'a str,
    /// The tenant URL; without one nothing is configured.
    pub(crate) server: Option<&'a str>,
    pub(crate) health: &'a str,
    /// What the last cycle did, or nothing.
    pub(crate) last: &'a str,
    /// What failed and is tried again.
    pub(crate) failing: &'a [String],
    pub(crate) people: &'a [ProvisioningPerson],
    /// The latest exchanges, newest first.
    pub(crate) exchanges: &'a [ProvisioningExchange],
}

/// Somebody on the provisioning page.
#[derive(Debug)]
pub(crate) struct ProvisioningPerson {
    pub(crate) name: String,
    pub(crate) address: String,
    /// `enabled`, `blocked` or `deleted`.
    pub(crate) state: &'static str,
    /// The id in the target.
    pub(crate) target: Option<String>,
}

/// One request and its answer on the provisioning page.
#[derive(Debug)]
pub(crate) struct ProvisioningExchange {
    pub(crate) number: u64,
    pub(crate) at: String,
    pub(crate) subject: String,
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) answer: String,
    /// The class of the answer's text.
    pub(crate) class: &'static str,
    pub(crate) duration_ms: u64,
    pub(crate) sent: Option<String>,
    pub(crate) received: Option<String>,
    pub(crate) trouble: Option<String>,
}

/// Says why an OAuth request went nowhere.
#[derive(Debug, Template)]
#[template(path = "oauth_refused.html")]
pub(crate) struct OAuthRefused<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) number: u32,
    pub(crate) detail: &'a str,
}

/// Asks who signs in, or, with permissions, who consents.
#[derive(Debug, Template)]
#[template(path = "account_picker.html")]
pub(crate) struct AccountPicker<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) application: &'a str,
    pub(crate) action: &'a str,
    pub(crate) choices: &'a [Choice],
    pub(crate) permissions: &'a [String],
    /// What the application may do with the person's own rights.
    pub(crate) delegated: &'a [String],
}

/// Somebody who can be chosen.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) upn: String,
    pub(crate) tenant: String,
    pub(crate) administrator: bool,
    pub(crate) federated: bool,
    pub(crate) hinted: bool,
}

/// Renders a page.
pub(crate) fn page(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
