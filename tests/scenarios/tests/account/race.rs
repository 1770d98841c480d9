//! Whoever changes their mind while an account is seen to: what they said last holds, wherever it meets.

use std::time::Duration;

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
