//! Back from Microsoft: nothing that the browser brings is believed for itself.
//!
//! A consent names a tenant, which anybody could have written. Only the sign-in that follows, at
//! that very tenant, proves whose it is; only the person's directory role proves that they may.

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::HeaderMap;
use identity::{OrganizationId, Secret, SecretHash, UserId};
use jiff::Timestamp;
use oidc::{
    Authority, Authorization, ConsentAnswer, ConsentCallback, Expected, Person, Prompt,
    ProviderError, Redacted, SignInAnswer, SignInCallback, TenantId, Verifier,
};
use store::{Action, Actor, AuditEntry, Connecting, Journey, Leg, Stored};
use uuid::Uuid;
use web::failure::RequestId;

use crate::app::App;
use crate::failure::Failure;
use crate::visitor::Visitor;
use crate::{connect, progress};

/// A browser that came back to where it left, in the session that it left with.
pub(crate) struct Return {
    pub(crate) org: OrganizationId,
    pub(crate) administrator: UserId,
    pub(crate) found: Connecting<Verifier>,
    id: SecretHash,
    journey: Stored<Journey<Verifier>>,
}

impl Return {
    /// Finds the journey of a `state`, which says whose it is.
    async fn open(
        app: &App,
        state: &str,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let (org, id) = state.split_once('.').ok_or(Failure::JourneyOver)?;
        let org = org.parse().map_err(|_| Failure::JourneyOver)?;
        let id: Secret = id.parse().map_err(|_| Failure::JourneyOver)?;
        let id = id.hash();
        let visitor = Visitor::read(headers, org)?;
        let found = app.store.connecting(org, Some(&visitor.held), Some(&id), now).await?;
        let mut found = found.ok_or(Failure::SignInFirst)?;
        let administrator = found.administrator(now).ok_or(Failure::SignInFirst)?;
        let journey = found.journey.take().ok_or(Failure::JourneyOver)?;
        if journey.value.browser != visitor.held.hash {
            return Err(Failure::OtherBrowser);
        }
        Ok(Self { org, administrator, found, id, journey })
    }

    /// Ends the journey because somebody said no.
    async fn declined(
        &self,
        app: &App,
        error: &ProviderError,
        request_id: &RequestId,
        now: Timestamp,
    ) -> Failure {
        match self.refuse(app, &error.code, request_id, now).await {
            Ok(()) => Failure::Declined,
            Err(failure) => failure,
        }
    }

    /// Ends the journey, and tells the audit why.
    async fn refuse(
        &self,
        app: &App,
        reason: &str,
        request_id: &RequestId,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let audit = self.refusal(app, reason, request_id, now);
        let ended = (&self.id, self.journey.version);
        app.store.arrive(self.org, ended, Some(&audit)).await.map_err(over)
    }

    /// Tells the audit why, where the journey is over already.
    pub(crate) async fn refused(
        &self,
        app: &App,
        reason: &str,
        request_id: &RequestId,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let audit = self.refusal(app, reason, request_id, now);
        Ok(app.store.audit(self.org, &audit).await?)
    }

    fn refusal(
        &self,
        app: &App,
        reason: &str,
        request_id: &RequestId,
        now: Timestamp,
    ) -> AuditEntry {
        let actor = Actor::User(self.administrator);
        let mut audit = app.audit(actor, Action::ConnectionRefused, request_id, now);
        audit.reason = Some(reason.to_owned());
        audit
    }

    /// What the connection is to be good for.
    pub(crate) const fn feature(&self) -> store::Feature {
        self.journey.value.feature
    }
}

/// Whoever loses the race for a journey finds it over.
fn over(error: store::TableError) -> Failure {
    match error {
        store::TableError::Conflict { .. } => Failure::JourneyOver,
        other => other.into(),
    }
}

