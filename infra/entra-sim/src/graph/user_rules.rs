//! What Graph lets be written of a user.

use serde_json::{Map, Value};

use super::answer::Answer;
use super::shape;
use crate::directory::Directory;
use crate::graph_user::{GraphUser, domain_of};

/// What must be there to make a user.
const REQUIRED: [&str; 5] =
    ["accountEnabled", "displayName", "mailNickname", "passwordProfile", "userPrincipalName"];
/// What nobody writes.
const READ_ONLY: [&str; 5] = [
    "assignedLicenses",
    "id",
    "createdDateTime",
    "deletedDateTime",
    "signInSessionsValidFromDateTime",
];
/// What stays ours to write of a user who is mastered on-premises.
const CLOUD_ONLY: [&str; 3] = ["usageLocation", "otherMails", "passwordProfile"];

/// Which permissions let this be changed: narrow ones for narrow changes.
pub(crate) fn permissions(change: &Map<String, Value>) -> &'static [&'static str] {
    let only = |name: &str| change.len() == 1 && change.contains_key(name);
    if only("accountEnabled") {
        &["User.EnableDisableAccount.All", "User.ReadWrite.All", "Directory.ReadWrite.All"]
    } else if only("passwordProfile") {
        &["User-PasswordProfile.ReadWrite.All", "User.ReadWrite.All"]
    } else {
        &["User.ReadWrite.All", "Directory.ReadWrite.All"]
    }
}

/// Reads a user who is to be made.
pub(crate) fn new_user(
    directory: &Directory,
    given: &Map<String, Value>,
) -> Result<GraphUser, Answer> {
    if let Some(missing) = REQUIRED.iter().find(|name| given.get(**name).is_none_or(Value::is_null))
    {
        let message = format!("A value is required for property '{missing}' of resource 'User'.");
        return Err(Answer::bad(&message));
    }
    let mut written = given.clone();
    check_password(written.remove("passwordProfile"))?;
    check_names(&written)?;
    let user: GraphUser = serde_json::from_value(Value::Object(written))
        .map_err(|_| Answer::bad("A property has a value of the wrong type."))?;
    check_name(directory, &user.user_principal_name)?;
    if is_federated(directory, &user.user_principal_name) && user.on_premises_immutable_id.is_none()
    {
        let message =
            "Property onPremisesImmutableId is required: the domain of the user is federated.";
        return Err(Answer::bad(message));
    }
    Ok(user)
}

/// Lays a change over a user.
pub(crate) fn changed(
    directory: &Directory,
    known: &GraphUser,
    change: &Map<String, Value>,
) -> Result<GraphUser, Answer> {
    let mut change = change.clone();
    if let Some(password) = change.remove("passwordProfile") {
        if is_federated(directory, &known.user_principal_name) {
            return Err(Answer::bad("The password of a federated user cannot be changed."));
        }
        check_password(Some(password))?;
    }
    check_names(&change)?;
    let synced = known.on_premises_sync_enabled == Some(true);
    if synced && change.keys().any(|name| !CLOUD_ONLY.contains(&name.as_str())) {
        let message = "Unable to update the specified properties for on-premises mastered \
                       Directory Sync objects or objects currently undergoing migration.";
        return Err(Answer::bad(message));
    }
    let mut all = shape::properties(known);
    all.extend(change);
    let mut user: GraphUser = serde_json::from_value(Value::Object(all))
        .map_err(|_| Answer::bad("A property has a value of the wrong type."))?;
    user.id.clone_from(&known.id);
    user.manager.clone_from(&known.manager);
    if user.user_principal_name != known.user_principal_name {
        check_name(directory, &user.user_principal_name)?;
    }
    check_anchor(directory, known, &user)?;
    Ok(user)
}

/// The anchor of a user in a federated domain changes only together with a name that comes from a
/// managed one.
fn check_anchor(directory: &Directory, known: &GraphUser, user: &GraphUser) -> Result<(), Answer> {
    let changes = user.on_premises_immutable_id != known.on_premises_immutable_id;
    if changes && is_federated(directory, &known.user_principal_name) {
        let message = "Property onPremisesImmutableId cannot be changed while the user is in a \
                       federated domain.";
        return Err(Answer::bad(message));
    }
    // Whoever was in the domain before it was federated stays in it without one.
    let moves_in = is_federated(directory, &user.user_principal_name)
        && !is_federated(directory, &known.user_principal_name);
    if moves_in && user.on_premises_immutable_id.is_none() {
        let message = "Property onPremisesImmutableId is required: the domain is federated.";
        return Err(Answer::bad(message));
    }
    Ok(())
}

fn check_names(written: &Map<String, Value>) -> Result<(), Answer> {
    for name in written.keys() {
        if READ_ONLY.contains(&name.as_str()) {
            let message = format!("Property '{name}' is read-only and cannot be set.");
            return Err(Answer::bad(&message));
        }
        if !shape::is_property(name) {
            let message = format!("Invalid property '{name}'.");
            return Err(Answer::bad(&message));
        }
    }
    Ok(())
}

fn check_name(directory: &Directory, name: &str) -> Result<(), Answer> {
    let invalid = || {
        Answer::bad("Invalid value specified for property 'userPrincipalName' of resource 'User'.")
    };
    let domain = domain_of(name).ok_or_else(invalid)?;
    let local = name.rsplit_once('@').map(|(local, _)| local).unwrap_or_default();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "'.-_!#^~".contains(c);
    if !local.chars().all(allowed) || local.chars().count() > 64 {
        return Err(invalid());
    }
    if !directory.domains.get(&domain).is_some_and(|domain| domain.is_verified) {
        let message = "The domain portion of the userPrincipalName property is invalid. You must \
                       use one of the verified domain names in your organization.";
        return Err(Answer::bad(message));
    }
    Ok(())
}

fn is_federated(directory: &Directory, name: &str) -> bool {
    domain_of(name)
        .is_some_and(|domain| directory.federations.contains_key(&directory.root_of(&domain)))
}

/// Eight characters of three kinds.
fn check_password(profile: Option<Value>) -> Result<(), Answer> {
    let profile = profile.unwrap_or_default();
    let password = profile.get("password").and_then(Value::as_str).unwrap_or_default();
    let kinds: [fn(char) -> bool; 4] = [
        |c| c.is_ascii_lowercase(),
        |c| c.is_ascii_uppercase(),
        |c| c.is_ascii_digit(),
        |c| !c.is_ascii_alphanumeric(),
    ];
    let kinds = kinds.iter().filter(|kind| password.chars().any(kind)).count();
    if (8..=256).contains(&password.chars().count()) && kinds >= 3 {
        return Ok(());
    }
    let message = "The specified password does not comply with password complexity requirements.";
    Err(Answer::bad(message))
}
