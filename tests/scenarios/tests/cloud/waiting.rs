//! Entra is down, or says no for now: nobody is lost, everybody can see it.

use std::collections::BTreeMap;

use entra_sim::{Domain, Fault, GraphFault};
use identity::{OutboxId, UserId};
use jiff::SignedDuration;
use scenarios::microsoft::{Connector, account};
use scenarios::wire::{Effect, Fault as WireFault};
use scenarios::world::WRITER;
use scenarios::{Authenticator, World};
use serde_json::{Value, json};
use store::{Feature, OutboxItem};
use uuid::Uuid;

use crate::place::{agrees, connected, create, here, operate, pending, somebody, there};

/// Lets more than a day pass, of which every half hour is swept, and lets the administrator come
/// back: no session is that long.
async fn a_day_and_more(world: &World, olga: &mut Connector<'_>) {
    for _ in 0..52 {
        world.clock.pass(SignedDuration::from_mins(30));
        world.agree();
        world.sweep().await;
    }
    let page = olga.person.browser.visit(&world.sso("_back")).await;
    olga.person.browser.sign_in(&page, &mut olga.person.authenticator).await;
}

#[tokio::test]
async fn while_entra_is_down_for_more_than_a_day_a_user_waits_in_sight_and_is_made_afterwards() {
    let world = World::start().await;
    world.microsoft.put_domain(Domain::named("contoso.test")).unwrap();
    let mut olga = connected(&world).await;
    let down = GraphFault::next(Fault::Throttled { retry_after: Some(3600) }).times(u32::MAX);
    world.microsoft.inject(down.at("/users").when("POST"));
    create(&world, "ada").await;

    a_day_and_more(&world, &mut olga).await;

    let waits = ("ada@contoso.test".to_owned(), "pending".to_owned(), json!("unavailable"));
    assert_eq!(pending(&world).await, [waits]);
    assert!(there(&world, "ada").is_empty());
    let page = olga.page().await;
    assert!(page.text.contains("<dt>Waiting to be made in Entra</dt><dd>1</dd>"), "{}", page.text);
    world.records().await.check_invariants();
    // Who waits may enrol, and is told that Entra does not know them yet.
    let link = world.link(&world.contoso(), &here(&world, "ada").await).await;
    let mut browser = world.browser();
    let page = browser.open_link(&link).await;
    let page = browser.register(&page, &mut Authenticator::default()).await;
    assert!(page.recovery_code().is_some(), "{}", page.text);
    let refused = browser.visit(&world.sso("_early")).await;
    assert!(refused.answer().is_none(), "{}", refused.text);

    // Entra asked for an hour: no pause is longer, and one try is enough.
    world.microsoft.mend();
    world.clock.pass(SignedDuration::from_mins(61));
    world.agree();
    world.sweep().await;
    agrees(&world, "ada", "once Entra is back").await;
    assert!(pending(&world).await.is_empty());
    world.clock.pass(SignedDuration::from_mins(1));
    world.sweep().await;
    let records = world.records().await;
    records.check_invariants();
    let tasks = records.values("#OUTBOX#").into_iter().map(|item| item["task"].clone());
    let tasks = tasks.collect::<Vec<_>>();
    let is_round = |task: &Value| task.get("read_directory").is_some();
    assert!(tasks.iter().all(is_round), "only the next round is still to come: {tasks:?}");
}

#[tokio::test]
async fn while_the_consent_is_gone_a_user_waits_and_is_made_once_it_is_given_again() {
    let world = World::start().await;
    world.microsoft.put_domain(Domain::named("contoso.test")).unwrap();
    let mut olga = connected(&world).await;
    olga.revoke(WRITER).await;
    world.clock.pass(SignedDuration::from_hours(2));
    world.agree();
    create(&world, "ada").await;

    a_day_and_more(&world, &mut olga).await;

    let waits = ("ada@contoso.test".to_owned(), "pending".to_owned(), json!("no_consent"));
    assert_eq!(pending(&world).await, [waits]);
    world.records().await.check_invariants();
    olga.connect("write-users", account::BOSS).await;
    world.clock.pass(SignedDuration::from_mins(31));
    world.agree();
    world.sweep().await;
    world.swept().await;
    agrees(&world, "ada", "once it is given again").await;
    world.quiet().await;
}

#[tokio::test]
async fn a_consent_that_is_given_again_is_not_lost_by_the_first_token_that_is_refused() {
    let world = World::start().await;
    world.microsoft.put_domain(Domain::named("contoso.test")).unwrap();
    let mut olga = connected(&world).await;
    let ada = create(&world, "ada").await;
    world.swept().await;
    agrees(&world, "ada", "before").await;
    let may_write = async || {
        let stored = world.store.connection(world.organization, world.now()).await;
        stored.unwrap().unwrap().value.granted.contains_key(&Feature::WriteUsers)
    };
    // One who waits to be made, and an account that waits to be disabled: each of them loses it once.
    for is_made in [true, false] {
        world.clock.pass(SignedDuration::from_hours(2));
        world.agree();
        olga.revoke(WRITER).await;
        if is_made {
            create(&world, "grace").await;
        } else {
            let path = format!("/Users/{}", ada["user"].as_str().unwrap());
            world.other_client().await.delete(&path).await.expect(204);
        }
        while may_write().await {
            world.clock.pass(SignedDuration::from_mins(5));
            world.agree();
            world.sweep().await;
        }
        let page = olga.person.browser.visit(&world.sso(&format!("_{is_made}"))).await;
        if page.answer().is_none() {
            olga.person.browser.sign_in(&page, &mut olga.person.authenticator).await;
        }
        olga.connect("write-users", account::BOSS).await;
        // Once, with the token that is renewed for it.
        let refused = GraphFault::next(Fault::Unauthorized).times(2);
        let account = format!("/users/{}", there(&world, "ada")[0].id);
        let refused =
            if is_made { refused.at("/users").when("POST") } else { refused.at(&account) };
        world.microsoft.inject(refused);
        for _ in 0..4 {
            world.clock.pass(SignedDuration::from_mins(31));
            world.agree();
            world.sweep().await;
            assert!(may_write().await, "made: {is_made}");
        }
        world.microsoft.mend();
    }
    agrees(&world, "grace", "once it is given again").await;
    assert!(!there(&world, "ada")[0].account_enabled, "once it is given again");
    world.swept().await;
    world.quiet().await;
}

