//! What an invocation of the directory function begins, in which order and until when.

use ambient::SystemEntropy;
use identity::{GroupId, OutboxId};
use jiff::SignedDuration;
use scenarios::{Effect, Fault, World};
use store::{Action, Actor, AuditEntry, Group, OutboxItem};

use crate::AFTER_THE_GRACE;
use crate::errand::Errand;

fn entry(world: &World, action: Action) -> AuditEntry {
    AuditEntry::new(OutboxId::mint(&SystemEntropy), world.now(), Actor::System, action)
}

/// A deleted group that left so many members behind, and what takes them away.
async fn deleted_group(world: &World, members: usize) -> OutboxItem {
    let id = GroupId::mint(&SystemEntropy);
    let group = Group::new(id, "Staff".to_owned(), world.now());
    let (org, said) = (world.organization, entry(world, Action::GroupCreated));
    world.store.create_group(org, &group, &[], &said, &SystemEntropy).await.unwrap();
    world.pretend_members(&id.to_string(), members).await;
    let stored = world.store.group(org, id, world.now()).await.unwrap().unwrap();
    let said = entry(world, Action::GroupDeleted);
    world.store.delete_group(org, &stored, &said, &SystemEntropy).await.unwrap()
}

#[tokio::test]
async fn a_code_goes_before_what_may_take_long() {
    let world = World::start().await;
    let forget = deleted_group(&world, 100).await;
    let code = Errand::Code.begin(&world, 0).await;
    for sweeps in [false, true] {
        world.directory.calls();

        if sweeps {
            world.clock.pass(AFTER_THE_GRACE);
            world.sweep().await;
        } else {
            world.batch(&[(world.organization, forget.id), code.due]).await;
        }

        let calls = world.directory.calls();
        let first = |operation: &str| calls.iter().position(|call| call.operation == operation);
        let sent = first("SendEmail").expect("the code was sent");
        let taken = calls.iter().rposition(|call| call.operation == "Query").expect("and then");
        assert!(sent < taken, "{calls:?}");
        assert_eq!(world.records().await.count("#OUTBOX#"), 0);
        if !sweeps {
            deleted_group(&world, 100).await;
            Errand::Code.begin(&world, 1).await;
        }
    }
}

#[tokio::test]
async fn what_takes_long_stops_in_time_and_the_sweep_goes_on_with_it() {
    let world = World::start().await;
    // The event that says that more is left gets lost.
    let effect = Effect::Refuse(500, "InternalFailure");
    world.directory.fault(Fault { operation: "PutEvents", skip: 0, times: usize::MAX, effect });
    let forget = deleted_group(&world, 400).await;
    let left = async || world.records().await.count("#MEMBERS#");
    // Each look at the clock is a second later: ten seconds are over in the middle of it.
    world.clock.hurry(SignedDuration::from_secs(1));

    let reply = world.batch(&[(world.organization, forget.id)]).await;

    assert_eq!(reply["batchItemFailures"], serde_json::json!([]), "it stays due by itself");
    let after_the_batch = left().await;
    assert!((1..400).contains(&after_the_batch), "{after_the_batch} are left");
    assert_eq!(world.records().await.count("#OUTBOX#"), 1);
    world.sweep().await;
    assert!(left().await < after_the_batch);
    world.sweep().await;
    assert_eq!(left().await, 0);
    assert_eq!(world.records().await.count("#OUTBOX#"), 0);
}

#[tokio::test]
async fn nothing_is_begun_after_half_a_minute_and_the_next_sweep_takes_what_is_left() {
    let world = World::start().await;
    let mut items = Vec::new();
    for number in 0..3 {
        items.push(Errand::Invitation.begin(&world, number).await);
    }
    let sent = |world: &World| items.iter().map(|item| item.mails(world).len()).sum::<usize>();
    let due = items.iter().map(|item| item.due).collect::<Vec<_>>();
    // The turn begins, three items are read, and the first is begun within thirty seconds.
    world.clock.hurry(SignedDuration::from_secs(7));

    let reply = world.batch(&due).await;

    assert_eq!(reply["batchItemFailures"], serde_json::json!([]));
    assert_eq!(sent(&world), 1);
    world.clock.hurry(SignedDuration::ZERO);
    world.sweep().await;
    assert_eq!(sent(&world), 3);
    assert_eq!(world.records().await.count("#OUTBOX#"), 0);
}
