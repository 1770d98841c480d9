//! Microsoft tells that somebody changed, and within seconds it is so here; what it does not tell, or tells
//! wrongly, changes nothing that the next round does not put right.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::time::Duration;

use ambient::{Clock as _, SystemClock};
use entra_sim::{Delivery, Fault as Wrong, GraphFault, GraphSettings, GraphUser, Lifecycle};
use futures_util::future::join_all;
use http::StatusCode;
use identity::User;
use jiff::SignedDuration;
use reqwest::Response;
use scenarios::microsoft::{Connector, account};
use scenarios::wire::{Effect, Fault};
use scenarios::{Person, World};
use serde_json::{Value, json};
use uuid::Uuid;

/// Ada, in the tenant.
const ADA: &str = "00000000-0000-4000-8000-0000000000ad";

/// A world whose tenant is connected, knows Ada, and tells what changes; and Ada, with a passkey.
async fn told(world: &World) -> (Connector<'_>, Person) {
    let ada = world.person("ada").await;
    let mut olga = world.connector().await;
    let user = GraphUser {
        id: ADA.to_owned(),
        user_principal_name: "ada@contoso.test".to_owned(),
        display_name: "ada".to_owned(),
        on_premises_immutable_id: Some(ada.user.anchor.as_ref().unwrap().as_str().to_owned()),
        ..GraphUser::default()
    };
    world.microsoft.put_user(user).unwrap();
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;
    world.microsoft.set_delivery(Delivery::default());
    (olga, ada)
}

fn enable(world: &World, enabled: bool) {
    let mut users = world.microsoft.users().into_iter();
    let mut ada = users.find(|user| user.id == ADA).unwrap();
    ada.account_enabled = enabled;
    world.microsoft.put_user(ada).unwrap();
}

async fn ada(world: &World) -> User {
    let name = "ada@contoso.test".parse().unwrap();
    let found = world.store.user_named(world.organization, &name, world.now()).await;
    found.unwrap().unwrap().value
}

