//! `/sign-in/{domain}/{request}`: a pending request, for the browser that began it.

use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::response::Response;
use axum::routing::get;
use http::HeaderMap;
use identity::{
    Address, DomainName, HeldSession, Hint, Method, OrganizationId, Session, User, accept_session,
    may_sign_in,
};
use jiff::Timestamp;
use passkey::{Refused, SignInAnswer};
use serde::Deserialize;
use store::{Action, Actor, Asking, Facts, PendingAuthn, Request, Stored};
use web::failure::RequestId;
use web::language::Language;
use web::page::{Notice, Page, SignIn};

use crate::answer::{Fresh, Grounds, Proof, decline_passive, issue, set_cookie};
use crate::app::App;
use crate::browser::{Half, Ticket, held_session, left_for_microsoft, surplus};
use crate::ceremony;
use crate::failure::Failure;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/", get(resume).post(finish))
}

#[derive(Deserialize)]
pub(crate) struct Passkey {
    csrf: String,
    response: String,
}

/// Goes on with a request that was landed, or whose enrolment is done: silently where a session
/// speaks for somebody, with the page otherwise.
async fn resume(
    State(app): State<App>,
    Path((domain, request)): Path<(String, String)>,
    headers: HeaderMap,
    language: Language,
    request_id: RequestId,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let step = Step::open(&app, &domain, &request, &headers, now).await?;
    let held = held_session(&headers, step.org);
    let facts = step.facts(&app, held.as_ref(), None, now).await?;
    let (stored, authn) = step.pending(&facts)?;
    let silent = silent(&facts, &authn, stored.value.hint.as_ref(), now);
    if let Some(((user, session), held)) = silent.zip(held.as_ref()) {
        let grounds = Grounds {
            org: step.org,
            facts: &facts,
            authn: &authn,
            user,
            session,
            pending: Some(&step.ticket),
            proof: Proof::Held(held),
        };
        return issue(&app, grounds, language, &request_id, now).await;
    }
    if authn.passive {
        let (facts, asked) = ((step.org, &facts), (&authn, Some(&step.ticket)));
        return decline_passive(&app, facts, asked, language, &request_id, now).await;
    }
    let notice = circle(&headers, step.org);
    let (mut page, ceremony) = step.page(&facts, stored, notice, language, now)?;
    let request = Request { ceremony: Some(ceremony), ..stored.value.clone() };
    app.store.change_request(step.org, step.ticket.hash(), &request, stored.version).await?;
    // A landed POST brought no cookies: here they are seen.
    for removal in surplus(&headers, &step.ticket) {
        set_cookie(&mut page, removal);
    }
    Ok(page)
}

/// The session that answers without asking, if a passkey began it, it speaks for whoever the relying
/// party expects and is fresh enough. A hint that cannot be read may be about anybody.
pub(crate) fn silent<'a>(
    facts: &'a Facts,
    authn: &PendingAuthn,
    hint: Option<&Hint>,
    now: Timestamp,
) -> Option<(&'a Stored<User>, &'a Session)> {
    let (user, session) = facts.user.as_ref().zip(facts.session.as_ref())?;
    let other = hint.is_some_and(|hint| !hint.names(&user.value));
    let ours = session.by == Method::Passkey;
    (ours && !other && accept_session(session, &user.value, authn.not_before, now))
        .then_some((user, session))
}

/// What the page says to somebody who wanted to sign in with Microsoft and was sent here by it.
pub(crate) fn circle(headers: &HeaderMap, org: OrganizationId) -> Option<Notice> {
    left_for_microsoft(headers, org).then_some(Notice::BackFromMicrosoft)
}

