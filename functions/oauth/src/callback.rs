//! Back from Microsoft: nothing that the browser brings is believed for itself.
//!
//! A consent names a tenant, which anybody could have written. Only the sign-in that follows, at
//! that very tenant, proves whose it is; only the person's directory role proves that they may.

use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::HeaderMap;
use identity::{OrganizationId, Secret, SecretHash, UserId};
use jiff::Timestamp;
use oidc::{
    AccessToken, Authority, Authorization, ConsentAnswer, ConsentCallback, Expected, Follows,
    Person, Prompt, ProviderError, Redacted, SIGN_IN_SCOPE, SignInAnswer, SignInCallback, TenantId,
    Verifier,
};
use store::{Action, Actor, AuditEntry, Connecting, Feature, Journey, Leg, Stored};
use web::failure::RequestId;

use crate::app::App;
use crate::failure::Failure;
use crate::visitor::Visitor;
use crate::{connect, federation, federation_check, progress};

/// How long Microsoft may take for a look, in all: the function has 28 seconds.
const PATIENCE: Duration = Duration::from_secs(20);

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

    /// Tells the audit why what came back is not believed. A service that did not answer, ours or
    /// Microsoft's, refused nobody.
    async fn disbelieved(
        &self,
        app: &App,
        failure: Failure,
        request_id: &RequestId,
        now: Timestamp,
    ) -> Result<Failure, Failure> {
        let reason = match &failure {
            Failure::Identity(rejected) => rejected.to_string(),
            Failure::Entra(error) if error.follows() == Follows::Person => {
                "code_refused".to_owned()
            }
            _ => return Ok(failure),
        };
        self.refused(app, &reason, request_id, now).await?;
        Ok(failure)
    }

    fn refusal(
        &self,
        app: &App,
        reason: &str,
        request_id: &RequestId,
        now: Timestamp,
    ) -> AuditEntry {
        let actor = Actor::User(self.administrator);
        let action = match self.journey.value.leg {
            Leg::Federation { .. } => Action::FederationRefused,
            Leg::Consent { .. } | Leg::SignIn { .. } | Leg::Enter { .. } => {
                Action::ConnectionRefused
            }
        };
        let mut audit = app.audit(actor, action, request_id, now);
        audit.reason = Some(reason.to_owned());
        audit
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
    let Leg::Consent { feature } = back.journey.value.leg else {
        return Err(Failure::JourneyOver);
    };
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
    let leg = Leg::SignIn { feature, tenant: tenant.uuid(), nonce: nonce.clone(), proof };
    let next = Journey { leg, ends_at: Journey::end(now), ..back.journey.value.clone() };
    let ended = (&back.id, back.journey.version);
    app.store.travel_on(back.org, ended, (&id.hash(), &next)).await.map_err(over)?;
    let authorization = Authorization {
        authority: Authority::Tenant(tenant),
        client_id: app.registration.client_id(feature)?,
        redirect_uri: &connect::sign_in_uri(&back.found.organization),
        scope: SIGN_IN_SCOPE,
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
    let Leg::SignIn { feature, tenant, nonce, proof } = &back.journey.value.leg else {
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
    let tenant = TenantId::from(*tenant);
    let redeemed = (&code, nonce.as_str(), proof);
    let person = match who(&app, &back, *feature, tenant, redeemed, now).await {
        Ok(person) => person,
        Err(failure) => return Err(back.disbelieved(&app, failure, &request_id, now).await?),
    };
    progress::authorised(&app, &back, *feature, &person, &request_id, now).await?;
    Ok(Redirect::to(&connect::path(back.org)).into_response())
}

/// Redeems the code at the tenant that was consented in, and believes only its own issuer.
async fn who(
    app: &App,
    back: &Return,
    feature: Feature,
    tenant: TenantId,
    (code, nonce, proof): (&Redacted, &str, &Verifier),
    now: Timestamp,
) -> Result<Person, Failure> {
    let client_id = app.registration.client_id(feature)?;
    let redirect_uri = connect::sign_in_uri(&back.found.organization);
    let redeemed = (code, redirect_uri.as_str(), proof);
    let verified = app.registration.redeem(tenant, feature, redeemed).await?;
    let expected = Expected { client_id, nonce, tenant: Some(tenant) };
    Ok(verified.accept(&expected, now)?)
}

/// `GET /oauth/callback/federation`: somebody of the tenant lets us look, with their own rights.
pub(crate) async fn federation(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    request_id: RequestId,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let callback = SignInCallback::parse(&query.unwrap_or_default())?;
    let back = Return::open(&app, &callback.state, &headers, now).await?;
    let Leg::Federation { tenant, nonce, proof } = &back.journey.value.leg else {
        return Err(Failure::JourneyOver);
    };
    let code = match callback.answer {
        SignInAnswer::Code(code) => code,
        SignInAnswer::Refused(error) => {
            back.refuse(&app, &error.code, &request_id, now).await?;
            let later = ["server_error", "temporarily_unavailable"].contains(&error.code.as_str());
            return Err(if later { Failure::Late } else { Failure::LookDeclined });
        }
    };
    // It was let go, or another was connected, while the browser was away.
    if back.found.connected().is_none_or(|connection| connection.tenant != *tenant) {
        back.refuse(&app, "tenant_not_connected", &request_id, now).await?;
        return Err(Failure::JourneyOver);
    }
    // Before the code is used: whatever happens then, this journey brings nothing again.
    let ended = (&back.id, back.journey.version);
    app.store.arrive(back.org, ended, None).await.map_err(over)?;
    let tenant = TenantId::from(*tenant);
    let redeemed = (&code, nonce.as_str(), proof);
    let look = async {
        let (person, token) = match who_lets_us(&app, &back, tenant, redeemed, now).await {
            Ok(found) => found,
            Err(failure) => return Err(back.disbelieved(&app, failure, &request_id, now).await?),
        };
        federation_check::look(&app, &back, &person, token, &request_id, now).await
    };
    // Before nobody waits for the answer any more.
    tokio::time::timeout(PATIENCE, look).await.map_err(|_| Failure::Late)??;
    Ok(Redirect::to(&federation::path(back.org)).into_response())
}

/// The same as [`who`], with the token that carries their rights: nobody sees it before it is known
/// whose it is.
async fn who_lets_us(
    app: &App,
    back: &Return,
    tenant: TenantId,
    (code, nonce, proof): (&Redacted, &str, &Verifier),
    now: Timestamp,
) -> Result<(Person, AccessToken), Failure> {
    let client_id = app.federation_client()?;
    let redirect_uri = federation::callback_uri(&back.found.organization);
    let redeemed = (code, redirect_uri.as_str(), proof);
    let redeemed = app.registration.redeem_delegated(tenant, client_id, redeemed);
    let (verified, token) = redeemed.await?;
    let expected = Expected { client_id, nonce, tenant: Some(tenant) };
    Ok((verified.accept(&expected, now)?, token))
}
