//! Forged, foreign, replayed and twisted ways back from Microsoft, and people who may not: nobody is
//! signed in, and the audit knows why.

use entra_sim::GraphUser;
use identity::{Block, Role};
use jiff::SignedDuration;
use scenarios::microsoft::{FABRIKAM, MANAGED, account};
use scenarios::{Browser, Connector, Page, Records, World};
use serde_json::json;

const BOSS: &str = "boss@contoso.onmicrosoft.com";

/// A world whose tenant is connected, and an administrator there.
async fn connected(world: &World) -> Connector<'_> {
    world.named_boss().await;
    let mut olga = world.connector().await;
    olga.connected().await;
    olga
}

fn callback(query: &str) -> String {
    format!("/oauth/callback/microsoft?{query}")
}

/// A parameter of an address.
fn parameter(url: &str, name: &str) -> String {
    let query = url.split_once('?').unwrap().1;
    let prefix = format!("{name}=");
    query.split('&').find_map(|pair| pair.strip_prefix(&prefix)).unwrap().to_owned()
}

/// Nobody has a session by Microsoft, and the reasons of the audit since are these.
async fn nobody_is_in(world: &World, before: &Records, reasons: &[&str], what: &str) {
    let records = world.quiet().await;
    let sessions = records.values("#USER#");
    assert!(sessions.iter().all(|it| it["by"] != "microsoft"), "{what}: a session");
    let audited = records.audited_since(before);
    let refused = audited.iter().filter(|(action, _)| action == "sign_in_refused");
    let refused = refused.map(|(_, reason)| reason.clone().unwrap()).collect::<Vec<_>>();
    assert_eq!(refused, reasons, "{what}");
}

#[tokio::test]
async fn an_id_token_with_any_fault_signs_nobody_in_and_the_audit_knows_which() {
    let world = World::start().await;
    let olga = connected(&world).await;
    let faults = [
        ("issuer", "the id token has another issuer"),
        ("audience", "the id token is for another audience"),
        ("nonce", "the id token has another nonce"),
        // A tenant's key signs for that tenant's issuer only.
        ("tenant", "the id token has another issuer"),
        ("algorithm_none", "the id token is not signed with RS256"),
        ("public_key_as_secret", "the id token is not signed with RS256"),
        ("expired", "the id token is over"),
        ("not_yet_valid", "the id token is not valid yet"),
        ("unknown_key", "the id token is signed by an unknown key"),
        ("signature", "the signature of the id token does not hold"),
    ];

    for (fault, reason) in faults {
        let before = world.quiet().await;
        olga.simulate("faults", &json!({ "id_token": fault })).await;
        let page = olga.sign_in_as(&mut world.browser(), BOSS, account::BOSS).await;
        page.assert_refused(403, fault);
        nobody_is_in(&world, &before, &[reason], fault).await;
    }
}

#[tokio::test]
async fn a_callback_that_nobody_asked_for_is_refused_and_writes_nothing() {
    let world = World::start().await;
    let olga = connected(&world).await;
    let mut browser = world.browser();
    let microsoft = olga.leave(&mut browser, BOSS).await;
    let state = parameter(&microsoft, "state");
    let invented = format!("{}.{}", world.organization, "A".repeat(43));
    let elsewhere = format!("{}.{}", "0".repeat(32), state.split_once('.').unwrap().1);
    let before = world.quiet().await;
    let cases = [
        ("code=a".to_owned(), 400),
        ("code=a&state=".to_owned(), 400),
        ("code=a&state=x".to_owned(), 410),
        (format!("code=a&state={invented}"), 410),
        (format!("code=a&state={elsewhere}"), 410),
        (format!("code=&state={state}"), 400),
        (format!("code=a&code=b&state={state}"), 400),
        (format!("code=a&state={state}&state={state}"), 400),
        (format!("state={state}"), 400),
        (format!("code={}&state={state}", "a".repeat(9000)), 400),
    ];

    for (query, status) in cases {
        browser.get(&callback(&query)).await.assert_refused(status, &query);
    }

    world.unchanged_since(&before, "nothing that we know was shown").await;
}

#[tokio::test]
async fn another_browser_brings_nothing_and_the_first_one_still_arrives() {
    let world = World::start().await;
    let olga = connected(&world).await;
    let mut browser = world.browser();
    let back = olga.return_address(&mut browser, BOSS, account::BOSS).await;
    let before = world.quiet().await;

    let mut bare = world.browser();
    bare.get(&back).await.assert_refused(403, "a browser that never left");
    let mut left = world.browser();
    olga.leave(&mut left, BOSS).await;
    left.get(&back).await.assert_refused(403, "a browser that left by itself");
    let mut olgas = olga.person.browser.clone();
    olgas.get(&back).await.assert_refused(403, "somebody who is signed in");

    let reasons = ["other_browser", "other_browser", "other_browser"];
    nobody_is_in(&world, &before, &reasons, "other browsers").await;
    let page = browser.get(&back).await;
    assert_eq!(page.location(), Some(world.connection_path()), "{}", page.text);
}

