//! What the server says of itself, RFC 7644 §4: derived from the tables that the rest of this crate
//! obeys, so that it cannot say anything else.

use serde_json::{Map, Value, json};

use crate::bulk::{MAX_OPERATIONS, MAX_PAYLOAD};
use crate::list::{DEFAULT_COUNT, MAX_COUNT, whole};
use crate::schema::{Attribute, Kind, ResourceType, Schema};

const CONFIG_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
const RESOURCE_TYPE_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const SCHEMA_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";

/// What the server can do, RFC 7643 §5 and RFC 9865 §4. `base` has no slash at its end.
pub fn service_provider_config(base: &str) -> Value {
    json!({
        "schemas": [CONFIG_SCHEMA],
        "patch": { "supported": true },
        "bulk": {
            "supported": true,
            "maxOperations": MAX_OPERATIONS,
            "maxPayloadSize": MAX_PAYLOAD,
        },
        "filter": { "supported": true, "maxResults": MAX_COUNT },
        "changePassword": { "supported": false },
        "sort": { "supported": true },
        "etag": { "supported": true },
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": DEFAULT_COUNT,
            "maxPageSize": MAX_COUNT,
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer key",
            "description": "a key made for the directory, as a bearer token",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{base}/ServiceProviderConfig"),
        },
    })
}

/// What a client is offered: kinds of resources.
pub type Kinds<'a> = &'a [&'static ResourceType];

/// The kinds of resources as a list, RFC 7643 §6.
pub fn resource_types(base: &str, kinds: Kinds<'_>) -> Value {
    let all = kinds.iter().map(|kind| resource_type_document(base, kind));
    whole(all.collect())
}

/// One kind of resource by its name.
pub fn resource_type(base: &str, kinds: Kinds<'_>, name: &str) -> Option<Value> {
    let kind = kinds.iter().find(|kind| kind.name == name)?;
    Some(resource_type_document(base, kind))
}

/// The schemas as a list, RFC 7643 §7.
pub fn schemas(base: &str, kinds: Kinds<'_>) -> Value {
    let all = all_schemas(kinds).map(|schema| schema_document(base, schema));
    whole(all.collect())
}

/// One schema by its URN, in any case.
pub fn schema(base: &str, kinds: Kinds<'_>, id: &str) -> Option<Value> {
    let schema = all_schemas(kinds).find(|schema| schema.id.eq_ignore_ascii_case(id))?;
    Some(schema_document(base, schema))
}

fn all_schemas(kinds: Kinds<'_>) -> impl Iterator<Item = &'static Schema> {
    kinds.iter().flat_map(|kind| kind.schemas())
}

fn resource_type_document(base: &str, kind: &ResourceType) -> Value {
    let extension = |schema: &&Schema| json!({ "schema": schema.id, "required": false });
    json!({
        "schemas": [RESOURCE_TYPE_SCHEMA],
        "id": kind.name,
        "name": kind.name,
        "description": kind.description,
        "endpoint": kind.endpoint,
        "schema": kind.schema.id,
        "schemaExtensions": kind.extensions.iter().map(extension).collect::<Vec<_>>(),
        "meta": {
            "resourceType": "ResourceType",
            "location": format!("{base}/ResourceTypes/{}", kind.name),
        },
    })
}

fn schema_document(base: &str, schema: &Schema) -> Value {
    json!({
        "schemas": [SCHEMA_SCHEMA],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": schema.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "meta": {
            "resourceType": "Schema",
            "location": format!("{base}/Schemas/{}", schema.id),
        },
    })
}

/// RFC 7643 §7, without members that mean nothing for the type: Entra reads no nulls.
fn attribute(attribute: &Attribute) -> Value {
    let mut document = Map::new();
    let mut say = |name: &str, value: Value| document.insert(name.to_owned(), value);
    say("name", attribute.name.into());
    say("type", attribute.kind.name().into());
    say("description", attribute.description.into());
    say("multiValued", attribute.is_multi_valued().into());
    say("required", attribute.is_required().into());
    say("mutability", attribute.mutability.name().into());
    say("returned", attribute.returned.name().into());
    say("uniqueness", attribute.uniqueness.name().into());
    match attribute.kind {
        Kind::String | Kind::Reference | Kind::Binary => {
            say("caseExact", attribute.is_case_exact().into());
        }
        Kind::Complex => {
            let subs = attribute.sub_attributes.iter().map(self::attribute);
            say("subAttributes", subs.collect());
        }
        Kind::Boolean | Kind::Decimal | Kind::Integer | Kind::DateTime => {}
    }
    if !attribute.canonical_values.is_empty() {
        say("canonicalValues", attribute.canonical_values.into());
    }
    if !attribute.reference_types.is_empty() {
        say("referenceTypes", attribute.reference_types.into());
    }
    Value::Object(document)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use crate::schema::{ENTERPRISE_URN, OWN_URN, RESOURCE_TYPES, USER_URN};

    #[test]
    fn every_schema_of_a_resource_type_can_be_fetched_where_it_says() {
        let kinds = resource_types("https://x/scim", &RESOURCE_TYPES);
        for kind in kinds["Resources"].as_array().unwrap() {
            let extensions = kind["schemaExtensions"].as_array().unwrap();
            let ids =
                std::iter::once(&kind["schema"]).chain(extensions.iter().map(|it| &it["schema"]));
            for id in ids {
                let schema =
                    schema("https://x/scim", &RESOURCE_TYPES, id.as_str().unwrap()).unwrap();
                let location = format!("https://x/scim/Schemas/{}", id.as_str().unwrap());
                assert_eq!(schema["meta"]["location"], location);
            }
            let again =
                resource_type("https://x/scim", &RESOURCE_TYPES, kind["name"].as_str().unwrap());
            assert_eq!(again.as_ref(), Some(kind));
        }
        assert_eq!(schemas("x", &RESOURCE_TYPES)["totalResults"], 4);
    }

    #[test]
    fn a_schema_says_what_the_table_says_and_nothing_is_null() {
        let user = schema("x", &RESOURCE_TYPES, &USER_URN.to_uppercase()).unwrap();
        let attributes = user["attributes"].as_array().unwrap();
        let find = |name: &str| attributes.iter().find(|it| it["name"] == name).unwrap();

        assert_eq!(find("userName")["uniqueness"], "server");
        assert_eq!(find("userName")["caseExact"], false);
        assert_eq!(find("groups")["mutability"], "readOnly");
        assert_eq!(find("emails")["subAttributes"][0]["name"], "value");
        assert_eq!(attributes.iter().find(|it| it["name"] == "password"), None);
        assert!(!schemas("x", &RESOURCE_TYPES).to_string().contains("null"));
        let own = schema("x", &RESOURCE_TYPES, OWN_URN).unwrap();
        assert_eq!(own["attributes"][0]["mutability"], "immutable");
        assert!(schema("x", &RESOURCE_TYPES, ENTERPRISE_URN).is_some());
        assert_eq!(schema("x", &RESOURCE_TYPES, "urn:x"), None);
    }

    #[test]
    fn the_limits_are_those_that_are_kept() {
        let config = service_provider_config("x");
        assert_eq!(config["filter"]["maxResults"], MAX_COUNT);
        assert_eq!(config["bulk"]["maxOperations"], MAX_OPERATIONS);
        assert_eq!(config["bulk"]["maxPayloadSize"], MAX_PAYLOAD);
        assert_eq!(config["pagination"]["maxPageSize"], MAX_COUNT);
    }
}
