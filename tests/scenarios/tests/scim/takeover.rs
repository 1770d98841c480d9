//! Nobody gets what is somebody else's: names, anchors, addresses, passkeys.

use ambient::SystemEntropy;
use identity::{AttributeValue, Attributes, Block, OutboxId, User};
use jiff::SignedDuration;
use scenarios::World;
use scenarios::scim::entra_user;
use serde_json::{Value, json};
use store::{Action, Actor, AuditEntry};

use crate::{OWN, object, path, with_entra};

const ENTERPRISE_URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Reasons of the audit's entries of one action.
async fn reasons(world: &World, action: &str) -> Vec<String> {
    let audit = world.records().await.audit();
    let entries = audit.iter().filter(|entry| entry["action"] == action);
    let mut reasons =
        entries.map(|entry| entry["reason"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    reasons.sort();
    reasons
}

/// Entries of what was refused.
async fn refused(world: &World) -> Vec<Value> {
    let audit = world.records().await.audit();
    audit.into_iter().filter(|entry| entry["action"] == "provisioning_refused").collect()
}

/// Those of what was refused to be made of one user.
async fn refused_of(world: &World, user: &Value) -> Vec<Value> {
    let of_user = |entry: &Value| entry["resource"]["user"] == user["id"];
    refused(world).await.into_iter().filter(of_user).collect()
}

#[tokio::test]
async fn a_taken_name_is_a_conflict_and_the_clients_own_query_links_it() {
    let (world, entra) = with_entra().await;
    let ada = entra.create(&entra_user("ada", &object(1))).await;
    let with = |change: Value| {
        let mut user = entra_user("grace", &object(2));
        for (name, value) in change.as_object().unwrap() {
            user[name] = value.clone();
        }
        user
    };
    let cases = [
        ("userName", with(json!({ "userName": "ADA@contoso.test" })), "user_name_taken"),
        ("externalId", with(json!({ "externalId": object(1) })), "object_id_taken"),
        ("immutableId", with(json!({ OWN: { "immutableId": "anchor-of-ada" } })), "anchor_taken"),
    ];
    let before = world.quiet().await;
    for (what, user, _) in &cases {
        let refused = entra.post("/Users", user).await;
        refused.assert_error(409, Some("uniqueness"), what);
        assert!(refused.body["detail"].as_str().unwrap().contains("taken"), "{what}");
    }
    world.unchanged_since(&before, "a conflict").await;
    let mut expected = cases.each_ref().map(|(_, _, reason)| (*reason).to_owned());
    expected.sort();
    assert_eq!(reasons(&world, "provisioning_refused").await, expected);
    let told = refused(&world).await;
    assert!(told.iter().all(|entry| entry["subject"] == ada["id"]), "whose it is: {told:?}");
    assert!(told.iter().all(|entry| entry.get("resource").is_none()), "nobody was there: {told:?}");

    let found = entra.filter("/Users", "userName eq \"ADA@contoso.test\"").await.expect(200);
    assert_eq!(found["Resources"][0]["id"], ada["id"]);
    // The administrator whom the bootstrap made is found and linked like anybody.
    let admin = entra.filter("/Users", "userName eq \"admin@contoso.test\"").await.expect(200);
    let admin = &admin["Resources"][0];
    assert_eq!(admin["active"], true);
    let link = json!([
        { "op": "Add", "path": "externalId", "value": object(9) },
        { "op": "Replace", "path": "displayName", "value": "The Administrator" },
    ]);
    let linked = entra.patch(&path(admin), link).await.expect(200);
    assert_eq!(linked["externalId"], object(9));
    assert_eq!(linked[OWN]["objectId"], object(9));
    assert_eq!(linked[OWN]["immutableId"], admin[OWN]["immutableId"]);
    // A rename into a taken name, too.
    let rename = json!([{ "op": "replace", "path": "userName", "value": "ada@Contoso.test" }]);
    let refused = entra.patch(&path(admin), rename).await;
    refused.assert_error(409, Some("uniqueness"), "rename");
    let put = json!({ "userName": "admin@contoso.test", "externalId": object(1) });
    let refused = entra.put(&path(admin), &put).await;
    refused.assert_error(400, Some("mutability"), "her object");
    let bulk = json!({ "Operations": [{ "method": "PUT", "path": path(admin), "data": { "userName": "ada@contoso.test" } }] });
    let refused = entra.post("/Bulk", &bulk).await.expect(200);
    assert_eq!(refused["Operations"][0]["status"], "409", "{refused}");
    let told = refused_of(&world, admin).await;
    let told = told.iter().map(|entry| (entry["reason"].as_str().unwrap(), &entry["subject"]));
    let mut told = told.collect::<Vec<_>>();
    told.sort_by_key(|(reason, _)| *reason);
    let expected = [
        ("object_id_differs", &admin["id"]),
        ("user_name_taken", &ada["id"]),
        ("user_name_taken", &ada["id"]),
    ];
    assert_eq!(told, expected, "who wanted it, and whose it is");
    let respelt = json!([{ "op": "replace", "path": "userName", "value": "ADA@contoso.test" }]);
    let respelt = entra.patch(&path(&ada), respelt).await.expect(200);
    assert_eq!(respelt["userName"], "ADA@contoso.test", "one's own name in another spelling");
}

#[tokio::test]
async fn what_the_directory_says_of_somebody_is_the_clients_from_its_first_change_on() {
    let (world, entra) = with_entra().await;
    let line = |text: &str| text.parse::<AttributeValue>().ok();
    let ada = world.user("ada").await;
    let said = Attributes {
        given_name: line("Ada"),
        surname: line("Lovelace"),
        mail: "ada.lovelace@contoso.test".parse().ok(),
        mobile_phone: line("+44 20 1"),
        department: line("Research"),
        country: line("GB"),
    };
    let (org, now) = (world.organization, world.now());
    let stored = world.store.user(org, ada.id, now).await.unwrap().unwrap();
    let told = User { attributes: said, ..stored.value.clone() };
    let id = OutboxId::mint(&SystemEntropy);
    let audit = AuditEntry::new(id, now, Actor::System, Action::UserChanged);
    world.store.change_directory_user(org, &stored, &told, &audit).await.unwrap();
    let found = async |filter: &str| {
        let found = entra.filter("/Users", filter).await.expect(200);
        found["totalResults"].as_u64().unwrap()
    };
    let department = format!("{ENTERPRISE_URN}:department eq \"research\"");

    let user = entra.get(&format!("/Users/{}", ada.id)).await.expect(200);
    assert_eq!(user["name"], json!({ "givenName": "Ada", "familyName": "Lovelace" }));
    assert_eq!(user[ENTERPRISE_URN], json!({ "department": "Research" }));
    assert_eq!(user["addresses"], json!([{ "type": "work", "country": "GB" }]));
    assert_eq!(user["phoneNumbers"], json!([{ "type": "mobile", "value": "+44 20 1" }]));
    assert_eq!(user.get("emails"), None, "by which nobody would be found");
    let by_mail = "emails.value eq \"ada.lovelace@contoso.test\"";
    assert_eq!((found(&department).await, found(by_mail).await), (1, 0));

    let title = json!([{ "op": "Add", "path": "title", "value": "Countess" }]);
    let taken = entra.patch(&path(&user), title).await.expect(200);

    for kept in ["name", ENTERPRISE_URN, "addresses", "phoneNumbers"] {
        assert_eq!(taken[kept], user[kept], "{kept}");
    }
    assert_eq!(taken["emails"][0]["value"], "ada.lovelace@contoso.test");
    assert_eq!((found(&department).await, found(by_mail).await), (1, 1));
    let stored = world.store.user(org, ada.id, now).await.unwrap().unwrap();
    assert_eq!(stored.value.attributes, Attributes::default(), "it stands in one place");
    let moved = format!("{ENTERPRISE_URN}:department");
    let moved = json!([{ "op": "Replace", "path": moved, "value": "Sales" }]);
    entra.patch(&path(&user), moved).await.expect(200);
    assert_eq!(found(&department).await, 0);
    world.quiet().await;
}

#[tokio::test]
async fn a_reused_address_inherits_no_leavers_passkey() {
    let (world, entra) = with_entra().await;
    let leaver = world.person("ada").await;
    let stored = format!("/Users/{}", leaver.user.id);
    let link = json!([{ "op": "Add", "path": "externalId", "value": object(1) }]);
    entra.patch(&stored, link).await.expect(200);
    let before = world.quiet().await;

    // Another object in Entra got the address, and Entra matches by it.
    for operations in [
        json!([{ "op": "Replace", "path": "externalId", "value": object(2) }]),
        json!([{ "op": "Add", "value": { "externalId": object(2), "displayName": "New Ada" } }]),
    ] {
        let refused = entra.patch(&stored, operations).await;
        refused.assert_error(400, Some("mutability"), "another object");
    }
    let put = json!({ "userName": "ada@contoso.test", "externalId": object(2) });
    entra.put(&stored, &put).await.assert_error(400, Some("mutability"), "another object by PUT");

    world.unchanged_since(&before, "another object").await;
    assert_eq!(reasons(&world, "provisioning_refused").await, ["object_id_differs"; 3]);
    // Nor is it linked after its external id was taken away.
    let forget = json!([{ "op": "Remove", "path": "externalId" }]);
    entra.patch(&stored, forget).await.expect(200);
    let link = json!([{ "op": "Add", "path": "externalId", "value": object(2) }]);
    entra.patch(&stored, link).await.assert_error(400, Some("mutability"), "after a removal");
    // What is no UUID says nothing of the object.
    let nickname = json!([{ "op": "Add", "path": "externalId", "value": "ada" }]);
    let named = entra.patch(&stored, nickname).await.expect(200);
    assert_eq!(named[OWN]["objectId"], object(1));
}

#[tokio::test]
async fn an_anchor_is_set_once_by_entra_and_by_nobody_else() {
    let (world, entra) = with_entra().await;
    let other = world.other_client().await;
    let mut bare = entra_user("ada", &object(1));
    bare.as_object_mut().unwrap().remove(OWN);
    let ada = entra.create(&bare).await;
    assert!(ada.get(OWN).is_some_and(|own| own.get("immutableId").is_none()));
    let anchor = |text: &str| {
        let path = format!("{OWN}:immutableId");
        json!([{ "op": "Add", "path": path, "value": text }])
    };

    other.patch(&path(&ada), anchor("X")).await.assert_error(400, Some("mutability"), "other");
    let bad = entra.patch(&path(&ada), anchor("with spaces")).await;
    bad.assert_error(400, Some("invalidValue"), "no anchor");
    let set = entra.patch(&path(&ada), anchor("A")).await.expect(200);
    assert_eq!(set[OWN]["immutableId"], "A");
    entra.patch(&path(&ada), anchor("A")).await.expect(200);
    entra.patch(&path(&ada), anchor("B")).await.assert_error(400, Some("mutability"), "changed");
    let remove = json!([{ "op": "Remove", "path": format!("{OWN}:immutableId") }]);
    entra.patch(&path(&ada), remove).await.assert_error(400, Some("mutability"), "removed");
    // A replacement that does not say it leaves it.
    let put = entra.put(&path(&ada), &json!({ "userName": "ada@contoso.test" })).await.expect(200);
    assert_eq!(put[OWN]["immutableId"], "A");
    // Others may send what they like: it is as if they had not.
    let made = entra_user("grace", "7");
    let made = other.create(&made).await;
    assert!(made[OWN].get("immutableId").is_none(), "{made}");
    assert!(made[OWN].get("objectId").is_none(), "an external id of others is opaque");
    assert_eq!(made["externalId"], "7");
}

#[tokio::test]
async fn the_address_that_proved_somebody_is_never_changed_from_outside() {
    let (world, entra) = with_entra().await;
    let enrolled = world.person("ada").await;
    let stored = format!("/Users/{}", enrolled.user.id);
    let evil = format!("{OWN}:personalEmail");
    for operations in [
        json!([{ "op": "Replace", "path": evil, "value": "evil@evil.test" }]),
        json!([{ "op": "Remove", "path": evil }]),
    ] {
        let answer = entra.patch(&stored, operations).await.expect(200);
        assert_eq!(answer[OWN]["personalEmail"], "ada@personal.test");
    }
    let put = json!({ "userName": "ada@contoso.test", OWN: { "personalEmail": "evil@evil.test" } });
    let answer = entra.put(&stored, &put).await.expect(200);
    assert_eq!(answer[OWN]["personalEmail"], "ada@personal.test");
    let expected = ["personal_email_of_enrolled"; 3];
    assert_eq!(reasons(&world, "provisioning_ignored").await, expected);
    let user = world.store.user(world.organization, enrolled.user.id, world.now()).await.unwrap();
    let user = user.unwrap().value;
    assert_eq!(user.personal_email, enrolled.user.personal_email);
    assert_eq!(user.claim_changed_at, None);
}

#[tokio::test]
async fn a_changed_address_of_somebody_without_a_passkey_waits_for_a_day() {
    let (world, entra) = with_entra().await;
    let ada = entra.create(&entra_user("ada", &object(1))).await;
    world.clock.pass(SignedDuration::from_hours(48));
    let mail = format!("{OWN}:personalEmail");
    let change = json!([{ "op": "Replace", "path": mail, "value": "new@personal.test" }]);
    let changed = entra.patch(&path(&ada), change).await.expect(200);
    assert_eq!(changed[OWN]["personalEmail"], "new@personal.test");

    let mut browser = world.browser();
    let page = browser.begin_enrolment(&world.sso("_early")).await;
    browser.submit(&page, &[("address", "ada@contoso.test")]).await;
    let waits = |entry: &Value| entry["reason"] == "claim_changed_lately";
    world.until("it waits", |records| records.audit().iter().any(waits)).await;
    world.clock.pass(SignedDuration::from_mins(1));
    world.sweep().await;
    let told = world.mail("admin@contoso.test").await.text.unwrap();
    assert!(told.contains("ada@contoso.test"), "{told}");
    assert!(world.mails("new@personal.test").is_empty(), "within a day of the change");
    world.clock.pass(SignedDuration::from_hours(25));
    let mut browser = world.browser();
    let page = browser.begin_enrolment(&world.sso("_later")).await;
    browser.submit(&page, &[("address", "ada@contoso.test")]).await;
    assert_eq!(world.code("new@personal.test").await.len(), 6);
    // What is no address is kept and never written to.
    let junk = json!([{ "op": "Replace", "path": mail, "value": "call me" }]);
    let junk = entra.patch(&path(&ada), junk).await.expect(200);
    assert_eq!(junk[OWN]["personalEmail"], "call me");
    assert_eq!(reasons(&world, "provisioning_ignored").await, ["personal_email_unusable"]);
    let id = ada["id"].as_str().unwrap().parse().unwrap();
    let user = world.store.user(world.organization, id, world.now()).await.unwrap().unwrap();
    assert_eq!(user.value.personal_email, None);
}

#[tokio::test]
async fn access_that_somebody_else_took_is_not_given_back_by_provisioning() {
    let (world, entra) = with_entra().await;
    let ada = entra.create(&entra_user("ada", &object(1))).await;
    let id = ada["id"].as_str().unwrap().parse().unwrap();
    let user = world.store.user(world.organization, id, world.now()).await.unwrap().unwrap().value;
    world.block(&user).await;
    let blocks = async || {
        let user = world.store.user(world.organization, id, world.now()).await.unwrap();
        user.unwrap().value.blocks.into_iter().collect::<Vec<_>>()
    };

    assert_eq!(entra.get(&path(&ada)).await.expect(200)["active"], false);
    let enable = json!([{ "op": "Replace", "path": "active", "value": "True" }]);
    let answer = entra.patch(&path(&ada), enable.clone()).await.expect(200);
    assert_eq!(answer["active"], false, "it says what is true");
    assert_eq!(blocks().await, [Block::Entra]);
    // A change of something else takes nothing away either.
    let rename = json!([{ "op": "Replace", "path": "displayName", "value": "Ada" }]);
    entra.patch(&path(&ada), rename).await.expect(200);
    assert_eq!(blocks().await, [Block::Entra]);
    let disable = json!([{ "op": "Replace", "path": "active", "value": false }]);
    entra.patch(&path(&ada), disable).await.expect(200);
    assert_eq!(blocks().await, [Block::Entra, Block::Provisioning]);
    // Who says nothing of it in a replacement gives nothing back.
    entra.put(&path(&ada), &json!({ "userName": "ada@contoso.test" })).await.expect(200);
    assert_eq!(blocks().await, [Block::Entra, Block::Provisioning]);
    // Nor does who gives it no value.
    for nothing in [json!(null), json!(""), json!([])] {
        for operation in [
            json!({ "op": "Replace", "path": "active", "value": nothing }),
            json!({ "op": "Add", "path": "active", "value": nothing }),
            json!({ "op": "Replace", "value": { "active": nothing } }),
        ] {
            entra.patch(&path(&ada), json!([operation])).await.expect(200);
            assert_eq!(blocks().await, [Block::Entra, Block::Provisioning], "{operation}");
            let of_bulk = json!({ "Operations": [{
                "method": "PATCH", "path": path(&ada), "data": { "Operations": [operation] },
            }] });
            entra.post("/Bulk", &of_bulk).await.expect(200);
            assert_eq!(blocks().await, [Block::Entra, Block::Provisioning], "{operation}");
        }
    }
    // Who removes it by name takes their own word back, and nobody else's.
    let remove = json!([{ "op": "Remove", "path": "active" }]);
    let answer = entra.patch(&path(&ada), remove).await.expect(200);
    assert_eq!(blocks().await, [Block::Entra]);
    assert_eq!(answer["active"], false, "it says what is true");
    entra.patch(&path(&ada), enable).await.expect(200);
    assert_eq!(blocks().await, [Block::Entra]);
}

#[tokio::test]
async fn active_that_is_removed_is_no_longer_there_and_takes_no_access_away() {
    let (world, entra) = with_entra().await;
    let remove = json!([{ "op": "Remove", "path": "active" }]);

    for (number, active) in [(1, true), (2, false)] {
        let name = format!("ada{number}");
        let mut ada = entra_user(&name, &object(number));
        ada["active"] = json!(active);
        let ada = entra.create(&ada).await;
        let answer = entra.patch(&path(&ada), remove.clone()).await.expect(200);
        assert_eq!(answer.get("active"), None, "{active}");
        let id = ada["id"].as_str().unwrap().parse().unwrap();
        let user = world.store.user(world.organization, id, world.now()).await.unwrap().unwrap();
        assert!(user.value.blocks.is_empty(), "{active}");
    }
}
