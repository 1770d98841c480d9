//! Values in their canonical form: of the type that the schema says, spelled as it spells, without
//! nulls, unknown parts and what only the server writes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::error::{Error, ScimType};
use crate::schema::{Attribute, Kind};

/// The longest text, in bytes.
pub(crate) const MAX_TEXT: usize = 8 * 1024;
/// The longest base64 text, in bytes.
const MAX_BINARY: usize = 32 * 1024;
/// The most values of an attribute.
const MAX_VALUES: usize = 1_000;
/// The most values of a resource, those of all its attributes together.
pub(crate) const MAX_VALUES_OF_ALL: usize = 1_000;
/// The most e-mail addresses: each is an entry of an index, all of them written at once.
pub const MAX_EMAILS: usize = 32;
/// The deepest nesting of a body.
const MAX_DEPTH: usize = 16;

/// Refuses what is nested deeper than any message of the protocol.
pub(crate) fn check_depth(value: &Value) -> Result<(), Error> {
    fn is_within(value: &Value, left: usize) -> bool {
        let Some(left) = left.checked_sub(1) else { return false };
        match value {
            Value::Array(items) => items.iter().all(|item| is_within(item, left)),
            Value::Object(members) => members.values().all(|member| is_within(member, left)),
            _ => true,
        }
    }
    if is_within(value, MAX_DEPTH) { Ok(()) } else { Err(Error::TOO_DEEP) }
}

/// The canonical form of what a client gives for an attribute; none if that is no value.
///
/// `null`, an empty list and an empty text are no values, RFC 7643 §2.5. One value stands for a
/// list of one and a list of one for a value, and a text for a complex value's `value`, because
/// Entra writes managers and roles so.
pub(crate) fn canonical(attribute: &Attribute, value: Value) -> Result<Option<Value>, Error> {
    if !attribute.is_multi_valued() {
        return match value {
            Value::Array(items) => {
                let mut items = items.into_iter();
                match (items.next(), items.next()) {
                    (None, _) => Ok(None),
                    (Some(only), None) => single(attribute, only),
                    (Some(_), Some(_)) => Err(invalid(attribute, "takes one value")),
                }
            }
            value => single(attribute, value),
        };
    }
    let elements = elements(attribute, value)?;
    let mut list = Elements::default();
    for element in elements {
        list.add(attribute, element);
    }
    let list = list.finish(attribute)?;
    Ok((!list.is_empty()).then_some(Value::Array(list)))
}

/// The canonical values that a client gives for a multi-valued attribute.
pub(crate) fn elements(attribute: &Attribute, value: Value) -> Result<Vec<Value>, Error> {
    let items = match value {
        Value::Array(items) => items,
        value => vec![value],
    };
    if items.len() > limit(attribute) {
        return Err(too_many(attribute));
    }
    let mut elements = Vec::with_capacity(items.len());
    for item in items {
        elements.extend(single(attribute, item)?);
    }
    let primaries = elements.iter().filter(|element| is_primary(element)).count();
    if primaries > 1 {
        return Err(invalid(attribute, "only one value can be primary"));
    }
    Ok(elements)
}

/// How many values an attribute has at the most.
pub(crate) fn limit(attribute: &Attribute) -> usize {
    if attribute.name == "emails" { MAX_EMAILS } else { MAX_VALUES }
}

pub(crate) fn too_many(attribute: &Attribute) -> Error {
    invalid(attribute, &format!("takes at most {} values", limit(attribute)))
}

pub(crate) fn invalid(attribute: &Attribute, detail: &str) -> Error {
    Error::about(ScimType::InvalidValue, attribute, detail)
}

/// How many values there are in one: what is neither an object nor a list.
pub(crate) fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}

/// Whether a value is marked as the preferred one.
pub(crate) fn is_primary(element: &Value) -> bool {
    element.get("primary") == Some(&Value::Bool(true))
}

/// The values of a multi-valued attribute, none of them twice and at most one of them primary.
#[derive(Default)]
pub(crate) struct Elements {
    list: Vec<Value>,
    places: BTreeMap<String, usize>,
}

impl Elements {
    /// Adds a value at the end, or into the one that says the same but for `primary`.
    ///
    /// A new primary value takes the mark from the old one, RFC 7644 §3.5.2.
    pub(crate) fn add(&mut self, attribute: &Attribute, element: Value) {
        if is_primary(&element) {
            self.list.iter_mut().for_each(unmark);
        }
        let place = *self.places.entry(identity(attribute, &element)).or_insert(self.list.len());
        match (self.list.get_mut(place), element) {
            (Some(Value::Object(present)), Value::Object(element)) => {
                if let Some(primary) = element.get("primary") {
                    present.insert("primary".to_owned(), primary.clone());
                }
            }
            (Some(_), _) => {}
            (None, element) => self.list.push(element),
        }
    }

