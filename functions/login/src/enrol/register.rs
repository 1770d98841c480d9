//! `/enrol/{organization}/{request}/passkey`: the registration, for somebody who proved who they
//! are.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use identity::{
    ClaimRefusal, Proof, RecoveryCode, Refusal, Secret, SecretHash, Session, User, UserId,
    claim_may_enrol,
};
use jiff::Timestamp;
use passkey::{Refused, Registered, RegistrationAnswer};
use serde::Deserialize;
use store::{
    Action, Actor, Enrolment, Link, NewPasskey, OutboxItem, Passkey, Stored, TableError, Task,
};
use web::failure::RequestId;
use web::language::Language;
use web::page::{Notice, Page, Recovery, Register};

use super::Step;
use crate::answer::set_cookie;
use crate::app::App;
use crate::browser::session_cookie;
use crate::ceremony;
use crate::failure::Failure;

/// How many characters of a passkey's name are kept.
const LONGEST_NAME: usize = 60;

#[derive(Deserialize)]
pub(super) struct Answered {
    csrf: String,
    #[serde(default)]
    label: String,
    response: String,
}

/// Somebody who proved who they are, and may register a passkey.
struct Candidate<'a> {
    enrolment: &'a Stored<Enrolment>,
    proof: Proof,
    user: Stored<User>,
    passkeys: Vec<Stored<Passkey>>,
    link: Option<(SecretHash, Stored<Link>)>,
}

/// Asks for a new passkey.
pub(super) async fn show(
    State(app): State<App>,
    Path((org, request)): Path<(String, String)>,
    headers: HeaderMap,
    language: Language,
    request_id: RequestId,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let step = Step::open(&app, (&org, &request), &headers, now).await?;
    match candidate(&app, &step, &request_id, now).await? {
        Some(candidate) => page(&app, &step, &candidate, None, language, now).await,
        None => Ok(Redirect::to(&step.url()).into_response()),
    }
}

/// Whoever this enrolment is for: [`None`] as long as nobody proved it.
async fn candidate<'a>(
    app: &App,
    step: &'a Step,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<Option<Candidate<'a>>, Failure> {
    let Some((enrolment, (id, proof))) =
        step.enrolment().and_then(|stored| Some((stored, stored.value.proven?)))
    else {
        return Ok(None);
    };
    let evidence = enrolment.value.evidence.as_ref();
    let link = match evidence.filter(|_| proof == Proof::Link) {
        Some(hash) => {
            let link = app.store.link(step.org, hash, now).await?;
            Some((hash.clone(), link.ok_or(Failure::LinkOver)?))
        }
        None => None,
    };
    let user = app.store.user(step.org, id, now).await?.ok_or(Failure::MayNotEnrol)?;
    // After the user, whose version the registration expects: nobody adds one in between.
    let passkeys = app.store.passkeys(step.org, id, now).await?;
    let may = may_enrol(&user.value, proof, evidence, now).and_then(|()| {
        let full = passkeys.len() >= usize::from(Passkey::MOST);
        if full { Err(Failure::TooManyPasskeys) } else { Ok(()) }
    });
    if let Err(failure) = may {
        refused(app, step, id, &failure, request_id, now).await?;
        return Err(failure);
    }
    Ok(Some(Candidate { enrolment, proof, user, passkeys, link }))
}

/// Decides whether a proof still enrols somebody: much may have happened since it was given.
fn may_enrol(
    user: &User,
    proof: Proof,
    evidence: Option<&SecretHash>,
    now: Timestamp,
) -> Result<(), Failure> {
    match proof {
        Proof::EmailCode => claim_may_enrol(user, now).map_err(|refusal| match refusal {
            // Whoever proved the code may be told.
            ClaimRefusal::ChangedLately => Failure::AwaitingApproval,
            ClaimRefusal::Blocked
            | ClaimRefusal::Administrator
            | ClaimRefusal::EnrolledBefore
            | ClaimRefusal::NoClaim => Failure::MayNotEnrol,
        }),
        Proof::Link | Proof::RecoveryCode if !user.blocks.is_empty() => {
            Err(Failure::Refused(Refusal::Blocked))
        }
        // An enrolment replaces the code, so that it proves one enrolment only.
        Proof::RecoveryCode if user.recovery.as_ref() != evidence => Err(Failure::LinkOver),
        Proof::Link | Proof::RecoveryCode => Ok(()),
    }
}

/// Begins a ceremony and shows its page. An earlier challenge is not good any more.
async fn page(
    app: &App,
    step: &Step,
    candidate: &Candidate<'_>,
    notice: Option<Notice>,
    language: Language,
    now: Timestamp,
) -> Result<Response, Failure> {
    let user = &candidate.user.value;
    let existing = candidate.passkeys.iter().map(|stored| &*stored.value.credential);
    let party = ceremony::relying_party(&step.enrolling.organization)?;
    let (begun, options) = ceremony::begin(party.begin_registration(user, existing)?, now);
    let enrolment = Enrolment { registration: Some(begun), ..candidate.enrolment.value.clone() };
    let version = Some(candidate.enrolment.version);
    app.store.change_enrolment(step.org, step.ticket.hash(), &enrolment, version).await?;
    let page = Register {
        language,
        organization: &step.enrolling.organization.name,
        action: &step.passkey_url(),
        csrf: &step.half.csrf(),
        options: &options,
        name: user.user_name.as_str(),
        notice,
    };
    Ok(page.respond())
}