#[tokio::test]
async fn a_way_back_serves_once_and_for_half_an_hour() {
    let world = World::start().await;
    let olga = connected(&world).await;
    let mut browser = world.browser();
    let back = olga.return_address(&mut browser, BOSS, account::BOSS).await;
    let mut copy = browser.clone();
    assert_eq!(browser.get(&back).await.location(), Some(world.connection_path()));

    copy.get(&back).await.assert_refused(410, "again, by a browser that kept its half");
    let late = olga.return_address(&mut copy, BOSS, account::BOSS).await;
    world.clock.pass(SignedDuration::from_mins(30));
    world.agree();
    copy.get(&late).await.assert_refused(410, "half an hour later");
}

#[tokio::test]
async fn a_code_serves_once_and_only_the_journey_that_asked_for_it() {
    let world = World::start().await;
    let olga = connected(&world).await;
    let mut browser = world.browser();
    let first = olga.return_address(&mut browser, BOSS, account::BOSS).await;
    let second = olga.leave(&mut browser, BOSS).await;
    let before = world.quiet().await;

    // The code is bound to the other journey's proof.
    let (code, state) = (parameter(&first, "code"), parameter(&second, "state"));
    let page = browser.get(&callback(&format!("code={code}&state={state}"))).await;
    page.assert_refused(410, "another journey's code");
    nobody_is_in(&world, &before, &["code_refused"], "another journey's code").await;
    let invented = olga.leave(&mut browser, BOSS).await;
    let state = parameter(&invented, "state");
    let before = world.quiet().await;
    let page = browser.get(&callback(&format!("code=invented&state={state}"))).await;
    page.assert_refused(410, "an invented code");
    nobody_is_in(&world, &before, &["code_refused"], "an invented code").await;
}

#[tokio::test]
async fn whoever_declines_at_microsoft_is_not_signed_in() {
    let world = World::start().await;
    let olga = connected(&world).await;
    let mut browser = world.browser();
    let microsoft = olga.leave(&mut browser, BOSS).await;
    let back = olga.answer(&microsoft, None).await;
    let before = world.quiet().await;

    browser.get(&back).await.assert_refused(410, "declined");

    nobody_is_in(&world, &before, &["access_denied"], "declined").await;
    browser.get(&back).await.assert_refused(410, "again");
    nobody_is_in(&world, &before, &["access_denied"], "again").await;
}

#[tokio::test]
async fn ways_back_of_the_two_kinds_and_of_two_organizations_are_not_mixed_up() {
    let world = World::start().await;
    let mut olga = connected(&world).await;
    let company = world.found("Fabrikam", "fabrikam.test").await;
    let mut browser = world.browser();
    let back = olga.return_address(&mut browser, BOSS, account::BOSS).await;
    let (code, state) = (parameter(&back, "code"), parameter(&back, "state"));
    let theirs = state.replace(&world.organization.to_string(), &company.id.to_string());
    let before = world.quiet().await;

    let page = browser.get(&callback(&format!("code={code}&state={theirs}"))).await;
    page.assert_refused(410, "the other organization's");
    let page = browser.get(&back.replace("/microsoft?", "/sign-in?")).await;
    page.assert_refused(403, "the connection's callback");
    let mut admin = olga.person.browser.clone();
    admin.get(&back.replace("/microsoft?", "/sign-in?")).await.assert_refused(403, "an admin's");
    let consent = olga.consent("read-users", account::BOSS).await;
    let connecting = olga.answer(&consent, Some(account::BOSS)).await;
    let connecting = connecting.replace("/sign-in?", "/microsoft?");
    olga.person.browser.get(&connecting).await.assert_refused(410, "a connection's way back");

    nobody_is_in(&world, &before, &[], "mixed up").await;
    assert_eq!(browser.get(&back).await.location(), Some(world.connection_path()));
}

#[tokio::test]
async fn people_of_another_tenant_get_no_further_than_microsoft() {
    let world = World::start().await;
    let olga = connected(&world).await;
    let mut browser = world.browser();
    let microsoft = olga.leave(&mut browser, BOSS).await;
    assert!(microsoft.contains("/6c1d2f3e-8a4b-4c5d-9e6f-0a1b2c3d4e5f/oauth2/v2.0/authorize?"));
    // They ask their own tenant for a code instead.
    let theirs = microsoft.replace(scenarios::microsoft::TENANT, FABRIKAM);
    let back = olga.answer(&theirs, Some(account::FABRIKAM_BOSS)).await;
    let before = world.quiet().await;

    let page = browser.get(&back).await;

    page.assert_refused(410, "a code of another tenant");
    nobody_is_in(&world, &before, &["code_refused"], "another tenant's code").await;
}

#[tokio::test]
async fn a_tenant_that_was_let_go_meanwhile_signs_nobody_in() {
    let world = World::start().await;
    let mut olga = connected(&world).await;
    let mut browser = world.browser();
    let back = olga.return_address(&mut browser, BOSS, account::BOSS).await;
    olga.press("disconnect").await;
    let before = world.quiet().await;

    browser.get(&back).await.assert_refused(410, "let go");

    nobody_is_in(&world, &before, &["tenant_not_connected"], "let go").await;
}

