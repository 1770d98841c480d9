//! How the OAuth endpoints refuse: JSON to a client, a redirect or a page to a browser.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{LOCATION, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use url::Url;

use super::fault::Outage;
use crate::pages::{OAuthRefused, page};
use crate::random;

/// A refusal with Entra's number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OAuthRefusal {
    pub(crate) status: StatusCode,
    pub(crate) error: &'static str,
    pub(crate) number: u32,
    pub(crate) detail: String,
}

impl OAuthRefusal {
    pub(crate) fn new(error: &'static str, number: u32, detail: impl Into<String>) -> Self {
        let status = if error == "invalid_client" {
            StatusCode::UNAUTHORIZED
        } else {
            StatusCode::BAD_REQUEST
        };
        Self { status, error, number, detail: detail.into() }
    }

    fn description(&self) -> String {
        format!("AADSTS{}: {} Trace ID: {}", self.number, self.detail, random::guid())
    }

    /// A page, where no redirect URI is to be trusted.
    pub(crate) fn page(&self, tenant: &str) -> Response {
        let refused = OAuthRefused { tenant, number: self.number, detail: &self.detail };
        page(self.status, &refused)
    }

    /// Back to the application, with `admin_consent=True` beside the error where Entra says it too.
    pub(crate) fn redirect(
        &self,
        to: &str,
        state: Option<&str>,
        consent: Option<&str>,
    ) -> Response {
        let description = self.description();
        let mut parameters = vec![("error", self.error), ("error_description", &description)];
        parameters.extend(consent.map(|consent| ("admin_consent", consent)));
        parameters.extend(state.map(|state| ("state", state)));
        redirect(to, &parameters)
    }
}

impl IntoResponse for OAuthRefusal {
    fn into_response(self) -> Response {
        let body = json!({
            "error": self.error,
            "error_description": self.description(),
            "error_codes": [self.number],
            "trace_id": random::guid(),
            "correlation_id": random::guid(),
        });
        (self.status, Json(body)).into_response()
    }
}

impl IntoResponse for Outage {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        let description =
            self.aadsts.map(|number| format!("AADSTS{number}: A fault was asked for."));
        let error = self.error.unwrap_or_else(|| "temporarily_unavailable".to_owned());
        let body = Json(json!({ "error": error, "error_description": description }));
        match self.retry_after {
            Some(seconds) => (status, [(RETRY_AFTER, seconds.to_string())], body).into_response(),
            None => (status, body).into_response(),
        }
    }
}

/// Sends a browser to an application.
pub(crate) fn redirect(to: &str, parameters: &[(&str, &str)]) -> Response {
    let Ok(mut url) = Url::parse(to) else { return StatusCode::BAD_REQUEST.into_response() };
    url.query_pairs_mut().extend_pairs(parameters);
    (StatusCode::FOUND, [(LOCATION, String::from(url))]).into_response()
}
