//! `POST /notifications/{organization}` and `…/lifecycle`: the handshake, and notices.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use identity::OrganizationId;
use serde::Deserialize;
use store::{OutboxItem, Stored, Subscription};
use uuid::Uuid;
use web::failure::RequestId;

use crate::app::App;
use crate::failure::Failure;

/// How long the table may take: Graph tells again, and less often, what is not answered within three
/// seconds.
const PATIENCE: Duration = Duration::from_millis(1_900);
/// How long the bus may take after it: the sweep makes up for what is not said.
const SAYING: Duration = Duration::from_millis(700);
/// The longest token that a handshake asks for.
const LONGEST_TOKEN: usize = 2048;

/// What is asked of an address before anything is told.
#[derive(Deserialize)]
pub(crate) struct Handshake {
    #[serde(rename = "validationToken")]
    token: Option<String>,
}

/// What one request tells.
#[derive(Deserialize)]
struct Told<T> {
    value: Vec<T>,
}

/// Who a notice says it is from. What is missing or of another shape proves nothing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sender {
    subscription_id: Uuid,
    tenant_id: Uuid,
    client_state: String,
}

impl Sender {
    fn is_of(&self, subscription: &Subscription) -> bool {
        subscription.is_proved_by(self.subscription_id, self.tenant_id, &self.client_state)
    }
}

/// That a user changed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    #[serde(flatten)]
    sender: Sender,
    resource_data: Option<Changed>,
}

#[derive(Deserialize)]
struct Changed {
    id: Uuid,
}

/// What becomes of the subscription.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lifecycle {
    #[serde(flatten)]
    sender: Sender,
    lifecycle_event: Event,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Event {
    /// It ends soon unless it is renewed.
    ReauthorizationRequired,
    /// It is gone.
    SubscriptionRemoved,
    /// Some notices are lost, or anything that Graph will say one day: what changed is read.
    #[serde(other)]
    Missed,
}

/// Which users changed.
pub(crate) async fn changes(
    State(app): State<App>,
    Path(org): Path<String>,
    Query(handshake): Query<Handshake>,
    request_id: RequestId,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let org = org.parse().map_err(|_| Failure::NotFound)?;
    if let Some(token) = handshake.token {
        return show(token);
    }
    let told: Vec<Change> = read(&body?)?;
    let heard = async {
        let Some((_, told)) = believed(&app, org, told, |change| &change.sender).await? else {
            return Ok(None);
        };
        let objects = told.iter().filter_map(|change| Some(change.resource_data.as_ref()?.id));
        let objects: BTreeSet<Uuid> = objects.collect();
        Ok(app.store.notice(org, &objects, app.clock.now()).await?)
    };
    finish(&app, heard, &request_id).await
}

/// What becomes of the subscription.
pub(crate) async fn lifecycle(
    State(app): State<App>,
    Path(org): Path<String>,
    Query(handshake): Query<Handshake>,
    request_id: RequestId,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let org: OrganizationId = org.parse().map_err(|_| Failure::NotFound)?;
    if let Some(token) = handshake.token {
        return show(token);
    }
    let told: Vec<Lifecycle> = read(&body?)?;
    let heard = async {
        let Some((subscription, told)) = believed(&app, org, told, |told| &told.sender).await?
        else {
            return Ok(None);
        };
        let events: Vec<Event> = told.iter().map(|told| told.lifecycle_event).collect();
        // What Graph tells again, if this fails in between, must still be believed.
        let item = app.store.notice(org, &BTreeSet::new(), app.clock.now()).await?;
        keep(&app, org, &subscription, &events).await?;
        Ok(item)
    };
    finish(&app, heard, &request_id).await
}

/// Those who know the secret of the subscription, if any do, and the subscription.
async fn believed<T>(
    app: &App,
    org: OrganizationId,
    mut told: Vec<T>,
    sender: impl Fn(&T) -> &Sender,
) -> Result<Option<(Stored<Subscription>, Vec<T>)>, Failure> {
    let Some(subscription) = app.store.subscription(org, app.clock.now()).await? else {
        return Ok(None);
    };
    told.retain(|one| sender(one).is_of(&subscription.value));
    Ok((!told.is_empty()).then_some((subscription, told)))
}

/// Has the round that follows renew the subscription, or make a new one.
async fn keep(
    app: &App,
    org: OrganizationId,
    subscription: &Stored<Subscription>,
    events: &[Event],
) -> Result<(), Failure> {
    if events.contains(&Event::SubscriptionRemoved) {
        app.store.forget_subscription(org, subscription).await?;
    } else if events.contains(&Event::ReauthorizationRequired) {
        app.store.renew_soon(org, subscription, app.clock.now()).await?;
    }
    Ok(())
}

/// Shows that we want what was subscribed to: the token, decoded, as plain text.
fn show(token: String) -> Result<Response, Failure> {
    if token.len() > LONGEST_TOKEN {
        return Err(Failure::Handshake);
    }
    Ok(token.into_response())
}

/// Reads what is told; a notice of another shape is nobody's, and the others count.
fn read<T: for<'a> Deserialize<'a>>(body: &[u8]) -> Result<Vec<T>, Failure> {
    let told: Told<serde_json::Value> = serde_json::from_slice(body)?;
    Ok(told.value.into_iter().filter_map(|one| serde_json::from_value(one).ok()).collect())
}

/// Answers in time whatever the table does, and says what is due.
async fn finish(
    app: &App,
    heard: impl Future<Output = Result<Option<OutboxItem>, Failure>>,
    request_id: &RequestId,
) -> Result<Response, Failure> {
    let heard = tokio::time::timeout(PATIENCE, heard).await.map_err(|_| Failure::Late)??;
    if let Some(item) = heard {
        let _unsaid = tokio::time::timeout(SAYING, app.announce(&item, request_id)).await;
    }
    // Who proves nothing is told the same.
    Ok(StatusCode::ACCEPTED.into_response())
}
