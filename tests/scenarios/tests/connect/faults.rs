//! Each call on the way to a connection fails in every way, or whoever makes it dies: nothing is half
//! connected, and whoever goes on, or begins again, is connected once.

use entra_sim::{Fault, GraphFault};
use jiff::SignedDuration;
use scenarios::microsoft::{TENANT, account, stands};
use scenarios::{Call, Case, Connector, Failing, Spell, World};
use serde_json::{Value, json};

/// A stretch of the way, each one request of the browser's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leg {
    /// To Microsoft.
    Departure,
    /// Back with a consent.
    Consent,
    /// Back from the sign-in; the tenant is read.
    SignIn,
}

/// Walks well up to a stretch, and names the address that takes it.
async fn up_to(olga: &mut Connector<'_>, leg: Leg) -> String {
    match leg {
        Leg::Departure => olga.departure("read-users").await,
        Leg::Consent => {
            let microsoft = olga.depart("read-users").await;
            olga.answer(&microsoft, Some(account::BOSS)).await
        }
        Leg::SignIn => {
            let sign_in = olga.consent("read-users", account::BOSS).await;
            olga.answer(&sign_in, Some(account::BOSS)).await
        }
    }
}

/// Goes on after something went wrong, as a person would: once more by the same address, else by the
/// page, else from the beginning. Ends what came of it, so that the next one begins anew.
async fn is_connected_after_all(olga: &mut Connector<'_>, address: &str, what: &str) {
    let page = olga.person.browser.get(address).await;
    assert!(page.status.as_u16() < 500, "{what}: it is mended: {}", page.text);
    let page = olga.page().await;
    let mut state = stands(&page).to_owned();
    if state != "Connected." {
        state = stands(&olga.connect("read-users", account::BOSS).await).to_owned();
    }
    assert_eq!(state, "Connected.", "{what}");
    let world = olga.world;
    world.swept().await;
    world.records().await.check_invariants();
    let owner = world.store.tenant_owner(TENANT.parse().unwrap(), world.now()).await.unwrap();
    assert_eq!(owner, Some(world.organization), "{what}");
    assert!(stands(&olga.press("disconnect").await).starts_with("Disconnected."), "{what}");
    // A connection is known by the instant of its beginning.
    world.clock.pass(SignedDuration::from_secs(1));
    world.agree();
}

/// What fails of the account's services, or is being done when the function dies.
fn cases(calls: &[Call]) -> Vec<Case> {
    let deaths = Case::stalls(calls).into_iter().filter(|case| {
        // Once more is no other death.
        case.failing == Failing::Stalled || case.spell == Spell::Once
    });
    Case::all(calls).into_iter().chain(deaths).collect()
}

async fn survives(leg: Leg) {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let address = up_to(&mut olga, leg).await;
    world.oauth.calls();
    let answer = olga.person.browser.get(&address).await;
    assert!(answer.location().is_some(), "{}", answer.text);
    let calls = world.oauth.calls();
    assert!(!calls.is_empty(), "{leg:?} asks for something");
    is_connected_after_all(&mut olga, &address, "nothing").await;

    for case in cases(&calls) {
        let what = format!("{leg:?} {case:?}");
        let address = up_to(&mut olga, leg).await;
        world.oauth.fault(case.fault());
        let answer = tokio::select! {
            answer = olga.person.browser.get(&address) => Some(answer),
            () = world.oauth.stalled() => None,
        };
        world.oauth.mend();
        match answer {
            Some(answer) if answer.location().is_none() => {
                assert!(case.spell == Spell::ForGood, "{what}: {}", answer.text);
                assert!([410, 503].contains(&answer.status.as_u16()), "{what}: {}", answer.text);
                answer.assert_refused(answer.status.as_u16(), &what);
            }
            Some(_) | None => {}
        }
        is_connected_after_all(&mut olga, &address, &what).await;
    }
}

#[tokio::test]
async fn leaving_for_microsoft_survives_every_fault_and_death() {
    survives(Leg::Departure).await;
}

#[tokio::test]
async fn coming_back_with_a_consent_survives_every_fault_and_death() {
    survives(Leg::Consent).await;
}

#[tokio::test]
async fn coming_back_signed_in_survives_every_fault_and_death() {
    survives(Leg::SignIn).await;
}

#[tokio::test]
async fn microsoft_out_of_order_is_borne_at_every_call_of_ours() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let address = up_to(&mut olga, Leg::SignIn).await;
    let before = world.microsoft.graph_calls().len();
    assert!(olga.person.browser.get(&address).await.location().is_some());
    let graph = world.microsoft.graph_calls().len() - before;
    assert!(graph >= 1, "the tenant is read");
    is_connected_after_all(&mut olga, &address, "nothing").await;

    for call in 0..u32::try_from(graph).unwrap() {
        for fault in [
            Fault::Throttled { retry_after: Some(120) },
            Fault::Status(503),
            Fault::Lost,
            Fault::Garbage,
            Fault::Torn,
            Fault::ConsentLost,
            Fault::Unauthorized,
        ] {
            let what = format!("Graph's call {call}: {fault:?}");
            // What makes no sense is looked into by whoever reads the log.
            let makes_sense = !matches!(fault, Fault::Garbage | Fault::Torn);
            let address = up_to(&mut olga, Leg::SignIn).await;
            world.microsoft.inject(GraphFault::next(fault).after(call).times(9));
            let page = olga.person.browser.visit(&address).await;
            assert!(page.status != 500 || !makes_sense, "{what}: {}", page.text);
            world.microsoft.mend();
            is_connected_after_all(&mut olga, &address, &what).await;
        }
    }
    for fault in [
        json!({ "token": { "status": 503 } }),
        json!({ "token": { "status": 429, "retry_after": 60 } }),
        json!({ "token": { "status": 400, "error": "temporarily_unavailable" } }),
        json!({ "token": { "status": 400, "error": "invalid_grant", "aadsts": 70_008 } }),
    ] {
        let (what, none): (String, Value) = (fault.to_string(), json!({}));
        let address = up_to(&mut olga, Leg::SignIn).await;
        olga.simulate("faults", &fault).await;
        let page = olga.person.browser.visit(&address).await;
        assert!(page.status != 500, "{what}: {}", page.text);
        olga.simulate("faults", &none).await;
        is_connected_after_all(&mut olga, &address, &what).await;
    }
}