    pub(crate) fn finish(self, attribute: &Attribute) -> Result<Vec<Value>, Error> {
        if self.list.len() > limit(attribute) {
            return Err(too_many(attribute));
        }
        Ok(self.list)
    }
}

/// Leaves out values that say what another one says; of two, what was just changed is spelled as
/// it was changed, and the mark of the preferred one stays.
pub(crate) fn without_repeats(
    attribute: &Attribute,
    list: Vec<Value>,
    changed: &[usize],
) -> Vec<Value> {
    let mut places = BTreeMap::new();
    let mut distinct: Vec<(bool, Value)> = Vec::with_capacity(list.len());
    for (place, element) in (0_usize..).zip(list) {
        let is_changed = changed.contains(&place);
        let known = *places.entry(identity(attribute, &element)).or_insert(distinct.len());
        let Some((was_changed, present)) = distinct.get_mut(known) else {
            distinct.push((is_changed, element));
            continue;
        };
        let is_preferred = is_primary(present) || is_primary(&element);
        if is_changed && !*was_changed {
            (*was_changed, *present) = (true, element);
        }
        if let Some(parts) = present.as_object_mut().filter(|_| is_preferred) {
            parts.insert("primary".to_owned(), Value::Bool(true));
        }
    }
    distinct.into_iter().map(|(_, element)| element).collect()
}

/// Takes the mark of the preferred value away, where it is.
pub(crate) fn unmark(element: &mut Value) {
    if let Some(primary @ Value::Bool(true)) = element.get_mut("primary") {
        *primary = Value::Bool(false);
    }
}

/// Equal for two values that differ in nothing, or in `primary` alone, by the case rules.
fn identity(attribute: &Attribute, element: &Value) -> String {
    let Value::Object(element) = element else { return folded(attribute, element).to_string() };
    let parts = element.iter().filter(|(name, _)| *name != "primary").map(|(name, part)| {
        let sub = attribute.sub_attribute(name);
        (name.clone(), sub.map_or_else(|| part.clone(), |sub| folded(sub, part)))
    });
    Value::Object(parts.collect()).to_string()
}

/// A simple value as it is compared.
pub(crate) fn folded(attribute: &Attribute, value: &Value) -> Value {
    match value {
        Value::String(text) if !attribute.is_case_exact() => Value::String(fold(text)),
        value => value.clone(),
    }
}

/// A text as it is compared where case does not matter.
pub(crate) fn fold(text: &str) -> String {
    text.to_lowercase()
}

fn single(attribute: &Attribute, value: Value) -> Result<Option<Value>, Error> {
    match (attribute.kind, value) {
        (_, Value::Null) => Ok(None),
        (Kind::Complex, Value::Object(parts)) => complex(attribute, parts),
        (Kind::Complex, Value::String(text)) => match attribute.sub_attribute("value") {
            Some(_) => {
                complex(attribute, Map::from_iter([("value".to_owned(), Value::String(text))]))
            }
            None => Err(invalid(attribute, "must be an object")),
        },
        (Kind::Complex, _) => Err(invalid(attribute, "must be an object")),
        (_, Value::String(text)) if text.is_empty() => Ok(None),
        (_, value) => simple(attribute, value).map(Some),
    }
}

fn simple(attribute: &Attribute, value: Value) -> Result<Value, Error> {
    match (attribute.kind, value) {
        (Kind::String | Kind::Reference, Value::String(text)) => {
            if text.len() > MAX_TEXT {
                return Err(invalid(attribute, "is longer than 8 KiB"));
            }
            Ok(Value::String(text))
        }
        (Kind::String | Kind::Reference, _) => Err(invalid(attribute, "must be a string")),
        (Kind::Binary, Value::String(text)) if is_base64(&text) => {
            if text.len() > MAX_BINARY {
                return Err(invalid(attribute, "is longer than 32 KiB"));
            }
            Ok(Value::String(text))
        }
        (Kind::Binary, _) => Err(invalid(attribute, "must be base64")),
        (Kind::Boolean, value) => boolean(&value)
            .map(Value::Bool)
            .ok_or_else(|| invalid(attribute, "must be true or false")),
        (Kind::DateTime, Value::String(text)) if text.parse::<Timestamp>().is_ok() => {
            Ok(Value::String(text))
        }
        (Kind::DateTime, _) => Err(invalid(attribute, "must be a date and time")),
        (Kind::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => {
            Ok(Value::Number(number))
        }
        (Kind::Integer, _) => Err(invalid(attribute, "must be a whole number")),
        (Kind::Decimal, Value::Number(number)) => Ok(Value::Number(number)),
        (Kind::Decimal, _) => Err(invalid(attribute, "must be a number")),
        (Kind::Complex, _) => Err(invalid(attribute, "must be an object")),
    }
}

/// `true`, `"True"`, `"FALSE"`: Entra writes text where the standard has a boolean.
fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    text.len() - body.len() <= 2
        && body.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_'))
}

