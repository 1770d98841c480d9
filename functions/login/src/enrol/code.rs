//! `/enrol/{organization}/{request}/code`: the six digits that prove who it is.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use identity::{Address, Attempt, Code, Proof, UserId};
use jiff::Timestamp;
use serde::Deserialize;
use store::{Action, Actor, AuditEntry, CodeSlip, Enrolment, Proven, Stored, TableError};
use web::failure::RequestId;
use web::language::Language;
use web::page::{Code as CodePage, Notice, Page};

use super::{RACES, Step, address, count_refused, too_many};
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
    Proven(UserId),
    /// It does not, and was counted.
    Wrong,
    /// It was the last try.
    Last,
}

impl Judgement {
    /// The word that the audit keeps of a code that proves nothing.
    const fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Proven(_) => None,
            Self::Wrong => Some("code_wrong"),
            Self::Last => Some("code_tried_too_often"),
        }
    }
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
    if let Some(notice) = over(slip, now) {
        end(app, step, (stored, slip), request_id, now).await?;
        return Ok(page(step, Some(notice), language));
    }
    let Ok(typed) = code.parse::<Code>() else {
        return Ok(page(step, Some(Notice::WrongCode), language));
    };
    let Some(address) = &stored.value.typed else {
        return Ok(onward(step));
    };
    let judgement = judge(slip, &typed, step.ticket.hash());
    keep(app, step, (stored, slip, address), &judgement, request_id, now).await?;
    match judgement {
        Judgement::Proven(_) => Ok(Redirect::to(&step.passkey_url()).into_response()),
        Judgement::Wrong => Ok(page(step, Some(Notice::WrongCode), language)),
        Judgement::Last => Ok(page(step, Some(Notice::TooManyTries), language)),
    }
}

/// Stores what became of a try, which counts it.
async fn keep(
    app: &App,
    step: &Step,
    (stored, slip, address): (&Stored<Enrolment>, &CodeSlip, &Address),
    judgement: &Judgement,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<(), Failure> {
    let after = after(&stored.value, slip, judgement);
    let refused = judgement.reason().map(|reason| audit(app, slip, reason, request_id, now));
    let (hash, change) = (step.ticket.hash(), (&after, stored.version));
    let kept = app.store.judge_code(step.org, hash, change, address, refused.as_ref(), now);
    match kept.await {
        Ok(()) => {}
        Err(TableError::Conflict { position: 0 }) => {
            let (attempt, subject) = ((Attempt::TryCode, address), sent_to(slip));
            return Err(too_many(app, step.org, attempt, subject, request_id, now).await?);
        }
        Err(error) => return Err(error.into()),
    }
    if refused.is_some() {
        count_refused(now);
    }
    Ok(())
}

fn after(before: &Enrolment, slip: &CodeSlip, judgement: &Judgement) -> Enrolment {
    let mut after = before.clone();
    match judgement {
        Judgement::Proven(user) => {
            after.slip = None;
            let (user, proof) = (*user, Proof::EmailCode);
            after.proven = Some(Proven { user, proof, since: slip.asked_at });
        }
        Judgement::Wrong | Judgement::Last => {
            after.slip = Some(CodeSlip { tries: slip.tries + 1, ..slip.clone() });
        }
    }
    after
}

/// What the page says of a code that may not be tried any more.
fn over(slip: &CodeSlip, now: Timestamp) -> Option<Notice> {
    if now >= slip.ends_at {
        Some(Notice::CodeExpired)
    } else {
        (slip.tries >= Code::TRIES).then_some(Notice::TooManyTries)
    }
}

/// Ends a code that was tried too late: the audit tells it once. The last of its tries was told
/// when it was made.
async fn end(
    app: &App,
    step: &Step,
    (stored, slip): (&Stored<Enrolment>, &CodeSlip),
    request_id: &RequestId,
    now: Timestamp,
) -> Result<(), Failure> {
    if slip.tries < Code::TRIES {
        let ended = CodeSlip { tries: Code::TRIES, ..slip.clone() };
        let after = Enrolment { slip: Some(ended), ..stored.value.clone() };
        let audit = audit(app, slip, "code_over", request_id, now);
        let (hash, change) = (step.ticket.hash(), (&after, stored.version));
        app.store.refuse_enrolment(step.org, hash, change, &audit).await?;
    }
    count_refused(now);
    Ok(())
}

/// What the audit says of a code that proves nothing.
fn audit(
    app: &App,
    slip: &CodeSlip,
    reason: &str,
    request_id: &RequestId,
    now: Timestamp,
) -> AuditEntry {
    let mut audit = app.audit(Actor::Stranger, Action::EnrolmentRefused, request_id, now);
    audit.subject = sent_to(slip);
    audit.reason = Some(reason.to_owned());
    audit
}

/// Whose code it is, where it is anybody's.
fn sent_to(slip: &CodeSlip) -> Option<UserId> {
    slip.sent.as_ref().map(|(user, _)| *user)
}
