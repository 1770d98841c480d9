//! An organization with a tenant that lets it end access, and people who are accounts there.

use entra_sim::{Domain, GraphUser};
use identity::{OrganizationId, OutboxId, User};
use jiff::SignedDuration;
use scenarios::microsoft::account;
use scenarios::wire::{Effect, Fault};
use scenarios::{Connector, Records, World};
use serde_json::{Value, json};
use store::OutboxItem;

/// What the writing application needs to end access, and no more.
pub(crate) const NARROW: [&str; 3] =
    ["User.RevokeSessions.All", "User.EnableDisableAccount.All", "User.Read.All"];

/// Accounts of the tenant by these names, one of whom is synced from on-premises: `otto`. Connected by both
/// applications, of which one has no more than it needs to end access.
pub(crate) async fn connected<'w>(world: &'w World, names: &[&str]) -> Connector<'w> {
    let mut olga = reading(world, names).await;
    grant(&olga, &NARROW).await;
    olga.connect("write-users", account::BOSS).await;
    world.swept().await;
    world.agree();
    olga
}

/// The same, connected by the application alone that reads.
pub(crate) async fn reading<'w>(world: &'w World, names: &[&str]) -> Connector<'w> {
    world.microsoft.put_domain(Domain::named("contoso.test")).unwrap();
    for name in names {
        put(world, name);
    }
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    world.swept().await;
    world.agree();
    olga
}

/// Puts somebody into the tenant.
pub(crate) fn put(world: &World, name: &str) -> GraphUser {
    let user = GraphUser {
        user_principal_name: format!("{name}@contoso.test"),
        display_name: name.to_owned(),
        on_premises_immutable_id: Some(name.to_owned()),
        on_premises_sync_enabled: (name == "otto").then_some(true),
        ..GraphUser::default()
    };
    world.microsoft.put_user(user).unwrap()
}

/// Registers the writing application with exactly these permissions.
pub(crate) async fn grant(olga: &Connector<'_>, permissions: &[&str]) {
    olga.register(|application| {
        if !application.roles.contains("User.Read.All") {
            application.roles = permissions.iter().map(|name| (*name).to_owned()).collect();
        }
    })
    .await;
}

/// What the operator asks for, of somebody.
pub(crate) async fn operate(world: &World, action: &str, name: &str) -> Value {
    let email = format!("{name}@contoso.test");
    let asked = json!({ "action": action, "domain": "contoso.test", "email": email });
    world.operate(asked).await.unwrap()
}

/// The same, and whatever follows from it.
pub(crate) async fn settled(world: &World, action: &str, name: &str) {
    operate(world, action, name).await;
    swept(world).await;
}

/// The same, where nobody is told of it: one after the other.
pub(crate) async fn done(world: &World, action: &str, user: &User) {
    let name = user.display_name.as_str();
    operate(world, action, name).await;
    world.batch(&[due(world, user)]).await;
    swept(world).await;
}

/// Lets whatever is due happen.
pub(crate) async fn swept(world: &World) {
    world.swept().await;
    world.agree();
}

/// The next round of reading the tenant, and whatever follows from it.
pub(crate) async fn round(world: &World) {
    world.clock.pass(SignedDuration::from_hours(4));
    world.agree();
    world.sweep().await;
    swept(world).await;
}

/// Lets nobody be told of what the operator puts down: the story itself brings what is due.
pub(crate) fn silent(world: &World) {
    let effect = Effect::Refuse(500, "InternalServerError");
    world.operator.fault(Fault { operation: "PutEvents", skip: 0, times: usize::MAX, effect });
}

/// What sees to the account of a user.
pub(crate) fn due(world: &World, user: &User) -> (OrganizationId, OutboxId) {
    let org = world.organization;
    (org, OutboxItem::reconciling(org, user.id, world.now()).id)
}

/// A user here.
pub(crate) async fn here(world: &World, name: &str) -> User {
    let name = format!("{name}@contoso.test").parse().unwrap();
    let user = world.store.user_named(world.organization, &name, world.now()).await.unwrap();
    user.unwrap().value
}

/// An account there.
pub(crate) fn there(world: &World, name: &str) -> GraphUser {
    let name = format!("{name}@contoso.test");
    let mut users = world.microsoft.users();
    users.retain(|user| user.user_principal_name == name);
    users.remove(0)
}

/// Changes somebody in Entra, as whoever administers the tenant does.
pub(crate) fn change_there(world: &World, name: &str, change: impl FnOnce(&mut GraphUser)) {
    let mut user = there(world, name);
    change(&mut user);
    world.microsoft.put_user(user).unwrap();
}

/// When somebody's sessions were ended there last.
pub(crate) fn ended(world: &World, name: &str) -> Option<String> {
    let at = there(world, name).more.get("signInSessionsValidFromDateTime").cloned()?;
    at.as_str().map(str::to_owned)
}

/// Whether somebody is enabled there, and whether it is for us to enable them.
pub(crate) async fn stands(world: &World, name: &str) -> (bool, bool) {
    (there(world, name).account_enabled, here(world, name).await.disabled.is_some())
}

/// What the audit says of accounts and sessions since an earlier reading, sorted, as words: `account_left:
/// synced`.
pub(crate) async fn said(world: &World, before: &Records) -> Vec<String> {
    let audited = world.records().await.audited_since(before).into_iter();
    let of_it = |action: &str| action.starts_with("account_") || action.starts_with("sessions_");
    let audited = audited.filter(|(action, _)| of_it(action));
    audited
        .map(|(action, reason)| match reason {
            Some(reason) => format!("{action}: {reason}"),
            None => action,
        })
        .collect()
}

/// What Graph was asked to change since so many calls: method, the last part of the path, and the answer.
pub(crate) fn changes_since(world: &World, known: usize) -> Vec<(String, String, u16)> {
    let calls = world.microsoft.graph_calls().split_off(known);
    let changes = calls.into_iter().filter(|call| call.method != "GET");
    let changes = changes.filter(|call| call.path.starts_with("/users/"));
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    changes.map(|call| (call.method, last(&call.path), call.status)).collect()
}
