//! A stored user as a SCIM resource.

use scim::{Resource, ResourceType, etag};
use serde_json::{Value, json};
use store::{Group, Provisioned};

use identity::{AttributeValue, Attributes, Block};

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
    // Nobody provisioned them yet: what the bootstrap made them, or the directory says of them. Whoever
    // changes them takes that over.
    if stored.profile.version == 0 {
        resource.set("displayName", user.display_name.as_str());
        resource.set("active", !user.blocks.contains(&Block::Provisioning));
        say(&mut resource, &user.attributes);
    }
    Ok(resource)
}

/// What the directory says of somebody, as a client would.
fn say(resource: &mut Resource, attributes: &Attributes) {
    let line =
        |value: &Option<AttributeValue>| value.as_ref().map(|value| value.as_str().to_owned());
    let Attributes { given_name, surname, mail, mobile_phone, department, country } = attributes;
    set(resource, "name.givenName", line(given_name).as_deref());
    set(resource, "name.familyName", line(surname).as_deref());
    set(resource, "department", line(department).as_deref());
    let mail = mail.as_ref().map(|mail| mail.as_str().to_owned());
    let lists = [
        ("emails", "value", "work", mail),
        ("phoneNumbers", "value", "mobile", line(mobile_phone)),
        ("addresses", "country", "work", line(country)),
    ];
    for (list, part, kind, text) in lists {
        if let Some(text) = text {
            resource.set(list, json!([{ part: text, "type": kind }]));
        }
    }
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
    // By an address of the directory's nobody is found yet.
    if stored.profile.version == 0 {
        resource.set("emails", Value::Null);
    }
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
