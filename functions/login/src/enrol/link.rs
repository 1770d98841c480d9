//! `/enrol/{organization}/link/{token}`: a one-time link.
//!
//! A GET changes nothing, since mail scanners follow links; the button opens an enrolment, and the
//! registration at its end uses the link up. Whoever comes with one that is over is audited, once
//! an hour; a token that never was a link writes nothing.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use identity::{Organization, OrganizationId, Proof, Secret};
use jiff::Timestamp;
use serde::Deserialize;
use store::{Action, Actor, Enrolment, Link, Proven, Stored};
use web::failure::RequestId;
use web::language::Language;
use web::page::{Invitation, Page};

use super::request_of;
use crate::answer::set_cookie;
use crate::app::App;
use crate::browser::{Half, Ticket};
use crate::failure::Failure;

#[derive(Deserialize)]
pub(super) struct Pressed {
    csrf: String,
}

/// Shows the button.
pub(super) async fn show(
    State(app): State<App>,
    Path((org, token)): Path<(String, String)>,
    headers: HeaderMap,
    language: Language,
    request_id: RequestId,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let (org, token, _) = find(&app, &org, &token, &request_id, now).await?;
    let organization = organization(&app, org, now).await?;
    // Kept where there is one, so that the same link in two tabs works in both.
    let half = token.half(&headers).unwrap_or_else(|_| Half::of(Secret::mint(&*app.entropy)));
    let page = Invitation {
        language,
        organization: &organization.name,
        action: &format!("/enrol/{org}/link/{}", token.reveal()),
        csrf: &half.csrf(),
    };
    let mut response = page.respond();
    set_cookie(&mut response, token.cookie(half.secret())?);
    Ok(response)
}

/// Opens an enrolment that the link proves.
pub(super) async fn open(
    State(app): State<App>,
    Path((org, token)): Path<(String, String)>,
    headers: HeaderMap,
    language: Language,
    request_id: RequestId,
    form: Result<Form<Pressed>, FormRejection>,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let Form(form) = form?;
    let (org, token, link) = find(&app, &org, &token, &request_id, now).await?;
    token.half(&headers)?.check_csrf(&form.csrf)?;
    web::csrf::same_origin(&headers, &organization(&app, org, now).await?.base_url)?;

    let ticket = Ticket::new(Secret::mint(&*app.entropy));
    let browser = Secret::mint(&*app.entropy);
    let request = request_of(&browser, now);
    let Link { user, made_at, .. } = link.value;
    let enrolment = Enrolment {
        typed: None,
        slip: None,
        proven: Some(Proven { user, proof: Proof::Link, since: made_at }),
        evidence: Some(token.hash().clone()),
        registration: None,
        language: language.tag().to_owned(),
        ends_at: request.ends_at,
    };
    app.store.open_enrolment(org, ticket.hash(), &request, &enrolment).await?;
    let mut response = Redirect::to(&format!("{}/passkey", ticket.enrol_url(org))).into_response();
    set_cookie(&mut response, ticket.cookie(&browser)?);
    set_cookie(&mut response, token.removal()?);
    Ok(response)
}

async fn find(
    app: &App,
    org: &str,
    token: &str,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<(OrganizationId, Ticket, Stored<Link>), Failure> {
    let org = org.parse().map_err(|_| Failure::LinkOver)?;
    let token = Ticket::parse(token).map_err(|_| Failure::LinkOver)?;
    let link = app.store.link(org, token.hash(), now).await?.ok_or(Failure::LinkOver)?;
    if link.value.holds(now) {
        return Ok((org, token, link));
    }
    let mut audit = app.audit(Actor::Stranger, Action::EnrolmentRefused, request_id, now);
    audit.subject = Some(link.value.user);
    audit.reason = Some("link_over".to_owned());
    app.store.audit_over_link(org, token.hash(), &audit, now).await?;
    Err(Failure::LinkOver)
}

async fn organization(
    app: &App,
    org: OrganizationId,
    now: Timestamp,
) -> Result<Organization, Failure> {
    let stored = app.store.organization(org, now).await?;
    stored.map(|stored| stored.value).ok_or(Failure::LinkOver)
}
