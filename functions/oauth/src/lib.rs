//! The oauth function: connects an organization to its Entra tenant, and signs in with Microsoft.
//!
//! | path | file | what |
//! |---|---|---|
//! | `/oauth/connect/{organization}` | `connect` | the connection's page, for administrators |
//! | `…/start/{feature}/{csrf}` | `connect` | to Microsoft, to consent |
//! | `…/continue`, `…/check`, `…/disconnect` | `connect` | goes on, looks again, ends it |
//! | `…/certificate/{which}` | `certificates` | what is uploaded to the application |
//! | `…/preflight`, `…/preflight/{look}/list/{obstacle}/{page}` | `preflight` | who cannot sign in yet |
//! | `…/preflight/{look}/file/{name}` | `preflight` | to the file of them, by a signed link |
//! | `…/federation`, `…/federation/start/{reach}/{csrf}` | `federation` | how the tenant has the domains federated |
//! | `/oauth/callback/consent`, `…/sign-in`, `…/federation` | `callback` | back from Microsoft |
//! | `/oauth/sign-in/{organization}` | `enter` | to Microsoft, to be signed in here |
//! | `/oauth/callback/microsoft` | `arrive` | back from there, with a session |

mod app;
mod arrive;
mod callback;
mod certificates;
mod connect;
mod enter;
mod failure;
mod feature;
mod federation;
mod federation_check;
mod held;
mod page;
mod preflight;
mod progress;
mod visitor;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::{get, post};

pub use crate::app::{App, Config};
use crate::failure::Failure;

/// The largest body that is read: a form with a token and an address.
const LARGEST_BODY: usize = 4 * 1024;

/// Every route of the function.
pub fn router(app: App) -> Router {
    let connect = Router::new()
        .route("/", get(connect::show))
        .route("/start/{feature}/{csrf}", get(connect::start))
        .route("/continue", get(connect::go_on))
        .route("/check", post(connect::check))
        .route("/disconnect", post(connect::disconnect))
        .route("/certificate/{which}", get(certificates::download))
        .route("/preflight", get(preflight::show).post(preflight::begin))
        .route("/preflight/{look}/list/{obstacle}/{page}", get(preflight::list))
        .route("/preflight/{look}/file/{name}", get(preflight::fetch))
        .route("/federation", get(federation::show))
        .route("/federation/start/{reach}/{csrf}", get(federation::start));
    Router::new()
        .nest("/oauth/connect/{organization}", connect)
        .route("/oauth/callback/consent", get(callback::consent))
        .route("/oauth/callback/sign-in", get(callback::sign_in))
        .route("/oauth/callback/federation", get(callback::federation))
        .route("/oauth/sign-in/{organization}", get(enter::show).post(enter::submit))
        .route("/oauth/callback/microsoft", get(arrive::finish))
        .fallback(async || Failure::NotFound)
        .method_not_allowed_fallback(async || Failure::NotFound)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn(failure::answer))
        .layer(from_fn(web::header::every_answer))
        .with_state(app)
}
