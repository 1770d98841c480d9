//! `/enrol/{organization}/{request}/passkey`: the registration, for somebody who proved who they
//! are.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use identity::{Method, RecoveryCode, Secret, Session, User};
use jiff::Timestamp;
use passkey::{Refused, Registered, RegistrationAnswer};
use serde::Deserialize;
use store::{Action, Actor, Enrolment, NewPasskey, OutboxItem, Passkey, Stored, TableError, Task};
use web::failure::RequestId;
use web::language::Language;
use web::page::{Notice, Page, Recovery, Register};

use super::Step;
use super::candidate::Candidate;
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
    match Candidate::find(&app, &step, &request_id, now).await? {
        Some(candidate) => {
            let page = Registration { app, step: &step, candidate, language, request_id, now };
            page.ask(None).await
        }
        None => Ok(Redirect::to(&step.url()).into_response()),
    }
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
    let candidate = Candidate::find(&app, &step, &request_id, now).await?;
    let candidate = candidate.ok_or(Failure::RequestOver)?;
    let page = Registration { app, step: &step, candidate, language, request_id, now };
    let name = form.label.trim().chars().take(LONGEST_NAME).collect();
    match page.judge(&form.response)? {
        Ok(registered) => page.store(registered, name).await,
        Err(denied) => page.ask(Some(denied)).await,
    }
}

/// Why an answer registers nothing.
#[derive(Debug)]
enum Denied {
    TooLate,
    Known,
    Passkey(Refused),
}

impl Denied {
    /// The word that the audit keeps.
    const fn word(&self) -> &'static str {
        match self {
            Self::TooLate => "challenge_over",
            Self::Known => "passkey_known",
            Self::Passkey(refused) => ceremony::word(refused),
        }
    }

    /// What the page says.
    const fn notice(&self) -> Notice {
        match self {
            Self::TooLate => Notice::TooLate,
            Self::Known => Notice::AlreadyRegistered,
            Self::Passkey(Refused::UserVerification) => Notice::UserVerificationMissing,
            Self::Passkey(
                Refused::Malformed
                | Refused::Challenge
                | Refused::Origin
                | Refused::Cloned
                | Refused::NotDiscoverable
                | Refused::Invalid(_),
            ) => Notice::TryAgain,
        }
    }
}

/// One visit of somebody who may register a passkey.
struct Registration<'a> {
    app: App,
    step: &'a Step,
    candidate: Candidate<'a>,
    language: Language,
    request_id: RequestId,
    now: Timestamp,
}

impl Registration<'_> {
    /// Begins a ceremony and shows its page. An earlier challenge is not good any more; why its
    /// answer was refused, if one was, is in the audit.
    async fn ask(&self, denied: Option<Denied>) -> Result<Response, Failure> {
        let Self { app, step, candidate, language, request_id, now } = self;
        let user = &candidate.user.value;
        let existing = candidate.passkeys.iter().map(|stored| &*stored.value.credential);
        let party = ceremony::relying_party(&step.enrolling.organization)?;
        let (begun, options) = ceremony::begin(party.begin_registration(user, existing)?, *now);
        let before = candidate.enrolment;
        let enrolment = Enrolment { registration: Some(begun), ..before.value.clone() };
        let (org, hash, version) = (step.org, step.ticket.hash(), before.version);
        match &denied {
            None => app.store.change_enrolment(org, hash, &enrolment, Some(version)).await?,
            Some(denied) => {
                let stranger = Actor::Stranger;
                let mut audit = app.audit(stranger, Action::EnrolmentRefused, request_id, *now);
                audit.subject = Some(user.id);
                audit.reason = Some(denied.word().to_owned());
                app.store.refuse_enrolment(org, hash, (&enrolment, version), &audit).await?;
            }
        }
        let page = Register {
            language: *language,
            organization: &step.enrolling.organization.name,
            action: &step.passkey_url(),
            csrf: &step.half.csrf(),
            options: &options,
            name: user.user_name.as_str(),
            notice: denied.as_ref().map(Denied::notice),
        };
        Ok(page.respond())
    }

    fn judge(&self, response: &str) -> Result<Result<Registered, Denied>, Failure> {
        let party = ceremony::relying_party(&self.step.enrolling.organization)?;
        let begun = self.candidate.enrolment.value.registration.as_ref();
        let Some(state) = ceremony::state(begun, self.now) else {
            return Ok(Err(Denied::TooLate));
        };
        let answer = RegistrationAnswer::parse(response);
        let judged = answer.and_then(|answer| party.finish_registration(&answer, state));
        Ok(judged.map_err(Denied::Passkey))
    }

    async fn store(&self, registered: Registered, name: String) -> Result<Response, Failure> {
        let Self { app, step, candidate, language, request_id, now } = self;
        let recovery = RecoveryCode::mint(&*app.entropy);
        let user = User {
            enrolled_at: candidate.user.value.enrolled_at.or(Some(*now)),
            recovery: Some(recovery.hash()),
            ..candidate.user.value.clone()
        };
        let passkey = Passkey {
            id: Passkey::id_of(&registered.credential_id),
            name: name.clone(),
            credential: registered.credential,
            created_at: *now,
            used_at: None,
        };
        let session = Session::begin(&user, &step.enrolling.organization, Method::Passkey, *now);
        let secret = Secret::mint(&*app.entropy);
        let language = language.tag().to_owned();
        let task = Task::ReportEnrolment { user: user.id, passkey: name, language };
        let report = OutboxItem::new(&*app.entropy, step.org, task, *now);
        let mut audit = app.audit(Actor::User(user.id), Action::Enrolled, request_id, *now);
        audit.reason = Some(candidate.proof.word().to_owned());
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
                return self.ask(Some(Denied::Known)).await;
            }
            Err(TableError::Unavailable(_)) if self.is_stored(&new).await? => {}
            Err(error) => return Err(error.into()),
        }
        app.announce(&report, request_id).await;
        let mut response = self.recovery(&recovery);
        set_cookie(&mut response, session_cookie(step.org, &session, &secret)?);
        Ok(response)
    }

    /// Whether a registration was carried out though its answer got lost: only this one brings this
    /// recovery code, which could never be shown again.
    async fn is_stored(&self, new: &NewPasskey<'_>) -> Result<bool, Failure> {
        let user = self.app.store.user(self.step.org, new.user.value.id, self.now).await?;
        Ok(user.is_some_and(|user| user.value.recovery == new.user.value.recovery))
    }

    /// Shows the recovery code.
    fn recovery(&self, recovery: &RecoveryCode) -> Response {
        let continue_url = self.step.sign_in_url();
        let page = Recovery {
            language: self.language,
            organization: &self.step.enrolling.organization.name,
            code: &recovery.reveal(),
            continue_url: continue_url.as_deref(),
        };
        page.respond()
    }
}