#[tokio::test]
async fn a_wider_permission_does_instead_of_the_narrow_ones_and_the_page_offers_and_shows_it() {
    let world = World::start().await;
    world.microsoft.put_domain(Domain::named("contoso.test")).unwrap();
    let mut olga = world.connector().await;
    let page = olga.page().await;
    for wider in ["Directory.Read.All", "Directory.ReadWrite.All"] {
        assert!(page.text.contains(&format!("<code>{wider}</code>")), "{}", page.text);
    }
    olga.register(|application| {
        let writes = application.roles.contains("User.ReadWrite.All");
        let wider = if writes { "Directory.ReadWrite.All" } else { "Directory.Read.All" };
        application.roles = [wider.to_owned()].into();
    })
    .await;

    olga.connect("read-users", account::BOSS).await;
    let page = olga.connect("write-users", account::BOSS).await;

    // To read; of what ends access all but ending sessions, for which alone it is not enough; to change.
    assert_eq!(page.text.matches("granted by a wider one").count(), 4, "{}", page.text);
    operate(&world, "set_mode", json!({ "mode": "cloud", "confirm": true })).await.unwrap();
    create(&world, "ada").await;
    world.swept().await;
    agrees(&world, "ada", "by a wider permission").await;
}

#[tokio::test]
async fn three_whose_own_calls_fail_for_good_keep_nobody_waiting_and_what_graph_asks_for_is_kept() {
    let world = World::start().await;
    world.microsoft.put_domain(Domain::named("contoso.test")).unwrap();
    connected(&world).await;
    // Nobody is told: the story itself brings what is due.
    let effect = Effect::Refuse(500, "InternalServerError");
    world.operator.fault(WireFault { operation: "PutEvents", skip: 0, times: usize::MAX, effect });
    let mut number = 0;
    let mut make = async |licences: &[Uuid]| {
        let name = format!("u{number}");
        number += 1;
        let mut asked = somebody(&name);
        asked["licences"] = json!(licences);
        let made = operate(&world, "create_user", asked).await.unwrap();
        let user: UserId = made["user"].as_str().unwrap().parse().unwrap();
        (OutboxItem::pushing(world.organization, user, world.now()).id, name)
    };
    // Whoever has a licence fails there, whenever it is.
    let mut shards = BTreeMap::<OutboxId, Vec<String>>::new();
    let (item, three) = loop {
        let (item, name) = make(&[Uuid::from_u128(7)]).await;
        let all = shards.entry(item).or_default();
        all.push(name);
        if all.len() == 3 {
            break (item, all.clone());
        }
    };
    let other = loop {
        let (its, name) = make(&[]).await;
        if its == item {
            break name;
        }
    };
    let fails = Fault::Unavailable { retry_after: Some(600) };
    world.microsoft.inject(GraphFault::next(fails).at("/users/").when("POST").times(u32::MAX));
    let failed = || {
        let calls = world.microsoft.graph_calls();
        calls.iter().filter(|call| call.path.ends_with("/assignLicense")).count()
    };
    let minute = async || {
        world.clock.pass(SignedDuration::from_mins(1));
        world.agree();
        world.batch(&[(world.organization, item)]).await;
    };

    world.batch(&[(world.organization, item)]).await;
    let first = failed();
    assert_eq!(first, 3);
    for _ in 0..9 {
        minute().await;
    }
    assert_eq!(failed(), first, "it asked for ten minutes");
    for _ in 0..3 {
        minute().await;
    }
    assert!(failed() > first, "they are over");
    // A turn begins with anybody: so the other one's comes, whoever fails.
    for _ in 0..500 {
        if here(&world, &other).await.object_id.is_some() {
            break;
        }
        minute().await;
    }

    agrees(&world, &other, "beside three who fail").await;
    let waiting = pending(&world).await;
    for name in &three {
        let waits = (format!("{name}@contoso.test"), "pending".to_owned(), json!("unavailable"));
        assert!(waiting.contains(&waits), "{waiting:?}");
    }
    world.microsoft.mend();
    world.operator.mend();
    for _ in 0..2 {
        world.clock.pass(SignedDuration::from_mins(31));
        world.agree();
        world.sweep().await;
    }
    for name in &three {
        agrees(&world, name, "once it goes well").await;
    }
    world.records().await.check_invariants();
}
