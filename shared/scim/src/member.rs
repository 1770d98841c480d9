//! Members of groups, which are changed by themselves: a group of many thousands is never read or
//! written as a whole.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::error::{Error, ScimType};
use crate::path::{Named, Target, resolve};
use crate::schema::{GROUP, ResourceType};
use crate::value::check_depth;

/// The most members in one operation.
pub const MAX_MEMBERS: usize = 25_000;

/// The longest identifier of a member, in bytes.
const MAX_ID: usize = 256;

/// What an operation does to the members of a group. No identifier is in one list twice.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MemberChange {
    /// These become members, where they are not yet.
    Add(Vec<String>),
    /// These are members no longer, where they are.
    Remove(Vec<String>),
    /// Nobody is a member any more.
    RemoveAll,
    /// These and nobody else are members. At least one.
    Replace(Vec<String>),
}

/// The members that the body of a POST or PUT of a group lists; none if it does not say.
///
/// # Errors
///
/// `invalidValue` for an entry that is no user; `invalidSyntax` as for any body.
pub fn listed(body: &Value) -> Result<Option<Vec<String>>, Error> {
    check_depth(body)?;
    let Value::Object(body) = body else { return Err(Error::NO_OBJECT) };
    let mut found = None;
    for (name, value) in body {
        let Some(Named::Attribute(target)) = resolve(&GROUP, name) else { continue };
        if !is_members(&GROUP, &target) || target.sub.is_some() {
            continue;
        }
        if found.is_some() {
            return Err(Error::NAMED_TWICE);
        }
        found = Some(value);
    }
    match found {
        None | Some(Value::Null) => Ok(None),
        Some(value) => ids(value).map(Some),
    }
}

/// Whether a target is the members of a group, whole or in part.
pub(crate) fn is_members(kind: &ResourceType, target: &Target) -> bool {
    *kind == GROUP && target.is("members")
}

/// The identifiers in a list of members, in an object or in a text, each once.
pub(crate) fn ids(value: &Value) -> Result<Vec<String>, Error> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        value => std::slice::from_ref(value),
    };
    if items.len() > MAX_MEMBERS {
        return Err(TOO_MANY);
    }
    let mut ids = Vec::with_capacity(items.len());
    for item in items {
        ids.push(id(item)?.to_owned());
    }
    Ok(without_repeats(ids))
}

fn id(item: &Value) -> Result<&str, Error> {
    let id = match item {
        Value::String(id) => id,
        Value::Object(item) => object(item)?,
        _ => return Err(NO_ID),
    };
    if id.is_empty() || id.len() > MAX_ID { Err(NO_ID) } else { Ok(id) }
}

fn object(item: &Map<String, Value>) -> Result<&str, Error> {
    let mut found = None;
    for (name, value) in item {
        if name.eq_ignore_ascii_case("type") {
            match value {
                Value::Null => {}
                Value::String(kind) if kind.eq_ignore_ascii_case("user") => {}
                _ => return Err(ONLY_USERS),
            }
        } else if name.eq_ignore_ascii_case("value") {
            match value {
                Value::String(id) if found.is_none() => found = Some(id.as_str()),
                _ => return Err(NO_ID),
            }
        }
    }
    found.ok_or(NO_ID)
}

pub(crate) fn without_repeats(ids: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::with_capacity(ids.len());
    ids.into_iter().filter(|id| seen.insert(id.clone())).collect()
}

const NO_ID: Error =
    Error::known(ScimType::InvalidValue, "members: each must have the id of a user as its value");
const ONLY_USERS: Error =
    Error::known(ScimType::InvalidValue, "members: only users can be members, not groups");
const TOO_MANY: Error =
    Error::known(ScimType::InvalidValue, "members: takes at most 25000 in one operation");

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_come_in_every_shape_and_once() {
        let two = Ok(Some(vec!["a".to_owned(), "b".to_owned()]));
        let cases = [
            (json!({}), Ok(None)),
            (json!({ "members": null }), Ok(None)),
            (json!({ "members": [] }), Ok(Some(vec![]))),
            (json!({ "members": [{ "value": "a" }, { "value": "b" }] }), two.clone()),
            (json!({ "MEMBERS": ["a", "b", "a"] }), two.clone()),
            (json!({ "members": [{ "$ref": null, "Value": "a", "type": "user" }, "b"] }), two),
            (json!({ "members": [{ "display": "x" }] }), Err(NO_ID)),
            (json!({ "members": [{ "value": 7 }] }), Err(NO_ID)),
            (json!({ "members": [""] }), Err(NO_ID)),
            (json!({ "members": [{ "value": "g", "type": "Group" }] }), Err(ONLY_USERS)),
            (json!({ "members": ["a"], "Members": [] }), Err(Error::NAMED_TWICE)),
            (json!({ "members": vec!["a"; MAX_MEMBERS + 1] }), Err(TOO_MANY)),
            (json!([]), Err(Error::NO_OBJECT)),
        ];
        for (body, expected) in cases {
            assert_eq!(listed(&body), expected, "{body:.80}");
        }
    }
}
