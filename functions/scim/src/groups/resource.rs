//! A stored group as a SCIM resource.

use identity::UserId;
use scim::schema::GROUP;
use scim::{Resource, etag};
use serde_json::{Value, json};
use store::{Group, Stored};

use crate::caller::Caller;

/// The name of a state of a group: changes with each change of its attributes or members.
pub(crate) fn version(group: &Stored<Group>) -> String {
    etag::weak(&group.version.to_string())
}

/// What a client may change, the members apart.
pub(crate) fn base(group: &Group) -> Resource {
    let mut resource = Resource::empty(&GROUP);
    resource.set("displayName", group.display_name.as_str());
    if let Some(external_id) = &group.external_id {
        resource.set("externalId", external_id.as_str());
    }
    resource
}

/// What a client sees, the members apart.
pub(crate) fn shown(caller: &Caller, stored: &Stored<Group>) -> Resource {
    let group = &stored.value;
    let mut resource = base(group);
    resource.set("id", group.id.to_string());
    let meta = json!({
        "resourceType": "Group",
        "created": group.created_at,
        "lastModified": group.changed_at,
        "location": caller.group_url(group.id),
        "version": version(stored),
    });
    resource.set("meta", meta);
    resource
}

/// A member of a group, RFC 7643 §4.2.
pub(crate) fn member(caller: &Caller, user: UserId) -> Value {
    json!({ "value": user, "$ref": caller.user_url(user), "type": "User" })
}
