//! What attributes there are and how each behaves, RFC 7643 §2 and RFC 7643 §7: the one table that
//! reading, filters, patches, projections and discovery all follow.

mod attribute;
mod common;
mod enterprise;
mod group;
mod own;
mod user;

use std::fmt;

pub use attribute::{Attribute, Kind, Mutability, Returned, Uniqueness};

pub(crate) use common::COMMON;

/// The URN of the core user.
pub const USER_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The URN of the core group.
pub const GROUP_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The URN of the enterprise extension, RFC 7643 §4.3.
pub const ENTERPRISE_URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The URN of our own extension.
pub const OWN_URN: &str = "urn:ietf:params:scim:schemas:extension:passerelle:2.0:User";

/// A named set of attributes, RFC 7643 §7.
pub struct Schema {
    /// The URN.
    pub id: &'static str,
    /// The name for a human.
    pub name: &'static str,
    /// What it describes.
    pub description: &'static str,
    /// Its attributes, without the common ones of RFC 7643 §3.1.
    pub attributes: &'static [Attribute],
}

/// A kind of resource: one core schema and its extensions, RFC 7643 §6.
pub struct ResourceType {
    /// Also its identifier.
    pub name: &'static str,
    /// Relative to the base URL, with a leading slash.
    pub endpoint: &'static str,
    /// What it describes.
    pub description: &'static str,
    /// The core schema.
    pub schema: &'static Schema,
    /// The extensions, none of them required.
    pub extensions: &'static [&'static Schema],
    /// The attribute by which a list can be sorted without being read whole.
    pub sorted_by: &'static str,
}

/// Users, RFC 7643 §4.1.
pub static USER: ResourceType = ResourceType {
    name: "User",
    endpoint: "/Users",
    description: "somebody who can sign in",
    schema: &user::SCHEMA,
    extensions: &[&enterprise::SCHEMA, &own::SCHEMA],
    sorted_by: "userName",
};

/// Users as clients have them who are not Entra: they read the anchor, and never set it.
pub static USER_OF_OTHERS: ResourceType =
    ResourceType { extensions: &[&enterprise::SCHEMA, &own::OF_OTHERS], ..USER };

/// Groups, RFC 7643 §4.2. Their members are users, never groups.
pub static GROUP: ResourceType = ResourceType {
    name: "Group",
    endpoint: "/Groups",
    description: "a named set of users",
    schema: &group::SCHEMA,
    extensions: &[],
    sorted_by: "displayName",
};

/// Every kind of resource there is, as Entra has them.
pub static RESOURCE_TYPES: [&ResourceType; 2] = [&USER, &GROUP];

/// Its name: the tables behind it would drown any message.
impl fmt::Debug for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for ResourceType {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for ResourceType {}

impl ResourceType {
    /// Every schema of the kind, the core first.
    pub fn schemas(&self) -> impl Iterator<Item = &'static Schema> {
        std::iter::once(self.schema).chain(self.extensions.iter().copied())
    }

    /// The common and the core attributes: those that stand at the top of a resource.
    pub(crate) fn core(&self) -> impl Iterator<Item = &'static Attribute> {
        COMMON.iter().chain(self.schema.attributes)
    }

    /// A common or core attribute by its name, in any case.
    pub(crate) fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.core().find(|attribute| attribute.is_named(name))
    }
}

/// Its URN.
impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

impl Schema {
    /// An attribute by its name, in any case.
    pub(crate) fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes.iter().find(|attribute| attribute.is_named(name))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_name_is_given_twice_in_any_case() {
        for kind in RESOURCE_TYPES {
            for schema in kind.schemas() {
                let mut seen = BTreeSet::new();
                for attribute in schema.attributes {
                    assert!(seen.insert(attribute.name.to_lowercase()), "{}", attribute.name);
                    let mut below = BTreeSet::new();
                    for sub in attribute.sub_attributes {
                        assert!(below.insert(sub.name.to_lowercase()), "{}", sub.name);
                        assert!(sub.sub_attributes.is_empty(), "two levels are all there are");
                    }
                }
            }
            assert!(kind.attribute(kind.sorted_by).is_some());
        }
    }

    #[test]
    fn complex_attributes_and_only_they_have_sub_attributes() {
        for kind in RESOURCE_TYPES {
            for attribute in kind.core().chain(kind.extensions.iter().flat_map(|x| x.attributes)) {
                let complex = attribute.kind == Kind::Complex;
                assert_eq!(complex, !attribute.sub_attributes.is_empty(), "{}", attribute.name);
            }
        }
    }

    #[test]
    fn there_is_no_password() {
        assert!(USER.attribute("password").is_none());
    }
}
