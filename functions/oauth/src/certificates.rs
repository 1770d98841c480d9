//! The certificates of our client key, for download.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};

use crate::app::App;
use crate::failure::Failure;
use crate::visitor::Visitor;

/// `GET /oauth/connect/{organization}/certificate/{which}`: DER, as Entra takes it.
pub(crate) async fn download(
    State(app): State<App>,
    Path((org, which)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let _administrator = Visitor::open(&app, &org, &headers, now).await?;
    let certificates = app.registration.certificates(now).await?;
    let key = match which.as_str() {
        "current.cer" => Some(&certificates.current),
        "next.cer" => certificates.next.as_ref(),
        _ => None,
    };
    let key = key.ok_or(Failure::NotFound)?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/pkix-cert")),
        (CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=passerelle.cer")),
    ];
    Ok((headers, key.certificate.clone()).into_response())
}
