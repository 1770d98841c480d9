//! `/oauth/connect/{organization}`: the connection's page, and what its links and forms do.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::HeaderMap;
use identity::{DomainName, Organization, OrganizationId, Secret, UserId};
use jiff::Timestamp;
use oidc::{AdminConsent, Authority, TenantId, Verifier};
use store::{
    Action, Actor, Connecting, Connection, Feature, Journey, Leg, OutboxItem, Stage, Stored, Task,
};
use web::failure::RequestId;
use web::language::Language;

use crate::app::App;
use crate::failure::Failure;
use crate::visitor::{Token, Visitor};
use crate::{enter, feature, page, progress};

/// The path of an organization's page.
pub(crate) fn path(org: OrganizationId) -> String {
    format!("/oauth/connect/{org}")
}

/// What goes to Microsoft and comes back: whose journey it is, and its id.
pub(crate) fn state(org: OrganizationId, id: &Secret) -> String {
    format!("{org}.{}", id.reveal())
}

/// Where an administrator comes back after they consented, as it is registered.
pub(crate) fn consent_uri(organization: &Organization) -> String {
    format!("{}/oauth/callback/consent", organization.base_url)
}

/// Where somebody comes back after they signed in, as it is registered.
pub(crate) fn sign_in_uri(organization: &Organization) -> String {
    format!("{}/oauth/callback/sign-in", organization.base_url)
}

/// `GET`: how the connection stands.
pub(crate) async fn show(
    State(app): State<App>,
    Path(org): Path<String>,
    headers: HeaderMap,
    language: Language,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let (visitor, _, found) = match Visitor::open(&app, &org, &headers, now).await {
        Err(Failure::SignInFirst) => return enter::instead(&app, &org).await,
        opened => opened?,
    };
    let certificates = app.registration.certificates(now).await?;
    let circular = circular(&app, &visitor, &found, now).await?;
    let pushes = app.store.count_pushes(visitor.org).await?;
    let (circular, shown) = (circular.as_ref(), (language, now));
    Ok(page::respond(&app, &visitor, &found, &certificates, circular, pushes, shown))
}

/// The administrator's own domain, if Microsoft sends its sign-ins to us: whoever consents will come
/// by here, and needs a passkey for it.
async fn circular(
    app: &App,
    visitor: &Visitor,
    found: &Connecting<Verifier>,
    now: Timestamp,
) -> Result<Option<DomainName>, Failure> {
    let address = found.user.as_ref().and_then(|user| user.value.user_name.address());
    let Some(domain) = address.map(|address| address.domain().clone()) else { return Ok(None) };
    let ours = app.store.domain(visitor.org, &domain, now).await?;
    Ok(ours.map(|_| domain))
}

