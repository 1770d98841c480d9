//! Accounts that another client made before Entra named them, and administrators who lose theirs.

use jiff::SignedDuration;
use scenarios::World;
use scenarios::scim::entra_user;
use serde_json::{Value, json};

use crate::{OWN, object, path, with_entra};

/// Somebody whom another client makes, with an address of its choice.
fn squatted() -> Value {
    let mut ada = entra_user("ada", "chosen-by-another-client");
    ada[OWN] = json!({ "personalEmail": "evil@evil.test" });
    ada
}

/// What Entra says first of somebody whom its query by name found.
fn naming() -> Value {
    json!([
        { "op": "Add", "path": "externalId", "value": object(1) },
        { "op": "Add", "path": format!("{OWN}:immutableId"), "value": "anchor-of-ada" },
    ])
}

/// Entries of the audit of one action.
async fn audited(world: &World, action: &str) -> Vec<Value> {
    let audit = world.records().await.audit().into_iter();
    audit.filter(|entry| entry["action"] == action).collect()
}

#[tokio::test]
async fn whoever_enrolled_before_entra_named_them_is_not_taken_for_whom_entra_names() {
    let (world, entra) = with_entra().await;
    let other = world.other_client().await;
    let ada = other.create(&squatted()).await;
    let id = ada["id"].as_str().unwrap().parse().unwrap();
    let user = world.store.user(world.organization, id, world.now()).await.unwrap().unwrap();
    world.enrolled(&world.contoso(), user.value).await;
    entra.get("/Users?count=1").await.expect(200);
    let before = world.quiet().await;

    let both = naming();
    let put = json!({ "userName": "ada@contoso.test", "externalId": object(1) });
    let refusals = [
        entra.patch(&path(&ada), both.clone()).await,
        entra.patch(&path(&ada), json!([both[0]])).await,
        entra.patch(&path(&ada), json!([both[1]])).await,
        entra.put(&path(&ada), &put).await,
    ];

    for refused in refusals {
        refused.assert_error(400, Some("mutability"), "a stranger may have enrolled");
    }
    world.unchanged_since(&before, "a stranger may have enrolled").await;
    let shown = audited(&world, "provisioning_refused").await;
    assert_eq!(shown.len(), 4);
    assert!(shown.iter().all(|entry| entry["reason"] == "enrolled_unknown"
        && entry["subject"] == ada["id"]
        && entry["actor"] == json!({ "client": entra.key_id })));
    // The client that made them changes what it likes, and is no wiser.
    let rename = json!([{ "op": "replace", "path": "displayName", "value": "Ada" }]);
    other.patch(&path(&ada), rename).await.expect(200);
    // Deleted, they are made anew by Entra, and enrol anew.
    entra.delete(&path(&ada)).await.expect(204);
    let anew = entra.create(&entra_user("ada", &object(1))).await;
    assert_eq!(anew[OWN]["objectId"], object(1));
    world.quiet().await;
}

#[tokio::test]
async fn people_whom_no_other_client_made_are_named_by_entra_though_they_enrolled() {
    let (world, entra) = with_entra().await;
    let other = world.other_client().await;
    let invited = world.person("grace").await;
    // That another client changes somebody makes them nobody's.
    let stored = format!("/Users/{}", invited.user.id);
    let title = json!([{ "op": "replace", "path": "title", "value": "CTO" }]);
    other.patch(&stored, title).await.expect(200);
    let name = json!([{ "op": "Add", "path": "externalId", "value": object(2) }]);
    entra.patch(&stored, name).await.expect(200);
    // Named before they enrolled, they are given their anchor afterwards.
    let ada = other.create(&squatted()).await;
    let both = naming();
    entra.patch(&path(&ada), json!([both[0]])).await.expect(200);
    world.swept().await;
    let id = ada["id"].as_str().unwrap().parse().unwrap();
    let user = world.store.user(world.organization, id, world.now()).await.unwrap().unwrap();
    world.enrolled(&world.contoso(), user.value).await;
    let anchored = entra.patch(&path(&ada), json!([both[1]])).await.expect(200);
    assert_eq!(anchored[OWN]["immutableId"], "anchor-of-ada");
}

#[tokio::test]
async fn an_address_that_another_client_gave_waits_for_a_day_once_entra_names_the_user() {
    let (world, entra) = with_entra().await;
    let other = world.other_client().await;
    let ada = other.create(&squatted()).await;
    world.clock.pass(SignedDuration::from_hours(48));

    entra.patch(&path(&ada), naming()).await.expect(200);

    let ask = async |request: &str| {
        let mut browser = world.browser();
        let page = browser.begin_enrolment(&world.sso(request)).await;
        browser.submit(&page, &[("address", "ada@contoso.test")]).await;
        world.swept().await;
    };
    ask("_early").await;
    assert!(world.mails("evil@evil.test").is_empty(), "within a day");
    let told = world.mails("admin@contoso.test").remove(0).text.unwrap();
    assert!(told.contains("ada@contoso.test"), "{told}");
    // What Entra says of the address itself counts as any change does.
    let own = format!("{OWN}:personalEmail");
    let correct = json!([{ "op": "Replace", "path": own, "value": "ada@personal.test" }]);
    entra.patch(&path(&ada), correct).await.expect(200);
    world.clock.pass(SignedDuration::from_hours(25));
    ask("_later").await;
    assert_eq!(world.mails("ada@personal.test").len(), 1);
    assert!(world.mails("evil@evil.test").is_empty());
}

