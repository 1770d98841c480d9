//! The core group, RFC 7643 §4.2. Its members are users only: an identity provider that expands
//! nested groups would decide what the client must decide.

use super::{Attribute, GROUP_URN, Schema};

pub(crate) static SCHEMA: Schema = Schema {
    id: GROUP_URN,
    name: "Group",
    description: "a named set of users",
    attributes: &ATTRIBUTES,
};

static ATTRIBUTES: [Attribute; 2] = [
    Attribute::text("displayName", "the name of the group").required(),
    Attribute::complex("members", "the group's users", &MEMBERS).multiple(),
];

static MEMBERS: [Attribute; 3] = [
    Attribute::text("value", "the id of the user").exact().immutable(),
    Attribute::reference("$ref", "the URL of the user", &["User"]).immutable(),
    Attribute::text("type", "what the member is").immutable().usually(&["User"]),
];
