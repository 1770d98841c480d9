//! Anchors: read where they are, written where they are missing and that is ours to do.

use entra_sim::{Domain, Fault, GraphFault, GraphUser, population};
use identity::{Anchor, User};
use scenarios::World;
use scenarios::microsoft::{account, stands};
use scenarios::mishap::{Due, afterwards, mishaps};

use crate::reading::{change, find, pass_a_round, users};

const SYNCED: &str = "dGhlIG9uZSBvZiBBRCE=";

/// Somebody of the tenant.
fn named(name: &str) -> GraphUser {
    GraphUser {
        user_principal_name: format!("{name}@contoso.onmicrosoft.com"),
        display_name: name.to_owned(),
        ..GraphUser::default()
    }
}

/// How many calls changed a user there.
fn writes(world: &World) -> usize {
    let calls = world.microsoft.graph_calls();
    let writes =
        calls.iter().filter(|call| call.method == "PATCH" && call.path.starts_with("/users/"));
    writes.filter(|call| call.status == 204).count()
}

/// Whoever lacks an anchor and is ours to give one.
fn agrees(world: &World, here: &[User]) {
    for theirs in world.microsoft.users() {
        let is_it = |user: &&User| user.object_id.is_some_and(|id| id.to_string() == theirs.id);
        let ours = here.iter().find(is_it).unwrap();
        let anchor = ours.anchor.as_ref().map(Anchor::as_str);
        assert_eq!(anchor, theirs.on_premises_immutable_id.as_deref(), "{}", theirs.display_name);
    }
}

#[tokio::test]
async fn whoever_has_no_anchor_gets_one_there_and_here_once_that_may_be_written() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    world.microsoft.put_users(population(120)).unwrap();
    for (name, anchor) in [("synced", Some(SYNCED)), ("unready", None)] {
        let user = GraphUser {
            on_premises_sync_enabled: Some(true),
            on_premises_immutable_id: anchor.map(str::to_owned),
            ..named(name)
        };
        world.microsoft.put_user(user).unwrap();
    }
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;
    assert_eq!(writes(&world), 0, "read-only is read-only");
    let before = users(&world).await;
    assert_eq!(find(&before, "synced").anchor.as_ref().unwrap().as_str(), SYNCED);

    let page = olga.connect("write-users", account::BOSS).await;
    assert_eq!(stands(&page), "Connected.");
    world.swept().await;

    let here = users(&world).await;
    agrees(&world, &here);
    for user in &here {
        let expected = match user.user_name.folded().split('@').next().unwrap() {
            "synced" => Some(SYNCED.to_owned()),
            "unready" => None,
            _ if user.object_id.is_none() => continue,
            _ => Some(user.id.to_string()),
        };
        let anchor = user.anchor.as_ref().map(|anchor| anchor.as_str().to_owned());
        assert_eq!(anchor, expected, "{}", user.user_name.as_str());
    }
    assert_eq!(writes(&world), world.microsoft.users().len() - 2, "each one once");
    world.quiet().await;
}

#[tokio::test]
async fn whoever_comes_later_gets_one_too_and_one_that_somebody_else_wrote_is_taken_as_it_is() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    olga.connect("write-users", account::BOSS).await;
    world.swept().await;
    let written = writes(&world);
    world.microsoft.put_user(named("later")).unwrap();
    let other = world.microsoft.put_user(named("other")).unwrap();
    // Somebody else is faster.
    let busy = GraphFault::next(Fault::Throttled { retry_after: Some(300) });
    world.microsoft.inject(busy.at(&format!("/users/{}", other.id)));
    pass_a_round(&world).await;
    world.until("the round is over", |records| records.count("USER_NAME#other@") == 1).await;
    change(&world, "other", |other| other.on_premises_immutable_id = Some("theirs".to_owned()));
    world.swept().await;

    let here = users(&world).await;
    agrees(&world, &here);
    assert_eq!(find(&here, "other").anchor.as_ref().unwrap().as_str(), "theirs");
    assert_eq!(*find(&here, "later").anchor.as_ref().unwrap(), Anchor::of(find(&here, "later").id));
    assert_eq!(writes(&world), written + 1);
    world.quiet().await;
}

#[tokio::test]
async fn an_answer_that_is_lost_is_asked_for_again_and_the_anchor_is_the_same() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    olga.connect("write-users", account::BOSS).await;
    world.swept().await;
    let throttled = Fault::Throttled { retry_after: Some(2) };
    let faults = [Fault::Lost, Fault::Torn, Fault::Garbage, Fault::Status(503), throttled];
    for (number, fault) in faults.into_iter().enumerate() {
        let what = format!("{fault:?}");
        let name = format!("later-{number}");
        let later = world.microsoft.put_user(named(&name)).unwrap();
        // The first batch looks, the second one writes; and one part of a batch alone.
        world
            .microsoft
            .inject(GraphFault::next(fault.clone()).at("/$batch").after(number as u32 % 2));
        if matches!(fault, Fault::Status(_) | Fault::Throttled { .. }) {
            let part = GraphFault::next(fault).at(&format!("/users/{}", later.id)).when("PATCH");
            world.microsoft.inject(part);
        }

        pass_a_round(&world).await;
        world.swept().await;

        let here = users(&world).await;
        agrees(&world, &here);
        let user = find(&here, &name);
        assert_eq!(user.anchor, Some(Anchor::of(user.id)), "{what}");
        world.quiet().await;
    }
}

