//! Whoever dies at any await of seeing to an account, or is throttled there, and whatever Graph does: it
//! ends as it should, said once.

use entra_sim::Fault;
use scenarios::mishap::{Mishap, afterwards, mishaps};
use scenarios::{Failing, Records, World};

use crate::place::{connected, done, due, ended, here, operate, said, silent, stands, swept};

/// What is seen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leg {
    /// Somebody is blocked, and disabled there.
    Block,
    /// They are unblocked, and enabled there.
    Unblock,
}

impl Leg {
    const fn action(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Unblock => "unblock",
        }
    }

    /// Whether a mishap is another one than those before: where a read fails nothing is undone, that somebody
    /// dies who has just taken the item is told elsewhere, and a call that fails once is made again.
    fn bears(self, mishap: &Mishap) -> bool {
        match mishap {
            Mishap::Killed(case) if case.call.writes() => {
                case.before > 0 && (self == Self::Block || case.failing == Failing::AnswerStalled)
            }
            Mishap::Fails(case) => case.call.writes() && case.before == 1,
            Mishap::Killed(_) => false,
            Mishap::KilledAtGraph { call, .. } => *call > 0 || self == Self::Block,
            Mishap::GraphFails { call, fault } => match fault {
                Fault::Throttled { .. } => *call > 0,
                _ => *call == 1 && self == Self::Block,
            },
        }
    }

    /// Checks that the account is what it should be, by this one's doing.
    async fn ended(self, world: &World, name: &str, before: &Records, what: &str) {
        let expected = match self {
            Self::Block => ["account_disabled", "sessions_ended"].as_slice(),
            Self::Unblock => &["account_enabled"],
        };
        let stood = match self {
            Self::Block => (false, true),
            Self::Unblock => (true, false),
        };
        let told = said(world, before).await;
        assert_eq!(stands(world, name).await, stood, "{what}: {told:?}");
        assert!(ended(world, name).is_some(), "{what}");
        assert_eq!(told, expected, "{what}");
        let records = world.records().await;
        records.check_invariants();
        assert_eq!(records.count("ACCOUNT"), 0, "{what}: nothing is owed");
    }
}

#[tokio::test]
async fn an_end_that_dies_anywhere_or_fails_in_any_way_ends_as_it_should_and_is_said_once() {
    let world = World::start().await;
    connected(&world, &["ada"]).await;
    let ada = here(&world, "ada").await;
    silent(&world);
    for leg in [Leg::Block, Leg::Unblock] {
        // Both applications have their tokens by then.
        done(&world, "block", &ada).await;
        if leg == Leg::Block {
            done(&world, "unblock", &ada).await;
        }
        let before = world.quiet().await;
        operate(&world, leg.action(), "ada").await;
        world.directory.calls();
        let asked = world.microsoft.graph_calls().len();
        world.batch(&[due(&world, &ada)]).await;
        let calls = world.directory.calls();
        let asked = world.microsoft.graph_calls().len() - asked;
        swept(&world).await;
        leg.ended(&world, "ada", &before, "nothing").await;

        let cases = mishaps(&calls, asked).into_iter().filter(|mishap| leg.bears(mishap));
        let cases: Vec<Mishap> = cases.collect();
        assert!(cases.len() >= 6, "{leg:?}: {cases:?}");
        for mishap in cases {
            let what = format!("{leg:?}: {mishap:?}");
            let back = if leg == Leg::Block { "unblock" } else { "block" };
            done(&world, back, &ada).await;
            let before = world.quiet().await;
            operate(&world, leg.action(), "ada").await;
            mishap.befall(&world, due(&world, &ada)).await;
            afterwards(&world).await;
            world.microsoft.mend();
            swept(&world).await;
            leg.ended(&world, "ada", &before, &what).await;
        }
    }
}
