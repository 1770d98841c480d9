//! An administrator signs in to the connection's page with an account of the connected tenant.

use identity::{Method, User};
use jiff::SignedDuration;
use scenarios::microsoft::{MANAGED, TENANT, account, stands};
use scenarios::saml::between;
use scenarios::world::READER;
use scenarios::{Connector, Page, World};

const BOSS: &str = "boss@contoso.onmicrosoft.com";

async fn stored(world: &World, user: &User) -> User {
    world.store.user(world.organization, user.id, world.now()).await.unwrap().unwrap().value
}

/// A world whose tenant is connected.
async fn connected(world: &World) -> Connector<'_> {
    let mut olga = world.connector().await;
    olga.connected().await;
    olga
}

fn circular(page: &Page) -> Option<&str> {
    between(&page.text, "id=\"circular\" role=\"alert\">", "<")
}

#[tokio::test]
async fn an_administrator_without_a_passkey_signs_in_with_microsoft_and_sees_the_connection() {
    let world = World::start().await;
    let boss = world.named_boss().await;
    let olga = connected(&world).await;
    let before = world.quiet().await;
    let mut browser = world.browser();

    let page = browser.visit(&world.connection_path()).await;
    assert!(page.text.contains("Sign in with Microsoft"), "it leads there: {}", page.text);
    let back = olga.return_address(&mut browser, BOSS, account::BOSS).await;
    let page = browser.visit(&back).await;

    assert_eq!(stands(&page), "Connected.");
    let boss = stored(&world, &boss).await;
    assert_eq!(boss.tenant.unwrap().to_string(), TENANT);
    assert_eq!(boss.object_id.unwrap().to_string(), account::BOSS);
    let records = world.quiet().await;
    let audited = records.audited_since(&before);
    assert_eq!(audited, [("signed_in_with_microsoft".to_owned(), Some("first".to_owned()))]);
    assert_eq!(records.count("#JOURNEY#"), 0, "the journey is over");
    assert!(browser.cookie("m-").is_none(), "and so is the browser's half");
}

#[tokio::test]
async fn from_the_second_time_on_it_is_tenant_and_object_whatever_they_are_called() {
    let world = World::start().await;
    let boss = world.named_boss().await;
    let olga = connected(&world).await;
    let mut browser = world.browser();
    olga.sign_in_as(&mut browser, BOSS, account::BOSS).await;
    world.amend(&boss, |boss| boss.display_name = "The same".to_owned()).await;
    let mut renamed = world.microsoft.users();
    renamed.retain(|user| user.id == account::BOSS);
    let mut renamed = renamed.remove(0);
    renamed.user_principal_name = format!("chair@{MANAGED}");
    world.microsoft.put_user(renamed).unwrap();
    let before = world.quiet().await;

    let mut browser = world.browser();
    let back = olga.return_address(&mut browser, "chair@contoso.onmicrosoft.com", account::BOSS);
    let back = back.await;
    let page = browser.visit(&back).await;

    assert_eq!(stands(&page), "Connected.");
    let audited = world.quiet().await.audited_since(&before);
    assert_eq!(audited, [("signed_in_with_microsoft".to_owned(), None)]);
}

#[tokio::test]
async fn the_address_of_a_domain_that_is_federated_to_us_would_lead_in_circles_and_is_told_so() {
    let world = World::start().await;
    let olga = connected(&world).await;
    let before = world.quiet().await;

    for address in ["admin@contoso.test", "Ada@CORP.contoso.test", "nobody@contoso.test"] {
        let mut browser = world.browser();
        let page = olga.type_address(&mut browser, address).await;

        let told = circular(&page).unwrap_or_else(|| panic!("{address}: {}", page.text));
        assert!(told.contains("contoso.test") && told.contains("circles"), "{told}");
        assert!(!page.text.contains("id=\"microsoft\""), "{address}: nobody is sent there");
        assert!(!page.text.contains("/authorize"), "{address}");
    }
    world.unchanged_since(&before, "nobody left").await;
    // Of a domain that Microsoft signs in itself nothing of the kind is said.
    let page = olga.type_address(&mut world.browser(), BOSS).await;
    assert!(circular(&page).is_none(), "{}", page.text);
}

