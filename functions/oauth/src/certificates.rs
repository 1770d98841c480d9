//! The certificates of our client key, for download.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::HeaderMap;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

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
        "next.cer" => certificates.next.last(),
        _ => None,
    };
    let key = key.ok_or(Failure::NotFound)?;
    let until = key.not_after.strftime("%F");
    let headers = [
        (CONTENT_TYPE, "application/pkix-cert".to_owned()),
        // Two lie side by side in a folder: each says when it ends.
        (CONTENT_DISPOSITION, format!("attachment; filename=passerelle-{until}.cer")),
    ];
    Ok((headers, key.certificate.clone()).into_response())
}
