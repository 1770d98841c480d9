//! Forged, foreign, replayed and twisted ways back from Microsoft: nothing changes.

use jiff::SignedDuration;
use scenarios::microsoft::{FABRIKAM, TENANT, account, stands};
use scenarios::saml::between;
use scenarios::{Browser, Company, Connector, Person, World};
use serde_json::json;

async fn nothing_is_connected(world: &World) {
    let stored = world.store.connection(world.organization, world.now()).await.unwrap();
    assert!(stored.is_none(), "{stored:?}");
    world.records().await.check_invariants();
}

fn callback(leg: &str, query: &str) -> String {
    format!("/oauth/callback/{leg}?{query}")
}

/// The `state` of an address.
fn state(url: &str) -> String {
    let query = url.split_once('?').unwrap().1;
    let state = query.split('&').find_map(|pair| pair.strip_prefix("state=")).unwrap();
    state.to_owned()
}

#[tokio::test]
async fn only_an_administrator_with_a_session_sees_the_page_or_begins() {
    let world = World::start().await;
    let _olga = world.connector().await;
    let mut member = world.person("ada").await;
    let path = world.connection_path();
    let paths = [
        path.clone(),
        format!("{path}/continue"),
        format!("{path}/certificate/current.cer"),
        format!("{path}/start/read-users/token"),
        format!("/oauth/connect/{}", "0".repeat(32)),
    ];

    for path in &paths {
        world.browser().get(path).await.assert_refused(403, path);
        member.browser.get(path).await.assert_refused(403, path);
    }
    for action in ["check", "disconnect"] {
        let path = format!("{path}/{action}");
        member.browser.post(&path, &[("csrf", "x")]).await.assert_refused(403, &path);
    }
    nothing_is_connected(&world).await;
}

#[tokio::test]
async fn a_session_that_is_over_or_of_somebody_blocked_connects_nothing() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let sign_in = olga.consent("read-users", account::BOSS).await;
    let back = olga.answer(&sign_in, Some(account::BOSS)).await;

    let user = olga.person.user.clone();
    world.block(&user).await;
    olga.person.browser.get(&back).await.assert_refused(403, "blocked");
    world.unblock(&user).await;
    world.clock.pass(SignedDuration::from_hours(9));
    world.agree();
    olga.person.browser.get(&back).await.assert_refused(403, "over");

    nothing_is_connected(&world).await;
}

#[tokio::test]
async fn a_link_without_its_token_begins_nothing() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let path = format!("{}/start/read-users", world.connection_path());

    for token in ["x", &"A".repeat(43)] {
        let page = olga.person.browser.get(&format!("{path}/{token}")).await;
        page.assert_refused(403, token);
    }
    let page = olga.page().await;
    let csrf = page.text.split("/start/read-users/").nth(1).unwrap().split('"').next().unwrap();
    let path = format!("{}/start/everything/{csrf}", world.connection_path());
    olga.person.browser.get(&path).await.assert_refused(404, "an unknown feature");
    let path = format!("{}/start/write-users/{csrf}", world.connection_path());
    olga.person.browser.get(&path).await.assert_refused(404, "writing before reading");
}

#[tokio::test]
async fn a_consent_that_nobody_asked_for_is_refused_whatever_tenant_it_names() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let microsoft = olga.depart("read-users").await;
    let state = state(&microsoft);
    let org = world.organization;
    let invented = format!("{org}.{}", "A".repeat(43));
    let cases = [
        (format!("admin_consent=True&tenant={FABRIKAM}"), 400),
        (format!("admin_consent=True&tenant={FABRIKAM}&state="), 400),
        (format!("admin_consent=True&tenant={FABRIKAM}&state=x"), 410),
        (format!("admin_consent=True&tenant={FABRIKAM}&state={invented}"), 410),
        (format!("admin_consent=True&tenant=common&state={state}"), 400),
        (format!("admin_consent=False&tenant={TENANT}&state={state}"), 400),
        (format!("admin_consent=True&tenant={TENANT}&tenant={FABRIKAM}&state={state}"), 400),
        (format!("state={state}&code=abc"), 400),
        (format!("admin_consent=True&state={state}"), 400),
    ];

    for (query, status) in cases {
        let page = olga.person.browser.get(&callback("consent", &query)).await;
        page.assert_refused(status, &query);
        assert!(!page.text.contains(FABRIKAM), "{query}: it echoes");
    }
    // A consent's state brings no sign-in either.
    let page =
        olga.person.browser.get(&callback("sign-in", &format!("code=a&state={state}"))).await;
    page.assert_refused(410, "the other callback");
    nothing_is_connected(&world).await;
}

