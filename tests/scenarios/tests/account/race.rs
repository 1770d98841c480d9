//! Whoever changes their mind while an account is seen to: what they said last holds, wherever it meets.

use std::time::Duration;

use entra_sim::{Fault as GraphsFault, GraphFault};
use jiff::SignedDuration;
use scenarios::World;
use scenarios::case::named;
use scenarios::mishap::AFTER_THE_LEASE;
use scenarios::wire::{Effect, Fault};
use tokio::time::timeout;

use crate::place::{connected, done, due, here, operate, silent, stands, swept};

#[tokio::test]
async fn what_was_said_last_holds_wherever_it_comes_between() {
    let world = World::start().await;
    connected(&world, &["ada"]).await;
    let ada = here(&world, "ada").await;
    let due = [due(&world, &ada)];
    silent(&world);
    for (first, then, stood) in
        [("block", "unblock", (true, false)), ("unblock", "block", (false, true))]
    {
        for action in [then, first, then] {
            done(&world, action, &ada).await;
        }
        operate(&world, first, "ada").await;
        world.directory.calls();
        world.batch(&due).await;
        let calls = world.directory.calls();
        assert!(calls.len() >= 5, "{calls:?}");
        for (position, call) in calls.iter().enumerate() {
            let before = calls[..position].iter().filter(|earlier| *earlier == call).count();
            let operation = named(&call.operation);
            // Somebody else says so while it goes on, or before it was killed for good.
            let goes_on = (Effect::Refuse(500, "InternalServerError"), false);
            let faults = [goes_on, (Effect::Stall, true)].into_iter();
            for (effect, dies) in faults.filter(|(_, dies)| !dies || call.writes()) {
                let what = format!("{first}, {then} at {position} {call:?}: {effect:?}");
                done(&world, then, &ada).await;
                operate(&world, first, "ada").await;
                world.directory.fault(Fault { operation, skip: before, times: 1, effect });
                if dies {
                    tokio::select! {
                        _ = world.batch(&due) => panic!("{what}: it did not stall"),
                        () = world.directory.stalled() => {}
                    }
                    operate(&world, then, "ada").await;
                } else {
                    let said = async {
                        let passed = world.directory.passed() + position;
                        while world.directory.passed() < passed {
                            tokio::time::sleep(Duration::from_millis(1)).await;
                        }
                        operate(&world, then, "ada").await;
                    };
                    let said = timeout(Duration::from_secs(2), said);
                    let (_, said) = tokio::join!(world.batch(&due), said);
                    if said.is_err() {
                        operate(&world, then, "ada").await;
                    }
                }
                world.directory.mend();
                for _ in 0..2 {
                    world.clock.pass(AFTER_THE_LEASE);
                    world.agree();
                    world.sweep().await;
                }
                swept(&world).await;
                assert_eq!(stands(&world, "ada").await, stood, "{what}");
                let blocks = here(&world, "ada").await.blocks;
                assert_eq!(blocks.is_empty(), stood.0, "{what}");
                world.quiet().await;
            }
        }
    }
}

#[tokio::test]
async fn what_is_decided_while_entra_is_down_does_not_wait_for_what_was_put_off() {
    let world = World::start().await;
    connected(&world, &["ada", "grace"]).await;
    let down = GraphFault::next(GraphsFault::Throttled { retry_after: Some(3_600) });
    let down = down.times(u32::MAX).at("/users");
    for (first, then, stood) in
        [("block", "unblock", (true, false)), ("block", "block", (false, true))]
    {
        let name = if first == then { "grace" } else { "ada" };
        let ada = here(&world, name).await;
        world.microsoft.inject(down.clone());
        operate(&world, first, name).await;
        let due = due(&world, &ada);
        // Until it was tried, and put off by an hour.
        let put_off = async || {
            let item = world.store.outbox(due.0, due.1, world.now()).await.unwrap();
            item.is_none()
        };
        while !put_off().await {}
        for _ in 0..3 {
            world.clock.pass(AFTER_THE_LEASE);
            world.agree();
            world.sweep().await;
        }
        assert!(put_off().await);
        world.microsoft.mend();
        if first == then {
            operate(&world, "unblock", name).await;
        }
        operate(&world, then, name).await;
        for _ in 0..4 {
            world.clock.pass(SignedDuration::from_secs(31));
            world.agree();
            world.sweep().await;
        }
        assert_eq!(stands(&world, name).await, stood, "{first}, {then}");
    }
    // And so are sessions, which nobody decided anew about.
    world.clock.pass(SignedDuration::from_mins(61));
    swept(&world).await;
    world.quiet().await;
}