#[tokio::test]
async fn every_administrator_is_told_when_provisioning_takes_the_access_of_one_of_them() {
    let (world, entra) = with_entra().await;
    let root = world.administrator("root").await;
    let ada = entra.create(&entra_user("ada", &object(1))).await;
    let stored = format!("/Users/{}", root.id);
    let told = async |name: &str| {
        world.swept().await;
        world.mails(&format!("{name}@contoso.test"))
    };
    let active = |active: bool| json!([{ "op": "replace", "path": "active", "value": active }]);

    entra.patch(&path(&ada), active(false)).await.expect(200);
    entra.delete(&path(&ada)).await.expect(204);
    assert!(told("admin").await.is_empty(), "of nobody else");
    for _ in 0..2 {
        entra.patch(&stored, active(false)).await.expect(200);
    }

    for name in ["admin", "root"] {
        let mails = told(name).await;
        assert_eq!(mails.len(), 1, "{name}: {mails:?}");
        assert_eq!(mails[0].subject.as_deref(), Some("An administrator of Contoso was blocked"));
        assert!(mails[0].text.as_deref().unwrap().contains("root@contoso.test"), "{name}");
    }
    entra.patch(&stored, active(true)).await.expect(200);
    assert_eq!(told("admin").await.len(), 1, "access given back is no alarm");

    entra.delete(&stored).await.expect(204);
    let mails = told("admin").await;
    assert_eq!(mails.len(), 2, "a deletion takes it for good");
    assert!(mails[0].text.as_deref().unwrap().contains("root@contoso.test"), "{mails:?}");
    let taken = audited(&world, "access_taken").await;
    assert_eq!(taken.len(), 2);
    assert!(taken.iter().all(|entry| entry["subject"] == root.id.to_string()
        && entry["reason"] == "provisioning"
        && entry["actor"] == json!({ "client": entra.key_id })));
    world.quiet().await;
}

#[tokio::test]
async fn what_another_client_calls_somebody_keeps_entra_from_nothing_and_names_nobody() {
    let (world, entra) = with_entra().await;
    let other = world.other_client().await;
    let renamed = entra.create(&entra_user("ada", &object(1))).await;
    let name = json!([{ "op": "replace", "path": "externalId", "value": object(2) }]);
    other.patch(&path(&renamed), name).await.expect(200);
    let enrolled = other.create(&entra_user("grace", &object(3))).await;
    let stored = |id: &Value| {
        world.store.user(world.organization, id.as_str().unwrap().parse().unwrap(), world.now())
    };
    let user = stored(&enrolled["id"]).await.unwrap().unwrap();
    world.enrolled(&world.contoso(), user.value).await;
    let made = other.create(&entra_user("hedy", &object(4))).await;

    for user in [&renamed, &enrolled, &made] {
        let title = json!([{ "op": "Replace", "path": "title", "value": "CTO" }]);
        entra.patch(&path(user), title).await.expect(200);
        let disable = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
        entra.patch(&path(user), disable).await.expect(200);
        let stored = stored(&user["id"]).await.unwrap().unwrap().value;
        assert!(!stored.blocks.is_empty(), "{}", stored.user_name.as_str());
        let expected = (user["id"] == renamed["id"]).then(|| object(1));
        assert_eq!(stored.object_id.map(|id| id.to_string()), expected);
    }
    world.quiet().await;
}

#[tokio::test]
async fn the_audit_names_what_was_written_of_a_group_and_by_whom() {
    let (world, entra) = with_entra().await;
    let ada = entra.create(&entra_user("ada", &object(1))).await;
    let staff = json!({ "displayName": "Staff", "externalId": object(2), "members": [{ "value": ada["id"] }] });
    let staff = entra.post("/Groups", &staff).await.expect(201);
    let group = format!("/Groups/{}", staff["id"].as_str().unwrap());
    let rename = json!([{ "op": "Replace", "path": "displayName", "value": "All" }]);
    entra.patch(&group, rename).await.expect(204);
    let remove = json!([{ "op": "Remove", "path": "members" }]);
    entra.patch(&group, remove).await.expect(204);

    let written = async |action| {
        let entries = audited(&world, action).await.into_iter();
        let ours = entries.filter(|entry| entry["resource"] == json!({ "group": staff["id"] }));
        let mut written = ours
            .map(|entry| {
                assert_eq!(entry["actor"], json!({ "client": entra.key_id }));
                entry["attributes"].to_string()
            })
            .collect::<Vec<_>>();
        written.sort();
        written
    };
    let created = json!(["externalId", "displayName", "members"]).to_string();
    assert_eq!(written("group_created").await, [created]);
    assert_eq!(written("group_changed").await, [r#"["displayName"]"#, r#"["members"]"#]);
}
