//! From the first request about somebody to the last.

use jiff::SignedDuration;
use scenarios::scim::entra_user;
use scenarios::{Authenticator, Browser, Page, World};
use serde_json::json;

use crate::{OWN, path, with_entra};

const OBJECT: &str = "6b0f1b2c-3d4e-4f60-8172-63544536271a";

/// Enrols somebody by the code that their personal address gets, and ends on the page that signs
/// them in.
async fn enrol_by_code(world: &World, name: &str) -> (Browser, Authenticator, Page) {
    let mut browser = world.browser();
    let mut authenticator = Authenticator::default();
    let page = browser.begin_enrolment(&world.sso(&format!("_first-{name}"))).await;
    let address = format!("{name}@contoso.test");
    let page = browser.submit(&page, &[("address", &address)]).await;
    let code = world.code(&format!("{name}@personal.test")).await;
    let page = browser.submit(&page, &[("code", &code)]).await;
    let page = browser.register(&page, &mut authenticator).await;
    assert!(page.recovery_code().is_some(), "{}", page.text);
    (browser, authenticator, page)
}

#[tokio::test]
async fn somebody_provisioned_enrols_signs_in_is_disabled_at_once_and_comes_back() {
    let (world, entra) = with_entra().await;
    let ada = entra.create(&entra_user("ada", OBJECT)).await;
    let (mut browser, mut authenticator, _) = enrol_by_code(&world, "ada").await;
    let answer = browser.visit(&world.sso("_silent")).await;
    assert!(answer.answer().is_some(), "{}", answer.text);

    let operations = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    let disabled = entra.patch(&path(&ada), operations).await.expect(200);

    assert_eq!(disabled["active"], false);
    // The session is over, and the passkey opens nothing.
    let page = browser.visit(&world.sso("_session")).await;
    assert!(page.answer().is_none());
    let mut elsewhere = world.browser();
    let page = elsewhere.visit(&world.sso("_passkey")).await;
    let page = elsewhere.sign_in(&page, &mut authenticator).await;
    page.assert_refused(403, "disabled by provisioning");

    let operations = json!([{ "op": "replace", "value": { "active": true } }]);
    let enabled = entra.patch(&path(&ada), operations).await.expect(200);
    assert_eq!(enabled["active"], true);
    world.clock.pass(SignedDuration::from_secs(1));
    let page = elsewhere.visit(&world.sso("_back")).await;
    let page = elsewhere.sign_in(&page, &mut authenticator).await;
    assert!(page.answer().is_some(), "{}", page.text);

    entra.delete(&path(&ada)).await.expect(204);
    let page = elsewhere.visit(&world.sso("_deleted")).await;
    assert!(page.answer().is_none(), "a session of somebody deleted");
    let mut last = world.browser();
    let page = last.visit(&world.sso("_gone")).await;
    let page = last.sign_in(&page, &mut authenticator).await;
    assert!(page.answer().is_none(), "a passkey of somebody deleted: {}", page.text);
    // What counted codes ends by itself.
    let records = world.quiet().await.without(&["#LIMIT#"]);
    assert_eq!(records.count(ada["id"].as_str().unwrap()), 0, "something is left behind");
    entra.get(&path(&ada)).await.assert_error(404, None, "deleted");
    entra.delete(&path(&ada)).await.assert_error(404, None, "deleted twice");
    // Everything of theirs is free again.
    entra.create(&entra_user("ada", OBJECT)).await;
    world.records().await.check_invariants();
}

#[tokio::test]
async fn what_was_sent_is_kept_shown_and_found() {
    let (_world, entra) = with_entra().await;
    let made = entra.post("/Users", &entra_user("ada", OBJECT)).await;

    assert_eq!(made.status, 201);
    let location = made.header("location").unwrap().to_owned();
    let version = made.header("etag").unwrap().to_owned();
    let ada = made.body;
    assert_eq!(ada["meta"]["location"], location);
    assert_eq!(location, format!("{}{}", entra.tenant_url, path(&ada)));
    assert_eq!(ada["meta"]["version"], version);
    assert_eq!(ada["meta"]["resourceType"], "User");
    assert_eq!(ada["userName"], "ada@contoso.test");
    assert_eq!(ada["externalId"], OBJECT);
    assert_eq!(ada["active"], true);
    assert_eq!(ada["name"]["familyName"], "ada");
    assert_eq!(ada[OWN]["immutableId"], "anchor-of-ada");
    assert_eq!(ada[OWN]["objectId"], OBJECT);
    assert_eq!(ada[OWN]["personalEmail"], "ada@personal.test");
    assert!(ada.get("title").is_none(), "null is absent");

    let read = entra.get(&path(&ada)).await;
    assert_eq!(read.header("etag"), Some(version.as_str()));
    assert_eq!(read.expect(200), ada);
    let filters = [
        "userName eq \"ADA@contoso.test\"",
        "externalId eq \"6b0f1b2c-3d4e-4f60-8172-63544536271a\"",
        "emails[type eq \"work\"].value eq \"Ada@Contoso.test\"",
        "emails.value eq \"ada@contoso.test\"",
        "displayName sw \"the\"",
        "name.familyName eq \"Ada\" and active eq true",
    ];
    for filter in filters {
        let found = entra.filter("/Users", filter).await.expect(200);
        assert_eq!(found["totalResults"], 1, "{filter}");
        assert_eq!(found["Resources"][0], ada, "{filter}");
    }
    for filter in ["userName eq \"7b5d\"", "externalId eq jyoung", "title pr"] {
        let found = entra.filter("/Users", filter).await.expect(200);
        let expected = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": [],
        });
        assert_eq!(found, expected, "{filter}");
    }
}