#[tokio::test]
async fn an_anchor_that_was_ours_before_is_written_too() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    world.microsoft.put_domain(Domain::named("contoso.test")).unwrap();
    let admin =
        GraphUser { user_principal_name: "admin@contoso.test".to_owned(), ..named("admin") };
    world.microsoft.put_user(admin).unwrap();
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;

    olga.connect("write-users", account::BOSS).await;
    world.swept().await;

    let here = users(&world).await;
    agrees(&world, &here);
    let admin = find(&here, "admin");
    assert_eq!(admin.anchor, Some(Anchor::of(admin.id)));
    world.quiet().await;
}

#[tokio::test]
async fn where_nobody_lacks_an_anchor_a_round_looks_for_none() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    olga.connect("write-users", account::BOSS).await;
    world.swept().await;
    let batches = || world.microsoft.graph_calls().iter().filter(|call| call.batched).count();
    let before = (batches(), world.microsoft.graph_calls().len());
    assert!(before.0 > 0);

    pass_a_round(&world).await;
    world.swept().await;

    assert_eq!(batches(), before.0);
    assert_eq!(world.microsoft.graph_calls().len(), before.1 + 1, "the round itself");
}

#[tokio::test]
async fn whoever_was_refused_is_tried_again_later_and_audited_once() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;
    let boss = format!("/users/{}", account::BOSS);
    world.microsoft.inject(GraphFault::next(Fault::Status(403)).at(&boss).when("PATCH").times(2));
    let before = world.records().await;
    olga.connect("write-users", account::BOSS).await;
    world.swept().await;
    for given in [false, true] {
        pass_a_round(&world).await;
        world.swept().await;
        assert_eq!(find(&users(&world).await, "boss").anchor.is_some(), given);
    }

    let audited = world.quiet().await.audited_since(&before);
    let refused = audited.iter().filter(|(action, _)| action == "anchor_refused");
    assert_eq!(refused.count(), 1, "{audited:?}");
}

#[tokio::test]
async fn whoever_may_not_be_changed_is_told_of_in_the_audit_and_the_others_get_theirs() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;
    // As Graph answers for an administrator.
    let boss = format!("/users/{}", account::BOSS);
    let refused = GraphFault::next(Fault::Status(403)).at(&boss);
    world.microsoft.inject(GraphFault { method: Some("PATCH".to_owned()), ..refused });

    let before = world.records().await;
    olga.connect("write-users", account::BOSS).await;
    world.swept().await;

    let here = users(&world).await;
    agrees(&world, &here);
    assert!(find(&here, "boss").anchor.is_none());
    assert!(find(&here, "member").anchor.is_some());
    let audited = world.quiet().await.audited_since(&before);
    let refused = audited.iter().find(|(action, _)| action == "anchor_refused").unwrap();
    assert_eq!(refused.1.as_deref(), Some("anchor_refused"));
    assert_eq!(stands(&olga.page().await), "Connected.");
}

#[tokio::test]
async fn whoever_takes_the_right_to_write_back_has_nothing_written_any_more() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    olga.connect("write-users", account::BOSS).await;
    world.swept().await;
    let written = writes(&world);
    olga.revoke(scenarios::world::WRITER).await;
    world.microsoft.put_user(named("later")).unwrap();

    pass_a_round(&world).await;
    world.swept().await;

    assert_eq!(writes(&world), written);
    let page = olga.page().await;
    assert_eq!(stands(&page), "Connected.", "reading goes on");
    assert!(
        page.text.contains("<code>User.ReadWrite.All</code> <span class=\"badge\">not granted")
    );
    world.quiet().await;
}

/// Somebody new who lacks an anchor, read, and what is to see to it, with the event lost that says so.
async fn lacking(world: &World, name: &str) -> Due {
    world.microsoft.put_user(named(name)).unwrap();
    let effect = scenarios::Effect::Refuse(400, "AccessDeniedException");
    world.directory.fault(scenarios::Fault { operation: "PutEvents", skip: 0, times: 9, effect });
    pass_a_round(world).await;
    world.directory.mend();
    let records = world.records().await;
    let item = records.values("#OUTBOX#").into_iter().find(|item| item["task"] == "write_anchors");
    let id = |name: &str| item.unwrap()[name].as_str().unwrap();
    (id("organization").parse().unwrap(), id("id").parse().unwrap())
}

#[tokio::test]
async fn whatever_happens_in_between_everybody_gets_their_anchor() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    olga.connect("write-users", account::BOSS).await;
    world.swept().await;
    let due = lacking(&world, "clean").await;
    world.directory.calls();
    let calls = || world.microsoft.graph_calls().iter().filter(|call| !call.batched).count();
    let before = calls();
    world.batch(&[due]).await;
    let mishaps = mishaps(&world.directory.calls(), calls() - before);
    assert!(mishaps.len() > 20, "{}", mishaps.len());

    for (number, mishap) in mishaps.into_iter().enumerate() {
        let (what, name) = (format!("{mishap:?}"), format!("later-{number}"));
        let due = lacking(&world, &name).await;
        mishap.befall(&world, due).await;
        afterwards(&world).await;
        world.until(&what, |records| records.count("UNANCHORED") == 0).await;
        let here = users(&world).await;
        let user = find(&here, &name);
        assert_eq!(user.anchor, Some(Anchor::of(user.id)), "{what}");
        agrees(&world, &here);
    }
    world.quiet().await;
}