/// Waits until Ada is blocked, or is not.
async fn until_blocked(world: &World, blocked: bool) {
    for _ in 0..200 {
        if ada(world).await.blocks.is_empty() != blocked {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("blocked: {:?}", ada(world).await.blocks);
}

/// Waits until whatever was noticed is seen to: at the latest when what a busy machine put off is due.
async fn seen_to(world: &World) {
    for waited in 1.. {
        if world.store.latest_notice(world.organization, world.now()).await.unwrap().is_none() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        if waited % 100 == 0 {
            world.clock.pass(SignedDuration::from_secs(61));
            world.agree();
            world.sweep_outbox().await;
        }
    }
}

/// Lets the time pass until everything was read again that is to be.
async fn fourteen_minutes_later(world: &World) {
    seen_to(world).await;
    for _ in 0..27 {
        world.clock.pass(SignedDuration::from_secs(31));
        world.agree();
        world.sweep().await;
    }
    world.settled().await;
}

/// How often the list of changes was asked for.
fn rounds(world: &World) -> usize {
    let calls = world.microsoft.graph_calls();
    calls.iter().filter(|call| call.path == "/users/delta").count()
}

async fn tell(world: &World, path: &str, body: String) -> Response {
    let url = format!("{}{path}", world.base_url);
    let request = reqwest::Client::new().post(url).header("content-type", "application/json");
    request.body(body).send().await.unwrap()
}

#[tokio::test]
async fn who_is_disabled_in_the_tenant_is_refused_within_seconds_and_comes_back_as_fast() {
    let world = World::start().await;
    let (_olga, mut ada) = told(&world).await;
    assert!(ada.browser.visit(&world.sso("_before")).await.answer().is_some());

    enable(&world, false);
    until_blocked(&world, true).await;
    let silent = ada.browser.visit(&world.sso("_after")).await;
    assert!(silent.answer().is_none(), "the session answers no more");
    let mut anew = world.browser();
    let page = anew.visit(&world.sso("_anew")).await;
    let refused = anew.sign_in(&page, &mut ada.authenticator).await;
    assert!(refused.answer().is_none(), "neither does the passkey");

    enable(&world, true);
    until_blocked(&world, false).await;
    fourteen_minutes_later(&world).await;
    world.quiet().await;
}

#[tokio::test]
async fn notices_that_are_late_doubled_or_out_of_order_end_in_what_the_directory_says() {
    let world = World::start().await;
    let (_olga, _ada) = told(&world).await;
    world.microsoft.set_delivery(Delivery {
        doubled: true,
        reversed: true,
        delay_ms: 700,
        delay_every: 2,
        ..Delivery::default()
    });

    for enabled in [false, true, false, true, false] {
        enable(&world, enabled);
    }
    until_blocked(&world, true).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    fourteen_minutes_later(&world).await;

    assert!(!ada(&world).await.blocks.is_empty());
    world.quiet().await;
}

#[tokio::test]
async fn whom_the_list_of_changes_does_not_show_yet_is_read_directly_and_looked_for_again() {
    let world = World::start().await;
    let (_olga, _ada) = told(&world).await;
    world.microsoft.set_graph(GraphSettings { lag: 1, ..GraphSettings::default() });
    let before = rounds(&world);

    enable(&world, false);
    until_blocked(&world, true).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(rounds(&world) - before, 1, "at once");
    world.clock.pass(SignedDuration::from_secs(71));
    world.agree();
    world.sweep().await;
    assert_eq!(rounds(&world) - before, 2, "after a minute");
    fourteen_minutes_later(&world).await;

    assert_eq!(rounds(&world) - before, 3, "after ten");
    world.quiet().await;
}

#[tokio::test]
async fn a_thousand_notices_are_two_rounds_at_most_and_everybody_is_asked_for() {
    let world = World::start().await;
    let (_olga, _ada) = told(&world).await;
    let before = rounds(&world);
    let objects: BTreeSet<String> =
        (0..1000_u128).map(|number| Uuid::from_u128(number).to_string()).collect();
    let bodies: Vec<String> = objects
        .iter()
        .collect::<Vec<_>>()
        .chunks(50)
        .map(|some| some.iter().map(|object| world.notice(object)).collect::<Vec<_>>())
        .map(|notices| json!({ "value": notices }).to_string())
        .collect();

    // What a busy machine does not take in time is told again, as Graph does.
    let to = world.notice_path();
    join_all(bodies.iter().map(async |body| {
        while let status = tell(&world, &to, body.clone()).await.status()
            && status != StatusCode::ACCEPTED
        {
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        }
    }))
    .await;
    seen_to(&world).await;
    let begun = rounds(&world) - before;
    let calls = world.microsoft.graph_calls().into_iter().filter(|call| call.batched);
    let asked: BTreeSet<String> =
        calls.filter_map(|call| Some(call.path.strip_prefix("/users/")?.to_owned())).collect();

    assert!((1..=2).contains(&begun), "{begun} rounds at once");
    assert_eq!(asked.intersection(&objects).count(), 1000);
}

#[tokio::test]
async fn whom_graph_does_not_answer_for_keeps_nobody_else_waiting_and_is_left_to_the_rounds() {
    let world = World::start().await;
    let (_olga, _ada) = told(&world).await;
    world.microsoft.set_delivery(Delivery { silent: true, ..Delivery::default() });
    let people: Vec<String> = (1..=25_u128).map(|id| Uuid::from_u128(id).to_string()).collect();
    let never = GraphFault::next(Wrong::Status(409)).at(&format!("/users/{}", people[0]));
    world.microsoft.inject(never.times(u32::MAX));
    // Nor does the list of changes tell of anybody.
    world.microsoft.inject(GraphFault::next(Wrong::Empty).at("/users/delta").times(u32::MAX));
    enable(&world, false);

    let told: Vec<&str> = people.iter().map(String::as_str).chain([ADA]).collect();
    world.notify(&told).await;
    until_blocked(&world, true).await;
    for _ in 0..6 {
        world.clock.pass(SignedDuration::from_secs(61));
        world.agree();
        world.sweep_outbox().await;
    }

    let (org, now) = (world.organization, world.now());
    assert!(world.store.noticed(org, 9, now).await.unwrap().is_empty(), "it is over for them");
    assert!(world.store.latest_notice(org, now).await.unwrap().is_none());
    world.microsoft.mend();
    fourteen_minutes_later(&world).await;
    world.quiet().await;
}

#[tokio::test]
async fn a_notice_is_said_though_nobody_heard_of_the_one_before() {
    let world = World::start().await;
    let (_olga, _ada) = told(&world).await;
    world.microsoft.set_delivery(Delivery { silent: true, ..Delivery::default() });
    world.store.notice(world.organization, &BTreeSet::new(), world.now()).await.unwrap();
    enable(&world, false);

    world.notify(&[ADA]).await;

    until_blocked(&world, true).await;
    fourteen_minutes_later(&world).await;
    world.quiet().await;
}

#[tokio::test]
async fn a_round_that_a_notice_began_and_that_is_cut_off_is_gone_on_with() {
    let world = World::start().await;
    let (_olga, _ada) = told(&world).await;
    world.microsoft.set_graph(GraphSettings { page_size: 2, ..GraphSettings::default() });
    for people in entra_sim::population(3) {
        world.microsoft.put_user(people).unwrap();
    }
    let later = Wrong::Throttled { retry_after: Some(90) };
    world.microsoft.inject(GraphFault::next(later).at("/users/delta").after(1));
    let before = rounds(&world);

    // Who is deleted is told of by the list of changes alone, and last.
    world.microsoft.soft_delete_user("ada@contoso.test").unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(rounds(&world) - before, 2, "two pages were asked for, and one came");
    assert!(ada(&world).await.blocks.is_empty());
    world.clock.pass(SignedDuration::from_secs(95));
    world.agree();
    world.sweep_outbox().await;

    assert!(!ada(&world).await.blocks.is_empty(), "the second page is asked for once more");
    fourteen_minutes_later(&world).await;
    world.quiet().await;
}

#[tokio::test]
async fn a_tenant_tells_what_changes_before_anybody_of_it_is_read() {
    let world = World::start().await;
    let mut olga = world.connector().await;
    let later = Wrong::Throttled { retry_after: Some(600) };
    world.microsoft.inject(GraphFault::next(later).at("/users/delta").times(3));
    olga.connect("read-users", account::BOSS).await;
    while world.microsoft.subscriptions().is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    let import = world.store.import(world.organization, world.now()).await.unwrap();
    let is_read = import.is_some_and(|import| import.value.kept_at.is_some());
    assert!(!is_read, "nothing is read yet");
}

#[tokio::test]
async fn who_does_not_know_the_secret_is_told_the_same_and_does_nothing() {
    let world = World::start().await;
    let (_olga, _ada) = told(&world).await;
    let other = world.found("Fabrikam", "fabrikam.test").await;
    let before = world.records().await;
    let good = world.notice(ADA);
    let with = |name: &str, value: Value| {
        let mut notice = good.clone();
        notice[name] = value;
        notice
    };
    let forged = [
        with("clientState", json!("guessed")),
        with("clientState", json!("")),
        with("clientState", Value::Null),
        with("subscriptionId", json!(ADA)),
        with("tenantId", json!(ADA)),
        with("tenantId", json!("not a tenant")),
        json!({}),
        json!("a text"),
    ];

    for notice in &forged {
        for to in [world.notice_path(), format!("{}/lifecycle", world.notice_path())] {
            let mut notice = notice.clone();
            if let Some(notice) = notice.as_object_mut() {
                notice.insert("lifecycleEvent".to_owned(), json!("subscriptionRemoved"));
            }
            let answer = tell(&world, &to, json!({ "value": [notice] }).to_string()).await;
            assert_eq!(answer.status(), StatusCode::ACCEPTED, "{notice}");
            assert_eq!(answer.text().await.unwrap(), "");
        }
    }
    // What another organization's subscription knows opens nothing here.
    let elsewhere = format!("/notifications/{}", other.id);
    let answer = tell(&world, &elsewhere, json!({ "value": [good] }).to_string()).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);

    world.unwritten_since(&before, "nobody is believed").await;
}

#[tokio::test]
async fn the_handshake_is_answered_with_its_token_as_plain_text_and_nothing_else_is() {
    let world = World::start().await;
    let token = "Validation%3A+%3Cscript%3E+%26+%C3%A9";
    for to in [world.notice_path(), format!("{}/lifecycle", world.notice_path())] {
        let answer = tell(&world, &format!("{to}?validationToken={token}"), String::new()).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        assert_eq!(answer.text().await.unwrap(), "Validation: <script> & é");
    }

    let long = format!("{}?validationToken={}", world.notice_path(), "x".repeat(2049));
    for (to, body, status) in [
        (long, String::new(), 400),
        (world.notice_path(), "no JSON".to_owned(), 400),
        (world.notice_path(), json!({ "value": "none" }).to_string(), 400),
        (world.notice_path(), " ".repeat(1024 * 1024 + 1), 413),
        (world.notice_path(), "[".repeat(100_000), 400),
        ("/notifications/nobody".to_owned(), "{}".to_owned(), 404),
        (format!("{}/elsewhere", world.notice_path()), "{}".to_owned(), 404),
    ] {
        let answer = tell(&world, &to, body).await;
        assert_eq!(answer.status().as_u16(), status, "{to}");
    }
    let unknown = format!("/notifications/{}", "0".repeat(32));
    let answer = tell(&world, &unknown, json!({ "value": [] }).to_string()).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED, "who is there is nobody's to know");
}