/// Judges a passkey's answer, and tells the relying party.
async fn finish(
    State(app): State<App>,
    Path((domain, request)): Path<(String, String)>,
    headers: HeaderMap,
    language: Language,
    request_id: RequestId,
    form: Result<Form<Passkey>, FormRejection>,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let Form(form) = form?;
    let step = Step::open(&app, &domain, &request, &headers, now).await?;
    step.half.check_csrf(&form.csrf)?;
    let answer = SignInAnswer::parse(&form.response);
    let claimed = answer.as_ref().ok().and_then(|answer| answer.claimed().ok());
    let credential = claimed.as_ref().map(|claimed| store::Passkey::id_of(&claimed.credential_id));
    let passkey = claimed.as_ref().map(|claimed| claimed.user).zip(credential.as_ref());
    let facts = step.facts(&app, None, passkey, now).await?;
    web::csrf::same_origin(&headers, &facts.organization.base_url)?;
    let (stored, authn) = step.pending(&facts)?;

    let judged =
        answer.map_err(Denied::Passkey).and_then(|answer| judge(&facts, stored, &answer, now));
    match judged {
        Ok((user, passkey)) => {
            let session = Session::begin(&user.value, &facts.organization, Method::Passkey, now);
            let fresh = Fresh::new(passkey, &*app.entropy);
            let grounds = Grounds {
                org: step.org,
                facts: &facts,
                authn: &authn,
                user,
                session: &session,
                pending: Some(&step.ticket),
                proof: Proof::Ceremony(fresh),
            };
            issue(&app, grounds, language, &request_id, now).await
        }
        Err(denied) => step.deny(&app, &facts, stored, denied, language, &request_id, now).await,
    }
}

/// Why a passkey's answer signs nobody in.
#[derive(Debug)]
enum Denied {
    TooLate,
    Unknown,
    Passkey(Refused),
    Person(identity::Refusal),
}

/// Decides whether an answer signs somebody in, and as whom.
fn judge<'a>(
    facts: &'a Facts,
    request: &Stored<Request>,
    answer: &SignInAnswer,
    now: Timestamp,
) -> Result<(&'a Stored<User>, Stored<store::Passkey>), Denied> {
    let state = ceremony::state(request.value.ceremony.as_ref(), now).ok_or(Denied::TooLate)?;
    let known = facts.user.as_ref().zip(facts.passkey.as_ref());
    let (user, passkey) = known.ok_or(Denied::Unknown)?;
    let party = ceremony::relying_party(&facts.organization).map_err(|_| Denied::Unknown)?;
    let verified =
        party.finish_sign_in(answer, state, &passkey.value.credential).map_err(Denied::Passkey)?;
    let method = facts.organization.method_of(&user.value);
    may_sign_in(&user.value, method, &facts.domain, now).map_err(Denied::Person)?;
    let used = store::Passkey {
        credential: verified.credential,
        used_at: Some(now),
        ..passkey.value.clone()
    };
    Ok((user, Stored { value: used, version: passkey.version }))
}

impl Denied {
    /// The word that the audit keeps.
    const fn reason(&self) -> &'static str {
        match self {
            Self::TooLate => "challenge_over",
            Self::Unknown => "passkey_unknown",
            Self::Passkey(refused) => ceremony::word(refused),
            Self::Person(refusal) => refusal.word(),
        }
    }

    /// What the page says when another try may help.
    const fn notice(&self) -> Notice {
        match self {
            Self::TooLate => Notice::TooLate,
            Self::Unknown => Notice::NotRecognised,
            Self::Passkey(Refused::UserVerification) => Notice::UserVerificationMissing,
            Self::Passkey(_) | Self::Person(_) => Notice::TryAgain,
        }
    }
}

/// One step of a browser in the middle of a request.
struct Step {
    org: OrganizationId,
    domain: DomainName,
    ticket: Ticket,
    half: Half,
}

impl Step {
    async fn open(
        app: &App,
        domain: &str,
        request: &str,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let ticket = Ticket::parse(request)?;
        let half = ticket.half(headers)?;
        let (org, domain) = app.domain(domain, now).await?;
        Ok(Self { org, domain, ticket, half })
    }

