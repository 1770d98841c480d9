//! What is not there, and what is not allowed: told to whoever has a key, and to nobody else.

use axum::extract::State;

use crate::app::App;
use crate::caller::Presented;
use crate::failure::Failure;

/// No such endpoint, RFC 7644 §3.12.
pub(crate) async fn endpoint(State(app): State<App>, presented: Presented) -> Failure {
    refuse(&app, presented, scim::Error::NOT_FOUND).await
}

/// The endpoint knows other methods; the router names them in `Allow`.
pub(crate) async fn method(State(app): State<App>, presented: Presented) -> Failure {
    refuse(&app, presented, scim::Error::METHOD_NOT_ALLOWED).await
}

/// `/Me`: a key is nobody, RFC 7644 §3.11.
pub(crate) async fn me(State(app): State<App>, presented: Presented) -> Failure {
    refuse(&app, presented, scim::Error::NOT_IMPLEMENTED).await
}

async fn refuse(app: &App, presented: Presented, error: scim::Error) -> Failure {
    match app.caller(presented).await {
        Ok(_) => error.into(),
        Err(failure) => failure,
    }
}
