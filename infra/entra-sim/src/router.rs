//! The map of the simulator's addresses.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::app::App;

pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new().route("/", get(|| async { "Simulated Microsoft 365" })).with_state(app)
}
