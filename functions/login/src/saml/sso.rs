//! `/saml/{domain}/sso`: single sign-on by HTTP-Redirect and HTTP-POST.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use identity::{DomainName, Hint, Secret};
use jiff::Timestamp;
use saml::request::{Message, Received, Skew, UnverifiedAuthn, from_post, from_redirect, hint};
use store::{Actor, Asking, PendingAuthn, Request};
use web::failure::RequestId;
use web::language::Language;

use super::slo;
use crate::answer::{Grounds, Proof, decline_passive, issue, refuse_replay, set_cookie};
use crate::app::App;
use crate::browser::{Half, Ticket, held_session, surplus};
use crate::failure::Failure;
use crate::sign_in;

/// Answers silently where a session allows it, and asks for a passkey otherwise.
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
    let Received { message, relay_state, hint } = from_redirect(&query.unwrap_or_default())?;
    let hint = hint.map(Hint::from);
    let held = held_session(&headers, org);
    let authn = match message {
        Message::Authn(unverified) => accept(unverified, &domain, relay_state, now)?,
        // One report saw Entra send the logout message to the sign-in address.
        Message::Logout(unverified) => {
            let asked = slo::Asked { unverified, relay_state };
            return slo::answer(&app, org, &domain, held, Some(asked), language, &request_id).await;
        }
    };

    let session = held.as_ref().map(|held| (held.user, &held.hash));
    let asking = Asking {
        domain: &domain,
        answered: Some(&authn.id),
        request: None,
        session,
        passkey: None,
    };
    let facts = app.facts(org, &asking, now).await?;
    let silent = sign_in::silent(&facts, &authn, hint.as_ref(), now);
    if facts.answered.is_some() {
        let actor = silent.map_or(Actor::Stranger, |(user, _)| Actor::User(user.value.id));
        return Err(refuse_replay(&app, (org, &facts), &authn, actor, &request_id, now).await?);
    }
    if let Some(((user, session), held)) = silent.zip(held.as_ref()) {
        let grounds = Grounds {
            org,
            facts: &facts,
            authn: &authn,
            user,
            session,
            pending: None,
            proof: Proof::Held(held),
        };
        return issue(&app, grounds, language, &request_id, now).await;
    }
    if authn.passive {
        let asked = (&authn, None);
        return decline_passive(&app, (org, &facts), asked, language, &request_id, now).await;
    }

    let (ticket, browser) = (mint(&app), Secret::mint(&*app.entropy));
    let half = Half::of(browser.clone());
    let place = (&domain, &ticket, &half);
    let notice = sign_in::circle(&headers, org);
    let (mut page, ceremony) = sign_in::page(&facts, place, hint.as_ref(), notice, language, now)?;
    let request = Request {
        browser: browser.hash(),
        authn: Some(authn),
        hint,
        ceremony: Some(ceremony),
        ends_at: Request::end(now),
    };
    app.store.open_request(org, ticket.hash(), &request).await?;
    for removal in surplus(&headers, &ticket) {
        set_cookie(&mut page, removal);
    }
    set_cookie(&mut page, ticket.cookie(&browser)?);
    Ok(page)
}

/// Lands a cross-site POST, which carries no cookie of ours, and goes on by our own GET, which
/// does. Only the browser that landed it gets there.
pub(super) async fn post(
    State(app): State<App>,
    Path(domain): Path<String>,
    RawQuery(query): RawQuery,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let (org, domain) = app.domain(&domain, now).await?;
    let body = body?;
    let Received { message, relay_state, hint: hinted } = from_post(&body)?;
    let unverified = match message {
        Message::Authn(unverified) => unverified,
        Message::Logout(_) => return Ok(slo::land(&domain, &body)),
    };
    let authn = accept(unverified, &domain, relay_state, now)?;
    let (ticket, browser) = (mint(&app), Secret::mint(&*app.entropy));
    let request = Request {
        browser: browser.hash(),
        authn: Some(authn),
        hint: hinted.or(hint(&query.unwrap_or_default())?).map(Hint::from),
        ceremony: None,
        ends_at: Request::end(now),
    };
    app.store.open_request(org, ticket.hash(), &request).await?;
    let mut response = Redirect::to(&ticket.sign_in_url(&domain)).into_response();
    set_cookie(&mut response, ticket.cookie(&browser)?);
    Ok(response)
}

/// What a relying party asked, once it is believed.
fn accept(
    unverified: UnverifiedAuthn,
    domain: &DomainName,
    relay_state: Option<String>,
    now: Timestamp,
) -> Result<PendingAuthn, Failure> {
    let authn = unverified.accept(now, Skew::TEN_MINUTES)?;
    Ok(PendingAuthn {
        domain: domain.clone(),
        id: authn.id.as_str().to_owned(),
        not_before: authn.force_authn.then_some(now),
        passive: authn.is_passive,
        relay_state,
    })
}

fn mint(app: &App) -> Ticket {
    Ticket::new(Secret::mint(&*app.entropy))
}
