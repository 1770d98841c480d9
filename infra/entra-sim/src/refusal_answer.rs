//! How a refusal is told: a page for people, JSON for tests.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use crate::app::App;
use crate::browser::Form;
use crate::code::Refusal;
use crate::pages::{Refused, page};

/// Answers a refusal with its AADSTS code.
pub(crate) fn answer(app: &App, form: Form, refusal: &Refusal, correlation_id: &str) -> Response {
    let code = refusal.code.number();
    let at = app.now().simulated.to_string();
    match form {
        Form::Json => {
            let body = json!({
                "code": code,
                "error": format!("AADSTS{code}"),
                "reason": refusal.reason,
                "message": refusal.code.meaning(),
                "detail": refusal.detail,
                "correlation_id": correlation_id,
                "timestamp": at,
                "signed_in": null,
            });
            (StatusCode::BAD_REQUEST, Json(body)).into_response()
        }
        Form::Page => {
            let tenant = app.directory().tenant_name.clone();
            let refused = Refused {
                tenant: &tenant,
                home: &app.site.url(),
                code,
                reason: refusal.reason,
                meaning: refusal.code.meaning(),
                detail: &refusal.detail,
                correlation_id,
                at: &at,
            };
            page(StatusCode::BAD_REQUEST, &refused)
        }
    }
}
