//! The function dies at every await of a push, or a call fails: one user here, one in Entra.

use std::time::Duration;

use entra_sim::{Domain, Fault as GraphsFault, GraphFault};
use identity::{OrganizationId, OutboxId};
use jiff::SignedDuration;
use scenarios::case::named;
use scenarios::wire::{Effect, Fault};
use scenarios::{Call, Case, World};
use tokio::time::timeout;

use crate::place::{agrees, connected, create, pending};

/// Longer than whoever carries an item out has before somebody else may.
const AFTER_THE_LEASE: SignedDuration = SignedDuration::from_secs(91);

async fn world() -> World {
    let world = World::start().await;
    world.microsoft.put_domain(Domain::named("contoso.test")).unwrap();
    connected(&world).await;
    // Nobody is told: the story itself brings what is due.
    let effect = Effect::Refuse(500, "InternalServerError");
    world.operator.fault(Fault { operation: "PutEvents", skip: 0, times: usize::MAX, effect });
    world
}

/// Makes somebody, and names the item that is to push them.
async fn begin(world: &World, name: &str) -> (OrganizationId, OutboxId) {
    let made = create(world, name).await;
    let records = world.records().await;
    let items = records.values("#OUTBOX#").into_iter();
    let item = items.into_iter().find(|item| item["task"]["push_user"]["user"] == made["user"]);
    (world.organization, item.unwrap()["id"].as_str().unwrap().parse().unwrap())
}

/// The calls that a push takes when nothing fails.
async fn clean(world: &World) -> Vec<Call> {
    let due = begin(world, "clean").await;
    world.directory.calls();
    world.batch(&[due]).await;
    agrees(world, "clean", "without a fault").await;
    world.directory.calls()
}

async fn recovered(world: &World, name: &str, what: &str) {
    world.records().await.check_invariants();
    for _ in 0..4 {
        world.clock.pass(AFTER_THE_LEASE);
        world.agree();
        world.sweep().await;
    }
    agrees(world, name, what).await;
    assert!(pending(world).await.is_empty(), "{what}");
    world.records().await.check_invariants();
}

#[tokio::test]
async fn a_push_that_dies_at_any_await_leaves_one_user_here_and_one_in_entra() {
    let world = world().await;
    let calls = clean(&world).await;
    assert!(calls.len() >= 5, "{calls:?}");
    for (position, call) in calls.iter().enumerate() {
        let before = calls[..position].iter().filter(|earlier| *earlier == call).count();
        for (effect, when) in [(Effect::Stall, "before"), (Effect::StallAnswer, "after")] {
            let (name, what) = (format!("ada-{position}-{when}"), format!("{when} {call:?}"));
            let due = [begin(&world, &name).await];
            let operation = named(&call.operation);
            world.directory.fault(Fault { operation, skip: before, times: 1, effect });
            tokio::select! {
                _ = world.batch(&due) => panic!("{what}: it did not stall"),
                () = world.directory.stalled() => {}
            }
            world.directory.mend_spent(&what);
            recovered(&world, &name, &what).await;
        }
    }
    for fault in [GraphsFault::Hang, GraphsFault::Lost] {
        let (name, what) = (format!("grace-{fault:?}"), format!("{fault:?} of Graph"));
        let due = [begin(&world, &name).await];
        let known = world.microsoft.graph_calls().len();
        world.microsoft.inject(GraphFault::next(fault).at("/users").when("POST"));
        let asked = async {
            while world.microsoft.graph_calls().len() == known {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::select! {
            _ = world.batch(&due) => {}
            asked = timeout(Duration::from_secs(20), asked) => asked.unwrap(),
        }
        recovered(&world, &name, &what).await;
    }
}

#[tokio::test]
async fn a_push_survives_every_fault_and_an_event_that_comes_twice() {
    let world = world().await;
    let calls = clean(&world).await;
    for (position, case) in Case::all(&calls).iter().enumerate() {
        let (name, what) = (format!("ada-{position}"), format!("{case:?}"));
        let due = begin(&world, &name).await;
        world.directory.fault(case.fault());
        world.batch(&[due, due]).await;
        world.directory.mend();
        world.batch(&[due]).await;
        recovered(&world, &name, &what).await;
    }
}
