//! `/_sim/graph`: how Graph behaves, what it does wrong, what it was asked, and tokens for it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Delivery, GraphFault, GraphSettings, Lifecycle, notifications};
use crate::app::App;
use crate::control::Failure;

/// `GET /_sim/graph`: settings, faults that wait, and calls.
pub(crate) async fn state(State(app): State<Arc<App>>) -> Json<Value> {
    let state = app.graph.hold();
    Json(json!({
        "settings": state.settings,
        "faults": state.faults,
        "calls": state.calls(),
        "delivery": state.delivery,
        "notified": state.told,
    }))
}

/// `PUT /_sim/graph`: how it behaves from now on; what is not named is as in the beginning.
pub(crate) async fn configure(
    State(app): State<Arc<App>>,
    body: Result<Json<GraphSettings>, JsonRejection>,
) -> Result<Json<GraphSettings>, Failure> {
    let Json(settings) = body?;
    app.graph.hold().settings = settings.clone();
    Ok(Json(settings))
}

/// `PUT /_sim/graph/faults`: what goes wrong from now on, in this order.
pub(crate) async fn put_faults(
    State(app): State<Arc<App>>,
    body: Result<Json<Vec<GraphFault>>, JsonRejection>,
) -> Result<StatusCode, Failure> {
    let Json(faults) = body?;
    app.graph.hold().faults = faults;
    Ok(StatusCode::NO_CONTENT)
}

/// What a token is to say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    roles: Vec<String>,
}

/// `POST /_sim/graph/token`: a token without any consent, for whoever tests Graph alone.
pub(crate) async fn token(
    State(app): State<Arc<App>>,
    body: Result<Json<Wanted>, JsonRejection>,
) -> Result<Json<Value>, Failure> {
    let Json(wanted) = body?;
    let token = app.token(wanted.roles).map_err(|error| Failure::internal(&error))?;
    Ok(Json(json!({ "access_token": token })))
}

/// `PUT /_sim/graph/delivery`: how notifications are told from now on.
pub(crate) async fn put_delivery(
    State(app): State<Arc<App>>,
    body: Result<Json<Delivery>, JsonRejection>,
) -> Result<StatusCode, Failure> {
    let Json(delivery) = body?;
    app.graph.hold().delivery = delivery;
    Ok(StatusCode::NO_CONTENT)
}

/// What becomes of every subscription.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Announced {
    event: Lifecycle,
}

/// `POST /_sim/graph/lifecycle`: tells subscribers what becomes of their subscriptions.
pub(crate) async fn announce(
    State(app): State<Arc<App>>,
    body: Result<Json<Announced>, JsonRejection>,
) -> Result<StatusCode, Failure> {
    let Json(announced) = body?;
    match notifications::announce(&app, announced.event).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(answer) => Err(Failure::internal(&std::io::Error::other(format!("{answer:?}")))),
    }
}
