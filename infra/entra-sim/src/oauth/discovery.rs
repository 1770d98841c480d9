//! The issuer of each tenant: its discovery document and its keys.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::account::Realm;
use super::fault;
use super::refusal::OAuthRefusal;
use crate::app::App;

/// What an issuer puts for the tenant where it speaks for all of them.
const PLACEHOLDER: &str = "{tenantid}";

fn unknown() -> OAuthRefusal {
    OAuthRefusal::new("invalid_tenant", 90_002, "No tenant has this name.")
}

fn tenant(app: &App, path: &str) -> Result<String, OAuthRefusal> {
    let directory = app.directory();
    let oauth = app.oauth();
    match Realm::parse(path, &directory, &oauth.known).ok_or_else(unknown)? {
        Realm::Organizations => Ok(PLACEHOLDER.to_owned()),
        Realm::Tenant(id) => Ok(id),
    }
}

/// `GET /{tenant}/v2.0/.well-known/openid-configuration`.
pub(crate) async fn document(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
) -> Result<Response, OAuthRefusal> {
    let tenant = tenant(&app, &path)?;
    let base = format!("{}/{path}", app.site.url());
    Ok(Json(json!({
        "issuer": format!("{}/{tenant}/v2.0", app.site.url()),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "scopes_supported": ["openid", "profile", "email"],
    }))
    .into_response())
}

/// `GET /{tenant}/discovery/v2.0/keys`.
pub(crate) async fn keys(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
) -> Result<Response, OAuthRefusal> {
    let tenant = tenant(&app, &path)?;
    let issuer = format!("{}/{tenant}/v2.0", app.site.url());
    let mut oauth = app.oauth();
    if let Some(outage) = fault::take(&mut oauth.faults.keys) {
        return Ok(outage.into_response());
    }
    let set = oauth
        .keys
        .set(&issuer)
        .map_err(|_| OAuthRefusal::new("server_error", 90_033, "The keys cannot be made."))?;
    drop(oauth);
    app.note(app.now().simulated, "oauth_keys_read", json!({ "tenant": tenant }));
    Ok(Json(set).into_response())
}
