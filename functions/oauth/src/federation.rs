//! `/oauth/connect/{organization}/federation`: how the tenant has our domains federated, as somebody of
//! it saw; and the ways to Microsoft for whoever is to look.
//!
//! No permission of ours shows it: each look is made with the rights of whoever signs in for it, and
//! is over with their answer.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::HeaderMap;
use identity::{Organization, OrganizationId, Secret};
use jiff::Timestamp;
use keys::ring::KeyRing;
use oidc::{Authority, Authorization, Prompt, TenantId, Verifier};
use store::{FederationCheck, Journey, Leg};
use web::language::Language;
use web::page::{CheckedDomain, CheckedFederation, Federation, Page as _, Reach, WantedLook};

use crate::app::App;
use crate::failure::Failure;
use crate::visitor::Visitor;
use crate::{connect, federation_check};

/// The path of an organization's page.
pub(crate) fn path(org: OrganizationId) -> String {
    format!("{}/federation", connect::path(org))
}

/// Where somebody comes back after they let us look, as it is registered.
pub(crate) fn callback_uri(organization: &Organization) -> String {
    format!("{}/oauth/callback/federation", organization.base_url)
}

/// The delegated permissions that a look asks for: the narrowest that show it, and what Microsoft
/// documents for whoever cannot grant those.
const fn permissions(reach: Reach) -> &'static [&'static str] {
    match reach {
        Reach::Narrow => &["Domain-InternalFederation.Read.All", "Domain.Read.All"],
        Reach::Older => &["Domain.Read.All"],
        Reach::Wide => &["Domain.ReadWrite.All"],
        Reach::Widest => &["Domain.ReadWrite.All", "Directory.AccessAsUser.All"],
    }
}

/// `GET`: what the latest look saw, and how to look again.
pub(crate) async fn show(
    State(app): State<App>,
    Path(org): Path<String>,
    headers: HeaderMap,
    language: Language,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let (visitor, _, found) = Visitor::open(&app, &org, &headers, now).await?;
    let path = path(visitor.org);
    let connected = found.connected();
    let check = app.store.federation_check(visitor.org, now).await?.map(|stored| stored.value);
    // What was seen before the tenant was let go says nothing of it, nor of another.
    let check = check.filter(|check| {
        connected.is_some_and(|held| held.tenant == check.tenant && held.since <= check.at)
    });
    let domains = match &check {
        Some(check) => compared(&app, visitor.org, check, now).await?,
        None => Vec::new(),
    };
    let client_id = app.federation_client().ok();
    let offered = connected.is_some() && client_id.is_some();
    let looks = Reach::ALL.map(|reach| WantedLook {
        reach,
        permissions: permissions(reach),
        start_url: offered.then(|| format!("{path}/start/{}/{}", reach.word(), visitor.csrf())),
    });
    let page = Federation {
        language,
        organization: &found.organization.name,
        connected: connected.is_some(),
        checked: check.as_ref().map(|check| CheckedFederation {
            at: check.at,
            by: check.by.as_deref(),
            granted: &check.granted,
            domains,
            left_out: check.left_out,
        }),
        client_id,
        redirect_uri: &callback_uri(&found.organization),
        looks: &looks,
        connection_url: &connect::path(visitor.org),
    };
    Ok(page.respond())
}

/// What was seen, beside what we publish now.
async fn compared<'check>(
    app: &App,
    org: OrganizationId,
    check: &'check FederationCheck,
    now: Timestamp,
) -> Result<Vec<CheckedDomain<'check>>, Failure> {
    let ring = app.store.key_ring::<KeyRing>(org, now).await?.ok_or(Failure::NoKeys)?.value;
    let names = check.domains.iter().map(|one| one.name.clone()).collect();
    let ours = app.store.federated(org, &names, now).await?;
    let seen = check.domains.iter().filter_map(|one| {
        let domain = ours.iter().find(|domain| domain.name == one.name)?;
        Some(CheckedDomain {
            name: one.name.as_str(),
            standing: &one.standing,
            differences: federation_check::differences(domain, &ring, &one.standing),
            certificate_url: format!("{}/certificate", domain.issuer),
        })
    });
    Ok(seen.collect())
}

/// `GET …/start/{reach}/{csrf}`: to Microsoft, to look with one's own rights. A link, as the one to
/// consent.
pub(crate) async fn start(
    State(app): State<App>,
    Path((org, reach, csrf)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let (visitor, _, found) = Visitor::open(&app, &org, &headers, now).await?;
    visitor.check_csrf(&csrf)?;
    let reach = Reach::ALL.into_iter().find(|known| known.word() == reach);
    let reach = reach.ok_or(Failure::NotFound)?;
    let tenant = found.connected().ok_or(Failure::NotFound)?.tenant;
    let client_id = app.federation_client()?;
    let (id, nonce) = (Secret::mint(&*app.entropy), Secret::mint(&*app.entropy).reveal());
    let proof = Verifier::mint(&*app.entropy);
    let challenge = proof.challenge();
    let leg = Leg::Federation { tenant, nonce: nonce.clone(), proof };
    let browser = visitor.held.hash.clone();
    let journey = Journey { browser, leg, ends_at: Journey::end(now) };
    app.store.depart(visitor.org, &id.hash(), &journey).await?;
    let cloud = app.registration.cloud();
    let authorization = Authorization {
        authority: Authority::Tenant(TenantId::from(tenant)),
        client_id,
        redirect_uri: &callback_uri(&found.organization),
        scope: &cloud.delegated_scope(permissions(reach)),
        state: &connect::state(visitor.org, &id),
        nonce: &nonce,
        challenge: &challenge,
        prompt: Prompt::SelectAccount,
        login_hint: None,
    };
    Ok(Redirect::to(&authorization.url(cloud)?).into_response())
}

#[cfg(test)]
mod tests {
    use graph::Permission;

    use super::*;

    #[test]
    fn each_reach_shows_domains_and_the_first_ones_change_nothing() {
        for reach in Reach::ALL {
            let asked = || permissions(reach).iter().copied();
            assert!(Permission::DomainRead.is_covered_by(asked()), "{}", reach.word());
            // The older pages of Microsoft's let whoever reads domains read this too.
            let reads = Permission::FederationRead.is_covered_by(asked()) || reach == Reach::Older;
            assert!(reads, "{}", reach.word());
            let changes = asked().any(|name| !name.ends_with(".Read.All"));
            assert_eq!(changes, matches!(reach, Reach::Wide | Reach::Widest), "{}", reach.word());
        }
    }
}
