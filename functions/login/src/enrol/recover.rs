//! `/enrol/{organization}/{request}/recover`: the recovery code that was shown at an earlier
//! enrolment.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use identity::{Address, Attempt, Proof, RecoveryCode, SecretHash, User, UserId};
use jiff::Timestamp;
use serde::Deserialize;
use store::{Action, Actor, Enrolment, Proven, Stored, TableError};
use web::failure::RequestId;
use web::language::Language;
use web::page::{Notice, Page, Recover};

use super::{Step, count_refused, too_many};
use crate::app::App;
use crate::failure::Failure;

#[derive(Deserialize)]
pub(super) struct Typed {
    csrf: String,
    address: String,
    code: String,
}

/// Asks for the work address and the code.
pub(super) async fn show(
    State(app): State<App>,
    Path((org, request)): Path<(String, String)>,
    headers: HeaderMap,
    language: Language,
) -> Result<Response, Failure> {
    let step = Step::open(&app, (&org, &request), &headers, app.clock.now()).await?;
    Ok(page(&step, None, language))
}

fn page(step: &Step, notice: Option<Notice>, language: Language) -> Response {
    let page = Recover {
        language,
        organization: &step.enrolling.organization.name,
        action: &step.recover_url(),
        csrf: &step.half.csrf(),
        address: step.hinted(),
        notice,
    };
    page.respond()
}

/// Judges the code. A right one is never refused: 125 bits cannot be guessed, and nobody locks
/// somebody else out by wrong ones, which are counted for any address alike.
pub(super) async fn submit(
    State(app): State<App>,
    Path((org, request)): Path<(String, String)>,
    headers: HeaderMap,
    language: Language,
    request_id: RequestId,
    form: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let Form(form) = form?;
    let step = Step::submit(&app, (&org, &request), &headers, &form.csrf, now).await?;
    let Ok(address) = form.address.trim().parse::<Address>() else {
        return Ok(page(&step, Some(Notice::AddressUnreadable), language));
    };
    let typed = form.code.parse::<RecoveryCode>().ok().map(|code| code.hash());
    let user = find(&app, &step, &address, now).await?;
    match user.as_ref().and_then(|user| proven(&user.value, typed, now)) {
        Some((user, evidence)) => {
            let enrolment = Enrolment {
                typed: None,
                slip: None,
                proven: Some(Proven { user, proof: Proof::RecoveryCode, since: now }),
                evidence: Some(evidence),
                registration: None,
                language: language.tag().to_owned(),
                ends_at: step.enrolling.request.value.ends_at,
            };
            let version = step.enrolment().map(|stored| stored.version);
            let hash = step.ticket.hash();
            app.store.change_enrolment(step.org, hash, &enrolment, version).await?;
            Ok(Redirect::to(&step.passkey_url()).into_response())
        }
        None => {
            let subject = user.map(|user| user.value.id);
            refuse(&app, &step, &address, subject, &request_id, now).await?;
            Ok(page(&step, Some(Notice::WrongRecovery), language))
        }
    }
}

/// Counts a wrong code in the write that audits it.
async fn refuse(
    app: &App,
    step: &Step,
    address: &Address,
    subject: Option<UserId>,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<(), Failure> {
    let mut audit = app.audit(Actor::Stranger, Action::EnrolmentRefused, request_id, now);
    audit.subject = subject;
    audit.reason = Some("recovery_code_wrong".to_owned());
    match app.store.refuse_recovery(step.org, address, &audit, now).await {
        Ok(()) => {
            count_refused(now);
            Ok(())
        }
        Err(TableError::Conflict { position: 0 }) => {
            let attempt = (Attempt::TryRecoveryCode, address);
            Err(too_many(app, step.org, attempt, subject, request_id, now).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// The user of an address, by as many reads as it takes to find that there is none.
async fn find(
    app: &App,
    step: &Step,
    address: &Address,
    now: Timestamp,
) -> Result<Option<Stored<User>>, Failure> {
    let user = app.store.user_named(step.org, &address.clone().into(), now).await?;
    if user.is_none() {
        app.store.user(step.org, UserId::mint(&*app.entropy), now).await?;
    }
    Ok(user)
}

/// Whom a typed code proves.
fn proven(user: &User, typed: Option<SecretHash>, now: Timestamp) -> Option<(UserId, SecretHash)> {
    let hash = user.recovery.clone().filter(|_| user.has_access(now))?;
    (typed.as_ref() == Some(&hash)).then_some((user.id, hash))
}
