//! A tenant with people, whom it has and has not.

use std::collections::BTreeSet;

use ambient::SystemEntropy;
use entra_sim::{Fault, GraphFault, GraphUser, population};
use identity::{Block, User, UserId};
use jiff::SignedDuration;
use scenarios::microsoft::account;
use scenarios::{Connector, World};
use serde_json::{Value, json};
use store::{MissingSearch, MissingStep, Order};
use uuid::Uuid;

/// Connects a tenant that has so many people besides its administrator and a member.
pub(crate) async fn connected(world: &World, people: usize) -> Connector<'_> {
    let mut olga = world.connector().await;
    // The first ids are those of whoever signs in at the tenant in these stories.
    let people_there: Vec<_> = population(people + 12).skip(12).collect();
    world.microsoft.put_users(people_there).unwrap();
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;
    assert_eq!(search(world).await.asked(), people as u64 + 2, "everybody is asked for once");
    olga
}

/// Everybody here who is an account of the tenant, in the order in which they are asked for.
pub(crate) async fn users(world: &World) -> Vec<User> {
    let (mut users, mut from) = (Vec::new(), None);
    loop {
        let (org, now) = (world.organization, world.now());
        let page = world.store.list_users(org, Order::Stored, from.as_ref(), 100, now);
        let page = page.await.unwrap();
        let accounts = page.items.into_iter().map(|user| user.user.value);
        users.extend(accounts.filter(|user| user.object_id.is_some()));
        let Some(next) = page.next else { return users };
        from = Some(next);
    }
}

/// Some of them, spread over all, without whoever signs in at the tenant in these stories.
pub(crate) async fn some(world: &World, many: usize) -> Vec<User> {
    let mut users = users(world).await;
    let kept = [account::BOSS, account::MEMBER].map(|id| id.parse::<Uuid>().unwrap());
    users.retain(|user| !kept.contains(&user.object_id.unwrap()));
    let stride = users.len() / many;
    users.into_iter().step_by(stride).take(many).collect()
}

/// Users who are accounts of the tenant by their word here, and not there.
pub(crate) async fn strangers(world: &World, many: usize) -> Vec<User> {
    let mut strangers = Vec::with_capacity(many);
    for _ in 0..many {
        let object = UserId::mint(&SystemEntropy).uuid();
        let name = object.simple().to_string();
        strangers.push(world.user_with(&name, |user| user.object_id = Some(object)).await);
    }
    strangers
}

/// Lets the tenant not have them any more: gone for good, as thirty days after a deletion.
pub(crate) fn leave(world: &World, users: &[User]) {
    for user in users {
        world.microsoft.delete_user(user.user_name.as_str()).unwrap();
    }
}

/// Lets the tenant have somebody again.
pub(crate) fn come_back(world: &World, user: &User) {
    let user = GraphUser {
        id: user.object_id.unwrap().to_string(),
        user_principal_name: user.user_name.as_str().to_owned(),
        display_name: user.display_name.clone(),
        ..GraphUser::default()
    };
    world.microsoft.put_user(user).unwrap();
}

/// Has everybody read anew, since the tenant forgot what was told, by the sweep that is due. Nobody is
/// told of whoever left.
pub(crate) async fn read_anew(world: &World) {
    world.microsoft.inject(GraphFault::next(Fault::Reset).at("/users/delta"));
    next_round(world).await;
}

/// Lets the next round be due, and the sweep run.
pub(crate) async fn next_round(world: &World) {
    world.clock.pass(SignedDuration::from_hours(4));
    world.agree();
    world.sweep().await;
}

/// Lets the time pass until nothing is to be done.
pub(crate) async fn swept(world: &World) {
    world.swept().await;
    world.agree();
}

pub(crate) async fn search(world: &World) -> MissingSearch {
    world.store.missing_search(world.organization, world.now()).await.unwrap().unwrap().value
}

/// Waits until the tenant was asked for everybody.
pub(crate) async fn asked(world: &World) -> MissingSearch {
    let is_asked = |records: &scenarios::Records| {
        let searches = records.values("#MISSING");
        !searches.iter().any(|search| !search["step"]["asking"].is_null())
    };
    world.until("everybody was asked for", is_asked).await;
    search(world).await
}

/// Checks that exactly these have lost access by Entra's word.
pub(crate) async fn blocked_are(world: &World, expected: &[User], what: &str) {
    let users = users(world).await;
    let blocked = users.iter().filter(|user| user.blocks.contains(&Block::Entra));
    let blocked: BTreeSet<UserId> = blocked.map(|user| user.id).collect();
    let expected: BTreeSet<UserId> = expected.iter().map(|user| user.id).collect();
    assert_eq!(blocked, expected, "{what}");
}

/// How many are held, which is so now.
pub(crate) async fn held(world: &World) -> (identity::SearchId, u64) {
    let search = search(world).await;
    assert!(matches!(search.step, MissingStep::Held { .. }), "{search:?}");
    (search.id, search.missing)
}

/// What the operator answers, or why not.
pub(crate) async fn operate(world: &World, action: &str, mut asked: Value) -> Result<Value, Value> {
    asked["action"] = json!(action);
    if asked["domain"].is_null() {
        asked["domain"] = json!("contoso.test");
    }
    world.operate(asked).await
}

/// Checks that the operator refuses, and says this.
pub(crate) async fn refused(world: &World, action: &str, asked: Value, kind: &str, why: &str) {
    let error = operate(world, action, asked.clone()).await.unwrap_err();
    let message = error["errorMessage"].as_str().unwrap();
    assert!(error["errorType"] == kind && message.contains(why), "{action} {asked}: {error}");
}

/// What was said of missing users on the bus.
pub(crate) fn said(world: &World) -> Vec<Value> {
    world.said("connection.missing_held")
}
