//! References to what the same request creates, RFC 7644 §3.7.2.
//!
//! They stand where an id of another resource stands: in the path of an operation, in members of a
//! group, in the manager of a user. Anywhere else a text that begins like one is a text.

use std::collections::{BTreeSet, HashMap};

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
                within(place, name, target).map_or(Ok(()), |place| each_id(member, place, change))
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
                if let Some(place) = within(place, name, target) {
                    read_ids(member, place, note);
                }
            }
        }
        (Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_), _) => {}
    }
}

/// What the `value` of a PATCH operation is, by the path beside it.
fn target(members: &Map<String, Value>) -> Option<Place> {
    let mut paths = members.iter().filter(|(name, _)| name.eq_ignore_ascii_case("path"));
    paths.next().and_then(|(_, path)| Some(named(path.as_str()?)))
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
