//! What the tenant lets us do decides what is done, and what is left undone is said once.

use entra_sim::{Fault, GraphFault};
use jiff::SignedDuration;
use scenarios::World;
use scenarios::microsoft::account;
use scenarios::world::WRITER;

use crate::place::{
    NARROW, change_there, changes_since, connected, ended, grant, here, operate, reading, round,
    said, settled, stands, swept,
};

/// Global Administrator.
const GLOBAL: &str = "62e90394-69f5-4237-9190-012177145e10";

#[tokio::test]
async fn without_a_consent_what_is_left_is_said_and_nothing_tries_for_ever() {
    let world = World::start().await;
    let mut olga = reading(&world, &["ada"]).await;
    let (before, known) = (world.quiet().await, world.microsoft.graph_calls().len());

    settled(&world, "block", "ada").await;

    let left = ["account_left: no_consent", "sessions_left: no_consent"];
    assert_eq!(said(&world, &before).await, left);
    assert_eq!(changes_since(&world, known), []);
    assert_eq!(stands(&world, "ada").await, (true, false));
    // An end that comes after the consent is carried out.
    settled(&world, "unblock", "ada").await;
    grant(&olga, &NARROW).await;
    olga.connect("write-users", account::BOSS).await;
    settled(&world, "block", "ada").await;
    assert_eq!(stands(&world, "ada").await, (false, true));
    // And of a tenant that was let go of it is said too.
    olga.press("disconnect").await;
    let before = world.quiet().await;
    settled(&world, "unblock", "ada").await;
    assert_eq!(said(&world, &before).await, ["account_left: not_connected"]);
    assert!(here(&world, "ada").await.blocks.is_empty());
    world.quiet().await;
}

#[tokio::test]
async fn each_permission_does_its_part_and_the_wide_one_does_all_of_it() {
    let world = World::start().await;
    let mut olga = reading(&world, &["ada"]).await;
    let wide = ["User.ReadWrite.All"];
    let [revoke, enable, read] = NARROW;
    let (account, sessions) = ("account_left: no_consent", "sessions_left: no_consent");
    let cases: [(&[&str], _, [&str; 2]); 5] = [
        (&wide, true, ["account_disabled", "sessions_ended"]),
        (&NARROW, true, ["account_disabled", "sessions_ended"]),
        (&[enable, read], true, ["account_disabled", sessions]),
        (&[revoke, read], false, [account, "sessions_ended"]),
        (&[revoke, enable], false, [account, "sessions_ended"]),
    ];
    for (granted, disables, expected) in cases {
        grant(&olga, granted).await;
        olga.connect("write-users", account::BOSS).await;
        swept(&world).await;
        change_there(&world, "ada", |user| {
            user.more.remove("signInSessionsValidFromDateTime");
        });
        let before = world.quiet().await;
        settled(&world, "block", "ada").await;
        assert_eq!(said(&world, &before).await, expected, "{granted:?}");
        assert_eq!(stands(&world, "ada").await, (!disables, disables), "{granted:?}");
        let is_ended = ended(&world, "ada").is_some();
        assert_eq!(is_ended, expected.contains(&"sessions_ended"), "{granted:?}");
        settled(&world, "unblock", "ada").await;
        assert_eq!(stands(&world, "ada").await, (true, false), "{granted:?}");
    }
    let calls = world.microsoft.graph_calls();
    let refused = calls.iter().filter(|call| call.status == 403);
    let refused = refused.filter(|call| call.path.starts_with("/users")).collect::<Vec<_>>();
    assert!(refused.is_empty(), "what is not granted is not asked for: {refused:?}");
    world.quiet().await;
}

#[tokio::test]
async fn whom_the_tenant_lets_nobody_touch_is_left_after_three_tokens_and_said_once() {
    let world = World::start().await;
    connected(&world, &["ada"]).await;
    world.microsoft.put_directory_roles("ada@contoso.test", &[GLOBAL]).unwrap();
    let (before, known) = (world.quiet().await, world.microsoft.graph_calls().len());

    settled(&world, "block", "ada").await;

    assert_eq!(said(&world, &before).await, ["account_left: refused", "sessions_ended"]);
    assert_eq!(stands(&world, "ada").await, (true, false), "not ours to enable");
    let changes = changes_since(&world, known);
    assert_eq!(changes.iter().filter(|(_, _, status)| *status == 403).count(), 3, "{changes:?}");
    let known = world.microsoft.graph_calls().len();
    settled(&world, "unblock", "ada").await;
    assert_eq!(changes_since(&world, known), []);
    world.quiet().await;
}