#[tokio::test]
async fn an_error_comes_before_the_consent_that_is_said_beside_it() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let microsoft = olga.depart("read-users").await;

    let back = olga.answer(&microsoft, None).await;

    assert!(back.contains("admin_consent=True") && back.contains("error=access_denied"), "{back}");
    olga.person.browser.get(&back).await.assert_refused(403, "declined");
    olga.person.browser.get(&back).await.assert_refused(410, "declined once");
    nothing_is_connected(&world).await;
}

#[tokio::test]
async fn a_tenant_that_was_only_named_is_not_signed_in_to_by_a_stranger() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let microsoft = olga.depart("read-users").await;
    // Somebody names a tenant that is not theirs, as anybody can.
    let query = format!("admin_consent=True&tenant={FABRIKAM}&state={}", state(&microsoft));

    let page = olga.person.browser.get(&callback("consent", &query)).await;

    let sign_in = page.location().unwrap();
    assert!(sign_in.contains(&format!("/{FABRIKAM}/oauth2/v2.0/authorize?")), "{sign_in}");
    let answer = reqwest::Client::new().post(&sign_in).form(&[("account", account::BOSS)]);
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status(), 400, "an account of another tenant");
    nothing_is_connected(&world).await;
}

#[tokio::test]
async fn a_member_attaches_no_tenant_even_where_the_consent_stands() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let microsoft = olga.depart("read-users").await;
    let back = olga.answer(&microsoft, Some(account::BOSS)).await;
    let page = olga.person.browser.get(&back).await;
    let sign_in = page.location().unwrap();

    let back = olga.answer(&sign_in, Some(account::MEMBER)).await;
    let page = olga.person.browser.get(&back).await;

    page.assert_refused(403, "a member");
    assert!(page.text.contains("neither Global Administrator"), "{}", page.text);
    nothing_is_connected(&world).await;
}

#[tokio::test]
async fn another_browser_does_not_go_on() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let mut oscar = world.promoted("oscar").await;
    let microsoft = olga.depart("read-users").await;
    let back = olga.answer(&microsoft, Some(account::BOSS)).await;

    oscar.browser.get(&back).await.assert_refused(403, "another administrator's browser");
    world.browser().get(&back).await.assert_refused(403, "a browser without a session");
    let page = olga.person.browser.get(&back).await;

    assert!(page.location().is_some(), "its own browser goes on");
}

#[tokio::test]
async fn each_journey_ends_once_and_within_half_an_hour() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let microsoft = olga.depart("read-users").await;
    let consented = olga.answer(&microsoft, Some(account::BOSS)).await;
    let sign_in = olga.person.browser.get(&consented).await.location().unwrap();
    let signed_in = olga.answer(&sign_in, Some(account::BOSS)).await;
    let page = olga.person.browser.visit(&signed_in).await;
    assert_eq!(stands(&page), "Connected.");

    for (replayed, what) in [(&consented, "the consent"), (&signed_in, "the sign-in")] {
        olga.person.browser.get(replayed).await.assert_refused(410, what);
    }
    let microsoft = olga.depart("read-users").await;
    let late = olga.answer(&microsoft, Some(account::BOSS)).await;
    world.clock.pass(SignedDuration::from_mins(30));
    world.agree();
    olga.person.browser.get(&late).await.assert_refused(410, "half an hour later");
}

#[tokio::test]
async fn a_code_of_another_sign_in_is_worth_nothing() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let first = olga.consent("read-users", account::BOSS).await;
    let second = olga.consent("read-users", account::BOSS).await;
    let (first, second) = (
        olga.answer(&first, Some(account::BOSS)).await,
        olga.answer(&second, Some(account::BOSS)).await,
    );
    let code = |url: &str| url.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let query = format!("code={}&state={}", code(&second), state(&first));

    // The code is bound to the other request's proof, so that nobody can slip theirs in.
    let page = olga.person.browser.get(&callback("sign-in", &query)).await;

    assert!(page.status.is_client_error() || page.status.is_server_error(), "{}", page.status);
    nothing_is_connected(&world).await;
}