/// `GET …/start/{feature}/{csrf}`: to Microsoft, to consent. A link and not a form: the policy of
/// our pages lets forms go to ourselves only.
pub(crate) async fn start(
    State(app): State<App>,
    Path((org, feature, csrf)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let (visitor, _, found) = Visitor::open(&app, &org, &headers, now).await?;
    visitor.check_csrf(&csrf)?;
    let feature = feature::parse(&feature).ok_or(Failure::NotFound)?;
    let connection = found.connection.as_ref().map(|stored| &stored.value);
    if !feature::is_offered(feature, connection) {
        return Err(Failure::NotFound);
    }
    let client_id = app.registration.client_id(feature)?;
    let held = connection.filter(|connection| connection.holds_tenant());
    let authority = held.map_or(Authority::Organizations, |connection| {
        Authority::Tenant(TenantId::from(connection.tenant))
    });
    let id = Secret::mint(&*app.entropy);
    let journey = Journey::<Verifier> {
        browser: visitor.held.hash.clone(),
        leg: Leg::Consent { feature },
        ends_at: Journey::end(now),
    };
    app.store.depart(visitor.org, &id.hash(), &journey).await?;
    let consent = AdminConsent {
        authority,
        client_id,
        redirect_uri: &consent_uri(&found.organization),
        state: &state(visitor.org, &id),
    };
    Ok(Redirect::to(&consent.url(app.registration.cloud())?).into_response())
}

/// `GET …/continue`: looks whether Microsoft knows of the consent by now. Changes nothing that
/// another look would not.
pub(crate) async fn go_on(
    State(app): State<App>,
    Path(org): Path<String>,
    headers: HeaderMap,
    request_id: RequestId,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let (visitor, user, found) = Visitor::open(&app, &org, &headers, now).await?;
    if let Some(stored) = found.connection.filter(|stored| page::waits(&stored.value)) {
        let waited_for = stored.value.feature;
        look(&app, visitor.org, user, &stored, waited_for, &request_id, now).await?;
    }
    Ok(Redirect::to(&path(visitor.org)).into_response())
}

/// Looks whether a connection can go on. Whoever else changed it meanwhile looked too: the page shows
/// what they found.
async fn look(
    app: &App,
    org: OrganizationId,
    user: UserId,
    stored: &Stored<Connection>,
    feature: Feature,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<(), Failure> {
    match progress::go_on(app, org, user, stored, feature, request_id, now).await {
        Ok(()) | Err(Failure::Changed) => Ok(()),
        Err(failure) => Err(failure),
    }
}

/// `POST …/check`: asks Microsoft what is granted now, for each feature that ever was, and to read: it may
/// have been given back.
pub(crate) async fn check(
    State(app): State<App>,
    Path(org): Path<String>,
    headers: HeaderMap,
    request_id: RequestId,
    form: Result<Form<Token>, FormRejection>,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let (visitor, user, found) = Visitor::posted(&app, &org, &headers, form, now).await?;
    let looked_at = |feature: &Feature| {
        found.connection.as_ref().is_some_and(|stored| is_looked_at(&stored.value, *feature))
    };
    for feature in Feature::ALL.into_iter().filter(looked_at) {
        // Read anew: the look before may have changed it.
        let Some(stored) = app.store.connection(visitor.org, now).await? else { break };
        if stored.value.holds_tenant() {
            look(&app, visitor.org, user, &stored, feature, &request_id, now).await?;
        }
    }
    Ok(Redirect::to(&path(visitor.org)).into_response())
}

fn is_looked_at(connection: &Connection, feature: Feature) -> bool {
    let known = feature == Feature::ReadUsers
        || connection.granted.contains_key(&feature)
        || connection.lost.contains_key(&feature)
        || connection.feature == feature;
    connection.holds_tenant() && known
}

/// `POST …/disconnect`: lets the tenant go. Users stay as they are, and what was granted in Entra
/// stays until somebody takes it back there.
pub(crate) async fn disconnect(
    State(app): State<App>,
    Path(org): Path<String>,
    headers: HeaderMap,
    request_id: RequestId,
    form: Result<Form<Token>, FormRejection>,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let (visitor, user, found) = Visitor::posted(&app, &org, &headers, form, now).await?;
    if let Some(stored) = &found.connection
        && stored.value.stage != Stage::Disconnected
    {
        let connection = Connection {
            stage: Stage::Disconnected,
            since: now,
            granted: std::collections::BTreeMap::new(),
            lost: std::collections::BTreeMap::new(),
            ..stored.value.clone()
        };
        let audit = app.audit(Actor::User(user), Action::TenantDisconnected, &request_id, now);
        // Whoever reads finds it over at once, and forgets its tokens.
        let task = Task::ReadDirectory { since: stored.value.since };
        let next = OutboxItem::new(&*app.entropy, visitor.org, task, now);
        let next = [next];
        app.store.connect(visitor.org, &connection, Some(stored), Some(&audit), &next).await?;
        app.announce(&next, &request_id).await;
    }
    Ok(Redirect::to(&path(visitor.org)).into_response())
}
