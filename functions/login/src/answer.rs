//! The answer to a relying party: signed first, then consumed, then sent.

use ambient::Entropy;
use axum::response::Response;
use http::HeaderValue;
use http::header::SET_COOKIE;
use identity::{
    HeldSession, OrganizationId, OutboxId, Refusal, Secret, SecretHash, Session, User, may_sign_in,
};
use jiff::Timestamp;
use keys::ring::SigningKey;
use saml::response::{Answer, AuthnContext, Declined, form_value};
use store::{
    Action, Actor, Answered, AuditEntry, Facts, PendingAuthn, SignedIn, Stored, TableError,
};
use web::failure::RequestId;
use web::language::Language;
use web::page::{AutoPost, Page};
use xmldsig::Certificate;

use crate::app::App;
use crate::browser::{Ticket, session_cookie};
use crate::failure::Failure;

/// What the audit says of a request that comes again.
const ANSWERED: &str = "request_answered";

/// Everything that an answer rests on.
pub(crate) struct Grounds<'a> {
    pub(crate) org: OrganizationId,
    pub(crate) facts: &'a Facts,
    pub(crate) authn: &'a PendingAuthn,
    pub(crate) user: &'a Stored<User>,
    /// The session that speaks for the user: an earlier one, or the ceremony's own.
    pub(crate) session: &'a Session,
    /// Our pending request, where there is one.
    pub(crate) pending: Option<&'a Ticket>,
    pub(crate) proof: Proof<'a>,
}

/// What shows who it is.
pub(crate) enum Proof<'a> {
    /// The session that the browser has.
    Held(&'a HeldSession),
    Ceremony(Fresh),
}

/// A ceremony that went well just now.
pub(crate) struct Fresh {
    pub(crate) passkey: Stored<store::Passkey>,
    pub(crate) secret: Secret,
    pub(crate) hash: SecretHash,
}

impl Fresh {
    pub(crate) fn new(passkey: Stored<store::Passkey>, entropy: &dyn Entropy) -> Self {
        let secret = Secret::mint(entropy);
        Self { passkey, hash: secret.hash(), secret }
    }
}

impl Proof<'_> {
    /// The word that the audit keeps.
    const fn word(&self) -> &'static str {
        match self {
            Self::Held(_) => "session",
            Self::Ceremony(_) => "passkey",
        }
    }

    fn stored<'a>(&'a self, session: &'a Session) -> store::Proof<'a> {
        match self {
            Self::Held(held) => store::Proof::Session(&held.hash),
            Self::Ceremony(Fresh { passkey, hash, .. }) => store::Proof::Ceremony(SignedIn {
                passkey: passkey.clone(),
                session: (hash, session),
            }),
        }
    }
}

/// Tells the relying party who signed in.
///
/// The request is consumed after the signature and before the answer leaves: a fault at any point
/// before lets the person reload, and two answers can never both leave.
pub(crate) async fn issue(
    app: &App,
    grounds: Grounds<'_>,
    language: Language,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<Response, Failure> {
    let Grounds { org, facts, authn, user, session, .. } = grounds;
    let method = facts.organization.method_of(&user.value);
    if let Err(refusal) = may_sign_in(&user.value, method, &facts.domain, now) {
        let mut audit = grounds.audit(app, Action::SignInRefused, request_id, now);
        audit.subject = Some(user.value.id);
        audit.reason = Some(refusal.word().to_owned());
        app.store.audit_refusal(org, &audit, now).await?;
        return Err(refusal.into());
    }
    let ring = app.ring(org, now).await?;
    let xml = sign(app, &ring.active, facts, authn, user, session, now).await?;
    grounds.consume(app, &ring.active, request_id, now).await?;

    let mut response = post(facts, authn, &xml, language);
    if let Proof::Ceremony(fresh) = &grounds.proof {
        set_cookie(&mut response, session_cookie(org, session, &fresh.secret)?);
    }
    if let Some(ticket) = grounds.pending {
        set_cookie(&mut response, ticket.removal()?);
    }
    Ok(response)
}

impl Grounds<'_> {
    fn audit(
        &self,
        app: &App,
        action: Action,
        request_id: &RequestId,
        now: Timestamp,
    ) -> AuditEntry {
        let mut audit = app.audit(Actor::User(self.user.value.id), action, request_id, now);
        audit.relying_party = Some(self.facts.domain.issuer.clone());
        audit
    }

    /// Consumes the request, after a key signed for it and before anybody sees the signature.
    async fn consume(
        &self,
        app: &App,
        key: &SigningKey,
        request_id: &RequestId,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let mut audit = self.audit(app, Action::SignedIn, request_id, now);
        audit.key = Some(key.key.as_str().to_owned());
        audit.reason = Some(self.proof.word().to_owned());
        let answered = Answered {
            domain: &self.facts.domain.name,
            request_id: &self.authn.id,
            pending: self.pending.map(Ticket::hash).zip(self.facts.request.as_ref()),
            user: self.user,
            proof: self.proof.stored(self.session),
            audit: &audit,
        };
        match app.store.answer(self.org, &answered, now).await {
            // A race, or a landed POST: a key signed for it, which the audit says each time.
            Err(TableError::Conflict { position: 0 }) => {
                let mut audit = self.audit(app, Action::SignInRefused, request_id, now);
                audit.reason = Some(ANSWERED.to_owned());
                audit.key = Some(key.key.as_str().to_owned());
                app.store.audit(self.org, &audit).await?;
                Err(Failure::RequestOver)
            }
            // Somebody changed what the answer rests on: it never leaves, but the key was used.
            Err(error @ TableError::Conflict { .. }) => {
                let issuer = &self.facts.domain.issuer;
                app.audit_key(self.org, key, issuer, "answer_withdrawn", request_id).await?;
                Err(error.into())
            }
            other => Ok(other?),
        }
    }
}