#[tokio::test]
async fn graph_comes_again_where_the_table_does_not_answer_in_time() {
    let world = World::start().await;
    let (_olga, _ada) = told(&world).await;
    world.microsoft.set_delivery(Delivery { silent: true, ..Delivery::default() });
    enable(&world, false);
    let body = json!({ "value": [world.notice(ADA)] }).to_string();
    for effect in [Effect::Refuse(400, "ProvisionedThroughputExceededException"), Effect::Stall] {
        let fault = Fault { operation: "GetItem", skip: 0, times: usize::MAX, effect };
        world.notifications.fault(fault);
        let began = SystemClock.now();
        let answer = tell(&world, &world.notice_path(), body.clone()).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        let took = SystemClock.now().duration_since(began);
        assert!(took < SignedDuration::from_secs(3), "Graph gives up after three seconds");
        world.notifications.mend();
    }

    assert_eq!(tell(&world, &world.notice_path(), body).await.status(), StatusCode::ACCEPTED);
    until_blocked(&world, true).await;
}

#[tokio::test]
async fn a_subscription_is_renewed_every_day_and_made_anew_when_it_is_gone() {
    let world = World::start().await;
    let (_olga, _ada) = told(&world).await;
    world.microsoft.set_delivery(Delivery { silent: true, ..Delivery::default() });
    let first = world.microsoft.subscriptions().remove(0);
    assert_eq!(first.notification_url, format!("{}{}", world.base_url, world.notice_path()));

    for _ in 0..40 {
        world.clock.pass(SignedDuration::from_hours(24));
        world.agree();
        world.sweep().await;
        world.settled().await;
    }
    let kept = world.microsoft.subscriptions().remove(0);
    assert_eq!(kept.id, first.id, "forty days later it is the same one");

    // Gone, and nobody was told.
    world.clock.pass(SignedDuration::from_hours(24 * 40));
    world.agree();
    assert!(world.microsoft.subscriptions().is_empty());
    world.sweep().await;
    world.settled().await;
    let anew = world.microsoft.subscriptions().remove(0);
    assert_ne!(anew.id, first.id);
    assert_ne!(anew.client_state, first.client_state, "each has a secret of its own");
    world.quiet().await;
}