/// Judges the new passkey, stores it, and shows the recovery code, once.
pub(super) async fn submit(
    State(app): State<App>,
    Path((org, request)): Path<(String, String)>,
    headers: HeaderMap,
    language: Language,
    request_id: RequestId,
    form: Result<Form<Answered>, FormRejection>,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let Form(form) = form?;
    let step = Step::submit(&app, (&org, &request), &headers, &form.csrf, now).await?;
    let candidate = candidate(&app, &step, &request_id, now).await?;
    let candidate = candidate.ok_or(Failure::RequestOver)?;
    let registered = match judge(&step, candidate.enrolment, &form.response, now) {
        Ok(registered) => registered,
        Err(notice) => {
            return page(&app, &step, &candidate, Some(notice), language, now).await;
        }
    };
    let name = form.label.trim().chars().take(LONGEST_NAME).collect();
    store(&app, &step, &candidate, registered, name, language, &request_id, now).await
}

fn judge(
    step: &Step,
    enrolment: &Stored<Enrolment>,
    response: &str,
    now: Timestamp,
) -> Result<Registered, Notice> {
    let state = ceremony::state(enrolment.value.registration.as_ref(), now)?;
    let party =
        ceremony::relying_party(&step.enrolling.organization).map_err(|_| Notice::TryAgain)?;
    let answer = RegistrationAnswer::parse(response).map_err(|_| Notice::TryAgain)?;
    party.finish_registration(&answer, state).map_err(|refused| match refused {
        Refused::UserVerification => Notice::UserVerificationMissing,
        Refused::Malformed
        | Refused::Challenge
        | Refused::Origin
        | Refused::Cloned
        | Refused::NotDiscoverable
        | Refused::Invalid(_) => Notice::TryAgain,
    })
}

#[expect(clippy::too_many_arguments, reason = "one registration, with all that its page needs")]
async fn store(
    app: &App,
    step: &Step,
    candidate: &Candidate<'_>,
    registered: Registered,
    name: String,
    language: Language,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<Response, Failure> {
    let recovery = RecoveryCode::mint(&*app.entropy);
    let user = User {
        enrolled_at: candidate.user.value.enrolled_at.or(Some(now)),
        recovery: Some(recovery.hash()),
        ..candidate.user.value.clone()
    };
    let passkey = Passkey {
        id: Passkey::id_of(&registered.credential_id),
        name: name.clone(),
        credential: registered.credential,
        created_at: now,
        used_at: None,
    };
    let session = Session::begin(&user, &step.enrolling.organization, now);
    let secret = Secret::mint(&*app.entropy);
    let language_tag = language.tag().to_owned();
    let task = Task::ReportEnrolment { user: user.id, passkey: name, language: language_tag };
    let report = OutboxItem::new(&*app.entropy, step.org, task, now);
    let mut audit = app.audit(Actor::User(user.id), Action::Enrolled, request_id, now);
    audit.reason = Some(reason(candidate.proof).to_owned());
    let new = NewPasskey {
        request: step.ticket.hash(),
        enrolment: candidate.enrolment,
        link: candidate.link.as_ref().map(|(hash, link)| (hash, link)),
        user: &Stored { value: user, version: candidate.user.version },
        passkey: &passkey,
        session: (&secret.hash(), &session),
        report: &report,
        audit: &audit,
    };
    match app.store.enrol(step.org, &new).await {
        Ok(()) => {}
        Err(TableError::Conflict { position: 0 }) => {
            let notice = Some(Notice::AlreadyRegistered);
            return page(app, step, candidate, notice, language, now).await;
        }
        Err(TableError::Unavailable(_)) if stored(app, step, &new, now).await? => {}
        Err(error) => return Err(error.into()),
    }
    app.announce(&report, request_id).await;

    let continue_url = step.sign_in_url();
    let page = Recovery {
        language,
        organization: &step.enrolling.organization.name,
        code: &recovery.reveal(),
        continue_url: continue_url.as_deref(),
    };
    let mut response = page.respond();
    set_cookie(&mut response, session_cookie(step.org, &session, &secret)?);
    Ok(response)
}

/// Whether a registration was carried out though its answer got lost: only this one brings this
/// recovery code, which could never be shown again.
async fn stored(
    app: &App,
    step: &Step,
    new: &NewPasskey<'_>,
    now: Timestamp,
) -> Result<bool, Failure> {
    let user = app.store.user(step.org, new.user.value.id, now).await?;
    Ok(user.is_some_and(|user| user.value.recovery == new.user.value.recovery))
}

/// The word that the audit keeps of a proof.
const fn reason(proof: Proof) -> &'static str {
    match proof {
        Proof::EmailCode => "email_code",
        Proof::Link => "link",
        Proof::RecoveryCode => "recovery_code",
    }
}

async fn refused(
    app: &App,
    step: &Step,
    user: UserId,
    failure: &Failure,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<(), Failure> {
    let mut audit = app.audit(Actor::Stranger, Action::EnrolmentRefused, request_id, now);
    audit.subject = Some(user);
    audit.reason = Some(failure.to_string());
    Ok(app.store.audit(step.org, &audit).await?)
}
