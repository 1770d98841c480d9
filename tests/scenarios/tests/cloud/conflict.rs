//! Whoever is in Entra already is never taken over: somebody decides.

use entra_sim::{Domain, Fault, GraphFault, GraphGroup, GraphUser};
use identity::Anchor;
use jiff::SignedDuration;
use scenarios::World;
use serde_json::{Value, json};

use crate::place::{agrees, connected, create, here, operate, pending, there};

const SYNCED: &str = "dGhlIG9uZSBvZiBBRCE=";

/// Somebody in the tenant whom nobody here knows, since no round told of them yet.
fn occupant(world: &World, name: &str, change: impl FnOnce(&mut GraphUser)) -> String {
    let mut user = GraphUser {
        user_principal_name: format!("{name}@contoso.test"),
        display_name: name.to_owned(),
        ..GraphUser::default()
    };
    change(&mut user);
    world.microsoft.put_user(user).unwrap().id
}

async fn world() -> World {
    let world = World::start().await;
    world.microsoft.put_domain(Domain::named("contoso.test")).unwrap();
    world
}

fn conflict(name: &str, reason: &str) -> (String, String, Value) {
    (format!("{name}@contoso.test"), "conflict".to_owned(), json!(reason))
}

fn link(name: &str, object: &str, confirm: bool) -> Value {
    json!({ "email": format!("{name}@contoso.test"), "object_id": object, "confirm": confirm })
}

#[tokio::test]
async fn whoever_has_the_name_in_entra_is_offered_and_linked_by_a_confirmation_alone() {
    let world = world().await;
    let mut olga = connected(&world).await;
    let object = occupant(&world, "ada", |_| ());

    create(&world, "ada").await;
    world.swept().await;
    assert_eq!(pending(&world).await, [conflict("ada", "name_taken")]);
    assert!(olga.page().await.text.contains("somebody has to decide</dt><dd>1</dd>"));
    // A round that tells of the account links nobody either.
    world.clock.pass(SignedDuration::from_hours(4));
    world.agree();
    world.sweep().await;
    world.swept().await;
    assert_eq!(here(&world, "ada").await.object_id, None);
    let before = world.quiet().await;

    let plan = operate(&world, "link_user", link("ada", &object, false)).await.unwrap();
    assert_eq!(plan["confirmed"], false);
    assert_eq!(world.quiet().await, before, "nothing is written");
    let other = operate(&world, "link_user", link("ada", SOMEBODY, true)).await.unwrap_err();
    assert_eq!(other["errorType"], "Refused", "{other}");
    operate(&world, "link_user", link("ada", &object, true)).await.unwrap();
    world.swept().await;

    agrees(&world, "ada", "after the link").await;
    let ada = here(&world, "ada").await;
    assert_ne!(ada.anchor, Some(Anchor::of(ada.id)), "it had none, and got one of its own");
    assert!(ada.claim_changed_at.is_some(), "the address of here proves nothing for a day");
    assert!(pending(&world).await.is_empty());
    let audited = world.quiet().await.audited_since(&before);
    for entry in [("push_resumed", "link"), ("user_pushed", "linked")] {
        let entry = (entry.0.to_owned(), Some(entry.1.to_owned()));
        assert!(audited.contains(&entry), "{audited:?}");
    }
}

const SOMEBODY: &str = "00000000-0000-4000-8000-0000000000ff";

#[tokio::test]
async fn an_account_that_is_synced_is_linked_by_its_own_anchor_and_never_written() {
    let world = world().await;
    connected(&world).await;
    let object = occupant(&world, "ada", |user| {
        user.on_premises_sync_enabled = Some(true);
        user.on_premises_immutable_id = Some(SYNCED.to_owned());
    });
    create(&world, "ada").await;
    world.swept().await;
    let known = there(&world, "ada");

    operate(&world, "link_user", link("ada", &object, true)).await.unwrap();
    world.swept().await;

    assert_eq!(there(&world, "ada"), known);
    let ada = here(&world, "ada").await;
    assert_eq!(ada.anchor.as_ref().map(Anchor::as_str), Some(SYNCED));
    assert!(ada.on_premises);
    world.quiet().await;
}

