//! The order of a list, RFC 7644 §3.4.2.3.

use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use crate::error::{Error, ScimType};
use crate::path::{Named, Target, resolve};
use crate::resource::Resource;
use crate::schema::{Attribute, Kind, ResourceType};
use crate::value::{folded, is_primary};

/// Upwards or downwards.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Order {
    /// The smallest first, and those without a value last.
    #[default]
    Ascending,
    /// The other way round.
    Descending,
}

impl Order {
    pub(super) fn read(text: Option<&str>) -> Result<Self, Error> {
        match text {
            None => Ok(Self::Ascending),
            Some(text) if text.eq_ignore_ascii_case("ascending") => Ok(Self::Ascending),
            Some(text) if text.eq_ignore_ascii_case("descending") => Ok(Self::Descending),
            Some(_) => Err(INVALID_ORDER),
        }
    }
}

/// What of a resource decides where it stands, as it is compared; nothing where it has no value.
#[derive(Clone, Debug, PartialEq)]
pub struct SortKey(Option<Value>);

/// An attribute to sort by, and the order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sort {
    by: Target,
    order: Order,
    is_indexed: bool,
}

impl Sort {
    /// None for an attribute that no schema defines: nothing is sorted by it.
    pub(super) fn read(
        kind: &ResourceType,
        path: &str,
        order: Order,
    ) -> Result<Option<Self>, Error> {
        match resolve(kind, path.trim()).ok_or(INVALID_SORT)? {
            Named::Attribute(by) => Ok(Some(Self { by, order, is_indexed: by.is(kind.sorted_by) })),
            Named::Resource | Named::Extension(_) | Named::Unknown => Ok(None),
        }
    }

    /// The order.
    pub const fn order(&self) -> Order {
        self.order
    }

    /// Whether an index has this order, so that not everything needs to be read.
    pub const fn is_indexed(&self) -> bool {
        self.is_indexed
    }

    /// What decides where a resource stands: of many values, the primary one or else the first.
    pub fn key(&self, resource: &Resource) -> SortKey {
        SortKey(self.value(resource).map(|value| folded(self.leaf(), value)))
    }

    /// The order of two resources that have these keys.
    pub fn compare(&self, one: &SortKey, other: &SortKey) -> Ordering {
        let order = match (&one.0, &other.0) {
            (Some(one), Some(other)) => compare(self.leaf(), one, other),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        match self.order {
            Order::Ascending => order,
            Order::Descending => order.reverse(),
        }
    }

    fn leaf(&self) -> &'static Attribute {
        let leaf = self.by.leaf();
        leaf.sub_attribute("value").unwrap_or(leaf)
    }

    fn value<'a>(&self, resource: &'a Resource) -> Option<&'a Value> {
        let value = match resource.at(&self.by)? {
            Value::Array(items) => items.iter().find(|item| is_primary(item)).or(items.first())?,
            value => value,
        };
        let leaf = self.leaf();
        match value {
            Value::Object(parts) => parts.get(leaf.name),
            value => Some(value),
        }
    }
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = match self.order {
            Order::Ascending => "ascending",
            Order::Descending => "descending",
        };
        write!(f, "{} {order}", self.by)
    }
}

fn compare(attribute: &Attribute, one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::String(one), Value::String(other)) if attribute.kind == Kind::DateTime => {
            one.parse::<Timestamp>().ok().cmp(&other.parse().ok())
        }
        (Value::String(one), Value::String(other)) => one.cmp(other),
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        (Value::Number(one), Value::Number(other)) => {
            one.as_f64().partial_cmp(&other.as_f64()).unwrap_or(Ordering::Equal)
        }
        _ => Ordering::Equal,
    }
}

const INVALID_SORT: Error = Error::known(ScimType::InvalidValue, "sortBy is no attribute name");
pub(super) const INVALID_ORDER: Error =
    Error::known(ScimType::InvalidValue, "sortOrder must be ascending or descending");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use serde_json::json;

    use super::*;
    use crate::schema::USER;

    fn sorted(by: &str, order: Order) -> String {
        let users = [
            json!({ "userName": "b", "title": "x", "emails": ["3", { "value": "1", "primary": true }] }),
            json!({ "userName": "A", "emails": ["2"] }),
            json!({ "userName": "c", "title": "W", "active": false }),
        ];
        let mut users = users.map(|user| Resource::read(&USER, user).unwrap());
        let sort = Sort::read(&USER, by, order).unwrap().unwrap();
        users.sort_by(|one, other| sort.compare(&sort.key(one), &sort.key(other)));
        users.iter().map(|user| user.user_name().unwrap()).collect()
    }

    #[test]
    fn without_a_value_is_last_upwards_and_first_downwards() {
        let cases = [
            ("userName", Order::Ascending, "Abc"),
            ("userName", Order::Descending, "cbA"),
            ("title", Order::Ascending, "cbA"),
            ("title", Order::Descending, "Abc"),
            ("emails", Order::Ascending, "bAc"),
            ("emails.value", Order::Descending, "cAb"),
        ];
        for (by, order, expected) in cases {
            assert_eq!(sorted(by, order), expected, "{by} {order:?}");
        }
    }

    #[test]
    fn only_the_name_has_an_index() {
        for (by, expected) in [("USERNAME", true), ("displayName", false), ("name", false)] {
            assert_eq!(
                Sort::read(&USER, by, Order::Ascending).unwrap().unwrap().is_indexed(),
                expected
            );
        }
        assert_eq!(Sort::read(&USER, "shoeSize", Order::Ascending), Ok(None));
        assert_eq!(Sort::read(&USER, "a b", Order::Ascending), Err(INVALID_SORT));
    }
}
