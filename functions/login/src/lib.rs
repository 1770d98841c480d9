//! The login function: Entra's redirects, sign-in and enrolment pages, passkey ceremonies.
//!
//! | path | file | what |
//! |---|---|---|
//! | `/saml/{domain}/…` | `saml` | what Entra sends and fetches |
//! | `/sign-in/{domain}/{request}` | `sign_in` | a pending request: the page, and the passkey's answer |
//! | `/enrol/{organization}/…` | `enrol` | from a typed address or a link to a passkey |
//! | `/assets/{file}` | `web::asset` | style, scripts, pictures |

mod answer;
mod app;
mod browser;
mod ceremony;
mod enrol;
mod failure;
mod saml;
mod sign_in;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path};
use axum::middleware::from_fn;
use axum::routing::get;

pub use crate::app::{App, Config};
use crate::failure::Failure;

/// The largest body that is read: a RelayState of 64 KiB, percent-encoded, and a message.
const LARGEST_BODY: usize = 256 * 1024;

/// Every route of the function.
pub fn router(app: App) -> Router {
    Router::new()
        .nest("/saml/{domain}", saml::routes())
        .nest("/sign-in/{domain}/{request}", sign_in::routes())
        .nest("/enrol/{organization}", enrol::routes())
        .route("/assets/{file}", get(async |Path(file): Path<String>| web::asset::respond(&file)))
        .fallback(async || Failure::NotFound)
        .method_not_allowed_fallback(async || Failure::NotFound)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn(failure::answer))
        .layer(from_fn(web::header::every_answer))
        .with_state(app)
}
