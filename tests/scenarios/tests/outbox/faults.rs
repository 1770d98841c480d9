//! Each call of the directory function fails, once and for good, on each kind of item.

use jiff::SignedDuration;
use scenarios::{Call, Case, Failing, Spell, World};

use crate::errand::{Errand, Item};

/// Longer than whoever carries an item out has before somebody else may, and than the first pause.
const AFTER_THE_LEASE: SignedDuration = SignedDuration::from_secs(91);

async fn survive(errand: Errand) {
    let world = World::start().await;
    let calls = run(&world, errand, 0).await;
    for (position, case) in Case::all(&calls).iter().enumerate() {
        let what = format!("{errand:?} {case:?}");
        let mut item = errand.begin(&world, position + 1).await;
        let before = item.audited(&world).await;
        world.directory.fault(case.fault());

        let reply = world.batch(&[item.due]).await;
        let unspent = world.directory.mend();
        if case.spell == Spell::Once {
            assert_eq!(unspent, 0, "{what}: it never happened");
            assert_eq!(reply["batchItemFailures"], serde_json::json!([]), "{what}");
            assert!(!item.waits(&world).await, "{what}: left to the sweep");
        } else {
            world.batch(&[item.due]).await;
            world.clock.pass(AFTER_THE_LEASE);
            world.sweep().await;
        }

        check(&world, &mut item, case, &calls, &what).await;
        if let (Some(before), Some(after)) = (before, item.audited(&world).await) {
            assert_eq!(after.audited_since(&before), [("code_sent".to_owned(), None)], "{what}");
        }
    }
    assert_eq!(world.records().await.count("#OUTBOX#"), 0, "{errand:?}: something is left");
}

/// Runs without a fault, and answers the calls that it takes.
async fn run(world: &World, errand: Errand, number: usize) -> Vec<Call> {
    let mut item = errand.begin(world, number).await;
    world.directory.calls();
    world.batch(&[item.due]).await;
    let calls = world.directory.calls();
    assert_eq!(item.mails(world).len(), 1);
    item.finish(world, "without a fault").await;
    calls
}

async fn check(world: &World, item: &mut Item, case: &Case, calls: &[Call], what: &str) {
    assert!(!item.waits(world).await, "{what}: it is left");
    let mails = item.mails(world).len();
    let at_the_end = case.position + 1 == calls.len();
    let most = match (case.call.operation.as_str(), case.failing, case.spell) {
        // SES took the mail, and nobody heard of it: one for each attempt.
        ("SendEmail", Failing::AnswerLost, Spell::Once) => 2,
        ("SendEmail", Failing::AnswerLost, Spell::ForGood) => 3,
        // The mail was out, and its item did not end.
        (_, Failing::Throttled | Failing::Broken | Failing::Lost, Spell::ForGood) if at_the_end => {
            2
        }
        _ => 1,
    };
    assert!((1..=most).contains(&mails), "{what}: {mails} mails");
    item.finish(world, what).await;
}

#[tokio::test]
async fn a_code_survives_every_fault() {
    survive(Errand::Code).await;
}

#[tokio::test]
async fn a_report_survives_every_fault() {
    survive(Errand::Report).await;
}

#[tokio::test]
async fn an_invitation_survives_every_fault() {
    survive(Errand::Invitation).await;
}

#[tokio::test]
async fn an_alert_survives_every_fault() {
    survive(Errand::Alert).await;
}
