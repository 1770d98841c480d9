//! `/enrol/{organization}`: from a typed address, a link or a recovery code to a passkey.

mod address;
mod candidate;
mod code;
mod link;
mod recover;
mod register;

use axum::Router;
use axum::routing::{get, post};
use http::HeaderMap;
use identity::{Address, Attempt, Hint, OrganizationId, Secret, UserId};
use jiff::Timestamp;
use store::{Action, Actor, Enrolling, Enrolment, Request, Stored};
use web::failure::RequestId;

use crate::app::App;
use crate::browser::{Half, Ticket};
use crate::failure::Failure;

pub(crate) use self::candidate::MayNotEnrol;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/link/{token}", get(link::show).post(link::open))
        .route("/{request}", get(address::show).post(address::submit))
        .route("/{request}/code", get(code::show).post(code::submit))
        .route("/{request}/resend", post(code::resend))
        .route("/{request}/recover", get(recover::show).post(recover::submit))
        .route("/{request}/passkey", get(register::show).post(register::submit))
}

/// How often a step is taken anew because a code's sender filled the slip in meanwhile.
const RACES: u32 = 3;

/// One step of a browser in the middle of an enrolment.
struct Step {
    org: OrganizationId,
    ticket: Ticket,
    half: Half,
    enrolling: Enrolling,
}

impl Step {
    /// Finds the request of a path, for the browser that began it.
    async fn open(
        app: &App,
        (org, request): (&str, &str),
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let org = org.parse().map_err(|_| Failure::NotFound)?;
        let ticket = Ticket::parse(request)?;
        let half = ticket.half(headers)?;
        let enrolling = app.store.enrolling(org, ticket.hash(), now).await?;
        let enrolling = enrolling.ok_or(Failure::RequestOver)?;
        half.check(&enrolling.request.value)?;
        Ok(Self { org, ticket, half, enrolling })
    }

    /// The same for a form, which must be ours and come from our own page.
    async fn submit(
        app: &App,
        path: (&str, &str),
        headers: &HeaderMap,
        csrf: &str,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let step = Self::open(app, path, headers, now).await?;
        step.half.check_csrf(csrf)?;
        web::csrf::same_origin(headers, &step.enrolling.organization.base_url)?;
        Ok(step)
    }

    fn url(&self) -> String {
        self.ticket.enrol_url(self.org)
    }

    fn code_url(&self) -> String {
        format!("{}/code", self.url())
    }

    fn passkey_url(&self) -> String {
        format!("{}/passkey", self.url())
    }

    fn recover_url(&self) -> String {
        format!("{}/recover", self.url())
    }

    /// The work address that the relying party named.
    fn hinted(&self) -> Option<&str> {
        let hint = self.enrolling.request.value.hint.as_ref();
        hint.and_then(Hint::address).map(Address::as_str)
    }

    /// Where this request signs in, when a relying party waits for it.
    fn sign_in_url(&self) -> Option<String> {
        let authn = self.enrolling.request.value.authn.as_ref()?;
        Some(self.ticket.sign_in_url(&authn.domain))
    }

    fn enrolment(&self) -> Option<&Stored<Enrolment>> {
        self.enrolling.enrolment.as_ref()
    }
}

/// Counts a code that was refused, whichever way: many of them are somebody who guesses.
fn count_refused(now: Timestamp) {
    web::metric::count("CodeRefused", "login", now);
}

/// Refuses what was tried too often with a typed address. Each one counts; the audit tells it once
/// a window.
async fn too_many(
    app: &App,
    org: OrganizationId,
    (attempt, address): (Attempt, &Address),
    subject: Option<UserId>,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<Failure, Failure> {
    count_refused(now);
    let mut audit = app.audit(Actor::Stranger, Action::EnrolmentRefused, request_id, now);
    audit.subject = subject;
    audit.reason = Some(attempt.word().to_owned());
    app.store.audit_limit(org, attempt, address, &audit, now).await?;
    Ok(Failure::TooMany)
}

/// A request that no relying party waits for.
fn request_of(browser: &Secret, now: Timestamp) -> Request {
    Request {
        browser: browser.hash(),
        authn: None,
        hint: None,
        ceremony: None,
        ends_at: Request::end(now),
    }
}
