//! A look at how the tenant has our domains federated, with the rights of whoever signed in for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use graph::{Domain, FederationConfiguration, Graph, GraphError, Tenant};
use identity::{
    DomainName, DomainStanding, FederatedDomain, FederationDifference, Organization,
    PublishedCertificates, TenantFederation, Weight, harmless,
};
use jiff::{SignedDuration, Timestamp};
use keys::Fingerprint;
use keys::ring::KeyRing;
use oidc::{AccessToken, Person};
use store::{Action, Actor, CheckedDomain, Connection, FederationCheck, TableError};
use web::failure::RequestId;

use crate::app::App;
use crate::callback::Return;
use crate::failure::Failure;
use crate::held::Held;

/// How long Graph may take while a person waits.
const PATIENCE: SignedDuration = SignedDuration::from_secs(10);
/// How many domains one look is at: two calls of Graph each, one after the other.
const MOST_DOMAINS: usize = 8;
/// How many names are looked up in the table for it.
const MOST_NAMES: usize = 100;
/// How many permissions are kept.
const MOST_GRANTED: usize = 20;
/// How often the result is stored anew because somebody else looked meanwhile.
const RACES: u32 = 5;

/// Looks at each domain, and stores what was seen. The token is gone with the request.
pub(crate) async fn look(
    app: &App,
    back: &Return,
    person: &Person,
    token: AccessToken,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<(), Failure> {
    let organization = &back.found.organization;
    let connection = back.found.connected().ok_or(Failure::JourneyOver)?;
    let ring = app.store.key_ring::<KeyRing>(back.org, now).await?;
    let ring = ring.ok_or(Failure::NoKeys)?.value;
    let mut ours = app.store.federated(back.org, &names(organization, connection), now).await?;
    let left_out = ours.len().saturating_sub(MOST_DOMAINS);
    ours.truncate(MOST_DOMAINS);
    let granted = granted(app, &token);
    let graph = Graph::new(
        app.registration.graph().clone(),
        Arc::new(Held::new(token)),
        app.clock.clone(),
        app.entropy.clone(),
    )?;
    let correlation = uuid::Builder::from_random_bytes((*app.entropy).bytes()).into_uuid();
    let deadline = app.clock.now().checked_add(PATIENCE).unwrap_or(now);
    let tenant = graph.tenant(connection.tenant, correlation, deadline);
    let (mut domains, mut told) = (Vec::with_capacity(ours.len()), Vec::new());
    for domain in &ours {
        match standing(&tenant, domain.name.as_str()).await {
            Ok(standing) => {
                told.push(verdict(domain, &ring, &standing));
                domains.push(CheckedDomain { name: domain.name.clone(), standing });
            }
            // The token itself is not taken: its session was ended, or must be begun otherwise.
            Err(GraphError::ConsentLost(trace)) if trace.status == Some(401) => {
                back.refused(app, "token_refused", request_id, now).await?;
                return Err(Failure::JourneyOver);
            }
            Err(GraphError::ConsentLost(_)) => {
                back.refused(app, "not_permitted", request_id, now).await?;
                return Err(Failure::LookForbidden);
            }
            Err(error) => return Err(error.into()),
        }
    }
    let by = person.user_name.as_deref().map(harmless);
    let check =
        FederationCheck { tenant: connection.tenant, at: now, by, granted, domains, left_out };
    let verdict = told.into_iter().max().unwrap_or(Verdict::Differs);
    keep(app, back, &check, verdict, request_id, now).await
}

/// What the audit says of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    AsPublished,
    Differs,
    LetsOthersIn,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::AsPublished => "as_published",
            Self::Differs => "differs",
            Self::LetsOthersIn => "lets_others_in",
        }
    }
}

fn verdict(domain: &FederatedDomain, ring: &KeyRing, standing: &DomainStanding) -> Verdict {
    let differences = differences(domain, ring, standing);
    if differences.iter().any(|one| one.weight == Weight::LetsOthersIn) {
        Verdict::LetsOthersIn
    } else if differences.is_empty() && matches!(standing, DomainStanding::Federated(_)) {
        Verdict::AsPublished
    } else {
        Verdict::Differs
    }
}

