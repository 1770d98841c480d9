//! What stands against one user keeps nobody else waiting, and is over when it is over.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use entra_sim::{Domain, Fault, GraphFault, GraphUser};
use identity::{OutboxId, UserId};
use jiff::SignedDuration;
use scenarios::World;
use scenarios::wire::{Effect, Fault as WireFault};
use serde_json::{Value, json};
use store::{Feature, OutboxItem, PushStage};
use tokio::time::timeout;
use uuid::Uuid;

use crate::place::{
    agrees, connected, create, here, is_here, later, operate, pending, round, somebody, there,
};

const OWN: &str = "urn:ietf:params:scim:schemas:extension:passerelle:2.0:User";

async fn world() -> World {
    let world = World::start().await;
    world.microsoft.put_domain(Domain::named("contoso.test")).unwrap();
    world
}

fn listed(name: &str, status: &str, reason: &str) -> (String, String, Value) {
    (format!("{name}@contoso.test"), status.to_owned(), json!(reason))
}

fn posts(world: &World) -> usize {
    let calls = world.microsoft.graph_calls();
    calls.iter().filter(|call| call.method == "POST" && call.path == "/users").count()
}

#[tokio::test]
async fn what_graph_forbids_of_one_user_costs_nobody_elses_and_no_consent() {
    let world = world().await;
    connected(&world).await;
    world
        .microsoft
        .inject(GraphFault::next(Fault::ConsentLost).at("/users").when("POST").times(u32::MAX));
    create(&world, "ada").await;
    for _ in 0..3 {
        later(&world).await;
    }
    world.microsoft.mend();
    assert_eq!(pending(&world).await, [listed("ada", "pending", "forbidden")]);
    let stored = world.store.connection(world.organization, world.now()).await.unwrap().unwrap();
    assert!(stored.value.granted.contains_key(&Feature::WriteUsers));

    create(&world, "grace").await;
    later(&world).await;
    agrees(&world, "grace", "another one").await;
    assert_eq!(pending(&world).await, [listed("ada", "pending", "forbidden")]);

    // They are tried again, once a day.
    world.clock.pass(SignedDuration::from_hours(24));
    later(&world).await;
    agrees(&world, "ada", "a day later").await;
    world.swept().await;
    world.quiet().await;
}

#[tokio::test]
async fn a_name_that_nobody_seems_to_have_is_tried_again_and_then_somebody_decides() {
    let world = world().await;
    connected(&world).await;
    let occupant = GraphUser {
        user_principal_name: "ada@contoso.test".to_owned(),
        display_name: "Ada".to_owned(),
        ..GraphUser::default()
    };
    let object = world.microsoft.put_user(occupant).unwrap().id;
    let hidden = || GraphFault::next(Fault::Empty).at("/users").when("GET").times(u32::MAX);
    world.microsoft.inject(hidden());
    create(&world, "ada").await;
    world.clock.pass(SignedDuration::from_secs(31));
    world.sweep().await;
    assert_eq!(pending(&world).await, [listed("ada", "pending", "unseen")]);
    let mut gone = there(&world, "ada").remove(0);
    gone.user_principal_name = "other@contoso.test".to_owned();
    world.microsoft.put_user(gone).unwrap();

    later(&world).await;

    agrees(&world, "ada", "once the name is free").await;
    assert_ne!(here(&world, "ada").await.object_id.unwrap().to_string(), object);

    let other = GraphUser {
        user_principal_name: "grace@contoso.test".to_owned(),
        display_name: "Grace".to_owned(),
        ..GraphUser::default()
    };
    world.microsoft.put_user(other).unwrap();
    create(&world, "grace").await;
    for _ in 0..2 {
        later(&world).await;
    }
    assert_eq!(pending(&world).await, [listed("grace", "conflict", "name_taken")]);
    world.microsoft.mend();
    world.records().await.check_invariants();
}

#[tokio::test]
async fn whoever_has_an_anchor_by_a_clients_word_is_in_entra_by_its_word_and_is_not_made_there() {
    let world = world().await;
    connected(&world).await;
    let down = GraphFault::next(Fault::Status(503)).times(u32::MAX);
    world.microsoft.inject(down.at("/users").when("POST"));
    let grace = json!({ "userName": "grace@contoso.test" });
    let grace = world.other_client().await.create(&grace).await;
    world.clock.pass(SignedDuration::from_secs(31));
    world.sweep().await;
    let path = format!("/Users/{}", grace["id"].as_str().unwrap());
    let operations = json!([
        { "op": "Add", "path": format!("{OWN}:immutableId"), "value": "anchor-of-grace" },
    ]);
    world.entra().await.patch(&path, operations).await.expect(200);
    world.microsoft.mend();
    later(&world).await;
    assert_eq!(pending(&world).await, [listed("grace", "conflict", "anchor_given")]);
    assert!(there(&world, "grace").is_empty());
    world.records().await.check_invariants();
}

