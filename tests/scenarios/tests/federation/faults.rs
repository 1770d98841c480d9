//! Each call of a look fails in every way, or whoever makes it dies: what was seen is kept whole or
//! not at all, and whoever looks again sees.

use std::time::Duration;

use entra_sim::{Fault, GraphFault};
use scenarios::microsoft::{Connector, account};
use scenarios::world::DOMAIN;
use scenarios::{Case, Failing, Spell, World};
use serde_json::json;

use crate::{audited, stored, verdict};

/// Every look that is kept is in the audit, and every one in the audit is kept.
async fn is_whole(world: &World, what: &str) {
    let kept = async || {
        let check = world.store.federation_check(world.organization, world.now()).await.unwrap();
        check.map_or(0, |check| check.version)
    };
    // Whoever was killed may have been at the very end of it.
    let (records, kept) = loop {
        let before = kept().await;
        let records = world.records().await;
        if kept().await == before {
            break (records, before);
        }
    };
    records.check_invariants();
    let told = records.audit();
    let told = told.iter().filter(|entry| entry["action"] == "federation_checked");
    assert_eq!(told.count() as u64, kept, "{what}: kept, and told in the audit");
}

async fn survives(world: &World, olga: &mut Connector<'_>, returns: bool) {
    let up_to = async |olga: &mut Connector<'_>| {
        if returns {
            olga.look_return("narrow", Some(account::BOSS)).await
        } else {
            olga.look_departure("narrow").await
        }
    };
    let address = up_to(olga).await;
    world.oauth.calls();
    let answer = olga.person.browser.get(&address).await;
    assert!(answer.location().is_some(), "{}", answer.text);
    let calls = world.oauth.calls();
    assert!(!calls.is_empty(), "it asks for something");
    let deaths = Case::stalls(&calls).into_iter().filter(|case| {
        // Once more is no other death.
        case.failing == Failing::Stalled || case.spell == Spell::Once
    });
    for case in Case::all(&calls).into_iter().chain(deaths) {
        let what = format!("{case:?}");
        let address = up_to(olga).await;
        world.oauth.fault(case.fault());
        let answer = tokio::select! {
            answer = olga.person.browser.get(&address) => Some(answer),
            () = world.oauth.stalled() => None,
        };
        world.oauth.mend();
        if let Some(answer) = answer.filter(|answer| answer.location().is_none()) {
            assert!(case.spell == Spell::ForGood, "{what}: {}", answer.text);
            answer.assert_refused(503, &what);
        }
        // The same address again goes on or is over; a look that was not kept is begun anew.
        let again = olga.person.browser.get(&address).await;
        assert!(again.status.as_u16() < 500, "{what}: {}", again.text);
        is_whole(world, &what).await;
    }
    let page = olga.look_at_federation("narrow", account::BOSS).await;
    assert_eq!(verdict(&page, DOMAIN), "as we publish it");
    is_whole(world, "the last one").await;
}

#[tokio::test]
async fn a_look_survives_every_fault_and_death_on_its_way() {
    let world = World::federated().await;
    let mut olga = world.connector().await;
    olga.connected().await;
    for returns in [false, true] {
        survives(&world, &mut olga, returns).await;
    }
}

#[tokio::test]
async fn microsoft_out_of_order_shows_nothing_keeps_nothing_and_says_so() {
    let world = World::federated().await;
    let mut olga = world.connector().await;
    olga.connected().await;
    for call in 0..2 {
        for (fault, status) in [
            (Fault::Throttled { retry_after: Some(120) }, 503),
            (Fault::Unauthorized, 410),
            (Fault::ConsentLost, 403),
            (Fault::Garbage, 500),
            (Fault::Torn, 500),
            (Fault::Status(400), 500),
        ] {
            let what = format!("Graph's call {call}: {fault:?}");
            let back = olga.look_return("narrow", Some(account::BOSS)).await;
            world.microsoft.inject(GraphFault::next(fault).at("/domains").after(call).times(99));
            olga.person.browser.get(&back).await.assert_refused(status, &what);
            world.microsoft.mend();
            assert_eq!(stored(&world.records().await), None, "{what}");
        }
    }
    for (fault, status) in [
        (json!({ "token": { "status": 503, "times": 9 } }), 503),
        (json!({ "token": { "status": 400, "error": "temporarily_unavailable" } }), 503),
        (json!({ "token": { "status": 400, "error": "invalid_grant", "aadsts": 70_008 } }), 410),
    ] {
        let back = olga.look_return("narrow", Some(account::BOSS)).await;
        olga.simulate("faults", &fault).await;
        olga.person.browser.get(&back).await.assert_refused(status, &fault.to_string());
        olga.simulate("faults", &json!({})).await;
        assert_eq!(stored(&world.records().await), None, "{fault}");
    }
    let page = olga.look_at_federation("narrow", account::BOSS).await;
    assert_eq!(verdict(&page, DOMAIN), "as we publish it");
    is_whole(&world, "mended").await;
}

/// Nobody waits for longer than the page does: what Microsoft says afterwards is nothing.
#[tokio::test]
async fn a_microsoft_that_keeps_silent_is_given_up_in_time_and_nothing_is_kept() {
    let world = World::federated().await;
    let mut olga = world.connector().await;
    olga.connected().await;
    let before = world.quiet().await;
    let back = olga.look_return("narrow", Some(account::BOSS)).await;
    world.microsoft.inject(GraphFault::next(Fault::Hang).at("/domains").times(99));

    let given_up = olga.person.browser.get(&back);
    let given_up = tokio::time::timeout(Duration::from_secs(28), given_up).await;

    given_up.expect("before the function's own end").assert_refused(503, "in time");
    world.microsoft.mend();
    assert_eq!(stored(&world.records().await), None);
    assert_eq!(audited(&world, &before).await, [], "nobody refused anything, and nobody saw");
    olga.person.browser.get(&back).await.assert_refused(410, "the way is used up");
    let page = olga.look_at_federation("narrow", account::BOSS).await;
    assert_eq!(verdict(&page, DOMAIN), "as we publish it");
    is_whole(&world, "afterwards").await;
}

/// Two administrators look at once: both are told what they saw, and the table has one of them.
#[tokio::test]
async fn two_who_look_at_once_both_see() {
    let world = World::federated().await;
    let mut olga = world.connector().await;
    olga.connected().await;
    let (first, second) = (
        olga.look_return("narrow", Some(account::BOSS)).await,
        olga.look_return("wide", Some(account::BOSS)).await,
    );
    let (mut one, mut other) = (olga.person.browser.clone(), olga.person.browser.clone());

    let (one, other) = tokio::join!(one.visit(&first), other.visit(&second));

    assert_eq!(verdict(&one, DOMAIN), "as we publish it");
    assert_eq!(verdict(&other, DOMAIN), "as we publish it");
    is_whole(&world, "both").await;
}