/// How a domain that stood so differs from what we publish now.
pub(crate) fn differences(
    domain: &FederatedDomain,
    ring: &KeyRing,
    standing: &DomainStanding,
) -> Vec<FederationDifference> {
    let theirs = match standing {
        DomainStanding::Federated(theirs) => theirs,
        DomainStanding::Absent | DomainStanding::Unverified | DomainStanding::Managed => {
            return Vec::new();
        }
    };
    let active = ring.active.fingerprint().sha256;
    let next = ring.next.as_ref().map(|key| key.fingerprint().sha256);
    let retired = ring.retired.iter().map(|one| one.key.fingerprint().sha256).collect::<Vec<_>>();
    let published =
        PublishedCertificates { active: &active, next: next.as_deref(), retired: &retired };
    domain.differences(published, theirs)
}

/// The permissions of Graph that the token carries, by their names.
fn granted(app: &App, token: &AccessToken) -> Vec<String> {
    let graph = app.registration.cloud().graph_permission("");
    let identity = ["openid", "profile", "email"];
    let scopes = token.scopes().iter().filter(|scope| !identity.contains(&scope.as_str()));
    let names = scopes.map(|scope| harmless(scope.strip_prefix(&graph).unwrap_or(scope)));
    names.take(MOST_GRANTED).collect()
}

/// The names that may be domains of ours: those that the organization says, and those that the tenant
/// does, which a domain of before has alone.
fn names(organization: &Organization, connection: &Connection) -> BTreeSet<DomainName> {
    let told = connection.domains.iter().filter_map(|told| told.name.parse().ok());
    organization.domains.iter().cloned().chain(told).take(MOST_NAMES).collect()
}

/// How a domain of ours stands in the tenant.
async fn standing(tenant: &Tenant<'_>, name: &str) -> Result<DomainStanding, GraphError> {
    let found: Domain = match tenant.domain(name).await {
        Ok(found) => found,
        Err(GraphError::NotFound(_)) => return Ok(DomainStanding::Absent),
        Err(error) => return Err(error),
    };
    if found.is_verified != Some(true) {
        return Ok(DomainStanding::Unverified);
    }
    if !found.is_federated() {
        return Ok(DomainStanding::Managed);
    }
    let theirs = match tenant.federation(name).await {
        Ok(theirs) => theirs.map(read).unwrap_or_default(),
        Err(GraphError::NotFound(_)) => TenantFederation::default(),
        Err(error) => return Err(error),
    };
    Ok(DomainStanding::Federated(Box::new(theirs.harmless())))
}

/// What Graph says, its certificates by their fingerprints.
fn read(found: FederationConfiguration) -> TenantFederation {
    // What is none is shown as it is.
    let fingerprint = |text: String| match Fingerprint::of_base64(&text) {
        Some(fingerprint) => fingerprint.sha256,
        None => text,
    };
    // Graph says nothing of a slot in either of two ways.
    let certificate = |text: Option<String>| text.filter(|text| !text.is_empty()).map(fingerprint);
    TenantFederation {
        issuer_uri: found.issuer_uri,
        passive_sign_in_uri: found.passive_sign_in_uri,
        sign_out_uri: found.sign_out_uri,
        active_sign_in_uri: found.active_sign_in_uri,
        metadata_exchange_uri: found.metadata_exchange_uri,
        preferred_authentication_protocol: found.preferred_authentication_protocol,
        signing_certificate: certificate(found.signing_certificate),
        next_signing_certificate: certificate(found.next_signing_certificate),
        federated_idp_mfa_behavior: found.federated_idp_mfa_behavior,
        prompt_login_behavior: found.prompt_login_behavior,
        is_signed_authentication_request_required: found.is_signed_authentication_request_required,
    }
}