#[tokio::test]
async fn a_number_that_entra_does_not_take_is_left_out_and_the_audit_says_so() {
    let world = world().await;
    connected(&world).await;
    let before = world.quiet().await;
    world.microsoft.inject(GraphFault::next(Fault::Status(400)).at("/users").when("POST"));
    create(&world, "ada").await;
    world.swept().await;

    agrees(&world, "ada", "without the number").await;
    assert_eq!(there(&world, "ada")[0].mobile_phone, None);
    let audited = world.quiet().await.audited_since(&before);
    let entry = ("provisioning_ignored".to_owned(), Some("mobile_phone".to_owned()));
    assert!(audited.contains(&entry), "{audited:?}");

    // What Entra takes in no form waits for a day, or for somebody who tries again.
    let refused = || GraphFault::next(Fault::Status(400)).times(u32::MAX);
    world.microsoft.inject(refused().at("/users").when("POST"));
    create(&world, "grace").await;
    later(&world).await;
    world.microsoft.mend();
    later(&world).await;
    assert_eq!(pending(&world).await, [listed("grace", "pending", "refused")]);
    operate(&world, "push_user", json!({ "email": "grace@contoso.test" })).await.unwrap();
    world.swept().await;
    agrees(&world, "grace", "tried again").await;
    world.quiet().await;
}

#[tokio::test]
async fn a_domain_that_is_not_verified_in_the_tenant_waits_until_it_is() {
    let world = World::start().await;
    connected(&world).await;
    create(&world, "ada").await;
    later(&world).await;
    assert_eq!(pending(&world).await, [listed("ada", "pending", "domain_unverified")]);

    world.microsoft.put_domain(Domain::named("contoso.test")).unwrap();
    later(&world).await;

    agrees(&world, "ada", "once it is verified").await;
    world.swept().await;
    world.quiet().await;
}

#[tokio::test]
async fn what_a_client_says_of_somebody_while_they_wait_is_what_entra_is_told() {
    let world = world().await;
    connected(&world).await;
    let down = GraphFault::next(Fault::Status(503)).times(u32::MAX);
    world.microsoft.inject(down.at("/users").when("POST"));
    let other = world.other_client().await;
    let ada = json!({
        "userName": "ada@contoso.test", "displayName": "Ada", "name": { "familyName": "Byron" },
    });
    let ada = other.create(&ada).await;
    world.clock.pass(SignedDuration::from_secs(31));
    world.sweep().await;
    let path = format!("/Users/{}", ada["id"].as_str().unwrap());
    let operations = json!([
        { "op": "replace", "path": "name.familyName", "value": "Lovelace" },
        { "op": "replace", "path": "userName", "value": "countess@contoso.test" },
        { "op": "add", "path": "addresses", "value": [{ "type": "work", "country": "GB" }] },
    ]);
    other.patch(&path, operations).await.expect(200);
    world.microsoft.mend();
    later(&world).await;

    agrees(&world, "countess", "as she is now").await;
    let theirs = there(&world, "countess").remove(0);
    assert_eq!(theirs.surname.as_deref(), Some("Lovelace"));
    assert_eq!(theirs.more["usageLocation"], "GB");
    assert!(!is_here(&world, "ada").await);
    world.swept().await;
    world.quiet().await;
}

#[tokio::test]
async fn what_was_begun_in_one_tenant_lands_in_no_other_until_somebody_says_so() {
    let world = world().await;
    connected(&world).await;
    let down = GraphFault::next(Fault::Status(503)).times(u32::MAX);
    world.microsoft.inject(down.at("/users").when("POST"));
    create(&world, "ada").await;
    world.clock.pass(SignedDuration::from_secs(31));
    world.sweep().await;
    let user = here(&world, "ada").await.id;
    let (store, org) = (&world.store, world.organization);
    let before = store.push(org, user, world.now()).await.unwrap().unwrap();
    assert_eq!(before.value.tenant.unwrap().to_string(), world.microsoft.tenant_id());
    // As it was begun before another tenant was connected.
    let mut elsewhere = before.value.clone();
    elsewhere.tenant = Some(Uuid::from_u128(1));
    store.keep_push(org, &before, &elsewhere, None, None).await.unwrap();
    world.microsoft.mend();
    let asked = posts(&world);
    later(&world).await;
    assert_eq!(pending(&world).await, [listed("ada", "conflict", "other_tenant")]);
    assert_eq!(posts(&world), asked);
    let link =
        json!({ "email": "ada@contoso.test", "object_id": Uuid::from_u128(2), "confirm": true });
    let refused = operate(&world, "link_user", link).await.unwrap_err();
    assert!(refused["errorMessage"].as_str().unwrap().contains("another tenant"), "{refused}");

    operate(&world, "push_user", json!({ "email": "ada@contoso.test" })).await.unwrap();
    world.swept().await;

    agrees(&world, "ada", "anew").await;
    assert!(store.push(org, user, world.now()).await.unwrap().is_none());
    world.quiet().await;
}

