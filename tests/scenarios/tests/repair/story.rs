//! From the plan to the portal.

use identity::Anchor;
use jiff::SignedDuration;
use scenarios::World;
use serde_json::json;

use crate::place::{
    ILLEGAL, Somebody, begin, changes, connected, ended, here, is_repaired, object, repair,
    temporary, there,
};

#[tokio::test]
async fn a_plan_is_shown_confirmed_and_carried_out_and_the_person_signs_in_at_microsoft() {
    let world = World::federated().await;
    connected(&world, &[Somebody("ada", None)]).await;
    let before = world.quiet().await;
    let refused = before.audit();
    let refused = refused.iter().filter(|entry| entry["action"] == "anchor_refused");
    assert_eq!(refused.count(), 1, "in a federated domain nobody is simply given one");
    let (ada, object) = (here(&world, "ada").await, object(&world, "ada").await);
    let mut person = world.enrolled(&world.contoso(), ada.clone()).await;
    let page = person.browser.visit(&world.sso("_before")).await;
    page.assert_refused(403, "without an anchor nobody is asserted");
    let (before, known) = (world.quiet().await, world.microsoft.graph_calls().len());

    let plan = repair(&world, "ada", None).await.unwrap();

    assert_eq!(plan["confirmed"], false);
    assert_eq!(plan["user_name"], "ada@contoso.test");
    assert_eq!(plan["temporary_name"], temporary(&ada));
    assert_eq!(plan["anchor"], json!(Anchor::of(ada.id)));
    assert_eq!(plan["confirm"], json!({ "confirm": plan["plan"] }));
    world.unwritten_since(&before, "a plan").await;
    assert_eq!(world.microsoft.graph_calls().len(), known, "Entra is asked nothing");
    // Shown again it is the same plan.
    assert_eq!(repair(&world, "ada", None).await.unwrap()["plan"], plan["plan"]);

    let begun = repair(&world, "ada", plan["plan"].as_str()).await.unwrap();
    assert_eq!(begun["confirmed"], true);
    world.swept().await;

    is_repaired(&world, "ada", "repaired").await;
    let expected = ["userPrincipalName", "onPremisesImmutableId userPrincipalName"];
    let expected = expected.map(|names| (names.to_owned(), 204));
    assert_eq!(changes(&world, &object, known), expected);
    let audited = world.quiet().await.audited_since(&before);
    assert_eq!(ended(&audited), [("anchor_repaired", None)]);
    assert!(audited.contains(&("anchor_repair_begun".to_owned(), None)), "{audited:?}");
    let told = world.sign_in_at_microsoft(&mut person.browser, "ada").await;
    assert!(told["location"].is_string(), "{told}");

    // There is nothing left to repair, whatever plan is sent again, and the next rounds change nothing.
    let again = repair(&world, "ada", None).await.unwrap_err();
    assert_eq!(again["errorType"], "Refused", "{again}");
    let known = here(&world, "ada").await;
    world.clock.pass(SignedDuration::from_hours(4));
    world.agree();
    world.sweep().await;
    world.swept().await;
    assert_eq!(here(&world, "ada").await, known, "nothing flaps");
    world.quiet().await;
}

#[tokio::test]
async fn an_anchor_that_nobody_can_assert_is_replaced_and_every_spelling_comes_back() {
    let world = World::federated().await;
    connected(&world, &[Somebody("Ada", Some(ILLEGAL))]).await;
    let object = object(&world, "Ada").await;
    let before = world.quiet().await;

    begin(&world, "Ada").await;
    world.swept().await;

    is_repaired(&world, "Ada", "it was illegal").await;
    assert_eq!(there(&world, &object).user_principal_name, "Ada@contoso.test");
    assert_eq!(ended(&world.quiet().await.audited_since(&before)), [("anchor_repaired", None)]);
}

#[tokio::test]
async fn what_was_shown_is_what_is_done_or_nothing_is() {
    let world = World::federated().await;
    connected(&world, &[Somebody("ada", None)]).await;
    let object = object(&world, "ada").await;
    let plan = repair(&world, "ada", None).await.unwrap();
    // The person is called otherwise by now.
    let mut theirs = there(&world, &object);
    theirs.user_principal_name = "arden@contoso.test".to_owned();
    world.microsoft.put_user(theirs).unwrap();
    world.clock.pass(SignedDuration::from_hours(4));
    world.agree();
    world.sweep().await;
    world.swept().await;
    let (before, known) = (world.quiet().await, world.microsoft.graph_calls().len());

    for confirm in [plan["plan"].as_str().unwrap(), "", "yes"] {
        let stale = repair(&world, "arden", Some(confirm)).await.unwrap_err();
        assert_eq!(stale["errorType"], "Conflict", "{stale}");
    }

    world.unwritten_since(&before, "a plan of before").await;
    assert_eq!(changes(&world, &object, known), []);
    // A plan can be confirmed for an hour.
    let plan = repair(&world, "arden", None).await.unwrap();
    world.clock.pass(SignedDuration::from_hours(1));
    world.agree();
    let late = repair(&world, "arden", plan["plan"].as_str()).await.unwrap_err();
    assert_eq!(late["errorType"], "Conflict", "{late}");
    begin(&world, "arden").await;
    let twice = repair(&world, "arden", Some("x")).await;
    assert!(twice.is_err(), "{twice:?}");
    world.swept().await;
    is_repaired(&world, "arden", "as it is now").await;
    world.quiet().await;
}
