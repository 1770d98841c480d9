//! Telling subscribers of changes: the handshake, the notifications and their retries.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode, Url};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::Answer;
use super::request::Request;
use super::subscriptions::{self, Subscription, Wanted};
use crate::app::App;
use crate::clock::Stopwatch;
use crate::random;

/// How long an address may take for the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long it may take for a notification; what takes longer is told again.
const ANSWER: Duration = Duration::from_secs(3);
/// From here on an answer is slow.
const SLOW: Duration = Duration::from_millis(2_900);
/// How many answers an address is judged by.
const JUDGED: usize = 100;
/// The fewest answers that it is judged by.
const FEWEST: usize = 10;
/// How long notifications of a slow address wait.
const HELD_BACK: Duration = Duration::from_secs(600);
/// How long what nobody took is told again.
const AGAIN_FOR: Duration = Duration::from_secs(4 * 3_600);
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// How many changes one request tells of.
const TOGETHER: usize = 100;

/// How notifications are told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delivery {
    /// None is told at all.
    pub silent: bool,
    /// Every so many requests one is lost, and not told again; 0 is none.
    pub drop_every: u32,
    /// Before each one comes the same from somebody who does not know the client state.
    pub forged: bool,
    /// Each is told twice.
    pub doubled: bool,
    /// Those of one request come in reverse.
    pub reversed: bool,
    /// How long each one waits, in milliseconds.
    pub delay_ms: u64,
    /// Only every so many requests wait, so that later ones come first; 0 and 1 are all.
    pub delay_every: u32,
}

impl Delivery {
    /// Whether the request of that number, counted from 1, is told at all.
    fn tells(&self, number: u32) -> bool {
        let lost = self.drop_every > 0 && number.is_multiple_of(self.drop_every);
        !(self.silent || lost)
    }
}

/// What becomes of a subscription itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Lifecycle {
    /// It ends soon unless it is renewed.
    ReauthorizationRequired,
    /// It is gone.
    SubscriptionRemoved,
    /// Some notifications are lost.
    Missed,
}

/// What is known of an address: whether its latest answers were slow.
#[derive(Debug, Default)]
pub(crate) struct Pace(BTreeMap<String, Vec<bool>>);

#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Good,
    HeldBack,
    Dropped,
}

impl Pace {
    fn note(&mut self, url: &str, slow: bool) {
        let seen = self.0.entry(url.to_owned()).or_default();
        seen.push(slow);
        if seen.len() > JUDGED {
            seen.remove(0);
        }
    }

    fn standing(&self, url: &str) -> Standing {
        let Some(seen) = self.0.get(url).filter(|seen| seen.len() >= FEWEST) else {
            return Standing::Good;
        };
        let slow = seen.iter().filter(|slow| **slow).count() * 100;
        match () {
            () if slow >= 15 * seen.len() => Standing::Dropped,
            () if slow > 10 * seen.len() => Standing::HeldBack,
            () => Standing::Good,
        }
    }
}

/// Asks the addresses of a new subscription to show that they want it.
pub(crate) async fn greet(request: &mut Request) -> Result<(), Answer> {
    if request.method != "POST" || request.path != ["subscriptions"] {
        return Ok(());
    }
    let wanted = Wanted::read(request)?;
    let addresses = [wanted.notification_url, wanted.lifecycle_notification_url];
    let http = client(HANDSHAKE)?;
    for url in addresses.into_iter().flatten() {
        let url = subscriptions::address(Some(&url))?;
        let token = format!(
            "Validation: Testing client application reachability for subscription Request-Id: {} + é",
            random::guid()
        );
        if !shows(&http, &url, &token).await {
            let message = "Subscription validation request failed. Notification endpoint must \
                           respond with 200 OK to validation request.";
            return Err(Answer::error(400, "ValidationError", message));
        }
    }
    request.wishes.greeted = true;
    Ok(())
}

async fn shows(http: &Client, url: &str, token: &str) -> bool {
    let Ok(mut url) = Url::parse(url) else { return false };
    url.query_pairs_mut().append_pair("validationToken", token);
    let sent = http.post(url).header(CONTENT_TYPE, "text/plain; charset=utf-8").send().await;
    let Ok(answer) = sent else { return false };
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let plain = kind.is_some_and(|kind| kind.starts_with("text/plain"));
    let ok = answer.status() == StatusCode::OK;
    ok && plain && answer.text().await.is_ok_and(|text| text == token)
}

fn client(timeout: Duration) -> Result<Client, Answer> {
    let made = Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(timeout)
        .build();
    made.map_err(|error| Answer::error(500, "InternalServerError", &error.to_string()))
}