#[tokio::test]
async fn a_change_in_either_dialect_changes_the_same() {
    let (world, entra) = with_entra().await;
    let manager = entra.create(&entra_user("grace", &OBJECT.replace('6', "7"))).await;
    let manager = manager["id"].as_str().unwrap();
    let old = json!([
        { "op": "Replace", "path": "displayName", "value": "Ada L." },
        { "op": "Add", "path": "name.givenName", "value": "Ada" },
        { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "new@contoso.test" },
        { "op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+49 1" },
        { "op": "Add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "value": manager },
        { "op": "Remove", "path": "title" },
        { "op": "Replace", "path": "userName", "value": "NAME@contoso.test" },
    ]);
    let new = json!([
        { "op": "replace", "value": {
            "displayName": "Ada L.",
            "name.givenName": "Ada",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager": manager,
            "userName": "NAME@contoso.test",
        } },
        { "op": "replace", "path": "emails[type eq \"work\"].value", "value": "new@contoso.test" },
        { "op": "add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+49 1" },
        { "op": "remove", "path": "title" },
    ]);
    let mut ends = Vec::new();
    for (number, operations) in [old, new].into_iter().enumerate() {
        let name = format!("user-{number}");
        let mut operations = operations.to_string();
        operations = operations.replace("NAME", &format!("renamed-{number}"));
        let made = entra_user(&name, &OBJECT.replace("1a", &format!("2{number}")));
        let made = entra.create(&made).await;

        let flag = if number == 0 { "" } else { "?aadOptscim062020" };
        let path = format!("{}{flag}", path(&made));
        let operations = serde_json::from_str(&operations).unwrap();
        let changed = entra.patch(&path, operations).await.expect(200);

        assert_ne!(changed["meta"]["version"], made["meta"]["version"]);
        assert_eq!(changed["userName"], format!("renamed-{number}@contoso.test"));
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        assert_eq!(changed[enterprise]["manager"]["value"], manager);
        let reference = format!("{}/Users/{manager}", entra.tenant_url);
        assert_eq!(changed[enterprise]["manager"]["$ref"], reference);
        ends.push(["displayName", "name", "emails", "phoneNumbers"].map(|it| changed[it].clone()));
        let lookup =
            format!("id eq \"{}\" and manager eq \"{manager}\"", changed["id"].as_str().unwrap());
        let found = entra.filter("/Users?attributes=id", &lookup).await.expect(200);
        assert_eq!(found["totalResults"], 1, "{lookup}");
        let names = found["Resources"][0].as_object().unwrap();
        assert_eq!(names.keys().collect::<Vec<_>>(), ["id", "schemas"]);
        // The name that was is free, and nobody is found by it.
        let gone = entra.filter("/Users", &format!("userName eq \"{name}@contoso.test\"")).await;
        assert_eq!(gone.expect(200)["totalResults"], 0);
    }
    let mut comparable = ends.remove(0);
    comparable[1]["familyName"] = json!("user-1");
    comparable[1]["formatted"] = json!("The user-1");
    assert_eq!(comparable, ends[0]);
    let audit = world.records().await.audit();
    let changes = audit.iter().filter(|entry| entry["action"] == "user_changed");
    for entry in changes {
        assert_eq!(entry["actor"], json!({ "client": entra.key_id }));
        let names = entry["attributes"].as_array().unwrap();
        assert!(names.contains(&json!("userName")) && names.contains(&json!("emails")), "{entry}");
        assert!(!entry.to_string().contains("contoso.test"), "the audit holds no values: {entry}");
    }
}
