//! `/users`: listing, reading, making, changing, deleting, and ending sessions.

use serde_json::{Value, json};

use super::answer::{Answer, set};
use super::query::Equals;
use super::request::Request;
use super::{memberships, shape, user_rules};
use crate::app::App;
use crate::directory::Directory;
use crate::graph_user::GraphUser;

/// Who may read users.
pub(crate) const READ: [&str; 4] =
    ["User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];

/// `GET /users`, in the order of their object ids.
pub(crate) fn list(app: &App, request: &Request) -> Result<Answer, Answer> {
    request.needs(&READ)?;
    request.query.only(&["$select", "$top", "$filter", "$skiptoken", "$count"])?;
    let select = request.query.select();
    if let Some(select) = &select {
        shape::check_select(select)?;
    }
    let filter = request.query.filter()?;
    let settings = app.graph.settings();
    let size = request.query.top()?.unwrap_or(100).min(settings.page_size);
    let after = request.query.get("$skiptoken").unwrap_or_default();
    let directory = app.directory();
    let behind = (std::ops::Bound::Excluded(after.to_owned()), std::ops::Bound::Unbounded);
    let mut behind = directory.users.range(behind).map(|(_, user)| user);
    let page: Vec<&GraphUser> = match &filter {
        Some(equals) => {
            let property = filterable(equals)?;
            behind.by_ref().filter(|user| property(user, &equals.value)).take(size).collect()
        }
        None => behind.by_ref().take(size).collect(),
    };
    let more = behind.next().is_some();
    let counted = request.query.get("$count") == Some("true") && request.wishes.eventual;
    let count = directory.users.len();
    let last = page.last().map(|user| user.id.clone()).filter(|_| more);
    let value: Vec<Value> = page.iter().map(|user| shape::user(user, select.as_deref())).collect();
    drop(directory);
    let base = app.graph_url();
    let mut body = json!({ "@odata.context": format!("{base}/$metadata#users"), "value": value });
    // With a filter it would be another number: nobody asks for that.
    if counted && filter.is_none() {
        set(&mut body, "@odata.count", json!(count));
    }
    if let Some(last) = last {
        let mut next = format!("{base}/users?");
        for name in ["$select", "$top", "$filter"] {
            if let Some(value) = request.query.get(name) {
                let value: String =
                    url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
                next.push_str(&format!("{name}={}&", value.replace('+', "%20")));
            }
        }
        set(&mut body, "@odata.nextLink", json!(format!("{next}$skiptoken={last}")));
    }
    Ok(Answer::ok(body))
}

/// How a property is compared: names without regard to case.
fn filterable(equals: &Equals) -> Result<fn(&GraphUser, &str) -> bool, Answer> {
    match equals.property.as_str() {
        "userPrincipalName" => {
            Ok(|user, value| user.user_principal_name.eq_ignore_ascii_case(value))
        }
        "onPremisesImmutableId" => Ok(|user, value| {
            let anchor = user.on_premises_immutable_id.as_deref();
            anchor.is_some_and(|anchor| anchor.eq_ignore_ascii_case(value))
        }),
        "mail" => Ok(|user, value| {
            user.mail.as_deref().is_some_and(|mail| mail.eq_ignore_ascii_case(value))
        }),
        _ => Err(Answer::error(
            400,
            "Request_UnsupportedQuery",
            "Unsupported or invalid query filter clause specified.",
        )),
    }
}

/// `GET /users/{id or name}`.
pub(crate) fn get(app: &App, request: &Request, id: &str) -> Result<Answer, Answer> {
    request.needs(&READ)?;
    request.query.only(&["$select"])?;
    let select = request.query.select();
    if let Some(select) = &select {
        shape::check_select(select)?;
    }
    let mut user = find(&app.directory(), id)?.clone();
    {
        let mut state = app.graph.hold();
        if let Some((left, before)) = state.stale.get_mut(&user.id).filter(|stale| stale.0 > 0) {
            *left -= 1;
            user = before.clone();
        }
        if let Some(left) = state.unseen.get_mut(&user.id).filter(|left| **left > 0) {
            *left -= 1;
            return Err(Answer::not_found(id));
        }
    }
    let mut shown = shape::user(&user, select.as_deref());
    set(
        &mut shown,
        "@odata.context",
        json!(format!("{}/$metadata#users/$entity", app.graph_url())),
    );
    Ok(Answer::ok(shown))
}

/// `POST /users`.
pub(crate) fn create(app: &App, request: &Request) -> Result<Answer, Answer> {
    request.needs(&["User.ReadWrite.All", "Directory.ReadWrite.All"])?;
    let user = user_rules::new_user(&app.directory(), request.object()?)?;
    let user = app.change(|directory| directory.put_user(user))?;
    let mut state = app.graph.hold();
    let unseen = state.settings.unseen_reads;
    if unseen > 0 {
        state.unseen.insert(user.id.clone(), unseen);
    }
    drop(state);
    let mut shown = shape::user(&user, None);
    set(
        &mut shown,
        "@odata.context",
        json!(format!("{}/$metadata#users/$entity", app.graph_url())),
    );
    Ok(Answer::created(shown))
}

/// `PATCH /users/{id or name}`.
pub(crate) fn patch(app: &App, request: &Request, id: &str) -> Result<Answer, Answer> {
    let change = request.object()?;
    request.needs(user_rules::permissions(change))?;
    let (known, changed) = {
        let directory = app.directory();
        let known = find(&directory, id)?;
        (known.clone(), user_rules::changed(&directory, known, change)?)
    };
    if change.contains_key("accountEnabled") {
        // The narrow permission to do that builds on the one to read, and lets nobody touch whoever
        // holds a role.
        request.needs(&READ)?;
        if memberships::holds_role(app, &known.id) {
            request.needs(&[])?;
        }
    }
    app.change(|directory| directory.put_user(changed))?;
    let mut state = app.graph.hold();
    let stale = state.settings.stale_reads;
    if stale > 0 {
        state.stale.insert(known.id.clone(), (stale, known));
    }
    drop(state);
    Ok(Answer::nothing())
}

/// `DELETE /users/{id or name}`: into the recycle bin.
pub(crate) fn delete(app: &App, request: &Request, id: &str) -> Result<Answer, Answer> {
    request.needs(&["User.DeleteRestore.All", "User.ReadWrite.All"])?;
    let name = find(&app.directory(), id)?.user_principal_name.clone();
    let now = app.now().simulated;
    app.change(|directory| directory.soft_delete_user(&name, now))?;
    Ok(Answer::nothing())
}

/// `POST /users/{id or name}/revokeSignInSessions`.
pub(crate) fn revoke(app: &App, request: &Request, id: &str) -> Result<Answer, Answer> {
    request.needs(&["User.RevokeSessions.All", "User.ReadWrite.All"])?;
    let mut user = find(&app.directory(), id)?.clone();
    let now = app.now().simulated.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    user.more.insert("signInSessionsValidFromDateTime".to_owned(), json!(now));
    app.change(|directory| directory.put_user(user))?;
    let context = format!("{}/$metadata#Edm.Boolean", app.graph_url());
    Ok(Answer::ok(json!({ "@odata.context": context, "value": true })))
}

/// `POST /users/{id or name}/assignLicense`: of a user whose place of use is known.
pub(crate) fn assign_license(app: &App, request: &Request, id: &str) -> Result<Answer, Answer> {
    request.needs(&[
        "LicenseAssignment.ReadWrite.All",
        "User.ReadWrite.All",
        "Directory.ReadWrite.All",
    ])?;
    let (mut user, unavailable) = {
        let directory = app.directory();
        (find(&directory, id)?.clone(), app.graph.settings().unavailable_skus)
    };
    if user.more.get("usageLocation").and_then(Value::as_str).is_none() {
        return Err(Answer::bad(
            "License assignment cannot be done for user with invalid usage location.",
        ));
    }
    let listed = |name: &str| request.object().ok()?.get(name)?.as_array().cloned();
    let (Some(added), Some(removed)) = (listed("addLicenses"), listed("removeLicenses")) else {
        return Err(Answer::bad("addLicenses and removeLicenses must be given."));
    };
    let held = user.more.get("assignedLicenses").and_then(Value::as_array).cloned();
    let mut held = held.unwrap_or_default();
    held.retain(|one| !removed.iter().any(|gone| gone.as_str() == sku(one)));
    for one in added {
        if unavailable.iter().any(|gone| Some(gone.as_str()) == sku(&one)) {
            return Err(Answer::bad("License assignment failed because no seats are left."));
        }
        held.retain(|other| sku(other) != sku(&one));
        held.push(one);
    }
    user.more.insert("assignedLicenses".to_owned(), json!(held));
    let user = app.change(|directory| directory.put_user(user))?;
    Ok(Answer::created(shape::user(&user, None)))
}

/// The SKU of a licence.
fn sku(licence: &Value) -> Option<&str> {
    licence.get("skuId")?.as_str()
}

pub(crate) fn find<'a>(directory: &'a Directory, id: &str) -> Result<&'a GraphUser, Answer> {
    let found = directory.users.get(id).or_else(|| directory.user_by_name(id));
    found.ok_or_else(|| Answer::not_found(id))
}
