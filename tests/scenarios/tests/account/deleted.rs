//! Whoever is deleted here before their account was seen to.

use entra_sim::{Fault, GraphFault};
use jiff::SignedDuration;
use scenarios::World;
use scenarios::microsoft::account;
use scenarios::world::WRITER;
use store::Feature;

use crate::place::{
    change_there, changes_since, connected, ended, here, operate, said, settled, swept, there,
};

#[tokio::test]
async fn whoever_is_blocked_and_deleted_while_entra_is_down_is_disabled_there_afterwards() {
    let world = World::start().await;
    connected(&world, &["ada", "otto"]).await;
    let client = world.other_client().await;
    for (name, enabled, expected) in [
        ("ada", false, ["account_disabled", "sessions_ended"]),
        ("otto", true, ["account_left: synced", "sessions_ended"]),
    ] {
        let before = world.quiet().await;
        let down = GraphFault::next(Fault::Status(503)).times(u32::MAX).at("/users");
        world.microsoft.inject(down);
        operate(&world, "block", name).await;
        client.delete(&format!("/Users/{}", here(&world, name).await.id)).await.expect(204);
        assert!(there(&world, name).account_enabled);
        world.microsoft.mend();
        swept(&world).await;
        assert_eq!(there(&world, name).account_enabled, enabled, "{name}");
        assert!(ended(&world, name).is_some(), "{name}");
        assert_eq!(said(&world, &before).await, expected, "{name}");
        world.quiet().await;
    }
}

#[tokio::test]
async fn whoever_is_deleted_with_access_has_their_sessions_ended_and_whoever_was_disabled_stays_so()
{
    let world = World::start().await;
    connected(&world, &["ada", "grace", "hedy"]).await;
    let client = world.other_client().await;
    let delete = async |name: &str| {
        client.delete(&format!("/Users/{}", here(&world, name).await.id)).await.expect(204);
        swept(&world).await;
    };
    let before = world.quiet().await;
    delete("ada").await;
    assert_eq!(said(&world, &before).await, ["sessions_ended"]);
    assert!(there(&world, "ada").account_enabled && ended(&world, "ada").is_some());

    settled(&world, "block", "grace").await;
    let known = world.microsoft.graph_calls().len();
    delete("grace").await;
    let changes = changes_since(&world, known);
    let words: Vec<_> = changes.iter().map(|(method, _, status)| (&**method, *status)).collect();
    // What is said may be older: it is disabled whatever that is.
    assert_eq!(words, [("PATCH", 204), ("POST", 200)], "disabled before");
    assert!(!there(&world, "grace").account_enabled);

    // By somebody of the tenant; then it is theirs, and nothing ends twice.
    change_there(&world, "hedy", |user| user.account_enabled = false);
    delete("hedy").await;
    assert!(!there(&world, "hedy").account_enabled);
    world.quiet().await;
}

#[tokio::test]
async fn what_graph_forbids_of_one_account_does_not_count_towards_the_consent() {
    let world = World::start().await;
    let olga = connected(&world, &["ada"]).await;
    settled(&world, "block", "ada").await;
    let client = world.other_client().await;
    let may_write = async || {
        let stored = world.store.connection(world.organization, world.now()).await;
        stored.unwrap().unwrap().value.granted.contains_key(&Feature::WriteUsers)
    };
    let later = async || {
        world.clock.pass(SignedDuration::from_mins(31));
        world.agree();
        world.sweep().await;
    };
    world.microsoft.inject(GraphFault::next(Fault::ConsentLost).times(2).when("PATCH"));
    client.delete(&format!("/Users/{}", here(&world, "ada").await.id)).await.expect(204);
    let forbidden = || {
        let calls = world.microsoft.graph_calls();
        calls.iter().filter(|call| call.method == "PATCH" && call.status == 403).count()
    };
    while forbidden() < 2 {
        later().await;
    }
    olga.revoke(WRITER).await;
    let mut refused = 0;
    while may_write().await {
        later().await;
        refused += 1;
    }
    assert_eq!(refused, 3, "each by a token of its own");
}

#[tokio::test]
async fn whoever_is_deleted_while_a_consent_is_gone_is_disabled_once_it_is_given_again() {
    let world = World::start().await;
    let mut olga = connected(&world, &["ada"]).await;
    let client = world.other_client().await;
    olga.revoke(WRITER).await;
    // The token that is there is good for an hour.
    world.clock.pass(SignedDuration::from_hours(2));
    world.agree();
    operate(&world, "block", "ada").await;
    let later = async || {
        world.clock.pass(SignedDuration::from_mins(6));
        world.agree();
        world.sweep().await;
    };
    while world.said("connection.consent_lost").is_empty() {
        later().await;
    }
    client.delete(&format!("/Users/{}", here(&world, "ada").await.id)).await.expect(204);
    for _ in 0..3 {
        later().await;
    }
    assert!(there(&world, "ada").account_enabled, "nobody may touch it");

    olga.connect("write-users", account::BOSS).await;
    later().await;
    swept(&world).await;

    assert!(!there(&world, "ada").account_enabled);
    assert!(ended(&world, "ada").is_some());
    world.quiet().await;
}
