//! Keeps the stack's own controls from pages of other sites.

use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse as _;
use axum::{Json, Router};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;

/// `router` for whoever asks for this machine itself, at `port`.
///
/// A page of another site must not reach the controls, nor a name that somebody else resolves to
/// this machine.
pub(crate) fn guarded(router: Router, port: u16) -> Router {
    let ours = ["localhost", "127.0.0.1", "[::1]"].map(|host| format!("{host}:{port}"));
    let ours = Arc::new(ours);
    router.layer(from_fn(move |request: Request, next: Next| {
        let ours = ours.clone();
        async move {
            if admits(&*ours, request.headers()) {
                return next.run(request).await;
            }
            (StatusCode::FORBIDDEN, Json(json!({ "message": "Forbidden" }))).into_response()
        }
    }))
}

fn admits(ours: &[String], headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let is_ours = |host: &str| ours.iter().any(|ours| ours == host);
    let origin = text("origin").map(|origin| origin.trim_start_matches("http://"));
    text("host").is_some_and(is_ours) && origin.is_none_or(is_ours)
}
