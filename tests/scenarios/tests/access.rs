//! Whoever's access is taken, or given back, is told of on the bus: once for each time, whoever said so.

use std::collections::BTreeSet;

use entra_sim::{Domain, GraphUser};
use identity::{OrganizationId, OutboxId, User};
use jiff::SignedDuration;
use scenarios::microsoft::account;
use scenarios::scim::entra_user;
use scenarios::{Case, Effect, Fault, World};
use serde_json::{Value, json};

const OFFBOARDED: &str = "user.offboarded";
const REENABLED: &str = "user.reenabled";
const OBJECT: &str = "6b0f1b2c-3d4e-4f60-8172-63544536271a";

async fn operate(world: &World, action: &str, name: &str) -> Value {
    let email = format!("{name}@contoso.test");
    let asked = json!({ "action": action, "domain": "contoso.test", "email": email });
    world.operate(asked).await.unwrap()
}

/// How often each was said, and for which reasons the last time.
async fn told(world: &World) -> (usize, usize, Value) {
    world.swept().await;
    let (offboarded, reenabled) = (world.said(OFFBOARDED), world.said(REENABLED));
    assert!(reenabled.iter().all(|event| event["reasons"] == json!([])), "{reenabled:?}");
    let reasons = offboarded.last().map_or(Value::Null, |event| event["reasons"].clone());
    (offboarded.len(), reenabled.len(), reasons)
}

#[tokio::test]
async fn what_an_administrator_takes_and_gives_is_told_once_and_another_reason_is_no_news() {
    let world = World::start().await;
    let ada = world.user("ada").await;
    assert_eq!(told(&world).await, (0, 0, Value::Null));

    operate(&world, "block", "ada").await;
    assert_eq!(told(&world).await, (1, 0, json!(["administrator"])));
    operate(&world, "block", "ada").await;
    world.block(&ada).await;
    assert_eq!(told(&world).await, (1, 0, json!(["administrator"])), "nothing new");
    operate(&world, "unblock", "ada").await;
    assert_eq!(told(&world).await, (1, 0, json!(["administrator"])), "Entra's word stands");
    world.unblock(&ada).await;
    assert_eq!(told(&world).await, (1, 1, json!(["administrator"])));

    let event = &world.said(OFFBOARDED)[0];
    assert_eq!(event["version"], 1);
    assert_eq!(event["organization"], json!(world.organization));
    assert_eq!(event["user"], json!(ada.id));
    assert_eq!(event["object_id"], Value::Null);
    assert_eq!(event["at"], "2026-03-02T09:00:00Z");
    let known: BTreeSet<&str> = event.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        known,
        ["version", "id", "organization", "user", "object_id", "reasons", "at"].into()
    );
}

#[tokio::test]
async fn what_a_provisioning_client_takes_gives_and_deletes_is_told() {
    let world = World::start().await;
    let entra = world.entra().await;
    let ada = entra.create(&entra_user("ada", OBJECT)).await;
    let path = format!("/Users/{}", ada["id"].as_str().unwrap());
    for (number, active) in [(1, false), (2, true)] {
        let change = json!([{ "op": "replace", "path": "active", "value": active }]);
        entra.patch(&path, change).await.expect(200);
        let (offboarded, reenabled, reasons) = told(&world).await;
        assert_eq!((offboarded + reenabled, reasons), (number, json!(["provisioning"])));
    }
    let rename = json!([{ "op": "replace", "path": "displayName", "value": "Ada L." }]);
    entra.patch(&path, rename).await.expect(200);
    assert_eq!(told(&world).await, (1, 1, json!(["provisioning"])), "a name is no access");

    entra.delete(&path).await.expect(204);

    assert_eq!(told(&world).await, (2, 1, json!(["deleted"])));
    assert_eq!(world.said(OFFBOARDED)[1]["object_id"], OBJECT);
}

#[tokio::test]
async fn whoever_arrives_disabled_or_is_deleted_without_access_is_no_leaver() {
    let world = World::start().await;
    let entra = world.entra().await;
    let mut body = entra_user("ada", OBJECT);
    body["active"] = json!(false);
    let ada = entra.create(&body).await;
    entra.delete(&format!("/Users/{}", ada["id"].as_str().unwrap())).await.expect(204);

    assert_eq!(told(&world).await, (0, 0, Value::Null));
}

