//! The function dies at every await of a push, or a call fails: one user here, one in Entra.

use std::time::Duration;

use entra_sim::{Domain, Fault as GraphsFault, GraphCall, GraphFault, GraphUser};
use identity::{Anchor, OrganizationId, OutboxId, SecretHash, User, UserId};
use jiff::SignedDuration;
use scenarios::case::named;
use scenarios::mishap::AFTER_THE_LEASE;
use scenarios::wire::{Effect, Fault};
use scenarios::{Call, Case, World};
use serde_json::json;
use store::OutboxItem;
use tokio::time::timeout;

use crate::place::{agrees, connected, here, operate, pending, somebody, there};

async fn world() -> World {
    let world = World::start().await;
    world.microsoft.put_domain(Domain::named("contoso.test")).unwrap();
    connected(&world).await;
    // Nobody is told: the story itself brings what is due.
    let effect = Effect::Refuse(500, "InternalServerError");
    world.operator.fault(Fault { operation: "PutEvents", skip: 0, times: usize::MAX, effect });
    world
}

/// What is brought to Entra.
#[derive(Clone, Copy, Debug)]
enum Push {
    /// Somebody with a licence.
    Made,
    /// Somebody who becomes an account that has no anchor yet.
    Linked,
}

const SKU: &str = "05e9a617-0261-4cee-bb44-138d3ef5d965";

impl Push {
    const ALL: [Self; 2] = [Self::Made, Self::Linked];

    /// Begins it, and names the item that carries it out.
    async fn begin(self, world: &World, name: &str) -> (OrganizationId, OutboxId) {
        let mut asked = somebody(name);
        asked["licences"] = json!([SKU]);
        let object = match self {
            Self::Made => None,
            Self::Linked => {
                let account = GraphUser {
                    user_principal_name: format!("{name}@contoso.test"),
                    display_name: name.to_owned(),
                    ..GraphUser::default()
                };
                Some(world.microsoft.put_user(account).unwrap().id)
            }
        };
        let made = operate(world, "create_user", asked).await.unwrap();
        let user: UserId = made["user"].as_str().unwrap().parse().unwrap();
        let due =
            (world.organization, OutboxItem::pushing(world.organization, user, world.now()).id);
        if let Some(object) = object {
            world.batch(&[due]).await;
            let asked = json!({
                "email": format!("{name}@contoso.test"), "object_id": object, "confirm": true,
            });
            operate(world, "link_user", asked).await.unwrap();
        }
        due
    }

    /// The calls that it takes when nothing fails.
    async fn clean(self, world: &World) -> Vec<Call> {
        let name = format!("clean-{self:?}");
        let due = self.begin(world, &name).await;
        world.directory.calls();
        world.batch(&[due]).await;
        agrees(world, &name, "without a fault").await;
        let calls = world.directory.calls();
        assert!(calls.len() >= 6, "{calls:?}");
        calls
    }

    /// What is to be true once all is mended.
    async fn recovered(self, world: &World, name: &str, what: &str) {
        world.records().await.check_invariants();
        for _ in 0..4 {
            world.clock.pass(AFTER_THE_LEASE);
            world.agree();
            world.sweep().await;
        }
        agrees(world, name, what).await;
        assert!(pending(world).await.is_empty(), "{what}");
        let (ours, theirs) = (here(world, name).await, there(world, name).remove(0));
        let of_ours = ours.anchor == Some(Anchor::of(ours.id));
        match self {
            Self::Made => {
                assert!(of_ours && ours.made_in.is_some(), "{what}");
                let licences = theirs.more["assignedLicenses"].as_array().unwrap();
                assert_eq!(licences.len(), 1, "{what}");
            }
            Self::Linked => assert!(!of_ours && ours.made_in.is_none(), "{what}"),
        }
        world.records().await.check_invariants();
    }
}

#[tokio::test]
async fn a_push_that_dies_at_any_await_leaves_one_user_here_and_one_in_entra() {
    for push in Push::ALL {
        let world = world().await;
        let calls = push.clean(&world).await;
        for (position, call) in calls.iter().enumerate() {
            let before = calls[..position].iter().filter(|earlier| *earlier == call).count();
            for (effect, when) in [(Effect::Stall, "before"), (Effect::StallAnswer, "after")] {
                let name = format!("ada-{position}-{when}");
                let what = format!("{push:?} {when} {call:?}");
                let due = [push.begin(&world, &name).await];
                let operation = named(&call.operation);
                world.directory.fault(Fault { operation, skip: before, times: 1, effect });
                tokio::select! {
                    _ = world.batch(&due) => panic!("{what}: it did not stall"),
                    () = world.directory.stalled() => {}
                }
                world.directory.mend_spent(&what);
                push.recovered(&world, &name, &what).await;
            }
        }
    }
}

