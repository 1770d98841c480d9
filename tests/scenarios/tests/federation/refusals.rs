//! Forged, foreign, replayed and late ways back from a look: nothing is seen and nothing changes.

use entra_sim::{Domain, InternalDomainFederation};
use jiff::SignedDuration;
use scenarios::World;
use scenarios::microsoft::{Connector, TENANT, account};
use scenarios::world::DOMAIN;
use serde_json::json;

use crate::{audited, entry, stored, verdict};

async fn looker(world: &World) -> Connector<'_> {
    let mut olga = world.connector().await;
    olga.connected().await;
    olga
}

async fn nothing_was_seen(world: &World) {
    let records = world.records().await;
    assert_eq!(stored(&records), None);
    records.check_invariants();
}

/// The value of a parameter of an address.
fn parameter<'url>(url: &'url str, name: &str) -> &'url str {
    let query = url.split_once('?').unwrap().1;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(known, _)| *known == name).unwrap().1
}

#[tokio::test]
async fn only_an_administrator_of_a_connected_organization_begins_a_look() {
    let world = World::federated().await;
    let mut olga = world.connector().await;
    let page = olga.federation_page().await;
    assert!(page.text.contains("id=\"not-connected\""), "{}", page.text);
    let csrf = olga.page().await;
    let csrf = csrf.text.split("/start/read-users/").nth(1).unwrap().split('"').next().unwrap();
    let start = format!("{}/federation/start", world.connection_path());
    let browser = &mut olga.person.browser;
    browser.get(&format!("{start}/narrow/{csrf}")).await.assert_refused(404, "not connected");
    let csrf = csrf.to_owned();
    olga.connected().await;
    let mut member = world.person("ada").await;

    let path = format!("{}/federation", world.connection_path());
    for path in [path, format!("{start}/narrow/{csrf}")] {
        world.browser().get(&path).await.assert_refused(403, "a stranger");
        member.browser.get(&path).await.assert_refused(403, "a member");
    }
    let browser = &mut olga.person.browser;
    for token in ["x", &"A".repeat(43)] {
        browser.get(&format!("{start}/narrow/{token}")).await.assert_refused(403, token);
    }
    browser.get(&format!("{start}/everything/{csrf}")).await.assert_refused(404, "no such reach");
    nothing_was_seen(&world).await;
}

#[tokio::test]
async fn a_way_back_that_is_forged_foreign_or_of_another_kind_brings_no_look() {
    let world = World::federated().await;
    let mut olga = looker(&world).await;
    let mut oscar = world.promoted("oscar").await;
    // Somebody who administers another organization of the same deployment.
    let fabrikam = world.found("Fabrikam", "fabrikam.test").await;
    let name = "admin@fabrikam.test".parse().unwrap();
    let user = world.store.user_named(fabrikam.id, &name, world.now()).await.unwrap().unwrap();
    let link = fabrikam.bootstrap["enrolment_url"].as_str().unwrap();
    let mut fred = world.enrolled_by(link, user.value).await;
    let back = olga.look_return("narrow", Some(account::BOSS)).await;
    let state = parameter(&back, "state").to_owned();
    let (org, id) = state.split_once('.').unwrap();
    let callback = |query: &str| format!("/oauth/callback/federation?{query}");
    let cases = [
        (callback("code=a"), 400),
        (callback("code=a&state="), 400),
        (callback(&format!("state={state}")), 400),
        (callback(&format!("code=a&code=b&state={state}")), 400),
        (callback("code=a&state=x"), 410),
        (callback(&format!("code=a&state={org}.{}", "A".repeat(43))), 410),
        (callback(&format!("code=a&state={}.{id}", fabrikam.id)), 403),
        // A look's state is no consent's, no connection's and no sign-in's.
        (format!("/oauth/callback/consent?admin_consent=True&tenant={TENANT}&state={state}"), 410),
        (format!("/oauth/callback/sign-in?code=a&state={state}"), 410),
        (format!("/oauth/callback/microsoft?code=a&state={state}"), 410),
    ];

    for (address, status) in &cases {
        olga.person.browser.get(address).await.assert_refused(*status, address);
    }
    oscar.browser.get(&back).await.assert_refused(403, "another administrator's browser");
    fred.browser.get(&back).await.assert_refused(403, "another organization's administrator");
    world.browser().get(&back).await.assert_refused(403, "a browser without a session");
    // A connection's state is no look's.
    let sign_in = olga.consent("read-users", account::BOSS).await;
    let signed_in = olga.answer(&sign_in, Some(account::BOSS)).await;
    let crossed = signed_in.replace("/callback/sign-in?", "/callback/federation?");
    olga.person.browser.get(&crossed).await.assert_refused(410, "a connection's state");
    let consent = olga.depart("read-users").await;
    let crossed = callback(&format!("code=a&state={}", parameter(&consent, "state")));
    olga.person.browser.get(&crossed).await.assert_refused(410, "a consent's state");
    nothing_was_seen(&world).await;

    let page = olga.person.browser.visit(&back).await;
    assert_eq!(verdict(&page, DOMAIN), "as we publish it", "its own browser goes on");
}

