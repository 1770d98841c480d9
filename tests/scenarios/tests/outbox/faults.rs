//! Each call of the directory function fails, once and for good, on each kind of item.

use identity::{OrganizationId, OutboxId};
use scenarios::mishap::AFTER_THE_LEASE;
use scenarios::{Call, Case, Failing, Spell, World};
use serde_json::json;

use crate::errand::{Errand, Item};

async fn survive(errand: Errand) {
    let world = World::start().await;
    let calls = run(&world, errand, 0).await;
    for (position, case) in Case::all(&calls).iter().enumerate() {
        let what = format!("{errand:?} {case:?}");
        let mut item = errand.begin(&world, position + 1).await;
        let before = item.audited(&world).await;
        world.directory.fault(case.fault());

        let reply = world.batch(&[item.due]).await;
        world.directory.mend_spent(&what);
        if case.spell == Spell::Once {
            assert_eq!(reply["batchItemFailures"], json!([]), "{what}");
            assert!(!item.waits(&world).await, "{what}: left to the sweep");
        } else {
            world.batch(&[item.due]).await;
            world.clock.pass(AFTER_THE_LEASE);
            world.sweep().await;
        }

        item.follow(&world).await;
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
    item.follow(world).await;
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

/// Somebody whose claim changed lately asks for a code, which is for the administrators to know.
async fn ask_with_a_changed_claim(world: &World, number: usize) -> (OrganizationId, OutboxId) {
    let (name, now) = (format!("changed-{number}"), world.now());
    world.user_with(&name, |user| user.claim_changed_at = Some(now)).await;
    crate::errand::ask_for_code(world, &name).await;
    crate::errand::announced(&world.login)
}

#[tokio::test]
async fn every_administrator_is_asked_once_whatever_fails() {
    let world = World::start().await;
    world.administrator("root").await;
    let asked = |name: &str| world.mails(&format!("{name}@contoso.test")).len();
    let due = ask_with_a_changed_claim(&world, 0).await;
    world.directory.calls();
    world.batch(&[due]).await;
    let cases = Case::all(&world.directory.calls());
    assert!(cases.len() >= 8 * 6, "{cases:?}");

    for (position, case) in cases.iter().enumerate() {
        let what = format!("{case:?}");
        let due = ask_with_a_changed_claim(&world, position + 1).await;
        world.directory.fault(case.fault());
        world.batch(&[due]).await;
        world.directory.mend_spent(&what);
        world.batch(&[due]).await;
        world.clock.pass(AFTER_THE_LEASE);
        world.sweep().await;
        world.clock.pass(AFTER_THE_LEASE);
        world.sweep().await;

        assert_eq!(world.records().await.count("#OUTBOX#"), 0, "{what}: something is left");
        assert_eq!((asked("admin"), asked("root")), (position + 2, position + 2), "{what}");
    }
}

#[tokio::test]
async fn more_administrators_than_a_transaction_holds_are_asked_and_told_once_each() {
    let world = World::start().await;
    let names = (0..200).map(|number| format!("root-{number}")).collect::<Vec<_>>();
    for name in &names {
        world.administrator(name).await;
    }
    let due = ask_with_a_changed_claim(&world, 0).await;

    world.batch(&[due]).await;
    for _ in 0..3 {
        world.clock.pass(AFTER_THE_LEASE);
        world.sweep().await;
    }

    let mails = |expected: usize| {
        for name in names.iter().map(String::as_str).chain(["admin"]) {
            assert_eq!(world.mails(&format!("{name}@contoso.test")).len(), expected, "{name}");
        }
    };
    mails(1);
    assert_eq!(world.records().await.count("#OUTBOX#"), 0);

    let block = json!({
        "action": "block", "domain": "contoso.test", "email": "root-7@contoso.test",
    });
    world.operate(block).await.unwrap();
    for _ in 0..4 {
        world.clock.pass(AFTER_THE_LEASE);
        world.sweep().await;
    }

    mails(2);
    assert_eq!(world.records().await.count("#OUTBOX#"), 0);

    let recovery = json!({
        "action": "bootstrap", "organization": "Contoso", "domain": "contoso.test",
        "email": "root-8@contoso.test",
    });
    world.directory.calls();
    world.operate(recovery).await.unwrap();
    for _ in 0..4 {
        world.clock.pass(AFTER_THE_LEASE);
        world.sweep().await;
    }

    let calls = world.directory.calls();
    let sent = calls.iter().filter(|call| call.operation == "SendEmail").count();
    // All but the one who is blocked; the outbox of mails keeps no more than five hundred.
    assert_eq!(sent, names.len());
    assert_eq!(world.records().await.count("#OUTBOX#"), 0);
}
