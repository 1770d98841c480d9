//! `/oauth/callback/microsoft`: back from Microsoft, where somebody signed in to be signed in here.
//!
//! Nothing that the browser brings is believed for itself. The journey that it left on says which
//! tenant was asked, by whom and when, and serves once; the id token of that tenant's own issuer says
//! who signed in; whom that is here, and whether they may, is decided anew at each try of the write.

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use entra::EntraError;
use http::HeaderMap;
use http::header::SET_COOKIE;
use identity::{
    HeldSession, Method, MicrosoftAccount, MicrosoftRefusal, Organization, OrganizationId,
    Recognition, Secret, SecretHash, Session, User, may_administer, may_enter, recognise,
};
use jiff::Timestamp;
use oidc::{Expected, Follows, Person, Redacted, SignInAnswer, SignInCallback, TenantId, Verifier};
use registration::RegistrationError;
use store::{Action, Actor, AuditEntry, Connecting, Journey, Leg, Stored, TableError};
use web::cookie::Cookie;
use web::failure::RequestId;

use crate::app::App;
use crate::connect;
use crate::enter::{self, Half};
use crate::failure::Failure;

/// How often it is decided anew because somebody changed the user meanwhile.
const RACES: u32 = 5;

/// A browser that came back to where it left.
struct Return {
    org: OrganizationId,
    organization: Organization,
    id: SecretHash,
    journey: Stored<Journey<Verifier>>,
    request_id: RequestId,
    now: Timestamp,
}

/// `GET`: redeems the code, and begins a session.
pub(crate) async fn finish(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    request_id: RequestId,
) -> Result<Response, Failure> {
    let callback = SignInCallback::parse(&query.unwrap_or_default())?;
    let back = Return::open(&app, &callback.state, &headers, request_id).await?;
    let code = match callback.answer {
        SignInAnswer::Code(code) => code,
        SignInAnswer::Refused(error) => return Err(back.end(&app, &error.code).await?),
    };
    // Before the code is used: whatever happens then, this journey brings nothing again.
    let ended = (&back.id, back.journey.version);
    app.store.arrive(back.org, ended, None).await.map_err(over)?;
    let person = match back.who(&app, &code).await {
        Ok(person) => person,
        Err(failure) => return Err(back.refused(&app, failure).await?),
    };
    back.enter(&app, &account(&person)).await
}

/// Whoever loses the race for a journey finds it over.
fn over(error: TableError) -> Failure {
    match error {
        TableError::Conflict { .. } => Failure::SignInOver,
        other => other.into(),
    }
}

/// What of an account decides whose it is.
fn account(person: &Person) -> MicrosoftAccount {
    MicrosoftAccount {
        tenant: person.tenant.uuid(),
        object_id: person.object_id,
        user_name: person.user_name.as_ref().and_then(|name| name.parse().ok()),
        is_guest: person.is_guest,
        may_consent: person.may_consent(),
    }
}

impl Return {
    /// Finds the journey of a `state`, which says whose it is, for the browser that began it.
    async fn open(
        app: &App,
        state: &str,
        headers: &HeaderMap,
        request_id: RequestId,
    ) -> Result<Self, Failure> {
        let now = app.clock.now();
        let (org, id) = state.split_once('.').ok_or(Failure::SignInOver)?;
        let org: OrganizationId = org.parse().map_err(|_| Failure::SignInOver)?;
        let id: Secret = id.parse().map_err(|_| Failure::SignInOver)?;
        let id = id.hash();
        let found = app.store.connecting(org, None, Some(&id), now).await?;
        let found: Connecting<Verifier> = found.ok_or(Failure::SignInOver)?;
        let connected = found.tenant();
        let journey = found.journey.ok_or(Failure::SignInOver)?;
        let Leg::Enter { tenant, .. } = journey.value.leg else {
            return Err(Failure::SignInOver);
        };
        let organization = found.organization;
        let back = Self { org, organization, id, journey, request_id, now };
        let half = Half::read(headers, org);
        if !half.is_some_and(|half| half.began(&back.journey.value)) {
            let audit = back.audit(app, "other_browser", None);
            app.store.audit_refusal(org, &audit, now).await?;
            return Err(Failure::OtherBrowser);
        }
        // It was let go, or another was connected, while the browser was away.
        if connected != Some(tenant) {
            return Err(back.end(app, "tenant_not_connected").await?);
        }
        Ok(back)
    }