#[tokio::test]
async fn what_becomes_of_a_subscription_is_heard_and_seen_to() {
    let world = World::start().await;
    let (_olga, _ada) = told(&world).await;
    let first = world.microsoft.subscriptions().remove(0);

    // Renewed at once, although a day is not over.
    world.clock.pass(SignedDuration::from_mins(30));
    world.agree();
    world.microsoft.announce(Lifecycle::ReauthorizationRequired).await;
    fourteen_minutes_later(&world).await;
    let renewed = world.microsoft.subscriptions().remove(0);
    assert_eq!(renewed.id, first.id);
    assert!(first.expiration_date_time < renewed.expiration_date_time);

    let before = rounds(&world);
    world.microsoft.announce(Lifecycle::Missed).await;
    fourteen_minutes_later(&world).await;
    assert!(before < rounds(&world), "what was missed is read");

    world.microsoft.announce(Lifecycle::SubscriptionRemoved).await;
    fourteen_minutes_later(&world).await;
    let anew = world.microsoft.subscriptions().remove(0);
    assert_ne!(anew.id, first.id);
    world.quiet().await;
}

#[tokio::test]
async fn a_subscription_whose_secret_got_lost_is_replaced() {
    let world = World::start().await;
    world.person("ada").await;
    let mut olga = world.connector().await;
    // Made at Microsoft, whose answer got lost: nobody knows the secret of that one.
    world.microsoft.inject(GraphFault::next(Wrong::Lost).at("/subscriptions").when("POST"));
    olga.connect("read-users", account::BOSS).await;
    world.quiet().await;

    let all = world.microsoft.subscriptions();
    assert_eq!(all.len(), 1);
    let calls = world.microsoft.graph_calls();
    let ended = calls.iter().filter(|call| call.method == "DELETE" && call.status == 204);
    assert_eq!(ended.count(), 1, "the one that nobody can use");
    let kept = world.store.subscription(world.organization, world.now()).await.unwrap().unwrap();
    assert_eq!(kept.value.id.to_string(), all[0].id);
}

