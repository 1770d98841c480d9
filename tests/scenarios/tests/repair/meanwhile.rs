//! Whoever reads or provisions sees the temporary name: nobody here is renamed by it.

use entra_sim::{GraphFault, GraphUser};
use jiff::SignedDuration;
use scenarios::World;
use serde_json::json;

use crate::place::{
    Somebody, connected, here, is_repaired, later, operate, stopped_midway, temporary, there,
};

/// The next round of reading the tenant, and whatever follows from it.
async fn round(world: &World) {
    world.clock.pass(SignedDuration::from_hours(4));
    world.agree();
    world.sweep().await;
    world.sweep().await;
}

#[tokio::test]
async fn a_round_that_tells_of_the_temporary_name_changes_nobody_here() {
    let world = World::federated().await;
    connected(&world, &[Somebody("ada", None), Somebody("grace", Some("G1"))]).await;
    let (user, users) = (here(&world, "ada").await, world.records().await.count("USER_NAME#"));
    let object = stopped_midway(&world, "ada").await;

    // What changed, and then everybody anew.
    round(&world).await;
    world.microsoft.inject(GraphFault::next(entra_sim::Fault::Reset).at("/users/delta"));
    round(&world).await;

    assert_eq!(there(&world, &object).user_principal_name, temporary(&user));
    let now = here(&world, "ada").await;
    assert_eq!((now.id, now.user_name.as_str()), (user.id, user.user_name.as_str()));
    assert_eq!(now.object_id, user.object_id);
    let records = world.records().await;
    assert_eq!(records.count("USER_NAME#"), users, "nobody came, nobody went");
    assert_eq!(records.count(&format!("USER_NAME#{}", temporary(&user))), 0);
    records.check_invariants();

    // That they are disabled counts all the same.
    let mut theirs = there(&world, &object);
    theirs.account_enabled = false;
    world.microsoft.put_user(theirs).unwrap();
    round(&world).await;
    assert!(!here(&world, "ada").await.blocks.is_empty());
    let mut theirs = there(&world, &object);
    theirs.account_enabled = true;
    world.microsoft.put_user(theirs).unwrap();
    round(&world).await;
    assert!(here(&world, "ada").await.blocks.is_empty());

    world.microsoft.mend();
    later(&world).await;
    is_repaired(&world, "ada", "after all that").await;
    round(&world).await;
    is_repaired(&world, "ada", "and a round later").await;
    world.records().await.check_invariants();
}

#[tokio::test]
async fn whoever_gets_the_name_there_meanwhile_gets_it_from_nobody_here() {
    let world = World::federated().await;
    connected(&world, &[Somebody("ada", None)]).await;
    let user = here(&world, "ada").await;
    let object = stopped_midway(&world, "ada").await;
    let occupant = GraphUser {
        user_principal_name: "ada@contoso.test".to_owned(),
        display_name: "Another".to_owned(),
        on_premises_immutable_id: Some("A2".to_owned()),
        ..GraphUser::default()
    };
    let occupant = world.microsoft.put_user(occupant).unwrap();
    world.microsoft.mend();
    round(&world).await;
    later(&world).await;

    assert_eq!(there(&world, &object).user_principal_name, temporary(&user));
    assert_eq!(here(&world, "ada").await.id, user.id, "the name is theirs here");
    let listed = operate(&world, "list_repairs", json!({})).await.unwrap();
    assert_eq!(listed["repairs"][0]["stuck"], true);
    assert_eq!(listed["repairs"][0]["reason"], "name_taken");
    world.records().await.check_invariants();

    // Whoever administers the tenant makes way.
    world.microsoft.delete_user(&occupant.user_principal_name).unwrap();
    later(&world).await;
    is_repaired(&world, "ada", "once the name is free").await;
    world.records().await.check_invariants();
}

#[tokio::test]
async fn a_provisioning_client_that_sends_the_temporary_name_renames_nobody() {
    let world = World::federated().await;
    connected(&world, &[Somebody("ada", None)]).await;
    let user = here(&world, "ada").await;
    let entra = world.entra().await;
    let path = format!("/Users/{}", user.id);
    // The client keeps them from now on.
    let title = json!([{ "op": "add", "path": "title", "value": "CTO" }]);
    entra.patch(&path, title).await.expect(200);
    stopped_midway(&world, "ada").await;
    let before = world.records().await;

    let renamed = json!([{ "op": "replace", "path": "userName", "value": temporary(&user) }]);
    let answer = entra.patch(&path, renamed).await.expect(200);

    assert_eq!(answer["userName"], "ada@contoso.test");
    assert_eq!(here(&world, "ada").await.id, user.id);
    let audited = world.records().await.audited_since(&before);
    let ignored = ("provisioning_ignored".to_owned(), Some("temporary_name".to_owned()));
    assert!(audited.contains(&ignored), "{audited:?}");
    world.microsoft.mend();
    later(&world).await;
    is_repaired(&world, "ada", "after the client").await;
    world.records().await.check_invariants();
}