/// Refuses a request that was answered before, which was found out before anything was signed.
pub(crate) async fn refuse_replay(
    app: &App,
    (org, facts): (OrganizationId, &Facts),
    authn: &PendingAuthn,
    actor: Actor,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<Failure, Failure> {
    let mut audit = app.audit(actor, Action::SignInRefused, request_id, now);
    audit.relying_party = Some(facts.domain.issuer.clone());
    audit.reason = Some(ANSWERED.to_owned());
    app.store.audit_replay(org, (&facts.domain.name, &authn.id), &audit, now).await?;
    Ok(Failure::RequestOver)
}

/// Tells the relying party that nobody signed in without being asked. That is the request's one
/// answer, and the end of our pending request, where there is one.
pub(crate) async fn decline_passive(
    app: &App,
    (org, facts): (OrganizationId, &Facts),
    (authn, pending): (&PendingAuthn, Option<&Ticket>),
    language: Language,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<Response, Failure> {
    let mut audit = app.audit(Actor::Stranger, Action::SignInRefused, request_id, now);
    audit.relying_party = Some(facts.domain.issuer.clone());
    audit.reason = Some("passive".to_owned());
    let asked = (&facts.domain.name, &*authn.id);
    let over = pending.map(Ticket::hash).zip(facts.request.as_ref());
    match app.store.decline(org, asked, over, &audit, now).await {
        Ok(()) => {}
        Err(TableError::Conflict { position: 0 }) => {
            let stranger = Actor::Stranger;
            return Err(refuse_replay(app, (org, facts), authn, stranger, request_id, now).await?);
        }
        Err(error) => return Err(error.into()),
    }
    let declined = Declined {
        response_id: &message_id(&*app.entropy),
        issuer: &facts.domain.issuer,
        reply_url: &facts.domain.reply_url,
        in_response_to: &authn.id,
        now,
    };
    let mut response = post(facts, authn, &declined.to_xml()?, language);
    if let Some(ticket) = pending {
        set_cookie(&mut response, ticket.removal()?);
    }
    Ok(response)
}

async fn sign(
    app: &App,
    key: &SigningKey,
    facts: &Facts,
    authn: &PendingAuthn,
    user: &Stored<User>,
    session: &Session,
    now: Timestamp,
) -> Result<String, Failure> {
    let assertion_id = message_id(&*app.entropy);
    // `may_sign_in` refused whoever has none.
    let anchor = user.value.anchor.as_ref().ok_or(Refusal::NoAnchor)?;
    let unsigned = Answer {
        response_id: &message_id(&*app.entropy),
        assertion_id: &assertion_id,
        issuer: &facts.domain.issuer,
        reply_url: &facts.domain.reply_url,
        in_response_to: &authn.id,
        now,
        anchor: anchor.as_str(),
        upn: user.value.user_name.as_str(),
        authn_instant: session.authenticated_at,
        // Every session begins with a ceremony that required user verification.
        context: AuthnContext::MultipleAuthn,
        session_index: &assertion_id,
    }
    .unsigned(&Certificate::from_der(key.certificate.clone()))?;
    let signature = app.sign(key, unsigned.digest(), now).await?;
    Ok(unsigned.finish(&signature))
}

fn post(facts: &Facts, authn: &PendingAuthn, xml: &str, language: Language) -> Response {
    let response = form_value(xml);
    let relay_state = authn.relay_state.as_deref();
    let fields = [("SAMLResponse", &*response)];
    let fields = fields.into_iter().chain(relay_state.map(|state| ("RelayState", state)));
    let fields = fields.collect::<Vec<_>>();
    AutoPost { language, action: &facts.domain.reply_url, fields: &fields }.respond()
}

/// Adds a cookie to an answer.
pub(crate) fn set_cookie(response: &mut Response, cookie: HeaderValue) {
    response.headers_mut().append(SET_COOKIE, cookie);
}

/// A new id for a message: an `NCName`, which must not begin with a digit (SAML Core §1.3.4).
pub(crate) fn message_id(entropy: &dyn Entropy) -> String {
    format!("_{}", OutboxId::mint(entropy))
}