/// Tells of every change, for as long as it is polled.
pub(crate) async fn deliver(app: Arc<App>) {
    let Ok(http) = client(ANSWER) else { return };
    let mut told = app.directory().revision;
    let mut number = 0_u32;
    loop {
        app.changed.notified().await;
        let (changes, revision) = changes(&app, told);
        told = revision;
        for subscription in app.live_subscriptions() {
            let heard: Vec<&(String, &'static str)> =
                changes.iter().filter(|(_, kind)| subscription.hears(kind)).collect();
            for some in heard.chunks(TOGETHER) {
                number = number.wrapping_add(1);
                let told =
                    some.iter().map(|(id, kind)| notification(&app, &subscription, id, kind));
                let told = told.collect();
                let url = subscription.notification_url.clone();
                tokio::spawn(tell(Arc::clone(&app), http.clone(), url, told, number));
            }
        }
    }
}

/// Who changed since, and how.
fn changes(app: &App, since: u64) -> (Vec<(String, &'static str)>, u64) {
    let directory = app.directory();
    let users = directory.changed_since(since).into_iter();
    let users = users.filter(|id| directory.is_or_was_user(id)).map(|id| {
        let kind = if directory.gone.contains(&id) { "deleted" } else { "updated" };
        (id, kind)
    });
    (users.collect(), directory.revision)
}

fn notification(app: &App, to: &Subscription, user: &str, change: &str) -> Value {
    json!({
        "changeType": change,
        "clientState": to.client_state,
        "resource": format!("Users/{user}"),
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.User",
            "@odata.id": format!("Users/{user}"),
            "id": user,
            "organizationId": app.directory().tenant_id,
        },
        "subscriptionExpirationDateTime": to.expiration_date_time,
        "subscriptionId": to.id,
        "tenantId": app.directory().tenant_id,
    })
}

/// Tells of changes as the settings say, and again until they are taken.
async fn tell(app: Arc<App>, http: Client, url: String, mut told: Vec<Value>, number: u32) {
    let delivery = app.graph.hold().delivery.clone();
    if !delivery.tells(number) {
        return;
    }
    if delivery.reversed {
        told.reverse();
    }
    if delivery.delay_ms > 0 && number.is_multiple_of(delivery.delay_every.max(1)) {
        tokio::time::sleep(Duration::from_millis(delivery.delay_ms)).await;
    }
    let standing = app.graph.hold().pace.standing(&url);
    match standing {
        Standing::Good => {}
        Standing::HeldBack => tokio::time::sleep(HELD_BACK).await,
        Standing::Dropped => return,
    }
    if delivery.forged {
        taken(&app, &http, &url, &json!({ "value": forged(&told) })).await;
    }
    let body = json!({ "value": told });
    for _ in 0..if delivery.doubled { 2 } else { 1 } {
        until_taken(&app, &http, &url, &body).await;
    }
}

/// The same notifications, by somebody who does not know what each says again.
fn forged(told: &[Value]) -> Vec<Value> {
    let mut forged = told.to_vec();
    for one in forged.iter_mut().filter_map(Value::as_object_mut) {
        one.insert("clientState".to_owned(), json!("guessed"));
    }
    forged
}

async fn until_taken(app: &App, http: &Client, url: &str, body: &Value) {
    let mut pause = Duration::from_secs(1);
    let mut waited = Duration::ZERO;
    while !taken(app, http, url, body).await && waited < AGAIN_FOR {
        tokio::time::sleep(pause).await;
        waited += pause;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn taken(app: &App, http: &Client, url: &str, body: &Value) -> bool {
    let stopwatch = Stopwatch::start();
    let answer = http.post(url).json(body).send().await;
    app.graph.hold().pace.note(url, stopwatch.elapsed() > SLOW);
    let status = answer.as_ref().ok().map(|answer| answer.status().as_u16());
    app.graph.hold().told.push((url.to_owned(), status));
    answer.is_ok_and(|answer| answer.status().is_success())
}

/// Tells every subscriber what becomes of its subscription.
pub(crate) async fn announce(app: &App, event: Lifecycle) -> Result<(), Answer> {
    let http = client(ANSWER)?;
    for subscription in app.live_subscriptions() {
        if event == Lifecycle::SubscriptionRemoved {
            app.change_subscriptions(|all| {
                all.remove(&subscription.id);
            })?;
        }
        let body = json!({ "value": [{
            "lifecycleEvent": event,
            "clientState": subscription.client_state,
            "subscriptionExpirationDateTime": subscription.expiration_date_time,
            "subscriptionId": subscription.id,
            "tenantId": app.directory().tenant_id,
        }] });
        if let Some(url) = &subscription.lifecycle_notification_url {
            taken(app, &http, url, &body).await;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_some_or_all_requests_are_lost() {
        let told = |delivery: &Delivery| {
            (1..=6).filter(|number| delivery.tells(*number)).collect::<Vec<u32>>()
        };
        let every = |drop_every| Delivery { drop_every, ..Delivery::default() };
        let cases: [(Delivery, Vec<u32>); 5] = [
            (every(0), vec![1, 2, 3, 4, 5, 6]),
            (every(1), vec![]),
            (every(2), vec![1, 3, 5]),
            (every(3), vec![1, 2, 4, 5]),
            (Delivery { silent: true, ..every(3) }, vec![]),
        ];
        for (delivery, expected) in cases {
            assert_eq!(told(&delivery), expected, "{delivery:?}");
        }
    }

    #[test]
    fn a_slow_address_waits_a_slower_one_is_dropped_and_its_latest_answers_decide() {
        let url = "https://contoso.test/hear";
        let mut pace = Pace::default();
        let mut after = |slow: usize, quick: usize| {
            for answer in 0..slow + quick {
                pace.note(url, answer < slow);
            }
            pace.standing(url)
        };

        assert_eq!(after(FEWEST - 1, 0), Standing::Good, "too few to judge by");
        assert_eq!(after(1, 0), Standing::Dropped, "10 of 10");
        assert_eq!(after(0, 56), Standing::Dropped, "10 of 66 are more than 15 in a hundred");
        assert_eq!(after(0, 1), Standing::HeldBack, "10 of 67 are less");
        assert_eq!(after(0, 32), Standing::HeldBack, "10 of 99 are more than 10 in a hundred");
        assert_eq!(after(0, 1), Standing::Good, "10 of 100 are not");
        assert_eq!(after(1, 0), Standing::Good, "the oldest slow one is forgotten");
        assert_eq!(after(15, 0), Standing::Dropped);
        assert_eq!(after(0, JUDGED), Standing::Good);
    }
}
