//! `/directory/deletedItems`: users who were deleted less than thirty days ago.

use serde_json::json;

use super::answer::{Answer, set};
use super::request::Request;
use super::shape;
use crate::app::App;

/// `GET /directory/deletedItems/{id}`.
pub(crate) fn get(app: &App, request: &Request, id: &str) -> Result<Answer, Answer> {
    request.needs(&["User.Read.All", "User.ReadWrite.All", "User.DeleteRestore.All"])?;
    request.query.only(&["$select"])?;
    let directory = app.directory();
    let found = directory.deleted.get(id).ok_or_else(|| Answer::not_found(id))?;
    let select = request.query.select();
    if let Some(select) = &select {
        shape::check_select(select)?;
    }
    let mut shown = shape::user(&found.user, select.as_deref());
    set(&mut shown, "@odata.type", json!("#microsoft.graph.user"));
    Ok(Answer::ok(shown))
}

/// `DELETE /directory/deletedItems/{id}`: for good.
pub(crate) fn purge(app: &App, request: &Request, id: &str) -> Result<Answer, Answer> {
    request.needs(&["User.DeleteRestore.All", "User.ReadWrite.All"])?;
    if !app.directory().deleted.contains_key(id) {
        return Err(Answer::not_found(id));
    }
    app.change(|directory| {
        directory.purge(id);
        Ok(())
    })?;
    Ok(Answer::nothing())
}

/// `POST /directory/deletedItems/{id}/restore`.
pub(crate) fn restore(app: &App, request: &Request, id: &str) -> Result<Answer, Answer> {
    request.needs(&["User.DeleteRestore.All", "User.ReadWrite.All"])?;
    if !app.directory().deleted.contains_key(id) {
        return Err(Answer::not_found(id));
    }
    let user = app.change(|directory| directory.restore_user(id))?;
    let mut shown = shape::user(&user, None);
    set(&mut shown, "@odata.type", json!("#microsoft.graph.user"));
    Ok(Answer::ok(shown))
}
