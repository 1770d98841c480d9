//! Change notifications: the handshake, what is told, to whom, and until when.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use entra_sim::{Delivery, Lifecycle, Settings, Simulator};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::lab::{ADA, GRACE, Lab};

/// Somebody who hears of changes.
#[derive(Clone, Default)]
struct Listener {
    url: String,
    heard: Arc<Mutex<Vec<Value>>>,
    /// How often it does not answer as it should before it does.
    refusals: Arc<Mutex<u32>>,
    /// It does not show that it wants anything.
    mute: bool,
}

async fn hear(
    State(listener): State<Listener>,
    Query(query): Query<HashMap<String, String>>,
    body: String,
) -> Response {
    if let Some(token) = query.get("validationToken") {
        return if listener.mute { String::new() } else { token.clone() }.into_response();
    }
    let mut refusals = listener.refusals.lock().unwrap();
    if *refusals > 0 {
        *refusals -= 1;
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    listener.heard.lock().unwrap().push(serde_json::from_str(&body).unwrap());
    StatusCode::ACCEPTED.into_response()
}

impl Listener {
    async fn start(mute: bool) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hear", socket.local_addr().unwrap());
        let listener = Self { url, mute, ..Self::default() };
        let router = Router::new().fallback(hear).with_state(listener.clone());
        tokio::spawn(async move { axum::serve(socket, router).await.unwrap() });
        listener
    }

    /// The first `count` requests, once they have come.
    async fn requests(&self, count: usize) -> Vec<Value> {
        for _ in 0..400 {
            let heard = self.heard.lock().unwrap().clone();
            if heard.len() >= count {
                return heard;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("only {:?} came", self.heard.lock().unwrap());
    }

    fn wanted(&self) -> Value {
        json!({
            "changeType": "updated,deleted", "resource": "users", "notificationUrl": self.url,
            "lifecycleNotificationUrl": self.url, "clientState": "secret",
            "expirationDateTime": Timestamp::now() + SignedDuration::from_hours(28 * 24),
        })
    }
}

/// What the first `count` notices were answered with, once that is noted: a moment after it is heard.
async fn statuses(lab: &Lab, count: usize) -> Vec<Option<u16>> {
    for _ in 0..400 {
        let notified = lab.simulator.notified();
        if notified.len() >= count {
            return notified.into_iter().map(|(_, status)| status).collect();
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("only {:?} are noted", lab.simulator.notified());
}

/// Changes a user, so that there is something to tell.
fn rename(lab: &Lab, id: &str, name: &str) {
    let known = lab.simulator.users().into_iter().find(|user| user.id == id).unwrap();
    let changed = entra_sim::GraphUser { display_name: name.to_owned(), ..known };
    lab.simulator.put_user(changed).unwrap();
}

#[tokio::test]
async fn a_subscription_is_made_renewed_and_ended_and_only_once_for_the_same_changes() {
    let (lab, listener) = (Lab::start(), Listener::start(false).await);
    let made = lab.post("/subscriptions", listener.wanted()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let id = made.body["id"].as_str().unwrap();
    let path = format!("/subscriptions/{id}");

    let again = lab.post("/subscriptions", listener.wanted()).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    let later = Timestamp::now() + SignedDuration::from_hours(24);
    let renewed = lab.patch(&path, json!({ "expirationDateTime": later })).await;
    assert_eq!(renewed.status, StatusCode::OK);
    assert_eq!(renewed.body["expirationDateTime"], json!(later));
    assert_eq!(lab.get("/subscriptions").await.ids(), [id]);
    let reauthorized = lab.post(&format!("{path}/reauthorize"), json!({})).await;
    assert_eq!(reauthorized.status, StatusCode::NO_CONTENT);
    assert_eq!(lab.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(lab.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(lab.patch(&path, json!({ "expirationDateTime": later })).await.status, 404);
}

#[tokio::test]
async fn what_is_no_subscription_is_refused() {
    let (lab, listener) = (Lab::start(), Listener::start(false).await);
    let mute = Listener::start(true).await;
    let far = Timestamp::now() + SignedDuration::from_hours(30 * 24);
    let past = Timestamp::now() - SignedDuration::from_secs(1);
    for change in [
        json!({ "notificationUrl": mute.url }),
        json!({ "lifecycleNotificationUrl": mute.url }),
        json!({ "notificationUrl": "http://contoso.test/hear" }),
        json!({ "notificationUrl": null }),
        json!({ "expirationDateTime": far }),
        json!({ "expirationDateTime": past }),
        json!({ "changeType": "created" }),
        json!({ "resource": "groups" }),
        json!({ "clientState": "x".repeat(129) }),
    ] {
        let mut wanted = listener.wanted();
        wanted.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let refused = lab.post("/subscriptions", wanted).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{change}");
    }
    // Nobody asks an address of a batch whether it wants anything.
    let part = json!({ "id": "1", "method": "POST", "url": "/subscriptions",
        "body": listener.wanted(), "headers": { "Content-Type": "application/json" } });
    let batch = lab.post("/$batch", json!({ "requests": [part] })).await;
    assert_eq!(batch.body["responses"][0]["status"], 400);
    assert!(lab.simulator.subscriptions().is_empty());
}

#[tokio::test]
async fn every_change_of_a_user_is_told_with_ids_alone() {
    let (lab, listener) = (Lab::start(), Listener::start(false).await);
    let made = lab.post("/subscriptions", listener.wanted()).await;

    rename(&lab, ADA, "Augusta");
    let told = &listener.requests(1).await[0]["value"][0];
    assert_eq!(told["subscriptionId"], made.body["id"]);
    assert_eq!(told["clientState"], "secret");
    assert_eq!(told["tenantId"], json!(lab.simulator.tenant_id()));
    assert_eq!(
        (&told["changeType"], &told["resourceData"]["id"]),
        (&json!("updated"), &json!(ADA))
    );
    assert!(!told.to_string().contains("Augusta"), "ids alone");

    // To the recycle bin is an update; out of it for good is the end.
    lab.delete(&format!("/users/{GRACE}")).await;
    assert_eq!(listener.requests(2).await[1]["value"][0]["changeType"], "updated");
    lab.delete(&format!("/directory/deletedItems/{GRACE}")).await;
    assert_eq!(listener.requests(3).await[2]["value"][0]["changeType"], "deleted");
}

#[tokio::test]
async fn what_nobody_takes_is_told_again_and_faults_are_as_asked_for() {
    let (lab, listener) = (Lab::start(), Listener::start(false).await);
    lab.post("/subscriptions", listener.wanted()).await;
    *listener.refusals.lock().unwrap() = 1;
    rename(&lab, ADA, "one");
    listener.requests(1).await;
    assert_eq!(statuses(&lab, 2).await, [Some(503), Some(202)]);

    let deliver = |delivery| lab.simulator.set_delivery(delivery);
    deliver(Delivery { doubled: true, ..Delivery::default() });
    rename(&lab, ADA, "two");
    let heard = listener.requests(3).await;
    assert_eq!(heard[1], heard[2]);

    deliver(Delivery { silent: true, ..Delivery::default() });
    rename(&lab, ADA, "three");
    tokio::time::sleep(Duration::from_millis(300)).await;
    // Every second one is held up: what is told later comes first.
    deliver(Delivery { delay_ms: 1_500, delay_every: 2, ..Delivery::default() });
    rename(&lab, ADA, "four");
    tokio::time::sleep(Duration::from_millis(50)).await;
    rename(&lab, GRACE, "five");
    let heard = listener.requests(5).await;
    let order = [&heard[3], &heard[4]].map(|told| told["value"][0]["resourceData"]["id"].clone());
    assert_eq!(order, [json!(GRACE), json!(ADA)]);
}

#[tokio::test]
async fn a_forged_notice_comes_before_each_and_does_not_know_the_secret() {
    let (lab, listener) = (Lab::start(), Listener::start(false).await);
    lab.post("/subscriptions", listener.wanted()).await;
    lab.simulator.set_delivery(Delivery { forged: true, ..Delivery::default() });

    rename(&lab, ADA, "one");

    let heard = listener.requests(2).await;
    let [forged, told] = [&heard[0]["value"][0], &heard[1]["value"][0]];
    assert_ne!(forged["clientState"], "secret");
    assert_eq!(told["clientState"], "secret");
    assert_eq!(forged["resourceData"], told["resourceData"]);
    assert_eq!(forged["subscriptionId"], told["subscriptionId"]);
}

#[tokio::test]
async fn what_becomes_of_a_subscription_is_told_to_its_other_address() {
    let (lab, listener) = (Lab::start(), Listener::start(false).await);
    lab.post("/subscriptions", listener.wanted()).await;
    for (event, word) in [
        (Lifecycle::ReauthorizationRequired, "reauthorizationRequired"),
        (Lifecycle::Missed, "missed"),
        (Lifecycle::SubscriptionRemoved, "subscriptionRemoved"),
    ] {
        lab.simulator.announce(event).await;
        let heard = listener.heard.lock().unwrap().pop().unwrap();
        assert_eq!(heard["value"][0]["lifecycleEvent"], word);
        assert_eq!(heard["value"][0]["clientState"], "secret");
    }
    assert!(lab.simulator.subscriptions().is_empty(), "removed means removed");
}

#[tokio::test]
async fn subscriptions_survive_a_restart_and_end_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let settings = || Settings { data_dir: Some(folder.path().to_owned()), ..Settings::default() };
    let listener = Listener::start(false).await;
    let simulator = Simulator::start(settings()).unwrap();
    let token = simulator.graph_token(&["User.Read.All"]).unwrap();
    let sent = reqwest::Client::new()
        .post(format!("{}/subscriptions", simulator.graph_url()))
        .bearer_auth(token)
        .json(&listener.wanted());
    assert_eq!(sent.send().await.unwrap().status(), 201);
    simulator.stop();

    let simulator = Simulator::start(settings()).unwrap();
    assert_eq!(simulator.subscriptions().len(), 1);
    simulator.set_clock_offset(SignedDuration::from_hours(28 * 24 + 1)).unwrap();
    assert!(simulator.subscriptions().is_empty());
}
