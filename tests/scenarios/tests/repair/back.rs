//! Entra does not take the anchor: the user has the old state in the end, or the new one after all, and
//! never the temporary name.

use entra_sim::Fault;
use scenarios::{Effect, World};
use serde_json::{Value, json};

use crate::place::{
    ILLEGAL, Somebody, begin, changes, connected, ended, fail, here, is_repaired, later, minutes,
    object, operate, repair, temporary, there, under_way, until,
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

    let plan = repair(&world, "ada", None).await.unwrap();
    repair(&world, "ada", plan["plan"].as_str()).await.unwrap();
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

    // The plan is used up; tried again on a better day, another one goes well.
    let again = repair(&world, "ada", plan["plan"].as_str()).await.unwrap_err();
    assert_eq!(again["errorType"], "Conflict", "{again}");
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
    for _ in 0..4 {
        later(&world).await;
    }
    assert_eq!(there(&world, &object).user_principal_name, temporary(&user), "left to them");
    let audited = world.records().await.audited_since(&before);
    assert_eq!(ended(&audited), [("anchor_repair_ended", Some("abandoned"))]);
    let told = ("temporary_name_found".to_owned(), None);
    assert!(audited.contains(&told), "a reading that meets it says so: {audited:?}");
    world.records().await.check_invariants();

    // A repair that is begun anew gives them their own name back, though the task of one that was
    // abandoned before is there still.
    let (operation, effect) = ("PutEvents", Effect::Refuse(500, "InternalServerError"));
    world.operator.fault(scenarios::Fault { operation, skip: 0, times: usize::MAX, effect });
    begin(&world, "ada").await;
    operate(&world, "abandon_repair", json!({ "user": user.id })).await.unwrap();
    begin(&world, "ada").await;
    world.swept().await;
    is_repaired(&world, "ada", "begun anew").await;
    world.quiet().await;
}

#[tokio::test]
async fn whose_own_anchor_somebody_took_meanwhile_gets_another_that_is_nobodys() {
    let world = World::federated().await;
    connected(&world, &[Somebody("ada", None)]).await;
    let user = here(&world, "ada").await;
    let object = crate::place::stopped_midway(&world, "ada").await;
    let thief = crate::place::settle(&world, Somebody("thief", None));
    let mut thief = there(&world, &thief);
    thief.on_premises_immutable_id = Some(user.id.to_string());
    world.microsoft.put_user(thief).unwrap();
    world.microsoft.mend();
    later(&world).await;

    let (ours, theirs) = (here(&world, "ada").await, there(&world, &object));
    assert_eq!(theirs.user_principal_name, "ada@contoso.test");
    let anchor = ours.anchor.unwrap();
    assert_eq!(theirs.on_premises_immutable_id.as_deref(), Some(anchor.as_str()));
    assert_ne!(anchor.as_str(), user.id.to_string());
    assert!(under_way(&world).await.is_empty());
    world.records().await.check_invariants();
}

#[tokio::test]
async fn where_entra_does_not_say_what_is_taken_one_other_anchor_is_drawn_and_used_again() {
    let world = World::federated().await;
    connected(&world, &[Somebody("ada", None)]).await;
    let (object, user) = (object(&world, "ada").await, here(&world, "ada").await);
    fail(&world, &object, Fault::Status(409), 1);

    begin(&world, "ada").await;
    let mut anchors = Vec::new();
    for _ in 0..20 {
        minutes(&world, 1).await;
        let repair = world.store.repair(world.organization, user.id, world.now()).await.unwrap();
        anchors.push(repair.unwrap().value.anchor);
    }

    let back = changes(&world, &object, 0);
    let tried = back.iter().filter(|(names, _)| names.contains("onPremisesImmutableId"));
    assert!(tried.count() > 3, "{back:?}");
    let drawn = anchors.last().unwrap().clone();
    assert_ne!(drawn.as_str(), user.id.to_string());
    anchors.dedup();
    assert!(anchors.len() <= 2, "{anchors:?}");
    world.microsoft.mend();
    later(&world).await;
    let theirs = there(&world, &object);
    assert_eq!(theirs.user_principal_name, "ada@contoso.test");
    assert_eq!(theirs.on_premises_immutable_id.as_deref(), Some(drawn.as_str()));
    assert_eq!(here(&world, "ada").await.anchor, Some(drawn));
    world.quiet().await;
}

#[tokio::test]
async fn a_repair_bears_a_directory_that_shows_what_was_there_before() {
    for stale_reads in [1, 2, 5] {
        let world = World::federated().await;
        let people = [Somebody("ada", None), Somebody("grace", Some(ILLEGAL))];
        connected(&world, &people).await;
        let settings = entra_sim::GraphSettings { stale_reads, ..Default::default() };
        world.microsoft.set_graph(settings);
        let what = format!("{stale_reads} old views");

        begin(&world, "ada").await;
        until(&world, async || under_way(&world).await.is_empty()).await;
        is_repaired(&world, "ada", &what).await;

        let object = object(&world, "grace").await;
        let refused = entra_sim::GraphFault::next(Fault::Status(400)).when("PATCH");
        let refused = refused.at(&format!("/users/{object}")).naming("onPremisesImmutableId");
        world.microsoft.inject(refused.times(u32::MAX));
        begin(&world, "grace").await;
        until(&world, async || under_way(&world).await.is_empty()).await;
        let theirs = there(&world, &object);
        assert_eq!(theirs.user_principal_name, "grace@contoso.test", "{what}");
        assert_eq!(theirs.on_premises_immutable_id.as_deref(), Some(ILLEGAL), "{what}");
        world.records().await.check_invariants();
    }
}
