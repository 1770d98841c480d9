//! Bodies of POST requests, in the shapes that Microsoft documents.

use serde_json::{Map, Value, json};

use super::mapping::{ACTIVE, Rule};
use super::settings::Shapes;
use super::target::ENTERPRISE;
use crate::graph_group::GraphGroup;
use crate::graph_user::GraphUser;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The second schema of every group that Entra creates.
const ADSCIM_GROUP: &str =
    "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";
/// The enterprise schema as the tutorial's second example spells it.
const MISSPELT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0User";
/// What the tutorial's second example sends as null when there is no value.
const NULLS: [&str; 6] =
    ["addresses", "phoneNumbers", "preferredLanguage", "title", "department", "manager"];

/// The body that creates a user. A custom extension's values are sent, its schema is not listed:
/// Entra's client leaves that header out.
pub(crate) fn user(rules: &[Rule], user: &GraphUser, shapes: Shapes) -> Value {
    let mut body = Map::new();
    let enterprise = match shapes {
        Shapes::Reference => ENTERPRISE,
        Shapes::Tutorial => MISSPELT,
    };
    body.insert("schemas".to_owned(), json!([USER, enterprise]));
    body.insert("meta".to_owned(), json!({ "resourceType": "User" }));
    ACTIVE.write(&mut body, json!(user.account_enabled));
    for rule in rules {
        if let Some(value) = (rule.read)(user).filter(|value| !value.is_empty()) {
            rule.target.write(&mut body, json!(value));
        }
    }
    match shapes {
        Shapes::Reference => {
            body.insert("roles".to_owned(), json!([]));
        }
        Shapes::Tutorial => {
            for name in NULLS {
                body.entry(name).or_insert(Value::Null);
            }
        }
    }
    Value::Object(body)
}

/// The body that creates a group, always without members.
pub(crate) fn group(group: &GraphGroup) -> Value {
    json!({
        "schemas": [GROUP, ADSCIM_GROUP],
        "externalId": group.id,
        "displayName": group.display_name,
        "meta": { "resourceType": "Group" },
    })
}