#[tokio::test]
async fn what_a_round_takes_and_gives_and_what_the_last_day_ends_is_told() {
    let world = World::start().await;
    world.microsoft.put_domain(Domain::named("contoso.test")).unwrap();
    let mut olga = world.connector().await;
    let ada = GraphUser {
        user_principal_name: "ada@contoso.test".to_owned(),
        display_name: "Ada".to_owned(),
        on_premises_immutable_id: Some("ada".to_owned()),
        ..GraphUser::default()
    };
    let ada = world.microsoft.put_user(ada).unwrap();
    olga.connect("read-users", account::BOSS).await;
    for (number, account_enabled) in [(1, false), (2, true)] {
        world.swept().await;
        world.microsoft.put_user(GraphUser { account_enabled, ..ada.clone() }).unwrap();
        world.clock.pass(SignedDuration::from_hours(4));
        world.agree();
        world.sweep().await;
        let (offboarded, reenabled, reasons) = told(&world).await;
        assert_eq!((offboarded + reenabled, reasons), (number, json!(["entra"])));
    }
    assert_eq!(world.said(OFFBOARDED)[0]["object_id"], ada.id);

    let leaves = json!({
        "action": "set_last_day", "domain": "contoso.test", "email": "ada@contoso.test",
        "last_day": "2026-03-03", "time_zone": "UTC",
    });
    world.operate(leaves).await.unwrap();
    assert_eq!(told(&world).await, (1, 1, json!(["entra"])), "not yet");
    world.clock.pass(SignedDuration::from_hours(48));
    world.agree();
    world.sweep().await;
    assert_eq!(told(&world).await, (2, 1, json!(["last_day"])));
}

/// Blocks somebody, whom nobody is told of yet.
async fn silently_blocked(world: &World, name: &str) -> User {
    let user = world.user(name).await;
    let effect = Effect::Refuse(500, "InternalServerError");
    world.operator.fault(Fault { operation: "PutEvents", skip: 0, times: usize::MAX, effect });
    operate(world, "block", name).await;
    world.operator.mend();
    user
}

/// What tells of it.
async fn due(world: &World) -> (OrganizationId, OutboxId) {
    let records = world.records().await;
    let items = records.values("#OUTBOX#");
    let item = items.iter().find(|item| item["task"].get("tell_access").is_some()).unwrap();
    let id = |name: &str| item[name].as_str().unwrap();
    (id("organization").parse().unwrap(), id("id").parse().unwrap())
}

#[tokio::test]
async fn whatever_fails_it_is_told_with_the_same_id_each_time() {
    let world = World::start().await;
    silently_blocked(&world, "clean").await;
    let clean = [due(&world).await];
    world.directory.calls();
    world.batch(&clean).await;
    let calls = world.directory.calls();
    assert_eq!(world.said(OFFBOARDED).len(), 1);

    for (position, case) in Case::all(&calls).into_iter().enumerate() {
        let what = format!("{case:?}");
        let user = silently_blocked(&world, &format!("ada-{position}")).await;
        let due = due(&world).await;
        world.directory.fault(case.fault());
        world.batch(&[due, due]).await;
        world.directory.mend();
        world.clock.pass(SignedDuration::from_mins(31));
        world.batch(&[due]).await;
        let said = world.said(OFFBOARDED);
        let of_user = said.iter().filter(|event| event["user"] == json!(user.id));
        let ids: BTreeSet<_> = of_user.map(|event| event["id"].to_string()).collect();
        assert_eq!(ids.len(), 1, "{what}: at least once, and the same occurrence");
    }
    world.quiet().await;
}

#[tokio::test]
async fn a_bus_that_is_down_for_two_days_is_told_afterwards() {
    let world = World::start().await;
    silently_blocked(&world, "ada").await;
    let effect = Effect::Refuse(500, "InternalServerError");
    world.directory.fault(Fault { operation: "PutEvents", skip: 0, times: usize::MAX, effect });
    for _ in 0..6 {
        world.clock.pass(SignedDuration::from_hours(8));
        world.sweep().await;
    }
    world.directory.mend();
    world.clock.pass(SignedDuration::from_mins(31));

    let before = world.said(OFFBOARDED).len();
    world.sweep().await;
    assert_eq!(world.said(OFFBOARDED).len(), before + 1);
    assert_eq!(world.said(OFFBOARDED)[before]["at"], "2026-03-02T09:00:00Z");
    world.quiet().await;
}
