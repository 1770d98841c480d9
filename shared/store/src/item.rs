//! An item on its way into and out of the table.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::TableError;
use crate::schema::{IndexKey, Key};

/// How often an item has been written: 1 is the first time.
pub type Version = u64;

/// The attributes of one item, as the SDK carries them.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// A value with the version that a later write must expect.
#[derive(Clone, Debug)]
pub struct Stored<T> {
    /// What was stored.
    pub value: T,
    /// The version that it has.
    pub version: Version,
}

/// A value on its way into the table.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) key: Key,
    pub(crate) value: AttributeValue,
    pub(crate) expires_at: Option<i64>,
    pub(crate) index: Option<IndexKey>,
}

impl Item {
    pub(crate) fn new(key: Key, value: &impl Serialize) -> Result<Self, TableError> {
        let value = serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value(value)
            .map_err(|error| TableError::Shape(error.into()))?;
        Ok(Self { key, value, expires_at: None, index: None })
    }

    /// First second at which the item is as good as gone; DynamoDB deletes it some days later.
    pub(crate) const fn until(mut self, second: i64) -> Self {
        self.expires_at = Some(second);
        self
    }

    pub(crate) fn indexed(mut self, index: IndexKey) -> Self {
        self.index = Some(index);
        self
    }

    pub(crate) fn attributes(self, version: Version) -> Attributes {
        let mut attributes = Attributes::from([
            ("pk".to_owned(), AttributeValue::S(self.key.pk)),
            ("sk".to_owned(), AttributeValue::S(self.key.sk)),
            ("version".to_owned(), AttributeValue::N(version.to_string())),
            ("value".to_owned(), self.value),
        ]);
        if let Some(second) = self.expires_at {
            attributes.insert("expires_at".to_owned(), AttributeValue::N(second.to_string()));
        }
        if let Some(index) = self.index {
            attributes.insert("index_pk".to_owned(), AttributeValue::S(index.pk));
            attributes.insert("index_sk".to_owned(), AttributeValue::S(index.sk));
        }
        attributes
    }
}

/// Reads a stored item; one past its end is as good as gone, because DynamoDB's TTL may take days.
pub(crate) fn read<T: DeserializeOwned>(
    mut attributes: Attributes,
    now: Timestamp,
) -> Result<Option<Stored<T>>, TableError> {
    if number(&attributes, "expires_at").is_some_and(|second| second <= now.as_second()) {
        return Ok(None);
    }
    let version = number(&attributes, "version").and_then(|n| Version::try_from(n).ok());
    let (Some(version), Some(value)) = (version, attributes.remove("value")) else {
        return Err(TableError::Shape("an item lacks its version or value".into()));
    };
    let value = serde_dynamo::aws_sdk_dynamodb_1::from_attribute_value(value)
        .map_err(|error| TableError::Shape(error.into()))?;
    Ok(Some(Stored { value, version }))
}

/// What was read of something that somebody can begin anew: where it makes no sense, as after a deploy
/// that changed its shape, it is as good as gone.
pub(crate) fn or_gone<T>(
    read: Result<Option<Stored<T>>, TableError>,
) -> Result<Option<Stored<T>>, TableError> {
    match read {
        Err(TableError::Shape(_)) => Ok(None),
        other => other,
    }
}

fn number(attributes: &Attributes, name: &str) -> Option<i64> {
    attributes.get(name)?.as_n().ok()?.parse().ok()
}

pub(crate) fn key_of(attributes: &Attributes) -> Option<Key> {
    let text = |name: &str| attributes.get(name)?.as_s().ok().cloned();
    Some(Key { pk: text("pk")?, sk: text("sk")? })
}
