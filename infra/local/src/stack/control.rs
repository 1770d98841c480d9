//! What is under `/_local/`: the stack's own controls, for people and tests on this machine.

use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Ready;
use crate::guard::guarded;
use crate::lambda::{self, Asynchronously, Lambda};
use crate::services::{ScheduleError, Services};

#[derive(Clone)]
struct Control {
    services: Arc<Services>,
    ready: watch::Receiver<Ready>,
}

/// Lambda's *Invoke* API, on a port of its own and below `/_local/lambda`.
pub(super) fn lambda_api(lambda: Arc<Lambda>, services: Arc<Services>) -> Router {
    lambda::router(lambda, Arc::new(Events(services)))
}

/// - `GET /_local/ready`: the line of `--json`;
/// - `GET /_local/outbox`: to the outbox page;
/// - `GET /_local/schedules`: their names;
/// - `POST /_local/schedules/{name}/run`: fires one now;
/// - `POST /_local/lambda/2015-03-31/functions/{name}/invocations`: invokes a function.
pub(super) fn router(
    services: Arc<Services>,
    ready: watch::Receiver<Ready>,
    lambda_api: Router,
) -> Router {
    Router::new()
        .route("/_local/ready", get(show))
        .route("/_local/outbox", get(outbox))
        .route("/_local/schedules", get(schedules))
        .route("/_local/schedules/{name}/run", post(run))
        .with_state(Control { services, ready })
        .nest("/_local/lambda", lambda_api)
}

/// Answers `router` on `listener` until dropped.
pub(super) async fn serve(listener: TcpListener, router: Router) {
    let served = async {
        let port = listener.local_addr()?.port();
        axum::serve(listener, guarded(router, port)).await
    };
    if let Err(error) = served.await {
        tracing::error!(error = %error, "a control port stopped answering");
    }
}

async fn show(State(control): State<Control>) -> Json<Ready> {
    Json(control.ready.borrow().clone())
}

async fn outbox(State(control): State<Control>) -> Redirect {
    Redirect::temporary(&control.ready.borrow().outbox_url)
}

async fn schedules(State(control): State<Control>) -> Json<Vec<String>> {
    Json(control.services.schedules().map(str::to_owned).collect())
}

async fn run(State(control): State<Control>, Path(name): Path<String>) -> Response {
    match control.services.run_schedule(&name) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error @ ScheduleError::Unknown(_)) => refusal(StatusCode::NOT_FOUND, &error),
        Err(error @ ScheduleError::Undelivered(_)) => {
            refusal(StatusCode::INTERNAL_SERVER_ERROR, &error)
        }
    }
}

fn refusal(status: StatusCode, error: &ScheduleError) -> Response {
    (status, Json(json!({ "message": error.to_string() }))).into_response()
}

/// Asynchronous events wait with those of the schedules.
struct Events(Arc<Services>);

#[async_trait]
impl Asynchronously for Events {
    async fn accept(&self, function_arn: &str, payload: Bytes) -> bool {
        self.0.invoke_later(function_arn, &String::from_utf8_lossy(&payload)).is_ok()
    }
}