#[tokio::test]
async fn a_token_that_is_older_than_the_consent_is_no_refusal() {
    let world = World::start().await;
    connected(&world, &["ada"]).await;
    for method in ["PATCH", "POST"] {
        world.microsoft.inject(GraphFault::next(Fault::ConsentLost).at("/users").when(method));
    }
    let before = world.quiet().await;
    settled(&world, "block", "ada").await;
    assert_eq!(said(&world, &before).await, ["account_disabled", "sessions_ended"]);
    assert_eq!(stands(&world, "ada").await, (false, true));
}

#[tokio::test]
async fn a_consent_that_is_gone_is_told_and_ends_it() {
    let world = World::start().await;
    let olga = connected(&world, &["ada"]).await;
    olga.revoke(WRITER).await;
    // The token that is there is good for an hour.
    world.clock.pass(SignedDuration::from_hours(2));
    world.agree();
    let before = world.quiet().await;

    operate(&world, "block", "ada").await;
    for _ in 0..3 {
        world.clock.pass(SignedDuration::from_mins(5));
        world.agree();
        world.sweep().await;
    }
    world.swept().await;

    let left = ["account_left: no_consent", "sessions_left: no_consent"];
    assert_eq!(said(&world, &before).await, left);
    assert_eq!(world.said("connection.consent_lost").len(), 1);
    assert_eq!(stands(&world, "ada").await, (true, false), "what was begun is not ours any more");
    world.quiet().await;
}

#[tokio::test]
async fn what_waits_for_a_consent_is_done_once_it_is_there_and_nothing_else() {
    let world = World::start().await;
    let people = ["ada", "grace", "hedy", "edith"];
    let mut olga = reading(&world, &people).await;
    for name in ["ada", "grace", "hedy"] {
        settled(&world, "block", name).await;
    }
    settled(&world, "unblock", "hedy").await;
    let known = world.microsoft.graph_calls().len();
    round(&world).await;
    assert_eq!(changes_since(&world, known), [], "nobody asks meanwhile");
    // What ends sessions alone is not what they wait for.
    for granted in [&["User.RevokeSessions.All"][..], &NARROW] {
        assert_eq!(stands(&world, "ada").await, (true, false), "{granted:?}");
        grant(&olga, granted).await;
        olga.connect("write-users", account::BOSS).await;
        swept(&world).await;
    }
    for (name, expected) in people.into_iter().zip([false, false, true, true]) {
        assert_eq!(stands(&world, name).await, (expected, !expected), "{name}");
        assert_eq!(ended(&world, name).is_none(), expected, "{name}");
    }

    // Somebody of the tenant enables Grace; then the consent goes, and comes back.
    world.clock.pass(SignedDuration::from_hours(2));
    change_there(&world, "grace", |user| user.account_enabled = true);
    round(&world).await;
    olga.revoke(WRITER).await;
    world.clock.pass(SignedDuration::from_hours(2));
    world.agree();
    operate(&world, "block", "edith").await;
    for _ in 0..4 {
        world.clock.pass(SignedDuration::from_mins(5));
        world.agree();
        world.sweep().await;
    }
    swept(&world).await;
    assert_eq!(stands(&world, "edith").await, (true, false));
    let page = olga.person.browser.visit(&world.sso("_again")).await;
    if page.answer().is_none() {
        olga.person.browser.sign_in(&page, &mut olga.person.authenticator).await;
    }
    let before = world.quiet().await;
    olga.connect("write-users", account::BOSS).await;
    swept(&world).await;
    assert_eq!(said(&world, &before).await, ["account_disabled"]);
    assert_eq!(stands(&world, "edith").await, (false, true));
    assert_eq!(stands(&world, "grace").await, (true, false), "theirs");
    // Nothing waits any more, whoever is deleted leaves nothing.
    assert_eq!(world.records().await.count("#ACCOUNTS_LEFT"), 0);
    world.quiet().await;
}