    async fn facts(
        &self,
        app: &App,
        held: Option<&HeldSession>,
        passkey: Option<(identity::UserId, &identity::SecretHash)>,
        now: Timestamp,
    ) -> Result<Facts, Failure> {
        let asking = Asking {
            domain: &self.domain,
            // Which request it is stands in what is read.
            answered: None,
            request: Some(self.ticket.hash()),
            session: held.map(|held| (held.user, &held.hash)),
            passkey,
        };
        app.facts(self.org, &asking, now).await
    }

    /// The request that this browser began under this domain, with what a relying party asked.
    fn pending<'a>(
        &self,
        facts: &'a Facts,
    ) -> Result<(&'a Stored<Request>, PendingAuthn), Failure> {
        let stored = facts.request.as_ref().ok_or(Failure::RequestOver)?;
        self.half.check(&stored.value)?;
        let authn = stored.value.authn.clone().filter(|authn| authn.domain == self.domain);
        Ok((stored, authn.ok_or(Failure::RequestOver)?))
    }

    /// The page that asks for a passkey, and the ceremony that it begins.
    fn page(
        &self,
        facts: &Facts,
        stored: &Stored<Request>,
        notice: Option<Notice>,
        language: Language,
        now: Timestamp,
    ) -> Result<(Response, store::Ceremony), Failure> {
        let place = (&self.domain, &self.ticket, &self.half);
        page(facts, place, stored.value.hint.as_ref(), notice, language, now)
    }

    /// Ends a ceremony that signed nobody in: the challenge is never good for a second answer.
    #[expect(clippy::too_many_arguments, reason = "one refusal, with all that its page needs")]
    async fn deny(
        &self,
        app: &App,
        facts: &Facts,
        stored: &Stored<Request>,
        denied: Denied,
        language: Language,
        request_id: &RequestId,
        now: Timestamp,
    ) -> Result<Response, Failure> {
        let known = facts.passkey.as_ref().and(facts.user.as_ref());
        let action = match denied {
            Denied::Passkey(Refused::Cloned) => Action::PasskeyCloned,
            _ => Action::SignInRefused,
        };
        let actor = match (&denied, known) {
            // Their passkey verified.
            (Denied::Person(_), Some(user)) => Actor::User(user.value.id),
            _ => Actor::Stranger,
        };
        let mut audit = app.audit(actor, action, request_id, now);
        audit.subject = known.map(|user| user.value.id);
        audit.relying_party = Some(facts.domain.issuer.clone());
        audit.reason = Some(denied.reason().to_owned());

        let end = match &denied {
            Denied::Person(refusal) => Some(Failure::Refused(*refusal)),
            Denied::Passkey(Refused::Cloned) => Some(Failure::Cloned),
            Denied::TooLate | Denied::Unknown | Denied::Passkey(_) => None,
        };
        let (page, ceremony) = match end {
            Some(failure) => (Err(failure), None),
            None => {
                let notice = Some(denied.notice());
                let (page, ceremony) = self.page(facts, stored, notice, language, now)?;
                (Ok(page), Some(ceremony))
            }
        };
        let request = Request { ceremony, ..stored.value.clone() };
        let id = self.ticket.hash();
        app.store.refuse(self.org, id, &request, stored.version, &audit, now).await?;
        page
    }
}

/// The page that asks for a passkey, and the ceremony that it begins.
pub(crate) fn page(
    facts: &Facts,
    (domain, ticket, half): (&DomainName, &Ticket, &Half),
    hint: Option<&Hint>,
    notice: Option<Notice>,
    language: Language,
    now: Timestamp,
) -> Result<(Response, store::Ceremony), Failure> {
    let party = ceremony::relying_party(&facts.organization)?;
    let (ceremony, options) = ceremony::begin(party.begin_sign_in()?, now);
    let page = SignIn {
        language,
        organization: &facts.organization.name,
        action: &ticket.sign_in_url(domain),
        options: &options,
        csrf: &half.csrf(),
        hint: hint.and_then(Hint::address).map(Address::as_str),
        enrol_url: &ticket.enrol_url(facts.organization.id),
        notice,
    };
    Ok((page.respond(), ceremony))
}
