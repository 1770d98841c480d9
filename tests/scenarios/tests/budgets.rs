//! How many calls each way costs: the budgets of `docs/ARCHITECTURE.md`, counted on the wire.

use jiff::SignedDuration;
use scenarios::microsoft::account;
use scenarios::saml::AuthnRequest;
use scenarios::{Authenticator, Browser, Call, Page, World};
use serde_json::json;

/// Calls of one way, by what they cost.
#[derive(Debug, Default, PartialEq, Eq)]
struct Cost {
    reads: usize,
    writes: usize,
    signatures: usize,
    others: usize,
}

impl Cost {
    const fn of(reads: usize, writes: usize, signatures: usize) -> Self {
        Self { reads, writes, signatures, others: 0 }
    }

    fn counted(calls: &[Call]) -> Self {
        let mut cost = Self::default();
        for call in calls {
            match (call.service, call.operation.as_str()) {
                ("dynamodb", "GetItem" | "BatchGetItem" | "Query") => cost.reads += 1,
                ("dynamodb", "TransactWriteItems") => cost.writes += 1,
                ("kms", "Sign") => cost.signatures += 1,
                _ => cost.others += 1,
            }
        }
        cost
    }
}

/// How a request of Entra's arrives.
#[derive(Clone, Copy, Debug)]
enum Binding {
    Redirect,
    Post,
}

/// Whether the function has answered this organization within the minute.
#[derive(Clone, Copy, Debug)]
enum Function {
    Warm,
    Cold,
}

/// Lets Entra send somebody, and ends on the answer or on the page that asks for a passkey.
async fn arrive(world: &World, browser: &mut Browser, id: &str, binding: Binding) -> Page {
    match binding {
        Binding::Redirect => browser.visit(&world.sso(id)).await,
        Binding::Post => {
            let landed = browser.land(&AuthnRequest::new(id, world.now())).await;
            browser.follow(landed).await
        }
    }
}

async fn sign_in(world: &World, authenticator: &mut Authenticator, id: &str, binding: Binding) {
    let mut browser = world.browser();
    let page = arrive(world, &mut browser, id, binding).await;
    let page = browser.sign_in(&page, authenticator).await;
    assert!(page.answer().is_some(), "{}", page.text);
}

async fn make(world: &World, function: Function) {
    if matches!(function, Function::Cold) {
        world.clock.pass(SignedDuration::from_mins(2));
    } else {
        world.browser().visit("/saml/contoso.test/certificate.pem").await;
    }
}

#[tokio::test]
async fn a_silent_answer_costs_one_read_one_signature_and_one_write() {
    let world = World::start().await;
    let mut ada = world.person("ada").await;
    let cases = [
        // binding, function, cost
        (Binding::Redirect, Function::Warm, Cost::of(1, 1, 1)),
        // Landed first, so that the session's cookie comes along.
        (Binding::Post, Function::Warm, Cost::of(1, 2, 1)),
        // The domain's owner, once a minute and process; the key ring comes with the rest.
        (Binding::Redirect, Function::Cold, Cost::of(2, 1, 1)),
        (Binding::Post, Function::Cold, Cost::of(2, 2, 1)),
    ];
    for (position, (binding, function, cost)) in cases.into_iter().enumerate() {
        make(&world, function).await;
        world.login.calls();

        let page = arrive(&world, &mut ada.browser, &format!("_{position}"), binding).await;

        assert!(page.answer().is_some(), "{binding:?} {function:?}: {}", page.text);
        assert_eq!(Cost::counted(&world.login.calls()), cost, "{binding:?} {function:?}");
    }
}

#[tokio::test]
async fn a_sign_in_by_passkey_costs_at_most_three_reads_three_writes_and_one_signature() {
    let world = World::start().await;
    let mut ada = world.person("ada").await;
    let cases = [
        // binding, function, cost
        (Binding::Redirect, Function::Warm, Cost::of(2, 2, 1)),
        (Binding::Post, Function::Warm, Cost::of(2, 3, 1)),
        (Binding::Redirect, Function::Cold, Cost::of(3, 2, 1)),
        (Binding::Post, Function::Cold, Cost::of(3, 3, 1)),
    ];
    for (position, (binding, function, cost)) in cases.into_iter().enumerate() {
        make(&world, function).await;
        world.login.calls();

        sign_in(&world, &mut ada.authenticator, &format!("_{position}"), binding).await;

        assert_eq!(Cost::counted(&world.login.calls()), cost, "{binding:?} {function:?}");
    }
}

