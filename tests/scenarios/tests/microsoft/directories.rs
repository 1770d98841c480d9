//! Directories, each with its way to sign in: people of one set to Microsoft accounts sign in there and
//! nowhere else.

use entra_sim::GraphUser;
use identity::User;
use jiff::SignedDuration;
use scenarios::microsoft::{MANAGED, TENANT, account};
use scenarios::scim::entra_user;
use scenarios::{Connector, World};
use serde_json::{Value, json};

const DORA: &str = "00000000-0000-4000-8000-0000000000d0";
const ADDRESS: &str = "dora@contoso.onmicrosoft.com";

async fn operate(world: &World, mut payload: Value) -> Result<Value, Value> {
    payload["domain"] = json!("contoso.test");
    world.operate(payload).await
}

/// The words with which an action is refused.
async fn refusal(world: &World, payload: Value) -> String {
    let before = world.quiet().await;
    let refused = operate(world, payload).await.unwrap_err();
    world.unchanged_since(&before, "it was refused").await;
    refused["errorMessage"].as_str().unwrap_or_else(|| panic!("{refused}")).to_owned()
}

async fn directory(world: &World, name: &str, method: &str) -> String {
    let asked = json!({ "action": "create_directory", "name": name, "method": method });
    operate(world, asked).await.unwrap()["directory_id"].as_str().unwrap().to_owned()
}

async fn set_method(world: &World, id: &str, method: &str) -> Value {
    let action = "set_directory_method";
    let asked = json!({ "action": action, "directory_id": id, "method": method });
    operate(world, asked).await.unwrap()
}

async fn move_user(world: &World, email: &str, id: Option<&str>) -> Result<Value, Value> {
    operate(world, json!({ "action": "move_user", "email": email, "directory_id": id })).await
}

async fn connected(world: &World) -> Connector<'_> {
    let mut olga = world.connector().await;
    olga.connected().await;
    olga
}

/// Somebody of the tenant, whom nobody here knows yet.
fn dora(world: &World, name: &str) {
    let user = GraphUser {
        id: DORA.to_owned(),
        user_principal_name: format!("{name}@{MANAGED}"),
        display_name: "Dora".to_owned(),
        ..GraphUser::default()
    };
    world.microsoft.put_user(user).unwrap();
}

async fn named(world: &World, name: &str) -> User {
    let name = name.parse().unwrap();
    let user = world.store.user_named(world.organization, &name, world.now()).await.unwrap();
    user.unwrap().value
}

