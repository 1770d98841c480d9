//! Something changes while somebody has the temporary name.

use entra_sim::{Fault, GraphFault};
use jiff::SignedDuration;
use scenarios::World;
use scenarios::microsoft::account;
use scenarios::world::WRITER;
use serde_json::json;

use crate::place::{
    Somebody, connected, ended, here, is_repaired, later, minutes, operate, stopped_midway,
    temporary, there, under_way, until,
};

#[tokio::test]
async fn while_entra_asks_for_time_the_repair_waits_in_sight_and_goes_on() {
    let world = World::federated().await;
    connected(&world, &[Somebody("ada", None)]).await;
    stopped_midway(&world, "ada").await;
    let [(status, reason, stuck)] = &under_way(&world).await[..] else { panic!("it waits") };
    let expected = ("returning", &json!("unavailable"), &false);
    assert_eq!((status.as_str(), reason, stuck), expected);
    minutes(&world, 20).await;
    let [(_, reason, stuck)] = &under_way(&world).await[..] else { panic!("it waits") };
    assert_eq!((reason, stuck), (&json!("unavailable"), &true), "somebody has to look");

    world.microsoft.mend();
    later(&world).await;
    is_repaired(&world, "ada", "once there is time").await;
    world.quiet().await;
}

#[tokio::test]
async fn a_consent_that_is_taken_back_midway_is_waited_for() {
    let world = World::federated().await;
    let mut olga = connected(&world, &[Somebody("ada", None)]).await;
    let user = here(&world, "ada").await;
    let object = stopped_midway(&world, "ada").await;
    olga.revoke(WRITER).await;
    world.microsoft.mend();
    // No token of before is good any more.
    world.clock.pass(SignedDuration::from_hours(2));
    later(&world).await;
    later(&world).await;

    let [(_, reason, stuck)] = &under_way(&world).await[..] else { panic!("it is under way") };
    assert_eq!((reason, stuck), (&json!("no_consent"), &true));
    assert_eq!(there(&world, &object).user_principal_name, temporary(&user));
    let lost = world.records().await.audit();
    assert!(lost.iter().any(|entry| entry["action"] == "consent_lost"));

    olga.connect("write-users", account::BOSS).await;
    // Once, with the token that is renewed for it: that it was waited for is no refusal.
    world.microsoft.inject(GraphFault::next(Fault::Unauthorized).at("/users").times(2));
    later(&world).await;
    is_repaired(&world, "ada", "consented again").await;
    let lost = world.records().await.audit();
    assert_eq!(lost.iter().filter(|entry| entry["action"] == "consent_lost").count(), 1);
    world.records().await.check_invariants();
}

#[tokio::test]
async fn a_tenant_that_is_let_go_midway_is_waited_for() {
    let world = World::federated().await;
    let mut olga = connected(&world, &[Somebody("ada", None)]).await;
    stopped_midway(&world, "ada").await;
    olga.press("disconnect").await;
    world.microsoft.mend();
    later(&world).await;
    let [(_, reason, stuck)] = &under_way(&world).await[..] else { panic!("it is under way") };
    assert_eq!((reason, stuck), (&json!("not_connected"), &true));

    olga.connect("read-users", account::BOSS).await;
    olga.connect("write-users", account::BOSS).await;
    later(&world).await;
    is_repaired(&world, "ada", "connected again").await;
    world.records().await.check_invariants();
}

#[tokio::test]
async fn an_account_that_is_deleted_midway_is_waited_for_as_long_as_it_may_come_back() {
    let world = World::federated().await;
    connected(&world, &[Somebody("ada", None), Somebody("grace", None)]).await;
    for (name, comes_back) in [("ada", true), ("grace", false)] {
        let before = world.records().await;
        let object = stopped_midway(&world, name).await;
        world.microsoft.soft_delete_user(&there(&world, &object).user_principal_name).unwrap();
        world.microsoft.mend();
        for _ in 0..4 {
            later(&world).await;
        }
        let [(_, reason, stuck)] = &under_way(&world).await[..] else { panic!("{name}") };
        assert_eq!((reason, stuck), (&json!("deleted"), &false), "nobody has the name");

        if comes_back {
            world.microsoft.restore_user(&object).unwrap();
            later(&world).await;
            later(&world).await;
            is_repaired(&world, name, "it came back").await;
        } else {
            world.microsoft.delete_user(&object).unwrap();
            later(&world).await;
            later(&world).await;
            assert!(under_way(&world).await.is_empty());
            let audited = world.records().await.audited_since(&before);
            assert_eq!(ended(&audited), [("anchor_repair_ended", Some("gone"))]);
        }
        world.records().await.check_invariants();
    }
}

#[tokio::test]
async fn whoever_is_deleted_here_or_blocked_midway_has_their_own_name_there_all_the_same() {
    let world = World::federated().await;
    connected(&world, &[Somebody("ada", None), Somebody("grace", None)]).await;
    for (name, is_deleted) in [("ada", true), ("grace", false)] {
        let user = here(&world, name).await;
        let object = stopped_midway(&world, name).await;
        if is_deleted {
            let path = format!("/Users/{}", user.id);
            world.other_client().await.delete(&path).await.expect(204);
            // A round that tells of the account makes nobody of it.
            world.clock.pass(SignedDuration::from_hours(4));
            world.agree();
            world.sweep().await;
            assert_eq!(world.records().await.count(&temporary(&user)), 0);
        } else {
            let asked = json!({ "email": format!("{name}@contoso.test") });
            operate(&world, "block", asked).await.unwrap();
        }
        world.microsoft.mend();
        later(&world).await;

        let theirs = there(&world, &object);
        assert_eq!(theirs.user_principal_name, format!("{name}@contoso.test"));
        assert!(under_way(&world).await.is_empty(), "{name}");
        if !is_deleted {
            assert!(!here(&world, name).await.blocks.is_empty(), "a repair gives nobody access");
        }
        world.records().await.check_invariants();
    }
}

#[tokio::test]
async fn whom_somebody_renames_midway_keeps_that_name() {
    let world = World::federated().await;
    connected(&world, &[Somebody("ada", None)]).await;
    let before = world.records().await;
    let object = stopped_midway(&world, "ada").await;
    let mut theirs = there(&world, &object);
    theirs.user_principal_name = "arden@contoso.onmicrosoft.com".to_owned();
    world.microsoft.put_user(theirs).unwrap();
    world.microsoft.mend();
    until(&world, async || under_way(&world).await.is_empty()).await;

    let name = there(&world, &object).user_principal_name;
    assert_eq!(name, "arden@contoso.onmicrosoft.com");
    let audited = world.records().await.audited_since(&before);
    assert_eq!(ended(&audited), [("anchor_repair_ended", Some("other_name"))]);
    world.swept().await;
    let arden = "arden@contoso.onmicrosoft.com".parse().unwrap();
    let renamed = world.store.user_named(world.organization, &arden, world.now()).await.unwrap();
    assert!(renamed.is_some(), "it is read, and is theirs here too");
    world.quiet().await;
}
