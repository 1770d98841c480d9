//! Consent, sign-in, token, tenant: resumed where it stops, ended, and begun again.

use jiff::SignedDuration;
use scenarios::World;
use scenarios::microsoft::{TENANT, account, stands};
use scenarios::saml::between;
use scenarios::world::{READER, WRITER};
use serde_json::json;
use store::{Feature, Stage};

use crate::reading::pass_a_round;

#[tokio::test]
async fn an_administrator_connects_the_tenant_and_the_page_says_who_when_and_what() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    assert!(stands(&olga.page().await).starts_with("Your organization is not connected"));

    let page = olga.connect("read-users", account::BOSS).await;

    assert_eq!(stands(&page), "Connected.");
    for shown in ["Contoso", TENANT, "contoso.onmicrosoft.com", "boss@contoso.onmicrosoft.com"] {
        assert!(page.text.contains(shown), "{shown}: {}", page.text);
    }
    assert!(page.text.contains("<code>User.Read.All</code> <span class=\"badge good\">granted"));
    let stored = world.store.connection(world.organization, world.now()).await.unwrap().unwrap();
    let connection = stored.value;
    assert_eq!(
        (connection.tenant.to_string().as_str(), connection.stage),
        (TENANT, Stage::Connected)
    );
    let authorised = connection.authorised.unwrap();
    assert_eq!(authorised.object_id.to_string(), account::BOSS);
    assert_eq!(authorised.at, world.now());
    assert!(connection.granted[&Feature::ReadUsers].contains("User.Read.All"));
    let owner = world.store.tenant_owner(connection.tenant, world.now()).await.unwrap();
    assert_eq!(owner, Some(world.organization));
    world.records().await.check_invariants();
}

#[tokio::test]
async fn whose_own_domain_is_federated_to_us_is_told_what_will_happen() {
    let world = World::start().await;
    let mut olga = world.connector().await;

    let page = olga.page().await;

    let told = between(&page.text, "id=\"circular\">", "<").unwrap();
    assert!(told.contains("Your own address is in contoso.test"), "{told}");
    assert!(told.contains("onmicrosoft.com"), "{told}");
}

#[tokio::test]
async fn each_feature_is_a_consent_of_its_own() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let before = olga.page().await;
    assert!(!before.text.contains("/start/write-users/"), "writing builds on reading");

    olga.connect("read-users", account::BOSS).await;
    let page = olga.page().await;
    assert!(
        page.text.contains("<code>User.ReadWrite.All</code> <span class=\"badge\">not granted")
    );
    let page = olga.connect("write-users", account::BOSS).await;

    assert_eq!(stands(&page), "Connected.");
    assert!(
        page.text.contains("<code>User.ReadWrite.All</code> <span class=\"badge good\">granted")
    );
}

#[tokio::test]
async fn a_consent_that_is_not_known_everywhere_yet_is_waited_for_in_sight() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.simulate("replication", &json!({ "seconds": 60 })).await;

    let page = olga.connect("read-users", account::BOSS).await;

    assert!(stands(&page).starts_with("Authorised."), "{}", stands(&page));
    let again = page.headers["refresh"].to_str().unwrap().to_owned();
    let (seconds, url) = again.split_once(";url=").unwrap();
    assert_eq!((seconds, url), ("5", &*format!("{}/continue", world.connection_path())));
    let early = olga.person.browser.visit(url).await;
    assert!(stands(&early).starts_with("Authorised."));
    // Microsoft's clock has gone on meanwhile, ours has not.
    world.clock.pass(SignedDuration::from_mins(5));
    world.agree();
    let late = olga.person.browser.visit(url).await;
    assert_eq!(stands(&late), "Connected.");
    let watches = late.headers.get("refresh").is_none_or(|again| again == "5");
    assert!(watches, "from now on it is watched how everybody is read, if they are not yet");
}

#[tokio::test]
async fn a_consent_that_does_not_come_is_asked_for_less_often_and_the_page_says_what_to_check() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.simulate("replication", &json!({ "seconds": 86_400 })).await;
    olga.connect("read-users", account::BOSS).await;

    for (minutes, seconds, is_overdue) in [(0, "5", false), (2, "30", false), (13, "300", true)] {
        world.clock.pass(SignedDuration::from_mins(minutes));
        world.agree();
        let page = olga.page().await;
        assert!(stands(&page).starts_with("Authorised."), "{}", stands(&page));
        let again = format!("{seconds};url={}/continue", world.connection_path());
        assert_eq!(page.headers["refresh"].to_str().unwrap(), again);
        assert_eq!(page.text.contains("id=\"overdue\""), is_overdue, "{again}");
    }
}

#[tokio::test]
async fn without_the_claim_the_connection_waits_and_says_how_to_turn_it_on() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.register(|application| application.directory_role_claims = false).await;

    let page = olga.connect("read-users", account::BOSS).await;

    assert!(stands(&page).contains("choose Directory roles"), "{}", stands(&page));
    let stored = world.store.connection(world.organization, world.now()).await.unwrap().unwrap();
    assert_eq!(stored.value.stage, Stage::AwaitingRole);
    let owner = world.store.tenant_owner(stored.value.tenant, world.now()).await.unwrap();
    assert_eq!(owner, None, "nobody holds the tenant by membership");
    olga.register(|_| ()).await;
    let page = olga.connect("read-users", account::BOSS).await;
    assert_eq!(stands(&page), "Connected.");
}

