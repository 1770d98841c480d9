//! References to what the same request creates, RFC 7644 §3.7.2.
//!
//! They stand where an id of another resource stands: in the path of an operation, in members of a
//! group, in the manager of a user, and between the quotes of a PATCH path that selects one of these.
//! Anywhere else a text that begins like one is a text.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use serde_json::{Map, Value};

use super::BulkOperation;
use crate::error::Error;

const PREFIX: &str = "bulkId:";

impl BulkOperation {
    /// The operation with the identifiers of what others created, by their `bulkId`.
    ///
    /// # Errors
    ///
    /// [`Error::UNMET_REFERENCE`] where an identifier is missing.
    pub fn resolved(mut self, created: &HashMap<String, String>) -> Result<Self, Error> {
        let mut fill = |text: &mut String| -> Result<(), Error> {
            if let Some(name) = text.strip_prefix(PREFIX) {
                *text = created.get(name).ok_or(Error::UNMET_REFERENCE)?.clone();
            }
            Ok(())
        };
        if let Some(id) = &mut self.id {
            fill(id)?;
        }
        each_id(&mut self.data, Place::Resource, &mut fill)?;
        Ok(self)
    }

    /// The operations that must have been carried out before.
    pub(super) fn references(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let mut note = |text: &str| {
            names.extend(text.strip_prefix(PREFIX).map(str::to_owned));
        };
        if let Some(id) = &self.id {
            note(id);
        }
        read_ids(&self.data, Place::Resource, &mut note);
        names
    }
}

/// What a value is a part of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    /// A resource, an extension, or a PATCH with its operations.
    Resource,
    /// An attribute that names other resources.
    Reference,
}

/// Changes the ids of other resources in a body, whose depth has been checked.
fn each_id(
    value: &mut Value,
    place: Place,
    change: &mut impl FnMut(&mut String) -> Result<(), Error>,
) -> Result<(), Error> {
    match (value, place) {
        (Value::String(text), Place::Reference) => change(text),
        (Value::Array(items), _) => {
            items.iter_mut().try_for_each(|item| each_id(item, place, change))
        }
        (Value::Object(members), _) => {
            let target = target(members);
            members.iter_mut().try_for_each(|(name, member)| {
                if let (Some(Place::Reference), Some(path)) = (target, path(name, member)) {
                    *member = Value::from(path_with(path, change)?);
                } else if let Some(place) = within(place, name, target) {
                    each_id(member, place, change)?;
                }
                Ok(())
            })
        }
        (Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_), _) => Ok(()),
    }
}

fn read_ids(value: &Value, place: Place, note: &mut impl FnMut(&str)) {
    match (value, place) {
        (Value::String(text), Place::Reference) => note(text),
        (Value::Array(items), _) => items.iter().for_each(|item| read_ids(item, place, note)),
        (Value::Object(members), _) => {
            let target = target(members);
            for (name, member) in members {
                if let (Some(Place::Reference), Some(path)) = (target, path(name, member)) {
                    quoted(path).iter().for_each(|(_, text)| note(text));
                } else if let Some(place) = within(place, name, target) {
                    read_ids(member, place, note);
                }
            }
        }
        (Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_), _) => {}
    }
}

/// What the `value` of a PATCH operation is, by the path beside it.
fn target(members: &Map<String, Value>) -> Option<Place> {
    members.iter().find_map(|(name, member)| path(name, member)).map(named)
}

/// The path of a PATCH operation, if a member of it is that.
fn path<'a>(name: &str, member: &'a Value) -> Option<&'a str> {
    member.as_str().filter(|_| name.eq_ignore_ascii_case("path"))
}

/// A path with the ids between its quotes changed.
fn path_with(
    path: &str,
    change: &mut impl FnMut(&mut String) -> Result<(), Error>,
) -> Result<String, Error> {
    let (mut changed, mut end) = (String::with_capacity(path.len()), 0);
    for (place, mut text) in quoted(path) {
        change(&mut text)?;
        changed.push_str(path.get(end..place.start).unwrap_or_default());
        changed.push_str(&Value::from(text).to_string());
        end = place.end;
    }
    changed.push_str(path.get(end..).unwrap_or_default());
    Ok(changed)
}

/// What stands between quotes in a path, and where, the quotes included.
fn quoted(path: &str) -> Vec<(Range<usize>, String)> {
    let (mut found, mut from, mut escaped) = (Vec::new(), None, false);
    for (at, character) in path.char_indices() {
        match (from, character) {
            (None, '"') => from = Some(at),
            (Some(start), '"') if !escaped => {
                let place = start..at + 1;
                let text = path.get(place.clone()).map(serde_json::from_str);
                if let Some(Ok(text)) = text {
                    found.push((place, text));
                }
                from = None;
            }
            _ => {}
        }
        escaped = from.is_some() && character == '\\' && !escaped;
    }
    found
}

/// What a member of an object is, if ids may stand in it.
fn within(place: Place, name: &str, target: Option<Place>) -> Option<Place> {
    let is_value = name.eq_ignore_ascii_case("value");
    match place {
        Place::Resource if is_value => Some(target.unwrap_or(Place::Resource)),
        Place::Resource => Some(named(name)),
        Place::Reference => is_value.then_some(Place::Reference),
    }
}

/// What an attribute is, by its name or path: `members`, `manager.value`, `urn:…:User:manager`.
fn named(path: &str) -> Place {
    let path = path.split('[').next().unwrap_or_default();
    let path = path.rsplit(':').next().unwrap_or_default();
    let name = path.split('.').next().unwrap_or_default().trim();
    let refers = ["members", "manager"].iter().any(|it| name.eq_ignore_ascii_case(it));
    if refers { Place::Reference } else { Place::Resource }
}