#[tokio::test]
async fn whoever_microsoft_sends_back_to_us_all_the_same_is_told_why() {
    let world = World::start().await;
    let olga = connected(&world).await;
    let mut browser = world.browser();
    olga.leave(&mut browser, BOSS).await;

    // They chose an account of ours there.
    let page = browser.visit(&world.sso("_back")).await;
    let other = world.browser().visit(&world.sso("_other")).await;

    assert!(page.notice().unwrap().contains("sent you here"), "{}", page.text);
    assert_eq!(other.notice(), None);
}

#[tokio::test]
async fn it_is_offered_only_where_the_tenant_is_connected() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let path = world.microsoft_path();
    let nowhere = format!("/oauth/sign-in/{}", "0".repeat(32));
    for path in [&path, &nowhere, &"/oauth/sign-in/x".to_owned()] {
        world.browser().get(path).await.assert_refused(404, path);
    }
    world.browser().get(&world.connection_path()).await.assert_refused(403, "no way to sign in");
    olga.connected().await;
    let page = world.browser().visit(&path).await;
    assert!(page.text.contains("name=\"address\""), "{}", page.text);
    page.assert_guarded("the page");

    olga.press("disconnect").await;

    world.browser().get(&path).await.assert_refused(404, "disconnected");
    world.browser().get(&world.connection_path()).await.assert_refused(403, "disconnected");
}

#[tokio::test]
async fn a_session_that_microsoft_began_answers_no_relying_party() {
    let world = World::start().await;
    let boss = world.named_boss().await;
    let olga = connected(&world).await;
    let mut browser = world.browser();
    olga.sign_in_as(&mut browser, BOSS, account::BOSS).await;
    // Even for somebody whom an assertion could be about.
    let name = "boss@contoso.test".parse().unwrap();
    world.amend(&boss, |boss| boss.user_name = name).await;

    let page = browser.visit(&world.sso("_silent")).await;

    assert!(page.answer().is_none(), "it answered");
    assert!(page.text.contains("data-options"), "it asks for a passkey: {}", page.text);
    assert_eq!(stands(&browser.visit(&world.connection_path()).await), "Connected.");
}

#[tokio::test]
async fn the_session_ends_with_its_time_and_with_a_block() {
    let world = World::start().await;
    let boss = world.named_boss().await;
    let olga = connected(&world).await;
    let mut browser = world.browser();
    olga.sign_in_as(&mut browser, BOSS, account::BOSS).await;
    let session = world.records().await;
    let session = session.values("#USER#").into_iter().find(|it| it["by"] == "microsoft");
    assert_eq!(session.unwrap()["by"], Method::Microsoft.word());

    world.block(&boss).await;
    let page = browser.get(&world.connection_path()).await;
    assert_eq!(page.location(), Some(world.microsoft_path()), "they may try");
    world.unblock(&boss).await;
    olga.sign_in_as(&mut browser, BOSS, account::BOSS).await;
    assert_eq!(stands(&browser.visit(&world.connection_path()).await), "Connected.");
    world.clock.pass(SignedDuration::from_hours(8));
    world.agree();

    let page = browser.get(&world.connection_path()).await;
    assert_eq!(page.location(), Some(world.microsoft_path()));
}

#[tokio::test]
async fn a_session_that_microsoft_began_outlives_a_lost_consent_and_not_the_tenant() {
    let world = World::start().await;
    world.named_boss().await;
    let mut olga = connected(&world).await;
    let mut browser = world.browser();
    olga.revoke(READER).await;
    assert!(stands(&olga.press("check").await).starts_with("The consent was taken back"));
    // That nobody can be read locks nobody out.
    olga.sign_in_as(&mut browser, BOSS, account::BOSS).await;
    let page = browser.visit(&world.connection_path()).await;
    assert!(stands(&page).starts_with("The consent was taken back"));

    olga.press("disconnect").await;
    let page = browser.visit(&world.connection_path()).await;
    assert!(!page.text.contains("id=\"state\""), "{}", page.text);
}

#[tokio::test]
async fn the_page_is_in_the_language_of_the_browser() {
    let world = World::start().await;
    let olga = connected(&world).await;
    for (language, title) in
        [("de", "Mit Microsoft anmelden"), ("fr", "avec Microsoft"), ("es", "con Microsoft")]
    {
        let mut browser = world.browser();
        browser.language = language;
        let page = olga.type_address(&mut browser, BOSS).await;
        assert!(page.text.contains(title), "{language}: {}", page.text);
    }
}
