//! A link that stops half way, one that meets a new administrator, and what was open before it.

use std::time::Duration;

use entra_sim::{Domain, Fault, GraphFault, GraphSettings, GraphUser};
use identity::Anchor;
use scenarios::World;
use scenarios::world::WRITER;
use serde_json::{Value, json};

use crate::place::{agrees, change_there, connected, create, here, later, operate, pending, there};

/// The template of Helpdesk Administrator.
const HELPDESK: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";

/// Somebody who waits, and the account that stands against them.
async fn conflict(world: &World, name: &str) -> String {
    let account = GraphUser {
        user_principal_name: format!("{name}@contoso.test"),
        display_name: name.to_owned(),
        ..GraphUser::default()
    };
    let object = world.microsoft.put_user(account).unwrap().id;
    create(world, name).await;
    world.swept().await;
    assert_eq!(pending(world).await, [listed(name, "conflict", json!("name_taken"))]);
    object
}

fn listed(name: &str, status: &str, reason: Value) -> (String, String, Value) {
    (format!("{name}@contoso.test"), status.to_owned(), reason)
}

async fn link(world: &World, name: &str, object: &str) -> Result<Value, Value> {
    let asked = json!({
        "email": format!("{name}@contoso.test"), "object_id": object, "confirm": true,
    });
    operate(world, "link_user", asked).await
}

async fn world() -> World {
    let world = World::start().await;
    world.microsoft.put_domain(Domain::named("contoso.test")).unwrap();
    world
}

#[tokio::test]
async fn an_anchor_that_a_stopped_link_wrote_is_never_taken_for_the_sign_of_an_account_of_ours() {
    let world = world().await;
    connected(&world).await;
    let object = conflict(&world, "ada").await;
    // It is written there, and nobody hears of it.
    world.microsoft.inject(GraphFault::next(Fault::Lost).when("PATCH"));
    let down = GraphFault::next(Fault::Status(503)).times(u32::MAX);
    world.microsoft.inject(down.at(&format!("/users/{object}")).when("PATCH"));
    link(&world, "ada", &object).await.unwrap();
    world.clock.pass(jiff::SignedDuration::from_secs(31));
    world.sweep().await;
    let ours = here(&world, "ada").await;
    let written = there(&world, "ada")[0].on_premises_immutable_id.clone().unwrap();
    assert_eq!(ours.object_id, None);
    assert_ne!(written, Anchor::of(ours.id).as_str());

    // Somebody thinks better of it while the account has another name, and gets it back.
    world.microsoft.mend();
    world.microsoft.put_directory_roles("ada@contoso.test", &[HELPDESK]).unwrap();
    later(&world).await;
    assert_eq!(pending(&world).await, [listed("ada", "conflict", json!("administrator"))]);
    operate(&world, "push_user", json!({ "email": "ada@contoso.test" })).await.unwrap();
    world.swept().await;

    assert_eq!(pending(&world).await, [listed("ada", "conflict", json!("name_taken"))]);
    assert_eq!(here(&world, "ada").await.object_id, None, "an administrator's account");

    world.microsoft.put_directory_roles("ada@contoso.test", &[]).unwrap();
    link(&world, "ada", &object).await.unwrap();
    world.swept().await;
    agrees(&world, "ada", "by the anchor that was written").await;
    assert_eq!(here(&world, "ada").await.anchor.unwrap().as_str(), written);
    world.quiet().await;
}

#[tokio::test]
async fn whoever_becomes_an_administrator_while_they_are_linked_is_not_taken_over() {
    let world = world().await;
    connected(&world).await;
    let object = conflict(&world, "ada").await;
    world.microsoft.set_graph(GraphSettings { latency_ms: 150, ..GraphSettings::default() });
    link(&world, "ada", &object).await.unwrap();
    let is_written = || {
        let calls = world.microsoft.graph_calls();
        calls.iter().any(|call| call.method == "PATCH" && call.path.contains(&object))
    };
    let promoted = async {
        while !is_written() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        world.microsoft.put_directory_roles("ada@contoso.test", &[HELPDESK]).unwrap();
    };
    tokio::join!(later(&world), promoted);
    world.microsoft.set_graph(GraphSettings::default());
    world.swept().await;

    assert_eq!(pending(&world).await, [listed("ada", "conflict", json!("administrator"))]);
    let ada = here(&world, "ada").await;
    assert_eq!((ada.object_id, ada.anchor), (None, None));
    world.quiet().await;
}

#[tokio::test]
async fn a_one_time_link_of_before_enrols_nobody_as_the_account_that_was_linked_since() {
    let world = world().await;
    connected(&world).await;
    let object = conflict(&world, "ada").await;
    let one_time = world.link(&world.contoso(), &here(&world, "ada").await).await;
    world.clock.pass(jiff::SignedDuration::from_secs(1));
    link(&world, "ada", &object).await.unwrap();
    world.swept().await;
    agrees(&world, "ada", "linked").await;

    let page = world.browser().open_link(&one_time).await;

    assert!(page.field("csrf").is_none() || page.status.is_client_error(), "{}", page.text);
    let ada = here(&world, "ada").await;
    assert_eq!(ada.enrolled_at, None);
    // One that is made now does.
    let again = world.link(&world.contoso(), &ada).await;
    let mut browser = world.browser();
    let page = browser.open_link(&again).await;
    let page = browser.register(&page, &mut scenarios::Authenticator::default()).await;
    assert!(page.recovery_code().is_some(), "{}", page.text);
    world.quiet().await;
}

#[tokio::test]
async fn a_link_needs_a_tenant_and_waits_for_its_consent() {
    let world = world().await;
    let mut olga = connected(&world).await;
    let object = conflict(&world, "ada").await;
    olga.revoke(WRITER).await;
    world.clock.pass(jiff::SignedDuration::from_hours(2));
    world.agree();
    link(&world, "ada", &object).await.unwrap();
    for _ in 0..3 {
        later(&world).await;
    }
    assert_eq!(pending(&world).await, [listed("ada", "linking", json!("no_consent"))]);
    olga.connect("write-users", scenarios::microsoft::account::BOSS).await;
    later(&world).await;
    world.swept().await;
    agrees(&world, "ada", "once it is given again").await;

    let object = conflict(&world, "grace").await;
    olga.press("disconnect").await;
    let refused = link(&world, "grace", &object).await.unwrap_err();
    assert_eq!(refused["errorType"], "Refused", "{refused}");
    change_there(&world, "grace", |_| ());
    world.records().await.check_invariants();
}
