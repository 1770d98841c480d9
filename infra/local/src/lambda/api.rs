//! Lambda's *Invoke* API, for `aws lambda invoke --endpoint-url` and `local invoke`.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::{EVENT_LIMIT, Lambda, PAYLOAD_LIMIT, failure};
use crate::invoke::{Invoke as _, Outcome};

/// Takes an event for a function that nobody waits for: retries and failure queues are its matter.
#[async_trait]
pub trait Asynchronously: Send + Sync {
    /// Keeps the event until the function answered or every attempt failed. Whether it was kept.
    async fn accept(&self, function_arn: &str, payload: Bytes) -> bool;
}

#[derive(Clone)]
struct Api {
    lambda: Arc<Lambda>,
    events: Arc<dyn Asynchronously>,
}

/// `POST /2015-03-31/functions/{name}/invocations`.
pub fn router(lambda: Arc<Lambda>, events: Arc<dyn Asynchronously>) -> Router {
    Router::new()
        .route("/2015-03-31/functions/{name}/invocations", post(invoke))
        .layer(DefaultBodyLimit::max(PAYLOAD_LIMIT + 1))
        .with_state(Api { lambda, events })
}

async fn invoke(
    State(api): State<Api>,
    Path(name): Path<String>,
    headers: HeaderMap,
    payload: Bytes,
) -> Response {
    let function = function_name(&name);
    let Some(arn) = api.lambda.arn(function) else {
        let message = format!("Function not found: {function}");
        return refusal(StatusCode::NOT_FOUND, "ResourceNotFoundException", &message);
    };
    let payload = if payload.is_empty() { Bytes::from_static(b"{}") } else { payload };
    if serde_json::from_slice::<serde::de::IgnoredAny>(&payload).is_err() {
        let message = "Could not parse request body into json";
        return refusal(StatusCode::BAD_REQUEST, "InvalidRequestContentException", message);
    }
    let kind = headers.get("x-amz-invocation-type").and_then(|value| value.to_str().ok());
    let limit = if kind == Some("Event") { EVENT_LIMIT } else { PAYLOAD_LIMIT };
    if payload.len() > limit {
        let message =
            format!("Request must be smaller than {limit} bytes for the Invoke operation");
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", &message);
    }
    match kind {
        None | Some("RequestResponse") => answer(api.lambda.invoke(function, payload).await),
        Some("Event") if api.events.accept(arn, payload).await => {
            plain(StatusCode::ACCEPTED, Bytes::new())
        }
        Some("Event") => {
            let message = "The event could not be kept.";
            refusal(StatusCode::INTERNAL_SERVER_ERROR, "ServiceException", message)
        }
        Some("DryRun") => plain(StatusCode::NO_CONTENT, Bytes::new()),
        Some(_) => {
            let message = "X-Amz-Invocation-Type must be Event, RequestResponse or DryRun";
            refusal(StatusCode::BAD_REQUEST, "InvalidParameterValueException", message)
        }
    }
}

/// `name`, `name:qualifier`, `account:function:name` or a whole ARN.
fn function_name(name: &str) -> &str {
    match name.split_once("function:") {
        Some((_, rest)) => rest.split(':').next().unwrap_or(rest),
        None => name.split(':').next().unwrap_or(name),
    }
}

fn answer(outcome: Outcome) -> Response {
    match outcome {
        Outcome::Answered(body) => plain(StatusCode::OK, body),
        Outcome::Failed(body) => unhandled(body),
        Outcome::TimedOut => unhandled(failure("Sandbox.Timedout", "Error: Task timed out")),
        Outcome::Throttled => {
            refusal(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "Rate Exceeded.")
        }
    }
}

fn unhandled(body: Bytes) -> Response {
    let mut response = plain(StatusCode::OK, body);
    let unhandled = http::HeaderValue::from_static("Unhandled");
    response.headers_mut().insert("x-amz-function-error", unhandled);
    response
}

fn plain(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("content-type", http::HeaderValue::from_static("application/json"));
    headers.insert("x-amz-executed-version", http::HeaderValue::from_static("$LATEST"));
    response
}

fn refusal(status: StatusCode, name: &'static str, message: &str) -> Response {
    let body = json!({ "Type": "User", "Message": message, "message": message });
    let mut response = plain(status, body.to_string().into());
    response.headers_mut().insert("x-amzn-errortype", http::HeaderValue::from_static(name));
    response
}

#[cfg(test)]
mod tests {
    use super::function_name;

    #[test]
    fn a_function_is_named_in_four_ways() {
        let arn = "arn:aws:lambda:eu-central-1:123456789012:function:F";
        for name in ["F", "F:live", "123456789012:function:F", arn, &format!("{arn}:$LATEST")] {
            assert_eq!(function_name(name), "F", "{name}");
        }
    }
}
