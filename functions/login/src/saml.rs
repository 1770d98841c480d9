//! `/saml/{domain}`: what Entra sends for a federated domain, and fetches about it.

mod metadata;
mod slo;
mod sso;

use axum::Router;
use axum::routing::get;

use crate::app::App;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/sso", get(sso::redirect).post(sso::post))
        .route("/slo", get(slo::redirect).post(slo::post))
        .route("/metadata", get(metadata::document))
        .route("/certificate", get(metadata::certificate))
        .route("/certificate.pem", get(metadata::pem))
        .route("/certificate.cer", get(metadata::der))
}
