//! `/oauth/sign-in/{organization}`: to Microsoft, to sign in there. Offered where the organization's
//! tenant is connected, since only that tenant's word counts.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::HeaderMap;
use http::header::SET_COOKIE;
use identity::{
    Address, DomainName, HeldSession, Organization, OrganizationId, Secret, may_administer,
    microsoft_cookie_name,
};
use jiff::Timestamp;
use oidc::{Authority, Authorization, Prompt, SIGN_IN_SCOPE, TenantId, Verifier};
use serde::Deserialize;
use store::{Connecting, Feature, Journey, Leg};
use uuid::Uuid;
use web::cookie::{self, Cookie, UnwritableCookie};
use web::csrf;
use web::language::Language;
use web::page::{Microsoft, MicrosoftStep, Notice, Page as _};

use crate::app::App;
use crate::connect;
use crate::failure::Failure;

/// The application by which people sign in here.
pub(crate) const APPLICATION: Feature = Feature::ReadUsers;

/// What the form holds.
#[derive(Deserialize)]
pub(crate) struct Typed {
    csrf: String,
    address: String,
}

/// What a browser holds while it is at Microsoft.
pub(crate) struct Half(Secret);

impl Half {
    /// The half that a browser holds.
    pub(crate) fn read(headers: &HeaderMap, org: OrganizationId) -> Option<Self> {
        cookie::read(headers, &microsoft_cookie_name(org))?.parse().ok().map(Self)
    }

    /// Whether it is the one that a journey began with.
    pub(crate) fn began(&self, journey: &Journey<Verifier>) -> bool {
        self.0.hash() == journey.browser
    }

    /// Takes it away.
    pub(crate) fn removal(org: OrganizationId) -> Result<http::HeaderValue, UnwritableCookie> {
        Cookie::remove(&microsoft_cookie_name(org)).header()
    }

    fn cookie(&self, org: OrganizationId) -> Result<http::HeaderValue, UnwritableCookie> {
        let (name, value) = (microsoft_cookie_name(org), self.0.reveal());
        Cookie::host(&name, &value).max_age(Journey::LIFETIME).header()
    }
}

/// The path of an organization's page.
pub(crate) fn path(org: OrganizationId) -> String {
    format!("/oauth/sign-in/{org}")
}

/// Where somebody comes back after they signed in, as it is registered.
pub(crate) fn callback_uri(organization: &Organization) -> String {
    format!("{}/oauth/callback/microsoft", organization.base_url)
}

/// Leads from a page that needs a session to this one, where this one can give it.
pub(crate) async fn instead(app: &App, org: &str) -> Result<Response, Failure> {
    let org: OrganizationId = org.parse().map_err(|_| Failure::SignInFirst)?;
    let found = app.store.connecting::<Verifier>(org, None, None, app.clock.now()).await?;
    let offered = found.is_some_and(|found| offered(app, &found).is_some());
    if offered { Ok(Redirect::to(&path(org)).into_response()) } else { Err(Failure::SignInFirst) }
}

/// The tenant whose people can sign in, if any can.
fn offered(app: &App, found: &Connecting<Verifier>) -> Option<Uuid> {
    found.tenant().filter(|_| app.registration.client_id(APPLICATION).is_ok())
}

/// `GET`: says who is signed in, and asks for an address.
pub(crate) async fn show(
    State(app): State<App>,
    Path(org): Path<String>,
    headers: HeaderMap,
    language: Language,
) -> Result<Response, Failure> {
    let org: OrganizationId = org.parse().map_err(|_| Failure::NotFound)?;
    let half = half(&app, &headers, org);
    ask(&app, org, &headers, &half, None, language).await
}

/// The half that the browser has, so that two tabs go on side by side, or a new one.
fn half(app: &App, headers: &HeaderMap, org: OrganizationId) -> Half {
    Half::read(headers, org).unwrap_or_else(|| Half(Secret::mint(&*app.entropy)))
}

async fn ask(
    app: &App,
    org: OrganizationId,
    headers: &HeaderMap,
    half: &Half,
    notice: Option<Notice>,
    language: Language,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let held = cookie::read(headers, &HeldSession::cookie_name(org)).and_then(HeldSession::parse);
    let found = app.store.connecting::<Verifier>(org, held.as_ref(), None, now).await?;
    let found = found.ok_or(Failure::NotFound)?;
    let user = found.signed_in(now);
    let offered = offered(app, &found).is_some();
    if !offered && user.is_none() {
        return Err(Failure::NotFound);
    }
    let administers = user.is_some_and(|user| may_administer(user, &found.organization, now));
    let connection_url = administers.then(|| connect::path(org));
    let (action, csrf) = (path(org), csrf::token(&half.0.reveal()));
    let page = Microsoft {
        language,
        organization: &found.organization.name,
        signed_in_as: user.map(|user| user.user_name.as_str()),
        connection_url: connection_url.as_deref(),
        step: offered.then_some(MicrosoftStep::Ask { action: &action, csrf: &csrf, notice }),
    };
    respond(&page, org, half)
}

