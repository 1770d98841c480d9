//! `/_sim/groups/`: groups and their members.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::{Failure, merged};
use crate::app::App;
use crate::directory::{Directory, DirectoryError};
use crate::graph_group::GraphGroup;

/// `PUT /_sim/groups/{group}`: adds a group or replaces the one with this name or id.
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    body: Result<Json<GraphGroup>, JsonRejection>,
) -> Result<Json<GraphGroup>, Failure> {
    let Json(mut group) = body?;
    if group.display_name.is_empty() {
        group.display_name.clone_from(&name);
    }
    let stored = app.change(|directory| {
        if let Some(known) = directory.group_named(&name) {
            group.id.clone_from(&known.id);
        }
        directory.put_group(group)
    })?;
    Ok(Json(stored))
}

/// `PATCH /_sim/groups/{group}`: changes the properties that are given.
pub(crate) async fn patch(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Json<GraphGroup>, Failure> {
    let Json(patch) = body?;
    let stored = app.change(|directory| {
        let known = directory.group_named(&name).ok_or(DirectoryError::GroupUnknown)?;
        let mut group: GraphGroup = merged(known, &patch)?;
        group.id.clone_from(&known.id);
        directory.put_group(group)
    })?;
    Ok(Json(stored))
}

/// `DELETE /_sim/groups/{group}`: removes a group for good.
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<StatusCode, Failure> {
    app.change(|directory| directory.delete_group(&name))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Members by their sign-in names or object ids.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MemberChanges {
    add: Vec<String>,
    remove: Vec<String>,
}

/// `POST /_sim/groups/{group}/members`: adds and removes members.
pub(crate) async fn change_members(
    State(app): State<Arc<App>>,
    Path(group): Path<String>,
    body: Result<Json<MemberChanges>, JsonRejection>,
) -> Result<Json<GraphGroup>, Failure> {
    let Json(changes) = body?;
    change(&app, &group, &changes)
}

/// `PUT /_sim/groups/{group}/members/{member}`: adds a member.
pub(crate) async fn add_member(
    State(app): State<Arc<App>>,
    Path((group, member)): Path<(String, String)>,
) -> Result<Json<GraphGroup>, Failure> {
    change(&app, &group, &MemberChanges { add: vec![member], remove: Vec::new() })
}

/// `DELETE /_sim/groups/{group}/members/{member}`: removes a member.
pub(crate) async fn remove_member(
    State(app): State<Arc<App>>,
    Path((group, member)): Path<(String, String)>,
) -> Result<Json<GraphGroup>, Failure> {
    change(&app, &group, &MemberChanges { add: Vec::new(), remove: vec![member] })
}

fn change(app: &App, group: &str, changes: &MemberChanges) -> Result<Json<GraphGroup>, Failure> {
    let stored = app.change(|directory| {
        let ids = |names: &[String]| -> Result<BTreeSet<String>, DirectoryError> {
            names.iter().map(|name| object_id(directory, name)).collect()
        };
        let (added, removed) = (ids(&changes.add)?, ids(&changes.remove)?);
        directory.change_members(group, added, &removed)
    })?;
    Ok(Json(stored))
}

/// The object id of a user or group, given by name or by object id.
pub(super) fn object_id(directory: &Directory, name: &str) -> Result<String, DirectoryError> {
    if directory.users.contains_key(name) || directory.groups.contains_key(name) {
        return Ok(name.to_owned());
    }
    let user = directory.user_by_name(name).map(|user| user.id.clone());
    let group = || directory.group_named(name).map(|group| group.id.clone());
    user.or_else(group).ok_or(DirectoryError::UserUnknown)
}
