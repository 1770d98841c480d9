//! What must happen after a decision happens: at least once, never lost, and always the same.

mod errand;
mod faults;
mod schedule;
mod turns;

use errand::Errand;
use jiff::SignedDuration;
use local::services::Deliveries;
use scenarios::world::code_of;
use scenarios::{Effect, Fault, World};

/// Longer than the grace that an event has before the sweep looks.
const AFTER_THE_GRACE: SignedDuration = SignedDuration::from_secs(31);

fn mails_fail(world: &World, effect: Effect) {
    world.directory.fault(Fault { operation: "SendEmail", skip: 0, times: usize::MAX, effect });
}

#[tokio::test]
async fn an_event_that_comes_twice_sends_one_mail() {
    let world = World::with(Deliveries::Twice).await;
    let user = world.user("ada").await;
    let mut browser = world.browser();
    let page = browser.begin_enrolment(&world.sso("_1")).await;
    let page = browser.submit(&page, &[("address", user.user_name.as_str())]).await;

    let code = world.code("ada@personal.test").await;
    world.quiet().await;
    let page = browser.submit(&page, &[("code", &code)]).await;

    page.options();
    assert_eq!(world.mails("ada@personal.test").len(), 1);
}

#[tokio::test]
async fn an_item_named_twice_in_a_batch_or_in_two_at_once_sends_one_mail() {
    let world = World::start().await;
    for number in 0..5 {
        let item = Errand::Invitation.begin(&world, number).await;

        let due = [item.due, item.due];
        let (one, other) = tokio::join!(world.batch(&due), world.batch(&due));

        assert_eq!(item.mails(&world).len(), 1);
        for reply in [one, other] {
            assert_eq!(reply["batchItemFailures"], serde_json::json!([]));
        }
    }
}

#[tokio::test]
async fn two_sweeps_at_once_send_each_mail_once() {
    let world = World::start().await;
    let mut items = Vec::new();
    for number in 0..10 {
        items.push(Errand::Invitation.begin(&world, number).await);
    }
    world.clock.pass(AFTER_THE_GRACE);

    tokio::join!(world.sweep(), world.sweep(), world.sweep());

    assert_eq!(world.records().await.count("#OUTBOX#"), 0);
    for item in items {
        assert_eq!(item.mails(&world).len(), 1);
    }
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_given_up_and_audited() {
    let cases = [
        // what SES says, why the mail was given up
        (Effect::Refuse(400, "MessageRejected"), "the mail service refused the mail"),
        (Effect::Refuse(400, "BadRequestException"), "the mail service refused the mail"),
    ];
    let world = World::start().await;
    for (number, (effect, reason)) in cases.into_iter().enumerate() {
        let item = Errand::Code.begin(&world, number).await;
        let before = world.records().await;
        mails_fail(&world, effect);

        world.batch(&[item.due]).await;
        world.directory.mend_spent(reason);

        let records = world.records().await;
        let audited = vec![("mail_given_up".to_owned(), Some(reason.to_owned()))];
        assert_eq!(records.audited_since(&before), audited);
        assert_eq!(records.count("#OUTBOX#"), 0);
        assert_eq!(item.mails(&world).len(), 0);
    }
}

#[tokio::test]
async fn a_mail_that_cannot_be_sent_now_is_sent_later_with_the_same_code() {
    let cases = [
        Effect::Refuse(429, "TooManyRequestsException"),
        Effect::Refuse(400, "SendingPausedException"),
        Effect::Refuse(400, "MailFromDomainNotVerifiedException"),
        Effect::Refuse(500, "InternalServiceErrorException"),
        Effect::Lose,
    ];
    let world = World::start().await;
    for (number, effect) in cases.into_iter().enumerate() {
        let what = format!("{effect:?}");
        let mut item = Errand::Code.begin(&world, number).await;
        mails_fail(&world, effect);
        world.batch(&[item.due]).await;
        world.directory.mend_spent(&what);
        assert_eq!(item.mails(&world).len(), 0, "{what}");

        world.clock.pass(SignedDuration::from_secs(29));
        world.sweep().await;
        assert_eq!(item.mails(&world).len(), 0, "{what}: too early");
        world.clock.pass(SignedDuration::from_secs(1));
        world.sweep().await;

        assert_eq!(item.mails(&world).len(), 1, "{what}");
        item.finish(&world, &what).await;
    }
}

#[tokio::test]
async fn a_crash_between_mail_and_end_sends_at_most_a_second_mail_with_the_same_code() {
    let world = World::start().await;
    let mut item = Errand::Code.begin(&world, 0).await;
    let finishing =
        Fault { operation: "TransactWriteItems", skip: 2, times: usize::MAX, effect: Effect::Lose };
    world.directory.fault(finishing);

    let crashed = world.batch(&[item.due]).await;
    world.directory.mend_spent("the end of the item");
    let brought_again = world.batch(&[item.due]).await;
    world.clock.pass(SignedDuration::from_secs(89));
    world.sweep().await;
    let while_leased = item.mails(&world).len();
    world.clock.pass(SignedDuration::from_secs(1));
    world.sweep().await;
    world.clock.pass(SignedDuration::from_mins(3));
    world.sweep().await;

    assert_eq!(crashed["batchItemFailures"].as_array().unwrap().len(), 1);
    assert_eq!(brought_again["batchItemFailures"].as_array().unwrap().len(), 0);
    assert_eq!(while_leased, 1);
    let codes = item.mails(&world).iter().map(code_of).collect::<Vec<_>>();
    assert_eq!(codes, vec![codes[0].clone(); 2]);
    item.finish(&world, "a second mail").await;
}

#[tokio::test]
async fn a_code_that_nobody_waits_for_any_more_is_not_mailed() {
    let world = World::start().await;
    let item = Errand::Code.begin(&world, 0).await;
    let before = world.records().await;

    world.clock.pass(SignedDuration::from_mins(10));
    world.sweep().await;

    let records = world.records().await;
    let audited = vec![("enrolment_refused".to_owned(), Some("request_over".to_owned()))];
    assert_eq!(records.audited_since(&before), audited);
    assert_eq!(records.count("#OUTBOX#"), 0);
    assert_eq!(item.mails(&world).len(), 0);
}
