//! Who is missing after everybody was read anew, and what becomes of them by themselves.

use entra_sim::{Fault, GraphFault, population};
use identity::{Block, User};
use jiff::SignedDuration;
use scenarios::World;
use scenarios::microsoft::account;
use serde_json::json;
use store::{MissingEnd, MissingStep};

use crate::place::{
    asked, blocked_are, come_back, connected, held, leave, next_round, operate, read_anew, refused,
    said, search, some, swept, users,
};

#[tokio::test]
async fn few_who_are_missing_lose_access_once_they_were_asked_for_twice() {
    let world = World::start().await;
    connected(&world, 60).await;
    let gone = some(&world, 6).await;
    let before = world.records().await;
    leave(&world, &gone);
    let calls = world.microsoft.graph_calls().len();

    read_anew(&world).await;
    let found = asked(&world).await;

    assert_eq!((found.found, found.missing, found.unknown), (56, 6, 0));
    assert!(matches!(found.step, MissingStep::Taking { .. }), "{found:?}");
    blocked_are(&world, &[], "they are asked for once more, later").await;
    world.clock.pass(SignedDuration::from_mins(4));
    world.agree();
    world.sweep().await;
    blocked_are(&world, &[], "it is not time yet").await;
    swept(&world).await;
    blocked_are(&world, &gone, "those who are missing, and nobody else").await;
    let MissingStep::Over { end, .. } = search(&world).await.step else { panic!("it is over") };
    assert_eq!(end, MissingEnd::Taken);
    let audited = world.quiet().await.audited_since(&before);
    let word = |word: &str, reason: &str| (word.to_owned(), Some(reason.to_owned()));
    let taken = vec![word("access_taken", "missing"); 6];
    // The tenant lets us read, and nothing else.
    let left = vec![word("sessions_left", "no_consent"); 6];
    assert_eq!(audited, [taken, left].concat(), "each once, and nothing else");
    for user in users(&world).await {
        let before = gone.iter().find(|gone| gone.id == user.id);
        let is_over = |before: &User| user.sessions_valid_from > before.sessions_valid_from;
        assert!(before.is_none_or(is_over), "what was open is over");
    }
    // A twentieth of a call for each user, and for each who is missing once more, and a look afterwards.
    let made = world.microsoft.graph_calls().split_off(calls);
    let batches = made.iter().filter(|call| call.path == "/$batch").count();
    let least = 62_usize.div_ceil(20) + 1;
    assert!((least + 1..=least + gone.len()).contains(&batches), "{batches}");
    let asked = |user: &User| {
        let path = format!("/users/{}", user.object_id.unwrap());
        made.iter().filter(|call| call.batched && call.path == path).count()
    };
    for user in users(&world).await {
        let is_gone = gone.iter().any(|gone| gone.id == user.id);
        let many = asked(&user);
        assert!(if is_gone { many >= 3 } else { many == 1 }, "{many} {}", user.user_name.as_str());
    }

    // Whoever is there again has access again, by the round that tells of them.
    come_back(&world, &gone[0]);
    next_round(&world).await;
    blocked_are(&world, &gone[1..], "who came back").await;
}

#[tokio::test]
async fn a_round_that_tells_what_changed_searches_for_nobody() {
    let world = World::start().await;
    connected(&world, 8).await;
    let known = search(&world).await;
    assert!(matches!(known.step, MissingStep::Over { end: MissingEnd::Nobody, .. }), "{known:?}");

    next_round(&world).await;
    world.quiet().await;
    assert_eq!(search(&world).await, known);

    // What a round says of somebody needs no search.
    let gone = some(&world, 7).await;
    leave(&world, &gone);
    next_round(&world).await;
    blocked_are(&world, &gone, "the round said so").await;
    assert_eq!(search(&world).await, known);

    // After seven days Microsoft forgets, and everybody is read anew; whoever lost access is not asked for.
    world.clock.pass(SignedDuration::from_hours(7 * 24));
    next_round(&world).await;
    world.quiet().await;
    let anew = search(&world).await;
    assert_ne!(anew.id, known.id);
    assert_eq!((anew.found, anew.missing), (3, 0), "{anew:?}");
}

