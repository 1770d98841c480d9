//! What a look finds by asking the tenant, and what it finds where the tenant cannot be asked.

use entra_sim::{Fault, GraphFault, GraphSettings, GraphUser};
use identity::Obstacle;
use jiff::SignedDuration;
use scenarios::World;
use scenarios::microsoft::MANAGED;
use scenarios::world::READER;
use serde_json::json;
use store::{Inquiry, Preflight, Stage, Step};
use uuid::Uuid;

use crate::story::{begin, latest, listed, path, preflight};

/// The obstacles that only the tenant tells of, and whom it tells of.
pub(crate) const THERE: [(Obstacle, &str); 4] = [
    (Obstacle::AnchorTaken, "second@contoso.onmicrosoft.com"),
    (Obstacle::IllegalAnchor, "odd@contoso.onmicrosoft.com"),
    (Obstacle::NameTaken, "kim@contoso.test"),
    (Obstacle::Guest, "guest@contoso.onmicrosoft.com"),
];

/// Somebody for each of [`THERE`], and whoever has here what they were to have.
pub(crate) async fn crowd(world: &World) {
    world.user_with("first", |user| user.anchor = "A1".parse().ok()).await;
    let kim = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "kim@contoso.test", "displayName": "Kim of the client",
    });
    world.entra().await.create(&kim).await;
    let there = |name: &str, anchor: Option<&str>| GraphUser {
        user_principal_name: name.to_owned(),
        display_name: format!("{name} there"),
        on_premises_immutable_id: anchor.map(str::to_owned),
        ..GraphUser::default()
    };
    let anchors = [Some("A1"), Some("\u{e4}1"), None, None];
    for ((obstacle, name), anchor) in THERE.into_iter().zip(anchors) {
        let mut user = there(name, anchor);
        if obstacle == Obstacle::Guest {
            user.more.insert("userType".to_owned(), "Guest".into());
        }
        world.microsoft.put_user(user).unwrap();
    }
}

#[tokio::test]
async fn what_only_the_tenant_knows_is_found_by_asking_it() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    crowd(&world).await;
    world.user_with("refused", |user| user.anchor = "a_b".parse().ok()).await;

    olga.connected().await;
    world.quiet().await;

    let findings = preflight(&world).await.findings.unwrap();
    let users = u64::try_from(world.microsoft.users().len()).unwrap();
    assert_eq!(findings.told, Some(users), "everybody of the tenant, once");
    for (obstacle, name) in THERE {
        let mut expected = vec![name];
        // By our own users alone.
        expected.extend((obstacle == Obstacle::IllegalAnchor).then_some("refused@contoso.test"));
        expected.sort_unstable();
        let mut found = listed(&mut olga, obstacle, 1).await;
        found.sort();
        assert_eq!(found, expected, "{obstacle:?}");
    }
    for (word, holder) in [("anchor-taken", "first"), ("name-taken", "Kim of the client")] {
        let page =
            olga.person.browser.visit(&format!("{}/list/{word}/1", latest(&world).await)).await;
        assert!(page.text.contains(&format!("<td>{holder}</td>")), "{}", page.text);
    }
    assert!(!olga.look().await.text.contains("id=\"not-asked\""));
}

#[tokio::test]
async fn whoever_was_put_right_is_on_no_list_any_more() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    crowd(&world).await;
    olga.connected().await;
    world.quiet().await;

    for mut user in world.microsoft.users() {
        let name = user.user_principal_name.clone();
        if THERE.iter().any(|(_, one)| *one == name) {
            user.more.remove("userType");
            user.on_premises_immutable_id = Some(format!("anchor-of-{}", &user.id[..8]));
            if name.starts_with("kim@") {
                user.user_principal_name = format!("kim@{MANAGED}");
            }
            world.microsoft.put_user(user).unwrap();
        }
    }
    world.clock.pass(SignedDuration::from_hours(4));
    world.agree();
    world.sweep().await;
    world.quiet().await;
    olga.look().await;

    let counts = preflight(&world).await.findings.unwrap().counts;
    for (obstacle, _) in THERE {
        assert_eq!(counts.get(&obstacle), None, "{obstacle:?}");
    }
}

#[tokio::test]
async fn a_tenant_that_cannot_be_asked_keeps_nobody_from_seeing_the_rest() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    crowd(&world).await;
    olga.connected().await;
    world.quiet().await;
    let before = preflight(&world).await.findings.unwrap();
    let busy = Fault::Throttled { retry_after: Some(60) };
    world.microsoft.inject(GraphFault::next(busy).at("/users").when("GET").times(1_000));

    begin(&world).await;
    let mut sweeps = 0;
    while let Some(look) = preflight(&world).await.look {
        assert!(sweeps < 12, "it ends: {look:?}");
        let asks = matches!(look.step, Step::Asking { .. });
        world.clock.pass(SignedDuration::from_mins(10));
        world.agree();
        world.sweep().await;
        sweeps += u32::from(asks);
    }

    assert!(sweeps > 3, "it is patient: {sweeps}");
    let after = preflight(&world).await.findings.unwrap();
    assert_eq!((after.told, after.looked_at), (None, before.looked_at));
    let by_us = |obstacle| (before.counts.get(&obstacle), after.counts.get(&obstacle));
    let (one, other) = by_us(Obstacle::NoClaim);
    assert_eq!(one, other, "our own users were looked at");
    assert_eq!(after.counts.get(&Obstacle::Guest), None);
    let page = olga.person.browser.visit(&path(&world)).await;
    assert!(page.text.contains("id=\"not-asked\""), "{}", page.text);
}

