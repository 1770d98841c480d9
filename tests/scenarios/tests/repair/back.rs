//! Entra does not take the anchor: the user has the old state in the end, or the new one after all, and
//! never the temporary name.

use entra_sim::Fault;
use scenarios::World;
use serde_json::{Value, json};

use crate::place::{
    ILLEGAL, Somebody, begin, changes, connected, ended, fail, here, is_repaired, later, minutes,
    object, operate, temporary, there, under_way, until,
};

#[tokio::test]
async fn whose_anchor_is_not_taken_gets_their_name_back_with_what_they_had() {
    let world = World::federated().await;
    connected(&world, &[Somebody("ada", Some(ILLEGAL))]).await;
    let object = object(&world, "ada").await;
    let (before, user) = (world.quiet().await, here(&world, "ada").await);
    let known = world.microsoft.graph_calls().len();
    let refused = entra_sim::GraphFault::next(Fault::Status(400));
    world.microsoft.inject(refused.at(&format!("/users/{object}")).when("PATCH").after(1));

    begin(&world, "ada").await;
    world.swept().await;

    let theirs = there(&world, &object);
    assert_eq!(theirs.user_principal_name, "ada@contoso.test");
    assert_eq!(theirs.on_premises_immutable_id.as_deref(), Some(ILLEGAL), "as it was");
    assert_eq!(here(&world, "ada").await, user, "nobody can sign in by what is not there");
    assert!(under_way(&world).await.is_empty());
    let (name, both) = ("userPrincipalName", "onPremisesImmutableId userPrincipalName");
    let expected = [(name, 204), (both, 400), (name, 204)];
    let expected = expected.map(|(names, status)| (names.to_owned(), status));
    assert_eq!(changes(&world, &object, known), expected);
    let audited = world.quiet().await.audited_since(&before);
    assert_eq!(ended(&audited), [("anchor_repair_ended", Some("refused"))]);

    // Tried again on a better day, it goes well.
    begin(&world, "ada").await;
    world.swept().await;
    is_repaired(&world, "ada", "on a better day").await;
    world.quiet().await;
}

#[tokio::test]
async fn whom_entra_takes_back_in_no_way_is_tried_on_and_on_in_sight_until_it_does() {
    let world = World::federated().await;
    connected(&world, &[Somebody("ada", None)]).await;
    let (object, user) = (object(&world, "ada").await, here(&world, "ada").await);
    let before = world.quiet().await;
    // Without an anchor nobody gets back into a federated domain, and the one that they bring is refused.
    fail(&world, &object, Fault::Status(400), 1);

    begin(&world, "ada").await;
    minutes(&world, 20).await;

    assert_eq!(there(&world, &object).user_principal_name, temporary(&user));
    assert_eq!(here(&world, "ada").await.user_name.as_str(), user.user_name.as_str());
    let [(_, reason, stuck)] = &under_way(&world).await[..] else { panic!("it is under way") };
    assert_eq!((reason, stuck), (&json!("refused"), &true));
    world.records().await.check_invariants();

    world.microsoft.mend();
    later(&world).await;
    is_repaired(&world, "ada", "once it is taken").await;
    let audited = world.quiet().await.audited_since(&before);
    assert_eq!(ended(&audited), [("anchor_repaired", None)]);
}

#[tokio::test]
async fn what_nobody_can_end_is_abandoned_by_the_operator_and_says_where_the_account_is() {
    let world = World::federated().await;
    connected(&world, &[Somebody("ada", None)]).await;
    let (object, user) = (object(&world, "ada").await, here(&world, "ada").await);
    fail(&world, &object, Fault::Status(400), 1);
    begin(&world, "ada").await;
    until(&world, async || there(&world, &object).user_principal_name == temporary(&user)).await;
    let before = world.records().await;

    let answer = operate(&world, "abandon_repair", json!({ "user": user.id })).await.unwrap();

    assert_eq!(answer["temporary_name"], Value::from(temporary(&user)));
    assert!(answer["entra"].as_str().unwrap().contains("temporary name"), "{answer}");
    world.microsoft.mend();
    later(&world).await;
    assert_eq!(there(&world, &object).user_principal_name, temporary(&user), "left to them");
    let audited = world.records().await.audited_since(&before);
    assert_eq!(ended(&audited), [("anchor_repair_ended", Some("abandoned"))]);
    world.records().await.check_invariants();

    // A repair that is begun anew gives them their own name back.
    begin(&world, "ada").await;
    world.swept().await;
    is_repaired(&world, "ada", "begun anew").await;
    world.quiet().await;
}