fn respond(page: &Microsoft<'_>, org: OrganizationId, half: &Half) -> Result<Response, Failure> {
    let mut response = page.respond();
    response.headers_mut().append(SET_COOKIE, half.cookie(org)?);
    Ok(response)
}

/// `POST`: the link to Microsoft, or why it would lead in circles. Whether anybody has the address
/// is not asked.
pub(crate) async fn submit(
    State(app): State<App>,
    Path(org): Path<String>,
    headers: HeaderMap,
    language: Language,
    form: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let Form(form) = form?;
    let org: OrganizationId = org.parse().map_err(|_| Failure::NotFound)?;
    let half = Half::read(&headers, org).ok_or(Failure::OtherBrowser)?;
    csrf::check(&half.0.reveal(), &form.csrf)?;
    let found = app.store.connecting::<Verifier>(org, None, None, now).await?;
    let found = found.ok_or(Failure::NotFound)?;
    csrf::same_origin(&headers, &found.organization.base_url)?;
    let tenant = offered(&app, &found).ok_or(Failure::NotFound)?;
    let Ok(address) = form.address.trim().parse::<Address>() else {
        let notice = Some(Notice::AddressUnreadable);
        return ask(&app, org, &headers, &half, notice, language).await;
    };
    let back_url = path(org);
    let (domain, url);
    let step = if is_circular(&app, &found, address.domain(), now).await? {
        domain = address.domain().to_string();
        MicrosoftStep::Circular { domain: &domain, back_url: &back_url }
    } else {
        url = depart(&app, (org, &found.organization), tenant, &half, &address, now).await?;
        MicrosoftStep::Leave { address: address.as_str(), url: &url, back_url: &back_url }
    };
    let page = Microsoft {
        language,
        organization: &found.organization.name,
        signed_in_as: None,
        connection_url: None,
        step: Some(step),
    };
    respond(&page, org, &half)
}

/// Whether Microsoft sends the sign-ins of a domain to us: it is ours, or below one that is, and the
/// tenant does not say that it signs the domain's people in itself.
async fn is_circular(
    app: &App,
    found: &Connecting<Verifier>,
    domain: &DomainName,
    now: Timestamp,
) -> Result<bool, Failure> {
    let domains = found.connection.iter().flat_map(|stored| &stored.value.domains);
    let mut told = domains.filter(|told| told.name.eq_ignore_ascii_case(domain.as_str()));
    if told.next().is_some_and(|told| !told.federated) {
        return Ok(false);
    }
    if domain.parents().count() > MOST_PARENTS {
        return Ok(false);
    }
    let ours = app.store.domain_owner(domain, now).await?.is_some();
    Ok(ours || app.store.owned_parent(domain).await?.is_some())
}

/// How many domains may be above one that is ours or below one: the operator founds no deeper one.
const MOST_PARENTS: usize = 16;

/// Remembers that the browser leaves, and says where to.
async fn depart(
    app: &App,
    (org, organization): (OrganizationId, &Organization),
    tenant: Uuid,
    half: &Half,
    address: &Address,
    now: Timestamp,
) -> Result<String, Failure> {
    let (id, nonce) = (Secret::mint(&*app.entropy), Secret::mint(&*app.entropy).reveal());
    let proof = Verifier::mint(&*app.entropy);
    let challenge = proof.challenge();
    let leg = Leg::Enter { tenant, nonce: nonce.clone(), proof };
    let ends_at = Journey::end(now);
    let journey = Journey { browser: half.0.hash(), leg, ends_at };
    app.store.depart(org, &id.hash(), &journey).await?;
    let authorization = Authorization {
        authority: Authority::Tenant(TenantId::from(tenant)),
        client_id: app.registration.client_id(APPLICATION)?,
        redirect_uri: &callback_uri(organization),
        scope: SIGN_IN_SCOPE,
        state: &connect::state(org, &id),
        nonce: &nonce,
        challenge: &challenge,
        prompt: Prompt::None,
        login_hint: Some(address.as_str()),
    };
    Ok(authorization.url(app.registration.cloud())?)
}
