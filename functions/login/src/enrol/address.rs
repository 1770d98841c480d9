//! `/enrol/{organization}/{request}`: who the person says they are.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use identity::{Address, Attempt, Code};
use jiff::Timestamp;
use serde::Deserialize;
use store::{CodeSlip, Enrolment, OutboxItem, TableError, Task};
use web::failure::RequestId;
use web::language::Language;
use web::page::{Address as AddressPage, Notice, Page};

use super::{RACES, Step, too_many};
use crate::app::App;
use crate::failure::Failure;

#[derive(Deserialize)]
pub(super) struct Typed {
    csrf: String,
    address: String,
}

/// Asks for the work address.
pub(super) async fn show(
    State(app): State<App>,
    Path((org, request)): Path<(String, String)>,
    headers: HeaderMap,
    language: Language,
) -> Result<Response, Failure> {
    let step = Step::open(&app, (&org, &request), &headers, app.clock.now()).await?;
    Ok(page(&step, step.hinted(), None, language))
}

fn page(
    step: &Step,
    address: Option<&str>,
    notice: Option<Notice>,
    language: Language,
) -> Response {
    let sign_in_url = step.sign_in_url();
    let page = AddressPage {
        language,
        organization: &step.enrolling.organization.name,
        action: &step.url(),
        csrf: &step.half.csrf(),
        address,
        notice,
        sign_in_url: sign_in_url.as_deref(),
        recover_url: &step.recover_url(),
    };
    page.respond()
}

/// Takes the work address. Whoever it belongs to, or nobody: the same reads, the same writes and
/// the same answer. Who it is, is found out afterwards, by whoever sends the code.
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
        let notice = Some(Notice::AddressUnreadable);
        return Ok(page(&step, None, notice, language));
    };
    ask_for_code(&app, &step, address, language, &request_id, now).await
}

/// Asks for a code to whoever has this address, and goes on to where it is typed.
pub(super) async fn ask_for_code(
    app: &App,
    step: &Step,
    address: Address,
    language: Language,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<Response, Failure> {
    let task = Task::SendCode {
        enrolment: step.ticket.hash().clone(),
        seed: Code::seed(&*app.entropy).to_vec(),
    };
    let sender = OutboxItem::new(&*app.entropy, step.org, task, now);
    let slip = CodeSlip {
        sender: sender.id,
        asked_at: now,
        tries: 0,
        ends_at: now.checked_add(Code::LIFETIME).unwrap_or(now),
        sent: None,
    };
    let enrolment = Enrolment {
        typed: Some(address.clone()),
        slip: Some(slip),
        proven: None,
        evidence: None,
        registration: None,
        language: language.tag().to_owned(),
        ends_at: step.enrolling.request.value.ends_at,
    };
    let (hash, mut expected) = (step.ticket.hash(), step.enrolment().map(|stored| stored.version));
    for attempt in 1.. {
        let enrolment = (&enrolment, expected);
        match app.store.ask_for_code(step.org, hash, enrolment, &sender, &address, now).await {
            Ok(()) => break,
            Err(TableError::Conflict { position: 0 }) => {
                let attempt = (Attempt::AskForCode, &address);
                return Err(too_many(app, step.org, attempt, None, request_id, now).await?);
            }
            // The sender of an earlier code filled its slip in meanwhile. Who is told so knows that
            // there is somebody.
            Err(TableError::Conflict { .. }) if attempt < RACES => {
                let stored = app.store.enrolment(step.org, hash, now).await?;
                expected = stored.map(|stored| stored.version);
            }
            Err(error) => return Err(error.into()),
        }
    }
    app.announce(&sender, request_id).await;
    Ok(Redirect::to(&step.code_url()).into_response())
}
