//! In front of a database that is measured: counts requests, and withholds each `ClientRequestToken`.
//!
//! The embedded one looks through every token of the last ten minutes at each transaction, so that a
//! million writes would measure that. Without them, a write whose answer got lost is told apart by its
//! conditions alone.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What DynamoDB takes at most.
const LARGEST: usize = 16 << 20;

#[derive(Clone)]
struct Behind {
    endpoint: String,
    requests: Arc<AtomicU64>,
    client: Client<HttpConnector, Body>,
}

/// Listens in front of `endpoint`, and tells where.
pub(super) async fn front(
    endpoint: String,
    requests: Arc<AtomicU64>,
) -> io::Result<(String, JoinHandle<()>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let before = format!("http://{}", listener.local_addr()?);
    let client = Client::builder(TokioExecutor::new()).build_http();
    let router = Router::new().fallback(pass).with_state(Behind { endpoint, requests, client });
    let server = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the database is not reached any more");
        }
    });
    Ok((before, server))
}

async fn pass(State(behind): State<Behind>, request: Request) -> Response {
    behind.requests.fetch_add(1, Ordering::Relaxed);
    let (mut parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let Ok(uri) = behind.endpoint.parse() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    parts.uri = uri;
    parts.headers.remove(CONTENT_LENGTH);
    let request = Request::from_parts(parts, Body::from(without_token(body)));
    match behind.client.request(request).await {
        Ok(response) => response.map(Body::new),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// Only transactions have one.
fn without_token(body: Bytes) -> Bytes {
    let Ok(mut request) = serde_json::from_slice::<Map<String, Value>>(&body) else { return body };
    match request.remove("ClientRequestToken") {
        Some(_) => Value::Object(request).to_string().into(),
        None => body,
    }
}