/// Stores what was seen, unless the tenant was let go meanwhile. Of two who looked at once the later
/// look stands, and the audit tells of both.
async fn keep(
    app: &App,
    back: &Return,
    check: &FederationCheck,
    verdict: Verdict,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<(), Failure> {
    let actor = Actor::User(back.administrator);
    let mut audit = app.audit(actor, Action::FederationChecked, request_id, now);
    audit.reason = Some(verdict.word().to_owned());
    let mut race = 0;
    loop {
        let before = app.store.federation_check(back.org, now).await?;
        if before.as_ref().is_some_and(|before| before.value.at > check.at) {
            return Ok(app.store.audit(back.org, &audit).await?);
        }
        let kept = app.store.keep_federation_check(back.org, before.as_ref(), check, &audit).await;
        match kept {
            Ok(()) => return Ok(()),
            Err(TableError::Conflict { position: 0 }) => {
                back.refused(app, "tenant_not_connected", request_id, now).await?;
                return Err(Failure::JourneyOver);
            }
            Err(TableError::Conflict { .. }) if race + 1 < RACES => race += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ambient::SystemEntropy;
    use identity::{Mode, OrganizationId};
    use store::{Feature, Stage, TenantDomain};

    use super::*;

    fn organization(domains: &[&str]) -> Organization {
        Organization {
            id: OrganizationId::mint(&SystemEntropy),
            name: "Contoso".to_owned(),
            base_url: "https://id.example.org".to_owned(),
            rp_id: "id.example.org".to_owned(),
            session_hours: 8,
            administrators: Vec::new(),
            domains: domains.iter().map(|name| name.parse().unwrap()).collect(),
            directories: Vec::new(),
            mode: Mode::Hybrid,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn connection(domains: &[&str]) -> Connection {
        let told = |name: &&str| TenantDomain { name: (*name).to_owned(), federated: true };
        Connection {
            tenant: uuid::Uuid::nil(),
            stage: Stage::Connected,
            since: Timestamp::UNIX_EPOCH,
            feature: Feature::ReadUsers,
            authorised: None,
            granted: std::collections::BTreeMap::new(),
            name: None,
            domains: domains.iter().map(told).collect(),
            checked_at: None,
            lost: [].into(),
        }
    }

    #[test]
    fn a_domain_is_looked_for_whoever_tells_of_it_and_many_are_cut() {
        let both = names(
            &organization(&["contoso.com"]),
            &connection(&["Contoso.com", "fabrikam.com", "no domain", "contoso.onmicrosoft.com"]),
        );
        let both = both.iter().map(DomainName::as_str).collect::<Vec<_>>();
        assert_eq!(both, ["contoso.com", "contoso.onmicrosoft.com", "fabrikam.com"]);
        let many = (0..5_000).map(|number| format!("d{number}.test")).collect::<Vec<_>>();
        let many = many.iter().map(String::as_str).collect::<Vec<_>>();
        let cut = names(&organization(&["zebra.test"]), &connection(&many));
        assert_eq!(cut.len(), MOST_NAMES);
        assert!(cut.contains(&"zebra.test".parse().unwrap()), "ours comes first");
    }

    #[test]
    fn a_certificate_that_is_none_is_told_as_it_stands_and_an_empty_slot_is_empty() {
        let found: FederationConfiguration = FederationConfiguration {
            id: "1".to_owned(),
            display_name: None,
            issuer_uri: None,
            passive_sign_in_uri: None,
            sign_out_uri: None,
            active_sign_in_uri: None,
            metadata_exchange_uri: None,
            preferred_authentication_protocol: None,
            signing_certificate: Some("-----BEGIN".to_owned()),
            next_signing_certificate: Some(String::new()),
            prompt_login_behavior: None,
            federated_idp_mfa_behavior: None,
            is_signed_authentication_request_required: None,
        };
        let theirs = read(found.clone()).harmless();
        assert_eq!(theirs.signing_certificate.as_deref(), Some("-----BEGIN"));
        assert_eq!(theirs.next_signing_certificate, None);
        let good = FederationConfiguration { signing_certificate: Some("AAAA".into()), ..found };
        let digest = read(good).signing_certificate.unwrap();
        assert_eq!(digest, "709E80C88487A2411E1EE4DFB9F22A861492D20C4765150C0C794ABD70F8147C");
    }
}