#[tokio::test]
async fn an_administrators_account_that_graph_protects_and_one_with_another_name_are_not_linked() {
    let world = world().await;
    connected(&world).await;
    for (name, reason) in [("ada", "anchor_refused"), ("grace", "other_name"), ("edith", "gone")] {
        let object = occupant(&world, name, |_| ());
        create(&world, name).await;
        world.swept().await;
        match name {
            "ada" => {
                let fault = GraphFault::next(Fault::ConsentLost).when("PATCH");
                world.microsoft.inject(fault.at(&format!("/users/{object}")));
            }
            "grace" => {
                let mut user = there(&world, name).remove(0);
                user.user_principal_name = "other@contoso.test".to_owned();
                world.microsoft.put_user(user).unwrap();
            }
            _ => {
                let gone = GraphFault::next(Fault::Status(404));
                world.microsoft.inject(gone.at(&format!("/users/{object}")));
            }
        }
        operate(&world, "link_user", link(name, &object, true)).await.unwrap();
        world.swept().await;

        assert!(pending(&world).await.contains(&conflict(name, reason)), "{name}");
        assert_eq!(here(&world, name).await.object_id, None);
    }
    // The way is free: tried again, their own account is made.
    operate(&world, "push_user", json!({ "email": "grace@contoso.test" })).await.unwrap();
    world.swept().await;
    agrees(&world, "grace", "tried again").await;
    world.quiet().await;
}

#[tokio::test]
async fn an_account_that_holds_a_directory_role_is_never_linked_whatever_anchor_it_has() {
    let world = world().await;
    connected(&world).await;
    for (name, by_group) in [("ada", false), ("grace", true)] {
        let object = occupant(&world, name, |user| {
            user.on_premises_immutable_id = Some(format!("{name}-1"));
        });
        if by_group {
            let (display_name, members) = ("Admins".to_owned(), [object.clone()].into());
            let admins = GraphGroup { display_name, members, ..GraphGroup::default() };
            world.microsoft.put_group(admins).unwrap();
        }
        let holder = if by_group { "Admins".to_owned() } else { format!("{name}@contoso.test") };
        world.microsoft.put_directory_roles(&holder, &[HELPDESK]).unwrap();
        create(&world, name).await;
        world.swept().await;

        operate(&world, "link_user", link(name, &object, true)).await.unwrap();
        world.swept().await;

        assert!(pending(&world).await.contains(&conflict(name, "administrator")), "{name}");
        let ours = here(&world, name).await;
        assert_eq!((ours.object_id, ours.anchor), (None, None));

        // Once it has no role any more, it is an account like any other.
        world.microsoft.put_directory_roles(&holder, &[]).unwrap();
        operate(&world, "link_user", link(name, &object, true)).await.unwrap();
        world.swept().await;
        agrees(&world, name, "without a role").await;
    }
    world.quiet().await;
}

/// The template of Helpdesk Administrator.
const HELPDESK: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";

#[tokio::test]
async fn whoever_enrolled_before_anybody_knew_who_they_are_in_entra_is_not_linked() {
    let world = world().await;
    connected(&world).await;
    let object = occupant(&world, "ada", |user| {
        user.on_premises_immutable_id = Some("A1".to_owned());
    });
    create(&world, "ada").await;
    world.swept().await;
    let ada = here(&world, "ada").await;
    world.enrolled(&world.contoso(), ada).await;

    let refused = operate(&world, "link_user", link("ada", &object, true)).await.unwrap_err();

    assert_eq!(refused["errorType"], "Refused");
    assert!(refused["errorMessage"].as_str().unwrap().contains("enrolled"), "{refused}");
    assert_eq!(here(&world, "ada").await.anchor, None);
    world.quiet().await;
}

#[tokio::test]
async fn an_object_that_is_another_user_here_and_another_organizations_user_are_refused() {
    let world = world().await;
    connected(&world).await;
    occupant(&world, "ada", |_| ());
    create(&world, "ada").await;
    create(&world, "grace").await;
    world.swept().await;
    let known = here(&world, "grace").await.object_id.unwrap().to_string();
    // Somebody has to decide, and names an object that is not offered, or is known.
    let refused = operate(&world, "link_user", link("ada", &known, true)).await.unwrap_err();
    assert_eq!(refused["errorType"], "Refused", "{refused}");
    let fabrikam = world.found("Fabrikam", "fabrikam.test").await;
    for action in ["push_user", "link_user"] {
        let mut asked = match action {
            "push_user" => json!({ "email": "ada@contoso.test" }),
            _ => link("ada", &known, true),
        };
        asked["action"] = json!(action);
        asked["domain"] = json!(fabrikam.domain);
        let refused = world.operate(asked).await.unwrap_err();
        assert_eq!(refused["errorType"], "NotFound", "{refused}");
    }
    let listed = json!({ "action": "list_pending", "domain": fabrikam.domain });
    assert_eq!(world.operate(listed).await.unwrap()["users"], json!([]));
    world.quiet().await;
}