#[tokio::test]
async fn an_id_token_with_any_fault_connects_nothing() {
    let world = World::start().await;
    let mut olga = world.connector().await;
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

    for fault in faults {
        olga.simulate("faults", &json!({ "id_token": fault })).await;
        let page = way(&mut olga).await;
        assert!(page.status.is_client_error() || page.status.is_server_error(), "{fault}");
        nothing_is_connected(&world).await;
    }
    olga.simulate("faults", &json!({})).await;
    let page = olga.connect("read-users", account::BOSS).await;
    assert_eq!(stands(&page), "Connected.");
}

async fn way(olga: &mut Connector<'_>) -> scenarios::Page {
    let sign_in = olga.consent("read-users", account::BOSS).await;
    let back = olga.answer(&sign_in, Some(account::BOSS)).await;
    olga.person.browser.get(&back).await
}

#[tokio::test]
async fn a_storm_of_unknown_keys_costs_microsoft_one_request() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.simulate("faults", &json!({ "id_token": "unknown_key" })).await;

    for _ in 0..5 {
        way(&mut olga).await.assert_refused(403, "an unknown key");
    }

    assert_eq!(olga.journal("oauth_keys_read").await, 1);
}

#[tokio::test]
async fn a_tenant_belongs_to_one_organization() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    let company = world.found("Fabrikam", "fabrikam.test").await;
    let stored = world.store.connection(world.organization, world.now()).await.unwrap().unwrap();

    // The very same connection, stored for another organization.
    let taken = world.store.connect(company.id, &stored.value, None, None, &[]).await;

    assert!(matches!(taken, Err(store::ConnectError::TenantTaken)), "{taken:?}");
    let owner = world.store.tenant_owner(stored.value.tenant, world.now()).await.unwrap();
    assert_eq!(owner, Some(world.organization));
}

/// Another organization of the deployment, and its administrator.
async fn other_organization(world: &World) -> (Company, Person) {
    let company = world.found("Fabrikam", "fabrikam.test").await;
    let name = "admin@fabrikam.test".parse().unwrap();
    let user = world.store.user_named(company.id, &name, world.now()).await.unwrap();
    let link = company.bootstrap["enrolment_url"].as_str().unwrap();
    let person = world.enrolled_by(link, user.unwrap().value).await;
    (company, person)
}

/// How often the audit says that a connection was refused for a reason.
async fn refused_for(world: &World, reason: &str) -> usize {
    let audit = world.records().await.audit().into_iter();
    let refused = audit.filter(|entry| entry["action"] == "connection_refused");
    refused.filter(|entry| entry["reason"] == reason).count()
}

#[tokio::test]
async fn whoever_walks_the_whole_way_to_a_tenant_of_another_organization_is_told_so_at_its_end() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    let (company, mut bob) = other_organization(&world).await;
    let path = format!("/oauth/connect/{}", company.id);
    let browser: &mut Browser = &mut bob.browser;
    let page = browser.visit(&path).await;
    let start = format!("{path}/start/read-users/");
    let token = between(&page.text, &format!("href=\"{start}"), "\"").unwrap();
    let microsoft = browser.get(&format!("{start}{token}")).await.location().unwrap();
    let back = olga.answer(&microsoft, Some(account::BOSS)).await;
    let sign_in = browser.get(&back).await.location().unwrap();
    let back = olga.answer(&sign_in, Some(account::BOSS)).await;

    let page = browser.get(&back).await;

    page.assert_refused(409, "the tenant of another organization");
    assert!(page.text.contains("another organization"), "{}", page.text);
    assert_eq!(refused_for(&world, "tenant_taken").await, 1);
    let stored = world.store.connection(company.id, world.now()).await.unwrap();
    assert!(stored.is_none(), "{stored:?}");
    assert_eq!(stands(&olga.page().await), "Connected.");
    world.quiet().await;
}

#[tokio::test]
async fn a_way_back_is_of_the_organization_that_it_left_from_though_the_browser_knows_another() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let (company, bob) = other_organization(&world).await;
    olga.person.browser.cookies.extend(bob.browser.cookies.clone());
    let (ours, theirs) = (world.organization.to_string(), company.id.to_string());
    let swapped = |url: &str| {
        assert!(url.contains(&format!("state={ours}.")), "{url}");
        url.replace(&ours, &theirs)
    };

    let microsoft = olga.depart("read-users").await;
    let consented = olga.answer(&microsoft, Some(account::BOSS)).await;
    let page = olga.person.browser.get(&swapped(&consented)).await;
    page.assert_refused(410, "a consent for the other organization");
    let sign_in = olga.person.browser.get(&consented).await.location().unwrap();
    let signed_in = olga.answer(&sign_in, Some(account::BOSS)).await;
    let page = olga.person.browser.get(&swapped(&signed_in)).await;
    page.assert_refused(410, "a sign-in for the other organization");
    nothing_is_connected(&world).await;
    let page = olga.person.browser.visit(&signed_in).await;

    assert_eq!(stands(&page), "Connected.");
    let stored = world.store.connection(company.id, world.now()).await.unwrap();
    assert!(stored.is_none(), "{stored:?}");
    let page = olga.person.browser.visit(&format!("/oauth/connect/{theirs}")).await;
    assert_ne!(stands(&page), "Connected.", "it was there all the time");
}