/// `GET /oauth/callback/consent`: an administrator consented, it says; now they prove who they are.
pub(crate) async fn consent(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    request_id: RequestId,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let callback = ConsentCallback::parse(&query.unwrap_or_default())?;
    let back = Return::open(&app, &callback.state, &headers, now).await?;
    if back.journey.value.leg != Leg::Consent {
        return Err(Failure::JourneyOver);
    }
    let tenant = match callback.answer {
        ConsentAnswer::Granted(tenant) => tenant,
        ConsentAnswer::Refused(error) => {
            return Err(back.declined(&app, &error, &request_id, now).await);
        }
    };
    let connected = back.found.connection.as_ref().map(|stored| &stored.value);
    if connected.is_some_and(|c| c.holds_tenant() && TenantId::from(c.tenant) != tenant) {
        back.refuse(&app, "other_tenant", &request_id, now).await?;
        return Err(Failure::OtherTenant);
    }
    let (id, nonce) = (Secret::mint(&*app.entropy), Secret::mint(&*app.entropy).reveal());
    let proof = Verifier::mint(&*app.entropy);
    let challenge = proof.challenge();
    let feature = back.journey.value.feature;
    let leg = Leg::SignIn { tenant: tenant.uuid(), nonce: nonce.clone(), proof };
    let next = Journey { leg, ends_at: Journey::end(now), ..back.journey.value.clone() };
    let ended = (&back.id, back.journey.version);
    app.store.travel_on(back.org, ended, (&id.hash(), &next)).await.map_err(over)?;
    let authorization = Authorization {
        authority: Authority::Tenant(tenant),
        client_id: app.registration.client_id(feature)?,
        redirect_uri: &connect::sign_in_uri(&back.found.organization),
        state: &connect::state(back.org, &id),
        nonce: &nonce,
        challenge: &challenge,
        prompt: Prompt::SelectAccount,
        login_hint: None,
    };
    Ok(Redirect::to(&authorization.url(app.registration.cloud())?).into_response())
}

/// `GET /oauth/callback/sign-in`: who the administrator is at Microsoft, and whether they may.
pub(crate) async fn sign_in(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    request_id: RequestId,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let callback = SignInCallback::parse(&query.unwrap_or_default())?;
    let back = Return::open(&app, &callback.state, &headers, now).await?;
    let Leg::SignIn { tenant, nonce, proof } = &back.journey.value.leg else {
        return Err(Failure::JourneyOver);
    };
    let code = match callback.answer {
        SignInAnswer::Code(code) => code,
        SignInAnswer::Refused(error) => {
            return Err(back.declined(&app, &error, &request_id, now).await);
        }
    };
    // Before the code is used: whatever happens then, this journey brings nothing again.
    let ended = (&back.id, back.journey.version);
    app.store.arrive(back.org, ended, None).await.map_err(over)?;
    let person = match who(&app, &back, *tenant, (&code, nonce, proof), now).await {
        Ok(person) => person,
        Err(failure) => {
            if let Failure::Identity(rejected) = &failure {
                back.refused(&app, &rejected.to_string(), &request_id, now).await?;
            }
            return Err(failure);
        }
    };
    progress::authorised(&app, &back, &person, &request_id, now).await?;
    Ok(Redirect::to(&connect::path(back.org)).into_response())
}

/// Redeems the code at the tenant that was consented in, and believes only its own issuer.
async fn who(
    app: &App,
    back: &Return,
    tenant: Uuid,
    (code, nonce, proof): (&Redacted, &str, &Verifier),
    now: Timestamp,
) -> Result<Person, Failure> {
    let feature = back.journey.value.feature;
    let client_id = app.registration.client_id(feature)?;
    let redirect_uri = connect::sign_in_uri(&back.found.organization);
    let tenant = TenantId::from(tenant);
    let redeemed = (code, redirect_uri.as_str(), proof);
    let verified = app.registration.redeem(tenant, feature, redeemed).await?;
    let expected = Expected { client_id, nonce, tenant: Some(tenant) };
    Ok(verified.accept(&expected, now)?)
}