#[tokio::test]
async fn an_answer_that_is_empty_takes_nothing_from_whoever_is_there() {
    let world = World::start().await;
    connected(&world, 10).await;
    let known = search(&world).await;
    for fault in [Fault::Reset, Fault::Empty] {
        world.microsoft.inject(GraphFault::next(fault).at("/users/delta"));
    }

    next_round(&world).await;
    swept(&world).await;

    let found = search(&world).await;
    assert_ne!(found.id, known.id, "everybody was to be told of");
    assert_eq!((found.found, found.missing), (12, 0), "each was found by themselves");
    blocked_are(&world, &[], "an empty answer").await;
}

#[tokio::test]
async fn a_tenant_that_has_nobody_is_held_however_few_they_are_and_its_list_has_pages() {
    let world = World::start().await;
    connected(&world, 1).await;
    let everybody = users(&world).await;
    assert_eq!(everybody.len(), 3, "fewer than may lose access unasked");
    leave(&world, &everybody);
    read_anew(&world).await;
    let found = asked(&world).await;
    assert_eq!(found.missing, 3, "{found:?}");
    held(&world).await;
    swept(&world).await;
    blocked_are(&world, &[], "an empty tenant").await;
    // For as long as nobody decides it is said once a day.
    world.clock.pass(SignedDuration::from_hours(24));
    world.agree();
    world.sweep().await;
    let told = said(&world);
    assert_eq!((told.len(), &told[0]), (2, &told[1]), "the same is said again");

    let world = World::start().await;
    connected(&world, 110).await;
    let everybody = users(&world).await;
    leave(&world, &everybody);
    read_anew(&world).await;
    asked(&world).await;
    let (id, missing) = held(&world).await;
    assert_eq!(missing, 112);
    let (mut listed, mut next) = (Vec::new(), json!(null));
    for is_last in [false, true] {
        let page = operate(&world, "list_missing", json!({ "next": next })).await.unwrap();
        let users = page["users"].as_array().unwrap();
        assert_eq!(page["next"].is_null(), is_last, "{} users", users.len());
        listed.extend(users.iter().map(|user| user["user"].as_str().unwrap().to_owned()));
        next = page["next"].clone();
    }
    let mut expected: Vec<String> = everybody.iter().map(|user| user.id.to_string()).collect();
    listed.sort();
    expected.sort();
    assert_eq!(listed, expected, "everybody, once");
    for wrong in ["", "1", "x.1", &format!("{id}.2"), &format!("{id}.x")] {
        let why = "what the last page answered";
        refused(&world, "list_missing", json!({ "next": wrong }), "BadRequest", why).await;
    }
    swept(&world).await;
    blocked_are(&world, &[], "an empty tenant").await;
    assert_eq!(said(&world).len(), 1);
}

#[tokio::test]
async fn a_search_goes_on_where_it_stopped_and_a_pause_that_graph_asks_for_is_kept() {
    let world = World::start().await;
    connected(&world, 130).await;
    let gone = some(&world, 12).await;
    leave(&world, &gone);
    let calls = world.microsoft.graph_calls().len();
    // The second hundred is begun, and put off.
    let throttled = Fault::Throttled { retry_after: Some(200) };
    let batches = GraphFault::next(throttled).at("/$batch").after(6);
    world.microsoft.inject(batches);
    read_anew(&world).await;
    swept(&world).await;

    let found = search(&world).await;
    assert_eq!((found.found, found.missing), (120, 12), "{found:?}");
    blocked_are(&world, &gone, "few of many").await;
    let made = world.microsoft.graph_calls().split_off(calls);
    let batches = made.iter().filter(|call| call.path == "/$batch").count();
    // Five and two; those two once more; those who are missing once more, of each of both pages, and
    // afterwards.
    let (least, most) = (7 + 1 + 2 + 1, 7 + 2 + 2 + gone.len());
    assert!((least..=most).contains(&batches), "{batches}");
    world.quiet().await;
}

#[tokio::test]
async fn who_has_no_account_there_or_lost_access_already_is_not_asked_for() {
    let world = World::start().await;
    let blocked = [Block::Entra].into();
    world
        .user_with("gone", |user| {
            user.object_id = Some(uuid::Uuid::from_u128(7));
            user.blocks = blocked;
        })
        .await;
    world.user("local").await;
    let mut olga = world.connector().await;

    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;

    let found = search(&world).await;
    assert_eq!((found.new, found.asked()), (2, 2), "the tenant's own two alone");
}