#[tokio::test]
async fn nobody_is_refused_for_keys_that_microsoft_does_not_give() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let before = world.records().await;
    olga.simulate("faults", &json!({ "keys": { "status": 503 } })).await;

    for what in ["it gives none", "and is not asked again yet"] {
        way(&mut olga).await.assert_refused(503, what);
    }

    nothing_is_connected(&world).await;
    let audited = world.records().await.audited_since(&before);
    assert!(audited.iter().all(|(action, _)| action != "connection_refused"), "{audited:?}");
    assert_eq!(olga.journal("oauth_keys_read").await, 0);
    world.clock.pass(SignedDuration::from_secs(31));
    world.agree();
    let page = olga.connect("read-users", account::BOSS).await;
    assert_eq!(stands(&page), "Connected.");
}

#[tokio::test]
async fn a_connected_organization_takes_no_consent_of_another_tenant() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    let microsoft = olga.depart("read-users").await;
    assert!(microsoft.contains(&format!("/{TENANT}/v2.0/adminconsent?")), "{microsoft}");
    let query = format!("admin_consent=True&tenant={FABRIKAM}&state={}", state(&microsoft));

    let page = olga.person.browser.get(&callback("consent", &query)).await;

    page.assert_refused(409, "another tenant");
    assert_eq!(stands(&olga.page().await), "Connected.");
}

#[tokio::test]
async fn of_two_journeys_to_two_tenants_the_first_to_arrive_stays() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let ours = olga.consent("read-users", account::BOSS).await;
    let theirs = olga.consent("read-users", account::FABRIKAM_BOSS).await;
    let ours = olga.answer(&ours, Some(account::BOSS)).await;
    let theirs = olga.answer(&theirs, Some(account::FABRIKAM_BOSS)).await;
    assert_eq!(stands(&olga.person.browser.visit(&ours).await), "Connected.");

    let late = olga.person.browser.get(&theirs).await;

    late.assert_refused(409, "a tenant that was proven, and too late");
    let stored = world.store.connection(world.organization, world.now()).await.unwrap().unwrap();
    assert_eq!(stored.value.tenant.to_string(), TENANT);
    world.records().await.check_invariants();
}

#[tokio::test]
async fn a_certificate_that_microsoft_does_not_know_is_said_and_changes_nothing() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.register(|application| application.certificates.clear()).await;

    let page = way(&mut olga).await;

    page.assert_refused(409, "an unknown certificate");
    assert!(page.text.contains("Microsoft does not know our certificate"), "{}", page.text);
    nothing_is_connected(&world).await;
}

#[tokio::test]
async fn forms_need_their_token_and_our_own_origin() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    let csrf = olga.page().await.field("csrf").unwrap();
    let path = format!("{}/disconnect", world.connection_path());

    let browser: &mut Browser = &mut olga.person.browser;
    browser.post(&path, &[("csrf", "x")]).await.assert_refused(403, "another token");
    let page = browser.forge(&[("origin", "https://evil.test")], &path, &[("csrf", &csrf)]).await;
    page.assert_refused(403, "another origin");

    assert_eq!(stands(&olga.page().await), "Connected.");
}

#[tokio::test]
async fn a_journey_under_way_when_a_release_changed_its_shape_is_begun_again() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let microsoft = olga.depart("read-users").await;
    let consented = olga.answer(&microsoft, Some(account::BOSS)).await;
    let sign_in = olga.consent("read-users", account::BOSS).await;
    let signed_in = olga.answer(&sign_in, Some(account::BOSS)).await;
    assert_eq!(world.reshape("JOURNEY").await, 2);

    for back in [consented, signed_in] {
        olga.person.browser.get(&back).await.assert_refused(410, &back);
    }

    nothing_is_connected(&world).await;
    olga.connected().await;
}
