//! Who asks: the administrator whose session this browser holds.

use axum::extract::Form;
use axum::extract::rejection::FormRejection;
use http::HeaderMap;
use identity::{HeldSession, OrganizationId, UserId};
use jiff::Timestamp;
use oidc::Verifier;
use serde::Deserialize;
use store::Connecting;
use web::{cookie, csrf};

use crate::app::App;
use crate::failure::Failure;

/// What a form of a visitor's holds.
#[derive(Deserialize)]
pub(crate) struct Token {
    csrf: String,
}

/// A browser with a session of an organization, it says.
pub(crate) struct Visitor {
    pub(crate) org: OrganizationId,
    pub(crate) held: HeldSession,
    cookie: String,
}

impl Visitor {
    /// Reads what the browser holds.
    pub(crate) fn read(headers: &HeaderMap, org: OrganizationId) -> Result<Self, Failure> {
        let cookie = cookie::read(headers, &HeldSession::cookie_name(org));
        let cookie = cookie.ok_or(Failure::SignInFirst)?.to_owned();
        let held = HeldSession::parse(&cookie).ok_or(Failure::SignInFirst)?;
        Ok(Self { org, held, cookie })
    }

    /// The token that this browser's forms and links carry.
    pub(crate) fn csrf(&self) -> String {
        csrf::token(&self.cookie)
    }

    /// Checks that a form or a link carries it.
    pub(crate) fn check_csrf(&self, given: &str) -> Result<(), Failure> {
        Ok(csrf::check(&self.cookie, given)?)
    }

    /// Finds what the page of a path needs, for an administrator.
    pub(crate) async fn open(
        app: &App,
        org: &str,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<(Self, UserId, Connecting<Verifier>), Failure> {
        let org = org.parse().map_err(|_| Failure::NotFound)?;
        let visitor = Self::read(headers, org)?;
        let found = app.store.connecting(org, Some(&visitor.held), None, now).await?;
        // Who is nobody here is not told whether there is such an organization.
        let found = found.ok_or(Failure::SignInFirst)?;
        let administrator = found.administrator(now).ok_or(Failure::SignInFirst)?;
        Ok((visitor, administrator, found))
    }

    /// The same for a form that was sent: it is this browser's, and comes from a page of ours.
    pub(crate) async fn posted(
        app: &App,
        org: &str,
        headers: &HeaderMap,
        form: Result<Form<Token>, FormRejection>,
        now: Timestamp,
    ) -> Result<(Self, UserId, Connecting<Verifier>), Failure> {
        let Form(form) = form?;
        let (visitor, administrator, found) = Self::open(app, org, headers, now).await?;
        visitor.check_csrf(&form.csrf)?;
        csrf::same_origin(headers, &found.organization.base_url)?;
        Ok((visitor, administrator, found))
    }
}
