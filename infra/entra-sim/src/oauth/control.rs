//! `/_sim/oauth`: registrations, consents, roles, other tenants and faults, for tests and people.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::account::ForeignTenant;
use super::fault::Faults;
use super::registration::{Application, Consent};
use crate::app::App;
use crate::control::Failure;
use crate::directory::DirectoryError;

/// `GET /_sim/oauth`.
pub(crate) async fn state(State(app): State<Arc<App>>) -> Json<Value> {
    let oauth = app.oauth();
    Json(json!({ "registrations": oauth.known, "faults": oauth.faults }))
}

/// `PUT /_sim/oauth/applications/{client_id}`.
pub(crate) async fn put_application(
    State(app): State<Arc<App>>,
    Path(client_id): Path<String>,
    body: Result<Json<Application>, JsonRejection>,
) -> Result<Json<Application>, Failure> {
    let Json(application) = body?;
    app.change_registrations(|known| {
        known.applications.insert(client_id, application.clone());
    })?;
    Ok(Json(application))
}

/// `DELETE /_sim/oauth/applications/{client_id}`.
pub(crate) async fn delete_application(
    State(app): State<Arc<App>>,
    Path(client_id): Path<String>,
) -> Result<StatusCode, Failure> {
    app.change_registrations(|known| {
        known.applications.remove(&client_id);
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// Permissions that somebody consented to, without a page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grant {
    roles: BTreeSet<String>,
}

/// `PUT /_sim/oauth/consents/{tenant}/{client_id}`: exactly these permissions are granted.
pub(crate) async fn put_consent(
    State(app): State<Arc<App>>,
    Path((tenant, client_id)): Path<(String, String)>,
    body: Result<Json<Grant>, JsonRejection>,
) -> Result<StatusCode, Failure> {
    let Json(Grant { roles }) = body?;
    let at = app.now().simulated;
    app.change_registrations(|known| {
        let consent = Consent { roles, by: "the simulator".to_owned(), at };
        known.consents.entry(tenant).or_default().insert(client_id, consent);
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /_sim/oauth/consents/{tenant}/{client_id}`: an administrator takes the consent back.
pub(crate) async fn delete_consent(
    State(app): State<Arc<App>>,
    Path((tenant, client_id)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    app.change_registrations(|known| {
        known.delegations.entry(tenant.clone()).or_default().remove(&client_id);
        known.consents.entry(tenant).or_default().remove(&client_id);
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /_sim/oauth/roles/{upn}`: templates of the directory roles that a person holds.
pub(crate) async fn put_roles(
    State(app): State<Arc<App>>,
    Path(upn): Path<String>,
    body: Result<Json<BTreeSet<String>>, JsonRejection>,
) -> Result<StatusCode, Failure> {
    let Json(roles) = body?;
    let id = app.directory().user_by_name(&upn).map(|user| user.id.clone());
    let id = id.ok_or(DirectoryError::UserUnknown)?;
    app.change_registrations(|known| {
        known.roles.insert(id, roles);
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /_sim/oauth/tenants/{tenant}`.
pub(crate) async fn put_tenant(
    State(app): State<Arc<App>>,
    Path(tenant): Path<String>,
    body: Result<Json<ForeignTenant>, JsonRejection>,
) -> Result<StatusCode, Failure> {
    let Json(foreign) = body?;
    app.change_registrations(|known| {
        known.tenants.insert(tenant.to_ascii_lowercase(), foreign);
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// How slowly a consent becomes known.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Replication {
    seconds: i64,
}

/// `PUT /_sim/oauth/replication`.
pub(crate) async fn put_replication(
    State(app): State<Arc<App>>,
    body: Result<Json<Replication>, JsonRejection>,
) -> Result<StatusCode, Failure> {
    let Json(Replication { seconds }) = body?;
    app.change_registrations(|known| known.replication_seconds = seconds)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /_sim/oauth/keys/rotate`: another key signs id tokens from now on.
pub(crate) async fn rotate(State(app): State<Arc<App>>) -> StatusCode {
    match app.oauth().keys.rotate() {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// `PUT /_sim/oauth/faults`: what goes wrong from now on; `{}` lets everything go well.
pub(crate) async fn put_faults(
    State(app): State<Arc<App>>,
    body: Result<Json<Faults>, JsonRejection>,
) -> Result<StatusCode, Failure> {
    let Json(faults) = body?;
    app.oauth().faults = faults;
    Ok(StatusCode::NO_CONTENT)
}
