//! The answer to a relying party: signed first, then consumed, then sent.

use ambient::Entropy;
use axum::response::Response;
use http::HeaderValue;
use http::header::SET_COOKIE;
use identity::{OrganizationId, OutboxId, Refusal, Secret, Session, User, may_sign_in};
use jiff::Timestamp;
use keys::ring::SigningKey;
use saml::response::{Answer, AuthnContext, Declined, form_value};
use store::{Action, Actor, Answered, Facts, PendingAuthn, SignedIn, Stored, TableError};
use web::failure::RequestId;
use web::language::Language;
use web::page::{AutoPost, Page};
use xmldsig::Certificate;

use crate::app::App;
use crate::browser::{Ticket, session_cookie};
use crate::failure::Failure;

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
    /// The ceremony, unless a session sufficed.
    pub(crate) ceremony: Option<Fresh>,
}

/// A ceremony that went well just now.
pub(crate) struct Fresh {
    pub(crate) passkey: Stored<store::Passkey>,
    pub(crate) secret: Secret,
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
    let Grounds { org, facts, authn, user, session, pending, ceremony } = grounds;
    let of = |action| {
        let mut audit = app.audit(Actor::User(user.value.id), action, request_id, now);
        audit.relying_party = Some(facts.domain.issuer.clone());
        audit
    };
    if let Err(refusal) = may_sign_in(&user.value, &facts.domain) {
        let mut audit = of(Action::SignInRefused);
        audit.reason = Some(refusal.word().to_owned());
        app.store.audit(org, &audit).await?;
        return Err(refusal.into());
    }
    let ring = app.ring(org, now).await?;
    let xml = sign(app, &ring.active, facts, authn, user, session, now).await?;

    let mut audit = of(Action::SignedIn);
    audit.key = Some(ring.active.key.as_str().to_owned());
    audit.reason = Some(if ceremony.is_some() { "passkey" } else { "session" }.to_owned());
    let secret_hash = ceremony.as_ref().map(|fresh| fresh.secret.hash());
    let answered = Answered {
        domain: &facts.domain.name,
        request_id: &authn.id,
        pending: pending.map(Ticket::hash).zip(facts.request.as_ref()),
        user,
        ceremony: ceremony.as_ref().zip(secret_hash.as_ref()).map(|(fresh, hash)| SignedIn {
            passkey: fresh.passkey.clone(),
            session: (hash, session),
        }),
        audit: &audit,
    };
    match app.store.answer(org, &answered, now).await {
        Ok(()) => {}
        Err(TableError::Conflict { position: 0 }) => {
            let key = Some(&ring.active);
            let actor = Actor::User(user.value.id);
            return Err(refuse_replay(app, org, facts, actor, key, request_id, now).await?);
        }
        // Somebody changed what the answer rests on: it never leaves, but the key was used.
        Err(error @ TableError::Conflict { .. }) => {
            let issuer = &facts.domain.issuer;
            app.audit_key(org, &ring.active, issuer, "answer_withdrawn", request_id).await?;
            return Err(error.into());
        }
        Err(error) => return Err(error.into()),
    }

    let mut response = post(facts, authn, &xml, language);
    if let Some(fresh) = &ceremony {
        set_cookie(&mut response, session_cookie(org, session, &fresh.secret)?);
    }
    if let Some(ticket) = pending {
        set_cookie(&mut response, ticket.removal()?);
    }
    Ok(response)
}

/// Refuses a request that was answered before. A key signed for it only where that was found out
/// too late: in a race, or after a landed POST.
pub(crate) async fn refuse_replay(
    app: &App,
    org: OrganizationId,
    facts: &Facts,
    actor: Actor,
    key: Option<&SigningKey>,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<Failure, Failure> {
    let mut audit = app.audit(actor, Action::SignInRefused, request_id, now);
    audit.relying_party = Some(facts.domain.issuer.clone());
    audit.reason = Some("request_answered".to_owned());
    audit.key = key.map(|key| key.key.as_str().to_owned());
    app.store.audit(org, &audit).await?;
    Ok(Failure::RequestOver)
}

/// Tells the relying party that nobody signed in without being asked. That is the request's one
/// answer.
pub(crate) async fn decline_passive(
    app: &App,
    org: OrganizationId,
    facts: &Facts,
    authn: &PendingAuthn,
    language: Language,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<Response, Failure> {
    let mut audit = app.audit(Actor::Stranger, Action::SignInRefused, request_id, now);
    audit.relying_party = Some(facts.domain.issuer.clone());
    audit.reason = Some("passive".to_owned());
    match app.store.decline(org, &facts.domain.name, &authn.id, &audit, now).await {
        Ok(()) => {}
        Err(TableError::Conflict { .. }) => {
            let actor = Actor::Stranger;
            return Err(refuse_replay(app, org, facts, actor, None, request_id, now).await?);
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
    Ok(post(facts, authn, &declined.to_xml()?, language))
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
