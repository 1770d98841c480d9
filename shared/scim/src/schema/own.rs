//! Our own extension of the user: what signing in needs and no other schema has.

use super::{Attribute, OWN_URN, Schema};

/// As Entra has it, who alone knows which anchor somebody has.
pub(crate) static SCHEMA: Schema = of(&[IMMUTABLE_ID.immutable(), PERSONAL_EMAIL, OBJECT_ID]);

/// As everybody else has it.
pub(crate) static OF_OTHERS: Schema = of(&[IMMUTABLE_ID.read_only(), PERSONAL_EMAIL, OBJECT_ID]);

const fn of(attributes: &'static [Attribute]) -> Schema {
    let description = "what signing in needs";
    Schema { id: OWN_URN, name: "Passerelle User", description, attributes }
}

const IMMUTABLE_ID: Attribute =
    Attribute::text("immutableId", "the anchor by which Entra knows the user; once set, it stays")
        .exact()
        .unique();
const PERSONAL_EMAIL: Attribute = Attribute::text(
    "personalEmail",
    "where somebody without a passkey is reached; kept as it is once there was a passkey",
);
const OBJECT_ID: Attribute =
    Attribute::text("objectId", "the object in Entra that the user is").read_only();
