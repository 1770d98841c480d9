//! Whoever is deleted here, while they are made in Entra or afterwards: their account is disabled there,
//! and no reading brings them back.

use std::time::Duration;

use entra_sim::{Domain, Fault as GraphsFault, GraphFault, GraphSettings};
use identity::{OutboxId, User};
use jiff::SignedDuration;
use scenarios::case::named;
use scenarios::microsoft::account;
use scenarios::wire::{Effect, Fault};
use scenarios::{Call, World};
use serde_json::{Value, json};

use crate::place::{
    agrees, change_there, connected, create, here, is_here, later, operate, pending, round, there,
};

const AFTER_THE_LEASE: SignedDuration = SignedDuration::from_secs(91);

async fn world() -> World {
    let world = World::start().await;
    world.microsoft.put_domain(Domain::named("contoso.test")).unwrap();
    world
}

async fn delete(world: &World, user: &Value) {
    let path = format!("/Users/{}", user.as_str().unwrap());
    world.other_client().await.delete(&path).await.expect(204);
}

/// Every account of that name is disabled, and reading the tenant, even from the beginning, makes
/// nobody of it.
async fn stays_away(world: &World, name: &str, what: &str) {
    for account in there(world, name) {
        assert!(!account.account_enabled, "{what}");
    }
    let reset = GraphFault::next(GraphsFault::Reset).at("/users/delta");
    world.microsoft.inject(reset);
    for _ in 0..2 {
        for account in there(world, name) {
            let mut changed = account.clone();
            changed.display_name.push('x');
            world.microsoft.put_user(changed).unwrap();
        }
        round(world).await;
        assert!(!is_here(world, name).await, "{what}");
    }
    world.quiet().await;
}

#[tokio::test]
async fn whoever_is_deleted_here_is_disabled_in_entra_and_does_not_come_back() {
    let world = world().await;
    connected(&world).await;
    let made = create(&world, "ada").await;
    world.swept().await;
    agrees(&world, "ada", "made").await;
    let before = world.quiet().await;

    delete(&world, &made["user"]).await;
    world.swept().await;

    let theirs = there(&world, "ada").remove(0);
    assert!(!theirs.account_enabled);
    assert!(theirs.more.contains_key("signInSessionsValidFromDateTime"), "sessions are over");
    let audited = world.quiet().await.audited_since(&before);
    assert!(audited.contains(&("account_disabled".to_owned(), None)), "{audited:?}");
    stays_away(&world, "ada", "deleted").await;
    // Whoever enables the account in Entra gives nobody access here.
    change_there(&world, "ada", |user| user.account_enabled = true);
    round(&world).await;
    assert!(!is_here(&world, "ada").await);

    // Somebody decides that it is somebody's again.
    create(&world, "ada").await;
    world.swept().await;
    let object = &there(&world, "ada")[0].id;
    let listed = [("ada@contoso.test".to_owned(), "conflict".to_owned(), json!("name_taken"))];
    assert_eq!(pending(&world).await, listed);
    let link = json!({ "email": "ada@contoso.test", "object_id": object, "confirm": true });
    operate(&world, "link_user", link).await.unwrap();
    world.swept().await;
    agrees(&world, "ada", "linked").await;
    round(&world).await;
    agrees(&world, "ada", "linked, and read").await;
    assert!(there(&world, "ada")[0].account_enabled);
    world.quiet().await;
}

#[tokio::test]
async fn an_account_that_was_there_before_stays_enabled_when_its_user_is_deleted() {
    let world = world().await;
    connected(&world).await;
    let account = entra_sim::GraphUser {
        user_principal_name: "ada@contoso.test".to_owned(),
        display_name: "Ada".to_owned(),
        ..entra_sim::GraphUser::default()
    };
    let object = world.microsoft.put_user(account).unwrap().id;
    let made = create(&world, "ada").await;
    world.swept().await;
    let link = json!({ "email": "ada@contoso.test", "object_id": object, "confirm": true });
    operate(&world, "link_user", link).await.unwrap();
    world.swept().await;
    let known = there(&world, "ada");

    delete(&world, &made["user"]).await;
    world.swept().await;

    let mut theirs = there(&world, "ada");
    assert!(
        theirs[0].more.remove("signInSessionsValidFromDateTime").is_some(),
        "sessions are over"
    );
    assert_eq!(theirs, known, "and nothing else");
    world.quiet().await;
}

