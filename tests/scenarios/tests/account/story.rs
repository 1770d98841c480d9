//! Whoever loses their access here, for each reason, and gets it back.

use entra_sim::GraphSettings;
use identity::Block;
use jiff::SignedDuration;
use scenarios::World;
use scenarios::scim::entra_user;
use serde_json::json;

use crate::place::{
    change_there, changes_since, connected, ended, here, operate, put, round, said, settled,
    stands, swept,
};

#[tokio::test]
async fn whoever_is_blocked_here_is_disabled_there_and_enabled_again_by_whoever_gives_it_back() {
    let world = World::start().await;
    connected(&world, &["ada", "grace"]).await;
    let before = world.quiet().await;
    assert_eq!((stands(&world, "ada").await, ended(&world, "ada")), ((true, false), None));

    let answer = operate(&world, "block", "ada").await;
    assert!(answer["entra"].as_str().unwrap().starts_with("follows: sessions"), "{answer}");
    swept(&world).await;

    assert_eq!(stands(&world, "ada").await, (false, true));
    assert!(ended(&world, "ada").is_some(), "what was open there is over");
    assert_eq!(said(&world, &before).await, ["account_disabled", "sessions_ended"]);
    assert_eq!(stands(&world, "grace").await, (true, false), "nobody else");
    // That we disabled the account ourselves is no word of Entra's.
    round(&world).await;
    assert_eq!(here(&world, "ada").await.blocks, [Block::Administrator].into());
    // Done already, nothing follows.
    let (known, before) = (world.microsoft.graph_calls().len(), world.quiet().await);
    settled(&world, "block", "ada").await;
    assert_eq!(changes_since(&world, known), []);

    operate(&world, "unblock", "ada").await;

    assert!(here(&world, "ada").await.blocks.is_empty(), "access is back at once");
    swept(&world).await;
    assert_eq!(stands(&world, "ada").await, (true, false));
    assert_eq!(said(&world, &before).await, ["account_enabled"]);
    round(&world).await;
    assert!(here(&world, "ada").await.blocks.is_empty());
    world.quiet().await;
}

#[tokio::test]
async fn whom_somebody_else_disabled_there_we_do_not_enable() {
    let world = World::start().await;
    connected(&world, &["ada", "grace", "hedy"]).await;
    // Ada as a round knows, Grace as none does yet.
    change_there(&world, "ada", |user| user.account_enabled = false);
    round(&world).await;
    for (name, blocks) in [
        ("ada", [Block::Entra, Block::Administrator].into()),
        ("grace", [Block::Administrator].into()),
    ] {
        change_there(&world, name, |user| user.account_enabled = false);
        let before = world.quiet().await;
        settled(&world, "block", name).await;
        let user = here(&world, name).await;
        assert_eq!((user.blocks, user.disabled), (blocks, None), "{name}");
        let said = said(&world, &before).await;
        assert!(said.contains(&"account_left: disabled_there".to_owned()), "{said:?}");
        settled(&world, "unblock", name).await;
        assert_eq!(stands(&world, name).await, (false, false), "{name}");
        round(&world).await;
        assert_eq!(here(&world, name).await.blocks, [Block::Entra].into(), "{name}");
    }
    // We disabled Hedy; then somebody there enables the account, and disables it again.
    settled(&world, "block", "hedy").await;
    change_there(&world, "hedy", |user| user.account_enabled = true);
    round(&world).await;
    assert_eq!(stands(&world, "hedy").await, (true, false), "theirs from then on");
    change_there(&world, "hedy", |user| user.account_enabled = false);
    round(&world).await;
    settled(&world, "unblock", "hedy").await;
    assert_eq!(stands(&world, "hedy").await, (false, false));
    assert_eq!(here(&world, "hedy").await.blocks, [Block::Entra].into());
    world.quiet().await;
}