#[tokio::test]
async fn a_consent_that_is_taken_back_is_seen_and_nobody_loses_anything() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    olga.revoke(READER).await;

    let page = olga.press("check").await;

    assert!(stands(&page).starts_with("The consent was taken back"), "{}", stands(&page));
    let user = olga.person.user.id;
    let stored = world.store.user(world.organization, user, world.now()).await.unwrap().unwrap();
    assert!(stored.value.blocks.is_empty());
    let page = olga.connect("read-users", account::BOSS).await;
    assert_eq!(stands(&page), "Connected.");
}

#[tokio::test]
async fn without_reading_it_does_not_work_whatever_else_is_granted() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    olga.connect("write-users", account::BOSS).await;
    olga.revoke(READER).await;

    for _ in 0..2 {
        let page = olga.press("check").await;

        assert!(stands(&page).starts_with("The consent was taken back"), "{}", stands(&page));
        assert!(page.headers.get("refresh").is_none(), "nobody waits for what is gone");
    }

    // Given back in Entra, and seen without walking the way once more.
    world.clock.pass(SignedDuration::from_mins(5));
    world.agree();
    let grant = json!({ "roles": ["User.Read.All"] });
    olga.simulate(&format!("consents/{TENANT}/{READER}"), &grant).await;
    let page = olga.press("check").await;
    assert_eq!(stands(&page), "Connected.");
    world.quiet().await;

    olga.revoke(WRITER).await;
    olga.press("check").await;
    let grant = json!({ "roles": ["User.ReadWrite.All"] });
    olga.simulate(&format!("consents/{TENANT}/{WRITER}"), &grant).await;
    olga.press("check").await;
    let stored = world.store.connection(world.organization, world.now()).await.unwrap().unwrap();
    assert!(stored.value.granted.contains_key(&Feature::WriteUsers), "{:?}", stored.value);
    assert!(stored.value.lost.is_empty(), "{:?}", stored.value);
}

#[tokio::test]
async fn a_check_forgets_no_consent_that_is_waited_for() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    world.clock.pass(SignedDuration::from_mins(5));
    world.agree();
    olga.simulate("replication", &json!({ "seconds": 120 })).await;
    let page = olga.connect("write-users", account::BOSS).await;
    assert!(page.headers.get("refresh").is_some(), "it is waited for");

    let page = olga.press("check").await;

    assert!(page.headers.get("refresh").is_some(), "still");
    world.clock.pass(SignedDuration::from_mins(3));
    world.agree();
    olga.press("check").await;
    let stored = world.store.connection(world.organization, world.now()).await.unwrap().unwrap();
    assert!(stored.value.granted.contains_key(&Feature::WriteUsers), "{:?}", stored.value);
}

#[tokio::test]
async fn a_right_to_write_that_is_taken_back_is_shown_and_reading_goes_on() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    olga.connect("write-users", account::BOSS).await;
    olga.revoke(WRITER).await;

    let page = olga.press("check").await;

    assert_eq!(stands(&page), "Connected.");
    assert!(
        page.text.contains("<code>User.ReadWrite.All</code> <span class=\"badge\">not granted")
    );
    assert!(page.headers.get("refresh").is_none(), "nobody waits for what is gone");
}

#[tokio::test]
async fn disconnected_lets_the_tenant_go_and_connects_again() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;

    let page = olga.press("disconnect").await;

    assert!(stands(&page).starts_with("Disconnected."), "{}", stands(&page));
    let tenant = TENANT.parse().unwrap();
    assert_eq!(world.store.tenant_owner(tenant, world.now()).await.unwrap(), None);
    world.records().await.check_invariants();
    let page = olga.connect("read-users", account::BOSS).await;
    assert_eq!(stands(&page), "Connected.");
}

#[tokio::test]
async fn keys_that_rotate_at_microsoft_are_asked_for_and_believed() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    let url = format!("{}/_sim/oauth/keys/rotate", world.microsoft.url());
    reqwest::Client::new().post(url).send().await.unwrap();
    world.clock.pass(SignedDuration::from_secs(31));
    world.agree();

    let page = olga.connect("write-users", account::BOSS).await;

    assert_eq!(stands(&page), "Connected.");
    assert_eq!(olga.journal("oauth_keys_read").await, 2);
}

#[tokio::test]
async fn no_token_and_no_code_is_ever_stored() {
    let world = World::start().await;
    let mut olga = world.connector().await;

    olga.connect("read-users", account::BOSS).await;

    for call in world.oauth.seen() {
        let body = call.body.to_string();
        // A JWT begins with the base64url of `{"`.
        assert!(!body.contains("\"eyJ"), "{}: {body}", call.target);
        assert!(!body.contains("\"0."), "{}: {body}", call.target);
    }
}

/// Tokens are in memory alone, for an hour: the next connection does not find the last one's.
#[tokio::test]
async fn whoever_lets_the_tenant_go_lets_its_tokens_go() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let mut asked = Vec::new();
    for _ in 0..2 {
        let before = olga.journal("oauth_token_asked").await;
        olga.connected().await;
        world.agree();
        pass_a_round(&world).await;
        world.quiet().await;
        asked.push(olga.journal("oauth_token_asked").await - before);
        world.clock.pass(SignedDuration::from_secs(1));
        olga.press("disconnect").await;
        world.quiet().await;
    }
    assert_eq!(asked[0], asked[1]);
}
