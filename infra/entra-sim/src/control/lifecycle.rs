//! `/_sim/`: the recycle bin, and who is assigned to the application.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::Failure;
use super::groups::object_id;
use crate::app::App;
use crate::graph_user::GraphUser;

/// `POST /_sim/users/{upn}/soft-delete`: moves a user to the recycle bin.
pub(crate) async fn soft_delete(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<StatusCode, Failure> {
    let now = app.now().simulated;
    app.change(|directory| directory.soft_delete_user(&name, now))?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /_sim/users/{upn}/restore`: takes a user out of the recycle bin.
pub(crate) async fn restore(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Json<GraphUser>, Failure> {
    Ok(Json(app.change(|directory| directory.restore_user(&name))?))
}

/// `PUT /_sim/assignments/{object}`: assigns a user or group to the application.
pub(crate) async fn assign(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<StatusCode, Failure> {
    app.change(|directory| {
        let id = object_id(directory, &name)?;
        directory.assign(&id);
        Ok(())
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /_sim/assignments/{object}`: takes the assignment back.
pub(crate) async fn unassign(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<StatusCode, Failure> {
    app.change(|directory| {
        let id = object_id(directory, &name)?;
        directory.unassign(&id);
        Ok(())
    })?;
    Ok(StatusCode::NO_CONTENT)
}