/// Somebody of the tenant.
fn put(world: &World, number: u8, name: &str) -> String {
    let id = format!("00000000-0000-4000-8000-0000000000{number:02x}");
    let user = GraphUser {
        id: id.clone(),
        user_principal_name: format!("{name}@{MANAGED}"),
        display_name: name.to_owned(),
        ..GraphUser::default()
    };
    world.microsoft.put_user(user).unwrap();
    id
}

async fn refused(
    olga: &Connector<'_>,
    browser: &mut Browser,
    account: &str,
    (status, reason): (u16, &str),
    what: &str,
) -> Page {
    let before = olga.world.quiet().await;
    let page = olga.sign_in_as(browser, BOSS, account).await;
    page.assert_refused(status, what);
    nobody_is_in(olga.world, &before, &[reason], what).await;
    page
}

#[tokio::test]
async fn whoever_is_nobody_here_or_may_not_is_told_what_to_do() {
    let world = World::start().await;
    let olga = connected(&world).await;
    let mut browser = world.browser();

    let stranger = put(&world, 0x21, "stranger");
    let page = refused(&olga, &mut browser, &stranger, (403, "account_unknown"), "stranger").await;
    assert!(page.text.contains("nobody here has the account"), "{}", page.text);
    // The directory was read: they are here, and sign in with a passkey.
    let page = refused(&olga, &mut browser, account::MEMBER, (403, "passkey_only"), "member").await;
    assert!(page.text.contains("sign in with your passkey"), "{}", page.text);

    let chief = world
        .user_with("chief", |user| {
            user.user_name = format!("chief@{MANAGED}").parse().unwrap();
            user.role = Role::Administrator;
        })
        .await;
    let account = put(&world, 0x22, "chief");
    let expected = (403, "not_tenant_administrator");
    refused(&olga, &mut browser, &account, expected, "a name alone makes no administrator").await;
    let name = format!("chief@{MANAGED}");
    world.microsoft.put_directory_roles(&name, &["62e90394-69f5-4237-9190-012177145e10"]).unwrap();
    world.amend(&chief, |user| user.blocks = [Block::Entra].into()).await;
    refused(&olga, &mut browser, &account, (403, "user_blocked"), "blocked").await;
    let object = "00000000-0000-4000-8000-0000000000ff".parse().ok();
    world
        .user_with("deputy", |user| {
            user.user_name = format!("deputy@{MANAGED}").parse().unwrap();
            user.object_id = object;
        })
        .await;
    let account = put(&world, 0x23, "deputy");
    refused(&olga, &mut browser, &account, (403, "other_account"), "another's name").await;
}

#[tokio::test]
async fn nothing_that_comes_along_leads_anywhere_else() {
    let world = World::start().await;
    let olga = connected(&world).await;
    let mut browser = world.browser();
    let evil = "redirect_uri=https%3A%2F%2Fevil.test&return=https%3A%2F%2Fevil.test";
    let page = browser.visit(&format!("{}?{evil}", world.microsoft_path())).await;
    assert!(!page.text.contains("evil"), "{}", page.text);
    let back = olga.return_address(&mut browser, BOSS, account::BOSS).await;

    let page = browser.get(&format!("{back}&{evil}")).await;

    assert_eq!(page.location(), Some(world.connection_path()), "only ever to ourselves");
}

#[tokio::test]
async fn a_form_without_its_token_its_half_or_our_origin_sends_nobody_to_microsoft() {
    let world = World::start().await;
    let olga = connected(&world).await;
    let path = world.microsoft_path();
    let before = world.quiet().await;
    let mut browser = world.browser();
    let page = browser.visit(&path).await;
    let csrf = page.field("csrf").unwrap();
    let fields = [("csrf", csrf.as_str()), ("address", BOSS)];

    world.browser().post(&path, &fields).await.assert_refused(403, "no half");
    let wrong = [("csrf", "x"), ("address", BOSS)];
    browser.post(&path, &wrong).await.assert_refused(403, "another token");
    browser.post(&path, &[("address", BOSS)]).await.assert_refused(403, "no token");
    let origin = [("origin", "https://evil.test")];
    browser.forge(&origin, &path, &fields).await.assert_refused(403, "another origin");
    let again = olga.type_address(&mut browser, "not an address").await;
    assert!(again.notice().is_some(), "{}", again.text);

    world.unchanged_since(&before, "nobody left").await;
}

#[tokio::test]
async fn a_storm_of_unknown_keys_costs_microsoft_one_request() {
    let world = World::start().await;
    let olga = connected(&world).await;
    world.clock.pass(SignedDuration::from_secs(31));
    world.agree();
    let known = olga.journal("oauth_keys_read").await;
    olga.simulate("faults", &json!({ "id_token": "unknown_key" })).await;

    for _ in 0..5 {
        let page = olga.sign_in_as(&mut world.browser(), BOSS, account::BOSS).await;
        page.assert_refused(403, "an unknown key");
    }

    assert_eq!(olga.journal("oauth_keys_read").await - known, 1);
}