#[tokio::test]
async fn another_tenant_is_held_however_many_people_it_brings() {
    let world = World::start().await;
    let known = ["ada", "grace", "alan"];
    for (number, name) in known.into_iter().enumerate() {
        let object = Some(uuid::Uuid::from_u128(number as u128 + 1));
        world.user_with(name, |user| user.object_id = object).await;
    }
    world.clock.pass(SignedDuration::from_secs(1));
    let mut olga = world.connector().await;
    world.microsoft.put_users(population(60).skip(12).collect::<Vec<_>>()).unwrap();

    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;

    // Three of fifty-three, and nobody of those who were here before.
    let found = asked(&world).await;
    assert_eq!((found.found, found.new, found.missing), (0, 50, 3), "{found:?}");
    held(&world).await;
    swept(&world).await;
    blocked_are(&world, &[], "another tenant").await;

    // By the next reading of everybody its people were here before: nobody decided for all that, or they
    // decided that ours stay.
    read_anew(&world).await;
    let found = asked(&world).await;
    assert_eq!((found.found, found.missing), (50, 3), "{found:?}");
    let (id, _) = held(&world).await;
    operate(&world, "dismiss_missing", json!({ "search": id })).await.unwrap();
    read_anew(&world).await;
    asked(&world).await;
    held(&world).await;
    swept(&world).await;
    blocked_are(&world, &[], "another tenant still").await;
}

#[tokio::test]
async fn another_tenant_whose_people_have_our_names_is_held_all_the_same() {
    let world = World::start().await;
    // A hundred of ours would let ten lose access unasked; these were never told of by any tenant.
    let theirs: Vec<_> = population(60).skip(12).collect();
    for (number, account) in theirs.iter().enumerate() {
        let name = account.user_principal_name.parse().unwrap();
        world.user_with(&format!("named-{number}"), |user| user.user_name = name).await;
    }
    for (number, name) in ["ada", "grace", "alan"].into_iter().enumerate() {
        let object = Some(uuid::Uuid::from_u128(number as u128 + 1));
        world.user_with(name, |user| user.object_id = object).await;
    }
    world.clock.pass(SignedDuration::from_secs(1));
    let mut olga = world.connector().await;
    world.microsoft.put_users(theirs).unwrap();

    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;

    let found = asked(&world).await;
    assert_eq!((found.found, found.new, found.missing), (0, 50, 3), "{found:?}");
    held(&world).await;
    swept(&world).await;
    blocked_are(&world, &[], "another tenant").await;
    // Nobody is signed out for it.
    let linked = users(&world).await.into_iter().filter(|user| user.linked_at.is_some());
    let linked = linked.collect::<Vec<_>>();
    assert_eq!(linked.len(), 48);
    let signed_out = |user: &&User| user.sessions_valid_from >= found.read_since;
    assert_eq!(linked.iter().filter(signed_out).count(), 0);
}

#[tokio::test]
async fn whoever_is_there_although_the_tenant_said_no_has_access_again_without_another_word() {
    let world = World::start().await;
    connected(&world, 60).await;
    let gone = some(&world, 3).await;
    leave(&world, &gone[1..]);
    // One of them is there all the time: some servers have not heard of it, each time they are asked.
    let unheard = GraphFault::next(Fault::Unheard);
    let path = format!("/users/{}", gone[0].object_id.unwrap());
    world.microsoft.inject(unheard.at(&path).times(2));
    let before = world.records().await;

    read_anew(&world).await;
    swept(&world).await;

    assert_eq!(search(&world).await.missing, 3);
    blocked_are(&world, &gone[1..], "those who are missing").await;
    let id = gone[0].id.to_string();
    let told = |action: &str, records: &scenarios::Records| {
        let audit = records.audit();
        let theirs = audit.iter().filter(|entry| entry["subject"] == id.as_str());
        theirs.filter(|entry| entry["action"] == action).count()
    };
    let records = world.quiet().await;
    for action in ["access_taken", "access_given"] {
        assert_eq!(told(action, &records) - told(action, &before), 1, "{action}");
    }
}
