//! Many who are missing: held, shown, said, and decided about by somebody.

use entra_sim::{Fault, GraphFault};
use jiff::SignedDuration;
use scenarios::World;
use serde_json::{Value, json};
use store::{MissingEnd, MissingStep};

use crate::place::{
    asked, blocked_are, come_back, connected, held, leave, next_round, operate, read_anew, refused,
    said, search, some, swept,
};

#[tokio::test]
async fn many_are_held_and_an_approval_takes_exactly_those_who_are_still_missing() {
    let world = World::start().await;
    let mut olga = connected(&world, 20).await;
    assert!(!olga.page().await.text.contains("id=\"missing\""));
    let gone = some(&world, 7).await;
    let before = world.records().await;
    leave(&world, &gone);

    read_anew(&world).await;
    asked(&world).await;
    swept(&world).await;

    let (id, missing) = held(&world).await;
    assert_eq!(missing, 7);
    blocked_are(&world, &[], "nobody until somebody decides").await;
    let told = said(&world);
    assert_eq!(told.len(), 1, "{told:?}");
    let expected = json!({ "version": 1, "search": id, "missing": 7, "asked": 22 });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(told[0][name], *value, "{told:?}");
    }
    let page = olga.page().await.text;
    for part in ["id=\"missing\"", "<dd>7 / 22</dd>", &id.to_string(), "approve_missing"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let list = operate(&world, "list_missing", json!({})).await.unwrap();
    assert_eq!(
        (&list["state"], &list["missing"], &list["search"]),
        (&json!("held"), &json!(7), &json!(id))
    );
    let mut names: Vec<&str> = list["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["user_name"].as_str().unwrap())
        .collect();
    let mut expected: Vec<&str> = gone.iter().map(|user| user.user_name.as_str()).collect();
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert!(list["users"].as_array().unwrap().iter().all(|user| user["blocked"] == false));

    // Somebody is there again by then; no round has told of them.
    come_back(&world, &gone[3]);
    let asks = |missing: u64| json!({ "search": id, "missing": missing });
    refused(&world, "approve_missing", asks(6), "Refused", "as list_missing counts them").await;
    let answer = operate(&world, "approve_missing", asks(7)).await.unwrap();
    assert_eq!(answer["state"], "taking");
    world.settled().await;

    let expected: Vec<_> = gone.iter().filter(|user| user.id != gone[3].id).cloned().collect();
    blocked_are(&world, &expected, "those who are still missing").await;
    let audited = world.quiet().await.audited_since(&before);
    let mut expected = vec![("access_taken".to_owned(), Some("missing".to_owned())); 6];
    expected.extend(["missing_approved", "missing_held"].map(|word| (word.to_owned(), None)));
    expected.extend(vec![("sessions_left".to_owned(), Some("no_consent".to_owned())); 6]);
    // Whoever is looked at once more is looked at with what changed since.
    expected.push(("user_changed".to_owned(), Some("directory".to_owned())));
    assert_eq!(audited, expected, "each once");
    refused(&world, "approve_missing", asks(7), "Refused", "waits for a decision").await;
    refused(&world, "dismiss_missing", json!({ "search": id }), "Refused", "waits for a decision")
        .await;
    assert!(!olga.page().await.text.contains("id=\"missing\""));
    let list = operate(&world, "list_missing", json!({})).await.unwrap();
    assert_eq!(list["state"], "taken");
}

#[tokio::test]
async fn a_dismissal_takes_nobody_and_the_next_reading_of_everybody_searches_anew() {
    let world = World::start().await;
    connected(&world, 20).await;
    let gone = some(&world, 7).await;
    leave(&world, &gone);
    read_anew(&world).await;
    asked(&world).await;
    let (first, _) = held(&world).await;

    let answer = operate(&world, "dismiss_missing", json!({ "search": first })).await.unwrap();

    assert_eq!(answer, json!({ "search": first, "missing": 7, "state": "dismissed" }));
    swept(&world).await;
    next_round(&world).await;
    world.quiet().await;
    blocked_are(&world, &[], "dismissed").await;
    let of_first = json!({ "search": first, "missing": 7 });
    refused(&world, "approve_missing", of_first.clone(), "Refused", "waits for a decision").await;

    read_anew(&world).await;
    asked(&world).await;
    let (second, _) = held(&world).await;
    assert_ne!(first, second);
    let why = "another search has begun";
    refused(&world, "approve_missing", of_first, "Refused", why).await;
    refused(&world, "dismiss_missing", json!({ "search": first }), "Refused", why).await;
    let place = json!({ "next": format!("{first}.0") });
    refused(&world, "list_missing", place, "BadRequest", "what the last page answered").await;
    swept(&world).await;
    blocked_are(&world, &[], "an approval of the list before is worth nothing").await;
    let approved = json!({ "search": second, "missing": 7 });
    operate(&world, "approve_missing", approved).await.unwrap();
    world.settled().await;
    blocked_are(&world, &gone, "the second one was approved").await;
}

#[tokio::test]
async fn of_two_who_decide_at_once_one_does() {
    let world = World::start().await;
    connected(&world, 20).await;
    let gone = some(&world, 7).await;
    leave(&world, &gone);
    read_anew(&world).await;
    asked(&world).await;
    let (id, missing) = held(&world).await;
    swept(&world).await;

    let approve = operate(&world, "approve_missing", json!({ "search": id, "missing": missing }));
    let dismiss = operate(&world, "dismiss_missing", json!({ "search": id }));
    let (approved, dismissed) = tokio::join!(approve, dismiss);

    assert!(approved.is_ok() != dismissed.is_ok(), "{approved:?} {dismissed:?}");
    let loser = approved.as_ref().err().or(dismissed.as_ref().err()).unwrap();
    let words = [("Conflict", "somebody else changed it"), ("Refused", "waits for a decision")];
    let said = |(kind, why): &(&str, &str)| {
        loser["errorType"] == *kind && loser["errorMessage"].as_str().unwrap().contains(why)
    };
    assert!(words.iter().any(said), "{loser}");
    swept(&world).await;
    let expected = if approved.is_ok() { &gone[..] } else { &[] };
    blocked_are(&world, expected, "what was decided").await;
}

#[tokio::test]
async fn a_list_is_of_its_organization_alone_and_kept_as_long_as_the_audit() {
    let world = World::start().await;
    connected(&world, 20).await;
    let fabrikam = world.found("Fabrikam", "fabrikam.test").await;
    leave(&world, &some(&world, 7).await);
    read_anew(&world).await;
    asked(&world).await;
    let (id, missing) = held(&world).await;

    let theirs = |more: Value| {
        let mut asked = json!({ "domain": "fabrikam.test" });
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked
    };
    let list = operate(&world, "list_missing", theirs(json!({}))).await.unwrap();
    assert_eq!(list, json!({ "search": null, "users": [], "next": null }));
    let why = "waits for a decision";
    let approval = theirs(json!({ "search": id, "missing": missing }));
    refused(&world, "approve_missing", approval, "Refused", why).await;
    refused(&world, "dismiss_missing", theirs(json!({ "search": id })), "Refused", why).await;
    let nobodys = json!({ "domain": "nobody.test" });
    refused(&world, "list_missing", nobodys, "NotFound", "no organization").await;
    let stored = world.store.missing_search(fabrikam.id, world.now()).await.unwrap();
    assert!(stored.is_none());

    // It is kept as long as the audit, and nobody decides about it afterwards.
    let end = search(&world).await.began_at + SignedDuration::from_hours(400 * 24);
    for (now, is_held) in [(end - SignedDuration::from_secs(2), true), (end, false)] {
        let stored = world.store.missing_search(world.organization, now).await.unwrap().unwrap();
        let list = world.store.missed(world.organization, id, 0..1, now).await.unwrap();
        assert_eq!(stored.value.held_since(now).is_some(), is_held, "{now}");
        assert_eq!(stored.value.is_due_again(now), !is_held, "{now}");
        assert_eq!(list[0].len() as u64, if is_held { missing } else { 0 }, "{now}");
    }
}

#[tokio::test]
async fn the_limit_is_the_organizations_own() {
    let world = World::start().await;
    connected(&world, 20).await;
    for (users, percent) in [(100_001, 10), (0, 101), (100_001, 101)] {
        let asked = json!({ "users": users, "percent": percent });
        refused(&world, "missing_limit", asked, "BadRequest", "0 to 100000").await;
    }
    for asked in [
        json!({ "users": -1, "percent": 1 }),
        json!({ "users": 1 }),
        json!({ "percent": 256, "users": 1 }),
    ] {
        refused(&world, "missing_limit", asked, "BadRequest", "not an action").await;
    }
    let round = world.store.import(world.organization, world.now()).await.unwrap().unwrap().version;
    let limit = json!({ "users": 0, "percent": 0 });
    let answer = operate(&world, "missing_limit", limit).await.unwrap();
    let expected = json!({ "users": 0, "percent": 0, "users_before": 5, "percent_before": 10 });
    assert_eq!(answer, expected);
    let interval = json!({ "minutes": 240 });
    operate(&world, "check_interval", interval).await.unwrap();
    swept(&world).await;
    let after = world.store.import(world.organization, world.now()).await.unwrap().unwrap().version;
    assert_eq!(after, round + 1, "another limit is no reason for a round, another interval is");

    let mut gone = some(&world, 2).await;
    let later = gone.split_off(1);
    leave(&world, &gone);
    read_anew(&world).await;
    asked(&world).await;
    let (id, _) = held(&world).await;
    operate(&world, "missing_limit", json!({ "users": 1, "percent": 0 })).await.unwrap();
    swept(&world).await;
    held(&world).await;
    operate(&world, "approve_missing", json!({ "search": id, "missing": 1 })).await.unwrap();
    world.settled().await;
    blocked_are(&world, &gone, "approved").await;
    leave(&world, &later);
    read_anew(&world).await;
    swept(&world).await;
    gone.extend(later);
    blocked_are(&world, &gone, "by the limit that stands now").await;
    let MissingStep::Over { end, .. } = search(&world).await.step else { panic!("it is over") };
    assert_eq!(end, MissingEnd::Taken);
}

#[tokio::test]
async fn a_list_that_is_held_again_is_another_occurrence_and_reminded_of_once() {
    let world = World::start().await;
    connected(&world, 20).await;
    let gone = some(&world, 7).await;
    leave(&world, &gone);
    read_anew(&world).await;
    asked(&world).await;
    swept(&world).await;
    let (id, missing) = held(&world).await;
    // Of one of them it cannot be said any more by then.
    let path = format!("/users/{}", gone[0].object_id.unwrap());
    world.microsoft.inject(GraphFault::next(Fault::Status(403)).at(&path).times(u32::MAX));

    let asks = json!({ "search": id, "missing": missing });
    operate(&world, "approve_missing", asks).await.unwrap();
    swept(&world).await;

    assert_eq!(held(&world).await, (id, missing), "the same list");
    blocked_are(&world, &gone[1..], "those of whom it is known").await;
    let told = said(&world);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0]["search"] == told[1]["search"] && told[0]["id"] != told[1]["id"], "{told:?}");
    world.clock.pass(SignedDuration::from_hours(25));
    world.agree();
    world.sweep().await;
    let told = said(&world);
    assert_eq!((told.len(), &told[2]), (3, &told[1]), "of what is held now");
}
