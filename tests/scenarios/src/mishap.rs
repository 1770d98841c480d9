//! What the function is killed in the middle of, or must bear: every call of a clean run, of ours to
//! the account's services and of ours to Graph, before it is carried out and afterwards.

use std::time::Duration;

use entra_sim::{Fault, GraphCall, GraphFault};
use identity::{OrganizationId, OutboxId};
use jiff::SignedDuration;
use serde_json::Value;

use crate::{Call, Case, Failing, Spell, World};

/// Longer than whoever carries an item out has before somebody else may.
pub const AFTER_THE_LEASE: SignedDuration = SignedDuration::from_secs(91);

/// Names an item that is due.
pub type Due = (OrganizationId, OutboxId);

/// One thing that goes wrong.
#[derive(Clone, Debug)]
pub enum Mishap {
    /// It is killed while a call to the account's services is under way.
    Killed(Case),
    /// Such a call fails.
    Fails(Case),
    /// It is killed while Graph is asked, which does as it is told or not.
    KilledAtGraph {
        /// Which of the calls to Graph.
        call: usize,
        /// Whether it does.
        done: bool,
    },
    /// Graph fails.
    GraphFails {
        /// Which of the calls to it.
        call: usize,
        /// How.
        fault: Fault,
    },
}

/// Every one that can happen to a clean run of these calls, and of so many of Graph's.
pub fn mishaps(calls: &[Call], graph: usize) -> Vec<Mishap> {
    let kills = Case::stalls(calls).into_iter().filter(|case| {
        // Once more is no other death.
        case.failing == Failing::Stalled || case.spell == Spell::Once
    });
    let fails = Case::all(calls)
        .into_iter()
        .filter(|case| (case.failing, case.spell) == (Failing::Throttled, Spell::ForGood));
    let killed =
        (0..graph).flat_map(|call| [false, true].map(|done| Mishap::KilledAtGraph { call, done }));
    let faults = || {
        [Fault::Throttled { retry_after: Some(120) }, Fault::Status(503), Fault::Lost, Fault::Torn]
    };
    let failed =
        (0..graph).flat_map(|call| faults().map(|fault| Mishap::GraphFails { call, fault }));
    kills.map(Mishap::Killed).chain(fails.map(Mishap::Fails)).chain(killed).chain(failed).collect()
}

impl Mishap {
    /// Lets it happen to whoever carries the item out, and everything go well from then on. The event
    /// that names it comes twice.
    pub async fn befall(&self, world: &World, due: Due) {
        let once = [due];
        match self {
            Self::Killed(case) => {
                world.directory.fault(case.fault());
                tokio::select! {
                    _ = world.batch(&once) => {}
                    () = world.directory.stalled() => {}
                }
            }
            Self::Fails(case) => {
                world.directory.fault(case.fault());
                world.batch(&once).await;
            }
            Self::KilledAtGraph { call, done } => {
                let call = u32::try_from(*call).unwrap();
                let hang = GraphFault::next(Fault::Hang);
                if *done {
                    // The attempt after the one that it carried out.
                    world.microsoft.inject(GraphFault::next(Fault::Lost).after(call));
                    world.microsoft.inject(hang);
                } else {
                    world.microsoft.inject(hang.after(call));
                }
                let before = world.microsoft.graph_calls().len();
                tokio::select! {
                    _ = world.batch(&once) => {}
                    () = hangs(world, before) => {}
                }
            }
            Self::GraphFails { call, fault } => {
                let call = u32::try_from(*call).unwrap();
                world.microsoft.inject(GraphFault::next(fault.clone()).after(call));
                world.batch(&once).await;
            }
        }
        world.directory.mend();
        world.batch(&[due, due]).await;
    }
}

/// Every one that can happen to whoever asks the operator for something, who asks nobody but the account's
/// services.
pub fn asked_in_vain(calls: &[Call]) -> Vec<Case> {
    mishaps(calls, 0)
        .into_iter()
        .filter_map(|mishap| match mishap {
            Mishap::Killed(case) | Mishap::Fails(case) => Some(case),
            Mishap::KilledAtGraph { .. } | Mishap::GraphFails { .. } => None,
        })
        .collect()
}

/// Asks the operator for something, to whom something happens meanwhile, and once more when everything is
/// well. Answers that time's answer.
pub async fn ask_twice(world: &World, case: &Case, asked: &Value) -> Result<Value, Value> {
    world.operator.fault(case.fault());
    tokio::select! {
        _ = world.operate(asked.clone()) => {}
        () = world.operator.stalled() => {}
    }
    world.operator.mend();
    world.operate(asked.clone()).await
}

/// Lets the sweep go on with whatever was left: for longer, in all, than Graph asked for and than the
/// pauses after a few tries.
pub async fn afterwards(world: &World) {
    for _ in 0..4 {
        world.clock.pass(AFTER_THE_LEASE);
        world.agree();
        world.sweep().await;
    }
}

/// Waits until Graph keeps silent.
async fn hangs(world: &World, before: usize) {
    let silent = |call: &GraphCall| call.status == 0;
    while !world.microsoft.graph_calls().iter().skip(before).any(silent) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