#[tokio::test]
async fn an_account_that_cannot_be_disabled_is_tried_again_or_the_audit_says_why_it_is_left() {
    let world = world().await;
    connected(&world).await;
    for (name, left) in [("grace", "synced"), ("edith", "refused")] {
        let made = create(&world, name).await;
        world.swept().await;
        agrees(&world, name, name).await;
        let before = world.quiet().await;
        match name {
            "grace" => {
                change_there(&world, name, |user| user.on_premises_sync_enabled = Some(true))
            }
            _ => {
                let refused = GraphFault::next(GraphsFault::ConsentLost).times(u32::MAX);
                world.microsoft.inject(refused.when("PATCH"));
            }
        }
        delete(&world, &made["user"]).await;
        for _ in 0..2 {
            later(&world).await;
        }
        world.microsoft.mend();
        assert!(there(&world, name)[0].account_enabled, "{name}");
        let audited = world.records().await.audited_since(&before);
        let entry = ("account_left".to_owned(), Some(left.to_owned()));
        assert!(audited.contains(&entry), "{audited:?}");
        world.records().await.check_invariants();
    }
}

#[tokio::test]
async fn while_the_tenant_is_let_go_of_the_account_of_somebody_deleted_waits_for_it() {
    let world = world().await;
    let mut olga = connected(&world).await;
    let made = create(&world, "ada").await;
    world.swept().await;
    olga.press("disconnect").await;
    delete(&world, &made["user"]).await;
    for _ in 0..5 {
        later(&world).await;
    }
    assert!(there(&world, "ada")[0].account_enabled);

    olga.connect("read-users", account::BOSS).await;
    olga.connect("write-users", account::BOSS).await;
    // The first token may be older than the consent: that it was waited for is no refusal.
    let refused = GraphFault::next(GraphsFault::ConsentLost).when("PATCH");
    world.microsoft.inject(refused);
    for _ in 0..2 {
        later(&world).await;
    }

    assert!(!there(&world, "ada")[0].account_enabled);
    assert!(!is_here(&world, "ada").await);
    world.records().await.check_invariants();
}

#[tokio::test]
async fn while_entra_is_down_the_account_of_somebody_deleted_waits_to_be_disabled() {
    let world = world().await;
    connected(&world).await;
    let made = create(&world, "ada").await;
    world.swept().await;
    let down = GraphFault::next(GraphsFault::Status(503)).times(u32::MAX);
    world.microsoft.inject(down.when("PATCH"));
    delete(&world, &made["user"]).await;
    later(&world).await;
    assert!(there(&world, "ada")[0].account_enabled);

    world.microsoft.mend();
    later(&world).await;

    assert!(!there(&world, "ada")[0].account_enabled);
    stays_away(&world, "ada", "once Entra is back").await;
}

/// Makes somebody, and names the item that is to push them.
async fn begin(world: &World, name: &str) -> (Value, (identity::OrganizationId, OutboxId)) {
    let made = create(world, name).await;
    let user: identity::UserId = made["user"].as_str().unwrap().parse().unwrap();
    let item = store::OutboxItem::pushing(world.organization, user, world.now());
    (made["user"].clone(), (world.organization, item.id))
}

#[tokio::test]
async fn whoever_is_deleted_at_any_await_of_the_push_leaves_nobody_here_and_nobody_enabled_there() {
    let world = world().await;
    connected(&world).await;
    let effect = Effect::Refuse(500, "InternalServerError");
    world.operator.fault(Fault { operation: "PutEvents", skip: 0, times: usize::MAX, effect });
    let (_, due) = begin(&world, "clean").await;
    world.directory.calls();
    world.batch(&[due]).await;
    let calls: Vec<Call> = world.directory.calls();
    assert!(calls.len() >= 6, "{calls:?}");
    for (position, call) in calls.iter().enumerate() {
        let before = calls[..position].iter().filter(|earlier| *earlier == call).count();
        for (effect, when) in [(Effect::Stall, "before"), (Effect::StallAnswer, "after")] {
            let (name, what) = (format!("ada-{position}-{when}"), format!("{when} {call:?}"));
            let (user, due) = begin(&world, &name).await;
            let operation = named(&call.operation);
            world.directory.fault(Fault { operation, skip: before, times: 1, effect });
            let due = [due];
            tokio::select! {
                _ = world.batch(&due) => panic!("{what}: it did not stall"),
                () = world.directory.stalled() => {}
            }
            delete(&world, &user).await;
            world.records().await.check_invariants();
            world.directory.mend_spent(&what);
            for _ in 0..3 {
                world.clock.pass(AFTER_THE_LEASE);
                world.agree();
                world.sweep().await;
            }
            assert!(!is_here(&world, &name).await, "{what}");
            for account in there(&world, &name) {
                assert!(!account.account_enabled, "{what}");
            }
            world.records().await.check_invariants();
        }
    }
    // Whatever was begun and never got there is looked for for a while.
    for _ in 0..2 {
        later(&world).await;
    }
    for (position, _) in calls.iter().enumerate() {
        for when in ["before", "after"] {
            let name = format!("ada-{position}-{when}");
            for account in there(&world, &name) {
                let mut changed = account.clone();
                changed.display_name.push('x');
                world.microsoft.put_user(changed).unwrap();
            }
        }
    }
    world.microsoft.inject(GraphFault::next(GraphsFault::Reset).at("/users/delta"));
    round(&world).await;
    let back = world.records().await;
    let back = back.values("#USER#").into_iter().filter_map(|user| user["user_name"].as_str());
    assert!(back.into_iter().all(|name| !name.starts_with("ada-")));
    world.records().await.check_invariants();
}

