//! What our page declares that a feature needs is enough, and nothing of it can be spared.

use std::collections::BTreeSet;

use entra_sim::GraphCall;
use jiff::SignedDuration;
use scenarios::microsoft::{Connector, account, stands};
use scenarios::{Page, World};
use serde_json::json;

use crate::reading::{find, pass_a_round, users};

/// What each feature needs, in the page's order, and whether it is granted.
fn declared(page: &Page) -> Vec<Vec<(String, bool)>> {
    let lists = page.text.split("<ul>").skip(1).map(|rest| rest.split("</ul>").next().unwrap());
    let permissions = lists.map(|list| {
        let items = list.split("<li><code>").skip(1).filter_map(|item| {
            let (name, rest) = item.split_once("</code>")?;
            Some((name.to_owned(), rest.contains("\"badge good\"")))
        });
        items.collect::<Vec<_>>()
    });
    permissions.filter(|permissions| !permissions.is_empty()).collect()
}

/// Registers both applications with exactly these permissions.
async fn register(olga: &Connector<'_>, [reading, writing]: [&BTreeSet<String>; 2]) {
    let change = |application: &mut entra_sim::Application| {
        let writes = application.roles.contains("User.ReadWrite.All");
        application.roles = if writes { writing } else { reading }.iter().cloned().collect();
    };
    olga.register(change).await;
}

/// What our page declares, by purpose: to read, to end access, to change.
async fn narrow(olga: &mut Connector<'_>) -> [BTreeSet<String>; 3] {
    let declared = declared(&olga.page().await);
    let names =
        |feature: &Vec<(String, bool)>| feature.iter().map(|(name, _)| name.clone()).collect();
    let declared = declared.iter().map(names).collect::<Vec<BTreeSet<_>>>();
    declared.try_into().unwrap()
}

/// Refusals of Graph.
fn refused(world: &World) -> Vec<String> {
    let calls = world.microsoft.graph_calls();
    let refused = calls.iter().filter(|call| call.status == 403);
    refused.map(|call| format!("{} {}", call.method, call.path)).collect()
}

#[tokio::test]
async fn exactly_what_is_declared_is_enough_and_reading_writes_nothing() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let [reading, ending, writing] = narrow(&mut olga).await;
    assert!(!ending.contains("User.ReadWrite.All"), "narrow first");
    assert!(reading.contains("User.Read.All") && !reading.contains("User.ReadWrite.All"));
    register(&olga, [&reading, &writing]).await;

    let page = olga.connect("read-users", account::BOSS).await;
    assert_eq!(stands(&page), "Connected.");
    world.quiet().await;
    pass_a_round(&world).await;
    world.quiet().await;
    assert!(users(&world).await.len() > 2, "the tenant's people are here");
    let calls = world.microsoft.graph_calls();
    let changes = calls.iter().filter(|call| call.method != "GET");
    // A subscription is no change of anybody, and a batch is no more than the calls in it.
    let changes = changes.filter(|call| !call.path.starts_with("/subscriptions"));
    let changes = changes.filter(|call| call.path != "/$batch");
    assert_eq!(changes.count(), 0, "read-only is read-only");

    let page = olga.connect("write-users", account::BOSS).await;
    assert_eq!(stands(&page), "Connected.");
    world.swept().await;
    let here = users(&world).await;
    let theirs = here.iter().filter(|user| user.object_id.is_some()).collect::<Vec<_>>();
    assert!(theirs.iter().all(|user| user.anchor.is_some()), "anchors are written");
    assert!(declared(&olga.page().await).concat().iter().all(|(_, granted)| *granted));
    assert_eq!(refused(&world), Vec::<String>::new());
}

