//! `/enrol/{organization}/{request}/code`: the six digits that prove who it is.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use identity::{Code, Proof};
use jiff::Timestamp;
use serde::Deserialize;
use store::{Action, Actor, AuditEntry, CodeSlip, Enrolment, TableError};
use web::failure::RequestId;
use web::language::Language;
use web::page::{Code as CodePage, Notice, Page};

use super::{RACES, Step, address};
use crate::app::App;
use crate::failure::Failure;

#[derive(Deserialize)]
pub(super) struct Typed {
    csrf: String,
    code: String,
}

#[derive(Deserialize)]
pub(super) struct Again {
    csrf: String,
}

/// Asks for the code, whether or not one was sent.
pub(super) async fn show(
    State(app): State<App>,
    Path((org, request)): Path<(String, String)>,
    headers: HeaderMap,
    language: Language,
) -> Result<Response, Failure> {
    let step = Step::open(&app, (&org, &request), &headers, app.clock.now()).await?;
    let begun = step.enrolment().is_some_and(|stored| stored.value.slip.is_some());
    if begun { Ok(page(&step, None, language)) } else { Ok(onward(&step)) }
}

/// Where an enrolment goes on that waits for no code: its proof may have been stored by a try whose
/// answer got lost.
fn onward(step: &Step) -> Response {
    let proven = step.enrolment().is_some_and(|stored| stored.value.proven.is_some());
    let url = if proven { step.passkey_url() } else { step.url() };
    Redirect::to(&url).into_response()
}

fn page(step: &Step, notice: Option<Notice>, language: Language) -> Response {
    let page = CodePage {
        language,
        organization: &step.enrolling.organization.name,
        action: &step.code_url(),
        csrf: &step.half.csrf(),
        resend_action: &format!("{}/resend", step.url()),
        notice,
    };
    page.respond()
}

/// Asks for another code to the same address.
pub(super) async fn resend(
    State(app): State<App>,
    Path((org, request)): Path<(String, String)>,
    headers: HeaderMap,
    language: Language,
    request_id: RequestId,
    form: Result<Form<Again>, FormRejection>,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let Form(form) = form?;
    let step = Step::submit(&app, (&org, &request), &headers, &form.csrf, now).await?;
    match step.enrolment().and_then(|stored| stored.value.typed.clone()) {
        Some(typed) => address::ask_for_code(&app, &step, typed, language, &request_id, now).await,
        None => Ok(Redirect::to(&step.url()).into_response()),
    }
}

/// What becomes of a typed code.
#[derive(Debug, PartialEq, Eq)]
enum Judgement {
    /// It proves who this is.
    Proven(identity::UserId),
    /// It does not, and was counted.
    Wrong,
    /// It was the last try.
    Last,
}

/// Judges a code that may still be tried.
fn judge(slip: &CodeSlip, typed: &Code, enrolment: &identity::SecretHash) -> Judgement {
    match &slip.sent {
        Some((user, hash)) if *hash == typed.hash(enrolment) => Judgement::Proven(*user),
        Some(_) | None if slip.tries + 1 >= Code::TRIES => Judgement::Last,
        Some(_) | None => Judgement::Wrong,
    }
}

/// Judges the code: each try is counted by the write that judges it.
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
    for _ in 0..RACES {
        let step = Step::submit(&app, (&org, &request), &headers, &form.csrf, now).await?;
        match tried(&app, &step, &form.code, language, &request_id, now).await {
            // The sender filled the slip in meanwhile. Who is told so knows that there is somebody.
            Err(Failure::Changed) => {}
            judged => return judged,
        }
    }
    Err(Failure::Changed)
}

async fn tried(
    app: &App,
    step: &Step,
    code: &str,
    language: Language,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<Response, Failure> {
    let Some((stored, slip)) = step.enrolment().and_then(|stored| {
        let slip = stored.value.slip.as_ref()?;
        Some((stored, slip))
    }) else {
        return Ok(onward(step));
    };
    if slip.tries >= Code::TRIES {
        return Ok(page(step, Some(Notice::TooManyTries), language));
    }
    if now >= slip.ends_at {
        return Ok(page(step, Some(Notice::CodeExpired), language));
    }
    let Ok(typed) = code.parse::<Code>() else {
        return Ok(page(step, Some(Notice::WrongCode), language));
    };
    let Some(address) = &stored.value.typed else {
        return Ok(onward(step));
    };
    let hash = step.ticket.hash();
    let judgement = judge(slip, &typed, hash);
    let after = after(&stored.value, slip, &judgement);
    let refused = refused(app, slip, &judgement, request_id, now);
    let change = (&after, stored.version);
    let judged = app.store.judge_code(step.org, hash, change, address, refused.as_ref(), now);
    match judged.await {
        Ok(()) => {}
        Err(TableError::Conflict { position: 0 }) => return Err(Failure::TooMany),
        Err(error) => return Err(error.into()),
    }
    if refused.is_some() {
        web::metric::count("CodeRefused", "login", now);
    }
    match judgement {
        Judgement::Proven(_) => Ok(Redirect::to(&step.passkey_url()).into_response()),
        Judgement::Wrong => Ok(page(step, Some(Notice::WrongCode), language)),
        Judgement::Last => Ok(page(step, Some(Notice::TooManyTries), language)),
    }
}

fn after(before: &Enrolment, slip: &CodeSlip, judgement: &Judgement) -> Enrolment {
    let mut after = before.clone();
    match judgement {
        Judgement::Proven(user) => {
            after.slip = None;
            after.proven = Some((*user, Proof::EmailCode));
        }
        Judgement::Wrong | Judgement::Last => {
            after.slip = Some(CodeSlip { tries: slip.tries + 1, ..slip.clone() });
        }
    }
    after
}

/// What the audit says of a code that proves nothing.
fn refused(
    app: &App,
    slip: &CodeSlip,
    judgement: &Judgement,
    request_id: &RequestId,
    now: Timestamp,
) -> Option<AuditEntry> {
    let reason = match judgement {
        Judgement::Proven(_) => return None,
        Judgement::Wrong => "code_wrong",
        Judgement::Last => "code_tried_too_often",
    };
    let mut audit = app.audit(Actor::Stranger, Action::EnrolmentRefused, request_id, now);
    audit.subject = slip.sent.as_ref().map(|(user, _)| *user);
    audit.reason = Some(reason.to_owned());
    Some(audit)
}
