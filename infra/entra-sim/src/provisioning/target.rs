//! Where a mapping's value goes: the target attribute as the portal writes it.

use std::fmt;

use serde_json::{Map, Value, json};

/// The enterprise extension, RFC 7643 §4.3.
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// This product's extension.
pub(crate) const PASSERELLE: &str = "urn:ietf:params:scim:schemas:extension:passerelle:2.0:User";

/// A target attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// `title`
    Plain(&'static str),
    /// `name.givenName`
    Part(&'static str, &'static str),
    /// `emails[type eq "work"].value`
    Typed { attribute: &'static str, kind: &'static str, part: &'static str },
    /// `urn:…:User:department`
    Extension { schema: &'static str, attribute: &'static str },
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(attribute) => formatter.write_str(attribute),
            Self::Part(attribute, part) => write!(formatter, "{attribute}.{part}"),
            Self::Typed { attribute, kind, part } => {
                write!(formatter, "{attribute}[type eq \"{kind}\"].{part}")
            }
            Self::Extension { schema, attribute } => write!(formatter, "{schema}:{attribute}"),
        }
    }
}

impl Target {
    /// Whether the PATCH path selects an element by its type; such an operation stays on its own.
    pub(crate) fn is_selection(self) -> bool {
        matches!(self, Self::Typed { .. })
    }

    /// The value in a resource that a server gave; attribute names match whatever their case.
    pub(crate) fn read(self, resource: &Value) -> Option<&Value> {
        let value = match self {
            Self::Plain(attribute) => member(resource, attribute),
            Self::Part(attribute, part) => member(member(resource, attribute)?, part),
            Self::Typed { attribute, kind, part } => {
                let is_kind = |element: &&Value| {
                    member(element, "type")
                        .and_then(Value::as_str)
                        .is_some_and(|found| found.eq_ignore_ascii_case(kind))
                };
                let elements = member(resource, attribute)?.as_array()?;
                member(elements.iter().find(is_kind)?, part)
            }
            Self::Extension { schema, attribute } => member(member(resource, schema)?, attribute),
        };
        value.filter(|value| !value.is_null())
    }

    /// Puts the value into a resource that is about to be created.
    pub(crate) fn write(self, resource: &mut Map<String, Value>, value: Value) {
        match self {
            Self::Plain(attribute) => {
                resource.insert(attribute.to_owned(), value);
            }
            Self::Part(outer, inner) | Self::Extension { schema: outer, attribute: inner } => {
                let entry = resource.entry(outer).or_insert_with(|| json!({}));
                if let Some(object) = entry.as_object_mut() {
                    object.insert(inner.to_owned(), value);
                }
            }
            Self::Typed { attribute, kind, part } => {
                let entry = resource.entry(attribute).or_insert_with(|| json!([]));
                if let Some(elements) = entry.as_array_mut() {
                    set_typed(elements, attribute, kind, part, value);
                }
            }
        }
    }
}

fn set_typed(elements: &mut Vec<Value>, attribute: &str, kind: &str, part: &str, value: Value) {
    let known = elements.iter_mut().find(|element| element["type"] == kind);
    if let Some(element) = known.and_then(Value::as_object_mut) {
        element.insert(part.to_owned(), value);
        return;
    }
    let mut element = Map::from_iter([("type".to_owned(), json!(kind)), (part.to_owned(), value)]);
    if attribute == "emails" && kind == "work" {
        element.insert("primary".to_owned(), json!(true));
    }
    elements.push(Value::Object(element));
}

/// A member of an object, whatever the case of its name.
pub(crate) fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let object = value.as_object()?;
    object.get(name).or_else(|| {
        object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const TARGETS: [Target; 5] = [
        Target::Plain("title"),
        Target::Part("name", "givenName"),
        Target::Typed { attribute: "emails", kind: "work", part: "value" },
        Target::Typed { attribute: "addresses", kind: "work", part: "postalCode" },
        Target::Extension { schema: ENTERPRISE, attribute: "department" },
    ];

    #[test]
    fn what_is_written_is_read_back_and_has_the_portals_spelling() {
        let mut resource = Map::new();
        for (number, target) in TARGETS.into_iter().enumerate() {
            target.write(&mut resource, json!(number.to_string()));
        }
        let resource = Value::Object(resource);

        for (number, target) in TARGETS.into_iter().enumerate() {
            assert_eq!(target.read(&resource).unwrap(), &json!(number.to_string()), "{target}");
        }
        let spelt: Vec<String> = TARGETS.iter().map(ToString::to_string).collect();
        assert_eq!(
            spelt,
            [
                "title",
                "name.givenName",
                "emails[type eq \"work\"].value",
                "addresses[type eq \"work\"].postalCode",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            ]
        );
    }

    #[test]
    fn names_and_types_are_read_whatever_their_case_and_null_is_absent() {
        let resource = json!({ "Title": "x", "Emails": [{ "Type": "WORK", "Value": "y" }],
            "name": null });

        let read = |target: Target| target.read(&resource).cloned();

        assert_eq!(read(TARGETS[0]), Some(json!("x")));
        assert_eq!(read(TARGETS[1]), None);
        assert_eq!(read(TARGETS[2]), Some(json!("y")));
    }
}
