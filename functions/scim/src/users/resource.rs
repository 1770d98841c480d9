//! A stored user as a SCIM resource.

use scim::{Resource, ResourceType, etag};
use serde_json::{Value, json};
use store::{Group, Provisioned};

use identity::Block;

use crate::caller::Caller;
use crate::failure::Failure;

/// The name of a state of a user, as a caller sees it: changes with each write of user or profile, and
/// when their last day is over.
pub(crate) fn version(caller: &Caller, user: &Provisioned) -> String {
    let left = if user.user.value.has_left(caller.now) { ".left" } else { "" };
    let (user, profile) = user.versions();
    etag::weak(&format!("{user}.{profile}{left}"))
}

/// What a client may change: here `active` is the client's own word, whoever else took access away.
/// It has none where it took its word back.
pub(crate) fn base(kind: &'static ResourceType, stored: &Provisioned) -> Result<Resource, Failure> {
    let (user, profile) = (&stored.user.value, &stored.profile.value);
    let mut resource = Resource::restore(kind, profile.attributes.read()?);
    resource.set("userName", user.user_name.as_str());
    if user.blocks.contains(&Block::Provisioning) {
        resource.set("active", false);
    }
    set(&mut resource, "externalId", profile.external_id.as_deref());
    set(&mut resource, "immutableId", user.anchor.as_ref().map(identity::Anchor::as_str));
    set(&mut resource, "objectId", user.object_id.map(|id| id.to_string()).as_deref());
    if let Some(address) = &user.personal_email {
        resource.set("personalEmail", address.as_str());
    }
    // Nobody provisioned them yet: what the bootstrap made them.
    if stored.profile.version == 0 {
        resource.set("displayName", user.display_name.as_str());
        resource.set("active", !user.blocks.contains(&Block::Provisioning));
    }
    Ok(resource)
}

fn set(resource: &mut Resource, path: &str, text: Option<&str>) {
    if let Some(text) = text {
        resource.set(path, text);
    }
}

/// What a client sees: `active` is whether the user may sign in.
pub(crate) fn shown(caller: &Caller, stored: &Provisioned) -> Result<Resource, Failure> {
    let (user, profile) = (&stored.user.value, &stored.profile.value);
    let mut resource = base(caller.user_kind(), stored)?;
    resource.set("id", user.id.to_string());
    if !user.has_access(caller.now) {
        resource.set("active", false);
    }
    // What is no id of ours leads nowhere.
    if let Some(manager) = resource.manager().and_then(|manager| manager.parse().ok()) {
        resource.set("manager.$ref", caller.user_url(manager));
    }
    let meta = json!({
        "resourceType": "User",
        "created": profile.created_at,
        "lastModified": profile.changed_at,
        "location": caller.user_url(user.id),
        "version": version(caller, stored),
    });
    resource.set("meta", meta);
    Ok(resource)
}

/// A group that a user is in, RFC 7643 §4.1.2.
pub(super) fn group(caller: &Caller, group: &Group) -> Value {
    json!({
        "value": group.id,
        "$ref": caller.group_url(group.id),
        "display": group.display_name,
        "type": "direct",
    })
}
