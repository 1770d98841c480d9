//! A tenant that answers for some only, or not at all any more.

use entra_sim::{Fault, GraphFault};
use jiff::SignedDuration;
use scenarios::World;
use scenarios::microsoft::{account, stands};
use scenarios::world::READER;
use serde_json::json;
use store::{MissingEnd, MissingStep, Stage};

use crate::place::{
    asked, blocked_are, connected, held, leave, next_round, operate, read_anew, refused, said,
    search, some, swept, users,
};

#[tokio::test]
async fn whose_own_calls_fail_for_good_are_not_missing_and_keep_nobody_waiting() {
    let world = World::start().await;
    connected(&world, 60).await;
    let mut people = some(&world, 8).await;
    let gone = people.split_off(4);
    leave(&world, &gone);
    // What Graph does of one for ever; whom it does not have it would say so of.
    let faults = [
        Fault::Status(501),
        Fault::Status(403),
        Fault::Throttled { retry_after: Some(60) },
        // Somebody who left, too.
        Fault::Status(401),
    ];
    for (user, fault) in people[1..].iter().chain(&gone[..1]).zip(faults) {
        let path = format!("/users/{}", user.object_id.unwrap());
        world.microsoft.inject(GraphFault::next(fault).at(&path).times(u32::MAX));
    }

    read_anew(&world).await;
    swept(&world).await;

    let found = search(&world).await;
    assert_eq!((found.found, found.missing, found.unknown), (55, 3, 4), "{found:?}");
    blocked_are(&world, &gone[1..], "those of whom it is known").await;
    world.quiet().await;
}

#[tokio::test]
async fn a_tenant_that_answers_for_nobody_takes_nothing_and_is_asked_again_a_day_later() {
    let world = World::start().await;
    connected(&world, 20).await;
    let gone = some(&world, 3).await;
    leave(&world, &gone);
    for user in users(&world).await {
        let path = format!("/users/{}", user.object_id.unwrap());
        world.microsoft.inject(GraphFault::next(Fault::Status(403)).at(&path).times(u32::MAX));
    }

    read_anew(&world).await;
    swept(&world).await;

    let found = search(&world).await;
    assert_eq!((found.missing, found.unknown), (0, 22), "{found:?}");
    let stored = world.store.connection(world.organization, world.now()).await.unwrap().unwrap();
    assert_eq!(
        stored.value.stage,
        Stage::Connected,
        "what is forbidden of users is no lost consent"
    );
    blocked_are(&world, &[], "nothing is known").await;
    assert!(said(&world).is_empty());
    assert!(matches!(found.step, MissingStep::Over { end: MissingEnd::Unknown, .. }), "{found:?}");

    world.microsoft.mend();
    next_round(&world).await;
    assert_eq!(search(&world).await, found, "it is not a day yet");
    world.clock.pass(SignedDuration::from_hours(20));
    next_round(&world).await;
    swept(&world).await;
    blocked_are(&world, &gone, "by the search of a day later").await;
}

#[tokio::test]
async fn a_consent_that_is_taken_back_ends_the_search_until_it_is_given_again() {
    let world = World::start().await;
    let mut olga = connected(&world, 20).await;
    let gone = some(&world, 3).await;
    leave(&world, &gone);
    // The round itself still goes by the token that it has.
    world.microsoft.inject(GraphFault::next(Fault::ConsentLost).at("/$batch").times(3));
    read_anew(&world).await;
    olga.revoke(READER).await;
    swept(&world).await;

    let stored = world.store.connection(world.organization, world.now()).await.unwrap().unwrap();
    assert_eq!(stored.value.stage, Stage::Lost);
    let MissingStep::Over { end, .. } = search(&world).await.step else { panic!("it is over") };
    assert_eq!(end, MissingEnd::Stopped);
    blocked_are(&world, &[], "the consent is gone").await;
    assert!(stands(&olga.page().await).starts_with("The consent was taken back"));
    world.quiet().await;

    // Nobody is forgotten for it: the first round after it begins another search.
    olga.connect("read-users", account::BOSS).await;
    swept(&world).await;
    blocked_are(&world, &gone, "by the search afterwards").await;
}

#[tokio::test]
async fn whoever_was_to_lose_access_when_the_tenant_was_let_go_waits_for_somebody_to_decide() {
    let world = World::start().await;
    let mut olga = connected(&world, 20).await;
    let gone = some(&world, 3).await;
    leave(&world, &gone);
    read_anew(&world).await;
    assert!(matches!(asked(&world).await.step, MissingStep::Taking { .. }));

    olga.press("disconnect").await;
    world.clock.pass(SignedDuration::from_mins(6));
    world.agree();
    swept(&world).await;

    let (id, missing) = held(&world).await;
    blocked_are(&world, &[], "the tenant was let go").await;
    assert_eq!(said(&world).len(), 1, "it is said as of any other list");
    assert!(olga.page().await.text.contains("id=\"missing\""));
    let asks = json!({ "search": id, "missing": missing });
    refused(&world, "approve_missing", asks.clone(), "Refused", "connect the organization's").await;
    olga.connect("read-users", account::BOSS).await;
    world.settled().await;
    operate(&world, "approve_missing", asks).await.unwrap();
    world.settled().await;
    blocked_are(&world, &gone, "approved").await;
    world.quiet().await;
}

#[tokio::test]
async fn a_reading_of_everybody_replaces_the_search_that_is_under_way() {
    let world = World::start().await;
    connected(&world, 20).await;
    let gone = some(&world, 3).await;
    leave(&world, &gone);
    read_anew(&world).await;
    let first = asked(&world).await;
    // Four hours later, before anybody went on with it.
    read_anew(&world).await;
    swept(&world).await;

    let second = search(&world).await;
    assert_ne!(first.id, second.id);
    blocked_are(&world, &gone, "by the second").await;
    let taken = world.quiet().await;
    let taken = taken.audit().iter().filter(|entry| entry["reason"] == "missing").count();
    assert_eq!(taken, 3, "each once");
}