#[tokio::test]
async fn a_look_ends_once_within_half_an_hour_and_its_code_is_its_own() {
    let world = World::federated().await;
    let mut olga = looker(&world).await;
    let (first, second) = (
        olga.look_return("narrow", Some(account::BOSS)).await,
        olga.look_return("narrow", Some(account::BOSS)).await,
    );
    let slipped = first.replace(parameter(&first, "code"), parameter(&second, "code"));
    let before = world.records().await;
    olga.person.browser.get(&slipped).await.assert_refused(410, "another journey's code");
    assert_eq!(audited(&world, &before).await, [entry("federation_refused", "code_refused")]);
    let late = olga.look_return("narrow", Some(account::BOSS)).await;
    nothing_was_seen(&world).await;

    let back = olga.look_return("narrow", Some(account::BOSS)).await;
    let page = olga.person.browser.visit(&back).await;
    assert_eq!(verdict(&page, DOMAIN), "as we publish it");
    let before = world.records().await;
    olga.person.browser.get(&back).await.assert_refused(410, "once more");
    world.clock.pass(SignedDuration::from_mins(30));
    world.agree();
    olga.person.browser.get(&late).await.assert_refused(410, "half an hour later");
    assert_eq!(audited(&world, &before).await, []);
}

#[tokio::test]
async fn who_declines_or_loses_access_meanwhile_looks_at_nothing() {
    let world = World::federated().await;
    let mut olga = looker(&world).await;
    let before = world.records().await;
    let back = olga.look_return("narrow", None).await;
    assert!(back.contains("error=access_denied"), "{back}");

    olga.person.browser.get(&back).await.assert_refused(403, "declined");
    olga.person.browser.get(&back).await.assert_refused(410, "declined once");
    assert_eq!(audited(&world, &before).await, [entry("federation_refused", "access_denied")]);

    let back = olga.look_return("narrow", Some(account::BOSS)).await;
    let user = olga.person.user.clone();
    world.block(&user).await;
    olga.person.browser.get(&back).await.assert_refused(403, "blocked");
    nothing_was_seen(&world).await;
}

#[tokio::test]
async fn a_tenant_that_is_let_go_meanwhile_is_not_looked_at() {
    let world = World::federated().await;
    let mut olga = looker(&world).await;
    let back = olga.look_return("narrow", Some(account::BOSS)).await;
    world.clock.pass(SignedDuration::from_secs(1));
    olga.press("disconnect").await;
    let (before, graph) = (world.records().await, world.microsoft.graph_calls().len());

    olga.person.browser.get(&back).await.assert_refused(410, "let go");

    let refused = entry("federation_refused", "tenant_not_connected");
    assert_eq!(audited(&world, &before).await, [refused]);
    assert_eq!(world.microsoft.graph_calls().len(), graph, "Graph is not asked");
    nothing_was_seen(&world).await;
}

#[tokio::test]
async fn an_id_token_with_any_fault_brings_no_look_whatever_token_comes_along() {
    let world = World::federated().await;
    let mut olga = looker(&world).await;
    let faults = [
        "issuer",
        "audience",
        "nonce",
        "tenant",
        "algorithm_none",
        "public_key_as_secret",
        "expired",
        "not_yet_valid",
        "unknown_key",
        "signature",
    ];
    let graph = world.microsoft.graph_calls().len();
    for fault in faults {
        olga.simulate("faults", &json!({ "id_token": fault })).await;
        let back = olga.look_return("narrow", Some(account::BOSS)).await;
        olga.person.browser.get(&back).await.assert_refused(403, fault);
        nothing_was_seen(&world).await;
    }
    assert_eq!(world.microsoft.graph_calls().len(), graph, "Graph is not asked");
    olga.simulate("faults", &json!({})).await;
    let page = olga.look_at_federation("narrow", account::BOSS).await;
    assert_eq!(verdict(&page, DOMAIN), "as we publish it");
}

/// Somebody else's domain in the same tenant is none of ours, and nothing of it is shown.
#[tokio::test]
async fn only_domains_of_this_organization_are_looked_at() {
    let world = World::federated().await;
    let _fabrikam = world.found("Fabrikam", "fabrikam.test").await;
    let federation = InternalDomainFederation {
        issuer_uri: "urn:somebody-else".to_owned(),
        ..world.microsoft.federation(DOMAIN).unwrap()
    };
    world.microsoft.federate(Domain::named("fabrikam.test"), federation).unwrap();
    let mut olga = looker(&world).await;

    let page = olga.look_at_federation("narrow", account::BOSS).await;

    assert_eq!(verdict(&page, DOMAIN), "as we publish it");
    assert!(!page.text.contains("fabrikam.test"), "{}", page.text);
}
