//! `/_sim/provisioning`: setting the job up, running it, and reading its log.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Failure;
use crate::app::App;
use crate::directory::DirectoryError;
use crate::provisioning::{
    ConnectionReport, CycleReport, Dialect, OnDemandReport, Provisioning, ProvisioningError,
    cycles, mapping_rows, next_cycle, on_demand as provision, restart as begin_again,
    test_connection,
};

/// `GET /_sim/provisioning`: the job without its token.
pub(crate) async fn state(State(app): State<Arc<App>>) -> Json<Value> {
    let now = app.now().simulated;
    let revision = app.directory().revision;
    let job = app.provisioner.job();
    let settings = job.settings.as_ref().map(told);
    Json(json!({
        "settings": settings,
        "health": job.health.at(now),
        "cycles": job.cycles,
        "watermark": job.watermark,
        "revision": revision,
        "users": job.users,
        "groups": job.groups,
        "escrows": job.escrows,
        "last": job.last,
        "requests": app.provisioner.requests(),
    }))
}

/// The settings with everything but the token, and the mapping table spelt out.
pub(crate) fn told(settings: &Provisioning) -> Value {
    let mut told = serde_json::to_value(settings).unwrap_or_default();
    let rows: Vec<Value> = mapping_rows(settings.mapping)
        .into_iter()
        .map(|(source, target, matching)| {
            json!({ "source": source, "target": target, "matching": matching })
        })
        .collect();
    if let Some(object) = told.as_object_mut() {
        object.insert("token".to_owned(), json!("[redacted]"));
        object.insert("attributes".to_owned(), json!(rows));
    }
    told
}

/// `PUT /_sim/provisioning`: sets the job up. Beside the settings, `dialect` puts its flag into
/// the tenant URL, and `start` runs the cycles in the background.
pub(crate) async fn configure(
    State(app): State<Arc<App>>,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Json<Value>, Failure> {
    let Json(mut body) = body?;
    let mut take = |name: &str| body.as_object_mut().and_then(|body| body.remove(name));
    let dialect = take("dialect").map(serde_json::from_value::<Dialect>).transpose();
    let start = take("start").map(serde_json::from_value::<bool>).transpose();
    let dialect = dialect.map_err(DirectoryError::Patch)?;
    let start = start.map_err(DirectoryError::Patch)?.unwrap_or_default();
    let mut settings: Provisioning = serde_json::from_value(body).map_err(DirectoryError::Patch)?;
    if let Some(dialect) = dialect {
        settings = settings.with_dialect(dialect);
    }
    app.provisioner.configure(&app, settings.clone())?;
    if start {
        let task = tokio::spawn(cycles(Arc::clone(&app)));
        app.provisioner.scheduled(task.abort_handle());
    }
    Ok(Json(told(&settings)))
}

/// `DELETE /_sim/provisioning`: forgets the job.
pub(crate) async fn forget(State(app): State<Arc<App>>) -> Result<StatusCode, Failure> {
    app.provisioner.forget(&app)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /_sim/provisioning/test`: "Test Connection".
pub(crate) async fn test(State(app): State<Arc<App>>) -> Result<Json<ConnectionReport>, Failure> {
    Ok(Json(test_connection(&app).await?))
}

/// `POST /_sim/provisioning/cycle`: runs the next cycle to its end.
pub(crate) async fn cycle(State(app): State<Arc<App>>) -> Result<Json<CycleReport>, Failure> {
    // A client that goes away does not cut the cycle in two.
    Ok(Json(finish(tokio::spawn(async move { next_cycle(&app).await })).await?))
}

/// `POST /_sim/provisioning/restart`: "Restart provisioning".
pub(crate) async fn restart(State(app): State<Arc<App>>) -> Result<Json<CycleReport>, Failure> {
    Ok(Json(finish(tokio::spawn(async move { begin_again(&app).await })).await?))
}

async fn finish<T>(
    running: tokio::task::JoinHandle<Result<T, ProvisioningError>>,
) -> Result<T, ProvisioningError> {
    running.await.map_err(|_| ProvisioningError::Stopped)?
}

/// Who is provisioned on demand.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OnDemand {
    user: String,
}

/// `POST /_sim/provisioning/on-demand`: one user now.
pub(crate) async fn on_demand(
    State(app): State<Arc<App>>,
    body: Result<Json<OnDemand>, JsonRejection>,
) -> Result<Json<OnDemandReport>, Failure> {
    let Json(body) = body?;
    Ok(Json(provision(&app, &body.user).await?))
}

/// From where the log is read.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Since {
    #[serde(default)]
    since: u64,
}

/// `GET /_sim/provisioning/log`: each request and its answer, behind the number `since`.
pub(crate) async fn log(State(app): State<Arc<App>>, Query(since): Query<Since>) -> Json<Value> {
    Json(json!({ "entries": app.provisioner.exchanges(since.since) }))
}
