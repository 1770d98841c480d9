//! An organization whose users come from here, connected to its tenant.

use entra_sim::GraphUser;
use identity::User;
use jiff::SignedDuration;
use scenarios::World;
use scenarios::microsoft::{Connector, account};
use serde_json::{Value, json};

/// What the operator asks for, of the world's organization.
pub(crate) async fn operate(world: &World, action: &str, more: Value) -> Result<Value, Value> {
    let mut payload = more;
    payload["action"] = json!(action);
    payload["domain"] = json!("contoso.test");
    world.operate(payload).await
}

/// Both consents, and users who come from here.
pub(crate) async fn connected(world: &World) -> Connector<'_> {
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    olga.connect("write-users", account::BOSS).await;
    world.swept().await;
    let set = operate(world, "set_mode", json!({ "mode": "cloud", "confirm": true })).await;
    assert_eq!(set.unwrap()["changed"], true);
    olga
}

/// Somebody whom the operator makes.
pub(crate) fn somebody(name: &str) -> Value {
    json!({
        "given_name": name, "surname": "Example", "user_name": format!("{name}@contoso.test"),
        "personal_email": format!("{name}@personal.test"), "phone": "+49 171 1234567",
        "usage_location": "DE",
    })
}

pub(crate) async fn create(world: &World, name: &str) -> Value {
    operate(world, "create_user", somebody(name)).await.unwrap()
}

/// A user here, by the name before the domain.
pub(crate) async fn here(world: &World, name: &str) -> User {
    let name = format!("{name}@contoso.test").parse().unwrap();
    let user = world.store.user_named(world.organization, &name, world.now()).await.unwrap();
    user.unwrap().value
}

/// Those in Entra who have a name.
pub(crate) fn there(world: &World, name: &str) -> Vec<GraphUser> {
    let name = format!("{name}@contoso.test");
    let mut users = world.microsoft.users();
    users.retain(|user| user.user_principal_name == name);
    users
}

/// Checks that somebody is one user here, one in Entra, and both are the same.
pub(crate) async fn agrees(world: &World, name: &str, what: &str) {
    let (ours, theirs) = (here(world, name).await, there(world, name));
    assert_eq!(theirs.len(), 1, "{what}");
    assert_eq!(ours.object_id.expect(what).to_string(), theirs[0].id, "{what}");
    let anchor = ours.anchor.as_ref().map(identity::Anchor::as_str);
    assert_eq!(anchor, theirs[0].on_premises_immutable_id.as_deref(), "{what}");
}

/// Who is not in Entra yet: status and reason of each, by name.
pub(crate) async fn pending(world: &World) -> Vec<(String, String, Value)> {
    let listed = operate(world, "list_pending", json!({})).await.unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let users = listed["users"].as_array().unwrap().iter();
    users
        .map(|one| (text(&one["user_name"]), text(&one["status"]), one["reason"].clone()))
        .collect()
}

/// The next round of reading the tenant, and whatever follows from it.
pub(crate) async fn round(world: &World) {
    world.clock.pass(SignedDuration::from_hours(4));
    world.agree();
    world.sweep().await;
    world.swept().await;
}

/// Lets enough time pass for whatever was put off, and sweeps.
pub(crate) async fn later(world: &World) {
    for _ in 0..2 {
        world.clock.pass(SignedDuration::from_mins(31));
        world.agree();
        world.sweep().await;
    }
}

/// Changes somebody in Entra, as whoever administers the tenant does.
pub(crate) fn change_there(world: &World, name: &str, change: impl FnOnce(&mut GraphUser)) {
    let mut user = there(world, name).remove(0);
    change(&mut user);
    world.microsoft.put_user(user).unwrap();
}

/// Whether anybody here has a name.
pub(crate) async fn is_here(world: &World, name: &str) -> bool {
    let name = format!("{name}@contoso.test").parse().unwrap();
    world.store.user_named(world.organization, &name, world.now()).await.unwrap().is_some()
}
