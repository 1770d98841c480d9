//! Our own extension of the user: what signing in needs and no other schema has.

use super::{Attribute, OWN_URN, Schema};

pub(crate) static SCHEMA: Schema = Schema {
    id: OWN_URN,
    name: "Passerelle User",
    description: "what signing in needs",
    attributes: &ATTRIBUTES,
};

static ATTRIBUTES: [Attribute; 3] = [
    Attribute::text("immutableId", "the anchor by which Entra knows the user; once set, it stays")
        .exact()
        .unique()
        .immutable(),
    Attribute::text(
        "personalEmail",
        "where somebody without a passkey is reached; kept as it is once there was a passkey",
    ),
    Attribute::text("objectId", "the object in Entra that the user is").read_only(),
];
