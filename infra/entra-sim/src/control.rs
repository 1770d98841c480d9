//! `/_sim/`: seeding and looking inside, for tests in any language; the loopback address only.

pub(crate) mod groups;
pub(crate) mod lifecycle;
pub(crate) mod provisioning;

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::directory::DirectoryError;
use crate::federation::{Domain, InternalDomainFederation};
use crate::graph_user::GraphUser;
use crate::policy::RootDomains;
use crate::provisioning::ProvisioningError;

/// A refused change: 400 with its causes, or 500 when the disk refused it.
pub(crate) struct Failure(StatusCode, String);

impl Failure {
    /// The simulator itself failed.
    pub(crate) fn internal(error: &dyn std::error::Error) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<DirectoryError> for Failure {
    fn from(error: DirectoryError) -> Self {
        let status = match &error {
            DirectoryError::Save(_) => StatusCode::INTERNAL_SERVER_ERROR,
            DirectoryError::NotFederated
            | DirectoryError::UserUnknown
            | DirectoryError::GroupUnknown => StatusCode::NOT_FOUND,
            DirectoryError::UserPrincipalName
            | DirectoryError::GroupName
            | DirectoryError::UserPrincipalNameTaken
            | DirectoryError::ImmutableIdTaken
            | DirectoryError::ImmutableId
            | DirectoryError::OnMicrosoft
            | DirectoryError::DefaultDomain
            | DirectoryError::Unverified
            | DirectoryError::IssuerUri
            | DirectoryError::Uri(_)
            | DirectoryError::Certificate(_)
            | DirectoryError::Patch(_) => StatusCode::BAD_REQUEST,
        };
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        Self(status, format!("{error}{}", cause.unwrap_or_default()))
    }
}

impl From<ProvisioningError> for Failure {
    fn from(error: ProvisioningError) -> Self {
        let status = match error {
            ProvisioningError::Directory(error) => return error.into(),
            ProvisioningError::TenantUrl | ProvisioningError::Token => StatusCode::BAD_REQUEST,
            ProvisioningError::NotConfigured => StatusCode::NOT_FOUND,
            ProvisioningError::Save(_)
            | ProvisioningError::Client(_)
            | ProvisioningError::Stopped => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self(status, error.to_string())
    }
}

impl From<JsonRejection> for Failure {
    fn from(error: JsonRejection) -> Self {
        Self(error.status(), error.body_text())
    }
}

/// `GET /_sim/state`: the whole tenant.
pub(crate) async fn state(State(app): State<Arc<App>>) -> Json<Value> {
    let now = app.now();
    let pending = app.flow().pending.len();
    let directory = app.directory();
    let domains: Vec<Value> = directory
        .domains
        .values()
        .map(|domain| {
            let federation = directory.federations.get(&domain.id);
            let kind = if federation.is_some() { "Federated" } else { "Managed" };
            json!({ "domain": domain, "authenticationType": kind, "federation": federation })
        })
        .collect();
    Json(json!({
        "tenant_id": directory.tenant_id,
        "tenant_name": directory.tenant_name,
        "url": app.site.url(),
        "portal_url": app.site.portal_url(),
        "login_srf_url": app.site.login_srf_url(),
        "users": directory.users.values().collect::<Vec<_>>(),
        "deleted": directory.deleted.values().collect::<Vec<_>>(),
        "groups": directory.groups.values().collect::<Vec<_>>(),
        "assigned": directory.assigned,
        "domains": domains,
        "policy": directory.policy,
        "clock_offset_seconds": directory.clock_offset_seconds,
        "now": now.simulated,
        "pending_requests": pending,
    }))
}

/// `PUT /_sim/users/{upn}`: adds a user or replaces the one with this sign-in name.
pub(crate) async fn put_user(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    body: Result<Json<GraphUser>, JsonRejection>,
) -> Result<Json<GraphUser>, Failure> {
    let Json(mut user) = body?;
    if user.user_principal_name.is_empty() {
        user.user_principal_name.clone_from(&name);
    }
    let stored = app.change(|directory| {
        if let Some(known) = directory.user_by_name(&name) {
            user.id.clone_from(&known.id);
        }
        directory.put_user(user)
    })?;
    Ok(Json(stored))
}

/// `PATCH /_sim/users/{upn}`: changes the properties that are given.
pub(crate) async fn patch_user(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Json<GraphUser>, Failure> {
    let Json(patch) = body?;
    let stored = app.change(|directory| {
        let known = directory.user_by_name(&name).ok_or(DirectoryError::UserUnknown)?;
        let mut user: GraphUser = merged(known, &patch)?;
        user.id.clone_from(&known.id);
        directory.put_user(user)
    })?;
    Ok(Json(stored))
}

/// `DELETE /_sim/users/{upn}`: removes a user for good, also from the recycle bin.
pub(crate) async fn delete_user(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<StatusCode, Failure> {
    app.change(|directory| directory.delete_user(&name))?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /_sim/domains/{domain}/federation`: federates a domain.
pub(crate) async fn put_federation(
    State(app): State<Arc<App>>,
    Path(domain): Path<String>,
    body: Result<Json<InternalDomainFederation>, JsonRejection>,
) -> Result<Json<InternalDomainFederation>, Failure> {
    let Json(federation) = body?;
    let stored = app.change(|directory| {
        let known = directory.domains.get(&domain.to_ascii_lowercase()).cloned();
        directory.federate(known.unwrap_or_else(|| Domain::named(&domain)), federation)?;
        Ok(directory.federation(&domain)?.clone())
    })?;
    Ok(Json(stored))
}

/// `PATCH /_sim/domains/{domain}/federation`: changes the properties that are given.
pub(crate) async fn patch_federation(
    State(app): State<Arc<App>>,
    Path(domain): Path<String>,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Json<InternalDomainFederation>, Failure> {
    let Json(patch) = body?;
    let stored = app.change(|directory| {
        let changed: InternalDomainFederation = merged(directory.federation(&domain)?, &patch)?;
        let known = directory.domains.get(&domain.to_ascii_lowercase()).cloned();
        directory.federate(known.unwrap_or_else(|| Domain::named(&domain)), changed)?;
        Ok(directory.federation(&domain)?.clone())
    })?;
    Ok(Json(stored))
}

/// `DELETE /_sim/domains/{domain}/federation`: makes the domain managed.
pub(crate) async fn delete_federation(
    State(app): State<Arc<App>>,
    Path(domain): Path<String>,
) -> Result<StatusCode, Failure> {
    app.change(|directory| directory.unfederate(&domain))?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /_sim/domains/{domain}`: adds a domain, or changes what kind it is.
pub(crate) async fn put_domain(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    body: Result<Json<Domain>, JsonRejection>,
) -> Result<Json<Domain>, Failure> {
    let Json(domain) = body?;
    let domain = Domain { id: name.to_ascii_lowercase(), ..domain };
    app.change(|directory| {
        directory.put_domain(domain.clone());
        Ok(())
    })?;
    Ok(Json(domain))
}

/// `PUT /_sim/policy`: sets the federated-token-validation policy.
pub(crate) async fn put_policy(
    State(app): State<Arc<App>>,
    body: Result<Json<RootDomains>, JsonRejection>,
) -> Result<Json<RootDomains>, Failure> {
    let Json(policy) = body?;
    app.change(|directory| {
        directory.policy = policy.clone();
        Ok(())
    })?;
    Ok(Json(policy))
}

/// How far the simulator's clock is ahead of the machine's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockOffset {
    offset_seconds: i64,
}

/// `PUT /_sim/clock`: moves the simulator's clock.
pub(crate) async fn put_clock(
    State(app): State<Arc<App>>,
    body: Result<Json<ClockOffset>, JsonRejection>,
) -> Result<Json<Value>, Failure> {
    let Json(clock) = body?;
    app.change(|directory| {
        directory.clock_offset_seconds = clock.offset_seconds;
        Ok(())
    })?;
    let now = app.now().simulated;
    Ok(Json(json!({ "offset_seconds": clock.offset_seconds, "now": now })))
}

/// `GET /_sim/log`: what was sent, and how what came back was judged.
pub(crate) async fn log(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({ "entries": app.flow().journal.entries() }))
}

/// Lays the members of a JSON object over a resource.
fn merged<T>(resource: &T, patch: &Value) -> Result<T, DirectoryError>
where
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    let mut value = serde_json::to_value(resource).map_err(DirectoryError::Patch)?;
    let Value::Object(patch) = patch else { return Err(not_an_object()) };
    if let Some(object) = value.as_object_mut() {
        object.extend(patch.clone());
    }
    serde_json::from_value(value).map_err(DirectoryError::Patch)
}

fn not_an_object() -> DirectoryError {
    DirectoryError::Patch(serde::de::Error::custom("the patch is not an object"))
}
