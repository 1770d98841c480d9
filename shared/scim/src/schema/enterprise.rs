//! The enterprise extension of the user, RFC 7643 §4.3.

use super::{Attribute, ENTERPRISE_URN, Schema};

pub(crate) static SCHEMA: Schema = Schema {
    id: ENTERPRISE_URN,
    name: "Enterprise User",
    description: "what an employer keeps of a user",
    attributes: &ATTRIBUTES,
};

static ATTRIBUTES: [Attribute; 6] = [
    Attribute::text("employeeNumber", "identifies the employee within the organization"),
    Attribute::text("costCenter", "the cost center"),
    Attribute::text("organization", "the organization"),
    Attribute::text("division", "the division"),
    Attribute::text("department", "the department"),
    Attribute::complex("manager", "the user's manager", &MANAGER),
];

static MANAGER: [Attribute; 3] = [
    Attribute::text("value", "the id of the manager's resource").exact(),
    Attribute::reference("$ref", "the URL of the manager's resource", &["User"]).read_only(),
    Attribute::text("displayName", "the name of the manager").read_only(),
];
