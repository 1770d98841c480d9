//! Names of attributes as clients write them, RFC 7644 §3.10: any case, with or without a URN,
//! with or without a sub-attribute.

use std::fmt;

use crate::schema::{Attribute, ResourceType, Schema};

/// An attribute, or one part of a complex one, that a schema defines.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The extension that it belongs to; none for core and common attributes.
    pub extension: Option<&'static Schema>,
    /// The attribute.
    pub attribute: &'static Attribute,
    /// The part of it, if a part is meant.
    pub sub: Option<&'static Attribute>,
}

impl Target {
    pub(crate) const fn core(attribute: &'static Attribute) -> Self {
        Self { extension: None, attribute, sub: None }
    }

    pub(crate) const fn extended(schema: &'static Schema, attribute: &'static Attribute) -> Self {
        Self { extension: Some(schema), attribute, sub: None }
    }

    /// What is finally meant: the part, or else the whole.
    pub(crate) fn leaf(&self) -> &'static Attribute {
        self.sub.unwrap_or(self.attribute)
    }

    /// Whether this is the core or common attribute of that name, whole or in part.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.extension.is_none() && self.attribute.name == name
    }

    fn key(&self) -> (Option<&'static str>, &'static str, Option<&'static str>) {
        (self.extension.map(|it| it.id), self.attribute.name, self.sub.map(|it| it.name))
    }
}

impl PartialEq for Target {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Target {}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(extension) = self.extension {
            write!(f, "{}:", extension.id)?;
        }
        f.write_str(self.attribute.name)?;
        self.sub.map_or(Ok(()), |sub| write!(f, ".{}", sub.name))
    }
}

/// What a name names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Named {
    /// The resource itself: the URN of its core schema.
    Resource,
    /// All attributes of an extension: its URN.
    Extension(&'static Schema),
    /// An attribute.
    Attribute(Target),
    /// Nothing that our schemas define.
    Unknown,
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Schema {}

/// Finds what a name means for a kind of resource; none if it is no name at all.
///
/// A name without a URN is looked for in the core first and then in the extensions, because Entra
/// writes `manager` for the enterprise attribute.
pub(crate) fn resolve(kind: &ResourceType, text: &str) -> Option<Named> {
    for schema in kind.schemas() {
        let Some(rest) = strip_prefix_any_case(text, schema.id) else { continue };
        let extension = (schema != kind.schema).then_some(schema);
        if rest.is_empty() {
            return Some(extension.map_or(Named::Resource, Named::Extension));
        }
        let Some(name) = rest.strip_prefix(':') else { continue };
        let (name, sub) = split(name)?;
        let attribute = match extension {
            Some(schema) => schema.attribute(name),
            None => kind.attribute(name),
        };
        return Some(target(extension, attribute, sub));
    }
    if strip_prefix_any_case(text, "urn:").is_some() {
        return text.chars().all(is_urn_character).then_some(Named::Unknown);
    }
    let (name, sub) = split(text)?;
    if let Some(attribute) = kind.attribute(name) {
        return Some(target(None, Some(attribute), sub));
    }
    for schema in kind.extensions {
        if let Some(attribute) = schema.attribute(name) {
            return Some(target(Some(schema), Some(attribute), sub));
        }
    }
    Some(Named::Unknown)
}

fn target(
    extension: Option<&'static Schema>,
    attribute: Option<&'static Attribute>,
    sub: Option<&str>,
) -> Named {
    let Some(attribute) = attribute else { return Named::Unknown };
    match sub {
        None => Named::Attribute(Target { extension, attribute, sub: None }),
        Some(name) => attribute.sub_attribute(name).map_or(Named::Unknown, |sub| {
            Named::Attribute(Target { extension, attribute, sub: Some(sub) })
        }),
    }
}

/// `name` or `name.sub`, if both are names.
fn split(text: &str) -> Option<(&str, Option<&str>)> {
    let (name, sub) = match text.split_once('.') {
        Some((name, sub)) => (name, Some(sub)),
        None => (text, None),
    };
    (is_name(name) && sub.is_none_or(is_name)).then_some((name, sub))
}

/// `ATTRNAME` of RFC 7644 §3.4.2.2, and `$ref`, which RFC 7643 §2.4 uses against that rule.
pub(crate) fn is_name(text: &str) -> bool {
    let plain = text.strip_prefix('$').unwrap_or(text);
    plain.starts_with(|c: char| c.is_ascii_alphabetic())
        && plain.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// What a name with a URN may consist of.
pub(crate) const fn is_urn_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '$')
}

fn strip_prefix_any_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{ENTERPRISE_URN, GROUP, USER, USER_URN};

    fn shown(kind: &ResourceType, text: &str) -> String {
        match resolve(kind, text) {
            None => "malformed".to_owned(),
            Some(Named::Resource) => "resource".to_owned(),
            Some(Named::Extension(schema)) => schema.name.to_owned(),
            Some(Named::Attribute(target)) => target.to_string(),
            Some(Named::Unknown) => "unknown".to_owned(),
        }
    }

    #[test]
    fn names_are_found_in_any_case_with_and_without_a_urn() {
        let department = format!("{ENTERPRISE_URN}:department");
        let cases = [
            ("userName", "userName".to_owned()),
            ("USERNAME", "userName".to_owned()),
            ("Name.FAMILYname", "name.familyName".to_owned()),
            ("urn:ietf:params:scim:schemas:core:2.0:User:userName", "userName".to_owned()),
            (
                "URN:IETF:params:scim:schemas:core:2.0:user:name.givenName",
                "name.givenName".to_owned(),
            ),
            (&department, department.clone()),
            ("department", department.clone()),
            ("manager", format!("{ENTERPRISE_URN}:manager")),
            ("manager.$ref", format!("{ENTERPRISE_URN}:manager.$ref")),
            (ENTERPRISE_URN, "Enterprise User".to_owned()),
            (USER_URN, "resource".to_owned()),
            ("meta.lastModified", "meta.lastModified".to_owned()),
            ("shoeSize", "unknown".to_owned()),
            ("name.shoeSize", "unknown".to_owned()),
            ("password", "unknown".to_owned()),
            (
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0User:department",
                "unknown".to_owned(),
            ),
            ("", "malformed".to_owned()),
            ("name.", "malformed".to_owned()),
            ("name.givenName.x", "malformed".to_owned()),
            ("user name", "malformed".to_owned()),
            ("1st", "malformed".to_owned()),
            ("urn:ietf:x y", "malformed".to_owned()),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(&USER, text), expected, "{text}");
        }
        assert_eq!(shown(&GROUP, "members.value"), "members.value");
        assert_eq!(shown(&GROUP, "userName"), "unknown");
    }
}
