//! References to what the same request creates, RFC 7644 §3.7.2.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

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
        each_text(&mut self.data, &mut fill)?;
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
        read_texts(&self.data, &mut note);
        names
    }
}

/// Changes the texts of a body, whose depth has been checked.
fn each_text(
    value: &mut Value,
    change: &mut impl FnMut(&mut String) -> Result<(), Error>,
) -> Result<(), Error> {
    match value {
        Value::String(text) => change(text),
        Value::Array(items) => items.iter_mut().try_for_each(|item| each_text(item, change)),
        Value::Object(members) => {
            members.values_mut().try_for_each(|member| each_text(member, change))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn read_texts(value: &Value, note: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => note(text),
        Value::Array(items) => items.iter().for_each(|item| read_texts(item, note)),
        Value::Object(members) => members.values().for_each(|member| read_texts(member, note)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