#[tokio::test]
async fn of_whoever_is_synced_or_unassigned_or_disabled_there_sessions_end_and_nothing_else() {
    let world = World::start().await;
    // Provisioned by Entra, whose account is there.
    let object = put(&world, "edith").id;
    let entra = world.entra().await;
    let edith = entra.create(&entra_user("edith", &object)).await;
    connected(&world, &["ada", "otto"]).await;
    let calls = || world.microsoft.graph_calls().len();
    let revoked = [("POST".to_owned(), "revokeSignInSessions".to_owned(), 200)];

    let (before, known) = (world.quiet().await, calls());
    settled(&world, "block", "otto").await;
    assert_eq!(changes_since(&world, known), revoked);
    assert_eq!(said(&world, &before).await, ["account_left: synced", "sessions_ended"]);
    let known = calls();
    settled(&world, "unblock", "otto").await;
    assert_eq!(changes_since(&world, known), []);

    let path = format!("/Users/{}", edith["id"].as_str().unwrap());
    let active = async |active: bool| {
        let change = json!([{ "op": "replace", "path": "active", "value": active }]);
        entra.patch(&path, change).await.expect(200);
        swept(&world).await;
    };
    let (before, known) = (world.quiet().await, calls());
    active(false).await;
    assert_eq!(changes_since(&world, known), revoked);
    assert_eq!(said(&world, &before).await, ["sessions_ended"]);
    let known = calls();
    active(true).await;
    assert_eq!(changes_since(&world, known), [], "what is open since stays open");

    change_there(&world, "ada", |user| user.account_enabled = false);
    let (before, known) = (world.quiet().await, calls());
    round(&world).await;
    assert_eq!(here(&world, "ada").await.blocks, [Block::Entra].into());
    assert_eq!(changes_since(&world, known), revoked);
    assert_eq!(said(&world, &before).await, ["sessions_ended"]);
    change_there(&world, "ada", |user| user.account_enabled = true);
    let known = calls();
    round(&world).await;
    assert!(here(&world, "ada").await.blocks.is_empty());
    assert_eq!(changes_since(&world, known), []);
    world.quiet().await;
}

#[tokio::test]
async fn the_last_day_ends_access_there_too_and_another_one_gives_it_back() {
    let world = World::start().await;
    connected(&world, &["ada"]).await;
    let day = async |day: Option<&str>| {
        let mut asked = json!({
            "action": "set_last_day", "domain": "contoso.test", "email": "ada@contoso.test",
        });
        if let Some(day) = day {
            (asked["last_day"], asked["time_zone"]) = (json!(day), json!("UTC"));
        }
        world.operate(asked).await.unwrap();
        swept(&world).await;
    };
    day(Some("2026-03-03")).await;
    assert_eq!(stands(&world, "ada").await, (true, false), "not yet");
    world.clock.pass(SignedDuration::from_hours(48));
    world.agree();
    world.sweep().await;
    swept(&world).await;
    assert_eq!(stands(&world, "ada").await, (false, true));
    assert!(ended(&world, "ada").is_some());

    // An administrator's block beside it keeps the account disabled when the day is lifted.
    settled(&world, "block", "ada").await;
    day(None).await;
    assert_eq!(stands(&world, "ada").await, (false, true));
    settled(&world, "unblock", "ada").await;
    assert_eq!(stands(&world, "ada").await, (true, false));
    assert!(here(&world, "ada").await.blocks.is_empty());
    world.quiet().await;
}

#[tokio::test]
async fn an_account_in_the_recycle_bin_is_left_and_what_we_did_is_undone_when_it_is_back() {
    let world = World::start().await;
    connected(&world, &["ada"]).await;
    settled(&world, "block", "ada").await;
    let name = "ada@contoso.test";
    world.microsoft.soft_delete_user(name).unwrap();
    round(&world).await;
    let both = [Block::Entra, Block::Administrator].into();
    assert_eq!(here(&world, "ada").await.blocks, both, "deletion is Entra's word");

    let before = world.quiet().await;
    settled(&world, "unblock", "ada").await;
    assert_eq!(said(&world, &before).await, ["account_left: not_found"]);
    world.microsoft.restore_user(name).unwrap();
    round(&world).await;
    assert!(here(&world, "ada").await.blocks.is_empty());
    assert_eq!(stands(&world, "ada").await, (true, false));
    world.quiet().await;
}

#[tokio::test]
async fn however_long_entra_shows_what_was_whoever_is_blocked_again_is_ours_to_enable() {
    for stale_reads in [1, 2, 5] {
        let world = World::start().await;
        connected(&world, &["ada"]).await;
        world.microsoft.set_graph(GraphSettings { stale_reads, ..GraphSettings::default() });
        for (action, stood) in [
            ("block", (false, true)),
            ("unblock", (true, false)),
            ("block", (false, true)),
            ("unblock", (true, false)),
        ] {
            settled(&world, action, "ada").await;
            assert_eq!(stands(&world, "ada").await, stood, "{action}, {stale_reads} old views");
        }
        world.microsoft.set_graph(GraphSettings::default());
        round(&world).await;
        assert!(here(&world, "ada").await.blocks.is_empty(), "{stale_reads} old views");
        world.quiet().await;
    }
}
