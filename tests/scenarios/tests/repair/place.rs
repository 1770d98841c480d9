//! An organization whose domain is federated, and people of its tenant who have no anchor there.

use std::future::Future;

use entra_sim::{Fault, GraphFault, GraphUser};
use identity::{Anchor, User};
use jiff::SignedDuration;
use scenarios::World;
use scenarios::microsoft::{Connector, MANAGED, account};
use serde_json::{Value, json};

/// An anchor that nobody can assert, which came by another way than ours.
pub(crate) const ILLEGAL: &str = "größe";

/// Graph asks for more time than anybody has for one call.
pub(crate) const BUSY: Fault = Fault::Throttled { retry_after: Some(60) };

/// Who is in the tenant, of the federated domain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Somebody(pub(crate) &'static str, pub(crate) Option<&'static str>);

/// What the operator asks for, of the world's organization.
pub(crate) async fn operate(world: &World, action: &str, more: Value) -> Result<Value, Value> {
    let mut payload = more;
    payload["action"] = json!(action);
    payload["domain"] = json!("contoso.test");
    world.operate(payload).await
}

/// Asks for the plan, or confirms it, with the anchor that nobody can assert, as Entra shows it.
pub(crate) async fn repair(
    world: &World,
    name: &str,
    confirm: Option<&str>,
) -> Result<Value, Value> {
    let named = |user: &&GraphUser| {
        let own = format!("{name}@contoso.test");
        user.user_principal_name == own
    };
    let theirs = world.microsoft.users().iter().find(named).cloned();
    let replaces = theirs.and_then(|user| user.on_premises_immutable_id);
    let replaces = replaces.filter(|anchor| !anchor.is_ascii());
    let asked = json!({
        "email": format!("{name}@contoso.test"), "confirm": confirm, "replaces": replaces,
    });
    operate(world, "repair_anchor", asked).await
}

/// Asks for the plan and confirms it at once.
pub(crate) async fn begin(world: &World, name: &str) -> Value {
    let plan = repair(world, name, None).await.unwrap();
    repair(world, name, plan["plan"].as_str()).await.unwrap()
}

/// The repairs that are under way: status, reason and whether somebody has to look.
pub(crate) async fn under_way(world: &World) -> Vec<(String, Value, bool)> {
    let listed = operate(world, "list_repairs", json!({})).await.unwrap();
    let listed = listed["repairs"].as_array().unwrap().iter().map(|one| {
        let status = one["status"].as_str().unwrap().to_owned();
        (status, one["reason"].clone(), one["stuck"].as_bool().unwrap())
    });
    listed.collect()
}

/// Somebody who was in the domain before it was federated.
pub(crate) fn settle(world: &World, Somebody(name, anchor): Somebody) -> String {
    let user = GraphUser {
        user_principal_name: format!("{name}@contoso.test"),
        display_name: name.to_owned(),
        on_premises_immutable_id: anchor.map(str::to_owned),
        ..GraphUser::default()
    };
    world.microsoft.put_user(user).unwrap().id
}

/// Connects the tenant for reading and writing, with these people in it.
pub(crate) async fn connected<'w>(world: &'w World, people: &[Somebody]) -> Connector<'w> {
    people.iter().for_each(|somebody| drop(settle(world, *somebody)));
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    olga.connect("write-users", account::BOSS).await;
    world.swept().await;
    olga
}

/// A user here, by the name before the domain.
pub(crate) async fn here(world: &World, name: &str) -> User {
    let name = format!("{name}@contoso.test").parse().unwrap();
    let user = world.store.user_named(world.organization, &name, world.now()).await.unwrap();
    user.unwrap().value
}

/// An account there, whatever it is called now.
pub(crate) fn there(world: &World, object: &str) -> GraphUser {
    world.microsoft.users().into_iter().find(|user| user.id == object).unwrap()
}

/// The object that a user is.
pub(crate) async fn object(world: &World, name: &str) -> String {
    here(world, name).await.object_id.unwrap().to_string()
}

/// The name that a user has meanwhile.
pub(crate) fn temporary(user: &User) -> String {
    format!("{}@{MANAGED}", user.id)
}

/// Checks that somebody has name and anchor, there and here.
pub(crate) async fn is_repaired(world: &World, name: &str, what: &str) {
    let user = here(world, name).await;
    let theirs = there(world, &user.object_id.unwrap().to_string());
    assert_eq!(theirs.user_principal_name, format!("{name}@contoso.test"), "{what}");
    let anchor = Anchor::of(user.id);
    assert_eq!(theirs.on_premises_immutable_id.as_deref(), Some(anchor.as_str()), "{what}");
    assert_eq!((user.anchor, user.unanchored), (Some(anchor), false), "{what}");
    assert!(under_way(world).await.is_empty(), "{what}");
}

/// What changed the account alone, and how it was answered, since so many calls.
pub(crate) fn changes(world: &World, object: &str, since: usize) -> Vec<(String, u16)> {
    let path = format!("/users/{object}");
    let calls = world.microsoft.graph_calls().into_iter().skip(since);
    let calls = calls.filter(|call| call.method == "PATCH" && call.path == path && !call.batched);
    calls.map(|call| (call.changes.join(" "), call.status)).collect()
}

/// Whatever is to be changed of the account fails like this, after so many changes that go well.
pub(crate) fn fail(world: &World, object: &str, fault: Fault, after: u32) {
    let fault = GraphFault::next(fault).at(&format!("/users/{object}")).when("PATCH");
    world.microsoft.inject(fault.after(after).times(u32::MAX));
}

/// Lets time pass, of which every minute is swept.
pub(crate) async fn minutes(world: &World, minutes: u32) {
    for _ in 0..minutes {
        world.clock.pass(SignedDuration::from_mins(1));
        world.agree();
        world.sweep().await;
    }
}

/// Lets enough time pass for whatever was put off.
pub(crate) async fn later(world: &World) {
    for _ in 0..3 {
        world.clock.pass(SignedDuration::from_mins(31));
        world.agree();
        world.sweep().await;
    }
}

/// Begins the repair of somebody, of which Entra takes the first step alone for now.
pub(crate) async fn stopped_midway(world: &World, name: &str) -> String {
    let object = object(world, name).await;
    fail(world, &object, BUSY, 1);
    begin(world, name).await;
    let user = here(world, name).await;
    let away = async || there(world, &object).user_principal_name == temporary(&user);
    until(world, away).await;
    object
}

/// Sweeps until it is so.
pub(crate) async fn until<F: Future<Output = bool>>(world: &World, is_so: impl Fn() -> F) {
    for _ in 0..60 {
        if is_so().await {
            return;
        }
        minutes(world, 1).await;
    }
    panic!("it never was so");
}

/// What the audit says of repairs that ended, since an earlier reading.
pub(crate) fn ended(audited: &[(String, Option<String>)]) -> Vec<(&str, Option<&str>)> {
    let ends = ["anchor_repaired", "anchor_repair_ended"];
    let ended = audited.iter().filter(|(action, _)| ends.contains(&action.as_str()));
    ended.map(|(action, reason)| (action.as_str(), reason.as_deref())).collect()
}