#[tokio::test]
async fn an_organization_has_several_directories_each_with_its_method() {
    let world = World::start().await;
    let list = json!({ "action": "list_directories" });
    let own = json!({ "directory_id": null, "name": null, "method": "passkey" });
    assert_eq!(operate(&world, list.clone()).await.unwrap(), json!({ "directories": [own] }));
    let microsoft = json!({ "action": "create_directory", "name": "M", "method": "microsoft" });
    let told = refusal(&world, microsoft).await;
    assert!(told.contains("connect the organization's Entra tenant first"), "{told}");
    let _olga = connected(&world).await;
    let before = world.quiet().await;

    let staff = directory(&world, "Staff", "passkey").await;
    let partners = directory(&world, "Partners", "microsoft").await;
    let changed = set_method(&world, &staff, "microsoft").await;
    assert_eq!((&changed["name"], &changed["method"]), (&json!("Staff"), &json!("microsoft")));
    set_method(&world, &staff, "microsoft").await;

    let listed = operate(&world, list).await.unwrap();
    let ids = listed["directories"].as_array().unwrap();
    let ids = ids.iter().map(|one| one["directory_id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids, [json!(null), json!(staff), json!(partners)]);
    let audited = world.quiet().await.audited_since(&before);
    let word = |action: &str, reason: &str| (action.to_owned(), Some(reason.to_owned()));
    let expected = [
        word("directory_created", "microsoft"),
        word("directory_created", "passkey"),
        word("directory_method_changed", "microsoft"),
    ];
    assert_eq!(audited, expected, "what is so already is not audited");
    let unknown = "0".repeat(32);
    for (asked, expected) in [
        (json!({ "action": "create_directory", "name": " ", "method": "passkey" }), "`name`"),
        (json!({ "action": "create_directory", "name": "STAFF", "method": "passkey" }), "`name`"),
        (json!({ "action": "create_directory", "name": "X", "method": "password" }), "password"),
        (
            json!({ "action": "set_directory_method", "directory_id": unknown, "method": "passkey" }),
            "`directory_id`",
        ),
        (
            json!({ "action": "create_scim_key", "name": "K", "client": "entra", "directory_id": "x" }),
            "`directory_id`",
        ),
        (
            json!({ "action": "move_user", "email": "admin@contoso.test", "directory_id": staff }),
            "administrators stay",
        ),
    ] {
        let told = refusal(&world, asked.clone()).await;
        assert!(told.contains(expected), "{asked}: {told}");
    }
}

#[tokio::test]
async fn a_key_of_a_directory_makes_its_people_who_sign_in_with_microsoft_and_stay_who_they_are() {
    let world = World::start().await;
    let olga = connected(&world).await;
    let partners = directory(&world, "Partners", "microsoft").await;
    let key = world.entra_of(&partners).await;
    let mut resource = entra_user("dora", DORA);
    resource["userName"] = json!(ADDRESS);
    key.create(&resource).await;
    dora(&world, "dora");
    let before = world.quiet().await;
    let mut browser = world.browser();

    let back = olga.return_address(&mut browser, ADDRESS, DORA).await;
    let page = browser.visit(&back).await;

    assert!(page.text.contains("You are signed in as"), "{}", page.text);
    assert!(page.text.contains(ADDRESS), "{}", page.text);
    assert!(!page.text.contains("/oauth/connect/"), "she administers nothing");
    let user = named(&world, ADDRESS).await;
    assert_eq!(user.directory.unwrap().to_string(), partners);
    assert_eq!(user.tenant.unwrap().to_string(), TENANT);
    let first = ("signed_in_with_microsoft".to_owned(), Some("first".to_owned()));
    assert_eq!(world.quiet().await.audited_since(&before), [first]);
    browser.get(&world.connection_path()).await;

    // Renamed there, and not here: tenant and object are who it is.
    dora(&world, "theodora");
    let mut browser = world.browser();
    let back = olga.return_address(&mut browser, "theodora@contoso.onmicrosoft.com", DORA).await;
    let page = browser.visit(&back).await;
    assert!(page.text.contains(ADDRESS), "{}", page.text);
}

#[tokio::test]
async fn at_the_first_sign_in_the_user_name_must_be_the_user_principal_name() {
    let world = World::start().await;
    let olga = connected(&world).await;
    let partners = directory(&world, "Partners", "microsoft").await;
    let key = world.entra_of(&partners).await;
    // Provisioned with the object id and another name.
    let mut resource = entra_user("dora", DORA);
    resource["userName"] = json!("d@contoso.test");
    key.create(&resource).await;
    dora(&world, "dora");
    let before = world.quiet().await;

    let page = olga.sign_in_as(&mut world.browser(), ADDRESS, DORA).await;

    page.assert_refused(403, "another name");
    assert!(page.text.contains("user principal name"), "what to do: {}", page.text);
    let refused = ("sign_in_refused".to_owned(), Some("account_name_differs".to_owned()));
    assert_eq!(world.quiet().await.audited_since(&before), [refused]);
    assert!(named(&world, "d@contoso.test").await.tenant.is_none());
}

#[tokio::test]
async fn whoever_signs_in_with_microsoft_does_not_sign_in_here_until_that_is_taken_back() {
    let world = World::start().await;
    let olga = connected(&world).await;
    let mut ada = world.person("ada").await;
    let staff = directory(&world, "Staff", "passkey").await;
    world.clock.pass(SignedDuration::from_secs(1));
    world.agree();
    move_user(&world, "ada@contoso.test", Some(&staff)).await.unwrap();
    assert!(ada.browser.visit(&world.sso("_moved")).await.answer().is_none(), "it was ended");
    let mut browser = world.browser();
    let page = browser.visit(&world.sso("_in")).await;
    assert!(browser.sign_in(&page, &mut ada.authenticator).await.answer().is_some());
    let link = world.link(&world.contoso(), &ada.user).await;
    set_method(&world, &staff, "microsoft").await;
    let before = world.quiet().await;

    // The session of before, and the passkey.
    let page = browser.visit(&world.sso("_silent")).await;
    page.assert_refused(403, "a session");
    assert!(page.text.contains("You sign in with Microsoft"), "{}", page.text);
    assert!(page.text.contains("in circles"), "and why not from there: {}", page.text);
    let mut other = world.browser();
    let page = other.visit(&world.sso("_passkey")).await;
    other.sign_in(&page, &mut ada.authenticator).await.assert_refused(403, "a passkey");
    // The link of before, another one, the recovery code, and a code.
    let mut other = world.browser();
    other.open_link(&link).await.assert_refused(403, "a link");
    let invite = json!({ "action": "invite", "email": "ada@contoso.test" });
    assert!(refusal(&world, invite).await.contains("signs in with Microsoft"));
    let page = other.begin_enrolment(&world.sso("_recover")).await;
    let page = other.visit(&format!("{}/recover", page.action())).await;
    let typed = [("address", "ada@contoso.test"), ("code", ada.recovery_code.as_str())];
    other.submit(&page, &typed).await.assert_refused(403, "a recovery code");

    let audited = world.quiet().await.audited_since(&before);
    let word = |action: &str| (action.to_owned(), Some("microsoft_account".to_owned()));
    let (refused, enrolment) = (word("sign_in_refused"), word("enrolment_refused"));
    let expected = [enrolment.clone(), enrolment, refused.clone(), refused];
    assert_eq!(audited, expected);

    set_method(&world, &staff, "passkey").await;
    let mut browser = world.browser();
    let page = browser.visit(&world.sso("_again")).await;
    assert!(browser.sign_in(&page, &mut ada.authenticator).await.answer().is_some());
    // And she does not sign in with Microsoft any more.
    let page = olga.sign_in_as(&mut world.browser(), ADDRESS, account::MEMBER).await;
    page.assert_refused(403, "a directory of passkeys");
}

#[tokio::test]
async fn no_code_is_sent_to_somebody_who_signs_in_with_microsoft() {
    let world = World::start().await;
    let _olga = connected(&world).await;
    let grace = world.user("grace").await;
    let partners = directory(&world, "Partners", "microsoft").await;
    move_user(&world, "grace@contoso.test", Some(&partners)).await.unwrap();
    let before = world.quiet().await;
    let mut browser = world.browser();

    let page = browser.begin_enrolment(&world.sso("_code")).await;
    let page = browser.submit(&page, &[("address", "grace@contoso.test")]).await;

    assert!(page.text.contains("name=\"code\""), "as for anybody: {}", page.text);
    assert_eq!(world.refusals_since(&before).await, ["microsoft_account"]);
    assert!(world.mails(grace.personal_email.unwrap().as_str()).is_empty());
}

#[tokio::test]
async fn a_session_ends_when_the_directory_changes_its_method() {
    let world = World::start().await;
    let olga = connected(&world).await;
    let partners = directory(&world, "Partners", "microsoft").await;
    dora(&world, "dora");
    world.user_with("dora", |user| user.user_name = ADDRESS.parse().unwrap()).await;
    move_user(&world, ADDRESS, Some(&partners)).await.unwrap();
    let mut browser = world.browser();
    let back = olga.return_address(&mut browser, ADDRESS, DORA).await;
    let page = browser.visit(&back).await;
    assert!(page.text.contains("You are signed in as"), "{}", page.text);

    set_method(&world, &partners, "passkey").await;

    let page = browser.visit(&world.microsoft_path()).await;
    assert!(!page.text.contains("You are signed in as"), "{}", page.text);
}
