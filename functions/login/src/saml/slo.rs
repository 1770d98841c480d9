//! `/saml/{domain}/slo`: single logout.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use identity::{DomainName, FederatedDomain, HeldSession, OrganizationId};
use saml::logout::LogoutResponse;
use saml::request::{
    LogoutRequest, Message, Skew, UnverifiedLogout, from_redirect, post_as_redirect,
};
use store::{Action, Actor, Asking};
use web::failure::RequestId;
use web::language::Language;
use web::page::{Page, SignedOut};

use crate::answer::{message_id, set_cookie};
use crate::app::App;
use crate::browser::{held_session, session_removal};
use crate::failure::Failure;

/// The longest query that is sent to ourselves: with the rest of a request's head it stays below the
/// gateway's 10,240 bytes.
const LONGEST_QUERY: usize = 6 * 1024;

/// A sign-out that a relying party asked for.
pub(super) struct Asked {
    pub(super) unverified: UnverifiedLogout,
    pub(super) relay_state: Option<String>,
}

/// Signs out, by a `LogoutRequest` or by a plain visit.
pub(super) async fn redirect(
    State(app): State<App>,
    Path(domain): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    language: Language,
    request_id: RequestId,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let (org, domain) = app.domain(&domain, now).await?;
    let held = held_session(&headers, org);
    let asked = asked(query.as_deref())?;
    answer(&app, org, &domain, held, asked, language, &request_id).await
}

/// A POST from another site carries no cookie: our own GET does, and ends the session.
pub(super) async fn post(
    State(app): State<App>,
    Path(domain): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let (_, domain) = app.domain(&domain, app.clock.now()).await?;
    Ok(land(&domain, &body?))
}

/// Goes on by our own GET, which says the same. A form that cannot be read, or is too long for a
/// request line, is a visit without a message: it ends the session, and nobody is told.
pub(super) fn land(domain: &DomainName, body: &[u8]) -> Response {
    let query = post_as_redirect(body, LONGEST_QUERY).ok().flatten();
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    Redirect::to(&format!("/saml/{domain}/slo{query}")).into_response()
}

/// The message of a query, if there is one. WS-Federation's `wa` and other visits bring none.
fn asked(query: Option<&str>) -> Result<Option<Asked>, Failure> {
    let Some(query) = query.filter(|query| query.contains("SAMLRequest=")) else {
        return Ok(None);
    };
    let received = from_redirect(query)?;
    Ok(match received.message {
        Message::Logout(unverified) => {
            Some(Asked { unverified, relay_state: received.relay_state })
        }
        Message::Authn(_) => None,
    })
}

/// Ends the session of this browser, and tells the relying party that asked.
///
/// The request is unsigned: anybody can make a browser send one, so that this ends the session of
/// that browser and nothing else.
pub(super) async fn answer(
    app: &App,
    org: OrganizationId,
    domain: &DomainName,
    held: Option<HeldSession>,
    asked: Option<Asked>,
    language: Language,
    request_id: &RequestId,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let asked = match asked {
        Some(asked) => Some((asked.unverified.accept(now, Skew::TEN_MINUTES)?, asked.relay_state)),
        None => None,
    };
    let asking = Asking { domain, answered: None, request: None, session: None, passkey: None };
    let facts = app.facts(org, &asking, now).await?;
    let mut ended = false;
    if let Some(held) = held {
        let actor = Actor::User(held.user);
        let mut audit = app.audit(actor, Action::SignedOut, request_id, now);
        audit.relying_party = asked.as_ref().map(|_| facts.domain.issuer.clone());
        ended = app.store.end_session(org, held.user, &held.hash, &audit, now).await?;
    }
    // Nobody gets a signature of ours for a message that anybody can write, unless it ended a session.
    let mut response = match asked.filter(|_| ended) {
        Some((logout, relay_state)) => {
            let url =
                confirm(app, org, &facts.domain, &logout, relay_state.as_deref(), request_id).await;
            url.map(|url| Redirect::to(&url).into_response()).unwrap_or_else(|failure| {
                // The session is over all the same; only Microsoft is not told.
                web::failure::log(&failure, request_id);
                signed_out(&facts.organization.name, language)
            })
        }
        None => signed_out(&facts.organization.name, language),
    };
    set_cookie(&mut response, session_removal(org)?);
    Ok(response)
}

fn signed_out(organization: &str, language: Language) -> Response {
    SignedOut { language, organization: Some(organization) }.respond()
}

/// The address that tells a relying party that the session is over.
async fn confirm(
    app: &App,
    org: OrganizationId,
    domain: &FederatedDomain,
    logout: &LogoutRequest,
    relay_state: Option<&str>,
    request_id: &RequestId,
) -> Result<String, Failure> {
    let now = app.clock.now();
    let ring = app.ring(org, now).await?;
    let unsigned = LogoutResponse {
        id: &message_id(&*app.entropy),
        issuer: &domain.issuer,
        destination: &domain.reply_url,
        in_response_to: logout.id.as_str(),
        now,
    }
    .redirect(relay_state)?;
    let signature = app.sign(&ring.active, unsigned.digest(), now).await?;
    app.audit_key(org, &ring.active, &domain.issuer, "logout_response", request_id).await?;
    Ok(unsigned.finish(&signature))
}
