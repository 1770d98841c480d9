//! The OAuth side of Entra: registrations, consent, sign-in by code, tokens, keys.
//!
//! | path | file | what |
//! |---|---|---|
//! | `/{tenant}/v2.0/.well-known/openid-configuration`, `…/keys` | `discovery` | the issuer of a tenant |
//! | `/{tenant}/oauth2/v2.0/authorize` | `authorize` | who signs in; a code for the application |
//! | `/{tenant}/v2.0/adminconsent` | `consent` | an administrator says yes or no for everybody |
//! | `/{tenant}/oauth2/v2.0/token` | `token`, `assertion` | codes and client credentials for tokens |
//! | `/_sim/oauth/…` | `control` | registrations, roles, other tenants, faults, rotation |

pub(crate) mod access_token;
pub(crate) mod account;
mod assertion;
mod authorize;
mod consent;
mod control;
mod discovery;
mod fault;
mod id_token;
mod issuer_key;
mod refusal;
mod registration;
mod state;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post, put};

pub use self::account::{ForeignPerson, ForeignTenant};
pub use self::registration::{Application, Consent};
pub(crate) use self::state::{OAUTH_FILE, OAuth, Registrations};
use crate::app::App;

pub(crate) fn routes() -> Router<Arc<App>> {
    let authorize = get(authorize::ask).post(authorize::choose);
    let consent = get(consent::ask).post(consent::decide);
    let application = put(control::put_application).delete(control::delete_application);
    Router::new()
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(discovery::document))
        .route("/{tenant}/discovery/v2.0/keys", get(discovery::keys))
        .route("/{tenant}/oauth2/v2.0/authorize", authorize)
        .route("/{tenant}/v2.0/adminconsent", consent)
        .route("/{tenant}/oauth2/v2.0/token", post(token::token))
        .route("/_sim/oauth", get(control::state))
        .route("/_sim/oauth/applications/{client_id}", application)
        .route(
            "/_sim/oauth/consents/{tenant}/{client_id}",
            put(control::put_consent).delete(control::delete_consent),
        )
        .route("/_sim/oauth/roles/{upn}", put(control::put_roles))
        .route("/_sim/oauth/tenants/{tenant}", put(control::put_tenant))
        .route("/_sim/oauth/replication", put(control::put_replication))
        .route("/_sim/oauth/keys/rotate", post(control::rotate))
        .route("/_sim/oauth/faults", put(control::put_faults))
}