#[tokio::test]
async fn a_member_who_was_not_read_yet_is_named_and_nothing_is_called_clear() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connected().await;
    world.quiet().await;
    let new = "new@contoso.onmicrosoft.com".to_owned();
    let user = GraphUser { user_principal_name: new.clone(), ..GraphUser::default() };
    world.microsoft.put_user(user).unwrap();

    let page = olga.look().await;

    assert_eq!(listed(&mut olga, Obstacle::NotRead, 1).await, [new]);
    assert!(!page.text.contains("id=\"clear\""), "{}", page.text);
}

#[tokio::test]
async fn whoever_does_not_sign_in_here_is_on_no_list_for_what_entra_says_of_them() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    crowd(&world).await;
    olga.connected().await;
    world.quiet().await;
    olga.look().await;
    let second = ["second@contoso.onmicrosoft.com"];
    assert_eq!(listed(&mut olga, Obstacle::AnchorTaken, 1).await, second);

    let name = second[0].parse().unwrap();
    let user = world.store.user_named(world.organization, &name, world.now());
    let user = user.await.unwrap().unwrap().value;
    world.block(&user).await;
    olga.look().await;

    assert!(listed(&mut olga, Obstacle::Blocked, 1).await.contains(&second[0].to_owned()));
    assert!(listed(&mut olga, Obstacle::AnchorTaken, 1).await.is_empty());
}

#[tokio::test]
async fn a_consent_that_was_taken_back_is_seen_by_a_look_and_said() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connected().await;
    world.quiet().await;
    olga.revoke(READER).await;
    // Longer than a token of before is good.
    world.clock.pass(SignedDuration::from_mins(70));
    world.agree();

    begin(&world).await;
    for _ in 0..6 {
        world.clock.pass(SignedDuration::from_mins(10));
        world.agree();
        world.sweep().await;
    }

    let after = preflight(&world).await;
    assert!(after.look.is_none(), "{after:?}");
    assert_eq!(after.findings.unwrap().told, None);
    let connection = world.store.connection(world.organization, world.now()).await.unwrap();
    assert_ne!(connection.unwrap().value.stage, Stage::Connected);
    let records = world.quiet().await;
    assert!(records.words().contains("consent_lost"), "{records:?}");
}

#[tokio::test]
async fn an_answer_that_names_nobody_is_no_answer() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connected().await;
    world.quiet().await;
    world.microsoft.inject(GraphFault::next(Fault::Empty).at("/users").when("GET"));

    let page = olga.look().await;

    assert!(page.text.contains("id=\"not-asked\""), "{}", page.text);
    assert!(!page.text.contains("id=\"clear\""), "{}", page.text);
}

#[tokio::test]
async fn a_list_that_cannot_be_gone_on_with_is_asked_for_from_its_beginning() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    crowd(&world).await;
    olga.connected().await;
    world.quiet().await;
    let before = preflight(&world).await.findings.unwrap();
    world.microsoft.set_graph(GraphSettings { page_size: 3, ..GraphSettings::default() });

    for fault in [Fault::Status(400), Fault::Expired, Fault::Reset, Fault::Garbage] {
        let due = begin(&world).await;
        world.microsoft.inject(GraphFault::next(fault.clone()).at("/users").when("GET").after(1));
        world.batch(&[due]).await;
        let after = preflight(&world).await.findings.unwrap();
        assert_ne!(after.id, before.id, "{fault:?}");
        assert_eq!((after.told, &after.counts), (before.told, &before.counts), "{fault:?}");
    }

    // The tenant that was asked is not the one that is connected now.
    let due = begin(&world).await;
    let stored = world.store.preflight(world.organization, world.now()).await.unwrap().unwrap();
    let mut look = stored.value.look.clone().unwrap();
    let inquiry =
        Inquiry { tenant: Some(Uuid::from_u128(7)), next: Some("/v1.0/users".into()), attempts: 0 };
    (look.told, look.step) = (Some(1_000), Step::Asking(inquiry));
    look.counts.insert(Obstacle::Guest, 1_000);
    let other = Preflight { look: Some(look), ..stored.value.clone() };
    world.store.keep_preflight(world.organization, &stored, other, &[]).await.unwrap();
    world.batch(&[due]).await;
    let after = preflight(&world).await.findings.unwrap();
    assert_eq!((after.told, after.counts), (before.told, before.counts.clone()));
}

#[tokio::test]
async fn without_a_connection_our_own_users_are_looked_at_and_the_page_says_so() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    crowd(&world).await;
    olga.connected().await;
    world.quiet().await;
    let page = olga.press("disconnect").await;
    assert!(!page.text.contains("Connected."), "{}", page.text);

    let page = olga.look().await;

    assert!(page.text.contains("id=\"not-asked\""), "{}", page.text);
    let findings = preflight(&world).await.findings.unwrap();
    assert_eq!((findings.told, findings.counts.get(&Obstacle::Guest)), (None, None));
}