#[tokio::test]
async fn metadata_is_signed_once_a_minute_however_often_it_is_fetched() {
    let world = World::start().await;
    let path = "/saml/contoso.test/metadata";
    let signatures = async || {
        world.browser().visit(path).await;
        world.browser().visit(path).await;
        Cost::counted(&world.login.calls()).signatures
    };

    let first = signatures().await;
    world.clock.pass(SignedDuration::from_secs(59));
    let same_minute = signatures().await;
    world.clock.pass(SignedDuration::from_secs(1));
    let next_minute = signatures().await;

    assert_eq!((first, same_minute, next_minute), (1, 0, 1));
}

#[tokio::test]
async fn a_refusal_costs_no_signature() {
    let world = World::start().await;
    let ada = world.person("ada").await;
    world.block(&ada.user).await;
    let mut browser = ada.browser.clone();
    world.login.calls();

    let page = browser.visit(&world.sso("_1")).await;

    page.assert_refused(403, "blocked");
    assert_eq!(Cost::counted(&world.login.calls()).signatures, 0);

    let mut grace = world.person("grace").await;
    let url = world.sso("_answered");
    assert!(grace.browser.visit(&url).await.answer().is_some());
    let refused = Cost::of(1, 1, 0);
    for (whose, browser) in [("the same", &mut grace.browser), ("another", &mut world.browser())] {
        world.login.calls();

        let page = browser.visit(&url).await;

        page.assert_refused(410, whose);
        assert_eq!(Cost::counted(&world.login.calls()), refused, "a replay in {whose} browser");
    }
}

/// Which request is landed again stands in what is read together with the rest; and two answers
/// may be under way at once.
#[tokio::test]
async fn a_replay_that_is_found_out_late_costs_one_signature_which_the_audit_names() {
    let world = World::start().await;
    let mut ada = world.person("ada").await;
    assert!(ada.browser.visit(&world.sso("_1")).await.answer().is_some());
    let key = world.login.last_seen("Sign").unwrap()["KeyId"].clone();
    let before = world.quiet().await;
    world.login.calls();

    let page = arrive(&world, &mut ada.browser, "_1", Binding::Post).await;

    page.assert_refused(410, "landed again");
    assert_eq!(Cost::counted(&world.login.calls()), Cost::of(1, 3, 1));
    let audit = world.quiet().await.audit();
    let known = before.audit();
    let new = audit.iter().filter(|entry| !known.contains(entry)).collect::<Vec<_>>();
    assert_eq!(new.len(), 1, "{new:?}");
    assert_eq!((&new[0]["reason"], &new[0]["key"]), (&"request_answered".into(), &key));
}

#[tokio::test]
async fn a_round_in_which_nothing_changed_is_a_read_a_call_of_graph_and_a_write() {
    for writes in [false, true] {
        let world = World::start().await;
        let mut olga = world.connector().await;
        olga.connected().await;
        if writes {
            olga.connect("write-users", account::BOSS).await;
        }
        let often = json!({ "action": "check_interval", "domain": "contoso.test", "minutes": 5 });
        world.operate(often).await.unwrap();
        world.clock.pass(SignedDuration::from_secs(31));
        world.agree();
        world.sweep().await;

        let mut costs = Vec::new();
        for _ in 0..5 {
            world.clock.pass(SignedDuration::from_mins(5));
            world.agree();
            world.sweep_outbox().await;
            let before = world.microsoft.graph_calls().len();
            world.directory.calls();
            world.dispatch().await;
            let calls = world.microsoft.graph_calls().len() - before;
            costs.push((Cost::counted(&world.directory.calls()), calls));
        }

        // The first ones see to the other consent, and look whether anchors are left.
        assert_eq!(costs[2..], [const { (Cost::of(1, 1, 0), 1) }; 3], "{writes}: {costs:?}");
    }
}