#[tokio::test]
async fn a_push_that_somebody_writes_beside_at_any_await_loses_nothing_of_either() {
    for push in Push::ALL {
        let world = world().await;
        let calls = push.clean(&world).await;
        let recovery = SecretHash::of(&[b"written beside"]);
        for (position, call) in calls.iter().enumerate() {
            let before = calls[..position].iter().filter(|earlier| *earlier == call).count();
            let (name, what) = (format!("ada-{position}"), format!("{push:?} at {call:?}"));
            let beside = |user: &mut User| user.recovery = Some(recovery.clone());
            let due = [push.begin(&world, &name).await];
            // The call is made again after a while: meanwhile somebody else writes.
            let (operation, effect) = (named(&call.operation), Effect::Refuse(500, "Internal"));
            world.directory.fault(Fault { operation, skip: before, times: 1, effect });
            let user = here(&world, &name).await;
            let written = async {
                let passed = world.directory.passed() + position;
                while world.directory.passed() < passed {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                world.amend(&user, beside).await;
            };
            let written = timeout(Duration::from_secs(2), written);
            let (_, written) = tokio::join!(world.batch(&due), written);
            if written.is_err() {
                world.amend(&user, beside).await;
            }
            world.directory.mend();
            push.recovered(&world, &name, &what).await;
            assert_eq!(here(&world, &name).await.recovery, Some(recovery.clone()), "{what}");
        }
    }
}

#[tokio::test]
async fn a_push_whose_call_of_graph_fails_in_any_way_leaves_one_user_here_and_one_in_entra() {
    for push in Push::ALL {
        let world = world().await;
        let known = world.microsoft.graph_calls().len();
        push.clean(&world).await;
        let made = world.microsoft.graph_calls().split_off(known);
        let is_ours = |call: &&GraphCall| call.path.starts_with("/users");
        let steps: Vec<_> = made.iter().filter(is_ours).map(|call| call.method.clone()).collect();
        for (position, method) in steps.iter().enumerate() {
            let before = steps[..position].iter().filter(|earlier| *earlier == method).count();
            for fault in [
                GraphsFault::Lost,
                GraphsFault::Torn,
                GraphsFault::Garbage,
                GraphsFault::Unauthorized,
                GraphsFault::Status(503),
                GraphsFault::Throttled { retry_after: Some(7) },
            ] {
                let name = format!("ada-{position}-{}", world.microsoft.graph_calls().len());
                let what = format!("{push:?}: {fault:?} of {position} {method}");
                let due = push.begin(&world, &name).await;
                let fault = GraphFault::next(fault).at("/users").when(method);
                let skip = u32::try_from(before).unwrap();
                world.microsoft.inject(GraphFault { skip, ..fault });
                world.batch(&[due]).await;
                world.microsoft.mend();
                world.clock.pass(SignedDuration::from_mins(31));
                push.recovered(&world, &name, &what).await;
            }
        }
    }
}

#[tokio::test]
async fn a_push_whose_call_of_graph_is_never_answered_is_taken_up_again() {
    let world = world().await;
    let (name, push) = ("grace", Push::Made);
    let due = [push.begin(&world, name).await];
    let known = world.microsoft.graph_calls().len();
    world.microsoft.inject(GraphFault::next(GraphsFault::Hang).at("/users").when("POST"));
    let asked = async {
        while world.microsoft.graph_calls().len() == known {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::select! {
        _ = world.batch(&due) => {}
        asked = timeout(Duration::from_secs(20), asked) => asked.unwrap(),
    }
    push.recovered(&world, name, "never answered").await;
}

#[tokio::test]
async fn a_push_survives_every_fault_and_an_event_that_comes_twice() {
    for push in Push::ALL {
        let world = world().await;
        let calls = push.clean(&world).await;
        let mut cases = Case::all(&calls);
        // What is over at once shows by the first of both.
        cases.retain(|case| matches!(push, Push::Made) || !case.is_mended_by_another_attempt());
        for (position, case) in cases.iter().enumerate() {
            let (name, what) = (format!("ada-{position}"), format!("{push:?}: {case:?}"));
            let due = push.begin(&world, &name).await;
            world.directory.fault(case.fault());
            world.batch(&[due, due]).await;
            world.directory.mend();
            world.batch(&[due]).await;
            push.recovered(&world, &name, &what).await;
        }
    }
}
