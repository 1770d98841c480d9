//! Who calls: a bearer token of the simulator's own.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use super::answer::Answer;
use crate::app::App;
use crate::oauth::access_token::Claims;

/// Reads the token of a request.
pub(crate) fn caller(app: &App, headers: &HeaderMap) -> Result<Claims, Answer> {
    let refused = |message: &str| Answer::error(401, "InvalidAuthenticationToken", message);
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.strip_prefix("Bearer "));
    let token = token.ok_or_else(|| refused("Access token is empty."))?;
    let claims = app
        .access_tokens
        .verify(token, app.now().simulated)
        .map_err(|why| refused(&why.to_string()))?;
    let ours = claims.tid == app.directory().tenant_id;
    let known = ours || app.oauth().known.tenants.contains_key(&claims.tid);
    if !known && !app.crowd().has(&claims.tid) {
        return Err(refused("The token is for a tenant that is not here."));
    }
    Ok(claims)
}
