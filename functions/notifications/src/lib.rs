//! The notifications function: hears from Microsoft Graph that a tenant changed.
//!
//! | path | file | what |
//! |---|---|---|
//! | `/notifications/{organization}` | `hear` | users who changed |
//! | `/notifications/{organization}/lifecycle` | `hear` | what becomes of the subscription itself |
//!
//! Both are hints from somebody who is believed only as far as the secret of the subscription goes: what is
//! noticed is read from the directory, by another function. It asks Microsoft nothing and changes no user.

mod app;
mod failure;
mod hear;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::post;

pub use crate::app::{App, Config};
use crate::failure::Failure;

/// The largest body that is read: a notice takes less than a kilobyte, and one request holds many.
const LARGEST_BODY: usize = 1024 * 1024;

/// Every route of the function.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/notifications/{organization}", post(hear::changes))
        .route("/notifications/{organization}/lifecycle", post(hear::lifecycle))
        .fallback(async || Failure::NotFound)
        .method_not_allowed_fallback(async || Failure::NotFound)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn(failure::log))
        .layer(from_fn(web::header::every_answer))
        .with_state(app)
}