#[tokio::test]
async fn whoever_comes_back_while_the_first_page_is_asked_for_is_not_blocked_by_it() {
    let world = World::start().await;
    let (_olga, _ada) = told(&world).await;
    world.microsoft.set_delivery(Delivery { silent: true, ..Delivery::default() });
    let here = |action: &str| json!({ "action": action, "domain": "contoso.test", "email": "ada@contoso.test" });
    world.operate(here("block")).await.unwrap();
    world.quiet().await;
    // The list of changes shows that she was disabled, and her account that she is not.
    let lags = GraphSettings { stale_reads: 1, ..GraphSettings::default() };
    world.microsoft.set_graph(lags.clone());
    let url = format!("{}/users/{ADA}", world.microsoft.graph_url());
    let token = world.microsoft.graph_token(&["User.ReadWrite.All"]).unwrap();
    let disable = reqwest::Client::new().patch(url).bearer_auth(token);
    let disabled = disable.json(&json!({ "accountEnabled": false })).send().await.unwrap();
    assert_eq!(disabled.status(), StatusCode::NO_CONTENT);
    world.microsoft.set_graph(GraphSettings { latency_ms: 2_000, ..lags });
    world.clock.pass(SignedDuration::from_hours(4));
    world.agree();

    let comes_back = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        world.clock.pass(SignedDuration::from_secs(5));
        world.operate(here("unblock")).await.unwrap();
    };
    tokio::join!(world.dispatch(), comes_back);

    assert!(ada(&world).await.blocks.is_empty(), "she has access there, it is said");
    // What said so was old.
    world.microsoft.set_graph(GraphSettings::default());
    fourteen_minutes_later(&world).await;
    assert!(!ada(&world).await.blocks.is_empty(), "she is looked at once more");
}

#[tokio::test]
async fn of_two_who_subscribe_at_once_one_keeps_what_is_there() {
    let world = World::mute().await;
    let mut olga = world.connector().await;
    olga.connect("read-users", account::BOSS).await;
    let records = world.records().await;
    let items = records.values("#OUTBOX#");
    let round = items.iter().find(|item| item["task"].get("read_directory").is_some()).unwrap();
    let id = |name: &str| round[name].as_str().unwrap();
    let due = [(id("organization").parse().unwrap(), id("id").parse().unwrap())];

    // Its event came twice, and neither is at the round yet.
    join_all([world.batch(&due), world.batch(&due)]).await;

    let all = world.microsoft.subscriptions();
    assert_eq!(all.len(), 1);
    let kept = world.store.subscription(world.organization, world.now()).await.unwrap().unwrap();
    assert_eq!(kept.value.id.to_string(), all[0].id, "whose secret we know");
}

#[tokio::test]
async fn after_the_tenant_is_let_go_nobody_listens_any_more() {
    let world = World::start().await;
    let (mut olga, _ada) = told(&world).await;
    let good = json!({ "value": [world.notice(ADA)] }).to_string();
    olga.press("disconnect").await;
    world.settled().await;
    let before = world.records().await;

    enable(&world, false);
    assert_eq!(tell(&world, &world.notice_path(), good).await.status(), StatusCode::ACCEPTED);
    tokio::time::sleep(Duration::from_millis(300)).await;

    world.unwritten_since(&before, "nobody listens").await;
    assert!(ada(&world).await.blocks.is_empty(), "the tenant is nothing to us");
}