/// The narrow permissions to end access alone, and without any one of them.
#[tokio::test]
async fn exactly_what_ending_access_declares_ends_it_and_without_any_one_its_part_is_not_done() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let [reading, ending, _] = narrow(&mut olga).await;
    register(&olga, [&reading, &ending]).await;
    olga.connect("read-users", account::BOSS).await;
    // No round comes in between.
    let daily = json!({ "action": "check_interval", "domain": "contoso.test", "minutes": 1440 });
    world.operate(daily).await.unwrap();
    world.swept().await;
    let email = find(&users(&world).await, "member").user_name.as_str().to_owned();
    let decide = async |action: &str| {
        let asked = json!({ "action": action, "domain": "contoso.test", "email": email });
        world.operate(asked).await.unwrap();
        world.swept().await;
    };

    for missing in std::iter::once(None).chain(ending.iter().map(Some)) {
        let rest = ending.iter().filter(|name| Some(*name) != missing).cloned().collect();
        register(&olga, [&reading, &rest]).await;
        olga.connect("write-users", account::BOSS).await;
        let said = &declared(&olga.page().await)[1];
        for name in &ending {
            let granted = (name.clone(), Some(name) != missing);
            assert!(said.contains(&granted), "without {missing:?}: {said:?}");
        }
        let known = world.microsoft.graph_calls().len();
        decide("block").await;
        let calls = world.microsoft.graph_calls().split_off(known);
        let done = |what: &str| {
            let is_it = |call: &GraphCall| {
                call.path.ends_with(what) || call.changes.iter().any(|name| name == what)
            };
            calls.iter().any(|call| call.method != "GET" && call.status < 300 && is_it(call))
        };
        let without = |name: &str| missing.is_some_and(|missing| missing == name);
        let disables = !without("User.EnableDisableAccount.All") && !without("User.Read.All");
        assert_eq!(done("accountEnabled"), disables, "without {missing:?}: {calls:?}");
        let ends = !without("User.RevokeSessions.All");
        assert_eq!(done("/revokeSignInSessions"), ends, "without {missing:?}: {calls:?}");
        decide("unblock").await;
        // A token says what was granted when it was given.
        world.clock.pass(SignedDuration::from_mins(61));
        world.agree();
    }
    // What the tenant calls itself is asked for with any permission, and may not be told.
    let refused = refused(&world).into_iter().filter(|call| call != "GET /organization");
    let refused = refused.collect::<Vec<_>>();
    assert!(refused.is_empty(), "nothing is asked for that is not granted: {refused:?}");
}

/// Each permission alone is taken out of what the applications have; what then is not done is said.
#[tokio::test]
async fn without_any_one_of_them_the_page_says_which_is_missing_and_what_needs_it_is_not_done() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let [reading, _, writing] = narrow(&mut olga).await;
    for missing in &reading {
        let rest = reading.iter().filter(|name| *name != missing).cloned().collect();
        register(&olga, [&rest, &writing]).await;
        let page = olga.connect("read-users", account::BOSS).await;
        assert_ne!(stands(&page), "Connected.", "{missing}");
        let said = declared(&olga.page().await).concat();
        assert!(said.contains(&(missing.clone(), false)), "{missing}: {said:?}");
        world.clock.pass(SignedDuration::from_mins(5));
        world.agree();
        world.sweep().await;
        assert_eq!(users(&world).await.len(), 1, "{missing}: nobody is read");
    }
    register(&olga, [&reading, &writing]).await;
    let page = olga.connect("read-users", account::BOSS).await;
    assert_eq!(stands(&page), "Connected.");
    world.quiet().await;
    for missing in &writing {
        let rest = writing.iter().filter(|name| *name != missing).cloned().collect();
        register(&olga, [&reading, &rest]).await;
        olga.connect("write-users", account::BOSS).await;
        let said = declared(&olga.page().await).concat();
        assert!(said.contains(&(missing.clone(), false)), "{missing}: {said:?}");
        world.swept().await;
        let written = world.microsoft.graph_calls();
        let written = written.iter().filter(|call| call.method == "PATCH" && call.status < 300);
        assert_eq!(written.count(), 0, "{missing}: nothing is written");
        let here = users(&world).await;
        let theirs = here.iter().filter(|user| user.object_id.is_some());
        assert!(theirs.clone().count() > 1 && theirs.clone().any(|user| user.unanchored));
    }
}
