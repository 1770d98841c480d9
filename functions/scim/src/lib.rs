//! The scim function: provisioning clients create, change and disable users and groups.
//!
//! | path below `/scim/v2/{organization}` | file | what |
//! |---|---|---|
//! | `/Users…` | `users` | one user, lists of them, and what becomes of them |
//! | `/Groups…` | `groups` | one group, its members, lists of groups |
//! | `/`, `/.search` | `root` | lists of users and groups together |
//! | `/Bulk` | `bulk` | several operations in one request |
//! | `/ServiceProviderConfig`, `/ResourceTypes…`, `/Schemas…` | `discovery` | what the server says of itself |
//! | `/Me`, anything else | `unknown` | told to whoever has a key |
//!
//! A request is *presented* until the table has its key, in the same read as the resource that it
//! names where there is one; then it has a *caller*.

mod answer;
mod app;
mod bulk;
mod caller;
mod conditions;
mod discovery;
mod failure;
mod groups;
mod list;
mod payload;
mod root;
mod tidy;
mod unknown;
mod users;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{any, get, post};
use tower::util::MapRequest;

pub use crate::app::{App, Config};

/// Every route of the function.
pub fn router(app: App) -> Router {
    let organization = Router::new()
        .merge(users::routes())
        .merge(groups::routes())
        .merge(discovery::routes())
        .route("/", get(root::list))
        .route("/.search", post(root::search))
        .route("/Bulk", post(bulk::carry_out))
        .method_not_allowed_fallback(unknown::method)
        .route("/Me", any(unknown::me))
        .route("/{*rest}", any(unknown::endpoint));
    let routes = Router::new()
        .nest("/scim/v2/{organization}", organization)
        .fallback(unknown::endpoint)
        .layer(from_fn(failure::log))
        .layer(from_fn(web::header::every_answer))
        .with_state(app);
    // Around the router: a route is chosen by what is left of the path.
    Router::new().fallback_service(MapRequest::new(routes, tidy::tidy))
}