    /// Redeems the code at the tenant that was asked, and believes only its own issuer.
    async fn who(&self, app: &App, code: &Redacted) -> Result<Person, Failure> {
        let Leg::Enter { tenant, nonce, proof } = &self.journey.value.leg else {
            return Err(Failure::SignInOver);
        };
        let tenant = TenantId::from(*tenant);
        let redirect_uri = enter::callback_uri(&self.organization);
        let redeemed = (code, redirect_uri.as_str(), proof);
        let verified = app.registration.redeem(tenant, enter::APPLICATION, redeemed).await;
        let verified = verified.map_err(|error| match error {
            RegistrationError::Entra(EntraError::Refused(refusal))
                if refusal.follows == Follows::Person =>
            {
                Failure::SignInOver
            }
            other => other.into(),
        })?;
        let client_id = app.registration.client_id(enter::APPLICATION)?;
        let expected = Expected { client_id, nonce, tenant: Some(tenant) };
        Ok(verified.accept(&expected, self.now)?)
    }

    /// Begins the session of whoever has the account here, if they may.
    async fn enter(&self, app: &App, account: &MicrosoftAccount) -> Result<Response, Failure> {
        let (org, now) = (self.org, self.now);
        let mut race = 0;
        loop {
            let (object_id, name) = (account.object_id, account.user_name.as_ref());
            let user = app.store.user_of_account(org, object_id, name, now).await?;
            let Some(user) = user else {
                return self.refuse(app, MicrosoftRefusal::Stranger, None).await;
            };
            let recognition = match recognise(&user.value, account) {
                Ok(recognition) => recognition,
                Err(refusal) => return self.refuse(app, refusal, Some(&user.value)).await,
            };
            if let Err(refusal) =
                may_enter(&user.value, self.organization.method_of(&user.value), now)
            {
                return self.refuse(app, refusal, Some(&user.value)).await;
            }
            let linked = (recognition == Recognition::First).then(|| User {
                object_id: Some(account.object_id),
                tenant: Some(account.tenant),
                ..user.value.clone()
            });
            let by = Method::Microsoft;
            let session = Session::begin(&user.value, &self.organization, by, now);
            let secret = Secret::mint(&*app.entropy);
            let actor = Actor::User(user.value.id);
            let action = Action::SignedInWithMicrosoft;
            let mut audit = app.audit(actor, action, &self.request_id, now);
            audit.reason = linked.as_ref().map(|_| "first".to_owned());
            let begun = (&secret.hash(), &session);
            match app.store.enter(org, &user, linked.as_ref(), begun, &audit).await {
                Ok(()) => return self.welcome(&user.value, &session, &secret),
                Err(TableError::Conflict { .. }) if race + 1 < RACES => race += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Gives the browser its session, and leads to the one place where it is good for something.
    fn welcome(
        &self,
        user: &User,
        session: &Session,
        secret: &Secret,
    ) -> Result<Response, Failure> {
        let administers = may_administer(user, &self.organization, self.now);
        let on = if administers { connect::path(self.org) } else { enter::path(self.org) };
        let mut response = Redirect::to(&on).into_response();
        let value = HeldSession::cookie_value(session, secret);
        let cookie = Cookie::host(&HeldSession::cookie_name(self.org), &value).header()?;
        response.headers_mut().append(SET_COOKIE, cookie);
        response.headers_mut().append(SET_COOKIE, Half::removal(self.org)?);
        Ok(response)
    }

    /// Ends the journey unused, and tells the audit why.
    async fn end(&self, app: &App, reason: &str) -> Result<Failure, Failure> {
        let audit = self.audit(app, reason, None);
        let ended = (&self.id, self.journey.version);
        app.store.refuse_journey(self.org, ended, &audit, self.now).await.map_err(over)?;
        Ok(Failure::SignInOver)
    }

    /// Tells the audit why what came back is not believed. A service that did not answer, ours or
    /// Microsoft's, refused nobody.
    async fn refused(&self, app: &App, failure: Failure) -> Result<Failure, Failure> {
        let reason = match &failure {
            Failure::Identity(rejected) => rejected.to_string(),
            Failure::SignInOver => "code_refused".to_owned(),
            _ => return Ok(failure),
        };
        let audit = self.audit(app, &reason, None);
        app.store.audit_refusal(self.org, &audit, self.now).await?;
        Ok(failure)
    }

    /// Tells the audit why the account signs nobody in.
    async fn refuse(
        &self,
        app: &App,
        refusal: MicrosoftRefusal,
        user: Option<&User>,
    ) -> Result<Response, Failure> {
        let audit = self.audit(app, refusal.word(), user);
        app.store.audit_refusal(self.org, &audit, self.now).await?;
        Err(refusal.into())
    }

    fn audit(&self, app: &App, reason: &str, user: Option<&User>) -> AuditEntry {
        let (stranger, action) = (Actor::Stranger, Action::SignInRefused);
        let mut audit = app.audit(stranger, action, &self.request_id, self.now);
        audit.subject = user.map(|user| user.id);
        audit.reason = Some(reason.to_owned());
        audit
    }
}