#[tokio::test]
async fn however_many_wait_a_tenant_that_is_throttled_is_asked_once_a_shard() {
    let world = world().await;
    connected(&world).await;
    let busy = Fault::Throttled { retry_after: Some(3600) };
    let busy = GraphFault::next(busy).at("/users").when("POST").times(u32::MAX);
    world.microsoft.inject(busy);
    let asked = posts(&world);
    let other = world.other_client().await;
    for number in 0..40 {
        other.create(&json!({ "userName": format!("u{number}@contoso.test") })).await;
    }
    let records = world.records().await;
    let tasks = records.values("#OUTBOX#").into_iter().map(|item| &item["task"]["push_users"]);
    let shards = tasks.filter_map(|task| task["shard"].as_u64()).collect::<Vec<_>>();
    let distinct = shards.iter().collect::<BTreeSet<_>>().len();
    assert_eq!(distinct, shards.len(), "one item a shard");
    world.clock.pass(SignedDuration::from_hours(2));
    world.agree();
    world.sweep().await;
    // Once when the first came, and once when the time was over that it asked for.
    let asked = posts(&world) - asked;
    assert!(asked <= 2 * shards.len(), "{asked} for {}", shards.len());

    world.microsoft.mend();
    for _ in 0..4 {
        later(&world).await;
    }
    assert!(pending(&world).await.is_empty());
    for number in 0..40 {
        agrees(&world, &format!("u{number}"), "once it answers").await;
    }
    world.swept().await;
    round(&world).await;
    world.quiet().await;
}

#[tokio::test]
async fn somebody_who_waits_for_something_of_their_own_keeps_nobody_of_their_shard_waiting() {
    let world = world().await;
    connected(&world).await;
    let other = world.other_client().await;
    for number in 0..20 {
        let blocked = json!({ "userName": format!("b{number}@contoso.test"), "active": false });
        other.create(&blocked).await;
    }
    world.clock.pass(SignedDuration::from_secs(31));
    world.sweep().await;
    let mut asked = somebody("ada");
    asked["phone"] = Value::Null;
    operate(&world, "create_user", asked).await.unwrap();
    // Its event alone brings it: the item of the shard may rest.
    let brought = async {
        while here(&world, "ada").await.object_id.is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), brought).await.unwrap();

    agrees(&world, "ada", "with others who wait").await;
    later(&world).await;
    let waiting = pending(&world).await;
    assert_eq!(waiting.len(), 20);
    assert!(waiting.iter().all(|(_, status, reason)| status == "pending" && reason == "blocked"));
    let pushes = world.store.push(world.organization, here(&world, "b0").await.id, world.now());
    assert_eq!(pushes.await.unwrap().unwrap().value.stage, PushStage::Pending);
    world.records().await.check_invariants();
}

#[tokio::test]
async fn whom_graph_forbids_or_refuses_keeps_nobody_of_their_shard_waiting() {
    for fault in [Fault::ConsentLost, Fault::Status(409), Fault::Garbage] {
        let world = world().await;
        connected(&world).await;
        let effect = Effect::Refuse(500, "InternalServerError");
        world.operator.fault(WireFault {
            operation: "PutEvents",
            skip: 0,
            times: usize::MAX,
            effect,
        });
        let mut shards = BTreeMap::<OutboxId, Vec<String>>::new();
        let together = loop {
            let name = format!("u{}", shards.values().map(Vec::len).sum::<usize>());
            let made = create(&world, &name).await;
            let user: UserId = made["user"].as_str().unwrap().parse().unwrap();
            let item = OutboxItem::pushing(world.organization, user, world.now()).id;
            let all = shards.entry(item).or_default();
            all.push(name);
            if all.len() == 3 {
                break (item, all.clone());
            }
        };
        let (item, names) = together;
        world.microsoft.inject(GraphFault::next(fault.clone()).at("/users").when("POST"));
        world.batch(&[(world.organization, item)]).await;

        let made = names.iter().filter(|name| !there(&world, name).is_empty()).count();
        let known = async |name: &String| here(&world, name).await.object_id.is_some();
        let mut brought = 0;
        for name in &names {
            brought += usize::from(known(name).await);
        }
        assert_eq!(brought, 2, "{fault:?}: {made} of {names:?}");
        world.records().await.check_invariants();
    }
}
