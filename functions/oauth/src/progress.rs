//! How a connection goes on: authorised, its token there, the tenant read; or lost.

use std::sync::Arc;

use graph::{Graph, GraphError, Organization, Permission};
use identity::{OrganizationId, UserId};
use jiff::{SignedDuration, Timestamp};
use oidc::{AccessToken, Follows, Person, TenantId};
use registration::{RegistrationError, suffices};
use store::{
    Action, Actor, Authorised, ConnectError, Connection, Feature, OutboxItem, Stage, Stored, Task,
    TenantDomain,
};
use web::failure::RequestId;

use crate::app::App;
use crate::callback::Return;
use crate::failure::Failure;
use crate::feature;
use crate::held::Held;

/// How long Graph may take while a person waits.
const PATIENCE: SignedDuration = SignedDuration::from_secs(10);

/// Stores that somebody of the tenant authorised the connection, if they may, and goes on.
pub(crate) async fn authorised(
    app: &App,
    back: &Return,
    feature: Feature,
    person: &Person,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<(), Failure> {
    let before = back.found.connection.as_ref();
    let may = person.may_consent();
    if may == Some(false) {
        back.refused(app, "not_tenant_administrator", request_id, now).await?;
        return Err(Failure::NotTenantAdministrator);
    }
    // Another journey may have connected another tenant since this one left.
    let held = before.map(|before| &before.value).filter(|before| before.holds_tenant());
    if held.is_some_and(|held| held.tenant != person.tenant.uuid()) {
        back.refused(app, "other_tenant", request_id, now).await?;
        return Err(Failure::OtherTenant);
    }
    // What it builds on may have ended meanwhile.
    if !feature::is_offered(feature, before.map(|before| &before.value)) {
        back.refused(app, "not_offered", request_id, now).await?;
        return Err(Failure::JourneyOver);
    }
    // Users carry object ids of the tenant that was read: of another one they would be strangers.
    let read = back.found.import.as_ref().filter(|import| import.is_begun());
    let read = read.map(|import| import.tenant);
    if read.is_some_and(|read| read != person.tenant.uuid()) {
        back.refused(app, "other_tenant", request_id, now).await?;
        return Err(Failure::OtherTenant);
    }
    let connection = begun(before, person, feature, now);
    let connection = match may {
        // An existing connection does not fall back because a later sign-in says less.
        None if held.is_some() => {
            back.refused(app, "role_unknown", request_id, now).await?;
            return Err(Failure::NotTenantAdministrator);
        }
        None => Connection { stage: Stage::AwaitingRole, authorised: None, ..connection },
        Some(_) => connection,
    };
    let actor = Actor::User(back.administrator);
    let mut audit = app.audit(actor, Action::TenantAuthorised, request_id, now);
    audit.reason = Some(feature.word().to_owned());
    match app.store.connect(back.org, &connection, before, Some(&audit), &[]).await {
        Err(ConnectError::TenantTaken) => {
            back.refused(app, "tenant_taken", request_id, now).await?;
            return Err(Failure::TenantTaken);
        }
        connected => connected?,
    }
    if may.is_some() {
        let version = before.map_or(1, |before| before.version + 1);
        let stored = Stored { value: connection, version };
        go_on(app, back.org, back.administrator, &stored, feature, request_id, now).await?;
    }
    Ok(())
}

/// The connection with whoever authorised it now.
fn begun(
    before: Option<&Stored<Connection>>,
    person: &Person,
    feature: Feature,
    now: Timestamp,
) -> Connection {
    let tenant = person.tenant.uuid();
    let same = before.map(|before| &before.value).filter(|before| before.tenant == tenant);
    let works = same.is_some_and(|before| before.stage == Stage::Connected);
    let authorised = Authorised {
        object_id: person.object_id,
        user_name: person.user_name.clone(),
        name: person.name.clone(),
        at: now,
    };
    Connection {
        tenant,
        stage: if works { Stage::Connected } else { Stage::AwaitingToken },
        since: same.filter(|_| works).map_or(now, |before| before.since),
        feature,
        authorised: Some(authorised),
        granted: same.map(|before| before.granted.clone()).unwrap_or_default(),
        name: same.and_then(|before| before.name.clone()),
        domains: same.map(|before| before.domains.clone()).unwrap_or_default(),
        checked_at: same.and_then(|before| before.checked_at),
        lost: same.map(|before| before.lost.clone()).unwrap_or_default(),
    }
}

/// Asks for a token of a feature and reads the tenant with it. Where the consent is not known everywhere
/// yet, everything stays as it is, to be tried again.
pub(crate) async fn go_on(
    app: &App,
    org: OrganizationId,
    user: UserId,
    stored: &Stored<Connection>,
    feature: Feature,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<(), Failure> {
    let tenant = TenantId::from(stored.value.tenant);
    let token = match app.registration.token(tenant, feature).await {
        Ok(token) => token,
        Err(RegistrationError::Entra(error)) => match error.follows() {
            Follows::Consent if stored.value.granted.contains_key(&feature) => {
                return lost(app, org, stored, feature, request_id, now).await;
            }
            Follows::Consent | Follows::Again(_) => return Ok(()),
            Follows::Credential | Follows::Person | Follows::Tenant | Follows::Bug => {
                return Err(error.into());
            }
        },
        Err(error) => return Err(error.into()),
    };
    // What was granted may have been taken back one by one.
    let had = stored.value.granted.get(&feature).is_some_and(|had| suffices(feature, had));
    if had && !token.is_opaque() && !suffices(feature, token.roles()) {
        return lost(app, org, stored, feature, request_id, now).await;
    }
    // One that is lost is not found again by a token that is good for nothing of it.
    if stored.value.lost.contains_key(&feature)
        && !token.is_opaque()
        && !suffices(feature, token.roles())
    {
        return Ok(());
    }
    let Some(organization) = organization(app, tenant, token.clone(), now).await? else {
        return Ok(());
    };
    let connection = confirmed(&stored.value, feature, &token, organization, now);
    let changed =
        connection.stage != stored.value.stage || connection.granted != stored.value.granted;
    let audit = changed.then(|| {
        let mut audit = app.audit(Actor::User(user), Action::TenantConnected, request_id, now);
        audit.reason = Some(feature.word().to_owned());
        audit
    });
    // From the write on that says that it works, its users are going to be read.
    let begins = connection.stage == Stage::Connected && stored.value.stage != Stage::Connected;
    // From the write on that says that users may be changed, those without an anchor are given one.
    let writes = feature == Feature::WriteUsers
        && connection.granted.get(&feature) != stored.value.granted.get(&feature);
    let next = if begins {
        Some(first_round(app, org, &connection, now).await?)
    } else {
        writes.then(|| OutboxItem::new(&*app.entropy, org, Task::WriteAnchors, now))
    };
    // And accounts are seen to that waited for it.
    let resumes = writes || (begins && connection.granted.contains_key(&Feature::WriteUsers));
    let resume = resumes.then(|| OutboxItem::new(&*app.entropy, org, Task::ResumeAccounts, now));
    let follows = next.into_iter().chain(resume).collect::<Vec<_>>();
    app.store.connect(org, &connection, Some(stored), audit.as_ref(), &follows).await?;
    app.announce(&follows, request_id).await;
    Ok(())
}

/// The round with which reading begins, or goes on: what was not read for long stays late.
async fn first_round(
    app: &App,
    org: OrganizationId,
    connection: &Connection,
    now: Timestamp,
) -> Result<OutboxItem, Failure> {
    let rules = app.store.reading_rules(org, now).await?.value;
    let import = app.store.import(org, now).await?.map(|stored| stored.value);
    let import = import.filter(|import| import.tenant == connection.tenant);
    let read_at = import.and_then(|import| import.ended_at).unwrap_or(now);
    let pace = (read_at, rules.interval());
    Ok(OutboxItem::round(&*app.entropy, org, connection.since, pace, now))
}

fn confirmed(
    before: &Connection,
    feature: Feature,
    token: &AccessToken,
    organization: Told,
    now: Timestamp,
) -> Connection {
    let mut connection = Connection { checked_at: Some(now), ..before.clone() };
    // What nobody but Graph can tell says nothing against what was granted before.
    let granted = connection.granted.entry(feature).or_default();
    if !token.is_opaque() {
        granted.clone_from(token.roles());
    }
    connection.lost.remove(&feature);
    // Whatever else is granted: without reading it does not work.
    let roles = connection.granted.get(&feature).into_iter().flatten().map(String::as_str);
    let reads = feature == Feature::ReadUsers && Permission::UserRead.is_covered_by(roles);
    if reads && connection.stage != Stage::Connected {
        (connection.stage, connection.since) = (Stage::Connected, now);
    }
    if let Told::All(organization) = organization {
        connection.name = organization.display_name;
        let domains = organization.verified_domains.into_iter().filter_map(|domain| {
            let federated = domain.kind.as_deref() == Some("Federated");
            Some(TenantDomain { name: domain.name?, federated })
        });
        connection.domains = domains.collect();
    }
    connection
}

/// The consent was there and is gone: nobody loses access for it, and everybody can see it.
async fn lost(
    app: &App,
    org: OrganizationId,
    stored: &Stored<Connection>,
    feature: Feature,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<(), Failure> {
    let mut audit = app.audit(Actor::System, Action::ConsentLost, request_id, now);
    audit.reason = Some(feature.word().to_owned());
    let report = app.store.lose_consent(org, stored, feature, &audit).await?;
    app.announce(&[report], request_id).await;
    Ok(())
}

/// What the tenant says of itself.
enum Told {
    All(Organization),
    /// The permissions do not reach that far.
    Nothing,
}

/// Reads the tenant; [`None`] when Graph cannot answer now.
async fn organization(
    app: &App,
    tenant: TenantId,
    token: AccessToken,
    now: Timestamp,
) -> Result<Option<Told>, Failure> {
    let graph = Graph::new(
        app.registration.graph().clone(),
        Arc::new(Held::new(token)),
        app.clock.clone(),
        app.entropy.clone(),
    )?;
    let correlation = uuid::Builder::from_random_bytes((*app.entropy).bytes()).into_uuid();
    let deadline = now.checked_add(PATIENCE).unwrap_or(now);
    match graph.tenant(tenant.uuid(), correlation, deadline).organization().await {
        Ok(organization) if organization.id == tenant.uuid() => Ok(Some(Told::All(organization))),
        Ok(_) => Err(Failure::OtherOrganization),
        Err(GraphError::Retry(_)) => Ok(None),
        Err(GraphError::ConsentLost(_)) => Ok(Some(Told::Nothing)),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_a_token_does_not_say_takes_nothing_that_was_granted() {
        let now = Timestamp::UNIX_EPOCH;
        let before = Connection {
            tenant: uuid::Uuid::nil(),
            stage: Stage::Connected,
            since: now,
            feature: Feature::WriteUsers,
            authorised: None,
            granted: [(Feature::ReadUsers, ["User.Read.All".to_owned()].into())].into(),
            name: None,
            domains: Vec::new(),
            checked_at: None,
            lost: [(Feature::WriteUsers, now)].into(),
        };
        // Nothing that we can read, and, in base64, `{"roles":["User.Read.All"]}` and `{}`.
        let tokens = ["opaque", "e30.eyJyb2xlcyI6WyJVc2VyLlJlYWQuQWxsIl19.x", "e30.e30.x"];
        for (token, expected) in tokens.into_iter().zip([Some(1), Some(1), Some(0)]) {
            let body =
                format!(r#"{{"token_type":"Bearer","access_token":"{token}","expires_in":3599}}"#);
            let token = oidc::access_token(body.as_bytes(), now).unwrap();

            let after = confirmed(&before, Feature::ReadUsers, &token, Told::Nothing, now);

            let granted =
                after.granted.get(&Feature::ReadUsers).map(std::collections::BTreeSet::len);
            assert_eq!(granted, expected, "{token:?}");
            assert_eq!(after.feature, Feature::WriteUsers, "what is waited for is waited for");
            assert_eq!(after.lost, before.lost, "another consent");
        }
    }
}