fn complex(attribute: &Attribute, parts: Map<String, Value>) -> Result<Option<Value>, Error> {
    let mut canonical_parts = Map::new();
    let mut seen = Vec::new();
    for (name, part) in parts {
        let Some(sub) = attribute.sub_attribute(&name) else { continue };
        if part.is_null() {
            continue;
        }
        if seen.contains(&sub.name) {
            return Err(Error::NAMED_TWICE);
        }
        seen.push(sub.name);
        if sub.is_read_only() {
            continue;
        }
        if let Some(part) = canonical(sub, part).map_err(|error| error.within(attribute))? {
            canonical_parts.insert(sub.name.to_owned(), part);
        }
    }
    Ok((!is_husk(attribute, &canonical_parts)).then_some(Value::Object(canonical_parts)))
}

/// Whether nothing is left of a complex value, or only what says what it was for.
pub(crate) fn is_husk(attribute: &Attribute, parts: &Map<String, Value>) -> bool {
    let says = |name: &String| name != "type" && name != "primary";
    if attribute.is_multi_valued() { !parts.keys().any(says) } else { parts.is_empty() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;
    use crate::path::{Named, resolve};
    use crate::schema::USER;

    fn attribute(name: &str) -> &'static Attribute {
        match resolve(&USER, name) {
            Some(Named::Attribute(target)) => target.leaf(),
            _ => unreachable!("{name}"),
        }
    }

    #[test]
    fn values_become_what_the_schema_says() {
        let cases = [
            ("title", json!("x"), Ok(json!("x"))),
            ("title", json!(["x"]), Ok(json!("x"))),
            ("title", json!(null), Ok(json!(null))),
            ("title", json!(""), Ok(json!(null))),
            ("title", json!([]), Ok(json!(null))),
            ("title", json!(["x", "y"]), Err("title: takes one value")),
            ("title", json!(7), Err("title: must be a string")),
            ("title", json!({ "a": 1 }), Err("title: must be a string")),
            ("active", json!("False"), Ok(json!(false))),
            ("active", json!("tRUE"), Ok(json!(true))),
            ("active", json!(true), Ok(json!(true))),
            ("active", json!("yes"), Err("active: must be true or false")),
            ("active", json!(1), Err("active: must be true or false")),
            ("name", json!({ "GIVENNAME": "A", "x": 1 }), Ok(json!({ "givenName": "A" }))),
            ("name", json!({ "givenName": null }), Ok(json!(null))),
            ("name", json!("A"), Err("name: must be an object")),
            ("manager", json!("m"), Ok(json!({ "value": "m" }))),
            ("manager", json!([{ "value": "m", "$ref": null }]), Ok(json!({ "value": "m" }))),
            ("manager", json!({ "value": "" }), Ok(json!(null))),
            ("roles", json!("admin"), Ok(json!([{ "value": "admin" }]))),
            ("roles", json!([]), Ok(json!(null))),
            ("roles", json!([null, { "value": "a" }]), Ok(json!([{ "value": "a" }]))),
            (
                "roles",
                json!([{ "value": "a" }, { "value": "A", "primary": "True" }]),
                Ok(json!([{ "value": "a", "primary": true }])),
            ),
            (
                "emails",
                json!([{ "type": "work", "primary": true, "value": null }]),
                Ok(json!(null)),
            ),
            (
                "emails",
                json!([{ "value": "a", "primary": true }, { "value": "b", "primary": true }]),
                Err("emails: only one value can be primary"),
            ),
            ("emails", json!(vec!["a"; 33]), Err("emails: takes at most 32 values")),
            ("ims", json!(vec!["a"; 1001]), Err("ims: takes at most 1000 values")),
            ("x509Certificates", json!(["MIIB+/=="]), Ok(json!([{ "value": "MIIB+/==" }]))),
            (
                "x509Certificates",
                json!(["no base 64"]),
                Err("x509Certificates.value: must be base64"),
            ),
            ("title", json!("x".repeat(8193)), Err("title: is longer than 8 KiB")),
            ("emails", json!([{ "value": "a", "VALUE": "b" }]), Err("an attribute is given twice")),
        ];
        for (name, given, expected) in cases {
            let shown = given.to_string();
            let answer = canonical(attribute(name), given).map(|value| value.unwrap_or_default());
            let answer = answer.map_err(|error| error.detail().to_owned());
            assert_eq!(answer, expected.map_err(str::to_owned), "{name} {shown:.80}");
        }
    }

    #[test]
    fn sixteen_levels_are_enough_and_seventeen_too_many() {
        let nested = |levels: usize| (1..levels).fold(json!(1), |inner, _| json!([inner]));
        assert_eq!(check_depth(&nested(16)), Ok(()));
        assert_eq!(check_depth(&nested(17)), Err(Error::TOO_DEEP));
    }
}
