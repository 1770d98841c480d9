//! The one-minute sweep: what it takes, when, and what becomes of what keeps failing.

use jiff::SignedDuration;
use local::invoke::Outcome;
use scenarios::{Effect, Fault, World};

use crate::errand::Errand;
use crate::{AFTER_THE_GRACE, mails_fail};

#[tokio::test]
async fn the_sweep_takes_what_no_event_brought_after_its_grace_and_not_before() {
    let world = World::start().await;
    let mut item = Errand::Code.begin(&world, 0).await;

    world.clock.pass(SignedDuration::from_secs(29));
    world.sweep().await;
    let early = item.mails(&world).len();
    world.clock.pass(SignedDuration::from_secs(1));
    world.sweep().await;

    assert_eq!((early, item.mails(&world).len()), (0, 1));
    item.finish(&world, "swept").await;
}

#[tokio::test]
async fn a_sweep_that_cannot_look_fails_and_the_next_one_makes_up_for_it() {
    let world = World::start().await;
    let item = Errand::Invitation.begin(&world, 0).await;
    world.clock.pass(AFTER_THE_GRACE);
    for skip in [0, 7, 15] {
        let effect = Effect::Refuse(500, "InternalServerError");
        world.directory.fault(Fault { operation: "Query", skip, times: usize::MAX, effect });

        let outcome = world.sweep().await;
        world.directory.mend_spent("a sweep");

        assert!(matches!(outcome, Outcome::Failed(_)), "{skip}: {outcome:?}");
        assert_eq!(item.mails(&world).len(), 0);
    }
    assert!(matches!(world.sweep().await, Outcome::Answered(_)));
    assert_eq!(item.mails(&world).len(), 1);
}

#[tokio::test]
async fn an_item_that_fails_keeps_no_other_from_being_carried_out() {
    let world = World::start().await;
    let mut items = Vec::new();
    for number in 0..4 {
        items.push(Errand::Invitation.begin(&world, number).await);
    }
    world.clock.pass(AFTER_THE_GRACE);
    let effect = Effect::Refuse(400, "AccessDeniedException");
    world.directory.fault(Fault { operation: "GetItem", skip: 0, times: 1, effect });

    let outcome = world.sweep().await;

    world.directory.mend_spent("one item");
    let Outcome::Failed(error) = outcome else { panic!("{outcome:?}") };
    let error = String::from_utf8_lossy(&error).into_owned();
    assert!(error.contains("1 of 4 due items failed"), "{error}");
    let sent = |world: &World| items.iter().map(|item| item.mails(world).len()).sum::<usize>();
    assert_eq!(sent(&world), 3);
    assert!(matches!(world.sweep().await, Outcome::Answered(_)));
    assert_eq!(sent(&world), 4);
}

#[tokio::test]
async fn each_try_waits_twice_as_long_until_half_an_hour_and_ends_after_a_day() {
    let world = World::start().await;
    let item = Errand::Invitation.begin(&world, 0).await;
    let before = world.records().await;
    mails_fail(&world, Effect::Refuse(400, "SendingPausedException"));
    world.batch(&[item.due]).await;
    let tries = |world: &World| {
        world.directory.calls().iter().filter(|call| call.operation == "SendEmail").count()
    };
    assert_eq!(tries(&world), 1);

    for pause in [30, 60, 120, 240, 480, 960, 1800, 1800] {
        world.clock.pass(SignedDuration::from_secs(pause - 1));
        world.sweep().await;
        assert_eq!(tries(&world), 0, "within {pause} s");
        world.clock.pass(SignedDuration::from_secs(1));
        world.sweep().await;
        assert_eq!(tries(&world), 1, "after {pause} s");
    }
    world.clock.pass(SignedDuration::from_hours(24));
    world.sweep().await;

    assert_eq!(tries(&world), 0, "after a day");
    let records = world.records().await;
    assert_eq!(records.count("#OUTBOX#"), 0);
    assert_eq!(item.mails(&world).len(), 0);
    let audited = records.audited_since(&before);
    let given_up = audited.iter().filter(|(action, _)| action == "mail_given_up").count();
    assert_eq!(given_up, 1, "{audited:?}");
}