#[tokio::test]
async fn whoever_is_deleted_while_entra_answers_is_disabled_there() {
    let world = world().await;
    connected(&world).await;
    for (name, pause) in [("ada", 100), ("grace", 300), ("edith", 500)] {
        let (user, due) = begin(&world, name).await;
        let slow = GraphSettings { latency_ms: 200, ..GraphSettings::default() };
        world.microsoft.set_graph(slow);
        let due = [due];
        let deletion = async {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            delete(&world, &user).await;
        };
        tokio::join!(world.batch(&due), deletion);
        world.microsoft.set_graph(GraphSettings::default());
        for _ in 0..3 {
            world.clock.pass(AFTER_THE_LEASE);
            world.agree();
            world.sweep().await;
        }
        assert!(!is_here(&world, name).await, "{name}");
        assert!(there(&world, name).iter().all(|account| !account.account_enabled), "{name}");
        world.records().await.check_invariants();
    }
}

#[tokio::test]
async fn whoever_is_disabled_in_entra_while_they_are_brought_there_has_no_access_here() {
    let world = world().await;
    connected(&world).await;
    // Made there, and every answer gets lost from then on.
    world.microsoft.inject(GraphFault::next(GraphsFault::Lost).at("/users").when("POST"));
    let down = GraphFault::next(GraphsFault::Status(503)).times(u32::MAX);
    world.microsoft.inject(down.at("/users").when("POST"));
    create(&world, "ada").await;
    later(&world).await;
    assert_eq!(there(&world, "ada").len(), 1);
    change_there(&world, "ada", |user| user.account_enabled = false);
    // A round that tells of the account makes nobody of it, and blocks nobody.
    world.clock.pass(SignedDuration::from_hours(4));
    world.agree();
    world.sweep().await;
    assert_eq!(here(&world, "ada").await.object_id, None);

    world.microsoft.mend();
    later(&world).await;

    agrees(&world, "ada", "found").await;
    let ada: User = here(&world, "ada").await;
    assert!(ada.blocks.contains(&identity::Block::Entra));
    world.swept().await;
    change_there(&world, "ada", |user| user.account_enabled = true);
    round(&world).await;
    assert!(here(&world, "ada").await.blocks.is_empty());
    world.quiet().await;
}

#[tokio::test]
async fn what_entra_said_just_before_we_knew_the_object_is_read_once_more() {
    let world = world().await;
    connected(&world).await;
    // Nobody else hears of what is due.
    let effect = Effect::Refuse(500, "InternalServerError");
    world.operator.fault(Fault { operation: "PutEvents", skip: 0, times: usize::MAX, effect });
    let (_, due) = begin(&world, "clean").await;
    world.directory.calls();
    world.batch(&[due]).await;
    let calls = world.directory.calls();
    let writes = calls.iter().filter(|call| call.writes()).count();
    let (_, due) = begin(&world, "ada").await;
    // The write that ends the push, before the one that ends the item, is refused again and again,
    // as it is where others write too: meanwhile the account is disabled, and a round tells of it.
    let (operation, effect) = ("TransactWriteItems", Effect::Cancel("TransactionConflict"));
    world.directory.fault(Fault { operation, skip: writes - 2, times: 4, effect });
    let due = [due];
    let disabled = async {
        while there(&world, "ada").is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        change_there(&world, "ada", |user| user.account_enabled = false);
    };
    tokio::join!(world.batch(&due), disabled);
    agrees(&world, "ada", "brought there").await;

    // No round is due: the mark alone has them read.
    world.swept().await;

    let ada = here(&world, "ada").await;
    assert!(ada.blocks.contains(&identity::Block::Entra));
    world.quiet().await;
}
